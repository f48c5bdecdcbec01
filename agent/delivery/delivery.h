/* agent/delivery/delivery.h - from the lane to the far end and back: what the engine calls.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The lane puts events into the outbox of each HTTP or broker output; full or old payloads go to the delivery thread,
 * which encodes, compresses, sends and judges them until every record has an outcome; payloads come
 * back with outcomes. Both sides are state machines: the engine's two threads (or the simulator's one) step
 * them. Lane and delivery meet only in mailboxes and atomics.
 *
 *   lane:      outbox_has_room -> outbox_take -> outbox_step; delivery_take_settled -> payload_* -> delivery_give_back
 *   delivery:  while (delivery_step(delivery, wait)) {}
 */
#ifndef WEIR_DELIVERY_H
#define WEIR_DELIVERY_H

#include "agent/delivery/payload.h"
#include "agent/weir.h"

struct clock;
struct delivery;
struct exchanges;
struct outbox;

struct brokers;

struct delivery_output { /* one HTTP or broker output; all borrowed for as long as the delivery is open */
    const struct output *output;
    const void *self;
    struct str label;      /* for messages: elasticsearch "elk" */
    uint32_t index;        /* the engine's output index: the bit in origin.owed */
    uint64_t memory_bytes; /* share for payloads, encoded bodies included */
    const struct brokers *brokers; /* the port, for a broker output */
};

/* --- start and end (lane thread, before the delivery thread starts and after it ended) ------------- */

struct delivery *delivery_make(const struct exchanges *exchanges, const struct clock *clock);
enum code delivery_add(struct delivery *delivery, const struct delivery_output *output,
                       struct outbox **ret, struct why *why) CHECK_RESULT;
void delivery_free(struct delivery *delivery); /* null is allowed; frees what is left in it */

/* --- lane ------------------------------------------------------------------------------------------ */

/* False: stop reading for now. Taking on all the same is allowed (a batch that was begun). */
bool outbox_has_room(const struct outbox *outbox);
/* Half of it is free: what is not live may come as well. */
bool outbox_has_ease(const struct outbox *outbox);

/* Copies the event's record into the open payload of its target. ticket: the journal must be synced up to
 * here before the record leaves (0: any time). maybe_sent: an earlier life of this agent may have sent it.
 * False: no memory, or the record is above PAYLOAD_BYTES_MAX; the caller dead-letters it. */
bool outbox_take(struct outbox *outbox, const struct event *event, uint64_t ticket, bool maybe_sent,
                 struct arena *scratch);

/* Hands over what is full or older than `flush`; returns when it wants to be called again (INT64_MAX: not). */
int64_t outbox_step(struct outbox *outbox, int64_t mono_ns);
void outbox_flush(struct outbox *outbox);            /* hands over everything now (end of --once, stop) */
uint64_t outbox_in_flight(const struct outbox *outbox); /* events taken whose payload has not come back */
uint64_t outbox_bytes(const struct outbox *outbox);  /* of its memory share in use */
/* Set while a new target above TARGETS_MAX was sent to the fallback target; empty text otherwise. */
const char *outbox_overflow(const struct outbox *outbox);

/* Next payload whose records all have an outcome (or moved, or are unfinished: OUTCOME_OPEN after a stop).
 * Null: none now. The lane reads parcels and records, then gives it back. */
struct payload *delivery_take_settled(struct delivery *delivery);
void delivery_give_back(struct delivery *delivery, struct payload *payload);
/* How the lane is woken when something settled while it sleeps (called on the delivery thread; set before the
 * threads start), and the question it asks before it sleeps: false, something is there. */
void delivery_on_settled(struct delivery *delivery, void (*wake)(void *context), void *context);
bool delivery_lane_may_sleep(struct delivery *delivery);

/* The journal is synced up to here: payloads with tickets up to it may leave. */
void delivery_allow(struct delivery *delivery, uint64_t ticket);

/* What waits for this output and is not under way comes back unfinished. */
void delivery_recall(struct delivery *delivery, uint32_t output);

/* From now on finish what can be finished by then (clock->mono_ns), give the rest back unfinished, end.
 * INT64_MAX: no deadline (--once until done). May be called again with an earlier deadline. */
void delivery_stop(struct delivery *delivery, int64_t deadline_mono_ns);

struct notice { /* one change of state, told once */
    uint32_t output;
    bool is_alarm;  /* false: it is well again */
    bool is_news;   /* neither: told as it is, and has no key */
    char key[16];   /* breaker, hold, refused, twin */
    char text[240]; /* one line, no secret */
};
bool delivery_take_notice(struct delivery *delivery, struct notice *ret);

/* --- delivery thread ------------------------------------------------------------------------------- */

/* Moves everything on; waits at most wait_ns for the network (0: does not wait). False: it has ended. */
bool delivery_step(struct delivery *delivery, int64_t wait_ns);

/* --- any thread ------------------------------------------------------------------------------------ */

enum breaker_state { BREAKER_CLOSED = 0, BREAKER_OPEN, BREAKER_HALF_OPEN };

enum retry_reason { /* why something was sent again; names in delivery_retry_names */
    RETRY_NOT_SENT = 0, /* no connection */
    RETRY_NO_ANSWER,
    RETRY_BUSY,         /* 429, whole or item */
    RETRY_ERROR,        /* 5xx or another answer that heals with time */
    RETRY_TOO_LARGE,    /* split */
    RETRY_REFUSED,      /* bisected */
    RETRY_HELD,         /* an operator must act */
    RETRY_REASONS,
};
extern const char *const delivery_retry_names[RETRY_REASONS];

enum { LATENCY_BUCKETS = 12 };
extern const double delivery_latency_bounds_s[LATENCY_BUCKETS]; /* upper bounds; above the last: only in requests */

struct delivery_stats {
    uint64_t requests, answers;
    uint64_t body_bytes, sent_bytes;      /* encoded, and on the wire after compression */
    uint64_t delivered, dead_lettered;
    uint64_t twins, collisions;           /* ids that were there already: sent before, and never sent */
    uint64_t retries[RETRY_REASONS];      /* requests, but items for RETRY_BUSY, RETRY_ERROR within an answer */
    uint64_t latency[LATENCY_BUCKETS];    /* not cumulative */
    uint64_t latency_ns_sum;
    uint32_t waiting, in_flight, in_flight_limit; /* payloads, requests, what congestion control allows */
    uint32_t held_targets;
    bool is_held;                         /* the whole output */
    enum breaker_state breaker;
    char last_refusal[240];               /* the destination's words */
};
void delivery_read_stats(const struct delivery *delivery, uint32_t output, struct delivery_stats *ret);

#endif
