/* agent/pipeline/drain.c - where events leave the pipeline and are counted.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/pipeline/drain.h"

#include "agent/pipeline/settle.h"
#include "agent/sight/functions.h"
#include "agent/state/state.h"

enum { BUNDLE_FULL = 256 * 1024 }; /* bytes that go to the disk writer at once */

static const int64_t RECALL_NS = INT64_C(5) * 1000000000;

static void count_ghost(struct drain *drain, const struct event *event)
{
    if (event->fate == FATE_SAMPLED_OUT)
        drain->totals->sampled_out++;
    else
        drain->totals->dropped++;
}

/* A full bundle goes to the disk writer as soon as there is another to fill. */
static void pass_on_full(struct drain *drain)
{
    struct bundle *next = NULL;
    if (drain->bundle && drain->bundle->bytes.len < BUNDLE_FULL)
        return;
    next = writer_take(drain->writer);
    if (!next)
        return;
    if (drain->bundle)
        writer_append(drain->writer, drain->bundle, drain->stream);
    drain->bundle = next;
}

/* Without memory the event stays open: the next start reads it again. */
static void leave_open(struct drain *drain, struct event *event)
{
    origin_open(event->origin, UINT64_C(1) << drain->index);
    drain->totals->in_flight++;
    host_alarm(&drain->host, "memory",
               "no memory to put an event into its wire form; it goes out after the next start");
}

/* The stream's bytes and the journal's next commit reach the disk in the order they are given, so
 * the event is settled as soon as its bytes are in the bundle. While the writer is behind, the
 * bundle grows by what was begun: drain_has_room() was asked before. */
static bool write_out(struct drain *drain, struct event *event, struct arena *scratch)
{
    MUST(drain->bundle);
    struct buffer *bytes = &drain->bundle->bytes;
    size_t before = bytes->len;
    drain->plugin->encode(drain->self, event, STR(""), bytes, scratch);
    if (bytes->full) {
        bytes->full = false;
        bytes->len = before;
        return false;
    }
    drain->fresh_events++;
    pass_on_full(drain);
    return true;
}

struct leave { /* when a record may leave */
    uint64_t ticket;
    bool maybe_sent;
};

static bool send_with(struct drain *drain, struct event *event, struct leave leave,
                      struct arena *scratch)
{
    origin_open(event->origin, UINT64_C(1) << drain->index);
    bool is_taken = outbox_take(drain->outbox, event, leave.ticket, leave.maybe_sent, scratch);
    if (is_taken)
        drain->totals->in_flight++;
    else
        leave_open(drain, event);
    return is_taken;
}

/* A source that is known no more has been read to its end and settled: its events are a replay. */
static void send_off(struct drain *drain, struct event *event, struct arena *scratch)
{
    struct source *source = event->origin->source;
    uint64_t offset = event->origin->offset;
    const struct leave leave = {.ticket = source ? source_reserve(source, offset) : 0,
                                .maybe_sent = !source || source_maybe_sent(source, offset)};
    drain->live_in_flight += send_with(drain, event, leave, scratch);
}

/* Into the queue, in the order of the next commit: so its source may go on at once. */
static bool put_aside(struct drain *drain, struct event *event)
{
    if (!drain->diverts || !queue_put(&drain->queue, event))
        return false;
    origin_settle(event->origin, UINT64_C(1) << drain->index);
    return true;
}

bool drain_read_queue(struct drain *drain, struct arena *arena)
{
    struct view view = {0};
    if (!queue_has_more(&drain->queue) || drain->refused.first)
        return false;
    if (drain->away_since_ns && outbox_in_flight(drain->outbox))
        return false; /* there is something to probe with */
    if (queue_is_resuming(&drain->queue) ? !outbox_has_room(drain->outbox)
                                         : !outbox_has_ease(drain->outbox))
        return false;
    const struct leave at_once = {.ticket = 0, .maybe_sent = true};
    bool moved = queue_read(&drain->queue, arena, &view);
    for (uint32_t i = 0; i < view.count; i++)
        (void)send_with(drain, view.at[i], at_once, arena);
    return moved;
}

void drain_take(struct drain *drain, const struct view *view)
{
    uint64_t bit = UINT64_C(1) << drain->index;
    for (uint32_t i = 0; i < view->count; i++) {
        struct event *event = view->at[i];
        origin_count_in(event->origin, bit, drain->ledger);
        if (event->fate != FATE_LIVE) {
            count_ghost(drain, event);
            origin_settle(event->origin, bit);
            continue;
        }
        functions_kept(drain->functions, event, drain->index, view->arena);
        if (drain->outbox) {
            if (put_aside(drain, event))
                continue;
            send_off(drain, event, view->arena);
            continue;
        }
        if (!drain->plugin->discards && !write_out(drain, event, view->arena)) {
            leave_open(drain, event);
            continue;
        }
        drain->totals->delivered++;
        origin_settle(event->origin, bit);
    }
}

bool drain_has_room(struct drain *drain)
{
    if (drain->outbox)
        return outbox_has_room(drain->outbox) && !drain->refused.first;
    if (drain->plugin->discards)
        return true;
    pass_on_full(drain);
    return drain->bundle && drain->bundle->bytes.len < BUNDLE_FULL;
}

void drain_flush(struct drain *drain)
{
    if (drain->bundle && drain->bundle->bytes.len)
        writer_append(drain->writer, drain->bundle, drain->stream);
    else if (drain->bundle)
        writer_give_back(drain->writer, drain->bundle);
    drain->bundle = NULL;
    queue_flush(&drain->queue);
    letters_flush(&drain->letters);
}

void drain_committed(struct drain *drain, uint64_t ticket)
{
    queue_committed(&drain->queue, ticket);
}

/* --- what came back ---------------------------------------------------------------------- */

static bool refuse_record(struct drain *drain, struct str bytes, struct str words)
{
    struct letters *letters = &drain->letters;
    if (!letters->is_open)
        host_alarm(&drain->host, "dead", "a refused event could not be kept: %.*s", STR_ARG(words));
    else if (!letters_have_room(letters) || !letters_keep(letters, bytes, words))
        return false;
    drain->totals->dead_lettered++;
    return true;
}

static bool is_of_queue(const struct drain *drain, const struct parcel *item)
{
    const struct source *source = drain->queue.source;
    return source && item->source == source_id(source);
}

/* False: it cannot be kept now. */
static bool settle_record(struct drain *drain, struct str bytes, const struct parcel *item)
{
    bool stays_open = item->outcome == OUTCOME_OPEN && !drain->queue.is_open;
    if (item->outcome == OUTCOME_MOVED || stays_open)
        return true;
    if (item->outcome == OUTCOME_OPEN && !queue_take_back(&drain->queue, bytes))
        return false;
    if (item->outcome == OUTCOME_DEAD_LETTERED &&
        !refuse_record(drain, bytes, str_from(item->words)))
        return false;
    drain->totals->in_flight--;
    drain->live_in_flight -= !is_of_queue(drain, item);
    drain->totals->delivered += item->outcome == OUTCOME_DELIVERED;
    struct source *source = state_source(drain->host.engine->state, item->source);
    if (item->seq && source)
        (void)source_settle(source, item->seq, drain->index);
    return true;
}

bool drain_settle(struct drain *drain, struct payload *payload)
{
    bool is_settled = true;
    for (uint32_t i = 0; i < payload->count; i++) {
        struct parcel *parcel = &payload->parcels[i];
        if (!parcel->is_heard)
            parcel->is_heard = settle_record(drain, payload_record(payload, i), parcel);
        is_settled &= parcel->is_heard;
    }
    return is_settled;
}

void drain_recall(struct drain *drain, struct delivery *delivery, int64_t mono_ns, bool is_needed)
{
    if (!is_needed || !drain->live_in_flight || !drain->queue.is_open) {
        drain->needed_since_ns = 0;
        return;
    }
    if (!drain->needed_since_ns)
        drain->needed_since_ns = mono_ns;
    if (!drain->away_since_ns && mono_ns - drain->needed_since_ns < RECALL_NS)
        return; /* its answers will come */
    outbox_flush(drain->outbox);
    delivery_recall(delivery, drain->index);
}

/* Either may end before the other: a far end that answers again, and locks us out. */
static void hear_whether_away(struct drain *drain, const struct notice *notice, int64_t mono_ns)
{
    struct str key = str_from(notice->key);
    if (str_equal(key, STR("breaker")))
        drain->is_silent = notice->is_alarm;
    if (str_equal(key, STR("hold")))
        drain->is_locked_out = notice->is_alarm;
    if (!drain->is_silent && !drain->is_locked_out)
        drain->away_since_ns = 0;
    else if (!drain->away_since_ns)
        drain->away_since_ns = mono_ns;
}

void drain_hear(struct drain *drain, const struct notice *notice, int64_t mono_ns)
{
    hear_whether_away(drain, notice, mono_ns);
    if (notice->is_news)
        host_news(&drain->host, notice->text);
    else if (notice->is_alarm)
        host_alarm(&drain->host, notice->key, "%s", notice->text);
    else
        host_recovered(&drain->host, notice->key, "%s", notice->text);
}

/* --- begin and end ----------------------------------------------------------------------- */

enum code drain_keep(struct drain *drain, struct str directory, struct why *why)
{
    struct state *state = drain->host.engine->state;
    drain->queue.host = drain->letters.host = &drain->host;
    drain->queue.state = state;
    drain->queue.ledger = drain->ledger;
    drain->queue.output = drain->index;
    drain->queue.size_max = (uint64_t)drain->queue_settings.size_bytes;
    drain->queue.drops_oldest = drain->queue_settings.when_full == QUEUE_DROPS_OLDEST;
    drain->letters.size_max = (uint64_t)drain->letter_settings.size_bytes;
    enum code code = queue_name(&drain->queue, directory, drain->was, why);
    if (code == OK)
        code = letters_name(&drain->letters, state_writer(state), directory, why);
    return code;
}

enum code drain_keep_open(struct drain *drain, uint32_t input, struct why *why)
{
    enum code code = queue_open(&drain->queue, input, why);
    return code == OK ? letters_open(&drain->letters, why) : code;
}

void drain_close(struct drain *drain)
{
    if (drain->bundle)
        writer_give_back(drain->writer, drain->bundle); /* never committed */
    drain->bundle = NULL;
    queue_close(&drain->queue);
    letters_close(&drain->letters);
    while (drain->refused.first)
        payload_free(payloads_take_first(&drain->refused));
    if (drain->is_open && drain->plugin->close)
        drain->plugin->close(drain->self);
    drain->is_open = false;
}
