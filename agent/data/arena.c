/* agent/data/arena.c - memory that is given back all at once.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/data/arena.h"

#include <string.h>

#include "agent/memory.h"
#include "agent/must.h"

struct arena_chunk {
    struct arena_chunk *older;
    size_t size; /* with this header */
    char bytes[] __attribute__((aligned(16)));
};

void arena_init(struct arena *arena, size_t chunk_size, size_t max)
{
    MUST(chunk_size > sizeof(struct arena_chunk) && max >= chunk_size);
    *arena = (struct arena){.chunk_size = chunk_size, .max = max};
}

static void drop_newest(struct arena *arena)
{
    struct arena_chunk *chunk = arena->chunk;
    arena->chunk = chunk->older;
    arena->used -= chunk->size;
    memory_free(chunk);
}

void arena_clear(struct arena *arena)
{
    while (arena->chunk)
        drop_newest(arena);
    arena->next = arena->end = NULL;
}

void arena_reset(struct arena *arena)
{
    if (!arena->chunk)
        return;
    while (arena->chunk->older)
        drop_newest(arena);
    arena->next = arena->chunk->bytes;
    arena->end = (char *)arena->chunk + arena->chunk->size;
}

static bool add_chunk(struct arena *arena, size_t size)
{
    size_t want = size + sizeof(struct arena_chunk);
    if (want < arena->chunk_size)
        want = arena->chunk_size;
    if (want > arena->max - arena->used)
        return false;
    struct arena_chunk *chunk = memory_make(want);
    if (!chunk)
        return false;
    *chunk = (struct arena_chunk){.older = arena->chunk, .size = want};
    arena->chunk = chunk;
    arena->used += want;
    arena->next = chunk->bytes;
    arena->end = (char *)chunk + want;
    return true;
}

void *arena_take(struct arena *arena, size_t size)
{
    if (UNLIKELY(size > SIZE_MAX / 2))
        return NULL;
    size_t rounded = (size + 15) & ~(size_t)15;
    bool is_short = rounded > (size_t)(arena->end - arena->next) || !arena->next;
    if (UNLIKELY(is_short) && !add_chunk(arena, rounded))
        return NULL;
    void *taken = arena->next;
    arena->next += rounded;
    return taken;
}

void *arena_zeroed(struct arena *arena, size_t size)
{
    void *taken = arena_take(arena, size);
    if (taken)
        memset(taken, 0, size);
    return taken;
}

struct str arena_copy(struct arena *arena, struct str s)
{
    char *to = arena_take(arena, s.len);
    if (!to)
        return (struct str){NULL, 0};
    if (s.len)
        memcpy(to, s.at, s.len);
    return (struct str){to, s.len};
}
