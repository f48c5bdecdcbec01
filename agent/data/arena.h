/* agent/data/arena.h - memory that is given back all at once.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Four lifetimes, each with its own arena: run, batch, trace, payload (agent/ARCHITECTURE.md).
 */
#ifndef WEIR_ARENA_H
#define WEIR_ARENA_H

#include <stddef.h>

#include "agent/data/str.h"

struct arena_chunk;

struct arena {
    char *next, *end;          /* free room of the newest chunk */
    struct arena_chunk *chunk; /* newest first */
    size_t used, max;          /* bytes in chunks; never above max */
    size_t chunk_size;
};

/* chunk_size: how much is asked of the heap at a time; max: the bound of the whole arena. */
void arena_init(struct arena *arena, size_t chunk_size, size_t max);
void arena_clear(struct arena *arena); /* frees everything; the arena may be used again */
void arena_reset(struct arena *arena); /* forgets everything but keeps its first chunk */

/* Aligned to 16 bytes, not zeroed; null when over max or out of memory. */
void *arena_take(struct arena *arena, size_t size);
void *arena_zeroed(struct arena *arena, size_t size);
/* From `from` to so many bytes behind `to`, all stands in the newest chunk: it may be read, whatever it holds. */
static inline bool arena_reaches(const struct arena *arena, const char *from, const char *to, size_t behind)
{
    uintptr_t begins = (uintptr_t)arena->chunk, ends = (uintptr_t)arena->end;
    return (uintptr_t)from >= begins && (uintptr_t)to <= ends && ends - (uintptr_t)to >= behind;
}
/* A copy that lives as long as the arena; a null at when there was no room. */
struct str arena_copy(struct arena *arena, struct str s);

#endif
