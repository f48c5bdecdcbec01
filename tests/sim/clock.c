/* tests/sim/clock.c - the seeded twin of the clock port.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/sim/clock.h"

#include "agent/must.h"

static const int64_t BEGIN_NS = INT64_C(1767225600) * 1000000000;

/* SplitMix64: any seed is a good one. */
uint64_t sim_random(uint64_t *seed)
{
    uint64_t z = *seed += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

uint64_t sim_below(uint64_t *seed, uint64_t bound)
{
    MUST(bound > 0);
    return sim_random(seed) % bound;
}

int sim_chance(uint64_t *seed, unsigned percent)
{
    return sim_below(seed, 100) < percent;
}

static int64_t wall_ns(void *self)
{
    return ((const struct sim_clock *)self)->wall_ns;
}

static int64_t mono_ns(void *self)
{
    return ((const struct sim_clock *)self)->mono_ns;
}

static void random_fill(void *self, void *to, size_t size)
{
    struct sim_clock *clock = self;
    for (size_t i = 0; i < size; i++)
        ((unsigned char *)to)[i] = (unsigned char)sim_random(&clock->seed);
}

void sim_clock_init(struct sim_clock *clock, uint64_t seed)
{
    *clock = (struct sim_clock){
        .port = {.self = clock, .wall_ns = wall_ns, .mono_ns = mono_ns, .random = random_fill},
        .wall_ns = BEGIN_NS,
        .mono_ns = 1,
        .seed = seed,
    };
}

void sim_clock_pass(struct sim_clock *clock, int64_t ns)
{
    MUST(ns >= 0);
    clock->wall_ns += ns;
    clock->mono_ns += ns;
}

void sim_clock_jump(struct sim_clock *clock, int64_t wall_ns_now)
{
    clock->wall_ns = wall_ns_now;
}
