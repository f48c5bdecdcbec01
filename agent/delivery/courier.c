/* agent/delivery/courier.c - decides what goes to the far end next.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/delivery/courier.h"

#include <stdarg.h>
#include <stdio.h>

#include "agent/delivery/board.h"
#include "agent/delivery/compress.h"
#include "agent/delivery/flight.h"
#include "agent/delivery/preflight.h"
#include "agent/delivery/reach.h"
#include "agent/delivery/shipment.h"
#include "agent/ports/exchange.h"

enum {
    RUN_ARENA_MAX = 1 << 20,
    SCRATCH_ARENA_MAX = 256 << 20, /* one event's index, a giant's nested edits */
    ARENA_CHUNK = 64 << 10,
};

void courier_tell(struct courier *courier, bool is_alarm, const char *key, const char *format, ...)
{
    struct notice notice = {.output = courier->index, .is_alarm = is_alarm};
    snprintf(notice.key, sizeof notice.key, "%s", key);
    va_list args;
    va_start(args, format);
    vsnprintf(notice.text, sizeof notice.text, format, args);
    va_end(args);
    courier->notify(courier->context, &notice);
}

void courier_news(struct courier *courier, const char *text)
{
    struct notice notice = {.output = courier->index, .is_news = true};
    snprintf(notice.text, sizeof notice.text, "%s", text);
    courier->notify(courier->context, &notice);
}

#define BUSY_PAUSE_NS (SECOND_NS / 100) /* when the port has no room */
#define IDLE_NS       (5 * SECOND_NS)   /* after this the memory for bodies is given back */

/* --- opening and closing -------------------------------------------------------------------------
 */

/* A thousand agents do not all begin with the first node. */
static void routes_shuffle(struct courier *courier)
{
    uint32_t random = 0;
    courier->clock->random(courier->clock->self, &random, sizeof random);
    courier->reach->next_route = random % courier->reach->route_count;
}

static bool flights_make(struct courier *courier)
{
    int64_t most = courier->endpoint->in_flight;
    courier->flight_room = (uint32_t)(most < IN_FLIGHT_MAX ? most : IN_FLIGHT_MAX);
    courier->flights = arena_zeroed(&courier->run, courier->flight_room * sizeof *courier->flights);
    if (!courier->flights)
        return false;
    for (uint32_t i = 0; i < courier->flight_room; i++)
        flight_init(&courier->flights[i], courier);
    concurrency_init(&courier->concurrency, courier->flight_room);
    return true;
}

static enum compress codec_of(const struct endpoint *endpoint)
{
    if (endpoint->compress != COMPRESS_AUTO)
        return (enum compress)endpoint->compress;
    for (size_t i = 0; i < endpoint->urls.count; i++)
        if (!endpoint_is_loopback(endpoint->urls.texts[i]))
            return COMPRESS_GZIP;
    return COMPRESS_NONE;
}

enum code courier_open(struct courier *courier, const struct delivery_output *output,
                       const struct courier_wiring *wiring, struct why *why)
{
    *courier = (struct courier){
        .output = output->output,
        .self = output->self,
        .endpoint = output->output->endpoint(output->self),
        .label = output->label,
        .index = output->index,
        .exchanges = wiring->exchanges,
        .clock = wiring->clock,
        .context = wiring->context,
        .give = wiring->give,
        .notify = wiring->notify,
    };
    const struct endpoint *endpoint = courier->endpoint;
    courier->brokers = output->output->broker ? output->brokers : NULL;
    MUST(endpoint->in_flight > 0 && (courier->brokers || endpoint->urls.count > 0));
    MUST(courier->brokers || endpoint->timeout_ns > 0);
    arena_init(&courier->run, ARENA_CHUNK, RUN_ARENA_MAX);
    arena_init(&courier->scratch, ARENA_CHUNK, SCRATCH_ARENA_MAX);
    courier->reach = arena_zeroed(&courier->run, sizeof *courier->reach);
    courier->preflight = arena_zeroed(&courier->run, sizeof *courier->preflight);
    courier->board = arena_zeroed(&courier->run, sizeof *courier->board);
    enum compress codec = codec_of(endpoint);
    bool wants_compressor = codec != COMPRESS_NONE;
    if (wants_compressor)
        courier->compressor = compressor_make(codec);
    if (!courier->board || !courier->reach || !courier->preflight ||
        (!courier->brokers && !reach_open(courier->reach, endpoint, &courier->run)) ||
        !flights_make(courier) || (wants_compressor && !courier->compressor))
        return fail(why, OVER_LIMIT, "no memory to deliver to %.*s", STR_ARG(output->label));
    if (courier->brokers)
        return producer_open(courier, why) ? OK : why->code;
    routes_shuffle(courier);
    preflight_init(courier->preflight, courier);
    return OK;
}

void courier_close(struct courier *courier)
{
    if (courier->brokers)
        shipments_drop(courier);
    if (courier->preflight)
        preflight_clear(courier->preflight);
    for (uint32_t i = 0; courier->flights && i < courier->flight_room; i++) {
        struct flight *flight = &courier->flights[i];
        if (flight->payload) {
            struct payload *payload = flight->payload;
            courier->exchanges->cancel(courier->exchanges->self, &flight->exchange);
            flight_end(flight);
            payload_free(payload);
        }
        flight_clear(flight);
    }
    while (courier->waiting.first)
        payload_free(payloads_take_first(&courier->waiting));
    targets_clear(&courier->targets);
    compressor_free(courier->compressor);
    arena_clear(&courier->scratch);
    arena_clear(&courier->run);
    *courier = (struct courier){0};
}

/* --- the far end's health
 * -------------------------------------------------------------------------- */

void courier_unwell(struct courier *courier, struct route *route, const char *what, int64_t now_ns)
{
    static const struct backoff rests = {.base_ns = SECOND_NS, .cap_ns = 60 * SECOND_NS};
    route->rests_until_ns = now_ns + backoff_rest(&rests, route->failures++, courier->clock);
    if (breaker_failed(&courier->breaker, now_ns, courier->clock))
        courier_tell(courier, true, "breaker", "%s: %s: pausing, nothing is lost", route->base,
                     what);
}

void courier_well(struct courier *courier, struct route *route)
{
    route->failures = 0;
    route->rests_until_ns = 0;
    if (breaker_succeeded(&courier->breaker))
        courier_tell(courier, false, "breaker", "answers again");
}

/* --- coming in and going back
 * ---------------------------------------------------------------------- */

/* A payload belongs to its target from the moment it is ours; without memory it is asked for again
 * later. */
static void target_bind(struct courier *courier, struct payload *payload)
{
    if (payload->bound)
        return;
    payload->bound = targets_find(&courier->targets, payload_target(payload));
    if (payload->bound)
        payload->bound->payloads++;
}

void courier_accept(struct courier *courier, struct payload *payload)
{
    MUST(payload->output == courier->index && payload->open > 0);
    target_bind(courier, payload);
    payload->age = ++courier->accepted;
    payloads_append(&courier->waiting, payload);
}

void courier_requeue(struct courier *courier, struct payload *payload)
{
    payload->is_probe =
        false; /* one in vain goes in front of its like: the next is another event */
    payloads_insert(&courier->waiting, payload);
}

void courier_give(struct courier *courier, struct payload *payload)
{
    if (payload->bound) {
        MUST(payload->bound->payloads > 0);
        payload->bound->payloads--;
        payload->bound = NULL;
    }
    courier->give(courier->context, payload);
}

bool courier_is_idle(const struct courier *courier)
{
    return courier->waiting.count == 0 && courier->in_flight == 0;
}

void courier_recall(struct courier *courier)
{
    while (courier->waiting.first)
        courier_give(courier, payloads_take_first(&courier->waiting));
}

void courier_abandon(struct courier *courier)
{
    if (courier->brokers)
        shipments_drop(courier);
    for (uint32_t i = 0; i < courier->flight_room; i++) {
        struct flight *flight = &courier->flights[i];
        struct payload *payload = flight->payload;
        if (!payload)
            continue;
        courier->exchanges->cancel(courier->exchanges->self, &flight->exchange);
        flight_end(flight);
        courier_give(courier, payload);
    }
    courier_recall(courier);
}

/* --- what goes next
 * -------------------------------------------------------------------------------- */

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* May this payload go now? Otherwise *wake becomes the time to ask again, if time alone decides. */
static bool payload_is_due(const struct courier *courier, const struct payload *payload,
                           int64_t now_ns, int64_t *wake)
{
    if (payload->ticket > courier->synced || !payload->bound)
        return false;
    if (payload->due_ns > now_ns)
        *wake = earlier(*wake, payload->due_ns);
    return payload->due_ns <= now_ns;
}

/* The newest payload bound for the target (any, when null) that the journal lets go. */
static struct payload *newest_of(const struct courier *courier, const struct target *target)
{
    struct payload *newest = NULL;
    for (struct payload *at = courier->waiting.first; at; at = at->next)
        if (at->bound && at->ticket <= courier->synced && (!target || at->bound == target))
            newest = at;
    return newest;
}

/* A held target is asked with its newest event alone; the rest of that payload waits on. */
static struct payload *probe_take(struct courier *courier, struct hold *hold,
                                  const struct target *target)
{
    struct payload *newest = newest_of(courier, target);
    if (!newest)
        return NULL;
    struct payload *probe = newest->open > 1 ? payload_move(newest, newest->open - 1) : NULL;
    if (probe)
        probe->bound->payloads++;
    else
        payloads_take(&courier->waiting, newest);
    probe = probe ? probe : newest;
    probe->alone_max = courier->brokers ? 1 : 0;
    probe->is_probe = true;
    hold->is_probing = true;
    return probe;
}

static struct payload *payload_pick(struct courier *courier, int64_t now_ns, int64_t *wake)
{
    if (courier->hold.is_on) {
        if (hold_may_probe(&courier->hold, now_ns))
            return probe_take(courier, &courier->hold, NULL);
        if (!courier->hold.is_probing)
            *wake = earlier(*wake, courier->hold.probe_ns);
        return NULL;
    }
    for (struct payload *at = courier->waiting.first; at; at = at->next) {
        target_bind(courier, at);
        struct hold *hold = at->bound ? &at->bound->hold : NULL;
        if (hold && hold_may_probe(hold, now_ns) && newest_of(courier, at->bound))
            return probe_take(courier, hold, at->bound);
        if (hold && hold->is_on && !hold->is_probing)
            *wake = earlier(*wake, hold->probe_ns);
        if (hold && !hold->is_on && payload_is_due(courier, at, now_ns, wake)) {
            payloads_take(&courier->waiting, at);
            return at;
        }
    }
    return NULL;
}

static struct flight *flight_free(struct courier *courier)
{
    for (uint32_t i = 0; i < courier->flight_room; i++)
        if (!courier->flights[i].payload)
            return &courier->flights[i];
    return NULL;
}

/* The port or memory had no room: everything as it was, a little later. */
static void launch_failed(struct courier *courier, struct payload *payload, int64_t now_ns)
{
    if (payload->is_probe) {
        struct hold *hold = courier->hold.is_on ? &courier->hold : &payload->bound->hold;
        hold->is_probing = false;
        hold->probe_ns = now_ns + BUSY_PAUSE_NS;
    }
    breaker_undecided(&courier->breaker);
    if (payload->open == 0) {
        courier_give(courier, payload);
        return;
    }
    payload->due_ns = now_ns + BUSY_PAUSE_NS;
    courier_requeue(courier, payload);
}

static void board_update(struct courier *courier)
{
    struct board *board = courier->board;
    board_set(board, BOARD_WAITING, courier->waiting.count);
    board_set(board, BOARD_IN_FLIGHT, courier->in_flight);
    board_set(board, BOARD_IN_FLIGHT_LIMIT, concurrency_limit(&courier->concurrency));
    board_set(board, BOARD_HELD_TARGETS, targets_held(&courier->targets));
    board_set(board, BOARD_IS_HELD, courier->hold.is_on);
    board_set(board, BOARD_BREAKER, courier->breaker.state);
}

/* An idle agent keeps no bodies. */
static void bodies_give_back(struct courier *courier)
{
    for (uint32_t i = 0; i < courier->flight_room; i++)
        if (courier->flights[i].body.room)
            flight_clear(&courier->flights[i]);
    arena_clear(&courier->scratch);
}

/* When the whole output has to wait: the time at which it may go on. */
static int64_t closed_until(const struct courier *courier)
{
    int64_t until = courier->not_before_ns;
    if (courier->breaker.state == BREAKER_HALF_OPEN)
        return INT64_MAX;
    if (courier->breaker.state == BREAKER_OPEN && courier->breaker.until_ns > until)
        until = courier->breaker.until_ns;
    return until;
}

/* A suspect goes with nothing else under way. */
static bool is_reserved(const struct courier *courier)
{
    return courier->is_broken ||
           (courier->in_flight && (courier->is_alone || courier->wants_alone));
}

/* Makes a request, or hands records over, of what was picked. */
static void launch(struct courier *courier, struct payload *payload, int64_t now_ns)
{
    struct flight *flight = flight_free(courier);
    courier->wants_alone = payload->alone_max && courier->in_flight;
    if (payload->alone_max && payload->open > payload->alone_max) {
        struct payload *rest = payload_move(payload, payload->alone_max);
        if (rest) {
            rest->bound->payloads++;
            courier_requeue(courier, rest);
        }
    }
    bool is_begun =
        !courier->wants_alone && (courier->brokers ? shipment_begin(flight, payload, now_ns)
                                                   : flight_begin(flight, payload, now_ns));
    if (!is_begun)
        launch_failed(courier, payload, now_ns);
}

int64_t courier_step(struct courier *courier, int64_t now_ns)
{
    int64_t wake = INT64_MAX, mend = courier->brokers ? producer_mend(courier, now_ns) : INT64_MAX;
    uint32_t limit = concurrency_limit(&courier->concurrency);
    if (!preflight_is_over(courier->preflight) && newest_of(courier, NULL))
        wake = preflight_step(courier->preflight, now_ns);
    while (preflight_is_over(courier->preflight) && courier->waiting.count &&
           courier->in_flight < limit && !is_reserved(courier)) {
        wake = closed_until(courier);
        if (wake > now_ns)
            break;
        wake = INT64_MAX;
        struct payload *payload = payload_pick(courier, now_ns, &wake);
        if (!payload)
            break;
        bool is_permitted = breaker_permits(&courier->breaker, now_ns);
        MUST(is_permitted);
        launch(courier, payload, now_ns);
    }
    if (courier->brokers)
        shipments_go_on(courier, now_ns);
    if (!courier_is_idle(courier))
        courier->busy_ns = now_ns;
    else if (now_ns - courier->busy_ns >= IDLE_NS)
        bodies_give_back(courier);
    else
        wake = earlier(wake, courier->busy_ns + IDLE_NS);
    board_update(courier);
    return earlier(wake, mend);
}

bool courier_owns(const struct courier *courier, const struct exchange *exchange)
{
    return courier->preflight && preflight_owns(courier->preflight, exchange);
}

void courier_done(struct courier *courier, struct exchange *exchange, int64_t now_ns)
{
    if (courier_owns(courier, exchange)) {
        preflight_done(courier->preflight, now_ns);
        return;
    }
    struct flight *flight = exchange->mine;
    MUST(flight->courier == courier && flight->payload);
    board_latency(courier->board, now_ns - flight->started_ns);
    courier_settle(courier, flight, now_ns);
}
