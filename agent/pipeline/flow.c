/* agent/pipeline/flow.c - events through filters, branches and outputs.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Every event leaves a pass with each of its owed outputs settled, or open in its source's list:
 * held by a filter or in flight. An event that a filter dropped stays in the view as a ghost,
 * because the outputs below must count it; filters do not see ghosts.
 */
#include "agent/pipeline/pipeline.h"

#include <string.h>

#include "agent/pipeline/identity.h"
#include "agent/pipeline/schedule.h"
#include "agent/pipeline/settle.h"
#include "agent/state/state.h"

static bool is_live(const struct event *event)
{
    return event->fate == FATE_LIVE;
}

static bool stage_wants(const struct stage *stage, const struct event *event, struct arena *scratch)
{
    if (stage->from && event->origin->source &&
        !(stage->from & UINT64_C(1) << event->origin->source->input))
        return false;
    return !stage->when || expr_true(stage->when, event, scratch);
}

/* A part of a view: room for all of it. */
static struct view view_like(struct pipeline *pipeline, const struct view *view)
{
    return (struct view){.at = spare_take(&pipeline->spare, view->count * sizeof(struct event *)),
                         .arena = view->arena};
}

bool flow_prepare(struct pipeline *pipeline, const struct source *source, uint32_t count)
{
    size_t each = pipeline->event_bytes;
    if (source)
        each += pipeline->copies * event_id_bytes(source);
    /* each stage takes two pieces at most, the pass itself one */
    size_t odd = (2 * pipeline->stage_count + 1) * SPARE_ALIGNMENT;
    if (!spare_reserve(&pipeline->spare, count * each + odd))
        return false;
    return !source || state_reserve_open(pipeline->engine.state, count);
}

static void remove_held(struct stage *stage, struct view *view, struct ledger *ledger)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < view->count; i++) {
        if (view->at[i]->fate == FATE_HELD)
            origin_hold(view->at[i]->origin, stage->below, ledger);
        else
            view->at[kept++] = view->at[i];
    }
    view->count = kept;
}

/* What the first events without a time take when nothing came before the batch: that of the next
 * one with a time, else now. It is journaled like any other, so a second reading takes the same. */
static int64_t time_to_begin_with(struct pipeline *pipeline, const struct view *view, bool *known)
{
    int64_t first = pipeline->before_ns;
    for (uint32_t i = 0; i < view->count && !first; i++)
        first = view->at[i]->time_ns;
    *known = first != 0;
    pipeline->before_ns = first ? first : pipeline->engine.now_ns;
    return pipeline->before_ns;
}

/* An event without a time takes that of the one before it in its source. `some` is the part of the
 * view that is to have times now. */
static void inherit_times(struct pipeline *pipeline, const struct view *view,
                          const struct view *some)
{
    struct source *source = view->count ? view->at[0]->origin->source : NULL;
    bool is_known;
    int64_t last = time_to_begin_with(pipeline, view, &is_known), latest = 0;
    for (uint32_t i = 0, next = 0; i < view->count; i++) {
        struct event *event = view->at[i];
        bool is_some = next < some->count && some->at[next] == event;
        next += is_some;
        if (is_some && !event->time_ns)
            event->time_ns = last;
        last = event->time_ns ? event->time_ns : last;
        latest = last > latest ? last : latest;
    }
    /* The few lines that a restart reads again may all be without a time: they say nothing of their
     * source's. */
    if (!source || (!is_known && pipeline->is_replay))
        return;
    source->lane_last_ns = last;
    source_reached(source, latest, pipeline->engine.now_ns);
}

static bool lacks_a_time(const struct view *view)
{
    for (uint32_t i = 0; i < view->count; i++)
        if (!view->at[i]->time_ns)
            return true;
    return false;
}

/* Stream time with this batch's own events in it: deadlines count from when an event entered. */
static void tell_time(struct pipeline *pipeline, struct stage *holder)
{
    if (holder->filter->keep_time)
        holder->filter->keep_time(
            holder->self, schedule_stream_ns(pipeline->engine.state, pipeline->engine.now_ns, 0));
}

/* Before an event is held or leaves: its id, if anybody will read it, and once the figures of its
 * function, never again for what an earlier run has read. */
static void make_ready_to_leave(struct pipeline *pipeline, const struct view *view, bool wants_ids)
{
    if (lacks_a_time(view))
        inherit_times(pipeline, view, view); /* no filter on this path reads times */
    for (uint32_t i = 0; i < view->count; i++) {
        struct origin *origin = view->at[i]->origin;
        if (wants_ids && is_live(view->at[i]))
            event_identify(view->at[i], &pipeline->spare);
        if (!origin->is_counted && !pipeline->is_replay)
            functions_count(pipeline->functions, view->at[i], view->arena);
        origin->is_counted = true;
    }
}

static void run_filter(struct pipeline *pipeline, struct stage *stage, struct view *view)
{
    struct view chosen = view_like(pipeline, view);
    for (uint32_t i = 0; i < view->count; i++)
        if (is_live(view->at[i]) && stage_wants(stage, view->at[i], view->arena))
            chosen.at[chosen.count++] = view->at[i];
    if (chosen.count == 0)
        return;
    if (stage->filter->release) {
        make_ready_to_leave(pipeline, &chosen, true);
        tell_time(pipeline, stage);
        for (uint32_t i = 0; i < chosen.count; i++)
            origin_open(chosen.at[i]->origin, stage->below);
    }
    stage->filter->apply(stage->self, &chosen);
    if (stage->filter->sets_time)
        inherit_times(pipeline, view, &chosen);
    if (stage->filter->release)
        remove_held(stage, view, pipeline->ledger);
}

static void run_output(struct pipeline *pipeline, struct stage *stage, const struct view *view)
{
    uint64_t bit = UINT64_C(1) << stage->drain->index;
    struct view taken = view_like(pipeline, view);
    for (uint32_t i = 0; i < view->count; i++) {
        struct event *event = view->at[i];
        if (!(event->origin->owed & bit))
            continue;
        if (stage_wants(stage, event, view->arena))
            taken.at[taken.count++] = event;
        else
            origin_turn_away(event->origin, bit, pipeline->ledger);
    }
    make_ready_to_leave(pipeline, &taken, !stage->drain->plugin->discards);
    if (taken.count)
        drain_take(stage->drain, &taken);
}

/* A branch that edits gets its own copies of the live events; the fields are shared until it edits
 * one. */
static struct event *branch_copy(struct event *event, struct event *to)
{
    event->flags |= EVENT_SHARED;
    *to = *event;
    return to;
}

static void run_branch(struct pipeline *pipeline, struct stage *stage, const struct view *view)
{
    struct view taken = view_like(pipeline, view);
    struct event *copies =
        stage->branch->edits ? spare_take(&pipeline->spare, view->count * sizeof *copies) : NULL;
    for (uint32_t i = 0; i < view->count; i++) {
        struct event *event = view->at[i];
        if (!(event->origin->owed & stage->below) && !stage->branch->edits)
            continue;
        if (!stage_wants(stage, event, view->arena))
            origin_turn_away(event->origin, stage->below, pipeline->ledger);
        else if (copies && is_live(event))
            taken.at[taken.count] = branch_copy(event, &copies[taken.count]), taken.count++;
        else
            taken.at[taken.count++] = event;
    }
    if (taken.count && stage->branch->first)
        flow_run(pipeline, stage->branch->first, &taken);
}

void flow_run(struct pipeline *pipeline, struct stage *stage, struct view *view)
{
    while (stage && view->count) {
        switch (stage->kind) {
        case STAGE_FILTER:
            run_filter(pipeline, stage, view);
            break;
        case STAGE_OUTPUT:
            run_output(pipeline, stage, view);
            break;
        case STAGE_BRANCH:
            run_branch(pipeline, stage, view);
            break;
        }
        stage = stage->next ? stage->next : stage->arm->then;
    }
}

void flow_enter(struct pipeline *pipeline, struct entry *entry, struct view *view)
{
    flow_run(pipeline, entry->arm.first ? entry->arm.first : entry->arm.then, view);
}

/* A released event was rebuilt from its record, which knows its source by number. */
static void come_back(struct pipeline *pipeline, struct stage *holder, struct origin *origin)
{
    origin->source = state_source(pipeline->engine.state, origin->source_id);
    origin->is_counted = true;
    origin->fresh = 0; /* it was counted in when it was held */
    origin_release(origin, holder->below, pipeline->ledger);
    if (origin->source && origin->source->is_left)
        origin_turn_away(origin, holder->below, pipeline->ledger);
}

bool flow_release(struct pipeline *pipeline, struct stage *holder, int64_t stream_ns,
                  struct arena *arena)
{
    if (!flow_prepare(pipeline, NULL, RELEASE_EVENTS_MAX))
        return false; /* they are held on, and asked for again */
    struct view view = {
        .at = spare_take(&pipeline->spare, RELEASE_EVENTS_MAX * sizeof(struct event *)),
        .arena = arena,
        .asks_ghosts = holder->is_asked_below};
    (void)holder->filter->release(holder->self, stream_ns, &view, RELEASE_EVENTS_MAX);
    if (view.count == 0)
        return false; /* nothing can leave now, whatever more there is */
    for (uint32_t i = 0; i < view.count; i++)
        come_back(pipeline, holder, view.at[i]->origin);
    flow_run(pipeline, holder->next ? holder->next : holder->arm->then, &view);
    return true;
}
