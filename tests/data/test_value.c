/* tests/data/test_value.c - mirrors agent/data/value.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/data/value.c"

#include "tests/check.h"

static struct value text_of(enum value_kind kind, const char *text)
{
    return (struct value){kind, .text = str_from(text)};
}

static void check_text(struct value value, const char *want)
{
    struct arena arena;
    struct str text;
    arena_init(&arena, 1024, 4096);
    CHECK(value_text(value, &arena, &text));
    CHECK_TEXT(text, want);
    arena_clear(&arena);
}

static void a_text_is_what_a_person_would_write(void)
{
    check_text((struct value){VALUE_BOOL, .truth = true}, "true");
    check_text((struct value){VALUE_BOOL, .truth = false}, "false");
    check_text((struct value){VALUE_INTEGER, .integer = INT64_MIN}, "-9223372036854775808");
    check_text((struct value){VALUE_FLOAT, .real = 0.1}, "0.1");
    check_text((struct value){VALUE_FLOAT, .real = -1.7976931348623157e308},
               "-1.79769313486232e+308");
    check_text((struct value){VALUE_TIME, .integer = 1700000000500000000},
               "2023-11-14T22:13:20.500Z");
    check_text((struct value){VALUE_DURATION, .integer = 2500000}, "2.5");
    check_text(text_of(VALUE_NUMBER, "1.0e0"), "1.0e0");
    check_text(text_of(VALUE_ESCAPED, "a\\nb\\u00e9"), "a\nb\xC3\xA9");
    check_text(text_of(VALUE_STRING, "plain"), "plain");
    check_text(text_of(VALUE_OBJECT, "{\"a\": 1}"), "{\"a\": 1}");
}

static void what_is_not_there_and_what_finds_no_room_has_no_text(void)
{
    struct arena full;
    struct str text;
    arena_init(&full, 64, 64);
    while (arena_take(&full, 16))
        continue;
    CHECK(!value_text((struct value){.kind = VALUE_MISSING}, &full, &text));
    CHECK(!value_text((struct value){.kind = VALUE_NULL}, &full, &text));
    CHECK(!value_text((struct value){VALUE_INTEGER, .integer = 1}, &full, &text));
    CHECK(!value_text((struct value){VALUE_FLOAT, .real = 1}, &full, &text));
    CHECK(!value_text((struct value){VALUE_TIME, .integer = 1}, &full, &text));
    CHECK(!value_text((struct value){VALUE_DURATION, .integer = 1}, &full, &text));
    CHECK(!value_text(text_of(VALUE_ESCAPED, "\\n"), &full, &text));
    CHECK(value_text(text_of(VALUE_STRING, "borrowed"), &full, &text));
    CHECK_TEXT(text, "borrowed");
    arena_clear(&full);
}

static void numeric_text_counts_as_a_number_and_other_kinds_do_not(void)
{
    double got = 7;
    CHECK(value_number(text_of(VALUE_STRING, "-12"), &got) && got == -12);
    CHECK(value_number(text_of(VALUE_NUMBER, "1e3"), &got) && got == 1000);
    CHECK(value_number(text_of(VALUE_TEXT, "0.5"), &got) && got == 0.5);
    CHECK(value_number(text_of(VALUE_NUMBER, "12345678901234567890"), &got) && got > 1.2e19);
    CHECK(value_number((struct value){VALUE_DURATION, .integer = 5}, &got) && got == 5);
    CHECK(!value_number(text_of(VALUE_STRING, ""), &got));
    CHECK(!value_number(text_of(VALUE_STRING, "12 apples"), &got));
    CHECK(!value_number(text_of(VALUE_STRING, "0x10"), &got));
    CHECK(!value_number(text_of(VALUE_ARRAY, "1"), &got));
    CHECK(!value_number((struct value){VALUE_BOOL, .truth = true}, &got));
    CHECK(!value_number((struct value){.kind = VALUE_NULL}, &got));
    CHECK(got == 5);
}

static void integers_are_whole_and_within_64_bits(void)
{
    int64_t got = 7;
    CHECK(value_integer(text_of(VALUE_NUMBER, "9223372036854775807"), &got));
    CHECK(got == INT64_MAX);
    CHECK(value_integer(text_of(VALUE_NUMBER, "-9223372036854775808"), &got));
    CHECK(got == INT64_MIN);
    CHECK(value_integer(text_of(VALUE_NUMBER, "2.5e1"), &got));
    CHECK_EQ(got, 25);
    CHECK(value_integer((struct value){VALUE_FLOAT, .real = -9223372036854775808.0}, &got));
    CHECK(got == INT64_MIN);
    CHECK(!value_integer((struct value){VALUE_FLOAT, .real = 9223372036854775808.0}, &got));
    CHECK(!value_integer((struct value){VALUE_FLOAT, .real = NAN}, &got));
    CHECK(!value_integer((struct value){VALUE_FLOAT, .real = INFINITY}, &got));
    CHECK(!value_integer(text_of(VALUE_NUMBER, "9223372036854775808"), &got));
    CHECK(!value_integer(text_of(VALUE_NUMBER, "0.5"), &got));
    CHECK(!value_integer(text_of(VALUE_STRING, "x"), &got));
    CHECK(got == INT64_MIN);
}

CHECK_MAIN(TEST(a_text_is_what_a_person_would_write),
           TEST(what_is_not_there_and_what_finds_no_room_has_no_text),
           TEST(numeric_text_counts_as_a_number_and_other_kinds_do_not),
           TEST(integers_are_whole_and_within_64_bits))
