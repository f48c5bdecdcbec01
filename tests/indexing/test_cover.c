/* tests/indexing/test_cover.c - mirrors agent/indexing/cover.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/indexing/cover.c"

#include "agent/must.h"
#include "tests/indexing/papers.h"

static bool meet(const char *a, const char *b)
{
    unsigned steps = 0, back = 0;
    bool yes = patterns_meet(str_from(a), str_from(b), &steps);
    CHECK_EQ(patterns_meet(str_from(b), str_from(a), &back), yes);
    return yes;
}

static void patterns_meet_where_one_name_fits_both(void)
{
    CHECK(meet("logs", "logs"));
    CHECK(meet("*", "logs-weir-default"));
    CHECK(meet("logs-*-*", "logs-weir-default"));
    CHECK(meet("logs-*-prod", "logs-app-*"));
    CHECK(meet("logs-*", "*-prod"));
    CHECK(!meet("logs-*", "metrics-*"));
    CHECK(!meet("logs", "logs-*"));
    CHECK(!meet("logs-*-prod", "logs-app-dev"));
    CHECK(!meet("", "a*"));
}

static void patterns_of_strangers_are_told_apart_in_time(void)
{
    unsigned steps = 0;
    (void)patterns_meet(STR("*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b"),
                        STR("*a*a*a*a*a*a*a*a*a*a*a*a*a*a*c"), &steps);
    CHECK(steps <= 2 * PATTERN_STEPS_MAX);
}

static const char *prepared(const struct line *lines)
{
    const struct indexing indexing = stream_for(0);
    return converse(&indexing, ERRAND_PREPARE, lines)->said;
}

static void a_template_of_somebody_else_covers_us(void)
{
    static const struct line lines[] = {
        ELASTIC("8.19.0"),
        {TEMPLATES, 200,
         "{\"index_templates\":[{\"name\":\"metrics\",\"index_template\":{\"index_patterns\":["
         "\"metrics-*\"]}},{\"name\":\"theirs\",\"index_template\":{\"index_patterns\":[\"a\","
         "\"logs-app-*\"]}}]}"},
        {0}};
    CHECK_TEXT(str_from(prepared(lines)),
               "good the index template \"theirs\" looks after \"logs-*\": weir writes none\n");
}

static void templates_that_the_server_brings_along_do_not(void)
{
    static const struct line lines[] = {
        ELASTIC("8.19.0"),
        {TEMPLATES, 200,
         "{\"index_templates\":[{\"name\":\"logs\",\"index_template\":{\"index_patterns\":[\"logs-*"
         "-*\"],\"_meta\":{\"managed\":true}}},{\"name\":\"weir-logs-app\",\"index_template\":{"
         "\"index_patterns\":[\"logs-app\"],\"_meta\":{\"managed_by\":\"weir\"}}}]}"},
        WRITES_TEMPLATE,
        {0}};
    CHECK_TEXT(str_from(prepared(lines)), "good wrote the index template \"weir-logs-any\"\n");
}

static void without_the_privilege_nothing_is_written(void)
{
    static const struct line forbidden[] = {ELASTIC("8.19.0"), {TEMPLATES, 403, "{}"}, {0}};
    static const struct line unknown[] = {ELASTIC("6.8.0"), {TEMPLATES, 405, "{}"}, {0}};
    CHECK_TEXT(str_from(prepared(forbidden)),
               "doubt no index template may be written: grant the cluster privilege "
               "\"manage_index_templates\", or set `bootstrap` = off\n");
    CHECK(strstr(prepared(unknown), "doubt it has no index templates"));
}

CHECK_MAIN(TEST(patterns_of_strangers_are_told_apart_in_time),
           TEST(patterns_meet_where_one_name_fits_both),
           TEST(a_template_of_somebody_else_covers_us),
           TEST(templates_that_the_server_brings_along_do_not),
           TEST(without_the_privilege_nothing_is_written))
