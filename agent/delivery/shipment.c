/* agent/delivery/shipment.c - one payload on its way to a broker: records out, reports in.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A broker takes or refuses batches that the library makes of the records bound for one partition,
 * so a fault that is not a record's own makes it a suspect: it goes again in halves, alone, until
 * it stands for itself.
 */
#include "agent/delivery/shipment.h"

#include "agent/delivery/board.h"
#include "agent/delivery/courier.h"

static const struct backoff openings = {.base_ns = SECOND_NS, .cap_ns = 60 * SECOND_NS};

/* --- making it
 * ------------------------------------------------------------------------------------- */

/* A record bears the time of its sending: brokers delete by it, and refuse what lies ahead of their
 * clock. The event's own stands in its value. Key, headers and topic live in the flight's arena;
 * values lie one after the other in its body, which moves while it grows: their addresses come
 * last. */
static bool slip_write(struct flight *flight, const struct event *event, struct str target,
                       struct slip *slip)
{
    struct courier *courier = flight->courier;
    struct broker_message *message = &slip->message;
    size_t at = flight->body.len;
    *message = (struct broker_message){.topic = flight->topic, .mine = slip};
    courier->output->address(courier->self, event, message, &flight->arena);
    courier->output->encode(courier->self, event, target, &flight->body, &courier->scratch);
    message->value.len = flight->body.len - at;
    slip->flight = flight;
    return !flight->body.full;
}

static bool slips_write(struct flight *flight, struct payload *payload)
{
    struct courier *courier = flight->courier;
    flight->slips = arena_zeroed(&flight->arena, payload->open * sizeof *flight->slips);
    flight->topic = arena_take(&flight->arena, payload->target_len + 1u);
    if (!flight->slips || !flight->topic)
        return false;
    str_z(payload_target(payload), flight->topic, payload->target_len + 1u);
    for (uint32_t i = 0; i < payload->count; i++) {
        struct event event;
        if (payload->parcels[i].outcome != OUTCOME_OPEN)
            continue;
        arena_reset(&courier->scratch);
        if (!record_read(payload_record(payload, i), &event, &courier->scratch)) {
            payload_settle(payload, i, OUTCOME_DEAD_LETTERED,
                           STR("the event is too complex to encode"));
            continue;
        }
        flight->slips[flight->slip_count].item = flight->slip_count;
        if (!slip_write(flight, &event, payload_target(payload),
                        &flight->slips[flight->slip_count++]))
            return false;
    }
    return payload->open > 0;
}

static void values_place(struct flight *flight)
{
    const char *at = flight->body.at;
    for (uint32_t i = 0; i < flight->slip_count; i++) {
        flight->slips[i].message.value.at = at;
        at += flight->slips[i].message.value.len;
    }
}

/* --- handing over
 * ---------------------------------------------------------------------------------- */

static uint8_t verdict_of(const struct slip *slip, const struct broker_report *report)
{
    bool is_alone = report->is_own || (slip->flight->is_alone && slip->flight->slip_count == 1);
    switch (report->fault) {
    case BROKER_FINE:
        return DELIVERED;
    case BROKER_TOO_LARGE:
    case BROKER_INVALID:
        return is_alone ? REFUSED : SUSPECT;
    case BROKER_DENIED:
    case BROKER_NO_TOPIC:
        return HOLD;
    case BROKER_LATER:
        break;
    }
    return RETRY;
}

static void slip_report(struct slip *slip, const struct broker_report *report)
{
    struct flight *flight = slip->flight;
    slip->verdict = verdict_of(slip, report);
    if (slip->verdict != DELIVERED)
        slip->words = arena_copy(&flight->arena, str_from(report->words));
    flight->reported++;
    flight->is_maybe_stored |= report->is_maybe_stored;
}

/* False: the producer has no room now. */
static bool slips_submit(struct flight *flight)
{
    struct courier *courier = flight->courier;
    while (flight->submitted < flight->slip_count) {
        struct slip *slip = &flight->slips[flight->submitted];
        struct broker_report refusal = {.words = ""};
        enum broker_taking taking =
            courier->producer->submit(courier->producer->self, &slip->message, &refusal);
        if (taking == BROKER_FULL)
            return false;
        flight->submitted++;
        if (taking == BROKER_REFUSED)
            slip_report(slip, &refusal);
    }
    return true;
}

bool shipment_begin(struct flight *flight, struct payload *payload, int64_t now_ns)
{
    struct courier *courier = flight->courier;
    MUST(!flight->payload && payload->open > 0 && courier->producer);
    buffer_reset(&flight->body);
    arena_reset(&flight->arena);
    flight->slip_count = flight->submitted = flight->reported = 0;
    flight->is_maybe_stored = false;
    buffer_reserve(&flight->body, payload->body_bytes);
    if (!slips_write(flight, payload))
        return false;
    values_place(flight);
    flight->payload = payload;
    flight->started_ns = now_ns;
    flight->is_alone = payload->alone_max > 0;
    courier->in_flight++;
    courier->is_alone = flight->is_alone;
    board_add(courier->board, BOARD_REQUESTS, 1);
    board_add(courier->board, BOARD_BODY_BYTES, flight->body.len);
    return true;
}

void shipment_end(struct flight *flight)
{
    struct courier *courier = flight->courier;
    MUST(flight->payload && courier->in_flight > 0);
    courier->is_alone &= !flight->is_alone;
    flight->payload = NULL;
    courier->in_flight--;
}

/* --- reports
 * --------------------------------------------------------------------------------------- */

/* Nothing more will be said about it: its payload gets what was said. */
static void flight_settle(struct flight *flight, int64_t now_ns)
{
    struct courier *courier = flight->courier;
    uint32_t count = flight->slip_count;
    struct judgement judgement = {.whole = DELIVERED, .count = count, .arena = &flight->arena};
    judgement.items = arena_take(&flight->arena, count);
    judgement.words = arena_zeroed(&flight->arena, count * sizeof *judgement.words);
    for (uint32_t i = 0; judgement.items && judgement.words && i < count; i++) {
        judgement.items[i] = flight->slips[i].verdict;
        judgement.words[i] = flight->slips[i].words;
    }
    if (!judgement.items || !judgement.words)
        judgement.whole = RETRY; /* no memory to read it: as if no answer had come */
    board_latency(courier->board, now_ns - flight->started_ns);
    courier_settle_reports(courier, flight, &judgement, now_ns);
}

static void settle_the_reported(struct courier *courier, int64_t now_ns)
{
    for (uint32_t i = 0; i < courier->flight_room; i++) {
        struct flight *flight = &courier->flights[i];
        if (flight->payload && flight->reported == flight->slip_count)
            flight_settle(flight, now_ns);
    }
}

/* What was never handed over to a producer that is broken is not sent at all. */
static void withdraw(struct courier *courier)
{
    const struct broker_report later = {.fault = BROKER_LATER, .words = "not sent"};
    for (uint32_t i = 0; i < courier->flight_room; i++) {
        struct flight *flight = &courier->flights[i];
        while (flight->payload && flight->submitted < flight->slip_count)
            slip_report(&flight->slips[flight->submitted++], &later);
    }
}

/* The flight that came first goes on first: what it holds is the oldest. */
void shipments_go_on(struct courier *courier, int64_t now_ns)
{
    struct flight *oldest = NULL;
    do {
        oldest = NULL;
        for (uint32_t i = 0; i < courier->flight_room; i++) {
            struct flight *flight = &courier->flights[i];
            if (flight->payload && flight->submitted < flight->slip_count &&
                (!oldest || flight->started_ns < oldest->started_ns))
                oldest = flight;
        }
    } while (oldest && !courier->is_broken && slips_submit(oldest));
    settle_the_reported(courier, now_ns);
}

static void news_hear(struct courier *courier, const struct broker_news *news, int64_t now_ns)
{
    struct str words = str_slice(str_from(news->words), 0, 120);
    switch (news->kind) {
    case BROKER_DOWN:
        if (breaker_trip(&courier->breaker, now_ns, courier->clock))
            courier_tell(courier, true, "breaker", "no broker: %.*s: pausing, nothing is lost",
                         STR_ARG(words));
        break;
    case BROKER_LOCKED_OUT:
        courier_lock_out(courier, words, now_ns);
        break;
    case BROKER_FATAL:
        if (courier->is_broken)
            break;
        courier->is_broken = true;
        courier_tell(courier, true, "producer",
                     "the producer failed for good (%.*s): making another, which sends again what "
                     "was not acknowledged",
                     STR_ARG(words));
        withdraw(courier);
        courier->producer->give_up(courier->producer->self);
        break;
    case BROKER_SENT:
        board_add(courier->board, BOARD_SENT_BYTES, news->bytes);
        break;
    }
}

void shipments_hear(struct courier *courier, int64_t now_ns)
{
    struct broker_report report;
    struct broker_news news;
    if (!courier->producer)
        return;
    const struct producer *producer = courier->producer;
    while (producer->take_report(producer->self, &report))
        slip_report(report.mine, &report);
    while (producer->take_news(producer->self, &news))
        news_hear(courier, &news, now_ns);
    settle_the_reported(courier, now_ns);
}

/* --- the producer
 * ---------------------------------------------------------------------------------- */

static void wake(void *context)
{
    const struct courier *courier = context;
    courier->exchanges->wake(courier->exchanges->self);
}

bool producer_open(struct courier *courier, struct why *why)
{
    courier->producer = courier->brokers->produce(
        courier->brokers->self, courier->output->broker(courier->self), wake, courier, why);
    return courier->producer != NULL;
}

static void producer_close(struct courier *courier)
{
    if (courier->producer)
        courier->producer->close(courier->producer->self);
    courier->producer = NULL;
}

int64_t producer_mend(struct courier *courier, int64_t now_ns)
{
    struct why why;
    if (!courier->is_broken || courier->in_flight)
        return INT64_MAX;
    if (courier->reopen_ns > now_ns)
        return courier->reopen_ns;
    producer_close(courier);
    if (!producer_open(courier, &why)) {
        courier->reopen_ns =
            now_ns + backoff_rest(&openings, courier->reopenings++, courier->clock);
        courier_tell(courier, true, "reopen", "%s; trying again", why.text);
        return courier->reopen_ns;
    }
    courier->is_broken = false;
    courier->is_unproven = true;
    courier_tell(courier, false, "reopen", "the producer is open again");
    /* One that fails at once, time after time, is made ever less often. */
    courier->reopen_ns = now_ns + backoff_rest(&openings, courier->reopenings++, courier->clock);
    return now_ns;
}

void shipments_drop(struct courier *courier)
{
    producer_close(courier);
    for (uint32_t i = 0; i < courier->flight_room; i++) {
        struct flight *flight = &courier->flights[i];
        struct payload *payload = flight->payload;
        if (!payload)
            continue;
        shipment_end(flight);
        courier_requeue(courier, payload);
    }
}
