/* tests/filters/fake_host.h - an engine small enough for the test of one filter.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Defines all that weir.h declares of the host and of sources, so that no object of the engine is
 * linked in.
 */
#ifndef WEIR_FAKE_HOST_H
#define WEIR_FAKE_HOST_H

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "agent/weir.h"
#include "tests/check.h"

struct source {
    uint32_t id;
};

struct host {
    struct arena run, batch;
    struct names *names;
    uint64_t counters[8];
    const char *counter_names[8];
    size_t counter_count;
    unsigned alarms;
    int64_t now_ns;
};

static inline void host_init(struct host *host)
{
    memset(host, 0, sizeof *host);
    arena_init(&host->run, 1 << 20, 64 << 20);
    arena_init(&host->batch, 1 << 20, 64 << 20);
    host->names = names_make(&host->run);
}

static inline void host_clear(struct host *host)
{
    arena_clear(&host->run);
    arena_clear(&host->batch);
}

static inline uint64_t host_count_of(const struct host *host, const char *name)
{
    for (size_t i = 0; i < host->counter_count; i++)
        if (strcmp(host->counter_names[i], name) == 0)
            return host->counters[i];
    return UINT64_MAX;
}

/* Lets a filter see one event. */
static inline void host_pass(struct host *host, const struct filter *filter, void *self,
                             struct event *event)
{
    struct view view = {.at = &event, .count = 1, .arena = &host->batch};
    filter->apply(self, &view);
}

/* Lines come from outside and end where they end: a copy without anything behind it, so that
 * sanitizers see. */
static inline struct str host_line(struct host *host, struct str text)
{
    return arena_copy(&host->batch, text);
}

/* What fills a slot; nothing where nothing does. */
static inline struct value slot_value(const struct event *event, enum slot slot)
{
    const struct field *field = event_slot(event, slot);
    return field ? field->value : (struct value){.kind = VALUE_MISSING};
}

struct arena *host_arena(struct host *host)
{
    return &host->run;
}

const struct names *host_names(struct host *host)
{
    return host->names;
}

struct str host_label(struct host *host)
{
    (void)host;
    return STR("test");
}

const char *host_where(struct host *host)
{
    (void)host;
    return "test.conf:1:1";
}

const struct files *host_files(struct host *host)
{
    (void)host;
    return NULL;
}

int64_t host_now(struct host *host)
{
    return host->now_ns;
}

uint64_t *host_counter(struct host *host, const char *name, const char *help)
{
    CHECK(help[strlen(help) - 1] == '.');
    CHECK(host->counter_count < 8);
    host->counter_names[host->counter_count] = name;
    return &host->counters[host->counter_count++];
}

void host_alarm(struct host *host, const char *key, const char *format, ...)
{
    (void)key;
    (void)format;
    host->alarms++;
}

void host_recovered(struct host *host, const char *key, const char *format, ...)
{
    (void)host;
    (void)key;
    (void)format;
}

uint32_t source_id(const struct source *source)
{
    return source->id;
}

#endif
