/* tests/sight/test_log.c - mirrors agent/sight/log.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/sight/log.c"

#include <string.h>

#include "tests/check.h"

static char heard[2048];

static void hear(void *context, const char *line)
{
    (void)context;
    snprintf(heard, sizeof heard, "%s", line);
}

static void a_line_says_how_bad_and_who_and_what(void)
{
    log_capture(hear, NULL);
    log_line(LOG_WARN, "tail \"gateway\"", "cannot read %s", "x.log");
    log_capture(NULL, NULL);
    CHECK(strstr(heard, " warn  tail \"gateway\": cannot read x.log") != NULL);
}

static void control_bytes_never_reach_the_terminal(void)
{
    log_capture(hear, NULL);
    log_line(LOG_ERROR, NULL, "a\x1b[31m\nb");
    log_capture(NULL, NULL);
    CHECK(strstr(heard, "a?[31m?b") != NULL);
}

static void an_alarm_is_told_once_when_it_comes_and_once_when_it_goes(void)
{
    struct alarms alarms = {0};
    CHECK(alarms_raise(&alarms, STR("tail"), STR("/a")));
    CHECK(!alarms_raise(&alarms, STR("tail"), STR("/a")));
    CHECK(alarms_raise(&alarms, STR("tail"), STR("/b")));
    CHECK(alarms_lower(&alarms, STR("tail"), STR("/a")));
    CHECK(!alarms_lower(&alarms, STR("tail"), STR("/a")));
    CHECK(alarms_raise(&alarms, STR("tail"), STR("/a")));
    alarms_clear(&alarms);
}

static void many_alarms_are_each_told_once_and_a_few_even_without_memory(void)
{
    struct alarms alarms = {0};
    char key[16];
    memory_fail_at(1);
    for (int round = 0; round < 2; round++)
        for (unsigned i = 0; i < COUNT(alarms.few); i++) {
            snprintf(key, sizeof key, "k%u", i);
            CHECK_EQ(alarms_raise(&alarms, STR("x"), str_from(key)), round == 0);
        }
    memory_fail_at(0);
    for (int round = 0; round < 2; round++)
        for (unsigned i = 0; i < 200; i++) {
            snprintf(key, sizeof key, "k%u", i);
            CHECK_EQ(alarms_raise(&alarms, STR("x"), str_from(key)),
                     round == 0 && i >= COUNT(alarms.few));
        }
    for (unsigned i = 0; i < 200; i++) {
        snprintf(key, sizeof key, "k%u", i);
        CHECK(alarms_lower(&alarms, STR("x"), str_from(key)));
    }
    CHECK_EQ(alarms.count, 0);
    alarms_clear(&alarms);
}

CHECK_MAIN(TEST(a_line_says_how_bad_and_who_and_what), TEST(control_bytes_never_reach_the_terminal),
           TEST(many_alarms_are_each_told_once_and_a_few_even_without_memory),
           TEST(an_alarm_is_told_once_when_it_comes_and_once_when_it_goes))
