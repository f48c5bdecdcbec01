/* agent/sampling/stakes.h - from where each source must be read again.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A trace has a stake in each source that it holds events of: the position of the first one.
 * Sources are read forwards, so a source's stakes stand in its list in order, and the oldest is
 * always at hand.
 */
#ifndef WEIR_STAKES_H
#define WEIR_STAKES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct stake {
    struct stake *older, *younger; /* in the source's list */
    struct stake *next;            /* of the trace, or in the free list */
    uint64_t offset;
    uint32_t source;
};

struct stake_line { /* one source's */
    struct stake *oldest, *youngest;
};

struct stake_chunk;

struct stakes {
    struct stake_line *lines; /* by source id */
    uint32_t room;
    struct stake *free;
    struct stake_chunk *chunks;
    size_t bytes;
};

/* Notes a position for a trace that has these stakes (`mine`, extended). False: no memory. */
bool stakes_add(struct stakes *stakes, struct stake **mine, uint32_t source, uint64_t offset);
void stakes_drop(struct stakes *stakes, struct stake **mine);
/* Moves all of `from` to the end of `to`. */
void stakes_join(struct stake **to, struct stake **from);
uint64_t stakes_oldest(const struct stakes *stakes, uint32_t source); /* UINT64_MAX: none */
void stakes_clear(struct stakes *stakes);

#endif
