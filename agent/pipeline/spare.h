/* agent/pipeline/spare.h - memory that one pass needs for itself, taken before the pass begins.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A pass cannot stop in its middle: filters have taken some of its events. So what the engine needs for views,
 * copies and ids is there before the first event moves, or the pass does not begin.
 */
#ifndef WEIR_SPARE_H
#define WEIR_SPARE_H

#include <stdbool.h>
#include <stddef.h>

enum { SPARE_ALIGNMENT = 16 }; /* a piece takes up to so much more */

struct spare {
    char *at;
    size_t used, room;
};

/* Forgets what was taken and makes sure of `size` bytes. False: no memory. */
bool spare_reserve(struct spare *spare, size_t size);
/* Aligned to 16 bytes, good until the next reserve. What was reserved suffices: a mistake of ours otherwise. */
void *spare_take(struct spare *spare, size_t size);
void spare_clear(struct spare *spare);

#endif
