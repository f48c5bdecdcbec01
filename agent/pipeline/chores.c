/* agent/pipeline/chores.c - what the lane looks after beside events.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/pipeline/lane.h"

#include <inttypes.h>

#include "agent/memory.h"
#include "agent/state/state.h"

static const int64_t TELL_EVERY_NS = INT64_C(600) * 1000000000; /* of losses that go on */
static const int64_t REST_AFTER_NS = INT64_C(5) * 1000000000;
static const int64_t GIVE_BACK_EVERY_NS = INT64_C(1) * 1000000000;

static void tell_lost(struct lane *lane, int64_t mono_ns)
{
    struct chores *chores = &lane->chores;
    uint64_t lost = state_lost(lane->state) - chores->lost_told;
    if (lost == 0 || (chores->lost_told_ns && mono_ns - chores->lost_told_ns < TELL_EVERY_NS))
        return;
    log_line(LOG_WARN, "state",
             "%" PRIu64 " events that an earlier run had read and not delivered can be read "
             "nowhere any more; they are lost and count as abandoned",
             lost);
    chores->lost_told += lost;
    chores->lost_told_ns = mono_ns;
}

static void tell_overflows(struct lane *lane)
{
    for (uint16_t i = 0; i < lane->pipeline.drain_count; i++) {
        struct drain *drain = &lane->pipeline.drains[i];
        const char *overflow = drain->outbox ? outbox_overflow(drain->outbox) : "";
        if (*overflow)
            host_alarm(&drain->host, "targets", "%s", overflow);
        else if (drain->outbox)
            host_recovered(&drain->host, "targets", "a new target has room again");
    }
}

static void reopen(struct lane *lane)
{
    struct chores *chores = &lane->chores;
    if (chores->wants_reopen && writer_reopen(state_writer(lane->state)))
        chores->wants_reopen = false;
}

/* An agent that has nothing to do keeps no buffers. */
static int64_t rest(struct lane *lane, bool is_busy, int64_t mono_ns)
{
    struct chores *chores = &lane->chores;
    if (is_busy) {
        chores->busy_ns = mono_ns;
        chores->is_resting = false;
    }
    if (chores->is_resting)
        return INT64_MAX;
    if (mono_ns - chores->busy_ns < REST_AFTER_NS)
        return chores->busy_ns + REST_AFTER_NS;
    for (uint16_t i = 0; i < lane->pipeline.drain_count; i++)
        drain_flush(&lane->pipeline.drains[i]);
    writer_rest(state_writer(lane->state));
    spare_clear(&lane->pipeline.spare);
    arena_clear(&lane->batch);
    arena_clear(&lane->scratch);
    memory_give_back();
    chores->is_resting = true;
    return INT64_MAX;
}

static void give_back(struct lane *lane, bool is_busy, int64_t mono_ns)
{
    struct chores *chores = &lane->chores;
    if (!is_busy || mono_ns < chores->give_back_ns)
        return;
    memory_give_back();
    chores->give_back_ns = mono_ns + GIVE_BACK_EVERY_NS;
}

int64_t chores_step(struct lane *lane, bool moved, int64_t mono_ns)
{
    tell_lost(lane, mono_ns);
    tell_overflows(lane);
    reopen(lane);
    bool is_busy =
        moved || lane->read.waits || lane->is_dirty || !writer_is_idle(state_writer(lane->state));
    give_back(lane, is_busy, mono_ns);
    return rest(lane, is_busy, mono_ns);
}
