/* agent/sampling/parking.h - held records put aside on disk while memory is short.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The first block of a trace stays, with all that a verdict asks for; the blocks behind it go. What other events of the trace
 * still ask for is pinned first. Parked records are
 * this process's alone: after a crash their sources are read again, for they hold the rewind like any held event.
 */
#ifndef WEIR_PARKING_H
#define WEIR_PARKING_H

#include <stdbool.h>
#include <stdint.h>

#include "agent/data/str.h"

struct arena;
struct block;
struct held;
struct holding;
struct holdings;

enum parked { /* what became of a piece that was to go there, or to come back */
    PARKED_HERE,
    PARKED_LATER, /* the disk is busy: ask again */
    PARKED_LOST,  /* there is no room, or it is damaged */
};

struct shelf { /* to the disk */
    enum parked (*put)(void *context, struct str bytes, uint64_t *ret_place);
    enum parked (*get)(void *context, uint64_t place, struct arena *arena, struct str *ret);
    void (*forget)(void *context, uint64_t place);
    void *context;
};

struct parked_run { /* of held records that were parked together, oldest first */
    struct parked_run *next;
    uint64_t place;
    uint32_t at; /* what went out already, bytes */
    uint32_t events;
};

/* Something of what a trace holds can be parked. */
bool holding_can_park(const struct holding *holding);
/* Parks a piece of it. */
enum parked holding_park(struct holdings *holdings, struct holding *holding, const struct shelf *shelf);
/* Leads to a copy of the record that stays in memory when its block is parked. False: no memory. */
bool holding_pin(struct holdings *holdings, struct holding *holding, const struct held **held);
/* What goes out next is parked: the first block is through. */
bool holding_is_at_run(const struct holding *holding);
/* The next held record of the bytes of a run, or null at their end; moves *at along. */
const struct held *run_next(struct str bytes, uint32_t *at);
/* The oldest run has gone out, or is lost. */
void holding_end_run(struct holdings *holdings, struct holding *holding, const struct shelf *shelf);

#endif
