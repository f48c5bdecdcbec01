/* agent/pipeline/room.c - may more be read: for each output there is room, or its queue, or it must
 * wait. SPDX-License-Identifier: Apache-2.0
 */
#include "agent/pipeline/room.h"

static const int64_t AWAY_NS = INT64_C(5) * 1000000000; /* so long no answer, or nothing let in */

static uint64_t bit_of(const struct drain *drain)
{
    return UINT64_C(1) << drain->index;
}

static bool is_away(const struct pipeline *pipeline, const struct drain *drain)
{
    return drain->away_since_ns && pipeline->engine.mono_ns - drain->away_since_ns >= AWAY_NS;
}

struct shares {                   /* outputs by what they can take */
    uint64_t roomy, behind, away; /* away: behind, but there is room in memory */
};

static struct shares look(struct pipeline *pipeline, uint64_t outputs)
{
    struct shares shares = {0};
    for (uint16_t i = 0; i < pipeline->drain_count; i++) {
        struct drain *drain = &pipeline->drains[i];
        if (!(outputs & bit_of(drain)))
            continue;
        bool has_room = drain_has_room(drain);
        if (has_room && !is_away(pipeline, drain))
            shares.roomy |= bit_of(drain);
        else
            shares.behind |= bit_of(drain);
        if (has_room && is_away(pipeline, drain))
            shares.away |= bit_of(drain);
    }
    return shares;
}

/* Each of those behind has a queue that takes more, or at least room. Tells them all. */
static bool divert(struct pipeline *pipeline, uint64_t outputs, const struct shares *shares)
{
    for (uint16_t i = 0; i < pipeline->drain_count; i++) {
        struct drain *drain = &pipeline->drains[i];
        if (!(outputs & bit_of(drain)))
            continue;
        drain->diverts = shares->behind & bit_of(drain) && queue_has_room(&drain->queue);
        if (shares->behind & bit_of(drain) && !drain->diverts && !(shares->away & bit_of(drain)))
            return false;
    }
    return true;
}

static bool go_direct(struct pipeline *pipeline, uint64_t outputs)
{
    for (uint16_t i = 0; i < pipeline->drain_count; i++)
        if (outputs & bit_of(&pipeline->drains[i]))
            pipeline->drains[i].diverts = false;
    return true;
}

bool room_for(struct pipeline *pipeline, uint64_t outputs, bool is_urgent)
{
    struct shares shares = look(pipeline, outputs);
    if (!shares.behind)
        return go_direct(pipeline, outputs);
    if (shares.roomy || is_urgent)
        return divert(pipeline, outputs, &shares);
    return shares.behind == shares.away && go_direct(pipeline, outputs); /* nobody else waits */
}

/* Another output of the inputs that reach these ones takes what comes. */
static bool goes_on_beside(struct pipeline *pipeline, uint64_t outputs)
{
    uint64_t beside = 0;
    for (uint16_t i = 0; i < pipeline->entry_count; i++)
        if (pipeline->entries[i].below & outputs)
            beside |= pipeline->entries[i].below;
    return look(pipeline, beside & ~outputs).roomy;
}

bool room_for_held(struct pipeline *pipeline, uint64_t outputs, bool must_go)
{
    return room_for(pipeline, outputs, must_go || goes_on_beside(pipeline, outputs));
}

bool room_is_left_behind(struct pipeline *pipeline, const struct drain *drain)
{
    return is_away(pipeline, drain) && queue_fits(&drain->queue, outbox_bytes(drain->outbox)) &&
           goes_on_beside(pipeline, bit_of(drain));
}

uint64_t room_of_inputs(struct pipeline *pipeline, uint64_t *ret_urgent)
{
    uint64_t readable = 0;
    *ret_urgent = 0;
    for (uint16_t i = 0; i < pipeline->entry_count; i++) {
        const struct entry *entry = &pipeline->entries[i];
        readable |= (uint64_t)room_for(pipeline, entry->below, false) << i;
        *ret_urgent |= (uint64_t)room_for(pipeline, entry->below, true) << i;
    }
    return readable;
}
