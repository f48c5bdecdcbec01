/* agent/pipeline/spare.c - memory that one pass needs for itself, taken before the pass begins.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/pipeline/spare.h"

#include "agent/memory.h"
#include "agent/must.h"

bool spare_reserve(struct spare *spare, size_t size)
{
    spare->used = 0;
    if (size <= spare->room)
        return true;
    spare_clear(spare);
    spare->at = memory_make(size);
    spare->room = spare->at ? size : 0;
    return spare->at != NULL;
}

void *spare_take(struct spare *spare, size_t size)
{
    size_t aligned = (size + SPARE_ALIGNMENT - 1) / SPARE_ALIGNMENT * SPARE_ALIGNMENT;
    MUST(aligned <= spare->room - spare->used);
    void *taken = spare->at + spare->used;
    spare->used += aligned;
    return taken;
}

void spare_clear(struct spare *spare)
{
    memory_free(spare->at);
    *spare = (struct spare){0};
}
