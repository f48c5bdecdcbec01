/* agent/pipeline/lane.c - sources through the filters to the outputs, one batch at a time.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/pipeline/lane.h"

#include <errno.h>

#include "agent/pipeline/room.h"
#include "agent/pipeline/settle.h"
#include "agent/pipeline/yard.h"
#include "agent/state/state.h"

static const int64_t COMMIT_EVERY_NS = 200 * 1000000; /* the group commit of the design */
static const int64_t TRY_AGAIN_NS = 50 * 1000000;     /* when there was no memory or room */
static const int64_t WATCH_EVERY_NS = 1000 * 1000000; /* at the latest, whatever an input says */

static int64_t mono_now(const struct lane *lane)
{
    const struct clock *clock = lane->pipeline.engine.clock;
    return clock->mono_ns(clock->self);
}

/* --- what came back
 * ------------------------------------------------------------------------------- */

static void hear_writer(struct lane *lane)
{
    struct writer_news news;
    while (writer_collect(state_writer(lane->state), &news)) {
        lane->is_cut_off |= !news.healed && news.sys == EPIPE;
        log_line(news.healed ? LOG_INFO : LOG_ERROR, "disk", "%s", news.text);
    }
}

static void hear_notices(struct lane *lane)
{
    struct notice notice;
    while (delivery_take_notice(lane->delivery, &notice)) {
        drain_hear(&lane->pipeline.drains[notice.output], &notice, lane->pipeline.engine.mono_ns);
    }
}

static void settle(struct lane *lane, struct payload *payload)
{
    struct drain *drain = &lane->pipeline.drains[payload->output];
    if (!drain_settle(drain, payload)) {
        payloads_prepend(&drain->refused, payload);
        return;
    }
    delivery_give_back(lane->delivery, payload);
    lane->is_dirty = true;
}

/* Dead letters that could not be kept: tried again until they can. */
static void settle_refused(struct lane *lane)
{
    for (uint16_t i = 0; i < lane->pipeline.drain_count; i++) {
        struct payloads waiting = lane->pipeline.drains[i].refused;
        lane->pipeline.drains[i].refused = (struct payloads){0};
        while (waiting.first)
            settle(lane, payloads_take_first(&waiting));
    }
}

static void hear_delivery(struct lane *lane)
{
    if (!lane->delivery)
        return;
    delivery_allow(lane->delivery, writer_synced(state_writer(lane->state)));
    settle_refused(lane);
    struct payload *payload;
    while ((payload = delivery_take_settled(lane->delivery)) != NULL)
        settle(lane, payload);
    hear_notices(lane);
}

/* Outputs whose queue takes what comes, while older events wait in memory: those would hold the
 * rewind where it is, and the next start would read again all that was delivered elsewhere since.
 */
static uint64_t left_behind(struct lane *lane)
{
    struct pipeline *pipeline = &lane->pipeline;
    uint64_t behind = 0;
    for (uint16_t i = 0; i < pipeline->drain_count; i++)
        behind |= (uint64_t)room_is_left_behind(pipeline, &pipeline->drains[i]) << i;
    return behind;
}

/* What a source that may soon be gone still owes must not live in memory alone. */
static void recall(struct lane *lane, int64_t mono_ns)
{
    if (!lane->delivery || mono_ns < lane->recall_at_ns)
        return;
    lane->recall_at_ns = mono_ns + WATCH_EVERY_NS;
    uint64_t needed = state_leaving(lane->state) | left_behind(lane);
    for (uint16_t i = 0; i < lane->pipeline.drain_count; i++)
        if (lane->pipeline.drains[i].outbox)
            drain_recall(&lane->pipeline.drains[i], lane->delivery, mono_ns, needed >> i & 1);
}

/* --- reading
 * --------------------------------------------------------------------------------------- */

static int64_t watch_inputs(struct lane *lane, int64_t mono_ns)
{
    int64_t next = INT64_MAX;
    for (uint16_t i = 0; i < lane->pipeline.entry_count; i++) {
        struct entry *entry = &lane->pipeline.entries[i];
        if (entry->plugin->watch)
            entry->watch_at_ns =
                entry->plugin->watch(entry->self, &entry->host, mono_ns, lane->mode == LANE_ONCE);
        if (entry->watch_at_ns > mono_ns + WATCH_EVERY_NS || entry->watch_at_ns <= mono_ns)
            entry->watch_at_ns = mono_ns + WATCH_EVERY_NS;
        if (entry->watch_at_ns < next)
            next = entry->watch_at_ns;
    }
    return next;
}

static bool inputs_are_waiting(const struct lane *lane)
{
    for (uint16_t i = 0; i < lane->pipeline.entry_count; i++) {
        const struct entry *entry = &lane->pipeline.entries[i];
        if (entry->plugin->is_waiting && entry->plugin->is_waiting(entry->self))
            return true;
    }
    return false;
}

/* Of the filter that holds most. What it has decided still takes room until its verdicts are on
 * disk and the outputs have it. */
static uint64_t most_held(const struct lane *lane)
{
    uint64_t most = 0;
    for (uint16_t i = 0; i < lane->pipeline.holder_count; i++) {
        const struct stage *holder = lane->pipeline.holders[i];
        uint64_t bytes = holder->filter->held_bytes(holder->self);
        if (holder->filter->held(holder->self) && bytes > most)
            most = bytes;
    }
    return most;
}

static void run_batch(struct lane *lane, struct batch *batch)
{
    struct pipeline *pipeline = &lane->pipeline;
    struct source *source = batch->source;
    struct view view = {.at = spare_take(&pipeline->spare, batch->count * sizeof(struct event *)),
                        .count = batch->count,
                        .arena = &lane->batch};
    source_take_batch(source, batch);
    pipeline->is_replay = batch->offset < source->read;
    pipeline->before_ns = source->lane_last_ns;
    for (uint32_t i = 0; i < batch->count; i++)
        view.at[i] = &batch->events[i];
    if (view.count)
        flow_enter(pipeline, &pipeline->entries[source->input], &view);
    source_note_moment(source, batch->offset, pipeline->before_ns);
    source_count(source, batch);
    source_advance(source, batch->offset + batch->bytes);
    lane->is_dirty = true;
}

/* Runs what was read. False: there is no memory for the pass, and the batch waits as it is. */
static bool finish_reading(struct lane *lane)
{
    struct reading_batch *read = &lane->read;
    struct source *source = read->batch.source;
    struct host *host = &lane->pipeline.entries[source->input].host;
    read->waits = !flow_prepare(&lane->pipeline, source, read->batch.count);
    if (read->waits) {
        host_alarm(host, "memory", "no memory for %u events that were read: waiting for some",
                   read->batch.count);
        return false;
    }
    host_recovered(host, "memory", "there is memory again");
    if (read->batch.bytes)
        run_batch(lane, &read->batch);
    if (read->result != READ_SOME)
        source_ready(source, false);
    if (read->result == READ_ENDED)
        source_finish(source);
    arena_reset(&lane->batch);
    return true;
}

static bool has_room_for_read(struct lane *lane)
{
    const struct source *source = lane->read.batch.source;
    return room_for(&lane->pipeline, lane->pipeline.entries[source->input].below,
                    lane->schedule.is_urgent);
}

static bool read_one(struct lane *lane, struct readable readable)
{
    struct source *source = schedule_pick(&lane->schedule, lane->state, readable);
    if (!source)
        return false;
    struct entry *entry = &lane->pipeline.entries[source->input];
    struct reading_batch *read = &lane->read;
    read->batch =
        (struct batch){.arena = &lane->batch, .source = source, .source_id = source_id(source)};
    if (!has_room_for_read(lane))
        return false;
    read->result = entry->plugin->read(entry->self, source, &read->batch, lane->mode == LANE_ONCE);
    return finish_reading(lane);
}

/* One piece of every queue whose output has room beside the live stream. */
static bool read_queues(struct lane *lane)
{
    bool moved = false;
    for (uint16_t i = 0; i < lane->pipeline.drain_count; i++) {
        bool has_read = drain_read_queue(&lane->pipeline.drains[i], &lane->scratch);
        arena_reset(&lane->scratch);
        moved |= has_read;
    }
    lane->is_dirty |= moved;
    return moved;
}

/* --- timers
 * ---------------------------------------------------------------------------------------- */

/* While a source has not said what time it is there, time stands still: no timer fires, and what
 * was decided before leaves all the same. It may be what keeps that source from being read. */
static int64_t stream_now(struct lane *lane)
{
    if (lane->decides)
        return INT64_MAX;
    if (schedule_knows_time(lane->state))
        lane->stream_ns = schedule_stream_ns(lane->state, lane->pipeline.engine.now_ns, 0);
    return lane->stream_ns;
}

static bool release_held(struct lane *lane)
{
    bool moved = false;
    int64_t now = stream_now(lane);
    for (uint16_t i = 0; i < lane->pipeline.holder_count; i++) {
        struct stage *holder = lane->pipeline.holders[i];
        /* what is read whoever waits would pile up */
        bool must_go = lane->mode == LANE_STOPPING || lane->schedule.is_urgent;
        while (room_for_held(&lane->pipeline, holder->below, must_go) &&
               flow_release(&lane->pipeline, holder, now, &lane->scratch)) {
            moved = lane->is_dirty = true;
            arena_reset(&lane->scratch);
        }
        arena_reset(&lane->scratch);
    }
    return moved;
}

/* The earliest stream time at which a holder has something to do, as a moment of the monotonic
 * clock. What is due and did not move waits for room, for the disk, or for stream time. */
static int64_t next_release(struct lane *lane, bool moved, int64_t mono_ns)
{
    int64_t earliest = INT64_MAX;
    for (uint16_t i = 0; i < lane->pipeline.holder_count; i++) {
        struct stage *holder = lane->pipeline.holders[i];
        int64_t due = holder->filter->due(holder->self);
        if (due < earliest)
            earliest = due;
    }
    int64_t now_ns = lane->pipeline.engine.now_ns;
    if (earliest <= now_ns)
        return moved ? mono_ns : mono_ns + TRY_AGAIN_NS;
    return earliest == INT64_MAX ? INT64_MAX : mono_ns + (earliest - now_ns);
}

/* --- the journal
 * ------------------------------------------------------------------------------------ */

static uint64_t oldest_needed(void *context, const struct source *source)
{
    struct lane *lane = context;
    uint64_t oldest = UINT64_MAX;
    for (uint16_t i = 0; i < lane->pipeline.rememberer_count; i++) {
        struct stage *stage = lane->pipeline.rememberers[i];
        uint64_t offset = stage->filter->oldest(stage->self, source);
        if (offset < oldest)
            oldest = offset;
    }
    return oldest;
}

static void save_all(void *context)
{
    struct lane *lane = context;
    for (uint16_t i = 0; i < lane->pipeline.holder_count; i++) {
        struct stage *stage = lane->pipeline.holders[i];
        if (stage->filter->save)
            stage->filter->save(stage->self, &stage->host);
    }
    pipeline_save_outputs(&lane->pipeline);
}

/* What was written since the last commit is on disk when this one is. */
static void note_unsynced(struct lane *lane, uint64_t ticket)
{
    for (uint16_t i = 0; i < lane->pipeline.drain_count; i++) {
        struct drain *drain = &lane->pipeline.drains[i];
        if (drain->fresh_events == 0)
            continue;
        drain->unsynced_events += drain->fresh_events;
        drain->unsynced_ticket = ticket;
        drain->fresh_events = 0;
    }
}

static void commit(struct lane *lane, int64_t mono_ns)
{
    const struct state_helpers helpers = {
        .context = lane, .oldest = oldest_needed, .save = save_all};
    for (uint16_t i = 0; i < lane->pipeline.holder_count; i++)
        yard_flush(lane->pipeline.holders[i]->host.yard);
    for (uint16_t i = 0; i < lane->pipeline.drain_count; i++)
        drain_flush(&lane->pipeline.drains[i]);
    uint64_t ticket = state_commit(lane->state, &helpers);
    if (ticket == 0)
        return;
    for (uint16_t i = 0; i < lane->pipeline.holder_count; i++)
        yard_committed(lane->pipeline.holders[i]->host.yard, ticket);
    for (uint16_t i = 0; i < lane->pipeline.drain_count; i++)
        drain_committed(&lane->pipeline.drains[i], ticket);
    note_unsynced(lane, ticket);
    lane->last_ticket = ticket;
    lane->is_dirty = false;
    lane->commit_at_ns = mono_ns + COMMIT_EVERY_NS;
}

static void commit_if_due(struct lane *lane, int64_t mono_ns)
{
    lane->is_dirty |= state_is_dirty(lane->state); /* an input gave a source up, or wrote a note */
    bool is_awaited = state_is_urgent(lane->state) && writer_is_idle(state_writer(lane->state));
    bool is_ending = lane->mode != LANE_RUN && lane->is_idle; /* nothing more joins this commit */
    bool is_time = lane->is_dirty && (mono_ns >= lane->commit_at_ns || is_ending);
    if (is_awaited || is_time)
        commit(lane, mono_ns);
    for (uint16_t i = 0; i < lane->pipeline.holder_count; i++)
        lane->is_dirty |= yard_collect(lane->pipeline.holders[i]->host.yard);
    for (uint16_t i = 0; i < lane->pipeline.drain_count; i++) {
        struct drain *drain = &lane->pipeline.drains[i];
        queue_collect(&drain->queue);
        if (!lane->is_dirty)
            letters_step(&drain->letters, mono_ns);
        if (drain->unsynced_events && state_synced(lane->state, drain->unsynced_ticket))
            drain->unsynced_events = 0;
    }
}

/* --- one step
 * ---------------------------------------------------------------------------------------- */

static int64_t step_outboxes(struct lane *lane, int64_t mono_ns)
{
    int64_t next = INT64_MAX;
    for (uint16_t i = 0; i < lane->pipeline.drain_count; i++) {
        struct outbox *outbox = lane->pipeline.drains[i].outbox;
        if (!outbox)
            continue;
        if (lane->mode != LANE_RUN && lane->is_idle)
            outbox_flush(outbox);
        int64_t due = outbox_step(outbox, mono_ns);
        if (due < next)
            next = due;
    }
    return next;
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

struct lane_wait lane_step(struct lane *lane)
{
    struct engine *engine = &lane->pipeline.engine;
    int64_t mono_ns = mono_now(lane);
    engine->now_ns = engine->clock->wall_ns(engine->clock->self);
    engine->mono_ns = mono_ns;
    hear_writer(lane);
    hear_delivery(lane);
    recall(lane, mono_ns);
    int64_t until = INT64_MAX;
    bool moved = false;
    struct readable readable = {0};
    uint64_t held = most_held(lane), held_max = lane->pipeline.engine.held_budget;
    lane->schedule.in_order = lane->mode == LANE_ONCE;
    lane->schedule.is_short = held > held_max / 2;
    if (held <= held_max)
        readable.inputs = room_of_inputs(&lane->pipeline, &readable.urgent);
    lane->is_full = !readable.inputs;
    if (lane->read.waits) {
        moved = has_room_for_read(lane) && finish_reading(lane);
        until = mono_ns + TRY_AGAIN_NS;
    } else if (lane->mode != LANE_STOPPING) {
        until = watch_inputs(lane, mono_ns);
        moved = read_one(lane, readable);
        moved |= read_queues(lane);
    }
    lane->is_idle = !moved;
    if (lane->is_idle && lane->mode == LANE_ONCE && !state_first_ready(lane->state) &&
        !inputs_are_waiting(lane))
        lane->decides = true;
    moved |= release_held(lane);
    until = earlier(until, step_outboxes(lane, mono_ns));
    commit_if_due(lane, mono_ns);
    until = earlier(until, chores_step(lane, moved, mono_ns));
    if (lane->is_dirty)
        until = earlier(until, lane->commit_at_ns);
    until = earlier(until, next_release(lane, moved, mono_ns));
    return (struct lane_wait){.again = moved, .until_ns = until};
}

void lane_stop(struct lane *lane, bool decides)
{
    lane->mode = LANE_STOPPING;
    lane->decides = decides;
}

void lane_reopen(struct lane *lane)
{
    lane->chores.wants_reopen = true;
}

bool lane_is_safe(const struct lane *lane)
{
    return !lane->is_dirty && state_synced(lane->state, lane->last_ticket);
}

/* Everything that was read has its outcome, or is held on purpose, and the journal on disk says so.
 */
bool lane_is_done(const struct lane *lane)
{
    const struct ledger *ledger = state_ledger(lane->state);
    if (lane->mode == LANE_RUN || !lane->is_idle || lane->is_dirty || lane->read.waits)
        return false;
    if (lane->mode == LANE_ONCE && (!lane->decides || state_first_ready(lane->state)))
        return false;
    for (uint32_t i = 0; i < ledger->output_count; i++)
        if (ledger->outputs[i].in_flight || (lane->decides && ledger->outputs[i].held) ||
            (lane->mode == LANE_ONCE && ledger->outputs[i].queued))
            return false;
    return state_synced(lane->state, lane->last_ticket);
}

void lane_reveal(struct lane *lane, bool revealed)
{
    for (uint16_t i = 0; i < lane->pipeline.drain_count; i++) {
        struct drain *drain = &lane->pipeline.drains[i];
        uint64_t unsure = drain->unsynced_events + drain->fresh_events;
        drain->totals->delivered += revealed ? -unsure : unsure;
        drain->totals->in_flight += revealed ? unsure : -unsure;
    }
}

uint64_t lane_progress(const struct lane *lane)
{
    const struct ledger *ledger = state_ledger(lane->state);
    uint64_t sum = 0;
    for (uint32_t i = 0; i < ledger->input_count; i++)
        sum += ledger->inputs[i].bytes;
    for (uint32_t i = 0; i < ledger->output_count; i++) {
        const struct output_totals *output = &ledger->outputs[i];
        sum += output->delivered + output->sampled_out + output->dropped + output->dead_lettered;
    }
    return sum + writer_synced(state_writer(lane->state));
}
