/* agent/tracing/invocations.c - which invocations of functions are open, per source.
 * SPDX-License-Identifier: Apache-2.0
 *
 * One pool, a bucket per source id (they are dense, so a bucket mostly has one source), and one
 * list by age. Indexes count from 1; 0 is none.
 */
#include "agent/tracing/invocations.h"

#include <string.h>

#include "agent/must.h"

enum { BUCKETS = 4096 }; /* a power of two */

struct invocations {
    struct invocation *pool; /* its pages are first touched when so many are open */
    uint32_t used;           /* entries of the pool that were ever taken */
    uint32_t free;           /* given back, linked by next */
    uint32_t oldest, newest;
    int64_t invocation_max_ns;
    uint64_t forgotten;
    uint32_t buckets[BUCKETS];
};

struct invocations *invocations_make(struct arena *arena, int64_t invocation_max_ns)
{
    struct invocations *table = arena_zeroed(arena, sizeof *table);
    if (!table)
        return NULL;
    table->pool = arena_take(arena, INVOCATIONS_MAX * sizeof *table->pool);
    table->invocation_max_ns = invocation_max_ns;
    return table->pool ? table : NULL;
}

uint64_t invocations_forgotten(const struct invocations *table)
{
    return table->forgotten;
}

static struct invocation *at(const struct invocations *table, uint32_t index)
{
    HOT_MUST(index > 0 && index <= table->used);
    return &table->pool[index - 1];
}

static uint32_t *bucket_of(struct invocations *table, uint32_t source)
{
    return &table->buckets[source % BUCKETS];
}

static void age_leave(struct invocations *table, const struct invocation *entry)
{
    if (entry->older)
        at(table, entry->older)->newer = entry->newer;
    else
        table->oldest = entry->newer;
    if (entry->newer)
        at(table, entry->newer)->older = entry->older;
    else
        table->newest = entry->older;
}

static void age_enter(struct invocations *table, uint32_t index)
{
    struct invocation *entry = at(table, index);
    entry->older = table->newest;
    entry->newer = 0;
    if (table->newest)
        at(table, table->newest)->newer = index;
    else
        table->oldest = index;
    table->newest = index;
}

/* Takes out the entry that a link points to. */
static void give(struct invocations *table, uint32_t *link)
{
    uint32_t index = *link;
    struct invocation *entry = at(table, index);
    *link = entry->next;
    age_leave(table, entry);
    entry->next = table->free;
    table->free = index;
}

static void forget_oldest(struct invocations *table)
{
    uint32_t *link = bucket_of(table, at(table, table->oldest)->source);
    while (*link != table->oldest)
        link = &at(table, *link)->next;
    give(table, link);
    table->forgotten++;
}

static bool is_here(const struct invocation *entry, const struct place_in_stream *place)
{
    return entry->source == place->source && entry->stream == place->stream;
}

/* Too old, or from another life of its source: positions only grow. */
static bool is_stale(const struct invocations *table, const struct invocation *entry,
                     const struct place_in_stream *place)
{
    bool is_old = entry->start_ns && place->time_ns &&
                  place->time_ns - entry->start_ns > table->invocation_max_ns;
    return is_old || entry->start > place->offset;
}

static void consider(struct invocation *entry, struct str id, struct candidates *candidates)
{
    if (id.len && entry->id_len == id.len && memcmp(entry->id, id.at, id.len) == 0)
        candidates->named = entry;
    if (entry->is_closed) { /* the newest stands first in its bucket */
        candidates->closed = candidates->closed ? candidates->closed : entry;
    } else if (!entry->is_ended) {
        candidates->only = candidates->running++ ? NULL : entry;
    }
}

struct candidates invocations_look(struct invocations *table, const struct place_in_stream *place,
                                   struct str id)
{
    struct candidates candidates = {0};
    for (uint32_t *link = bucket_of(table, place->source); *link;) {
        struct invocation *entry = at(table, *link);
        if (entry->source == place->source && is_stale(table, entry, place)) {
            give(table, link);
            table->forgotten++;
            continue;
        }
        if (is_here(entry, place))
            consider(entry, id, &candidates);
        link = &entry->next;
    }
    return candidates;
}

/* Makes room where one source has too many open: its oldest stands last in the bucket. */
static void limit_source(struct invocations *table, uint32_t source)
{
    uint32_t count = 0, *last = NULL;
    for (uint32_t *link = bucket_of(table, source); *link; link = &at(table, *link)->next) {
        if (at(table, *link)->source != source)
            continue;
        count++;
        last = link;
    }
    if (count < INVOCATIONS_OF_SOURCE_MAX)
        return;
    give(table, last);
    table->forgotten++;
}

static uint32_t take(struct invocations *table)
{
    if (!table->free && table->used == INVOCATIONS_MAX)
        forget_oldest(table);
    if (!table->free)
        return ++table->used;
    uint32_t index = table->free;
    table->free = at(table, index)->next;
    return index;
}

struct invocation *invocations_open(struct invocations *table, const struct place_in_stream *place,
                                    struct str id)
{
    if (!id.len || id.len > REQUEST_ID_BYTES_MAX)
        return NULL;
    limit_source(table, place->source);
    uint32_t index = take(table), *bucket = bucket_of(table, place->source);
    struct invocation *entry = at(table, index);
    *entry = (struct invocation){.source = place->source,
                                 .stream = place->stream,
                                 .start = place->offset,
                                 .start_ns = place->time_ns,
                                 .id_len = (uint8_t)id.len,
                                 .next = *bucket};
    memcpy(entry->id, id.at, id.len);
    *bucket = index;
    age_enter(table, index);
    return entry;
}

void invocations_settle(struct invocations *table, const struct place_in_stream *place,
                        const struct invocation *keep)
{
    for (uint32_t *link = bucket_of(table, place->source); *link;) {
        struct invocation *entry = at(table, *link);
        if (entry->is_closed && entry != keep && is_here(entry, place))
            give(table, link);
        else
            link = &entry->next;
    }
}

uint64_t invocations_oldest(const struct invocations *table, uint32_t source)
{
    uint64_t oldest = UINT64_MAX;
    for (uint32_t index = table->buckets[source % BUCKETS]; index; index = at(table, index)->next)
        if (at(table, index)->source == source && at(table, index)->start < oldest)
            oldest = at(table, index)->start;
    return oldest;
}
