/* agent/sampling/pool.c - blocks of a few sizes, cut from slabs: where held traces live.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/sampling/pool.h"

#include <stdbool.h>

#include "agent/memory.h"
#include "agent/must.h"

enum {
    LONE = POOL_CLASSES, /* class of a slab that is one large block */
    SPARES_MAX = 16,     /* 1 MiB */
};

static const uint32_t class_bytes[POOL_CLASSES] = {
    SLAB_BYTES / 64, SLAB_BYTES / 32, SLAB_BYTES / 16, SLAB_BYTES / 8,
    SLAB_BYTES / 4,  SLAB_BYTES / 2,  SLAB_BYTES};

struct slab {
    struct slab *next, *prev; /* in pool->open */
    struct block *free;       /* given back */
    size_t size;              /* with this header */
    uint32_t class;
    uint32_t cut, taken, room; /* blocks: cut so far, in use, that fit */
    _Alignas(64) char bytes[];
};

static void link_open(struct pool *pool, struct slab *slab)
{
    slab->prev = NULL;
    slab->next = pool->open[slab->class];
    if (slab->next)
        slab->next->prev = slab;
    pool->open[slab->class] = slab;
}

static void unlink_open(struct pool *pool, struct slab *slab)
{
    if (slab->prev)
        slab->prev->next = slab->next;
    else
        pool->open[slab->class] = slab->next;
    if (slab->next)
        slab->next->prev = slab->prev;
}

static struct slab *take_spare(struct pool *pool)
{
    struct slab *slab = pool->spare;
    if (slab) {
        pool->spare = slab->next;
        pool->spare_count--;
    }
    return slab;
}

static struct slab *make_slab(struct pool *pool, uint32_t class, size_t block_bytes)
{
    size_t size = sizeof(struct slab) + (class == LONE ? block_bytes : SLAB_BYTES);
    struct slab *slab = class == LONE ? NULL : take_spare(pool);
    if (slab)
        size = slab->size;
    else if (!(slab = memory_make(size)))
        return NULL;
    else
        pool->bytes += size;
    *slab = (struct slab){
        .size = size, .class = class, .room = class == LONE ? 1 : SLAB_BYTES / class_bytes[class]};
    return slab;
}

static struct block *take_from(struct pool *pool, struct slab *slab, size_t block_bytes)
{
    struct block *block = slab->free;
    if (block)
        slab->free = block->next;
    else
        block = (void *)(slab->bytes + block_bytes * slab->cut++);
    slab->taken++;
    if (slab->class != LONE && slab->taken == slab->room)
        unlink_open(pool, slab);
    block->slab = slab;
    block->next = NULL;
    block->start = block->used = 0;
    block->room = (uint32_t)(block_bytes - sizeof(struct block));
    pool->taken += block_bytes;
    return block;
}

struct block *pool_take(struct pool *pool, size_t want)
{
    if (want > UINT32_MAX / 2)
        return NULL;
    size_t bytes = (want + sizeof(struct block) + 15) & ~(size_t)15;
    uint32_t class = 0;
    while (class < POOL_CLASSES && class_bytes[class] < bytes)
        class ++;
    if (class < POOL_CLASSES)
        bytes = class_bytes[class];
    struct slab *slab = class < POOL_CLASSES ? pool->open[class] : NULL;
    if (!slab) {
        slab = make_slab(pool, class, bytes);
        if (!slab)
            return NULL;
        if (class < POOL_CLASSES)
            link_open(pool, slab);
    }
    return take_from(pool, slab, bytes);
}

static void free_slab(struct pool *pool, struct slab *slab)
{
    if (slab->class != LONE && pool->spare_count < SPARES_MAX) {
        slab->next = pool->spare;
        pool->spare = slab;
        pool->spare_count++;
        return;
    }
    pool->bytes -= slab->size;
    memory_free(slab);
}

void pool_give(struct pool *pool, struct block *block)
{
    struct slab *slab = block->slab;
    MUST(slab->taken > 0);
    bool was_full = slab->taken == slab->room;
    slab->taken--;
    pool->taken -= sizeof *block + block->room;
    if (slab->class == LONE) {
        free_slab(pool, slab);
        return;
    }
    block->next = slab->free;
    slab->free = block;
    if (was_full)
        link_open(pool, slab);
    if (slab->taken == 0) {
        unlink_open(pool, slab);
        free_slab(pool, slab);
    }
}

void pool_clear(struct pool *pool)
{
    for (int class = 0; class < POOL_CLASSES; class ++)
        MUST(!pool->open[class]);
    for (struct slab *slab; (slab = take_spare(pool));) {
        pool->bytes -= slab->size;
        memory_free(slab);
    }
    MUST(pool->bytes == 0 && pool->taken == 0);
    *pool = (struct pool){0};
}
