/* agent/sampling/holding.c - the events that one trace holds, as records in blocks of its own.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/sampling/holding.h"

#include "agent/data/record.h"

enum {
    RECORD_GUESS = 256,         /* of a record, beside the event's bytes */
    HELD_BYTES_MAX = 512 << 20, /* a line of the largest line_max with all its fields */
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
    *ret = (struct holding){.first = block, .last = block};
    return block->at;
}

void holding_free(struct holdings *holdings, struct holding *holding)
{
    stakes_drop(&holdings->stakes, &holding->stakes);
    holdings->events -= holding->events;
    struct block *block = holding->first;
    while (block) {
        struct block *next = block->next;
        pool_give(&holdings->pool, block);
        block = next;
    }
}

/* Writes the record into what is left of a block. */
static struct held *write_held(struct block *block, const struct event *event)
{
    uint32_t left = block->room - block->used;
    if (left <= sizeof(struct held))
        return NULL;
    struct held *held = (void *)(block->at + block->used);
    size_t room = left - sizeof *held;
    struct buffer to = {.at = (char *)(held + 1), .room = room, .max = room};
    if (!record_write(&to, event))
        return NULL;
    *held = (struct held){.size = (uint32_t)to.len};
    uint32_t used = block->used + aligned(sizeof *held + to.len);
    block->used = used < block->room ? used : block->room;
    return held;
}

/* Blocks grow with the trace: one of a few lines takes little, a long one few blocks. */
static struct held *write_in_new_block(struct holdings *holdings, struct holding *holding,
                                       const struct event *event)
{
    size_t grown = holding->bytes < SLAB_BYTES / 2 ? holding->bytes : SLAB_BYTES / 2;
    size_t want = event->bytes.len + RECORD_GUESS;
    want = want > grown ? want : grown;
    for (; want < HELD_BYTES_MAX; want *= 2) {
        struct block *block = pool_take(&holdings->pool, want);
        if (!block)
            return NULL;
        struct held *held = write_held(block, event);
        if (held) {
            holding->last->next = block;
            holding->last = block;
            return held;
        }
        pool_give(&holdings->pool, block);
    }
    return NULL;
}

struct held *holding_add(struct holdings *holdings, struct holding *holding,
                         const struct event *event)
{
    const struct origin *origin = event->origin;
    if (origin && origin->source_id != UINT32_MAX &&
        !stakes_add(&holdings->stakes, &holding->stakes, origin->source_id, origin->offset))
        return NULL;
    struct held *held = write_held(holding->last, event);
    if (!held)
        held = write_in_new_block(holdings, holding, event);
    if (!held)
        return NULL;
    holding->events++;
    holding->bytes += held->size;
    holdings->events++;
    return held;
}

void holding_join(struct holding *to, struct holding *from)
{
    stakes_join(&to->stakes, &from->stakes);
    to->events += from->events;
    to->bytes += from->bytes;
    to->last->next = from->first;
    to->last = from->last;
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
    cursor->at += aligned(sizeof *held + held->size);
    return held;
}

void holding_pass(struct holdings *holdings, struct holding *holding, struct cursor next)
{
    holding->cursor = next;
    holding->events--;
    holdings->events--;
}

uint64_t holding_footprint(const struct holding *holding)
{
    uint64_t bytes = 0;
    for (const struct block *block = holding->first; block; block = block->next)
        bytes += sizeof *block + block->room;
    return bytes;
}
