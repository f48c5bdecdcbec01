/* agent/delivery/courier.h - takes one output's payloads to its far end and reads the answers.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A pure state machine over the exchange port and a clock: no thread, no sleep. A payload is in
 * exactly one place: waiting, in a flight, or given back. courier.c decides what goes next, flight.c makes
 * requests, settle.c turns answers into outcomes.
 */
#ifndef WEIR_COURIER_H
#define WEIR_COURIER_H

#include "agent/delivery/breaker.h"
#include "agent/delivery/concurrency.h"
#include "agent/delivery/target.h"

struct board;
struct brokers;
struct compressor;
struct exchange;
struct flight;
struct preflight;
struct producer;
struct reach;
struct route;

struct courier {
    const struct output *output;
    const void *self;
    const struct endpoint *endpoint;
    struct str label;
    uint32_t index;
    const struct exchanges *exchanges;
    const struct clock *clock;
    struct payloads waiting; /* oldest first */
    uint64_t accepted;       /* payloads so far: their age */
    struct targets targets;
    struct flight *flights;
    uint32_t flight_room, in_flight;
    struct reach *reach;
    struct preflight *preflight; /* what goes ahead of the first payload */
    struct breaker breaker;
    struct concurrency concurrency;
    struct hold hold;          /* of the whole output: credentials */
    int64_t not_before_ns;     /* Retry-After of the far end */
    int64_t busy_ns;           /* when it last had something to do */
    int64_t refusal_told_ns, twin_told_ns, warning_told_ns;
    /* of a broker output */
    const struct brokers *brokers;
    const struct producer *producer; /* null between two */
    bool is_broken;            /* it failed for good: another is made */
    bool is_unproven;          /* which has not delivered anything yet */
    bool is_alone, wants_alone; /* a suspect is under way, or waits until nothing else is */
    int64_t reopen_ns;
    uint32_t reopenings;
    uint64_t synced;           /* tickets up to here may go */
    struct compressor *compressor; /* null: bodies go as they are */
    struct arena run, scratch;
    struct board *board;
    void *context;
    void (*give)(void *context, struct payload *payload); /* takes a payload that is done */
    void (*notify)(void *context, const struct notice *notice);
};

struct courier_wiring {
    const struct exchanges *exchanges;
    const struct clock *clock;
    void *context;
    void (*give)(void *context, struct payload *payload);
    void (*notify)(void *context, const struct notice *notice);
};

enum code courier_open(struct courier *courier, const struct delivery_output *output,
                       const struct courier_wiring *wiring, struct why *why) CHECK_RESULT;
void courier_close(struct courier *courier); /* frees what it still holds; zeroed is allowed */

void courier_accept(struct courier *courier, struct payload *payload); /* takes it */
/* Sends what may be sent; returns when it wants to be called again (mono ns; INT64_MAX: not). */
int64_t courier_step(struct courier *courier, int64_t now_ns);
/* Did this courier send it ahead of its payloads? The others say themselves whose they are. */
bool courier_owns(const struct courier *courier, const struct exchange *exchange);
/* The port gave back an exchange of this courier. */
void courier_done(struct courier *courier, struct exchange *exchange, int64_t now_ns);
bool courier_is_idle(const struct courier *courier); /* nothing waiting, nothing in flight */
/* Gives back what waits, unfinished. */
void courier_recall(struct courier *courier);
/* Cancels what is in flight and gives everything back unfinished. */
void courier_abandon(struct courier *courier);

/* --- between the courier's files ----------------------------------------------------------------- */

/* Reads the answer and settles, requeues, splits or holds the flight's payload. */
void courier_settle(struct courier *courier, struct flight *flight, int64_t now_ns);
/* The same for a broker's reports: one item per record of the flight. */
void courier_settle_reports(struct courier *courier, struct flight *flight,
                            const struct judgement *judgement, int64_t now_ns);
/* The credentials are refused: nothing but slow probes goes out. */
void courier_lock_out(struct courier *courier, struct str words, int64_t now_ns);
void courier_requeue(struct courier *courier, struct payload *payload); /* by its age: older goes first */
void courier_give(struct courier *courier, struct payload *payload);

void courier_tell(struct courier *courier, bool is_alarm, const char *key, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* The same as it is, without an alarm that could be over later. */
void courier_news(struct courier *courier, const char *text);

/* What a request said of the far end's health, through the route that it went: tells when the breaker opens or closes. */
void courier_unwell(struct courier *courier, struct route *route, const char *what, int64_t now_ns);
void courier_well(struct courier *courier, struct route *route);

#endif
