/* agent/state/spool_file.c - a run of segment files: the end that is read and removed.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/state/spool_file.h"

#include <errno.h>
#include <stdio.h>

#include "agent/limits.h"
#include "agent/ports/files.h"

enum { SCAN_CHUNK = 1 << 20 };

static void path_of(const struct spool *spool, uint64_t base, const char *end, char *to)
{
    snprintf(to, SPOOL_PREFIX_BYTES, "%.2000s%016llx.seg%s", spool->prefix,
             (unsigned long long)base, end);
}

static int read_all(const struct spool *spool, int fd, char *to, size_t size, uint64_t offset)
{
    const struct files *files = spool->files;
    size_t done = 0, got = 1;
    while (done < size && got) {
        int wrong = files->read(files->self, fd, to + done, size - done, offset + done, &got);
        if (wrong)
            return wrong;
        done += got;
    }
    return done < size ? EIO : 0; /* it is shorter than it was */
}

/* A damaged head costs the name of the slots: they are taken for ours. */
static size_t read_head(struct spool *spool, const struct spool_file *file)
{
    char bytes[SEGMENT_HEAD_BYTES_MAX];
    size_t front = file->size < SEGMENT_FRONT_BYTES ? (size_t)file->size : SEGMENT_FRONT_BYTES;
    bool is_read = read_all(spool, spool->fd, bytes, front, 0) == 0;
    size_t size = is_read ? segment_head_size((struct str){bytes, front}) : 0;
    if (size && size <= file->size && read_all(spool, spool->fd, bytes, size, 0) == 0 &&
        segment_head_read((struct str){bytes, size}, &spool->head)) {
        spool->head.label = STR("");
        return size;
    }
    spool->head = (struct segment_head){.kind = spool->kind, .base = file->base};
    return 0;
}

void spool_file_close(struct spool *spool)
{
    if (spool->fd >= 0)
        spool->files->close(spool->files->self, spool->fd);
    spool->fd = -1;
}

static int open_file(struct spool *spool, const struct spool_file *file)
{
    char path[SPOOL_PREFIX_BYTES];
    if (spool->fd >= 0 && spool->fd_base == file->base)
        return 0;
    spool_file_close(spool);
    path_of(spool, file->base, "", path);
    int wrong = spool->files->open(spool->files->self, path, FILE_READ, &spool->fd);
    if (wrong) {
        spool->fd = -1;
        return wrong;
    }
    spool->fd_base = file->base;
    (void)read_head(spool, file);
    return 0;
}

/* --- reading ----------------------------------------------------------------------------- */

/* The oldest file with bytes above a position. */
static struct spool_file *file_of(const struct spool *spool, uint64_t position)
{
    for (uint32_t i = 0; i < spool->count; i++)
        if (spool->at[i].base + spool->at[i].size > position)
            return &spool->at[i];
    return NULL;
}

uint64_t spool_file_end(const struct spool *spool, uint64_t position)
{
    const struct spool_file *file = file_of(spool, position);
    if (!file)
        return spool->tail;
    return file->base > position ? file->base : file->base + file->size;
}

/* Reads [position, position + size) of the open file into the arena. */
static int read_piece(struct spool *spool, uint64_t position, size_t size, struct arena *arena,
                      struct segment_walk *ret)
{
    char *to = arena_take(arena, size);
    if (!to)
        return ENOMEM;
    int wrong = read_all(spool, spool->fd, to, size, position - spool->fd_base);
    ret->bytes = (struct str){to, size};
    ret->position = position;
    return wrong;
}

/* How much of a file's entries to read: a good piece, or the whole first entry if that is longer.
 */
static int read_entries(struct spool *spool, uint64_t position, uint64_t end, struct arena *arena,
                        struct segment_walk *ret)
{
    size_t left = (size_t)(end - position), size = left < READ_BYTES ? left : READ_BYTES;
    *ret = (struct segment_walk){.is_end = size == left};
    int wrong = read_piece(spool, position, size, arena, ret);
    struct segment_walk probe = *ret;
    struct segment_entry entry;
    if (wrong || segment_walk_next(&probe, &entry) || ret->is_end)
        return wrong;
    size = probe.at + probe.wanted < left ? probe.at + probe.wanted : left;
    ret->is_end = size == left;
    return read_piece(spool, position, size, arena, ret);
}

int spool_read(struct spool *spool, uint64_t position, uint64_t limit, struct arena *arena,
               struct segment_walk *ret)
{
    struct spool_file *file = file_of(spool, position);
    if (!file || (file->base > position ? file->base : position) >= limit)
        return ENOENT;
    int wrong = open_file(spool, file);
    if (wrong)
        return wrong;
    uint64_t end = file->base + file->size < limit ? file->base + file->size : limit;
    if (position > file->base)
        return read_entries(spool, position, end, arena, ret);
    size_t head = read_head(spool, file);
    if (head == 0) { /* it is stepped over like any damage, to the first whole entry */
        file->is_damaged = true;
        return read_entries(spool, file->base, end, arena, ret);
    }
    if (file->base + head >= end) {
        *ret = (struct segment_walk){.position = file->base + head, .is_end = true};
        return 0;
    }
    return read_entries(spool, file->base + head, end, arena, ret);
}

/* --- at the start ------------------------------------------------------------------------ */

bool spool_file_look(struct spool *spool, struct spool_file *file)
{
    char path[SPOOL_PREFIX_BYTES];
    struct file_facts facts;
    path_of(spool, file->base, "", path);
    if (spool->files->facts_at(spool->files->self, path, false, &facts) != 0 || !facts.is_regular)
        return false;
    file->size = facts.size;
    if (file->size == 0 || open_file(spool, file) != 0) {
        if (file->size == 0)
            (void)spool->files->unlink(spool->files->self, path);
        return file->size != 0; /* one that cannot be opened is told when it is to be read */
    }
    size_t head = read_head(spool, file);
    file->ordinal = spool->head.ordinal;
    file->is_damaged = head == 0;
    if (head != file->size)
        return true;
    (void)spool->files->unlink(spool->files->self, path);
    spool_file_close(spool);
    return false;
}

uint64_t spool_file_last_ordinal(struct spool *spool, const struct spool_file *file)
{
    struct arena arena;
    uint64_t position = file->base, limit = file->base + file->size, ordinal = file->ordinal;
    arena_init(&arena, SCAN_CHUNK, 2 * (size_t)SEGMENT_ENTRY_BYTES_MAX);
    while (position < limit) {
        struct segment_walk walk;
        struct segment_entry entry;
        if (spool_read(spool, position, limit, &arena, &walk) != 0)
            break;
        while (segment_walk_next(&walk, &entry))
            ordinal = entry.ordinal + 1;
        uint64_t next = walk.position + walk.at;
        if (next <= position)
            break;
        position = next;
        arena_reset(&arena);
    }
    arena_clear(&arena);
    return ordinal;
}

/* --- removing ---------------------------------------------------------------------------- */

void spool_damaged(struct spool *spool, uint64_t position)
{
    struct spool_file *file = file_of(spool, position);
    if (file && file->base <= position)
        file->is_damaged = true;
}

static void remove_at(struct spool *spool, uint32_t index)
{
    const struct files *files = spool->files;
    const struct spool_file file = spool->at[index];
    char path[SPOOL_PREFIX_BYTES], aside[SPOOL_PREFIX_BYTES];
    path_of(spool, file.base, "", path);
    path_of(spool, file.base, ".damaged", aside);
    if (spool->fd >= 0 && spool->fd_base == file.base)
        spool_file_close(spool);
    if (file.is_damaged) {
        spool->set_aside++;
        (void)files->rename(files->self, path, aside);
    } else {
        (void)files->unlink(files->self, path); /* what stays is removed by the next start */
    }
    memmove(spool->at + index, spool->at + index + 1,
            (spool->count - index - 1) * sizeof *spool->at);
    spool->count--;
}

static bool is_being_written(const struct spool *spool, uint32_t index)
{
    return index + 1 == spool->count && spool->takes_more;
}

void spool_remove_below(struct spool *spool, uint64_t position)
{
    while (spool->count && spool->at[0].base + spool->at[0].size <= position &&
           !is_being_written(spool, 0))
        remove_at(spool, 0);
}

void spool_skip(struct spool *spool, uint64_t from, uint64_t to)
{
    for (uint32_t i = 0; i < spool->count; i++)
        if (spool->at[i].base >= from && spool->at[i].base + spool->at[i].size <= to)
            spool->at[i].is_skipped = true;
}

void spool_remove_skipped(struct spool *spool, uint64_t position)
{
    for (uint32_t i = 0; i < spool->count; i++)
        if (spool->at[i].is_skipped && spool->at[i].base + spool->at[i].size <= position &&
            !is_being_written(spool, i))
            remove_at(spool, i--);
}

void spool_refresh(struct spool *spool)
{
    for (uint32_t i = 0; i < spool->count; i++) {
        char path[SPOOL_PREFIX_BYTES];
        struct file_facts facts;
        path_of(spool, spool->at[i].base, "", path);
        if (!is_being_written(spool, i) &&
            spool->files->facts_at(spool->files->self, path, false, &facts) == ENOENT)
            remove_at(spool, i--);
    }
}

uint64_t spool_ordinal_at(const struct spool *spool, uint64_t base)
{
    for (uint32_t i = 0; i < spool->count; i++)
        if (spool->at[i].base >= base)
            return spool->at[i].ordinal;
    return spool->ordinal;
}
