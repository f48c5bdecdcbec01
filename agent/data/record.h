/* agent/data/record.h - the neutral record: an event that can leave its batch.
 * SPDX-License-Identifier: Apache-2.0
 *
 * One flat run of bytes: a header, the original bytes, what edits added, and the field index as offsets
 * into those. Held traces, payloads and (later) queue segments and dead letters all hold
 * this form, so there is one way back to an event. decisions/0004 gives the layout.
 */
#ifndef WEIR_RECORD_H
#define WEIR_RECORD_H

#include "agent/data/buffer.h"
#include "agent/data/event.h"

/* Appends the record of an event; false when the buffer is full (nothing is left behind). */
bool record_write(struct buffer *to, const struct event *event);
/* No record of this event is smaller, removed fields aside. */
size_t record_size_least(const struct event *event);

struct record { /* what is asked without rebuilding the event */
    uint32_t size;      /* of the whole record, to step to the next */
    uint32_t source;    /* source_id() of the running process */
    uint32_t length, index;
    uint64_t offset, seq, owed;
    int64_t time_ns;
    uint32_t weight;
    struct str id;      /* borrows the record */
};
bool record_peek(struct str bytes, struct record *ret); /* false: cut short or damaged */

/* Rebuilds an event whose slices borrow from bytes; fields and origin are taken from the arena. The origin
 * knows its source by source_id alone; name ids are gone (paths and slots work all the same).
 * False: cut short or damaged, or no room. */
bool record_read(struct str bytes, struct event *ret, struct arena *arena);

/* The same without fields, bytes and texts: what is to be counted, and nothing else. Borrows nothing. */
bool record_read_ghost(struct str bytes, struct event *ret, struct arena *arena);

#endif
