/* tests/delivery/test_rate_limit.c - mirrors agent/delivery/rate_limit.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/delivery/rate_limit.c"

#include "agent/must.h"
#include "tests/check.h"

static void a_limit_that_is_used_up_says_how_long(void)
{
    static const struct {
        const char *header;
        int64_t want_s; /* -1: no need to wait */
    } cases[] = {
        {"limit=100, remaining=0, reset=60", 60},
        {"limit=100,remaining=0,reset=1", 1},
        {"limit=100, remaining=50, reset=60", -1},
        {"\"default\";r=0;t=30", 30},
        {"\"burst\";r=7;t=30", -1},
        {"limit=100, remaining=0", -1},
        {"limit=100, remaining=0, reset=0", -1},
        {"remaining = 0 , reset = 5", 5},
        {"limit=100, remaining=-1, reset=60", -1},
        {"limit=100, remaining=0, reset=99999999999999999999999", -1},
        {"limit=100, remaining=0, reset=1000000", 3600},
        {"", -1},
        {"nonsense", -1},
        {",;,;=", -1},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        int64_t want = cases[i].want_s < 0 ? -1 : cases[i].want_s * SECOND_NS;
        CHECK_EQ(rate_limit_wait(str_from(cases[i].header)), want);
    }
}

CHECK_MAIN(TEST(a_limit_that_is_used_up_says_how_long))
