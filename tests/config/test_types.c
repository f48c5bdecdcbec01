/* tests/config/test_types.c - mirrors agent/config/types.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/config/types.c"

#include "tests/config/loading.h"

#include "tests/check.h"

#define WHEN(condition) "input stdin { } filter drop { when = " condition " } output stdout { }"

static void comparisons_that_may_be_true_pass(void)
{
    static const char *const texts[] = {
        WHEN("http.response.status_code == \"400\""),
        WHEN("url.path == 400"),
        WHEN(".raw == \"ok\""),
        WHEN("faas.coldstart == true"),
        WHEN("faas.coldstart == \"true\""),
        WHEN("duration_ms > 5000"),
        WHEN("timestamp > timestamp - 5s"),
        WHEN(".a == 1 and .b == 2"),
        WHEN(".a == 1 or .a == 2"),
        WHEN("error == false"),
    };
    for (size_t i = 0; i < COUNT(texts); i++)
        CHECK(says(texts[i], NULL));
}

static void comparisons_that_cannot_are_told(void)
{
    CHECK(says(WHEN("http.response.status_code == \"ok\""), "this can never be true"));
    CHECK(says(WHEN("http.response.status_code != \"ok\""), "this is always true"));
    CHECK(says(WHEN("http.response.status_code in [200 \"ok\"]"), "this can never be true"));
    CHECK(says(WHEN("faas.coldstart == 1"), "this can never be true"));
    CHECK(says(WHEN("error == \"yes\""), "built-in judgement"));
    CHECK(says(WHEN("duration_ms < 5s"), "did you mean duration < 5s?"));
    CHECK(says(WHEN("5 < duration"), "compares with a duration"));
    CHECK(says(WHEN(".a == 1 and .b == 2 and .a == 3"), "cannot be two things at once"));
    CHECK(says(WHEN("http.response.status_code"), "compare it"));
    CHECK(says(WHEN("not url.path"), "a condition is wanted"));
}

CHECK_MAIN(TEST(comparisons_that_may_be_true_pass), TEST(comparisons_that_cannot_are_told))
