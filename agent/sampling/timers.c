/* agent/sampling/timers.c - which trace ends next: a heap of deadlines on stream time.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/sampling/timers.h"

#include "agent/memory.h"
#include "agent/must.h"

enum { FIRST_ROOM = 256 };

bool timers_reserve(struct timers *timers)
{
    if (timers->count < timers->room)
        return true;
    uint32_t room = timers->room ? timers->room * 2 : FIRST_ROOM;
    struct timer **grown =
        memory_resize(timers->heap, timers_bytes(timers), room * sizeof *timers->heap);
    if (!grown)
        return false;
    timers->heap = grown;
    timers->room = room;
    return true;
}

static void put(struct timers *timers, uint32_t at, struct timer *timer)
{
    timers->heap[at] = timer;
    timer->place = at + 1;
}

static void sift_up(struct timers *timers, uint32_t at, struct timer *timer)
{
    while (at > 0 && timers->heap[(at - 1) / 2]->due_ns > timer->due_ns) {
        put(timers, at, timers->heap[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
    put(timers, at, timer);
}

static void sift_down(struct timers *timers, uint32_t at, struct timer *timer)
{
    for (;;) {
        uint32_t child = 2 * at + 1;
        if (child >= timers->count)
            break;
        if (child + 1 < timers->count &&
            timers->heap[child + 1]->due_ns < timers->heap[child]->due_ns)
            child++;
        if (timers->heap[child]->due_ns >= timer->due_ns)
            break;
        put(timers, at, timers->heap[child]);
        at = child;
    }
    put(timers, at, timer);
}

void timer_set(struct timers *timers, struct timer *timer, int64_t due_ns)
{
    if (!timer->place) {
        MUST(timers->count < timers->room);
        timer->due_ns = due_ns;
        sift_up(timers, timers->count++, timer);
        return;
    }
    bool is_earlier = due_ns < timer->due_ns;
    timer->due_ns = due_ns;
    if (is_earlier)
        sift_up(timers, timer->place - 1, timer);
    else
        sift_down(timers, timer->place - 1, timer);
}

void timer_unset(struct timers *timers, struct timer *timer)
{
    if (!timer->place)
        return;
    uint32_t at = timer->place - 1;
    timer->place = 0;
    struct timer *last = timers->heap[--timers->count];
    if (last == timer)
        return;
    if (at > 0 && timers->heap[(at - 1) / 2]->due_ns > last->due_ns)
        sift_up(timers, at, last);
    else
        sift_down(timers, at, last);
}

void timers_clear(struct timers *timers)
{
    memory_free(timers->heap);
    *timers = (struct timers){0};
}
