/* tests/data/test_str.c - mirrors agent/data/str.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/data/str.c"

#include "tests/check.h"

static void a_cut_without_separator_keeps_everything_in_the_head(void)
{
    struct cut cut = str_cut(STR("level"), '=');
    CHECK(!cut.found);
    CHECK_TEXT(cut.head, "level");
    CHECK_EQ(cut.tail.len, 0);
}

static void a_cut_splits_at_the_first_byte_and_the_last_cut_at_the_last(void)
{
    struct cut cut = str_cut(STR("a=b=c"), '=');
    CHECK_TEXT(cut.head, "a");
    CHECK_TEXT(cut.tail, "b=c");
    cut = str_cut_last(STR("a=b=c"), '=');
    CHECK_TEXT(cut.head, "a=b");
    CHECK_TEXT(cut.tail, "c");
}

static void integers_stop_at_their_bounds(void)
{
    int64_t got = 7;
    CHECK(str_to_int(STR("-9223372036854775808"), &got));
    CHECK(got == INT64_MIN);
    CHECK(str_to_int(STR("9223372036854775807"), &got));
    CHECK(got == INT64_MAX);
    CHECK(!str_to_int(STR("9223372036854775808"), &got));
    CHECK(!str_to_int(STR("-"), &got));
    CHECK(!str_to_int(STR("1x"), &got));
    CHECK(got == INT64_MAX);
}

static void floats_follow_the_json_grammar(void)
{
    static const char *const good[] = {"0", "-1.5", "2e3", "1E-2"};
    static const char *const bad[] = {"", "01", "1.", ".5", "0x1", "inf", "nan", "1e"};
    double got;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        CHECK(str_to_float(str_from(good[i]), &got));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK(!str_to_float(str_from(bad[i]), &got));
}

static void slices_are_clamped(void)
{
    CHECK_TEXT(str_slice(STR("abc"), 1, 99), "bc");
    CHECK_EQ(str_skip(STR("abc"), 9).len, 0);
    CHECK_TEXT(str_trim(STR(" \t a b \r\n")), "a b");
}

/* For every length around the steps of the comparison, and every place of a difference. */
static void bytes_are_equal_only_where_all_of_them_are(void)
{
    char one[40], other[40];
    for (size_t i = 0; i < sizeof one; i++)
        one[i] = (char)(i * 7 + 1);
    memcpy(other, one, sizeof one);
    for (size_t len = 0; len <= sizeof one; len++) {
        CHECK(str_equal((struct str){one, len}, (struct str){other, len}));
        CHECK(len == 0 || !str_equal((struct str){one, len}, (struct str){other, len - 1}));
        for (size_t i = 0; i < sizeof one; i++) {
            other[i] ^= 0x20;
            CHECK_EQ(str_equal((struct str){one, len}, (struct str){other, len}), i >= len);
            CHECK_EQ(str_starts((struct str){one, 40}, (struct str){other, len}), i >= len);
            other[i] ^= 0x20;
        }
    }
    CHECK(str_equal((struct str){NULL, 0}, STR("")));
}

CHECK_MAIN(TEST(bytes_are_equal_only_where_all_of_them_are),
           TEST(a_cut_without_separator_keeps_everything_in_the_head),
           TEST(a_cut_splits_at_the_first_byte_and_the_last_cut_at_the_last),
           TEST(integers_stop_at_their_bounds), TEST(floats_follow_the_json_grammar),
           TEST(slices_are_clamped))
