/* agent/tailing/rescue.c - what is still needed of a file that was unlinked.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/tailing/rescue.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { CHUNK_BYTES = 64 * 1024, COPY_PATH_BYTES = BIRTH_PATH_BYTES + 64 };

struct copy_path {
    char at[COPY_PATH_BYTES];
};

/* In the making it has another name, so that a copy that was cut short by a crash is none. */
static bool path_of(const struct tailing *tailing, const struct follow *follow, const char *ending,
                    struct copy_path *ret)
{
    char key[BIRTH_KEY_BYTES];
    struct str directory = host_directory(tailing->host);
    struct str name = birth_key(follow->birth.serial, key);
    if (directory.len == 0 || directory.len > BIRTH_PATH_BYTES)
        return false;
    int len = snprintf(ret->at, sizeof ret->at, "%.*s/tail-%.*s.%s", STR_ARG(directory),
                       STR_ARG(name), ending);
    return len > 0 && (size_t)len < sizeof ret->at;
}

/* A copy that has its name already grows write by write, so that a crash leaves no hole in it. */
static int write_all(const struct files *files, const struct follow *follow, int fd,
                     struct str bytes, uint64_t offset)
{
    while (bytes.len) {
        size_t done = 0;
        int wrong = files->write(files->self, fd, bytes.at, bytes.len, offset, &done);
        if (!wrong && follow->has_copy)
            wrong = files->sync(files->self, fd);
        if (wrong)
            return wrong;
        if (done == 0)
            return ENOSPC;
        bytes = str_skip(bytes, done);
        offset += done;
    }
    return 0;
}

/* Copies [from, *until) of the followed file to the same place. *until: then how far it came. */
static int copy_span(const struct files *files, const struct follow *follow, int fd, uint64_t from,
                     uint64_t *until)
{
    char bytes[CHUNK_BYTES];
    while (from < *until) {
        size_t size = *until - from < sizeof bytes ? (size_t)(*until - from) : sizeof bytes,
               got = 0;
        int wrong = follow_read(files, follow->fd, (struct span_read){bytes, size, from}, &got);
        if (!wrong && got)
            wrong = write_all(files, follow, fd, (struct str){bytes, got}, from);
        if (wrong)
            return wrong;
        from += got;
        if (got < size)
            break;
    }
    *until = from;
    return 0;
}

/* The head and the bytes before the first that is needed are what tells that it is this file. */
static int begin_copy(const struct files *files, struct follow *follow, int fd)
{
    uint64_t from = source_next_resume(follow->source), head = follow->birth.head_len;
    if (follow->birth.check_offset < from)
        from = follow->birth.check_offset;
    from = from > BIRTH_CHECK_BYTES ? from - BIRTH_CHECK_BYTES : 0;
    int wrong = files->truncate(files->self, fd, 0); /* what an earlier try may have left */
    if (!wrong)
        wrong = copy_span(files, follow, fd, 0, &head);
    if (!wrong)
        follow->rescued = from;
    return wrong;
}

static int copy_on(struct tailing *tailing, struct follow *follow, int fd)
{
    const struct files *files = tailing->follows.files;
    int wrong = follow->rescued ? 0 : begin_copy(files, follow, fd);
    uint64_t until = follow->size;
    if (until - follow->rescued > RESCUE_STEP_BYTES)
        until = follow->rescued + RESCUE_STEP_BYTES;
    if (!wrong)
        wrong = copy_span(files, follow, fd, follow->rescued, &until);
    if (!wrong)
        wrong = files->sync(files->self, fd);
    if (wrong)
        return wrong;
    tailing->copied += until - follow->rescued;
    follow->copied += until - follow->rescued;
    follow->rescued = until;
    return 0;
}

/* What was written before a failed sync may be nowhere: a copy without a name is made anew. */
static void begin_again(struct tailing *tailing, struct follow *follow)
{
    tailing->copied -= follow->copied;
    follow->copied = follow->rescued = 0;
}

static int sync_names(const struct tailing *tailing)
{
    const struct files *files = tailing->follows.files;
    char directory[BIRTH_PATH_BYTES + 1];
    str_z(host_directory(tailing->host), directory, sizeof directory);
    return files->sync_directory(files->self, directory);
}

static int give_name(const struct tailing *tailing, const struct copy_path *made,
                     const struct copy_path *named)
{
    const struct files *files = tailing->follows.files;
    int wrong = files->rename(files->self, made->at, named->at);
    return wrong ? wrong : sync_names(tailing);
}

/* What the next start reads again is all it takes, so a long backlog of one file takes all the
 * room. */
static bool has_room(struct tailing *tailing, const struct follow *follow)
{
    uint64_t begun = follow->rescued ? follow->rescued : source_next_resume(follow->source);
    uint64_t more = follow->size > begun ? follow->size - begun : 0;
    if (tailing->copied + more <= RESCUED_BYTES_MAX)
        return true;
    host_alarm(tailing->host, follow->birth.path.at,
               "%s was deleted with %llu bytes undelivered, more than is kept of deleted files: "
               "they are lost if the agent ends before all of it is delivered",
               follow->birth.path.at, (unsigned long long)more);
    return false;
}

bool rescue_step(struct tailing *tailing, struct follow *follow)
{
    const struct files *files = tailing->follows.files;
    struct copy_path made, named;
    if (follow->fd < 0 || follow->rescued >= follow->size ||
        !path_of(tailing, follow, "part", &made) || !path_of(tailing, follow, "copy", &named) ||
        !has_room(tailing, follow))
        return false;
    int fd, wrong = files->open(files->self, follow->has_copy ? named.at : made.at,
                                FILE_APPEND | FILE_CREATE | FILE_PRIVATE, &fd);
    if (!wrong) {
        wrong = copy_on(tailing, follow, fd);
        files->close(files->self, fd);
    }
    bool is_whole = !wrong && follow->rescued >= follow->size;
    if (is_whole && !follow->has_copy) {
        wrong = give_name(tailing, &made, &named);
        follow->has_copy = wrong == 0;
    }
    if (wrong && !follow->has_copy)
        begin_again(tailing, follow);
    if (wrong)
        host_alarm(tailing->host, "rescue",
                   "%s was deleted and cannot be copied to %s: %s; it is lost if the agent ends "
                   "before all of it is delivered",
                   follow->birth.path.at, named.at, strerror(wrong));
    else
        host_recovered(tailing->host, "rescue", "deleted files are copied again");
    return !wrong && !is_whole;
}

/* What its writer appended last may have been read, and not copied before the end came. */
static void shorten(struct birth *birth, uint64_t size)
{
    if (birth->check_offset > size)
        birth->check_offset = 0;
    if (birth->head_len > size)
        birth->head_len = 0;
}

bool rescue_recall(struct tailing *tailing, struct follow *follow, struct file_facts *ret)
{
    const struct files *files = tailing->follows.files;
    struct copy_path named;
    int fd;
    if (!path_of(tailing, follow, "copy", &named) ||
        files->open(files->self, named.at, FILE_READ, &fd) != 0)
        return false;
    int wrong = files->facts(files->self, fd, ret);
    if (!wrong)
        shorten(&follow->birth, ret->size);
    /* one that ends before what is read again has nothing that is needed */
    if (wrong || ret->size < follow->resume || !follow_begins_alike(files, fd, &follow->birth)) {
        files->close(files->self, fd);
        return false;
    }
    wrong = files->sync(files->self, fd); /* the end may have come before the last sync of it */
    if (!wrong)
        wrong = sync_names(tailing);
    if (wrong)
        host_alarm(tailing->host, "rescue", "%s cannot be synced: %s; another crash may lose it",
                   named.at, strerror(wrong));
    follow->fd = fd;
    tailing->follows.open_count++;
    follow->has_copy = follow->is_unlinked = true;
    follow->rescued = follow->size = ret->size;
    follow->copied = ret->size > follow->resume ? ret->size - follow->resume : 0;
    tailing->copied += follow->copied;
    return true;
}

void rescue_forget(struct tailing *tailing, struct follow *follow)
{
    const struct files *files = tailing->follows.files;
    struct copy_path path;
    if (follow->has_copy && path_of(tailing, follow, "copy", &path))
        files->unlink(files->self, path.at);
    else if (follow->rescued && path_of(tailing, follow, "part", &path))
        files->unlink(files->self, path.at);
    begin_again(tailing, follow);
    follow->has_copy = false;
}

/* tail-<key>.<ending>: the key; empty: it is no such file. */
static struct str key_in(struct str name, struct str ending)
{
    struct cut cut = str_cut_last(name, '.');
    struct str key = str_skip(cut.head, strlen("tail-"));
    bool is_copy = cut.found && str_starts(cut.head, STR("tail-f")) && str_equal(cut.tail, ending);
    for (size_t i = 1; i < key.len; i++)
        is_copy = is_copy && isxdigit((unsigned char)key.at[i]);
    return is_copy && key.len > 1 ? key : (struct str){NULL, 0};
}

static bool tidy_one(void *context, const char *text)
{
    const struct tailing *tailing = context;
    const struct files *files = tailing->follows.files;
    struct str name = str_from(text), directory = host_directory(tailing->host);
    struct str copied = key_in(name, STR("copy"));
    char path[COPY_PATH_BYTES];
    bool is_needed =
        copied.len ? host_remembers(tailing->host, copied) : key_in(name, STR("part")).len == 0;
    if (is_needed)
        return true;
    int len = snprintf(path, sizeof path, "%.*s/%s", STR_ARG(directory), text);
    if (len > 0 && (size_t)len < sizeof path)
        files->unlink(files->self, path);
    return true;
}

void rescue_tidy(struct tailing *tailing)
{
    const struct files *files = tailing->follows.files;
    char directory[BIRTH_PATH_BYTES + 1];
    struct str name = host_directory(tailing->host);
    if (name.len == 0 || name.len > BIRTH_PATH_BYTES)
        return;
    (void)files->list(files->self, str_z(name, directory, sizeof directory), tidy_one, tailing);
}
