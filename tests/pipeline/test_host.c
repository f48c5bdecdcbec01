/* tests/pipeline/test_host.c - mirrors agent/pipeline/host.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/pipeline/host.c"

#include <string.h>

#include "tests/check.h"

static unsigned told;
static char newest[512];

static void hear(void *context, const char *line)
{
    (void)context;
    told++;
    snprintf(newest, sizeof newest, "%s", line);
}

static void a_title_names_the_label_unless_it_is_the_plugins_own_name(void)
{
    char to[64], small[6];
    struct host host = {.plugin = STR("tail"), .label = STR("gateway")};
    CHECK_TEXT(str_from(host_title(&host, to, sizeof to)), "tail \"gateway\"");
    CHECK_TEXT(str_from(host_title(&host, small, sizeof small)), "tail ");
    host.label = STR("tail");
    CHECK_TEXT(str_from(host_title(&host, to, sizeof to)), "tail");
    host.label = STR("");
    CHECK_TEXT(str_from(host_title(&host, to, sizeof to)), "tail");
}

static void an_alarm_is_told_once_when_it_comes_and_once_when_it_goes(void)
{
    struct engine engine = {0};
    struct host host = {
        .engine = &engine, .plugin = STR("tail"), .label = STR("in"), .path = STR("/tail:in")};
    told = 0;
    log_capture(hear, NULL);
    host_recovered(&host, "open", "it was never away");
    CHECK_EQ(told, 0);
    host_alarm(&host, "open", "cannot open %s", "x.log");
    CHECK(strstr(newest, "tail \"in\"") && strstr(newest, "cannot open x.log"));
    host_alarm(&host, "open", "cannot open %s", "x.log");
    CHECK_EQ(told, 1);
    host_recovered(&host, "open", "it opens again");
    host_recovered(&host, "open", "it opens again");
    CHECK_EQ(told, 2);
    host_alarm(&host, "open", "cannot open %s", "x.log");
    CHECK_EQ(told, 3);
    log_capture(NULL, NULL);
    alarms_clear(&engine.alarms);
}

static void the_same_alarm_of_two_blocks_is_two_alarms(void)
{
    struct engine engine = {0};
    struct host one = {.engine = &engine, .plugin = STR("tail"), .path = STR("/tail:one")};
    struct host other = {.engine = &engine, .plugin = STR("tail"), .path = STR("/tail:other")};
    told = 0;
    log_capture(hear, NULL);
    host_alarm(&one, "open", "cannot open");
    host_alarm(&other, "open", "cannot open");
    host_alarm(&other, "read", "cannot read");
    CHECK_EQ(told, 3);
    log_capture(NULL, NULL);
    alarms_clear(&engine.alarms);
}

static void counters_are_listed_newest_first_under_the_blocks_label(void)
{
    struct engine engine = {0};
    struct arena run;
    arena_init(&run, 4096, 1 << 20);
    engine.run = &run;
    struct host host = {.engine = &engine, .kind = "filter", .plugin = STR("parse")};
    uint64_t *failed = host_counter(&host, "failed", "Lines that failed.");
    host.label = STR("json");
    (void)host_counter(&host, "cut", "Lines that were cut.");
    *failed += 3;
    CHECK_TEXT(engine.counters->label, "json");
    CHECK_TEXT(engine.counters->next->label, "parse");
    CHECK_EQ(engine.counters->next->value, 3);
    CHECK(!engine.counters->next->next);
    arena_clear(&run);
}

static void an_input_has_its_own_files_and_all_others_the_engines(void)
{
    static const struct files engines, own;
    struct engine engine = {.files = &engines};
    struct host host = {.engine = &engine};
    CHECK(host_files(&host) == &engines);
    host.files = &own;
    CHECK(host_files(&host) == &own);
}

CHECK_MAIN(TEST(a_title_names_the_label_unless_it_is_the_plugins_own_name),
           TEST(an_alarm_is_told_once_when_it_comes_and_once_when_it_goes),
           TEST(the_same_alarm_of_two_blocks_is_two_alarms),
           TEST(counters_are_listed_newest_first_under_the_blocks_label),
           TEST(an_input_has_its_own_files_and_all_others_the_engines))
