/* agent/pipeline/settle.h - who is owed an event, and the ledger's side of it.
 * SPDX-License-Identifier: Apache-2.0
 *
 * An owed bit that is no longer fresh is counted in the output's `in`: from the moment a filter holds
 * the event or the output takes it. An owed bit that is fresh is not counted yet, so an event that some `when` turns
 * away leaves no trace.
 */
#ifndef WEIR_SETTLE_H
#define WEIR_SETTLE_H

#include "agent/data/batch.h"
#include "agent/state/ledger.h"

/* Enters the event into its source's open list if any of these outputs is owed it. flow_prepare() made sure of the
 * memory. */
void origin_open(struct origin *origin, uint64_t outputs);
/* These outputs have their outcome, or never wanted it. */
void origin_settle(struct origin *origin, uint64_t outputs);
/* These outputs do not get it: some `when` said no. Takes it out of `in` where it was counted. */
void origin_turn_away(struct origin *origin, uint64_t outputs, struct ledger *ledger);
/* Counts it in, where that was not done yet. */
void origin_count_in(struct origin *origin, uint64_t outputs, struct ledger *ledger);
/* A filter took it (held is +1) or put it out again (-1): for the owed outputs below that filter. */
void origin_hold(struct origin *origin, uint64_t below, struct ledger *ledger);
void origin_release(const struct origin *origin, uint64_t below, struct ledger *ledger);

#endif
