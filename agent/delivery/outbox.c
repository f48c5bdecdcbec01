/* agent/delivery/outbox.c - the lane's side of one HTTP output: open payloads by target.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/delivery/outbox.h"

#include <stdio.h>
#include <xxhash.h>

#include "agent/delivery/retry.h"
#include "agent/memory.h"

enum {
    BODY_EXTRA = 192, /* what names, id and action line add to an event's bytes; an estimate */
    PAYLOADS_AT_ONCE =
        4, /* that must fit into the memory share: open, in flight, waiting, coming back */
    CHARGE_PER_BYTE = 2, /* records stay while their body is in flight */
    TARGET_AGE_S =
        86400, /* a target not used for this long no longer counts: dates in names move on */
    SPARE_BYTES_MIN = 64 << 10, /* smaller ones are made as fast as kept */
    IDLE_S = 5,                 /* after this the spares are given back */
};

bool outbox_init(struct outbox *outbox, const struct delivery_output *output)
{
    *outbox = (struct outbox){
        .output = output->output,
        .self = output->self,
        .endpoint = output->output->endpoint(output->self),
        .index = output->index,
        .share = output->memory_bytes,
        .has_one_target =
            output->output->has_one_target && output->output->has_one_target(output->self),
    };
    buffer_init(&outbox->name, LINE_BYTES_DEFAULT);
    outbox->bins[TARGETS_MAX] = memory_make(sizeof(struct bin));
    if (outbox->bins[TARGETS_MAX])
        memset(outbox->bins[TARGETS_MAX], 0, sizeof(struct bin));
    return outbox->bins[TARGETS_MAX] != NULL;
}

static void spares_clear(struct outbox *outbox)
{
    while (outbox->spare_count)
        buffer_clear(&outbox->spares[--outbox->spare_count]);
}

void outbox_clear(struct outbox *outbox)
{
    for (uint32_t i = 0; i <= TARGETS_MAX; i++) {
        if (outbox->bins[i])
            payload_free(outbox->bins[i]->open);
        memory_free(outbox->bins[i]);
    }
    for (struct payload *at = payloads_take_first(&outbox->closed); at;
         at = payloads_take_first(&outbox->closed))
        payload_free(at);
    spares_clear(outbox);
    if (outbox->name.max)
        buffer_clear(&outbox->name);
}

bool outbox_has_room(const struct outbox *outbox)
{
    return outbox->bytes < outbox->share && outbox->closed.count == 0;
}

bool outbox_has_ease(const struct outbox *outbox)
{
    return outbox->bytes < outbox->share / 2 && outbox->closed.count == 0;
}

uint64_t outbox_in_flight(const struct outbox *outbox)
{
    return outbox->events;
}

uint64_t outbox_bytes(const struct outbox *outbox)
{
    return outbox->bytes;
}

const char *outbox_overflow(const struct outbox *outbox)
{
    return outbox->overflow;
}

/* --- targets -------------------------------------------------------------------------------------
 */

static bool has_name(const struct bin *bin, struct str name)
{
    return str_equal((struct str){bin->name, bin->name_len}, name);
}

static bool bin_is(const struct bin *bin, uint64_t hash, struct str name)
{
    return bin->hash == hash && has_name(bin, name);
}

static void bin_name(struct bin *bin, uint64_t hash, struct str name)
{
    bin->hash = hash;
    bin->name_len = (uint16_t)name.len;
    if (name.len)
        memcpy(bin->name, name.at, name.len);
}

/* A new bin, or one that has been idle for a day; null: there are TARGETS_MAX in use, or no memory.
 */
static struct bin *bin_make(struct outbox *outbox)
{
    for (uint32_t i = 0; outbox->bin_count == TARGETS_MAX && i < TARGETS_MAX; i++) {
        struct bin *bin = outbox->bins[i];
        if (!bin->open && outbox->now_ns - bin->used_ns > TARGET_AGE_S * SECOND_NS)
            return bin;
    }
    if (outbox->bin_count == TARGETS_MAX)
        return NULL;
    struct bin *bin = memory_make(sizeof *bin);
    if (!bin)
        return NULL;
    memset(bin, 0, sizeof *bin);
    outbox->bins[outbox->bin_count++] = bin;
    return bin;
}

static struct str target_name(struct outbox *outbox, const struct event *event,
                              struct arena *scratch)
{
    buffer_reset(&outbox->name);
    if (outbox->output->target)
        outbox->output->target(outbox->self, event, &outbox->name, scratch);
    struct str name = buffer_str(&outbox->name);
    return str_slice(name, 0, TARGET_BYTES_MAX);
}

/* Strangers choose names: above TARGETS_MAX an event goes where one without any fields would go. */
static struct bin *bin_fallback(struct outbox *outbox, const struct event *event,
                                struct arena *scratch)
{
    struct bin *bin = outbox->bins[TARGETS_MAX];
    const struct event bare = {.time_ns = event->time_ns, .origin = event->origin};
    struct str name = target_name(outbox, &bare, scratch);
    if (!bin_is(bin, 0, name)) {
        if (bin->open) {
            payloads_append(&outbox->closed, bin->open);
            bin->open = NULL;
        }
        bin_name(bin, 0, name);
    }
    snprintf(outbox->overflow, sizeof outbox->overflow,
             "more than %d targets within a day: what is bound for another goes to \"%.*s\"",
             TARGETS_MAX, (int)(name.len < 60 ? name.len : 60), name.at ? name.at : "");
    return bin;
}

static struct bin *bin_for(struct outbox *outbox, const struct event *event, struct arena *scratch)
{
    struct bin *newest = outbox->newest;
    bool is_known = newest && outbox->has_one_target;
    struct str name = is_known ? (struct str){0} : target_name(outbox, event, scratch);
    if (LIKELY(is_known || (newest && has_name(newest, name)))) {
        newest->used_ns = outbox->now_ns;
        return newest;
    }
    uint64_t hash = XXH3_64bits(name.at ? name.at : "", name.len) | 1; /* 0 is the fallback's */
    struct bin *found = NULL;
    for (uint32_t i = 0; !found && i < outbox->bin_count; i++)
        if (bin_is(outbox->bins[i], hash, name))
            found = outbox->bins[i];
    if (!found) {
        found = bin_make(outbox);
        if (!found)
            return bin_fallback(outbox, event, scratch);
        bin_name(found, hash, name);
        outbox->overflow[0] = 0; /* there is room for a new one */
    }
    found->used_ns = outbox->now_ns;
    outbox->newest = found;
    return found;
}

/* --- filling and handing over
 * ---------------------------------------------------------------------- */

static size_t body_bytes_max(const struct outbox *outbox)
{
    uint64_t most = (uint64_t)outbox->endpoint->batch_bytes;
    uint64_t fits = outbox->share / (PAYLOADS_AT_ONCE * CHARGE_PER_BYTE);
    size_t found =
        outbox->body_limit ? atomic_load_explicit(outbox->body_limit, memory_order_relaxed) : 0;
    if (found && found < most)
        most = found;
    return (size_t)(fits < most ? fits : most);
}

static void closed_send(struct outbox *outbox)
{
    while (outbox->closed.first) {
        struct payload *payload = payloads_take_first(&outbox->closed);
        if (!outbox->send(outbox->context, payload)) {
            payloads_prepend(&outbox->closed, payload);
            return;
        }
    }
}

static void bin_close(struct outbox *outbox, struct bin *bin)
{
    size_t len = bin->open->records.len;
    outbox->hint = outbox->hint ? outbox->hint / 4 * 3 + len / 4 : len;
    payloads_append(&outbox->closed, bin->open);
    bin->open = NULL;
    closed_send(outbox);
}

static bool bin_open(struct outbox *outbox, struct bin *bin)
{
    struct str name = {bin->name, bin->name_len};
    bin->open = payload_make(outbox->index, name, 0);
    if (!bin->open)
        return false;
    bin->open->opened_ns = outbox->now_ns;
    if (outbox->spare_count)
        bin->open->records = outbox->spares[--outbox->spare_count];
    return true;
}

/* Appends the record; false: no room in this payload, which is as it was. */
static bool payload_append(struct outbox *outbox, struct payload *payload,
                           const struct event *event, bool maybe_sent)
{
    size_t at = payload->records.len, hint = outbox->hint + outbox->hint / 8;
    if (at > 0 && payload->count < 2) /* it takes more than one: reserve for a full one at once */
        buffer_reserve(&payload->records, hint / (outbox->bin_count ? outbox->bin_count : 1));
    payload->records.full = false;
    if (!record_write(&payload->records, event)) {
        payload->records.len = at;
        return false;
    }
    size_t size = payload->records.len - at;
    if (!payload_add(payload, at, maybe_sent)) {
        payload->records.len = at;
        return false;
    }
    struct parcel *parcel = &payload->parcels[payload->count - 1];
    parcel->seq = event->origin ? event->origin->seq : 0;
    parcel->source = event->origin ? event->origin->source_id : UINT32_MAX;
    uint64_t charge = size * CHARGE_PER_BYTE + sizeof(struct parcel);
    payload->charge += charge;
    payload->body_bytes += event->bytes.len + BODY_EXTRA;
    outbox->bytes += charge;
    outbox->events++;
    return true;
}

bool outbox_take(struct outbox *outbox, const struct event *event, uint64_t ticket, bool maybe_sent,
                 struct arena *scratch)
{
    struct bin *bin = bin_for(outbox, event, scratch);
    if (!bin->open && !bin_open(outbox, bin))
        return false;
    if (!payload_append(outbox, bin->open, event, maybe_sent)) {
        if (bin->open->count == 0)
            return false;
        bin_close(outbox, bin);
        if (!bin_open(outbox, bin) || !payload_append(outbox, bin->open, event, maybe_sent))
            return false;
    }
    struct payload *payload = bin->open;
    if (payload->ticket < ticket)
        payload->ticket = ticket;
    if (payload->body_bytes >= body_bytes_max(outbox) ||
        payload->count >= (uint64_t)outbox->endpoint->batch_events)
        bin_close(outbox, bin);
    return true;
}

static void bins_close(struct outbox *outbox, int64_t opened_until_ns)
{
    for (uint32_t i = 0; i <= TARGETS_MAX; i++) {
        struct bin *bin = outbox->bins[i];
        if (bin && bin->open && bin->open->count && bin->open->opened_ns <= opened_until_ns)
            bin_close(outbox, bin);
    }
}

int64_t outbox_step(struct outbox *outbox, int64_t mono_ns)
{
    outbox->now_ns = mono_ns;
    if (outbox->events)
        outbox->busy_ns = mono_ns;
    else if (mono_ns - outbox->busy_ns >= IDLE_S * SECOND_NS)
        spares_clear(outbox);
    closed_send(outbox);
    bins_close(outbox, mono_ns - outbox->endpoint->flush_ns);
    int64_t due = INT64_MAX;
    for (uint32_t i = 0; i <= TARGETS_MAX; i++) {
        const struct bin *bin = outbox->bins[i];
        if (bin && bin->open && bin->open->opened_ns + outbox->endpoint->flush_ns < due)
            due = bin->open->opened_ns + outbox->endpoint->flush_ns;
    }
    if (outbox->spare_count && outbox->busy_ns + IDLE_S * SECOND_NS < due)
        due = outbox->busy_ns + IDLE_S * SECOND_NS;
    return outbox->closed.count ? mono_ns : due;
}

void outbox_flush(struct outbox *outbox)
{
    bins_close(outbox, INT64_MAX);
    closed_send(outbox);
}

/* Large enough to be worth it, and not so large that most of it would stay empty. */
static bool is_worth_keeping(const struct outbox *outbox, const struct buffer *records)
{
    uint64_t bytes = outbox->bytes + records->room;
    for (uint32_t i = 0; i < outbox->spare_count; i++)
        bytes += outbox->spares[i].room;
    return outbox->spare_count < SPARES_MAX && records->room >= SPARE_BYTES_MIN &&
           records->room <= 2 * outbox->hint && bytes <= outbox->share;
}

void outbox_returned(struct outbox *outbox, struct payload *payload)
{
    uint32_t moved = 0;
    for (uint32_t i = 0; i < payload->count; i++)
        moved += payload->parcels[i].outcome == OUTCOME_MOVED;
    MUST(outbox->bytes >= payload->charge);
    MUST(outbox->events >= payload->count - moved);
    outbox->bytes -= payload->charge;
    outbox->events -= payload->count - moved;
    if (!is_worth_keeping(outbox, &payload->records))
        return;
    outbox->spares[outbox->spare_count++] = payload->records;
    buffer_reset(&outbox->spares[outbox->spare_count - 1]);
    buffer_init(&payload->records, payload->records.max);
}
