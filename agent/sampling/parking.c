/* agent/sampling/parking.c - held records put aside on disk while memory is short.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/sampling/parking.h"

#include "agent/data/buffer.h"
#include "agent/limits.h"
#include "agent/memory.h"
#include "agent/sampling/holding.h"

enum { RUN_BYTES_MAX = PARKED_PIECE_BYTES + (1 << 20) };

bool holding_can_park(const struct holding *holding)
{
    const struct block *second = holding->first->next;
    return second && second->used > second->start && second->used <= RUN_BYTES_MAX;
}

/* The blocks behind the first, up to a piece. Returns the first one that stays. */
static struct block *collect(const struct holding *holding, struct buffer *to)
{
    struct block *block = holding->first->next;
    while (block && to->len < PARKED_PIECE_BYTES && to->len + block->used <= RUN_BYTES_MAX) {
        buffer_add(to, (struct str){block->at + block->start, block->used - block->start});
        block = block->next;
    }
    return block;
}

const struct held *run_next(struct str bytes, uint32_t *at)
{
    if (*at >= bytes.len)
        return NULL;
    const struct held *held = (const void *)(bytes.at + *at);
    *at += held_bytes(held);
    return held;
}

static uint32_t count_events(struct str bytes)
{
    uint32_t at = 0, count = 0;
    while (run_next(bytes, &at))
        count++;
    return count;
}

static void give_blocks(struct holdings *holdings, struct holding *holding,
                        const struct block *until)
{
    struct block *first = holding->first;
    while (first->next != until) {
        struct block *gone = first->next;
        first->next = gone->next;
        holding->footprint -= sizeof *gone + gone->room;
        pool_give(&holdings->pool, gone);
    }
    if (!first->next)
        holding->last = first;
}

static void add_run(struct holding *holding, struct parked_run *run)
{
    struct parked_run **link = &holding->runs;
    while (*link)
        link = &(*link)->next;
    *link = run;
}

enum parked holding_park(struct holdings *holdings, struct holding *holding,
                         const struct shelf *shelf)
{
    struct buffer bytes;
    buffer_init(&bytes, RUN_BYTES_MAX);
    const struct block *until = collect(holding, &bytes);
    struct parked_run *run = bytes.len && !bytes.full ? memory_make(sizeof *run) : NULL;
    enum parked result = PARKED_LOST;
    if (run) {
        *run = (struct parked_run){.events = count_events(buffer_str(&bytes))};
        result = shelf->put(shelf->context, buffer_str(&bytes), &run->place);
    }
    if (result == PARKED_HERE) {
        give_blocks(holdings, holding, until);
        add_run(holding, run);
    } else {
        memory_free(run);
    }
    buffer_clear(&bytes);
    return result;
}

static bool is_in(const struct block *block, const struct held *held)
{
    const char *at = (const void *)held;
    return at >= block->at && at < block->at + block->used;
}

bool holding_pin(struct holdings *holdings, struct holding *holding, const struct held **held)
{
    if (is_in(holding->first, *held))
        return true;
    for (const struct block *pin = holding->pins; pin; pin = pin->next)
        if (is_in(pin, *held))
            return true;
    struct block *pin = pool_take(&holdings->pool, held_bytes(*held));
    if (!pin)
        return false;
    memcpy(pin->at, *held, sizeof **held + (*held)->size);
    pin->used = held_bytes(*held);
    pin->next = holding->pins;
    holding->pins = pin;
    holding->footprint += sizeof *pin + pin->room;
    *held = (const void *)pin->at;
    return true;
}

bool holding_is_at_run(const struct holding *holding)
{
    const struct cursor *cursor = &holding->cursor;
    return holding->runs && (cursor->block != holding->first || cursor->at >= holding->first->used);
}

void holding_end_run(struct holdings *holdings, struct holding *holding, const struct shelf *shelf)
{
    struct parked_run *run = holding->runs;
    holding->runs = run->next;
    holding->events -= run->events;
    holdings->events -= run->events;
    shelf->forget(shelf->context, run->place);
    memory_free(run);
}
