/* agent/pipeline/room.h - may more be read: for each output there is room, or its queue, or it must wait.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The source is the buffer while all is well. A queue takes over only where its output would hold back another one,
 * or where a source is about to go; an output that is alone with its sources just stops their reading.
 */
#ifndef WEIR_ROOM_H
#define WEIR_ROOM_H

#include "agent/pipeline/pipeline.h"

/* May events come that end at these outputs? If so, every one of them is told where to put its own (drain.diverts).
 * is_urgent: what is not read now may be lost, or holds back what may be. */
bool room_for(struct pipeline *pipeline, uint64_t outputs, bool is_urgent);
/* The same for what a filter holds: these outputs stand below it. They hold it back only where every other output of the
 * inputs that reach them would wait as well; else reading goes on, and what is held would pile up. */
bool room_for_held(struct pipeline *pipeline, uint64_t outputs, bool must_go);
/* Its far end has been away for a while, reading goes on for others, and what waits in memory fits into its queue. */
bool room_is_left_behind(struct pipeline *pipeline, const struct drain *drain);
/* A bit for each input whose sources may be read; ret_urgent: for those of its sources that are urgent. */
uint64_t room_of_inputs(struct pipeline *pipeline, uint64_t *ret_urgent);

#endif
