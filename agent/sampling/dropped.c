/* agent/sampling/dropped.c - ids of traces that were sampled out, as 64-bit fingerprints.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/sampling/dropped.h"

#include <string.h>

#include "agent/memory.h"
#include "agent/must.h"

enum {
    FIRST_ROOM = 1024, /* a power of two, as every room */
    AGES = 256,        /* classes of age among which the oldest are found */
};

/* The slot of a print, or the empty one where it belongs. */
static uint32_t slot_of(const struct dropped *dropped, uint64_t print)
{
    uint32_t mask = dropped->room - 1;
    uint32_t at = (uint32_t)print & mask;
    while (dropped->prints[at] && dropped->prints[at] != print)
        at = (at + 1) & mask;
    return at;
}

static uint64_t not_empty(uint64_t print)
{
    return print ? print : 1;
}

uint32_t *dropped_find(const struct dropped *dropped, uint64_t print)
{
    if (!dropped->count)
        return NULL;
    uint32_t at = slot_of(dropped, not_empty(print));
    return dropped->prints[at] ? &dropped->last_s[at] : NULL;
}

static uint32_t count_since(const struct dropped *dropped, uint32_t since_s)
{
    uint32_t live = 0;
    for (uint32_t i = 0; i < dropped->room; i++)
        live += dropped->prints[i] && dropped->last_s[i] >= since_s;
    return live;
}

/* A second before which lies at least an eighth of what lives since since_s. */
static uint32_t oldest_eighth(const struct dropped *dropped, uint32_t since_s, uint32_t live)
{
    uint32_t first = UINT32_MAX, last = 0;
    for (uint32_t i = 0; i < dropped->room; i++) {
        if (!dropped->prints[i] || dropped->last_s[i] < since_s)
            continue;
        first = dropped->last_s[i] < first ? dropped->last_s[i] : first;
        last = dropped->last_s[i] > last ? dropped->last_s[i] : last;
    }
    uint32_t width = (last - first) / AGES + 1;
    uint32_t counts[AGES] = {0};
    for (uint32_t i = 0; i < dropped->room; i++)
        if (dropped->prints[i] && dropped->last_s[i] >= since_s)
            counts[(dropped->last_s[i] - first) / width]++;
    uint32_t age = 0;
    for (uint32_t older = 0; age < AGES && older < live / 8; age++)
        older += counts[age];
    return first + age * width;
}

/* A new table with the entries since since_s. */
static bool rebuild(struct dropped *dropped, uint32_t room, uint32_t since_s)
{
    struct dropped next = {.room = room, .max = dropped->max, .forgotten = dropped->forgotten};
    next.prints = memory_make(room * sizeof *next.prints);
    next.last_s = memory_make(room * sizeof *next.last_s);
    if (!next.prints || !next.last_s) {
        memory_free(next.prints);
        memory_free(next.last_s);
        return false;
    }
    memset(next.prints, 0, room * sizeof *next.prints);
    for (uint32_t i = 0; i < dropped->room; i++) {
        if (!dropped->prints[i] || dropped->last_s[i] < since_s)
            continue;
        uint32_t at = slot_of(&next, dropped->prints[i]);
        next.prints[at] = dropped->prints[i];
        next.last_s[at] = dropped->last_s[i];
        next.count++;
    }
    dropped_clear(dropped);
    *dropped = next;
    return true;
}

static bool make_room(struct dropped *dropped, uint32_t since_s)
{
    if (!dropped->room)
        return rebuild(dropped, FIRST_ROOM, 0);
    uint32_t live = count_since(dropped, since_s);
    uint32_t room = dropped->room;
    if (live >= dropped->max) {
        uint32_t later = oldest_eighth(dropped, since_s, live);
        uint32_t left = count_since(dropped, later);
        dropped->forgotten += live - left;
        return rebuild(dropped, room, later);
    }
    while (live > room / 2)
        room *= 2;
    return rebuild(dropped, room, since_s);
}

void dropped_add(struct dropped *dropped, uint64_t print, uint32_t last_s, uint32_t since_s)
{
    print = not_empty(print);
    uint32_t *known = dropped_find(dropped, print);
    if (known) {
        *known = last_s > *known ? last_s : *known;
        return;
    }
    bool is_full = dropped->count >= dropped->room / 4 * 3 || dropped->count >= dropped->max;
    if (is_full && !make_room(dropped, since_s)) {
        dropped->forgotten++;
        return;
    }
    uint32_t at = slot_of(dropped, print);
    dropped->prints[at] = print;
    dropped->last_s[at] = last_s;
    dropped->count++;
}

size_t dropped_bytes(const struct dropped *dropped)
{
    return dropped->room * (sizeof *dropped->prints + sizeof *dropped->last_s);
}

void dropped_clear(struct dropped *dropped)
{
    memory_free(dropped->prints);
    memory_free(dropped->last_s);
    *dropped = (struct dropped){.max = dropped->max, .forgotten = dropped->forgotten};
}
