/* tests/config/test_diagnostic.c - mirrors agent/config/diagnostic.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/config/diagnostic.c"

#include "agent/limits.h"

#include "tests/check.h"

struct report {
    struct arena arena;
    struct diagnostics diagnostics;
    const struct source_text *source;
    struct buffer text;
};

static void report_init(struct report *report, struct str text)
{
    arena_init(&report->arena, 4096, 4 << 20);
    diagnostics_init(&report->diagnostics, &report->arena);
    report->source = source_add(&report->diagnostics, "f.conf", text);
    buffer_init(&report->text, 1 << 20);
}

static void report_clear(struct report *report)
{
    buffer_clear(&report->text);
    arena_clear(&report->arena);
}

static void columns_and_carets_count_characters_and_keep_tabs(void)
{
    struct report report;
    report_init(&report, STR("one\n\tä = \"ö\" wrong\n"));
    struct span span = {report.source, 15, 5};
    CHECK_EQ(span_position(span).line, 2);
    CHECK_EQ(span_position(span).column, 10);
    struct diagnostic *error = diagnose_error(&report.diagnostics, span, "bad %s", "word");
    diagnose_hint(&report.diagnostics, error, "better");
    diagnostics_print(&report.diagnostics, &report.text, 0);
    CHECK_TEXT(buffer_str(&report.text), "f.conf:2:10: error: bad word\n"
                                         "    2 | \tä = \"ö\" wrong\n"
                                         "      | \t        ^^^^^ better\n");
    CHECK_TEXT(str_from(span_where(&report.arena, span)), "f.conf:2:10");
    report_clear(&report);
}

static void errors_come_last_and_each_in_the_order_of_the_file(void)
{
    struct report report;
    report_init(&report, STR("abc"));
    diagnose_error(&report.diagnostics, (struct span){report.source, 2, 1}, "third");
    diagnose_warning(&report.diagnostics, (struct span){report.source, 2, 1}, "first");
    diagnose_error(&report.diagnostics, (struct span){report.source, 0, 1}, "second");
    diagnostics_print(&report.diagnostics, &report.text, 0);
    struct str text = buffer_str(&report.text);
    CHECK(str_find_str(text, STR("first")) < str_find_str(text, STR("second")));
    CHECK(str_find_str(text, STR("second")) < str_find_str(text, STR("third")));
    report_clear(&report);
}

static void control_characters_never_reach_the_terminal(void)
{
    struct report report;
    report_init(&report, STR("a\x1b[31m\x07\x7f b"));
    diagnose_error(&report.diagnostics, (struct span){report.source, 0, 1}, "x");
    diagnostics_print(&report.diagnostics, &report.text, 0);
    for (size_t i = 0; i < report.text.len; i++)
        CHECK(report.text.at[i] >= ' ' || report.text.at[i] == '\n');
    report_clear(&report);
}

static void what_is_hidden_is_masked_on_every_line_that_shows_it(void)
{
    struct report report;
    report_init(&report, STR("key = \"abc\" other = wrong password = 'x' "));
    source_hide(&report.diagnostics, (struct span){report.source, 6, 5});
    diagnose_error(&report.diagnostics, (struct span){report.source, 20, 5}, "x");
    diagnostics_print(&report.diagnostics, &report.text, 0);
    CHECK(str_find_str(buffer_str(&report.text), STR("abc")) == SIZE_MAX);
    CHECK(str_find_str(buffer_str(&report.text), STR("'x'")) == SIZE_MAX);
    CHECK(str_find_str(buffer_str(&report.text), STR("other = wrong")) != SIZE_MAX);
    report_clear(&report);
}

static void a_long_line_is_shown_in_part(void)
{
    static char line[3000];
    struct report report;
    memset(line, 'x', sizeof line);
    line[2000] = '!';
    report_init(&report, (struct str){line, sizeof line});
    diagnose_error(&report.diagnostics, (struct span){report.source, 2000, 1}, "here");
    diagnostics_print(&report.diagnostics, &report.text, 0);
    CHECK(report.text.len < 400);
    CHECK(str_find(buffer_str(&report.text), '!') != SIZE_MAX);
    report_clear(&report);
}

static void many_mistakes_are_counted_but_not_all_told(void)
{
    struct report report;
    report_init(&report, STR("a"));
    for (int i = 0; i < DIAGNOSTICS_MAX + 7; i++)
        diagnose_hint(&report.diagnostics,
                      diagnose_error(&report.diagnostics, (struct span){report.source, 0, 1}, "x"),
                      "y");
    diagnostics_print(&report.diagnostics, &report.text, 0);
    CHECK_EQ(report.diagnostics.errors, DIAGNOSTICS_MAX + 7);
    CHECK(str_ends(buffer_str(&report.text), STR("... and 7 more\n")));
    report_clear(&report);
}

static void json_is_one_object_per_line(void)
{
    struct report report;
    report_init(&report, STR("a\n\"b"));
    struct diagnostic *error =
        diagnose_error(&report.diagnostics, (struct span){report.source, 2, 1}, "a \"b\"\t");
    diagnose_hint(&report.diagnostics, error, "c\\");
    diagnostics_print_json(&report.diagnostics, &report.text);
    CHECK_TEXT(buffer_str(&report.text),
               "{\"line\":2,\"column\":1,\"file\":\"f.conf\",\"severity\":\"error\","
               "\"message\":\"a \\\"b\\\"\\u0009\",\"hint\":\"c\\\\\"}\n");
    report_clear(&report);
}

CHECK_MAIN(TEST(columns_and_carets_count_characters_and_keep_tabs),
           TEST(errors_come_last_and_each_in_the_order_of_the_file),
           TEST(control_characters_never_reach_the_terminal),
           TEST(what_is_hidden_is_masked_on_every_line_that_shows_it),
           TEST(a_long_line_is_shown_in_part), TEST(many_mistakes_are_counted_but_not_all_told),
           TEST(json_is_one_object_per_line))
