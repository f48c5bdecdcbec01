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

CHECK_MAIN(TEST(a_line_says_how_bad_and_who_and_what), TEST(control_bytes_never_reach_the_terminal),
           TEST(an_alarm_is_told_once_when_it_comes_and_once_when_it_goes))
