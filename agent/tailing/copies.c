/* agent/tailing/copies.c - copytruncate.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/tailing/copies.h"

#include <string.h>

struct search {
    struct follows *follows;
    struct follow *truncated;
    size_t directory_len; /* of the truncated one's path, slash included */
    bool found;
};

static size_t directory_length(struct str path)
{
    struct cut cut = str_cut_last(path, '/');
    return cut.found ? cut.head.len + 1 : 0;
}

static bool is_copy(const struct search *search, const struct file_facts *facts, int fd)
{
    const struct birth *birth = &search->truncated->birth;
    return birth_is_copy(birth, facts, follow_probe(search->follows->files, fd, birth));
}

static void take(struct search *search, struct str path, const struct file_facts *facts, int fd)
{
    struct follows *follows = search->follows;
    struct follow *follow = search->truncated;
    struct follow *young = follows_find(follows, facts);
    if (young && young != follow)
        follows_remove(follows, young);
    follow_move(follows, follow, facts);
    (void)follow_rename(
        follow, path); /* without memory the old name stays; the descriptor is what counts */
    follow->fd = fd;
    follows->open_count++;
    follow->size = facts->size;
    follow->is_truncated = false;
    search->found = true;
}

static bool try_name(void *context, const char *name)
{
    struct search *search = context;
    const struct files *files = search->follows->files;
    const struct birth *birth = &search->truncated->birth;
    char path[BIRTH_PATH_BYTES];
    size_t len = search->directory_len + strlen(name);
    if (len >= sizeof path)
        return true;
    memcpy(path, birth->path.at, search->directory_len);
    memcpy(path + search->directory_len, name, len - search->directory_len + 1);
    struct file_facts facts;
    if (files->facts_at(files->self, path, false, &facts) != 0 || !facts.is_regular ||
        facts.size < birth->check_offset || birth_is_inode(birth, &facts))
        return true;
    const struct follow *known = follows_find(search->follows, &facts);
    int fd;
    if ((known && (known->source || known->is_remembered)) ||
        files->open(files->self, path, FILE_READ, &fd) != 0)
        return true;
    if (is_copy(search, &facts, fd))
        take(search, (struct str){path, len}, &facts, fd);
    else
        files->close(files->self, fd);
    return !search->found;
}

bool copies_take(struct follows *follows, struct follow *truncated)
{
    struct search search = {follows, truncated, directory_length(truncated->birth.path), false};
    char directory[BIRTH_PATH_BYTES] = ".";
    if (search.directory_len)
        str_z(str_slice(truncated->birth.path, 0, search.directory_len), directory,
              sizeof directory);
    (void)follows->files->list(follows->files->self, directory, try_name, &search);
    return search.found;
}

static bool is_same_directory(const struct follow *a, const struct follow *b)
{
    size_t len = directory_length(a->birth.path);
    return len == directory_length(b->birth.path) &&
           memcmp(a->birth.path.at, b->birth.path.at, len) == 0;
}

/* The last bytes of the young file are those of the old one at the same place. */
static bool ends_alike(struct follows *follows, const struct follow *young,
                       const struct follow *old)
{
    char a[BIRTH_CHECK_BYTES], b[BIRTH_CHECK_BYTES];
    size_t size = young->size < sizeof a ? (size_t)young->size : sizeof a, got_a, got_b;
    uint64_t offset = young->size - size;
    if (follow_read(follows->files, young->fd, (struct span_read){a, size, offset}, &got_a) != 0 ||
        follow_read(follows->files, old->fd, (struct span_read){b, size, offset}, &got_b) != 0)
        return false;
    return got_a == size && got_b == size && memcmp(a, b, size) == 0;
}

/* It was cut already, and may have grown beyond the mark again. */
static bool was_cut(struct follows *follows, struct follow *old)
{
    struct birth_probe probe = follow_probe(follows->files, old->fd, &old->birth);
    old->is_truncated |= old->source && (!probe.head || !probe.check);
    return old->is_truncated;
}

static bool begins_alike(struct follows *follows, const struct follow *young,
                         const struct follow *old)
{
    if (old->birth.head_len == young->birth.head_len)
        return old->birth.head_hash == young->birth.head_hash;
    return old->birth.head_len < young->birth.head_len &&
           follow_begins_alike(follows->files, young->fd, &old->birth);
}

/* One that is followed, or just as new but made before; birth times come in steps of some ms, then
 * the copy is the one whose name says more. */
static bool may_be_original(const struct follow *old, const struct follow *young)
{
    if (old == young || old->is_remembered || old->birth.head_len == 0)
        return false;
    if (old->birth.born_ns != young->birth.born_ns)
        return old->birth.born_ns < young->birth.born_ns;
    return old->source || str_starts(young->birth.path, old->birth.path);
}

bool copies_suspect(struct follows *follows, struct follow *young)
{
    for (uint32_t i = 0; i < follows->count; i++) {
        struct follow *old = follows->all[i];
        if (!may_be_original(old, young) || !is_same_directory(young, old) ||
            !begins_alike(follows, young, old))
            continue;
        /* opening the one may have closed the other, if many are open */
        if (follow_open(follows, old) == 0 && follow_open(follows, young) == 0 &&
            (ends_alike(follows, young, old) || was_cut(follows, old)))
            return true;
    }
    return false;
}
