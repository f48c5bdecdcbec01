/* tests/config/test_strings.c - mirrors agent/config/strings.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/config/strings.c"

#include "tests/check.h"

static void durations_have_units(void)
{
    static const struct {
        const char *text;
        int64_t ns;
    } good[] = {{"0", 0},
                {"250ms", 250000000},
                {"5s", 5000000000},
                {"1h30m", 5400000000000},
                {"1.5h", 5400000000000},
                {"7d", 604800000000000},
                {"10us", 10000},
                {"0s", 0}};
    static const struct {
        const char *text;
        enum literal_result result;
        const char *unit;
    } bad[] = {{"5", LITERAL_NO_UNIT, ""},          {"5sec", LITERAL_UNKNOWN_UNIT, "s"},
               {"5MS", LITERAL_UNKNOWN_UNIT, "ms"}, {"5parsec", LITERAL_UNKNOWN_UNIT, ""},
               {"s", LITERAL_NO_NUMBER, ""},        {"", LITERAL_NO_NUMBER, ""},
               {"1.2.3s", LITERAL_NO_NUMBER, ""},   {"99999999999999d", LITERAL_TOO_LARGE, ""},
               {"5s3", LITERAL_NO_UNIT, ""}};
    int64_t got;
    const char *unit;
    for (size_t i = 0; i < COUNT(good); i++) {
        CHECK_EQ(literal_duration(str_from(good[i].text), &got, &unit), LITERAL_OK);
        CHECK_EQ(got, good[i].ns);
    }
    for (size_t i = 0; i < COUNT(bad); i++) {
        CHECK_EQ(literal_duration(str_from(bad[i].text), &got, &unit), bad[i].result);
        CHECK_TEXT(str_from(unit), bad[i].unit);
    }
}

static void sizes_count_in_tens_or_in_twos(void)
{
    int64_t got;
    const char *unit;
    CHECK_EQ(literal_size(STR("5MB"), &got, &unit), LITERAL_OK);
    CHECK_EQ(got, 5000000);
    CHECK_EQ(literal_size(STR("64KiB"), &got, &unit), LITERAL_OK);
    CHECK_EQ(got, 65536);
    CHECK_EQ(literal_size(STR("5mb"), &got, &unit), LITERAL_UNKNOWN_UNIT);
    CHECK_TEXT(str_from(unit), "MB");
}

static void escapes_are_those_of_json(void)
{
    struct arena arena;
    struct diagnostics diagnostics;
    arena_init(&arena, 4096, 1 << 20);
    diagnostics_init(&diagnostics, &arena);
    struct context context = {.arena = &arena, .diagnostics = &diagnostics};
    struct span nowhere = {0};
    CHECK_TEXT(string_decode(&context, STR("a\\n\\u00e4\\ud83d\\ude00\\\"\\\\"), nowhere),
               "a\n\xC3\xA4\xF0\x9F\x98\x80\"\\");
    CHECK_EQ(diagnostics.errors, 0);
    string_decode(&context, STR("\\d \\u12 \\ud83d"), nowhere);
    CHECK_EQ(diagnostics.errors, 3);
    arena_clear(&arena);
}

static void near_misses_are_found_and_far_ones_are_not(void)
{
    static const struct {
        const char *wanted, *word;
        bool is_near;
    } cases[] = {{"dataste", "dataset", true}, {"tial", "tail", true},
                 {"FORMAT", "format", true},   {"x", "y", false},
                 {"gzp", "gzip", true},        {"kafka", "tail", false},
                 {"timout", "timeout", true},  {"on", "off", false}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct nearest nearest = nearest_to(str_from(cases[i].wanted));
        nearest_try(&nearest, str_from(cases[i].word));
        if ((nearest_found(&nearest).len > 0) != cases[i].is_near)
            fail_msg("%s, %s", cases[i].wanted, cases[i].word);
    }
}

CHECK_MAIN(TEST(durations_have_units), TEST(sizes_count_in_tens_or_in_twos),
           TEST(escapes_are_those_of_json), TEST(near_misses_are_found_and_far_ones_are_not))
