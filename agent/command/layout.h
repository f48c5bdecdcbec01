/* agent/command/layout.h - where state is kept and how `memory` is shared out: what a run does and its check foresees.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef WEIR_LAYOUT_H
#define WEIR_LAYOUT_H

#include "agent/config/config.h"

/* What a batch may take, what all holders may hold, what all outputs' payloads and the disk writer may have under way.
 * What outputs say that their libraries take is set aside first; a sixteenth is left for other libraries and the tables. */
enum layout_part { LAYOUT_BATCH, LAYOUT_HELD, LAYOUT_PAYLOADS, LAYOUT_WRITER };
uint64_t layout_share(const struct config *config, enum layout_part part);
/* What a batch must hold for the longest line of an input; 0: it has no such bound. */
uint64_t layout_batch_for(const struct node *input);
/* How large `memory` has to be for a part of it to be so large. */
uint64_t layout_memory_for(const struct config *config, enum layout_part part, uint64_t share);

/* /var/lib/weir for root, else under $XDG_STATE_HOME; empty for a pipeline that reads only pipes. In the arena. */
struct str layout_state(const struct config *config, struct arena *arena);

#endif
