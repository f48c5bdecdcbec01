/* agent/state/handover.h - a source that goes from one agent to another, as a partition does.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Who reads a source now leaves, beside the position to read again from, a text for whoever reads it next: how far
 * it was read, and what below that has no outcome yet. Part of the manual for plugin authors: weir.h includes it.
 */
#ifndef WEIR_HANDOVER_H
#define WEIR_HANDOVER_H

#include "agent/data/str.h"

struct source;

enum { HANDOVER_BYTES_MAX = 4000 }; /* Kafka keeps 4096 bytes with an offset unless told otherwise */

struct handover {
    uint64_t resume; /* where the next one reads from */
    uint64_t ticket; /* true once the journal is synced up to here: not to be said before */
    size_t len;
    char text[HANDOVER_BYTES_MAX];
};

/* What can be said now. What does not fit into the text is read, and given out, again. */
void source_hand_over(const struct source *source, struct handover *ret);
/* The other side, for a source that is new here: outputs get what is open and what lies beyond. A text that is empty or
 * not understood says nothing: everything from resume on is given out. False: no memory. */
bool source_take_over(struct source *source, uint64_t resume, struct str text);
/* The agent that wrote the text, 0: none. */
uint64_t handover_agent(struct str text);

/* Something of it is held or under way. */
bool source_has_open(const struct source *source);

/* Somebody else reads it from here on: what is held is theirs and goes nowhere from here, what is under way is
 * still counted. The engine then forgets the source. */
void source_leave(struct source *source);

#endif
