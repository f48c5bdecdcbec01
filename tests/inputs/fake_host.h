/* tests/inputs/fake_host.h - an engine for one input: reads its sources, remembers marks and notes, forgets nothing.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Include it behind the plugin's .c. It stands in for agent/pipeline, so it checks the plugin's side of the
 * contract too: batches are contiguous, never cross read_until, and events lie inside of them.
 */
#ifndef WEIR_FAKE_HOST_H
#define WEIR_FAKE_HOST_H

#include <stdlib.h>
#include <string.h>

#include "agent/weir.h"
#include "tests/check.h"

enum { FAKE_SOURCES = 4096, FAKE_ALARM_BYTES = 1 << 16 };

struct source {
    struct host *host;
    void *mine;
    char key[64], note[NOTE_BYTES_MAX];
    size_t key_len, note_len;
    uint32_t id;
    uint64_t at, read, resume; /* of this run; of all runs; where a restart goes on */
    bool is_used, is_known, is_opened, is_ready, is_finished;
    bool is_open; /* something of it has no outcome yet; resume is where from */
    bool was_lost; /* what was not read again */
    bool has_next_resume; /* the journal on disk says something else than resume: */
    uint64_t next_resume;
};

struct seen { /* an event, copied */
    struct seen *next;
    char key[64], path[256];
    uint64_t offset, cut;
    uint32_t length;
    unsigned flags;
    size_t len;
    char text[];
};

struct host {
    const struct input *input;
    void *self;
    const struct files *files;
    struct source sources[FAKE_SOURCES];
    uint32_t source_count;
    uint64_t serial;
    int64_t mono_ns, due_ns;
    struct seen *first, **last;
    size_t count;
    uint64_t lines, blank, cut_bytes, bytes;
    char alarms[FAKE_ALARM_BYTES];
    size_t alarm_len, alarm_count;
    char alarm_keys[256][256];
    char directory[128]; /* of the state; empty: none is kept */
    bool keeps_rewind; /* marks stay where they are: a restart reads everything again */
    uint32_t batch_room;
    size_t arena_bytes_max; /* most that one batch took */
};

const struct files *host_files(struct host *host)
{
    return host->files;
}

const char *host_where(struct host *host)
{
    (void)host;
    return "test.conf:1:1";
}

bool host_remembers(struct host *host, struct str key)
{
    for (uint32_t i = 0; i < host->source_count; i++)
        if (host->sources[i].is_used &&
            str_equal((struct str){host->sources[i].key, host->sources[i].key_len}, key))
            return true;
    return false;
}

struct str host_directory(struct host *host)
{
    return str_from(host->directory);
}

uint64_t host_new_serial(struct host *host)
{
    return ++host->serial;
}

void host_alarm(struct host *host, const char *key, const char *format, ...)
{
    for (size_t i = 0; i < host->alarm_count; i++)
        if (strcmp(host->alarm_keys[i], key) == 0)
            return;
    CHECK(host->alarm_count < 256);
    snprintf(host->alarm_keys[host->alarm_count++], 256, "%s", key);
    va_list list;
    va_start(list, format);
    size_t room = sizeof host->alarms - host->alarm_len;
    int len = vsnprintf(host->alarms + host->alarm_len, room, format, list);
    va_end(list);
    CHECK(len > 0 && (size_t)len + 1 < room);
    host->alarm_len += (size_t)len;
    host->alarms[host->alarm_len++] = '\n';
    host->alarms[host->alarm_len] = '\0';
}

void host_recovered(struct host *host, const char *key, const char *format, ...)
{
    (void)format;
    for (size_t i = 0; i < host->alarm_count; i++)
        if (strcmp(host->alarm_keys[i], key) == 0)
            memmove(host->alarm_keys[i], host->alarm_keys[--host->alarm_count], 256);
}

struct source *source_open(struct host *host, struct str key, struct str id_prefix, void *mine)
{
    CHECK(key.len < 64 && id_prefix.len < 64);
    struct source *source = NULL;
    for (uint32_t i = 0; i < host->source_count && !source; i++)
        if (host->sources[i].is_used &&
            str_equal((struct str){host->sources[i].key, host->sources[i].key_len}, key))
            source = &host->sources[i];
    if (source) {
        CHECK(!source->is_opened);
    } else {
        if (host->source_count == FAKE_SOURCES)
            return NULL;
        source = &host->sources[host->source_count];
        *source = (struct source){.host = host, .id = host->source_count++, .is_used = true};
        str_z(key, source->key, sizeof source->key);
        source->key_len = key.len;
    }
    source->mine = mine;
    source->is_opened = true;
    source->at = source->resume;
    return source;
}

void *source_mine(const struct source *source)
{
    return source->mine;
}

uint64_t source_resume(const struct source *source)
{
    return source->resume;
}

bool source_is_known(const struct source *source)
{
    return source->is_known;
}

uint64_t source_read_until(const struct source *source)
{
    return source->at < source->read ? source->read : UINT64_MAX;
}

void source_ready(struct source *source, bool is_ready)
{
    CHECK(source->is_used && !source->is_finished);
    source->is_ready = is_ready;
}

void source_note(struct source *source, struct str note)
{
    CHECK(note.len <= NOTE_BYTES_MAX);
    memcpy(source->note, note.at, note.len);
    source->note_len = note.len;
}

uint64_t source_next_resume(const struct source *source)
{
    return source->has_next_resume ? source->next_resume : source->resume;
}

bool source_is_open(const struct source *source)
{
    return source->is_open;
}

uint64_t source_lose(struct source *source)
{
    source->was_lost = true;
    return 0;
}

void source_leaves(struct source *source)
{
    (void)source;
}

void source_finish(struct source *source)
{
    CHECK(source->is_used && !source->is_finished);
    source->is_finished = true;
    source->is_ready = false;
    source->is_used = false;
}

void host_each_known(struct host *host,
                     void (*each)(void *context, struct str key, struct str note, uint64_t resume),
                     void *context)
{
    for (uint32_t i = 0; i < host->source_count; i++) {
        const struct source *source = &host->sources[i];
        if (source->is_used && source->is_known)
            each(context, (struct str){source->key, source->key_len},
                 (struct str){source->note, source->note_len}, source->resume);
    }
}

/* --- running ------------------------------------------------------------------------------------------ */

static inline void fake_keep(struct host *host, const struct source *source,
                             const struct event *event, struct arena *arena)
{
    struct seen *seen = malloc(sizeof *seen + event->bytes.len + 1);
    assert_non_null(seen);
    *seen = (struct seen){.offset = event->origin->offset, .length = event->origin->length,
                          .flags = event->flags, .len = event->bytes.len};
    memcpy(seen->key, source->key, sizeof seen->key);
    memcpy(seen->text, event->bytes.at, event->bytes.len);
    seen->text[event->bytes.len] = '\0';
    struct value path = event_get_slot(event, SLOT_LOG_FILE_PATH, arena);
    if (path.kind == VALUE_STRING || path.kind == VALUE_TEXT)
        str_z(path.text, seen->path, sizeof seen->path);
    struct value cut = event_get_slot(event, SLOT_LOG_CUT, arena);
    if (cut.kind == VALUE_INTEGER)
        seen->cut = (uint64_t)cut.integer;
    *host->last = seen;
    host->last = &seen->next;
    host->count++;
}

/* One read; false when the source has no more now. */
static inline bool fake_read(struct host *host, struct source *source, bool final)
{
    struct arena arena;
    arena_init(&arena, 4096, (size_t)256 << 20);
    struct batch batch = {.arena = &arena, .source = source};
    uint64_t until = source_read_until(source);
    enum read_result result = host->input->read(host->self, source, &batch, final);
    uint64_t end = batch.offset + batch.bytes;
    CHECK(batch.offset >= source->at || batch.bytes == 0);
    CHECK(source->at >= until || until == UINT64_MAX || end <= until);
    for (uint32_t i = 0; i < batch.count; i++) {
        const struct event *event = &batch.events[i];
        CHECK(event->origin->offset >= batch.offset);
        CHECK(event->origin->offset + event->origin->length <= end);
        CHECK(event->bytes.len > 0);
        fake_keep(host, source, event, &arena);
    }
    if (arena.used > host->arena_bytes_max)
        host->arena_bytes_max = arena.used;
    arena_clear(&arena);
    if (batch.bytes) {
        source->at = end;
        if (end > source->read) {
            source->read = end;
            host->bytes += batch.bytes;
            host->lines += batch.lines;
            host->blank += batch.blank;
            host->cut_bytes += batch.cut_bytes;
        }
        if (!host->keeps_rewind)
            source->resume = end;
    }
    if (result == READ_ENDED)
        source_finish(source);
    else if (result == READ_AT_END)
        source->is_ready = false;
    return result == READ_SOME;
}

static inline bool fake_read_all(struct host *host, bool final)
{
    bool has_read = false;
    for (uint32_t i = 0; i < host->source_count; i++) {
        struct source *source = &host->sources[i];
        while (source->is_used && source->is_opened && source->is_ready) {
            has_read = true;
            (void)fake_read(host, source, final);
        }
    }
    return has_read;
}

/* Looks and reads until nothing is ready. `after_ns` of time pass first. */
static inline void fake_step(struct host *host, int64_t after_ns, bool once)
{
    host->mono_ns += after_ns;
    do
        host->due_ns = host->input->watch(host->self, host, host->mono_ns, once);
    while (fake_read_all(host, once));
}

static inline void fake_start(struct host *host)
{
    struct why why = {.code = OK};
    CHECK_OK(host->input->open(host->self, host, &why), why);
}

/* A crash: what was remembered stays. */
static inline void fake_stop(struct host *host)
{
    host->input->close(host->self);
    for (uint32_t i = 0; i < host->source_count; i++) {
        host->sources[i].is_opened = host->sources[i].is_ready = false;
        host->sources[i].is_known = true;
    }
}

static inline void fake_init(struct host *host, const struct input *input, void *self,
                             const struct files *files)
{
    memset(host, 0, sizeof *host);
    host->input = input;
    host->self = self;
    host->files = files;
    host->mono_ns = 1000000000;
    host->last = &host->first;
}

static inline void fake_forget_events(struct host *host)
{
    while (host->first) {
        struct seen *next = host->first->next;
        free(host->first);
        host->first = next;
    }
    host->last = &host->first;
    host->count = 0;
}

/* The texts of all events, each followed by '|'. */
static inline const char *fake_texts(const struct host *host)
{
    static char text[1 << 21];
    size_t len = 0;
    for (const struct seen *seen = host->first; seen; seen = seen->next) {
        CHECK(len + seen->len + 2 < sizeof text);
        memcpy(text + len, seen->text, seen->len);
        len += seen->len;
        text[len++] = '|';
    }
    text[len] = '\0';
    return text;
}

#endif
