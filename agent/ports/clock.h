/* agent/ports/clock.h - the port to time and randomness.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef WEIR_CLOCK_H
#define WEIR_CLOCK_H

#include <stddef.h>
#include <stdint.h>

struct clock {
    void *self;
    int64_t (*wall_ns)(void *self); /* since 1970 UTC; may jump */
    int64_t (*mono_ns)(void *self); /* never goes back */
    void (*random)(void *self, void *to, size_t size);
};

/* The production clock: clock_gettime and getrandom. */
const struct clock *clock_posix(void);

#endif
