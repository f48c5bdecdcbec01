/* agent/data/batch.h - the unit of work: the bytes read at once and the events in them.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A batch belongs to one source and dies when its pass through the lane ends; whoever needs an event
 * longer writes its record (record.h). Everything made for it comes from its arena.
 */
#ifndef WEIR_BATCH_H
#define WEIR_BATCH_H

#include "agent/data/event.h"

struct batch {
    struct arena *arena;
    struct source *source;
    uint32_t source_id; /* source_id() of it, handed on to every origin */
    struct event *events;
    struct origin *origins; /* of events[origins_from] and those behind it that there is room for */
    uint32_t count, room, origins_from;
    uint64_t offset;    /* where in the source its bytes begin; offset + bytes: how far the source is read */
    uint64_t bytes;     /* read from the source for this batch: line ends, blank lines and what was cut included */
    uint64_t content;   /* bytes of the events, where positions are not bytes; 0: they are */
    uint32_t lines, blank;
    uint64_t cut_bytes; /* of lines above line_max, counted and not kept */
};

/* Appends a zeroed event with its origin, or null when the batch is full (BATCH_EVENTS_MAX or the arena). The
 * pointer is good until the next call: the array moves while it grows. count-- takes the newest back. */
struct event *batch_add(struct batch *batch, struct str bytes, uint64_t offset, uint32_t length);

/* Makes room for so many more at once, if there is any; otherwise the array grows as it did. */
void batch_expect(struct batch *batch, size_t more);

/* What runs through the filters: pointers to events, so that a `when` acts on some of them.
 * A filter marks `fate`; the engine takes out what is no longer live. */
struct view {
    struct event **at;
    uint32_t count;
    struct arena *arena; /* the batch's */
    bool asks_ghosts;    /* of what a filter releases: fields are asked of events that were sampled out, too */
};

#endif
