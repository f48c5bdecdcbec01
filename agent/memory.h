/* agent/memory.h - the one door to the heap.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Only memory.c calls malloc (tests/tidy.c checks the object files). Blocks are for containers and
 * arenas that live long; nothing is allocated per event.
 */
#ifndef WEIR_MEMORY_H
#define WEIR_MEMORY_H

#include <stddef.h>

/* Once, before anything else: the heap is to stay as small as what is in it. By itself it would keep ever larger blocks
 * after they were freed, and an arena for each thread. */
void memory_prepare(void);

/* Uninitialised, aligned to 64 bytes; null when there is no memory (callers say OVER_LIMIT). */
void *memory_make(size_t size);
/* Grows or shrinks; null leaves the old block as it was. old_size bytes are kept. */
void *memory_resize(void *block, size_t old_size, size_t size);
void memory_free(void *block); /* null is allowed */

/* Bytes held through this door now. Any thread. */
size_t memory_in_use(void);

/* Hands the pages of what was freed back to the system, the libraries' among them. The heap keeps them otherwise, so that
 * after a wave the process would stay as large as its parts were together, each at its own moment. Takes up to some
 * milliseconds: once a second will do. */
void memory_give_back(void);

/* Tests: let allocation number n (1 is the next) and all after it fail; 0 turns that off. */
void memory_fail_at(unsigned long n);

#endif
