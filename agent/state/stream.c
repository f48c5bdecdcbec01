/* agent/state/stream.c - an append-only output file.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/state/stream.h"

#include <errno.h>
#include <stdio.h>

#include "agent/state/resume.h"

enum { STDOUT_FD = 1 };

void stream_init(struct stream *stream, const struct files *files, struct str label,
                 const struct byte_stream *to)
{
    MUST(to->path.len < sizeof stream->path);
    *stream = (struct stream){
        .files = files,
        .label = label,
        .rotate_bytes = to->rotate_bytes > 0 ? (uint64_t)to->rotate_bytes : 0,
        .rotate_keep = to->rotate_keep > 0 ? (uint64_t)to->rotate_keep : 0,
        .is_private = to->mode && !(to->mode & 077),
        .fd = -1,
    };
    str_z(to->path, stream->path, sizeof stream->path);
}

void stream_init_segments(struct stream *stream, const struct files *files, struct str label,
                          struct str prefix)
{
    const struct byte_stream to = {.path = prefix, .mode = 0600};
    stream_init(stream, files, label, &to);
    stream->is_segmented = true;
    stream->prefix_len = (uint16_t)prefix.len;
}

void stream_close(struct stream *stream)
{
    if (stream->is_open && stream->fd != STDOUT_FD)
        stream->files->close(stream->files->self, stream->fd);
    stream->is_open = false;
}

/* --- one file, or another? --------------------------------------------------------------- */

/* A birth time settles it: an inode number comes back, a device number may change with the next
 * boot. */
static bool is_same(const struct file_facts *facts, const struct stream_file *file)
{
    if (facts->inode != file->inode || !facts->is_regular)
        return false;
    if (facts->born_ns && file->born_ns)
        return facts->born_ns == file->born_ns;
    return facts->device == file->device;
}

static struct stream_file as_file(const struct stream *stream)
{
    return (struct stream_file){
        .label = stream->label,
        .path = str_from(stream->path),
        .device = stream->facts.device,
        .inode = stream->facts.inode,
        .born_ns = stream->facts.born_ns,
        .length = stream->length,
    };
}

static void directory_of(const char *path, char *to, size_t room)
{
    struct cut cut = str_cut_last(str_from(path), '/');
    if (!cut.found)
        str_z(STR("."), to, room);
    else
        str_z(cut.head.len ? cut.head : STR("/"), to, room);
}

struct search {
    const struct files *files;
    const struct stream_file *file;
    char directory[STREAM_PATH_BYTES], path[STREAM_PATH_BYTES];
    int fd; /* once it was opened */
    bool found;
};

static bool look_at(void *context, const char *name)
{
    struct search *search = context;
    struct file_facts facts;
    int len = snprintf(search->path, sizeof search->path, "%s/%s", search->directory, name);
    if (len < 0 || (size_t)len >= sizeof search->path)
        return true;
    search->found =
        search->files->facts_at(search->files->self, search->path, false, &facts) == 0 &&
        is_same(&facts, search->file);
    return !search->found;
}

/* Where the journaled file is now: at its path, or under another name in the same directory. */
static bool find_file(const struct stream *stream, const struct stream_file *file,
                      struct search *search)
{
    const struct files *files = stream->files;
    struct file_facts facts;
    search->files = files;
    search->file = file;
    search->found = false;
    str_z(file->path, search->path, sizeof search->path);
    if (files->facts_at(files->self, search->path, true, &facts) == 0 && is_same(&facts, file))
        return true;
    directory_of(search->path, search->directory, sizeof search->directory);
    (void)files->list(files->self, search->directory, look_at, search);
    return search->found;
}

/* --- at the start ------------------------------------------------------------------------ */

static enum code cut_open_file(const struct stream *stream, const struct stream_file *file,
                               const struct search *search, struct why *why)
{
    const struct files *files = stream->files;
    int wrong = files->lock(files->self, search->fd);
    if (wrong == EWOULDBLOCK && stream->is_segmented)
        return OK; /* it was closed, and a replay has it */
    if (wrong)
        return fail(why, SYSTEM_FAILED,
                    "output \"%.*s\": another process has %.100s locked; stop it first",
                    STR_ARG(stream->label), search->path);
    struct file_facts facts = {0};
    wrong = files->facts(files->self, search->fd, &facts);
    if (!wrong && facts.size > file->length)
        wrong = files->truncate(files->self, search->fd, file->length);
    if (!wrong) /* even if nothing is to be cut: an earlier start may have cut it and not come this
                   far */
        wrong = files->sync(files->self, search->fd);
    if (wrong)
        return fail_sys(why, wrong, "cutting %.120s back to %llu bytes", search->path,
                        (unsigned long long)file->length);
    return OK;
}

enum code stream_cut(const struct stream *stream, const struct stream_file *file,
                     struct buffer *mended, struct why *why)
{
    const struct files *files = stream->files;
    struct search search;
    if (!find_file(stream, file, &search)) {
        if (file->length && !stream->is_segmented) /* a segment is removed when it is done with */
            buffer_format(mended, "output file %.*s is gone; a new one is begun\n",
                          STR_ARG(str_slice(file->path, 0, 300)));
        return OK;
    }
    int wrong =
        files->open(files->self, search.path, FILE_READ | FILE_APPEND | FILE_FOLLOW, &search.fd);
    if (wrong)
        return fail_sys(why, wrong, "opening the output file %.120s", search.path);
    struct file_facts facts = {0};
    (void)files->facts(files->self, search.fd, &facts);
    if (facts.size < file->length)
        buffer_format(mended,
                      "output file %.300s has %llu bytes and had %llu: somebody cut it, or the "
                      "disk lost them; going on at its end\n",
                      search.path, (unsigned long long)facts.size,
                      (unsigned long long)file->length);
    enum code code = cut_open_file(stream, file, &search, why);
    files->close(files->self, search.fd);
    return code;
}

/* A line of ours must not be glued to the torn end of another one. */
static int end_the_line(struct stream *stream)
{
    const struct files *files = stream->files;
    char last = '\n';
    size_t done = 1;
    int wrong = stream->length
                    ? files->read(files->self, stream->fd, &last, 1, stream->length - 1, &done)
                    : 0;
    if (wrong || done == 0 || last == '\n')
        return wrong;
    wrong = files->write(files->self, stream->fd, "\n", 1, stream->length, &done);
    if (wrong)
        return wrong;
    stream->length += done;
    return files->sync(files->self, stream->fd);
}

static int open_regular(struct stream *stream)
{
    const struct files *files = stream->files;
    int wrong = files->facts(files->self, stream->fd, &stream->facts);
    if (!wrong)
        wrong = files->lock(files->self, stream->fd);
    if (wrong)
        return wrong;
    stream->length = stream->facts.size;
    char directory[STREAM_PATH_BYTES];
    directory_of(stream->path, directory, sizeof directory);
    wrong = end_the_line(stream);
    return wrong ? wrong : files->sync_directory(files->self, directory);
}

static int open_path(struct stream *stream)
{
    const struct files *files = stream->files;
    int flags = FILE_APPEND | FILE_CREATE | FILE_FOLLOW | (stream->is_private ? FILE_PRIVATE : 0);
    int wrong = files->open(files->self, stream->path, flags | FILE_READ, &stream->fd);
    if (wrong == EINVAL) { /* a FIFO or a device: it has no end to go to */
        wrong = files->open(files->self, stream->path, flags, &stream->fd);
        stream->is_pipe = !wrong;
    }
    if (wrong)
        return wrong;
    stream->is_open = true;
    if (!stream->is_pipe)
        wrong = open_regular(stream);
    if (wrong)
        stream_close(stream);
    return wrong;
}

enum code stream_open(struct stream *stream, struct why *why)
{
    if (!stream->path[0]) {
        stream->fd = STDOUT_FD;
        stream->is_open = stream->is_pipe = true;
        return OK;
    }
    int wrong = open_path(stream);
    if (wrong == ENOENT) {
        char directory[STREAM_PATH_BYTES];
        directory_of(stream->path, directory, sizeof directory);
        wrong = stream->files->make_directory(stream->files->self, directory);
        if (!wrong)
            wrong = open_path(stream);
    }
    if (wrong == EWOULDBLOCK)
        return fail(why, SYSTEM_FAILED,
                    "output \"%.*s\": another process or output writes %.100s; give each a file",
                    STR_ARG(stream->label), stream->path);
    if (wrong)
        return fail_sys(why, wrong, "opening the output file %.120s", stream->path);
    return OK;
}

/* --- while it runs ----------------------------------------------------------------------- */

int stream_write(struct stream *stream, struct str bytes, uint64_t at, size_t *done)
{
    const struct files *files = stream->files;
    struct str rest = str_skip(bytes, *done);
    size_t now = 0;
    int wrong = stream->is_pipe
                    ? files->write_pipe(files->self, stream->fd, rest.at, rest.len, &now)
                    : files->write(files->self, stream->fd, rest.at, rest.len, at + *done, &now);
    if (!wrong && now == 0 && rest.len)
        wrong = ENOSPC;
    *done += wrong ? 0 : now;
    return wrong;
}

int stream_sync(const struct stream *stream)
{
    return stream->is_pipe ? 0 : stream->files->sync(stream->files->self, stream->fd);
}

bool stream_must_rotate(const struct stream *stream, size_t more)
{
    return stream->rotate_bytes && !stream->is_pipe && stream->length &&
           stream->length + more > stream->rotate_bytes;
}

static bool is_there(const struct files *files, const char *path)
{
    struct file_facts facts;
    return files->facts_at(files->self, path, false, &facts) != ENOENT;
}

static int name_rotated(const struct stream *stream, uint64_t index, char *to)
{
    int len = snprintf(to, STREAM_PATH_BYTES, "%s.%llu", stream->path, (unsigned long long)index);
    return len < 0 || len >= STREAM_PATH_BYTES ? ENAMETOOLONG : 0;
}

/* Frees the name path.1: everything up to the first free number goes one up. */
static int make_room(const struct stream *stream)
{
    const struct files *files = stream->files;
    char from[STREAM_PATH_BYTES], to[STREAM_PATH_BYTES];
    uint64_t free = 1, most = stream->rotate_keep ? stream->rotate_keep : ROTATED_MAX;
    int wrong = name_rotated(stream, free, to);
    while (!wrong && free < most && is_there(files, to))
        wrong = name_rotated(stream, ++free, to);
    if (!wrong && is_there(files, to))
        wrong = files->unlink(files->self, to);
    for (; !wrong && free > 1; free--) {
        wrong = name_rotated(stream, free, to);
        if (!wrong)
            wrong = name_rotated(stream, free - 1, from);
        if (!wrong)
            wrong = files->rename(files->self, from, to);
    }
    return wrong;
}

int stream_rotate(const struct stream *stream)
{
    const struct files *files = stream->files;
    const struct stream_file ours = as_file(stream);
    struct file_facts facts;
    int wrong = files->facts_at(files->self, stream->path, true, &facts);
    if (wrong == ENOENT || (!wrong && !is_same(&facts, &ours)))
        return 0; /* renamed already: by an earlier try, or by somebody else */
    char to[STREAM_PATH_BYTES];
    if (!wrong)
        wrong = make_room(stream);
    if (!wrong)
        wrong = name_rotated(stream, 1, to);
    return wrong ? wrong : files->rename(files->self, stream->path, to);
}

bool stream_is_at_path(const struct stream *stream)
{
    const struct stream_file ours = as_file(stream);
    struct file_facts facts;
    return stream->is_pipe ||
           (stream->files->facts_at(stream->files->self, stream->path, true, &facts) == 0 &&
            is_same(&facts, &ours));
}

int stream_open_next(const struct stream *stream, struct stream *ret)
{
    *ret = *stream;
    ret->is_open = ret->is_pipe = ret->is_changed = false;
    return open_path(ret);
}

int stream_open_segment(const struct stream *stream, uint64_t base, struct stream *ret)
{
    const struct files *files = stream->files;
    *ret = *stream;
    ret->is_open = false;
    ret->base = base;
    int len = snprintf(ret->path + ret->prefix_len, sizeof ret->path - ret->prefix_len,
                       "%016llx.seg", (unsigned long long)base);
    if (len < 0 || (size_t)len >= sizeof ret->path - ret->prefix_len)
        return ENAMETOOLONG;
    int wrong = open_path(ret);
    if (wrong || ret->length == 0)
        return wrong;
    wrong = files->truncate(files->self, ret->fd, 0); /* of a try that was never journaled */
    ret->length = 0;
    if (wrong)
        stream_close(ret);
    return wrong;
}

bool stream_has_segment(const struct stream *stream, const struct stream_file *file)
{
    return stream->is_segmented &&
           str_starts(file->path, (struct str){stream->path, stream->prefix_len});
}

/* --- in the journal ---------------------------------------------------------------------- */

void stream_pack(const struct stream *stream, struct buffer *to)
{
    pack_text(to, stream->label);
    pack_text(to, str_from(stream->path));
    pack_number(to, stream->facts.device);
    pack_number(to, stream->facts.inode);
    pack_number(to, (uint64_t)stream->facts.born_ns);
    pack_number(to, stream->length);
}

bool stream_unpack(struct unpack *from, struct stream_file *ret)
{
    ret->label = unpack_text(from);
    ret->path = unpack_text(from);
    ret->device = unpack_number(from);
    ret->inode = unpack_number(from);
    ret->born_ns = (int64_t)unpack_number(from);
    ret->length = unpack_number(from);
    return !from->failed && ret->path.len < STREAM_PATH_BYTES;
}
