/* tests/ports/test_port_clock_posix.c - mirrors agent/ports/port_clock_posix.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/ports/port_clock_posix.c"

#include <string.h>

#include "tests/check.h"

static void the_monotonic_clock_never_goes_back(void)
{
    const struct clock *clock = clock_posix();
    int64_t before = clock->mono_ns(clock->self);
    for (int i = 0; i < 1000; i++) {
        int64_t now = clock->mono_ns(clock->self);
        CHECK(now >= before);
        before = now;
    }
}

static void the_wall_clock_is_past_2020(void)
{
    const struct clock *clock = clock_posix();
    CHECK(clock->wall_ns(clock->self) > INT64_C(1577836800) * 1000000000);
}

static void randomness_fills_every_byte(void)
{
    const struct clock *clock = clock_posix();
    char seen[64] = {0}, bytes[64];
    for (int round = 0; round < 64; round++) {
        clock->random(clock->self, bytes, sizeof bytes);
        for (size_t i = 0; i < sizeof bytes; i++)
            seen[i] = (char)(seen[i] | bytes[i]);
    }
    CHECK(memchr(seen, 0, sizeof seen) == NULL);
}

CHECK_MAIN(TEST(the_monotonic_clock_never_goes_back), TEST(the_wall_clock_is_past_2020),
           TEST(randomness_fills_every_byte))
