/* agent/data/twins.h - objects that have one key twice, somewhere inside a JSON value.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The last of twins wins (RFC 8259 leaves it open; every parser that keeps one keeps the last). Keys are
 * compared after unescaping. One pass and one hash table, whatever the depth.
 */
#ifndef WEIR_TWINS_H
#define WEIR_TWINS_H

#include "agent/data/buffer.h"
#include "agent/data/arena.h"

/* True also when there was no room to look. */
bool twins_exist(struct str json, struct arena *scratch);
/* The value on one line, without blanks and without twins. False: no room, nothing was written. */
bool twins_write(struct buffer *to, struct str json, struct arena *scratch);

#endif
