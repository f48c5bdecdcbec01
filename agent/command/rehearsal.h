/* agent/command/rehearsal.h - a configuration tried out without the world: what only plugins, memory and state can know.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Builds the pipeline as a run would and opens its filters and outputs, one by one, so that every mistake is told; inputs
 * are asked through check(). Nothing is read, sent or written; of the state directory the journal is looked at.
 */
#ifndef WEIR_REHEARSAL_H
#define WEIR_REHEARSAL_H

#include "agent/config/config.h"
#include "agent/pipeline/pipeline.h"

struct brokers;

struct rehearsal {
    /* in: borrowed */
    struct config *config; /* without mistakes so far */
    struct arena *run;
    struct diagnostics *diagnostics;
    struct names *names;
    const struct files *files;
    const struct clock *clock;
    const struct brokers *brokers; /* null where the agent was built without */
    /* out */
    struct pipeline pipeline; /* filters and outputs are open where they could be */
};

/* Adds to the diagnostics. Fails only for want of memory. */
enum code rehearse(struct rehearsal *rehearsal, struct why *why) CHECK_RESULT;
void rehearsal_end(struct rehearsal *rehearsal);

#endif
