/* agent/state/sent.c - up to where events of a source may have been sent under their ids.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A destination that knows an id already has the event from an earlier life of this agent, or two
 * agents share an id. Only what was written down before anything left tells the two apart.
 */
#include "agent/limits.h"
#include "agent/state/inside.h"

uint64_t source_reserve(struct source *source, uint64_t offset)
{
    if (offset >= source->reserved) {
        source->reserved = offset + SENT_AHEAD_BYTES;
        source->reserved_ticket = source->state->next_ticket;
        source->state->is_urgent = true; /* it waits to leave */
        source_mark_dirty(source);
    }
    return source->reserved_ticket;
}

void source_share_ids(struct source *source)
{
    source->shares_ids = true;
}

bool source_maybe_sent(const struct source *source, uint64_t offset)
{
    return source->shares_ids || offset < source->once_sent;
}
