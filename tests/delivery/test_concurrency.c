/* tests/delivery/test_concurrency.c - mirrors agent/delivery/concurrency.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/delivery/concurrency.c"

#include "tests/check.h"

static void it_halves_once_per_congestion_and_climbs_by_one_per_round(void)
{
    struct concurrency concurrency;
    concurrency_init(&concurrency, 8);
    CHECK_EQ(concurrency_limit(&concurrency), 8);
    concurrency_lower(&concurrency, 10, 20);
    concurrency_lower(&concurrency, 11, 21); /* began before the first was answered */
    CHECK_EQ(concurrency_limit(&concurrency), 4);
    concurrency_lower(&concurrency, 20, 30);
    CHECK_EQ(concurrency_limit(&concurrency), 2);
    for (int i = 0; i < 3; i++)
        concurrency_raise(&concurrency);
    CHECK_EQ(concurrency_limit(&concurrency), 3);
    for (int i = 0; i < 1000; i++)
        concurrency_raise(&concurrency);
    CHECK_EQ(concurrency_limit(&concurrency), 8);
}

static void it_never_falls_below_one(void)
{
    struct concurrency concurrency;
    concurrency_init(&concurrency, 4);
    for (int64_t at = 0; at < 100; at += 2)
        concurrency_lower(&concurrency, at, at + 1);
    CHECK_EQ(concurrency_limit(&concurrency), 1);
}

CHECK_MAIN(TEST(it_halves_once_per_congestion_and_climbs_by_one_per_round),
           TEST(it_never_falls_below_one))
