/* agent/pipeline/identity.h - the id of an event: where it was read, so that a second reading names it alike.
 * SPDX-License-Identifier: Apache-2.0
 *
 * <agent>-<source>-<offset>-<length>[-<index>], lower-case hex; decisions/0002 says why.
 */
#ifndef WEIR_IDENTITY_H
#define WEIR_IDENTITY_H

#include "agent/data/event.h"

/* Fills event->id if it is empty. Borrows from the arena; without room or a source it stays empty. */
void event_identify(struct event *event, struct arena *arena);

#endif
