/* agent/pipeline/settle.c - who is owed an event, and the ledger's side of it.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/pipeline/settle.h"

#include "agent/must.h"
#include "agent/state/source.h"

/* The lowest set bit's index; takes it out of the mask. */
static uint32_t take_bit(uint64_t *mask)
{
    uint32_t bit = (uint32_t)__builtin_ctzll(*mask);
    *mask &= *mask - 1;
    return bit;
}

void origin_open(struct origin *origin, uint64_t outputs)
{
    if (origin->seq || !origin->source || !(origin->owed & outputs))
        return;
    MUST(source_hold_open(origin->source, origin)); /* flow_prepare() made sure of its place */
}

void origin_settle(struct origin *origin, uint64_t outputs)
{
    uint64_t done = origin->owed & outputs;
    origin->owed &= ~outputs;
    if (!origin->seq || !origin->source)
        return;
    while (done)
        (void)source_settle(origin->source, origin->seq, take_bit(&done));
}

void origin_turn_away(struct origin *origin, uint64_t outputs, struct ledger *ledger)
{
    uint64_t counted = origin->owed & ~origin->fresh & outputs;
    while (counted)
        ledger->outputs[take_bit(&counted)].in--;
    origin_settle(origin, outputs);
}

void origin_count_in(struct origin *origin, uint64_t outputs, struct ledger *ledger)
{
    uint64_t news = origin->owed & origin->fresh & outputs;
    origin->fresh &= ~outputs;
    while (news)
        ledger->outputs[take_bit(&news)].in++;
}

void origin_hold(struct origin *origin, uint64_t below, struct ledger *ledger)
{
    uint64_t held = origin->owed & below;
    origin_count_in(origin, below, ledger);
    while (held)
        ledger->outputs[take_bit(&held)].held++;
}

void origin_release(const struct origin *origin, uint64_t below, struct ledger *ledger)
{
    uint64_t held = origin->owed & below;
    while (held)
        ledger->outputs[take_bit(&held)].held--;
}
