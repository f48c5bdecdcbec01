/* tests/config/test_regex.c - mirrors agent/config/regex.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/config/regex.c"

#include <string.h>

#include "tests/check.h"

static bool matches(const char *pattern, struct str text)
{
    char error[128];
    size_t at;
    struct regex *regex = regex_make(str_from(pattern), error, &at);
    CHECK(regex != NULL);
    bool found = regex_matches(regex, text);
    regex_free(regex);
    return found;
}

static void patterns_match_anywhere_in_the_text(void)
{
    CHECK(matches("ell", STR("hello")));
    CHECK(!matches("^ell", STR("hello")));
    CHECK(matches("^.ö.$", STR("höh") /* one character each */));
    CHECK(matches("", STR("")));
    CHECK(matches("b", STR("a\0b")));
}

static void bytes_that_are_no_utf8_match_nothing_and_harm_nothing(void)
{
    CHECK(matches("end$", STR("\xFF\xFE the end")));
    CHECK(!matches("^.the", STR("\xFFthe")));
}

static void a_match_that_runs_away_is_no_match_and_counted(void)
{
    char text[64];
    memset(text, 'a', sizeof text);
    uint64_t before = regex_limits_hit();
    CHECK(!matches("^(?:(a+)+)+[^a]\\1$", (struct str){text, sizeof text}));
    CHECK(regex_limits_hit() > before);
}

static void a_wrong_pattern_says_where(void)
{
    char error[128];
    size_t at;
    CHECK(!regex_make(STR("a(b"), error, &at));
    CHECK_EQ(at, 3);
    CHECK_TEXT(str_from(error), "missing closing parenthesis");
}

static void every_allocation_may_fail(void)
{
    char error[128];
    size_t at;
    for (unsigned long n = 1; n < 64; n++) {
        memory_fail_at(n);
        struct regex *regex = regex_make(STR("^a+$"), error, &at);
        memory_fail_at(0);
        regex_free(regex);
    }
}

CHECK_MAIN(TEST(patterns_match_anywhere_in_the_text),
           TEST(bytes_that_are_no_utf8_match_nothing_and_harm_nothing),
           TEST(a_match_that_runs_away_is_no_match_and_counted), TEST(a_wrong_pattern_says_where),
           TEST(every_allocation_may_fail))
