/* agent/pipeline/drain.c - where events leave the pipeline and are counted.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/pipeline/drain.h"

#include "agent/pipeline/settle.h"
#include "agent/state/state.h"

enum { BUNDLE_FULL = 256 * 1024 }; /* bytes that go to the disk writer at once */

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

/* A source that is known no more has been read to its end and settled: its events are a replay. */
static void send_off(struct drain *drain, struct event *event, struct arena *scratch)
{
    struct source *source = event->origin->source;
    uint64_t offset = event->origin->offset, ticket = source ? source_reserve(source, offset) : 0;
    bool maybe_sent = !source || source_maybe_sent(source, offset);
    origin_open(event->origin, UINT64_C(1) << drain->index);
    if (outbox_take(drain->outbox, event, ticket, maybe_sent, scratch))
        drain->totals->in_flight++;
    else
        leave_open(drain, event);
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
        return outbox_has_room(drain->outbox);
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
}

void drain_dead_letter(struct drain *drain, const struct event *event, struct str words,
                       struct arena *scratch)
{
    static const struct encoding full = {.names = NAMES_OTEL, .event_id = true, .sampling = true};
    struct bundle *bundle = drain->keeps_dead ? writer_take(drain->writer) : NULL;
    drain->totals->dead_lettered++;
    if (!bundle) {
        host_alarm(&drain->host, "dead", "a refused event could not be kept: %.*s", STR_ARG(words));
        return;
    }
    buffer_add(&bundle->bytes, STR("{\"reason\":"));
    encode_text(&bundle->bytes, words);
    buffer_add(&bundle->bytes, STR(",\"event\":"));
    encode_event(&bundle->bytes, event, &full, scratch);
    buffer_add(&bundle->bytes, STR("}\n"));
    writer_append(drain->writer, bundle, drain->dead_stream);
}

static void settle_record(struct drain *drain, struct str bytes, const struct parcel *item,
                          struct arena *scratch)
{
    struct record record;
    struct event event;
    if (item->outcome == OUTCOME_OPEN || item->outcome == OUTCOME_MOVED)
        return;
    MUST(record_peek(bytes, &record));
    drain->totals->in_flight--;
    if (item->outcome == OUTCOME_DELIVERED)
        drain->totals->delivered++;
    else if (record_read(bytes, &event, scratch))
        drain_dead_letter(drain, &event, str_from(item->words), scratch);
    struct source *source = state_source(drain->host.engine->state, record.source);
    if (record.seq && source)
        (void)source_settle(source, record.seq, drain->index);
}

void drain_settle(struct drain *drain, const struct payload *payload, struct arena *scratch)
{
    for (uint32_t i = 0; i < payload->count; i++)
        settle_record(drain, payload_record(payload, i), &payload->parcels[i], scratch);
}

void drain_close(struct drain *drain)
{
    if (drain->bundle)
        writer_give_back(drain->writer, drain->bundle); /* never committed */
    drain->bundle = NULL;
    if (drain->is_open && drain->plugin->close)
        drain->plugin->close(drain->self);
    drain->is_open = false;
}
