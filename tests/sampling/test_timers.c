/* tests/sampling/test_timers.c - mirrors agent/sampling/timers.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/sampling/timers.c"

#include "tests/check.h"

static void the_first_is_always_the_earliest(void)
{
    struct timers timers = {0};
    struct timer all[500] = {0};
    uint32_t seed = 3;
    for (int step = 0; step < 50000; step++) {
        seed = seed * 1664525 + 1013904223;
        struct timer *timer = &all[(seed >> 8) % COUNT(all)];
        CHECK(timers_reserve(&timers));
        if (seed >> 30 == 0)
            timer_unset(&timers, timer);
        else
            timer_set(&timers, timer, (seed >> 4) % 1000);
        if (step % 500)
            continue;
        int64_t earliest = INT64_MAX;
        for (size_t i = 0; i < COUNT(all); i++)
            if (all[i].place && all[i].due_ns < earliest)
                earliest = all[i].due_ns;
        const struct timer *first = timers_first(&timers);
        CHECK_EQ(first ? first->due_ns : INT64_MAX, earliest);
    }
    int64_t before = INT64_MIN;
    for (struct timer *first; (first = timers_first(&timers)); timer_unset(&timers, first)) {
        CHECK(first->due_ns >= before);
        before = first->due_ns;
    }
    timers_clear(&timers);
}

static void a_timer_that_is_not_set_can_be_unset(void)
{
    struct timers timers = {0};
    struct timer timer = {0};
    timer_unset(&timers, &timer);
    CHECK(!timers_first(&timers));
}

CHECK_MAIN(TEST(the_first_is_always_the_earliest), TEST(a_timer_that_is_not_set_can_be_unset))
