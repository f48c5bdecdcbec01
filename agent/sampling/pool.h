/* agent/sampling/pool.h - blocks of a few sizes, cut from slabs: where held traces live.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A trace grows block by block: small ones first, since most traces are a few lines and there may
 * be 100,000 of them, then larger ones. A slab holds blocks of one size and goes back to the heap
 * when its last block does.
 */
#ifndef WEIR_POOL_H
#define WEIR_POOL_H

#include <stddef.h>
#include <stdint.h>

#include "agent/limits.h"

enum { POOL_CLASSES = 7 }; /* 1, 2, 4 ... 64 KiB with the block's header; what is larger stands alone */

struct slab;

struct block {
    struct block *next; /* its owner's */
    struct slab *slab;
    uint32_t room, used; /* bytes of at[] */
    uint32_t start;      /* of what its owner keeps here */
    _Alignas(16) char at[];
};

struct pool {
    struct slab *open[POOL_CLASSES]; /* slabs with a free block */
    struct slab *spare; /* empty ones: opening and closing traces does not hit the heap */
    uint32_t spare_count;
    size_t bytes, taken; /* of all slabs; of them, of blocks in use */
};

/* An empty block with room for at least `want` bytes (no more than a block of the next class up
 * when that much is not needed), or null when the heap has none. */
struct block *pool_take(struct pool *pool, size_t want);
void pool_give(struct pool *pool, struct block *block);
void pool_clear(struct pool *pool); /* every block was given back */

#endif
