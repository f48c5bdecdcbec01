/* agent/data/batch.c - the unit of work.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/data/batch.h"

#include <string.h>

#include "agent/limits.h"
#include "agent/must.h"

enum { FIRST_ROOM = 64 };

/* Events stand in one array; while it grows, pointers into it move. */
static bool grow(struct batch *batch)
{
    uint32_t room = batch->room ? batch->room * 2 : FIRST_ROOM;
    if (room > BATCH_EVENTS_MAX)
        room = BATCH_EVENTS_MAX;
    if (batch->count >= room)
        return false;
    struct event *events = arena_take(batch->arena, room * sizeof *events);
    if (!events)
        return false;
    if (batch->count)
        memcpy(events, batch->events, batch->count * sizeof *events);
    batch->events = events;
    batch->room = room;
    return true;
}

struct event *batch_add(struct batch *batch, struct str bytes, uint64_t offset, uint32_t length)
{
    if (UNLIKELY(batch->count == batch->room) && !grow(batch))
        return NULL;
    struct origin *origin = arena_take(batch->arena, sizeof *origin);
    if (!origin)
        return NULL;
    *origin = (struct origin){
        .source = batch->source, .source_id = batch->source_id, .offset = offset, .length = length};
    struct event *event = &batch->events[batch->count++];
    *event = (struct event){.bytes = bytes, .origin = origin, .flat = EVENT_ALL_FLAT};
    return event;
}
