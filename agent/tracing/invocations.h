/* agent/tracing/invocations.h - which invocations of functions are open, per source.
 * SPDX-License-Identifier: Apache-2.0
 *
 * An invocation is here from its START until the line behind its REPORT: as long as a line that does not
 * name it may belong to it. A restart reads from the oldest START again, so it finds the table as it was. Ids come
 * from strangers: the table has a fixed size, and what is oldest gives way.
 */
#ifndef WEIR_INVOCATIONS_H
#define WEIR_INVOCATIONS_H

#include "agent/data/arena.h"
#include "agent/limits.h"
#include "agent/tracing/trace_context.h"

struct invocation {
    char id[REQUEST_ID_BYTES_MAX];
    char function[FUNCTION_BYTES_MAX];
    char trace[TRACE_ID_DIGITS];
    uint8_t id_len, function_len;
    bool has_trace;
    bool is_ended;  /* END was seen: lines without an id are no longer its own */
    bool is_closed; /* REPORT was seen: it goes with the next line that is not part of it */
    uint32_t source, stream;
    uint64_t start; /* offset of the line that opened it */
    int64_t start_ns;
    uint32_t next; /* in its bucket, index + 1 */
    uint32_t older, newer;
};

struct place_in_stream { /* where a line stands */
    uint32_t source; /* source_id() */
    uint32_t stream; /* of several in one source (a log stream in a shard), 0: only one */
    uint64_t offset;
    int64_t time_ns; /* 0: not known */
};

struct invocations;
/* invocation_max: an invocation open for longer than that has lost its end. Null when the arena is full. */
struct invocations *invocations_make(struct arena *arena, int64_t invocation_max_ns);
/* How many were given up: too old, or too many at once. */
uint64_t invocations_forgotten(const struct invocations *table);

struct candidates { /* what a line may belong to; each may be null */
    struct invocation *named;  /* the one with its request id */
    struct invocation *only;   /* the only one in the stream that runs */
    struct invocation *closed; /* the last one that was closed, if nothing else was said since */
    uint32_t running;
};
struct candidates invocations_look(struct invocations *table, const struct place_in_stream *place, struct str id);

/* A new one; null if the id is too long or empty. */
struct invocation *invocations_open(struct invocations *table, const struct place_in_stream *place, struct str id);
/* Forgets what is closed in the stream, all but one. */
void invocations_settle(struct invocations *table, const struct place_in_stream *place, const struct invocation *keep);

/* The smallest offset of a source that must be read again, UINT64_MAX: none. */
uint64_t invocations_oldest(const struct invocations *table, uint32_t source);

#endif
