/* tests/delivery/clock.h - a clock that stands still until it is told otherwise, with seeded
 * randomness. SPDX-License-Identifier: Apache-2.0
 */
#ifndef WEIR_TEST_CLOCK_H
#define WEIR_TEST_CLOCK_H

#include "agent/ports/clock.h"

struct still_clock {
    struct clock clock;
    int64_t now_ns;
    uint64_t seed;
};

static int64_t still_clock_ns(void *self)
{
    return ((struct still_clock *)self)->now_ns;
}

/* splitmix64 */
static void still_clock_random(void *self, void *to, size_t size)
{
    struct still_clock *clock = self;
    for (size_t i = 0; i < size; i++) {
        uint64_t z = clock->seed += 0x9e3779b97f4a7c15u;
        z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
        z = (z ^ z >> 27) * 0x94d049bb133111ebu;
        ((unsigned char *)to)[i] = (unsigned char)(z ^ z >> 31);
    }
}

static inline void still_clock_init(struct still_clock *clock, uint64_t seed)
{
    *clock = (struct still_clock){
        .clock = {.self = clock,
                  .wall_ns = still_clock_ns,
                  .mono_ns = still_clock_ns,
                  .random = still_clock_random},
        .now_ns = 1000000000,
        .seed = seed,
    };
}

#endif
