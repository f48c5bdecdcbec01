/* tests/delivery/test_breaker.c - mirrors agent/delivery/breaker.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/delivery/breaker.c"

#include "tests/check.h"
#include "tests/delivery/clock.h"

static struct breaker opened(struct still_clock *clock)
{
    struct breaker breaker = {0};
    for (int i = 0; i < FAILURES_TO_OPEN; i++) {
        bool is_told = breaker_failed(&breaker, clock->now_ns, &clock->clock);
        CHECK_EQ(is_told, i == FAILURES_TO_OPEN - 1);
    }
    return breaker;
}

static void it_opens_on_failures_in_a_row_only(void)
{
    struct still_clock clock;
    still_clock_init(&clock, 1);
    struct breaker breaker = {0};
    for (int i = 0; i < 100; i++) {
        CHECK(!breaker_failed(&breaker, clock.now_ns, &clock.clock));
        if (i % 4 == 3)
            CHECK(!breaker_succeeded(&breaker));
    }
    CHECK_EQ(opened(&clock).state, BREAKER_OPEN);
}

static void one_probe_decides_and_pauses_grow(void)
{
    struct still_clock clock;
    still_clock_init(&clock, 2);
    struct breaker breaker = opened(&clock);
    int64_t pause = breaker.until_ns - clock.now_ns;
    CHECK(!breaker_permits(&breaker, clock.now_ns));
    for (int i = 0; i < 10; i++) {
        clock.now_ns = breaker.until_ns;
        CHECK(breaker_permits(&breaker, clock.now_ns));
        CHECK(!breaker_permits(&breaker, clock.now_ns));
        CHECK(!breaker_failed(&breaker, clock.now_ns, &clock.clock));
    }
    CHECK(breaker.until_ns - clock.now_ns > 10 * pause);
    CHECK(breaker.until_ns - clock.now_ns <= 60 * SECOND_NS);
    CHECK(breaker_succeeded(&breaker));
    CHECK(breaker_permits(&breaker, clock.now_ns));
}

static void an_undecided_probe_leaves_room_for_the_next(void)
{
    struct still_clock clock;
    still_clock_init(&clock, 3);
    struct breaker breaker = opened(&clock);
    clock.now_ns = breaker.until_ns;
    CHECK(breaker_permits(&breaker, clock.now_ns));
    breaker_undecided(&breaker);
    CHECK(breaker_permits(&breaker, clock.now_ns));
}

static void it_opens_at_once_when_nobody_is_known_to_be_there(void)
{
    struct still_clock clock;
    still_clock_init(&clock, 4);
    struct breaker breaker = {0};
    CHECK(breaker_trip(&breaker, clock.now_ns, &clock.clock));
    CHECK_EQ(breaker.state, BREAKER_OPEN);
    CHECK(!breaker_trip(&breaker, clock.now_ns, &clock.clock));
    CHECK(breaker_succeeded(&breaker));
}

CHECK_MAIN(TEST(it_opens_at_once_when_nobody_is_known_to_be_there),
           TEST(it_opens_on_failures_in_a_row_only), TEST(one_probe_decides_and_pauses_grow),
           TEST(an_undecided_probe_leaves_room_for_the_next))
