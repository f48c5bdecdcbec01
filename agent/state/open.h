/* agent/state/open.h - the entries of all open lists.
 * SPDX-License-Identifier: Apache-2.0
 *
 * An entry is a position of a source that still has no outcome at some output. Entries live in slots; the slot's
 * number names an entry in the journal, slot and generation together are the `seq` that records carry, so
 * a late or repeated answer finds its entry at once or nothing. Memory is given back as entries go.
 */
#ifndef WEIR_OPEN_H
#define WEIR_OPEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/must.h"
#include "agent/why.h"

enum { /* entry flags */
    OPEN_USED = 1,
    OPEN_WRITTEN = 2, /* the journal has it */
    OPEN_DIRTY = 4,   /* in its source's chain of changes */
    OPEN_LOADED = 8,  /* of an earlier run, not passed again yet */
    OPEN_FLAGS = 15,
};

struct open_entry {
    uint64_t offset, owed;
    uint32_t index;
    uint32_t source;       /* id */
    uint32_t older, newer; /* neighbours by position, slots; in a free entry newer is the next free one */
    uint32_t dirty_next;
    uint32_t generation : 24, flags : 8;
};

enum { OPEN_CHUNK = 512 }; /* entries, 24 KiB at a time: an idle agent holds next to nothing */

struct open_chunk {
    uint32_t used;
    uint32_t free;           /* first free entry, its index + 1 */
    uint32_t next_with_room; /* chunk number + 1 */
    uint32_t prev_with_room;
    bool has_room;
    struct open_entry entries[OPEN_CHUNK];
};

struct open_table {
    struct open_chunk **chunks;
    uint32_t chunk_count; /* numbers given, freed chunks (null) included */
    uint32_t room;
    uint32_t with_room;   /* first chunk with a free entry, number + 1 */
    uint32_t count;       /* used entries */
    uint32_t all;         /* entries of the chunks there are */
    uint32_t generation;
};

void open_clear(struct open_table *table);
/* A zeroed entry's slot (never 0), or 0: no memory or OPEN_LIST_MAX. */
uint32_t open_add(struct open_table *table);
/* Makes sure of as many open_add(). False: no memory or OPEN_LIST_MAX. */
bool open_reserve(struct open_table *table, uint32_t entries) CHECK_RESULT;
void open_remove(struct open_table *table, uint32_t slot);
/* Null when nothing is in that slot. */
struct open_entry *open_at(const struct open_table *table, uint32_t slot);

/* The entry in a slot that must be in use. */
static inline struct open_entry *open_used(const struct open_table *table, uint32_t slot)
{
    uint32_t number = (slot - 1) / OPEN_CHUNK; /* of slot 0: one that there never is */
    MUST(number < table->chunk_count && table->chunks[number]);
    struct open_entry *entry = &table->chunks[number]->entries[(slot - 1) % OPEN_CHUNK];
    MUST(entry->flags & OPEN_USED);
    return entry;
}

uint32_t open_slots(const struct open_table *table); /* slots go from 1 to this */

/* While loading: the entry of that very slot, made if need be. Null: no memory, or no such slot can be. */
struct open_entry *open_claim(struct open_table *table, uint32_t slot);
void open_loaded(struct open_table *table); /* after the last claim */

static inline uint64_t open_seq(const struct open_table *table, uint32_t slot)
{
    return (uint64_t)open_used(table, slot)->generation << 32 | slot;
}

/* The entry of a seq; null: it is gone. */
static inline struct open_entry *open_find(const struct open_table *table, uint64_t seq)
{
    uint32_t place = (uint32_t)seq - 1, number = place / OPEN_CHUNK;
    if (number >= table->chunk_count || !table->chunks[number])
        return NULL;
    struct open_entry *entry = &table->chunks[number]->entries[place % OPEN_CHUNK];
    return entry->flags & OPEN_USED && entry->generation == seq >> 32 ? entry : NULL;
}

static inline uint32_t open_slot(const struct open_table *table, uint64_t seq) /* 0: it is gone */
{
    return open_find(table, seq) ? (uint32_t)seq : 0;
}

#endif
