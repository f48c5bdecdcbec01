/* tests/config/test_compile.c - mirrors agent/config/compile.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/config/compile.c"

#include "tests/config/loading.h"

#include "tests/check.h"

#define WHEN(condition) "input stdin { } filter drop { when = " condition " } output stdout { }"

static void what_the_language_allows_is_fine(void)
{
    CHECK(says(WHEN("http.request.body.size > 64KiB and duration >= 1.5s"), NULL));
    CHECK(says(WHEN("env(\"SET\") == .stage or .user == .owner"), NULL));
    CHECK(says(WHEN("exists(.a) and len(.b) in [1 2 3]"), NULL));
}

static void what_it_does_not_is_told(void)
{
    CHECK(says(WHEN(".a in .b"), "in takes a list"));
    CHECK(says(WHEN(".a in [.b]"), "only literals stand in such a list"));
    CHECK(says(WHEN(".a =~ .b"), "=~ takes a pattern in quotes"));
    CHECK(says(WHEN(".a == [1]"), "a list, but behind in, has no place"));
    CHECK(says(WHEN("substr(.a) == \"x\""), "substr takes 2 to 3 arguments, not 1"));
    CHECK(says(WHEN("lower() == \"x\""), "lower takes 1 argument, not 0"));
    CHECK(says(WHEN(".a == 12parsecs"), "no number, duration or size"));
    CHECK(says(WHEN("error exists"), "it is always there"));
    CHECK(says(WHEN("(1 + 2)"), "a condition is wanted"));
    CHECK(says(WHEN("\"error\""), "write error without quotes"));
    CHECK(says("input stdin { } filter sample { rate = \"ten\" } output stdout { }",
               "a number is wanted"));
}

static void more_questions_than_bits_are_refused(void)
{
    static char text[2048] = "input stdin { } filter sample { rule \"r\" { rate = 1 when = error";
    for (int i = 0; i <= EXPR_ANY_MAX; i++)
        strcat(text, " or any(.a == 1)");
    strcat(text, " } } output stdout { }");
    CHECK(says(text, "more than 32 any"));
}

CHECK_MAIN(TEST(what_the_language_allows_is_fine), TEST(what_it_does_not_is_told),
           TEST(more_questions_than_bits_are_refused))
