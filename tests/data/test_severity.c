/* tests/data/test_severity.c - mirrors agent/data/severity.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/data/severity.c"

#include "tests/check.h"

static void level_words_are_read_in_either_case(void)
{
    CHECK_EQ(severity_from_word(STR("INFO")), SEVERITY_INFO);
    CHECK_EQ(severity_from_word(STR("Error")), SEVERITY_ERROR);
    CHECK_EQ(severity_from_word(STR("dEbUg")), SEVERITY_DEBUG);
    CHECK_EQ(severity_from_word(STR("WARNING")), SEVERITY_WARN);
    CHECK_EQ(severity_from_word(STR("Informational")), SEVERITY_INFO);
    CHECK_EQ(severity_from_word(STR("E")), SEVERITY_ERROR);
    for (size_t i = 0; i < COUNT(words); i++)
        CHECK_EQ(severity_from_word(str_from(words[i].text)), words[i].severity);
}

static void other_words_are_no_level(void)
{
    static const char *const others[] = {
        "",      "inf o",  "infos", "errors", "err ",
        "debuh", "eerror", "17",    "@nfo",   "informationalinformational"};
    for (size_t i = 0; i < COUNT(others); i++)
        CHECK_EQ(severity_from_word(str_from(others[i])), SEVERITY_NONE);
}

static void steps_stay_within_the_scale(void)
{
    CHECK_EQ(severity_from_word(STR("INFO+2")), 11);
    CHECK_EQ(severity_from_word(STR("error-1")), 16);
    CHECK_EQ(severity_from_word(STR("TRACE-0")), 1);
    CHECK_EQ(severity_from_word(STR("FATAL+3")), SEVERITY_MAX);
    static const char *const bad[] = {
        "TRACE-1", "FATAL+4", "INFO+",    "INFO+x",
        "+2",      "INFO+-2", "INFO+256", "INFO+99999999999999999999"};
    for (size_t i = 0; i < COUNT(bad); i++)
        CHECK_EQ(severity_from_word(str_from(bad[i])), SEVERITY_NONE);
}

static void numbers_are_those_of_pino_and_of_syslog(void)
{
    static const uint8_t pino[] = {1, 5, 9, 13, 17, 21};
    for (int i = 0; i < 6; i++)
        CHECK_EQ(severity_from_number(10 * (i + 1)), pino[i]);
    CHECK_EQ(severity_from_number(0), SEVERITY_NONE);
    CHECK_EQ(severity_from_number(35), SEVERITY_NONE);
    CHECK_EQ(severity_from_number(70), SEVERITY_NONE);
    CHECK_EQ(severity_from_number(INT64_MIN), SEVERITY_NONE);
    CHECK_EQ(severity_from_syslog(0), SEVERITY_FATAL);
    CHECK_EQ(severity_from_syslog(7), SEVERITY_DEBUG);
    CHECK_EQ(severity_from_syslog(8), SEVERITY_NONE);
    CHECK_EQ(severity_from_syslog(-1), SEVERITY_NONE);
    for (int level = 1; level < 8; level++)
        CHECK(severity_from_syslog(level) < severity_from_syslog(level - 1));
}

static void every_range_has_a_word_that_reads_back_to_its_start(void)
{
    for (uint8_t severity = 1; severity <= SEVERITY_MAX; severity++)
        CHECK_EQ(severity_from_word(severity_word(severity)), (severity - 1) / 4 * 4 + 1);
    CHECK_EQ(severity_word(0).len, 0);
    CHECK_EQ(severity_word(SEVERITY_MAX + 1).len, 0);
    CHECK_EQ(severity_word(UINT8_MAX).len, 0);
}

CHECK_MAIN(TEST(level_words_are_read_in_either_case), TEST(other_words_are_no_level),
           TEST(steps_stay_within_the_scale), TEST(numbers_are_those_of_pino_and_of_syslog),
           TEST(every_range_has_a_word_that_reads_back_to_its_start))
