/* agent/sampling/holding.c - the events that one trace holds, as records in blocks of its own.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/sampling/holding.h"

#include "agent/data/record.h"
#include "agent/memory.h"
#include "agent/sampling/parking.h"

enum {
    RECORD_GUESS = 256,             /* of a first record, beside its owner */
    HELD_BYTES_MAX = 512 << 20,     /* a line of the largest line_max with all its fields */
    SECOND_BLOCK = SLAB_BYTES / 64, /* a trace that outgrew its first block gets a double one */
    SCRATCH_KEPT = 1 << 20,         /* a larger scratch buffer is given back */
};

static uint32_t aligned(size_t size)
{
    return (uint32_t)(size + 7) & ~UINT32_C(7);
}

void *holding_open(struct holdings *holdings, struct holding *ret, size_t size)
{
    struct block *block = pool_take(&holdings->pool, size + RECORD_GUESS);
    if (!block)
        return NULL;
    block->start = block->used = aligned(size);
    *ret =
        (struct holding){.first = block, .last = block, .footprint = sizeof *block + block->room};
    return block->at;
}

static void give_chain(struct holdings *holdings, struct block *block)
{
    while (block) {
        struct block *next = block->next;
        pool_give(&holdings->pool, block);
        block = next;
    }
}

void holding_free(struct holdings *holdings, struct holding *holding)
{
    stakes_drop(&holdings->stakes, &holding->stakes);
    holdings->events -= holding->events;
    while (holding->runs) {
        struct parked_run *run = holding->runs;
        holding->runs = run->next;
        memory_free(run);
    }
    give_chain(holdings, holding->pins);
    give_chain(holdings, holding->first); /* the owner lies in there */
}

/* The event's record, in the scratch memory: only then is its size known. */
static struct str write_record(struct holdings *holdings, const struct event *event)
{
    struct buffer to = {
        .at = holdings->scratch, .room = holdings->scratch_room, .max = HELD_BYTES_MAX};
    if (to.room > SCRATCH_KEPT)
        buffer_clear(&to);
    bool is_written = record_write(&to, event);
    holdings->scratch = to.at;
    holdings->scratch_room = to.room;
    return is_written ? buffer_str(&to) : (struct str){NULL, 0};
}

/* Blocks grow with the trace: one of a few lines takes little, a long one few blocks. */
static bool add_block(struct holdings *holdings, struct holding *holding, size_t size)
{
    size_t grown = holding->bytes / 2 < SECOND_BLOCK ? SECOND_BLOCK : holding->bytes / 2;
    grown = grown < SLAB_BYTES / 2 ? grown : SLAB_BYTES / 2;
    struct block *block = pool_take(&holdings->pool, size > grown ? size : grown);
    if (!block)
        return false;
    holding->last->next = block;
    holding->last = block;
    holding->footprint += sizeof *block + block->room;
    return true;
}

/* Straight into the newest block, where most records fit; else by way of the scratch memory. */
static struct held *add_in_place(struct block *block, const struct event *event)
{
    uint32_t left = (block->room - block->used) & ~UINT32_C(7);
    if (left < sizeof(struct held) + record_size_least(event))
        return NULL;
    struct held *held = (void *)(block->at + block->used);
    size_t room = left - sizeof *held;
    struct buffer to = {.at = (char *)(held + 1), .room = room, .max = room};
    if (!record_write(&to, event))
        return NULL;
    *held = (struct held){.size = (uint32_t)to.len};
    return held;
}

static struct held *add_by_scratch(struct holdings *holdings, struct holding *holding,
                                   const struct event *event)
{
    struct str record = write_record(holdings, event);
    size_t size = sizeof(struct held) + record.len;
    if (!record.at || (holding->last->room - holding->last->used < aligned(size) &&
                       !add_block(holdings, holding, aligned(size))))
        return NULL;
    struct held *held = (void *)(holding->last->at + holding->last->used);
    *held = (struct held){.size = (uint32_t)record.len};
    memcpy(held + 1, record.at, record.len);
    return held;
}

struct held *holding_add(struct holdings *holdings, struct holding *holding,
                         const struct event *event)
{
    const struct origin *origin = event->origin;
    if (origin && origin->source_id != UINT32_MAX &&
        !stakes_add(&holdings->stakes, &holding->stakes, origin->source_id, origin->offset))
        return NULL;
    bool is_behind_runs = holding->runs && holding->last == holding->first; /* order is kept */
    if (is_behind_runs && !add_block(holdings, holding, SECOND_BLOCK))
        return NULL;
    struct held *held = add_in_place(holding->last, event);
    if (!held)
        held = add_by_scratch(holdings, holding, event);
    if (!held)
        return NULL;
    holding->last->used += aligned(sizeof *held + held->size);
    holding->events++;
    holding->bytes += held->size;
    holdings->events++;
    return held;
}

void holding_join(struct holding *to, struct holding *from)
{
    stakes_join(&to->stakes, &from->stakes);
    struct parked_run **runs = &to->runs;
    while (*runs)
        runs = &(*runs)->next;
    *runs = from->runs;
    from->runs = NULL;
    struct block **pins = &to->pins;
    while (*pins)
        pins = &(*pins)->next;
    *pins = from->pins;
    from->pins = NULL;
    to->events += from->events;
    to->bytes += from->bytes;
    to->footprint += from->footprint;
    to->last->next = from->first;
    to->last = from->last;
}

size_t holdings_bytes(const struct holdings *holdings)
{
    return holdings->pool.bytes + holdings->stakes.bytes + holdings->scratch_room;
}

void holdings_clear(struct holdings *holdings)
{
    memory_free(holdings->scratch);
    stakes_clear(&holdings->stakes);
    pool_clear(&holdings->pool);
}

struct cursor holding_cursor(const struct holding *holding)
{
    return (struct cursor){.block = holding->first, .at = holding->first->start};
}

struct held *cursor_next(struct cursor *cursor)
{
    while (cursor->block && cursor->at >= cursor->block->used) {
        cursor->block = cursor->block->next;
        cursor->at = cursor->block ? cursor->block->start : 0;
    }
    if (!cursor->block)
        return NULL;
    struct held *held = (void *)(cursor->block->at + cursor->at);
    cursor->at += held_bytes(held);
    return held;
}

void holding_pass(struct holdings *holdings, struct holding *holding, struct cursor next)
{
    holding->cursor = next;
    holding->events--;
    holdings->events--;
}
