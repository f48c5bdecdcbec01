/* agent/delivery/payload.h - a run of records bound for one target of an output.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A payload is what one request carries. Made and filled on the lane, sent by the delivery thread, and
 * given back to the lane once every record in it has an outcome or has moved on. When only some records of an
 * answer are settled, the others move into a payload of their own, so one slow record never keeps thousands
 * of settled ones in memory. One thread owns a payload at any moment; mailboxes hand it over.
 */
#ifndef WEIR_PAYLOAD_H
#define WEIR_PAYLOAD_H

#include "agent/data/arena.h"
#include "agent/data/buffer.h"
#include "agent/limits.h"

enum outcome {
    OUTCOME_OPEN = 0,      /* none yet; in a payload that came back: unfinished, it stays open in the journal */
    OUTCOME_MOVED,         /* went on in another payload: its outcome comes with that one */
    OUTCOME_DELIVERED,     /* the destination has it */
    OUTCOME_DEAD_LETTERED, /* refused for good: words says why */
};

struct parcel { /* one record of a payload */
    uint64_t seq;       /* both as in the record, which has left the caches when the answer comes: entry in the */
    uint32_t source;    /* open list of its source, 0: in none; source_id() of that */
    uint32_t at, size;  /* in payload->records */
    const char *words;  /* the destination's own, one line; null: none. Lives as long as the payload */
    uint8_t outcome;    /* enum outcome */
    bool maybe_sent;    /* some request that carried it may have reached the destination */
    bool is_heard;      /* the lane's own: it was settled there */
};

struct payload {
    struct payload *next;     /* of the list it is in */
    struct buffer records;    /* record after record (agent/data/record.h) */
    struct parcel *parcels;
    uint32_t count, room;     /* parcels */
    uint32_t open;            /* parcels with OUTCOME_OPEN */
    uint32_t output;          /* index of the output */
    uint64_t ticket;          /* may be sent once the journal is synced up to here */
    uint64_t charge;          /* bytes of the output's memory share that come back with it */
    uint64_t body_bytes;      /* estimate of the encoded body */
    int64_t opened_ns;        /* when its first record was taken */
    uint64_t age;             /* the courier counts what it gets: smaller is older */
    /* the courier's own */
    struct target *bound;
    int64_t due_ns;           /* not before; 0: at once */
    uint64_t answered_then;   /* what the target had answered at the first missing answer */
    uint32_t attempts;        /* failed in a row */
    uint32_t no_answers;      /* in a row */
    bool is_probe;
    uint32_t alone_max;       /* some record of it was refused with others: send no more than so many, with nothing
                                 else under way; 0: no suspicion */
    uint16_t target_len;
    char target[TARGET_BYTES_MAX];
    struct arena words;
};

/* Null: no memory. records_hint: how many bytes of records are likely to come. */
struct payload *payload_make(uint32_t output, struct str target, size_t records_hint);
void payload_free(struct payload *payload); /* null is allowed */

static inline struct str payload_target(const struct payload *payload)
{
    return (struct str){payload->target, payload->target_len};
}

static inline struct str payload_record(const struct payload *payload, uint32_t index)
{
    const struct parcel *parcel = &payload->parcels[index];
    return (struct str){payload->records.at + parcel->at, parcel->size};
}

/* Makes a parcel of what was appended to payload->records since `at`; false: no memory, nothing changed. */
bool payload_add(struct payload *payload, size_t at, bool maybe_sent);

/* Settles an open parcel. words may be empty; bounded by WORDS_BYTES_MAX, control bytes become blanks. */
void payload_settle(struct payload *payload, uint32_t index, enum outcome outcome, struct str words);

/* Moves the open parcels from the skip-th open one on into a new payload (ticket, target and attempts too, and
 * their part of the charge). Null: no memory, nothing changed. */
struct payload *payload_move(struct payload *payload, uint32_t skip);

struct payloads { /* a list, oldest first */
    struct payload *first, *last;
    uint32_t count;
};
void payloads_append(struct payloads *list, struct payload *payload);
void payloads_prepend(struct payloads *list, struct payload *payload);
/* Into a list that is sorted by age: in front of all that are not older. */
void payloads_insert(struct payloads *list, struct payload *payload);
struct payload *payloads_take_first(struct payloads *list); /* null: empty */
void payloads_take(struct payloads *list, struct payload *payload); /* must be in it */

#endif
