/* agent/ports/port_clock_posix.c - time and randomness from the kernel.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/ports/clock.h"

#include <sys/random.h>
#include <time.h>

#include "agent/must.h"

static int64_t read_ns(clockid_t which)
{
    struct timespec at;
    MUST(clock_gettime(which, &at) == 0);
    return (int64_t)at.tv_sec * 1000000000 + at.tv_nsec;
}

static int64_t wall_ns(void *self)
{
    (void)self;
    return read_ns(CLOCK_REALTIME);
}

static int64_t mono_ns(void *self)
{
    (void)self;
    return read_ns(CLOCK_MONOTONIC);
}

static void random_fill(void *self, void *to, size_t size)
{
    (void)self;
    for (size_t done = 0; done < size;) {
        ssize_t got = getrandom((char *)to + done, size - done, 0);
        if (got > 0)
            done +=
                (size_t)got; /* a signal cuts it short; nothing else can fail here (getrandom(2)) */
    }
}

const struct clock *clock_posix(void)
{
    static const struct clock clock = {
        .wall_ns = wall_ns, .mono_ns = mono_ns, .random = random_fill};
    return &clock;
}
