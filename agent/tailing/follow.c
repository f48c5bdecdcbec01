/* agent/tailing/follow.c - the files that an input follows.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/tailing/follow.h"

#include <errno.h>
#include <string.h>

#include "agent/limits.h"
#include "agent/memory.h"
#include "agent/must.h"

enum { ROOM_MIN = 64, CLOSE_TRIES = 64 };

void follows_init(struct follows *follows, const struct files *files)
{
    *follows = (struct follows){.files = files};
}

static uint32_t bucket_of(const struct follows *follows, uint64_t device, uint64_t inode)
{
    uint64_t both[] = {device, inode};
    return (uint32_t)birth_hash(both, sizeof both) & (follows->bucket_count - 1);
}

static void link_in(struct follows *follows, struct follow *follow)
{
    uint32_t bucket = bucket_of(follows, follow->birth.device, follow->birth.inode);
    follow->next = follows->buckets[bucket];
    follows->buckets[bucket] = follow;
}

static void link_out(struct follows *follows, struct follow *follow)
{
    uint32_t bucket = bucket_of(follows, follow->birth.device, follow->birth.inode);
    struct follow **at = &follows->buckets[bucket];
    while (*at != follow)
        at = &(*at)->next;
    *at = follow->next;
}

/* Doubles list and buckets together; as many buckets as there is room. */
static bool grow(struct follows *follows)
{
    uint32_t room = follows->room ? follows->room * 2 : ROOM_MIN;
    struct follow **buckets = memory_make(room * sizeof *buckets);
    if (!buckets)
        return false;
    size_t used = follows->room * sizeof *follows->all;
    struct follow **all = memory_resize(follows->all, used, room * sizeof *all);
    if (!all) {
        memory_free(buckets);
        return false;
    }
    memset(buckets, 0, room * sizeof(*buckets));
    memory_free(follows->buckets);
    follows->all = all;
    follows->buckets = buckets;
    follows->room = follows->bucket_count = room;
    for (uint32_t i = 0; i < follows->count; i++)
        link_in(follows, all[i]);
    return true;
}

static const char *path_copy(struct str path)
{
    char *copy = memory_make(path.len + 1);
    return copy ? str_z(path, copy, path.len + 1) : NULL;
}

static void path_free(struct str path)
{
    memory_free((void *)(uintptr_t)path.at);
}

struct follow *follows_add(struct follows *follows, const struct birth *birth)
{
    MUST(birth->path.len < BIRTH_PATH_BYTES);
    if (follows->count == follows->room && !grow(follows))
        return NULL;
    struct follow *follow = memory_make(sizeof *follow);
    const char *path = follow ? path_copy(birth->path) : NULL;
    if (!path) {
        memory_free(follow);
        return NULL;
    }
    *follow = (struct follow){.birth = *birth, .fd = -1, .index = follows->count};
    follow->birth.path.at = path;
    follows->all[follows->count++] = follow;
    link_in(follows, follow);
    return follow;
}

void follows_remove(struct follows *follows, struct follow *follow)
{
    follow_close(follows, follow);
    link_out(follows, follow);
    struct follow *last = follows->all[--follows->count];
    follows->all[follow->index] = last;
    last->index = follow->index;
    path_free(follow->birth.path);
    memory_free(follow);
}

void follows_clear(struct follows *follows)
{
    while (follows->count)
        follows_remove(follows, follows->all[follows->count - 1]);
    memory_free(follows->all);
    memory_free(follows->buckets);
    follows_init(follows, follows->files);
}

struct follow *follows_find(const struct follows *follows, const struct file_facts *facts)
{
    if (follows->bucket_count == 0)
        return NULL;
    struct follow *at = follows->buckets[bucket_of(follows, facts->device, facts->inode)];
    while (at && !birth_is_inode(&at->birth, facts))
        at = at->next;
    return at;
}

void follow_move(struct follows *follows, struct follow *follow, const struct file_facts *facts)
{
    link_out(follows, follow);
    follow->birth.device = facts->device;
    follow->birth.inode = facts->inode;
    follow->birth.born_ns = facts->born_ns;
    link_in(follows, follow);
    follow->note_due = true;
}

bool follow_rename(struct follow *follow, struct str path)
{
    const char *copy = path_copy(path);
    if (!copy)
        return false;
    path_free(follow->birth.path);
    follow->birth.path = (struct str){copy, path.len};
    follow->note_due = true;
    return true;
}

/* One that can be opened again: soon the next that has nothing to read, else one with bytes unread.
 * The hand goes round, so each has its turn. */
static void close_one(struct follows *follows)
{
    struct follow *other = NULL;
    for (uint32_t tries = 0; tries < follows->count && (!other || tries < CLOSE_TRIES); tries++) {
        struct follow *follow = follows->all[follows->hand++ % follows->count];
        if (follow->fd < 0 || follow->is_away || follow->is_unlinked)
            continue;
        other = follow;
        if (follow->size <= follow->scanned)
            break;
    }
    if (other)
        follow_close(follows, other);
}

int follow_open(struct follows *follows, struct follow *follow)
{
    if (follow->fd >= 0)
        return 0;
    if (follows->open_count >= FOLLOW_OPEN_MAX)
        close_one(follows);
    const struct files *files = follows->files;
    int fd;
    int wrong = files->open(files->self, follow->birth.path.at, FILE_READ | FILE_FOLLOW, &fd);
    if (wrong)
        return wrong;
    struct file_facts facts;
    wrong = files->facts(files->self, fd, &facts);
    if (!wrong && !birth_is_inode(&follow->birth, &facts))
        wrong = ESTALE;
    if (wrong) {
        files->close(files->self, fd);
        return wrong;
    }
    follow->fd = fd;
    follow->size = facts.size;
    follows->open_count++;
    return 0;
}

void follow_close(struct follows *follows, struct follow *follow)
{
    if (follow->fd < 0)
        return;
    follows->files->close(follows->files->self, follow->fd);
    follow->fd = -1;
    follows->open_count--;
}

void follow_give(struct follow *from, struct follow *to)
{
    MUST(to->fd < 0);
    to->fd = from->fd;
    from->fd = -1;
}

int follow_read(const struct files *files, int fd, struct span_read span, size_t *ret)
{
    size_t done = 0, got = 1;
    while (done < span.size && got > 0) {
        int wrong = files->read(files->self, fd, span.to + done, span.size - done,
                                span.offset + done, &got);
        if (wrong)
            return wrong;
        done += got;
    }
    *ret = done;
    return 0;
}

static bool hash_at(const struct files *files, int fd, uint64_t offset, size_t size, uint64_t *ret)
{
    char bytes[BIRTH_HEAD_BYTES];
    size_t got;
    MUST(size <= sizeof bytes);
    if (follow_read(files, fd, (struct span_read){bytes, size, offset}, &got) || got < size)
        return false;
    *ret = birth_hash(bytes, size);
    return true;
}

bool follow_begins_alike(const struct files *files, int fd, const struct birth *birth)
{
    uint64_t hash;
    return birth->head_len == 0 ||
           (hash_at(files, fd, 0, birth->head_len, &hash) && hash == birth->head_hash);
}

struct birth_probe follow_probe(const struct files *files, int fd, const struct birth *birth)
{
    uint64_t hash, offset = birth->check_offset;
    size_t before = offset < BIRTH_CHECK_BYTES ? (size_t)offset : BIRTH_CHECK_BYTES;
    bool is_checked = before == 0 || (hash_at(files, fd, offset - before, before, &hash) &&
                                      hash == birth->check_hash);
    return (struct birth_probe){.head = follow_begins_alike(files, fd, birth), .check = is_checked};
}

bool follow_renew_head(const struct files *files, struct follow *follow)
{
    struct birth *birth = &follow->birth;
    char head[BIRTH_HEAD_BYTES];
    size_t size = follow->size < sizeof head ? (size_t)follow->size : sizeof head, got;
    if (size <= birth->head_len || follow->fd < 0 || follow->is_truncated ||
        follow_read(files, follow->fd, (struct span_read){head, size, 0}, &got) != 0 || got < size)
        return false;
    if (birth->head_len && birth_hash(head, birth->head_len) != birth->head_hash) {
        follow->is_truncated = true;
        return false;
    }
    birth->head_len = (uint32_t)size;
    birth->head_hash = birth_hash(head, size);
    follow->note_due = true;
    return true;
}
