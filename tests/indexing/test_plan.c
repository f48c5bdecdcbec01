/* tests/indexing/test_plan.c - mirrors agent/indexing/plan.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/indexing/plan.c"

#include "tests/check.h"

static struct arena arena;

static struct indexing opened(enum bootstrap bootstrap, const char *pattern, bool has_time)
{
    struct indexing indexing = {
        .bootstrap = bootstrap, .pattern = str_from(pattern), .has_time = has_time};
    struct why why;
    CHECK_OK(indexing_open(&indexing, &arena, "a:1:1", &why), why);
    return indexing;
}

static void a_time_in_the_name_makes_plain_indexes(void)
{
    arena_init(&arena, 4096, 65536);
    CHECK(opened(BOOTSTRAP_AUTO, "logs-weir-default", false).is_stream);
    CHECK(!opened(BOOTSTRAP_AUTO, "logs-*", true).is_stream);
    CHECK(opened(BOOTSTRAP_DATA_STREAM, "logs-*", true).is_stream);
    CHECK(!opened(BOOTSTRAP_INDEX, "logs", false).is_stream);
    arena_clear(&arena);
}

static void what_is_written_is_named_after_the_pattern(void)
{
    arena_init(&arena, 4096, 65536);
    CHECK_TEXT(opened(BOOTSTRAP_AUTO, "logs-*-prod", false).name, "weir-logs-any-prod");
    CHECK_TEXT(opened(BOOTSTRAP_OFF, "logs", false).name, "");
    CHECK_TEXT(opened(BOOTSTRAP_AUTO, "*-prod", false).name, ""); /* it would be for every index */
    arena_clear(&arena);
}

static void settings_that_do_not_go_together_are_refused(void)
{
    static const struct {
        struct indexing indexing;
        const char *words;
    } cases[] = {
        {{.bootstrap = BOOTSTRAP_DATA_STREAM, .pattern = {"*-prod", 6}}, "begins with a field"},
        {{.bootstrap = BOOTSTRAP_OFF, .pattern = {"a", 1}, .retention_ns = 1}, "writes nothing"},
        {{.bootstrap = BOOTSTRAP_AUTO, .pattern = {"*", 1}, .retention_ns = 1}, "writes nothing"},
        {{.bootstrap = BOOTSTRAP_INDEX, .pattern = {"a", 1}, .retention_ns = 1}, "put a time"},
    };
    arena_init(&arena, 4096, 65536);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct indexing indexing = cases[i].indexing;
        struct why why = {0};
        CHECK_EQ(indexing_open(&indexing, &arena, "a:1:1", &why), BAD_CONFIG);
        CHECK(strstr(why.text, cases[i].words) != NULL);
    }
    arena_clear(&arena);
}

CHECK_MAIN(TEST(a_time_in_the_name_makes_plain_indexes),
           TEST(what_is_written_is_named_after_the_pattern),
           TEST(settings_that_do_not_go_together_are_refused))
