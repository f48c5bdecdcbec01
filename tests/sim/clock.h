/* tests/sim/clock.h - the seeded twin of the clock port.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Time stands still until it is moved. Randomness follows from the seed alone.
 */
#ifndef WEIR_SIM_CLOCK_H
#define WEIR_SIM_CLOCK_H

#include "agent/ports/clock.h"

struct sim_clock {
    struct clock port; /* hand this to the code under test */
    int64_t wall_ns, mono_ns;
    uint64_t seed;
};

enum { SIM_MS = 1000000 };

/* Begins on 2026-01-01 UTC. The clock must not be moved in memory afterwards. */
void sim_clock_init(struct sim_clock *clock, uint64_t seed);
void sim_clock_pass(struct sim_clock *clock, int64_t ns);      /* both clocks */
void sim_clock_jump(struct sim_clock *clock, int64_t wall_ns); /* the wall clock alone, either way */

/* The simulator's randomness: every part has a seed of its own and steps it. */
uint64_t sim_random(uint64_t *seed);
uint64_t sim_below(uint64_t *seed, uint64_t bound);   /* 0 .. bound - 1 */
int sim_chance(uint64_t *seed, unsigned percent);     /* true so often */

#endif
