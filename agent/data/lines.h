/* agent/data/lines.h - splitting a run of bytes into lines, and lines into events.
 * SPDX-License-Identifier: Apache-2.0
 *
 * AVX2, SSE2 or plain C is chosen once at run time; every variant passes the same tests.
 */
#ifndef WEIR_DATA_LINES_H
#define WEIR_DATA_LINES_H

#include "agent/data/batch.h"
#include "agent/data/scan.h"

/* Uses a variant if this processor has it, else returns false and changes nothing. For tests, bench. */
bool lines_use(enum scan_variant variant);

enum { LINES_ROOM_MIN = 64 }; /* what lines_find() may put out before it looks at its room again */

/* Offsets of line ends in bytes (below 4 GiB), ascending, beginning at *from; *from becomes where it stopped: at the
 * end, or where the room ran out. room: at least LINES_ROOM_MIN. Returns how many. */
size_t lines_find(struct str bytes, size_t *from, uint32_t *ends, size_t room);

/* Adds an event for every whole line; "\r\n" is a line end too, blank lines are counted only, and of a line above
 * line_max the rest is counted as cut. offset: of bytes in the source. Returns the bytes used, which end with a line
 * end; fewer whole lines than there are when the batch is full. */
size_t lines_split(struct batch *batch, struct str bytes, uint64_t offset, size_t line_max);

/* Adds one line (without its line end), blank or not; `cut` more bytes of it were not kept. length: its bytes in the
 * source, line end included. False: the batch is full. */
bool lines_add(struct batch *batch, struct str line, uint64_t offset, uint64_t length, uint64_t cut);

/* The event is the rest of a line whose beginning was an event before the line was whole. */
void lines_mark_partial(struct batch *batch, struct event *event);

#endif
