/* agent/command/replay_input.c - dead letters and archives as an input: what `agent replay` reads.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/command/replay_input.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "agent/state/source.h"

enum {
    PADDING = 64, /* zeroes behind the bytes, so that vector code may look past the end */
    ARCHIVE_LINE_MAX = 16 << 20,
    ASIDE_BYTES = 4096, /* of a path */
};

/* --- one line of an archive -------------------------------------------------------------- */

/* What the archive says of the event beside its fields; the field goes. */
static struct str take_text(struct event *event, enum slot slot, struct arena *arena)
{
    struct str text = STR("");
    if (!event->slots[slot])
        return text;
    struct field *field = &event->fields[event->slots[slot] - 1];
    (void)value_text(field->value, arena, &text);
    field->flags |= FIELD_REMOVED;
    event->slots[slot] = 0;
    event->flags |= EVENT_EDITED;
    return text;
}

bool replay_line(struct scanner *scanner, struct event *event, struct arena *arena)
{
    size_t wrong_at;
    struct str weight;
    uint64_t number = 0;
    if (scan_object(scanner, event, arena, &wrong_at) != SCAN_OK)
        return false;
    event->id = take_text(event, SLOT_EVENT_ID, arena);
    event->reason = take_text(event, SLOT_SAMPLING_REASON, arena);
    event->rule = take_text(event, SLOT_SAMPLING_RULE, arena);
    weight = take_text(event, SLOT_SAMPLING_WEIGHT, arena);
    if (str_to_uint(weight, &number) && number <= UINT32_MAX)
        event->weight = (uint32_t)number;
    return true;
}

/* --- files ------------------------------------------------------------------------------- */

static int read_at(const struct replay *replay, const struct replay_file *file, char *to,
                   size_t size, uint64_t offset)
{
    size_t done = 0, got = 1;
    while (done < size && got) {
        int wrong = replay->port->read(replay->port->self, file->fd, to + done, size - done,
                                       offset + done, &got);
        if (wrong)
            return wrong;
        done += got;
    }
    return done < size ? EIO : 0;
}

/* A segment says so itself, whatever it is called. */
static void look_at_head(const struct replay *replay, struct replay_file *file)
{
    static char bytes[SEGMENT_HEAD_BYTES_MAX];
    if (file->size < SEGMENT_FRONT_BYTES ||
        read_at(replay, file, bytes, SEGMENT_FRONT_BYTES, 0) != 0)
        return;
    size_t size = segment_head_size((struct str){bytes, SEGMENT_FRONT_BYTES});
    file->is_segment = size && size <= file->size && read_at(replay, file, bytes, size, 0) == 0 &&
                       segment_head_read((struct str){bytes, size}, &file->head);
    file->head.label = STR("");
    if (file->is_segment)
        file->at = size;
}

static enum code open_file(struct replay *replay, struct replay_file *file, struct host *host,
                           struct why *why)
{
    const struct files *port = replay->port;
    struct file_facts facts = {0};
    int wrong = port->open(port->self, file->path, FILE_READ | FILE_FOLLOW, &file->fd);
    if (!wrong) {
        file->is_open = true;
        wrong = port->facts(port->self, file->fd, &facts);
    }
    if (wrong)
        return fail_sys(why, wrong, "opening %.160s", file->path);
    file->size = facts.size;
    look_at_head(replay, file);
    if (port->lock(port->self, file->fd) == EWOULDBLOCK) {
        host_alarm(host, file->path, "%s is still being written: left for the next replay",
                   file->path);
        replay->busy++;
        return OK;
    }
    char key[64];
    snprintf(key, sizeof key, "%" PRIx64 "-%" PRIx64 "-%" PRIx64, facts.device, facts.inode,
             (uint64_t)facts.born_ns);
    file->source = source_open(host, str_from(key), str_from(key), file);
    if (!file->source)
        return OK;                  /* it was named twice */
    source_share_ids(file->source); /* the far end may have any of them */
    uint64_t resume = source_resume(file->source);
    file->at = resume > file->at ? resume : file->at;
    replay->bytes += file->size > file->at ? file->size - file->at : 0;
    return OK;
}

static enum code replay_open(void *self, struct host *host, struct why *why)
{
    struct replay *replay = self;
    replay->port = host_files(host);
    replay->scanner = scanner_make(host_arena(host), host_names(host));
    if (!replay->scanner)
        return fail(why, OVER_LIMIT, "no memory to read archives");
    enum code code = OK;
    for (size_t i = 0; i < replay->count && code == OK; i++)
        code = open_file(replay, &replay->files[i], host, why);
    return code;
}

/* Aside, where no replay finds it by itself: part of it could not be read. */
static void set_aside(const struct replay *replay, const struct replay_file *file)
{
    char aside[ASIDE_BYTES];
    if (str_ends(str_from(file->path), STR(".damaged")))
        return;
    snprintf(aside, sizeof aside, "%s.damaged", file->path);
    (void)replay->port->rename(replay->port->self, file->path, aside);
}

/* Dead letters that all have an outcome are removed; an archive is its owner's. */
static void finish(struct replay *replay, struct replay_file *file)
{
    file->is_done = true;
    if (!file->is_segment)
        return;
    if (file->unreadable)
        set_aside(replay, file);
    else
        (void)replay->port->unlink(replay->port->self, file->path);
    source_finish(file->source);
    file->source = NULL;
}

static int64_t replay_watch(void *self, struct host *host, int64_t mono_ns, bool once)
{
    struct replay *replay = self;
    (void)host;
    (void)once;
    for (size_t i = 0; i < replay->count; i++) {
        struct replay_file *file = &replay->files[i];
        if (!file->source || file->is_done)
            continue;
        if (file->at < file->size)
            source_ready(file->source, true);
        else if (!file->source->open_count)
            finish(replay, file);
    }
    return mono_ns + INT64_C(200000000);
}

static void replay_close(void *self)
{
    struct replay *replay = self;
    for (size_t i = 0; i < replay->count; i++)
        if (replay->files[i].is_open)
            replay->port->close(replay->port->self, replay->files[i].fd);
}

/* --- reading ----------------------------------------------------------------------------- */

static struct str read_piece(const struct replay *replay, const struct replay_file *file,
                             size_t size, struct arena *arena)
{
    char *to = arena_take(arena, size + PADDING);
    if (!to || read_at(replay, file, to, size, file->at) != 0)
        return (struct str){NULL, 0};
    memset(to + size, 0, PADDING);
    return (struct str){to, size};
}

/* Up to the end of the file, or of what an earlier run has read. */
static size_t left_of(const struct replay_file *file, size_t most)
{
    uint64_t until = source_read_until(file->source);
    uint64_t left = (until < file->size ? until : file->size) - file->at;
    return left < most ? (size_t)left : most;
}

static void take_entry(struct replay *replay, struct replay_file *file, struct batch *batch,
                       const struct segment_entry *entry)
{
    struct event *event =
        batch_add(batch, entry->record, entry->position - file->head.base, (uint32_t)entry->size);
    struct event kept;
    if (!event || !segment_event(&file->head, entry->record, &kept, batch->arena)) {
        replay->unreadable++;
        file->unreadable++;
        batch->count -= event != NULL;
        return;
    }
    kept.origin = event->origin;
    kept.fate = FATE_LIVE;
    *event = kept;
    batch->lines++;
}

static size_t read_entries(struct replay *replay, struct replay_file *file, struct batch *batch)
{
    size_t size = left_of(file, READ_BYTES), whole = left_of(file, SIZE_MAX);
    struct segment_walk walk = {0};
    struct segment_entry entry;
    do { /* again where the first entry alone is longer */
        walk = (struct segment_walk){.bytes = read_piece(replay, file, size, batch->arena),
                                     .position = file->head.base + file->at,
                                     .is_end = size == whole};
        if (!walk.bytes.at)
            return 0;
        while (batch->count < BATCH_EVENTS_MAX && segment_walk_next(&walk, &entry))
            take_entry(replay, file, batch, &entry);
        size = walk.at + walk.wanted < whole ? walk.at + walk.wanted : whole;
    } while (walk.at == 0 && walk.wanted);
    replay->unreadable += walk.damaged_places;
    file->unreadable += walk.damaged_places;
    return walk.at;
}

static size_t read_lines(struct replay *replay, struct replay_file *file, struct batch *batch)
{
    size_t size = left_of(file, READ_BYTES), whole = left_of(file, ARCHIVE_LINE_MAX), used = 0;
    struct str bytes = read_piece(replay, file, size, batch->arena);
    if (!bytes.at)
        return 0;
    used = lines_split(batch, bytes, file->at, ARCHIVE_LINE_MAX);
    if (!used && size < whole) {
        bytes = read_piece(replay, file, whole, batch->arena);
        used = bytes.at ? lines_split(batch, bytes, file->at, ARCHIVE_LINE_MAX) : 0;
    }
    if (!used && bytes.at && lines_add(batch, bytes, file->at, bytes.len, 0))
        used = bytes.len; /* the last line has no end, or it is longer than any event */
    uint32_t kept = 0;
    for (uint32_t i = 0; i < batch->count; i++) {
        if (replay_line(replay->scanner, &batch->events[i], batch->arena))
            batch->events[kept++] = batch->events[i];
        else
            replay->unreadable++;
    }
    batch->count = kept;
    return used;
}

static enum read_result replay_read(void *self, struct source *source, struct batch *batch,
                                    bool final)
{
    struct replay *replay = self;
    struct replay_file *file = source_mine(source);
    (void) final;
    batch->offset = file->at;
    if (file->at >= file->size)
        return READ_AT_END;
    batch->bytes =
        file->is_segment ? read_entries(replay, file, batch) : read_lines(replay, file, batch);
    file->at += batch->bytes;
    replay->done_bytes += batch->bytes;
    return file->at < file->size && batch->bytes ? READ_SOME : READ_AT_END;
}

const struct input replay_input = {
    .name = "replay",
    .summary = "Read dead letters and archives again.",
    .size = sizeof(struct replay),
    .ends = true,
    .open = replay_open,
    .watch = replay_watch,
    .read = replay_read,
    .close = replay_close,
};
