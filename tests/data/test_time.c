/* tests/data/test_time.c - mirrors agent/data/time.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/data/time.c"

#include "agent/must.h"
#include "tests/check.h"

static void times_of_many_spellings_are_read(void)
{
    static const struct {
        const char *text;
        int64_t want;
    } cases[] = {
        {"2023-01-02T03:04:05Z", 1672628645000000000},
        {"2023-01-02T03:04:05.678Z", 1672628645678000000},
        {"2023-01-02T03:04:05.123456789123Z", 1672628645123456789},
        {"2023-01-02T03:04:05+02:00", 1672621445000000000},
        {"2023-01-02 03:04:05,678+0000", 1672628645678000000},
        {"2023-01-02 03:04:05 UTC", 1672628645000000000},
        {"2023/01/02 03:04:05", 1672628645000000000},
        {"2023-01-02T03:04-0700", 1672653840000000000},
        {"10/Oct/2000:13:55:36 -0700", 971211336000000000},
        {"1700000000", 1700000000000000000},
        {"1700000000.25", 1700000000250000000},
        {"1700000000123", 1700000000123000000},
        {"1700000000123456", 1700000000123456000},
        {"1700000000123456789", 1700000000123456789},
        {"1969-12-31T23:59:59.5Z", -500000000},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        int64_t got = 0;
        if (!time_parse(str_from(cases[i].text), NULL, &got) || got != cases[i].want)
            print_error("%s\n", cases[i].text);
        CHECK_EQ(got, cases[i].want);
    }
}

static void what_is_no_time_is_refused(void)
{
    static const char *const bad[] = {
        "",
        "now",
        "12",
        "99999999",
        "2023-13-02T03:04:05Z",
        "2023-02-29T03:04:05Z",
        "2023-01-02",
        "2023-01-02T24:00:00Z",
        "2023-01-02T03:04:05.Z",
        "2023-01-02T03:04:05Zx",
        "32/Oct/2000:13:55:36 -0700",
        "10/Okt/2000:13:55:36 -0700",
        "1e9",
        "-1700000000",
        "2023-01-02T03:04:61Z",
        "17000000000000000000",
    };
    int64_t got = 7;
    for (size_t i = 0; i < COUNT(bad); i++)
        CHECK(!time_parse(str_from(bad[i]), NULL, &got));
    CHECK_EQ(got, 7);
}

static void the_cached_minute_gives_the_same_time(void)
{
    struct time_cache cache = {.minute_ns = 0};
    int64_t first, second;
    CHECK(time_parse(STR("2023-01-02T03:04:05Z"), &cache, &first));
    CHECK(time_parse(STR("2023-01-02T03:04:06.5+01:00"), &cache, &second));
    CHECK_EQ(second - first, 1500000000 - 3600000000000);
    CHECK(!time_parse(STR("2023-01-02T03:04:xx"), &cache, &second));
}

static void a_time_is_written_with_the_digits_it_needs(void)
{
    static const struct {
        int64_t ns;
        const char *want;
    } cases[] = {
        {0, "1970-01-01T00:00:00Z"},
        {1672628645678000000, "2023-01-02T03:04:05.678Z"},
        {1672628645000001000, "2023-01-02T03:04:05.000001Z"},
        {1709251199000000001, "2024-02-29T23:59:59.000000001Z"},
        {-1, "1969-12-31T23:59:59.999999999Z"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char text[TIME_TEXT_MAX];
        CHECK_TEXT(((struct str){text, time_write(cases[i].ns, text)}), cases[i].want);
    }
}

static void every_day_of_four_centuries_comes_back(void)
{
    for (int64_t day = -100000; day < 100000; day += 13) {
        char text[TIME_TEXT_MAX];
        int64_t got;
        struct str written = {text, time_write(day * DAY_NS, text)};
        CHECK(time_parse(written, NULL, &got));
        CHECK_EQ(got, day * DAY_NS);
    }
}

/* The short way for the common spelling takes what the long way takes, whatever byte stands where.
 */
static void the_common_spelling_is_read_alike_with_and_without_the_cache(void)
{
    struct time_cache cache = {.minute_ns = 0};
    for (size_t i = 16; i < 24; i++) {
        for (unsigned byte = 0; byte < 256; byte++) {
            char text[] = "2026-01-02T03:04:59.678Z";
            int64_t first = 1, cached = 1, plain = 1;
            CHECK(time_parse((struct str){text, sizeof text - 1}, &cache, &first));
            text[i] = (char)byte;
            struct str changed = {text, sizeof text - 1};
            bool is_read = time_parse(changed, &cache, &cached);
            CHECK_EQ(is_read, time_parse(changed, NULL, &plain));
            CHECK_EQ(cached, plain);
        }
    }
}

static void times_come_out_in_any_order(void)
{
    static const struct {
        int64_t ns;
        const char *want;
    } cases[] = {
        {1672628645000000000, "2023-01-02T03:04:05Z"},
        {1672628645678000000, "2023-01-02T03:04:05.678Z"},
        {-1, "1969-12-31T23:59:59.999999999Z"},
        {1672628645000000001, "2023-01-02T03:04:05.000000001Z"},
        {-1000000000, "1969-12-31T23:59:59Z"},
        {0, "1970-01-01T00:00:00Z"},
        {1672628646000000000, "2023-01-02T03:04:06Z"},
        {999000000, "1970-01-01T00:00:00.999Z"},
    };
    char text[TIME_TEXT_MAX];
    for (size_t i = 0; i < COUNT(cases) * COUNT(cases); i++) {
        size_t at = i % COUNT(cases) * (i / COUNT(cases) + 1) % COUNT(cases);
        CHECK_TEXT(((struct str){text, time_write(cases[at].ns, text)}), cases[at].want);
    }
}

CHECK_MAIN(TEST(times_come_out_in_any_order),
           TEST(the_common_spelling_is_read_alike_with_and_without_the_cache),
           TEST(times_of_many_spellings_are_read), TEST(what_is_no_time_is_refused),
           TEST(the_cached_minute_gives_the_same_time),
           TEST(a_time_is_written_with_the_digits_it_needs),
           TEST(every_day_of_four_centuries_comes_back))
