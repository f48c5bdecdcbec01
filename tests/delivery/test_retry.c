/* tests/delivery/test_retry.c - mirrors agent/delivery/retry.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/delivery/retry.c"

#include "tests/check.h"
#include "tests/delivery/clock.h"

static const struct backoff backoff = {.base_ns = SECOND_NS, .cap_ns = 30 * SECOND_NS};

static void pauses_double_up_to_the_cap_and_use_the_whole_range(void)
{
    struct still_clock clock;
    still_clock_init(&clock, 1);
    static const int64_t most_s[] = {1, 2, 4, 8, 16, 30, 30};
    for (uint32_t attempts = 0; attempts < 7; attempts++) {
        int64_t least = INT64_MAX, most = 0;
        for (int i = 0; i < 1000; i++) {
            int64_t pause = backoff_pause(&backoff, attempts, -1, &clock.clock);
            least = pause < least ? pause : least;
            most = pause > most ? pause : most;
        }
        CHECK(most <= most_s[attempts] * SECOND_NS);
        CHECK(most > most_s[attempts] * SECOND_NS * 9 / 10);
        CHECK(least < most_s[attempts] * SECOND_NS / 10);
    }
    CHECK(backoff_pause(&backoff, UINT32_MAX, -1, &clock.clock) <= 30 * SECOND_NS);
}

static void retry_after_is_the_least_and_is_bounded(void)
{
    struct still_clock clock;
    still_clock_init(&clock, 2);
    for (int i = 0; i < 100; i++) {
        int64_t pause = backoff_pause(&backoff, 0, 60 * SECOND_NS, &clock.clock);
        CHECK(pause >= 60 * SECOND_NS && pause <= 61 * SECOND_NS);
        CHECK(backoff_pause(&backoff, 0, INT64_MAX, &clock.clock) <=
              (RETRY_AFTER_S_MAX + 1) * SECOND_NS);
    }
}

static void a_rest_is_at_least_half_of_its_most(void)
{
    struct still_clock clock;
    still_clock_init(&clock, 3);
    for (int i = 0; i < 100; i++) {
        int64_t rest = backoff_rest(&backoff, 2, &clock.clock);
        CHECK(rest >= 2 * SECOND_NS && rest <= 4 * SECOND_NS);
    }
}

CHECK_MAIN(TEST(pauses_double_up_to_the_cap_and_use_the_whole_range),
           TEST(retry_after_is_the_least_and_is_bounded), TEST(a_rest_is_at_least_half_of_its_most))
