/* agent/sampling/depart.c - decided traces leave: as events again, weighed, named and made whole.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <string.h>

#include "agent/data/batch.h"
#include "agent/data/record.h"
#include "agent/must.h"
#include "agent/sampling/parking.h"
#include "agent/sampling/sampler.h"

struct departure { /* one call's */
    struct sampler *sampler;
    struct view *out;
    uint32_t room;
    size_t bytes;           /* of records that went out */
    const struct group *of; /* whose sources these are */
    const struct event
        *sources[COPIES_MAX]; /* events that copies are taken from, rebuilt when needed */
};

/* A record's own copy, because its block goes before the event does. Null: the arena is full. */
static struct event *rebuild(const struct held *held, struct arena *arena)
{
    struct str bytes = arena_copy(arena, held_record(held));
    struct event *event = arena_take(arena, sizeof *event);
    if (!bytes.at || !event || !record_read(bytes, event, arena))
        return NULL;
    return event;
}

/* What was sampled out goes along for the ledger's sake; where nobody asks for its fields it has
 * none. */
static struct event *rebuild_ghost(const struct held *held, struct arena *arena)
{
    struct event *event = arena_take(arena, sizeof *event);
    return event && record_read_ghost(held_record(held), event, arena) ? event : NULL;
}

static const struct event *copy_source(struct departure *departure, const struct group *group,
                                       uint8_t copy)
{
    if (departure->of != group) {
        departure->of = group;
        memset(departure->sources, 0, sizeof departure->sources);
    }
    if (!departure->sources[copy] && group->copies[copy])
        departure->sources[copy] = rebuild(group->copies[copy], departure->out->arena);
    return departure->sources[copy];
}

/* Fields that stand in another event of the trace come over to where they are wanted. */
static void copy_fields(struct departure *departure, const struct group *group, struct event *event)
{
    const struct sampler *sampler = departure->sampler;
    struct arena *arena = departure->out->arena;
    for (uint8_t i = 0; i < sampler->copy_count; i++) {
        const struct copy *copy = &sampler->copies[i];
        if (!group->copies[i] || (copy->when && !expr_true(copy->when, event, arena)) ||
            event_get(event, copy->field, arena).kind != VALUE_MISSING)
            continue;
        const struct event *source = copy_source(departure, group, i);
        if (source)
            (void)event_set(event, copy->field, event_get(source, copy->field, arena), arena);
    }
}

static bool has_room(const struct departure *departure)
{
    return departure->out->count < departure->room && departure->bytes < RELEASE_BYTES_MAX;
}

static bool depart_one(struct departure *departure, struct group *group, const struct held *held,
                       struct match match)
{
    struct view *out = departure->out;
    bool is_ghost = !group->ruling.is_kept && !match.is_keep && !out->asks_ghosts;
    struct event *event = NULL;
    if (has_room(departure))
        event = is_ghost ? rebuild_ghost(held, out->arena) : rebuild(held, out->arena);
    if (!event)
        return false;
    departure->bytes += held->size;
    sampler_mark(departure->sampler, event, &group->ruling, match, out->arena);
    if (event->fate == FATE_LIVE && departure->sampler->copy_count)
        copy_fields(departure, group, event);
    out->at[out->count++] = event;
    return true;
}

enum progress { GONE, NO_ROOM, NOT_NOW };

/* What was parked before the whole trace was seen has not been asked for any() since. */
static struct match match_of_parked(struct sampler *sampler, const struct group *group,
                                    const struct held *held)
{
    if (!sampler->rules.any_count)
        return held->match;
    struct tally tally = group->tally;
    arena_reset(&sampler->scratch);
    return sampler_match_again(sampler, held, &tally);
}

/* What is parked comes back; what the disk lost stays open in its source until the next start. */
static enum progress depart_run(struct departure *departure, struct group *group)
{
    const struct shelf *shelf = departure->sampler->shelf;
    struct holdings *holdings = &departure->sampler->groups.holdings;
    struct parked_run *run = group->holding.runs;
    struct str bytes;
    if (!has_room(departure))
        return NO_ROOM;
    enum parked found = shelf->get(shelf->context, run->place, departure->out->arena, &bytes);
    if (found == PARKED_LATER)
        return NOT_NOW;
    uint32_t next = run->at;
    const struct held *held;
    while (found == PARKED_HERE && (held = run_next(bytes, &next)) != NULL) {
        struct match match = match_of_parked(departure->sampler, group, held);
        if (!depart_one(departure, group, held, match))
            return NO_ROOM;
        run->at = next;
        run->events--;
        group->holding.events--;
        holdings->events--;
    }
    holding_end_run(holdings, &group->holding, shelf);
    return GONE;
}

static enum progress depart_group(struct departure *departure, struct group *group)
{
    struct holding *holding = &group->holding;
    for (;;) {
        enum progress progress = GONE;
        if (holding_is_at_run(holding))
            progress = depart_run(departure, group);
        if (progress != GONE)
            return progress;
        if (holding_is_at_run(holding))
            continue;
        struct cursor next = holding->cursor;
        const struct held *held = cursor_next(&next);
        if (!held)
            return GONE;
        if (!depart_one(departure, group, held, held->match))
            return NO_ROOM;
        holding_pass(&departure->sampler->groups.holdings, holding, next);
    }
}

static bool depart_queue(struct departure *departure, struct queue *queue, bool must_be_synced)
{
    struct sampler *sampler = departure->sampler;
    for (struct group *group; (group = queue->first);) {
        if (must_be_synced && !sampler->door.is_synced(sampler->door.context, group->ruling.ticket))
            return true;
        enum progress progress = depart_group(departure, group);
        if (progress != GONE)
            return progress == NOT_NOW;
        queue->first = group->younger;
        sampler->leaving_bytes -= group->holding.footprint;
        groups_free(&sampler->groups, group);
    }
    return true;
}

bool sampler_depart(struct sampler *sampler, struct view *out, uint32_t room)
{
    MUST(!sampler->unticketed);
    struct departure departure = {.sampler = sampler, .out = out, .room = room};
    return !depart_queue(&departure, &sampler->ghosts, false) ||
           !depart_queue(&departure, &sampler->waiting, true);
}
