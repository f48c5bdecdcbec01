/* agent/pipeline/identity.h - the id of an event: where it was read, so that a second reading names it alike.
 * SPDX-License-Identifier: Apache-2.0
 *
 * <agent>-<source>-<offset>-<length>[-<index>], lower-case hex; decisions/0002 says why.
 */
#ifndef WEIR_IDENTITY_H
#define WEIR_IDENTITY_H

#include "agent/data/event.h"

struct spare;

/* What one id of this source takes of a spare, at most. */
size_t event_id_bytes(const struct source *source);
/* Fills event->id if it is empty and the event has a source. */
void event_identify(struct event *event, struct spare *spare);

#endif
