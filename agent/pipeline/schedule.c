/* agent/pipeline/schedule.c - which source is read next, and what time it is in the streams.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/pipeline/schedule.h"

#include "agent/state/state.h"

/* Batches: the last of a round for who is current, the others for who is behind. */
enum { ROUND = 8, SHORT_ROUND = 64 };

/* The time that the sources which are leaving have reached: who stands before it holds back what is
 * read of them. */
static int64_t time_of_leaving(const struct state *state)
{
    int64_t latest = INT64_MIN;
    for (struct source *at = state_first_ready(state); at; at = state_next_ready(state, at))
        if (at->is_leaving && at->lane_time_ns > latest)
            latest = at->lane_time_ns;
    return latest;
}

static bool is_urgent(const struct source *source, int64_t leaving_ns)
{
    return source->is_leaving || source->lane_time_ns <= leaving_ns;
}

struct source *schedule_pick(struct schedule *schedule, const struct state *state,
                             struct readable readable)
{
    struct source *behind = NULL, *current = NULL;
    int64_t leaving_ns = time_of_leaving(state);
    for (struct source *at = state_first_ready(state); at; at = state_next_ready(state, at)) {
        uint64_t inputs = is_urgent(at, leaving_ns) ? readable.urgent : readable.inputs;
        if (!(inputs >> at->input & 1))
            continue;
        if (!behind || at->lane_time_ns < behind->lane_time_ns)
            behind = at;
        if (!current || at->lane_time_ns > current->lane_time_ns)
            current = at;
    }
    if (!behind)
        return NULL;
    struct source *picked = behind;
    if (!schedule->in_order) {
        schedule->turn = (schedule->turn + 1) % (schedule->is_short ? SHORT_ROUND : ROUND);
        picked = schedule->turn == 0 && behind->lane_time_ns != 0 ? current : behind;
    }
    schedule->is_urgent = is_urgent(picked, leaving_ns);
    return picked;
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
