/* agent/sampling/timers.h - which trace ends next: a heap of deadlines on stream time.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A deadline that moves later is left where it is: whoever takes the first looks again and sets it
 * anew. So an event of a known trace costs nothing here; only a deadline that moves earlier is
 * sifted.
 */
#ifndef WEIR_TIMERS_H
#define WEIR_TIMERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct timer { /* part of what it is for */
    int64_t due_ns;
    uint32_t place; /* in the heap + 1, 0: not set */
};

struct timers {
    struct timer **heap;
    uint32_t count, room;
};

/* Room for one timer more than there are; false: no memory. timer_set() then cannot fail. */
bool timers_reserve(struct timers *timers);
void timer_set(struct timers *timers, struct timer *timer, int64_t due_ns);
void timer_unset(struct timers *timers, struct timer *timer);
static inline struct timer *timers_first(const struct timers *timers)
{
    return timers->count ? timers->heap[0] : NULL;
}
static inline size_t timers_bytes(const struct timers *timers)
{
    return timers->room * sizeof *timers->heap;
}
void timers_clear(struct timers *timers);

#endif
