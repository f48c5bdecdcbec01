/* agent/pipeline/schedule.h - which source is read next, and what time it is in the streams.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A source's time is its largest event time so far, never later than now. Of eight batches seven come from
 * the source furthest behind and one from the most current, of 64 one while memory is short; a source with no event yet
 * comes first.
 * Stream time is the oldest time among the sources with unread bytes, and wall time when there are none:
 * so a backlog of hours is sampled as it would have been live. A source that is far behind holds the timers of
 * all until it was read; the held budget bounds what that may cost.
 */
#ifndef WEIR_SCHEDULE_H
#define WEIR_SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>

struct source;
struct state;

struct schedule {
    uint32_t turn;
    bool in_order; /* --once: nothing is current, so always who is furthest behind: the least is held */
    bool is_short; /* of memory for what is held until who is behind was read: less is read of who is current */
    bool is_urgent; /* what was picked last may not wait for outputs: it is leaving, or holds the time of one that is */
};

struct readable { /* a bit per input: its sources may be read now; the same for those that are urgent */
    uint64_t inputs, urgent;
};
/* The next to read, or null when none is ready that may be read. */
struct source *schedule_pick(struct schedule *schedule, const struct state *state,
                             struct readable readable);
/* A source's events were read up to this time. */
void source_reached(struct source *source, int64_t time_ns, int64_t wall_ns);
/* False: a source with unread bytes has not said yet what time it is there, so no timer may fire. */
bool schedule_knows_time(const struct state *state);
/* lag_ns: the largest lag of the inputs; what they will bring has come after it. */
int64_t schedule_stream_ns(const struct state *state, int64_t wall_ns, int64_t lag_ns);

#endif
