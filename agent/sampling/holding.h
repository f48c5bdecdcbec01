/* agent/sampling/holding.h - the events that one trace holds, as records in blocks of its own.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef WEIR_HOLDING_H
#define WEIR_HOLDING_H

#include "agent/sampling/pool.h"
#include "agent/sampling/rules.h"
#include "agent/sampling/stakes.h"

struct parked_run; /* parking.h */

struct held { /* in front of each record; 8-aligned */
    uint32_t size; /* of the record */
    struct match match;
};

struct cursor { /* walks what is held */
    struct block *block;
    uint32_t at;
};

struct holding { /* one trace's; whoever owns it lies at the start of the first block */
    struct block *first, *last;
    struct stake *stakes;
    struct parked_run *runs;   /* parked: what came behind the first block and before the others */
    struct block *pins;        /* one record each: copies of parked ones that are still asked for */
    uint64_t bytes;     /* of records */
    uint64_t footprint; /* of blocks */
    uint32_t events;
    struct cursor cursor; /* what went out already */
};

struct holdings { /* what all share */
    struct pool pool;
    struct stakes stakes;
    char *scratch; /* a record is written here, then moved to its place */
    size_t scratch_room;
    uint64_t events;
};

/* A first block with room for the owner, `size` bytes at its start; null: no memory. */
void *holding_open(struct holdings *holdings, struct holding *ret, size_t size);
/* Writes an event's record and notes its position. Null: no memory. */
struct held *holding_add(struct holdings *holdings, struct holding *holding, const struct event *event);
/* Takes over all that another one holds. */
void holding_join(struct holding *to, struct holding *from);
/* Gives everything back, the owner with it. */
void holding_free(struct holdings *holdings, struct holding *holding);

struct cursor holding_cursor(const struct holding *holding);
/* The next held event, or null at the end. */
struct held *cursor_next(struct cursor *cursor);
/* What it takes in its block. */
static inline uint32_t held_bytes(const struct held *held)
{
    return (uint32_t)(sizeof *held + held->size + 7) & ~UINT32_C(7);
}
static inline struct str held_record(const struct held *held)
{
    return (struct str){(const char *)(held + 1), held->size};
}
/* One event less: it went out. */
void holding_pass(struct holdings *holdings, struct holding *holding, struct cursor next);

size_t holdings_bytes(const struct holdings *holdings);
void holdings_clear(struct holdings *holdings);

#endif
