/* agent/data/batch.c - the unit of work.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/data/batch.h"

#include <string.h>

#include "agent/limits.h"
#include "agent/must.h"

enum { FIRST_ROOM = 64 };

/* Events stand in one array; while it grows, pointers into it move. Their origins stay where they
 * are. */
static bool grow(struct batch *batch, size_t room)
{
    if (room > BATCH_EVENTS_MAX)
        room = BATCH_EVENTS_MAX;
    if (batch->count >= room)
        return false;
    struct event *events = arena_take(batch->arena, room * sizeof *events);
    struct origin *origins =
        events ? arena_take(batch->arena, (room - batch->count) * sizeof *origins) : NULL;
    if (!origins)
        return false;
    if (batch->count)
        memcpy(events, batch->events, batch->count * sizeof *events);
    batch->events = events;
    batch->room = (uint32_t)room;
    batch->origins = origins;
    batch->origins_from = batch->count;
    return true;
}

void batch_expect(struct batch *batch, size_t more)
{
    if (batch->count + more > batch->room)
        (void)grow(batch, batch->count + more);
}

/* In pieces that become a few vector stores: at once it becomes `rep stos`, which takes as long as
 * all the rest of batch_add() three times. */
static inline void clear(struct event *event)
{
    enum { PIECE = 64, LAST = sizeof *event - 3 * PIECE };
    _Static_assert(sizeof *event > 3 * PIECE && LAST <= 96, "four pieces, none too large");
    char *at = (char *)event;
    memset(at, 0, PIECE);
    memset(at + PIECE, 0, PIECE);
    memset(at + PIECE * 2, 0, PIECE);
    memset(at + PIECE * 3, 0, LAST);
}

struct event *batch_add(struct batch *batch, struct str bytes, uint64_t offset, uint32_t length)
{
    if (UNLIKELY(batch->count == batch->room) &&
        !grow(batch, batch->room ? (size_t)batch->room * 2 : FIRST_ROOM))
        return NULL;
    struct origin *origin = &batch->origins[batch->count - batch->origins_from];
    *origin = (struct origin){
        .source = batch->source, .source_id = batch->source_id, .offset = offset, .length = length};
    struct event *event = &batch->events[batch->count++];
    clear(event);
    event->bytes = bytes;
    event->origin = origin;
    event->flat = EVENT_ALL_FLAT;
    return event;
}
