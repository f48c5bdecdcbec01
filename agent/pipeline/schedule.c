/* agent/pipeline/schedule.c - which source is read next, and what time it is in the streams.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/pipeline/schedule.h"

#include "agent/state/state.h"

enum { BATCHES_OF_A_ROUND = 8 }; /* seven for who is behind, one for who is current */

static bool may_be_read(const struct source *source, struct readable readable)
{
    return (source->is_leaving ? readable.leaving : readable.inputs) >> source->input & 1;
}

struct source *schedule_pick(struct schedule *schedule, const struct state *state,
                             struct readable readable)
{
    struct source *behind = NULL, *current = NULL;
    for (struct source *at = state_first_ready(state); at; at = state_next_ready(state, at)) {
        if (!may_be_read(at, readable))
            continue;
        if (!behind || at->lane_time_ns < behind->lane_time_ns)
            behind = at;
        if (!current || at->lane_time_ns > current->lane_time_ns)
            current = at;
    }
    if (schedule->in_order || !behind)
        return behind;
    schedule->turn = (schedule->turn + 1) % BATCHES_OF_A_ROUND;
    return schedule->turn == 0 && behind->lane_time_ns != 0 ? current : behind;
}

void source_reached(struct source *source, int64_t time_ns, int64_t wall_ns)
{
    if (time_ns > wall_ns)
        time_ns = wall_ns;
    if (time_ns > source->lane_time_ns)
        source->lane_time_ns = time_ns;
}

bool schedule_knows_time(const struct state *state)
{
    for (const struct source *at = state_first_ready(state); at; at = state_next_ready(state, at))
        if (at->lane_time_ns == 0)
            return false;
    return true;
}

int64_t schedule_stream_ns(const struct state *state, int64_t wall_ns, int64_t lag_ns)
{
    int64_t oldest = wall_ns - lag_ns;
    for (const struct source *at = state_first_ready(state); at; at = state_next_ready(state, at))
        if (at->lane_time_ns && at->lane_time_ns < oldest)
            oldest = at->lane_time_ns;
    return oldest;
}
