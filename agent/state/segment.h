/* agent/state/segment.h - a file of records that outlive the process: the bytes of queues, dead
 * letters, parked traces. SPDX-License-Identifier: Apache-2.0
 *
 * A head, then entries: mark, sizes, ordinal, check, `about`, record. Decision 0007 says why.
 * Positions go on through all files of a run (spool.h), and an entry's check is seeded with its
 * own. This file knows bytes only.
 */
#ifndef WEIR_SEGMENT_H
#define WEIR_SEGMENT_H

#include "agent/data/buffer.h"
#include "agent/data/event.h"

enum segment_kind { SEGMENT_QUEUE = 1, SEGMENT_DEAD, SEGMENT_PARKED };

enum {
    SEGMENT_FRONT_BYTES = 24, /* enough to learn how long the whole head is */
    SEGMENT_HEAD_BYTES_MAX = 64 * 1024,
    SEGMENT_ENTRY_HEAD_BYTES = 28,
    SEGMENT_ENTRY_BYTES_MAX = 256 << 20, /* as the largest payload: a damaged size costs no more */
};

struct segment_head {
    enum segment_kind kind;
    uint64_t base;    /* position of the file's first byte */
    uint64_t ordinal; /* of its first entry */
    int64_t made_ns;
    struct str label;  /* whose it is */
    bool slots_differ; /* it was written with other slots than ours: slots[theirs] is ours */
    uint8_t slots[256];
};

/* slots are this process's own. Returns how many bytes it took. */
size_t segment_head_write(struct buffer *to, const struct segment_head *head);
/* How long the head is, by its front; 0: this is none. */
size_t segment_head_size(struct str front);
/* False: damaged, or of a later version. Borrows the label. */
bool segment_head_read(struct str bytes, struct segment_head *ret);

/* Entry: begin, append what is to stand in it (record_write), end. */
size_t segment_entry_begin(struct buffer *to, struct str about);
/* False: what was appended did not fit; nothing is left behind. */
bool segment_entry_end(struct buffer *to, size_t begun, uint64_t position, uint64_t ordinal);

struct segment_entry { /* borrows */
    uint64_t position, ordinal;
    size_t size; /* of all of it */
    struct str about, record;
};

/* Goes through the entries of some bytes of a file. */
struct segment_walk {
    struct str bytes;
    uint64_t position; /* of bytes.at */
    bool is_end;       /* nothing stands behind the bytes: what is cut short is torn */
    size_t at;         /* below it all was looked at */
    size_t wanted; /* after the last entry: bytes from `at` on that the next one needs; 0: none */
    uint64_t damaged_bytes, damaged_places;
    bool in_damage;
};
/* The next whole entry; damage is stepped over and counted. False: none left. */
bool segment_walk_next(struct segment_walk *walk, struct segment_entry *ret);

/* The event of a record, its slots by our numbers. False: no record of ours, or no room. */
bool segment_event(const struct segment_head *head, struct str record, struct event *ret,
                   struct arena *arena);

#endif
