/* agent/state/bundle.h - what the lane and the disk writer hand each other, and queues of it.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef WEIR_BUNDLE_H
#define WEIR_BUNDLE_H

#include "agent/data/buffer.h"
#include "agent/pipeline/mailbox.h"

enum bundle_kind {
    BUNDLE_BYTES,
    BUNDLE_COMMIT,
    BUNDLE_SNAPSHOT,
    BUNDLE_REOPEN,
    BUNDLE_CLOSE,
    BUNDLE_STOP,
    BUNDLE_NEWS,
};

struct writer_news;

struct bundle {
    struct buffer bytes;
    struct bundle *next;
    uint64_t ticket;
    uint64_t at; /* bytes: where they stand in the stream's file; commit: where its last record begins */
    uint64_t base; /* bytes of a segment: which one */
    size_t done; /* of bytes: written; of a commit: its length before the writer added to it */
    size_t counted; /* memory that it stands for while it is on its way */
    uint32_t stream;
    uint8_t kind;
    bool is_placed; /* `at` is known */
    struct writer_news *news;
};

struct bundle *bundle_make(enum bundle_kind kind); /* null: no memory */
void bundle_free(struct bundle *bundle);           /* null is allowed */

struct chain { /* bundles, first in, first out; zeroed is empty */
    struct bundle *first, *last;
    size_t room; /* of all of them, bytes */
};

void chain_put(struct chain *chain, struct bundle *bundle);
struct bundle *chain_take(struct chain *chain); /* null: empty */
/* As many as the mailbox takes; true when none is left. */
bool chain_send(struct chain *chain, struct mailbox *to);
void chain_free(struct chain *chain);

#endif
