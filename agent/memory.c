/* agent/memory.c - the one door to the heap.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/memory.h"

#include <malloc.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum {
    LARGE_BYTES = 128 << 10,   /* larger blocks are pages of their own, which go back when freed */
    ARENAS_MAX = 4,            /* ours and the libraries' threads share them */
    GIVE_BACK_BYTES = 4 << 20, /* less is not worth the walk */
};

static atomic_size_t in_use;
static atomic_ulong fail_countdown;

static int told_to_fail(void)
{
    unsigned long left = atomic_load_explicit(&fail_countdown, memory_order_relaxed);
    if (left == 0)
        return 0;
    if (left == 1)
        return 1;
    atomic_store_explicit(&fail_countdown, left - 1, memory_order_relaxed);
    return 0;
}

void memory_prepare(void)
{
    mallopt(M_MMAP_THRESHOLD, LARGE_BYTES);
    mallopt(M_ARENA_MAX, ARENAS_MAX);
}

void *memory_make(size_t size)
{
    if (told_to_fail())
        return NULL;
    void *block = NULL;
    if (posix_memalign(&block, 64, size ? size : 1) != 0)
        return NULL;
    atomic_fetch_add_explicit(&in_use, malloc_usable_size(block), memory_order_relaxed);
    return block;
}

void *memory_resize(void *block, size_t old_size, size_t size)
{
    void *grown = memory_make(size);
    if (!grown)
        return NULL;
    if (block)
        memcpy(grown, block, old_size < size ? old_size : size);
    memory_free(block);
    return grown;
}

void memory_free(void *block)
{
    if (!block)
        return;
    atomic_fetch_sub_explicit(&in_use, malloc_usable_size(block), memory_order_relaxed);
    free(block);
}

size_t memory_in_use(void)
{
    return atomic_load_explicit(&in_use, memory_order_relaxed);
}

void memory_give_back(void)
{
    if (mallinfo2().fordblks > GIVE_BACK_BYTES)
        malloc_trim(0);
}

void memory_fail_at(unsigned long n)
{
    atomic_store_explicit(&fail_countdown, n, memory_order_relaxed);
}
