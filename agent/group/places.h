/* agent/group/places.h - the partitions that a member of a consumer group has.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The inside of `input kafka`. A partition is a source. What the group has committed is where a new reader begins; it
 * comes from the rewinds alone, once the journal on disk says the same, and carries what below the mark is
 * still open. Where the last commit is this agent's own, or still the one it began with, its journal knows more and goes first.
 */
#ifndef WEIR_PLACES_H
#define WEIR_PLACES_H

#include "agent/weir.h"

enum { PLACES_MAX = 256 }; /* partitions of one agent */

enum place_stage {
    PLACE_FREE = 0,
    PLACE_READING,
    PLACE_LEAVING, /* waits for the answers to what is under way */
    PLACE_SYNCING, /* waits until the journal says what the commit will say */
    PLACE_GOING,   /* that was committed, and waits for the group's answer */
};

struct place { /* its slot is its index */
    enum place_stage stage;
    struct source *source;
    uint64_t next;        /* offset to come */
    int64_t until_ns;     /* of the stage */
    struct handover said; /* to be committed, or committed last */
    bool is_said;         /* it was */
    uint64_t said_next;   /* what was `next` when that was put together */
    uint64_t kept_next;   /* the same of the last commit that the group took; before the first: of the beginning */
    uint32_t slot;
};

struct known;

struct places {
    struct host *host;
    const struct consumer *consumer; /* the plugin's; null: none now, and no partitions */
    struct known *known;
    struct place at[PLACES_MAX];
    uint32_t count;       /* slots used so far */
    int64_t handover_ns, commit_at_ns;
    uint64_t again;       /* records that were read here since the last commit of partitions that are gone */
    int64_t known_until_ns; /* what the journal remembers waits for its assignment until then */
    bool was_assigned;
};

void places_init(struct places *places, struct host *host, int64_t handover_ns);
/* ASSIGNED, REVOKED or LOST. */
void places_hear(struct places *places, struct broker_event *event, int64_t mono_ns);
/* Commits what may be, lets go of what is on its way out, says what is ready. True: something is on its way out. */
bool places_step(struct places *places, int64_t mono_ns);
/* Until the group has said what is ours, and that was read to its end. */
bool places_are_waiting(const struct places *places);
void places_finish(struct places *places); /* the last commits */
void places_drop(struct places *places);   /* the consumer is of no use any more: others have them now */

#endif
