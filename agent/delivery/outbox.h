/* agent/delivery/outbox.h - the lane's side of one HTTP output: open payloads by target.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What the engine calls stands in delivery.h; this is what delivery.c needs to wire it up.
 */
#ifndef WEIR_OUTBOX_H
#define WEIR_OUTBOX_H

#include <stdatomic.h>

#include "agent/delivery/delivery.h"

struct bin { /* one target of the output */
    uint64_t hash;
    int64_t used_ns;
    struct payload *open; /* being filled; null: none */
    uint16_t name_len;
    char name[TARGET_BYTES_MAX];
};

enum { SPARES_MAX = 16 }; /* more payloads are seldom on their way at once */

struct outbox {
    const struct output *output;
    const void *self;
    const struct endpoint *endpoint;
    uint32_t index;
    struct bin *bins[TARGETS_MAX + 1]; /* the last one is the fallback */
    uint32_t bin_count;                /* without the fallback */
    struct bin *newest;                /* used last: most events go where the one before went */
    bool has_one_target;               /* all go there */
    struct payloads closed;            /* the mailbox had no room for these */
    struct buffer name;
    uint64_t share, bytes;             /* of memory: allowed, in use */
    uint64_t events;                   /* taken and not back yet */
    struct buffer spares[SPARES_MAX];  /* of payloads that came back: memory whose pages are there already */
    uint32_t spare_count;
    int64_t busy_ns;                   /* when it last had events */
    size_t hint;                       /* bytes of records that a payload had lately */
    int64_t now_ns;
    char overflow[128];
    const atomic_size_t *body_limit;   /* what the far end was found to take; 0: not known */
    bool (*send)(void *context, struct payload *payload); /* false: no room now */
    void *context;
};

/* false: no memory. `bytes` is shared out so that several payloads fit at once. */
bool outbox_init(struct outbox *outbox, const struct delivery_output *output);
void outbox_clear(struct outbox *outbox);

/* A payload came back: its memory and its events no longer count. Takes its buffer for the next one. */
void outbox_returned(struct outbox *outbox, struct payload *payload);

#endif
