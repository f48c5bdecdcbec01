/* tests/config/test_run.c - mirrors agent/config/run.c: expressions asked about events.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/config/run.c"

#include "agent/memory.h"
#include "tests/config/events.h"

#include "tests/check.h"

#define EVENT                                                                                      \
    "{\"a\":1,\"b\":\"2\",\"text\":\"Hello\",\"big\":9007199254740993,\"real\":1.50,"              \
    "\"yes\":true,\"no\":\"false\",\"none\":null,\"list\":[1,2,3],\"esc\":\"say \\\"hi\\\"\","     \
    "\"status\":\"503\",\"http.response.status_code\":\"404\",\"level\":\"warn\","                 \
    "\"nested\":{\"x\":{\"y\":7}},\"x-id\":\"k\",\"path\":\"/health/live\",\"duration\":\"1.5s\"}"

static bool holds_for(const char *text, const char *json)
{
    struct loading loading;
    loading_init(&loading);
    const struct expr *expr = expr_of(&loading, text);
    if (!expr)
        print_error("%.*s", STR_ARG(buffer_str(&loading.said)));
    MUST(expr != NULL);
    struct event event = event_from(&loading, json);
    bool truth = expr_true(expr, &event, &loading.arena);
    loading_clear(&loading);
    return truth;
}

static const char *const true_ones[] = {
    ".a == 1",
    ".a == \"1\"",
    ".b == 2",
    ".b == \"2\"",
    ".a < 2 and .b > 1",
    "1 < .b",
    "2 >= .b",
    ".text == \"Hello\"",
    ".text != \"hello\"",
    ".text > \"Hallo\"",
    ".real == 1.5",
    ".real != \"1.5\"",
    ".real == \"1.50\"",
    ".big == 9007199254740993",
    ".big != 9007199254740992",
    ".yes",
    ".yes == true",
    ".no == false",
    "not .no",
    ".esc == \"say \\\"hi\\\"\"",
    ".esc == 'say \"hi\"'",
    ".text =~ '^he(?i)LLO$' or .a == 1",
    ".text =~ '(?i)^hello$'",
    ".path =~ '^/health'",
    ".a in [1 2 3]",
    ".b in [\"1\", \"2\"]",
    ".text not in [\"a\" \"b\"]",
    ".a + .b == 3",
    ".b * 3 - 1 == 5",
    ".a + 0.5 == .real",
    "-.a == -1",
    "7 % 4 == .a + 2",
    ".nested.x.y == 7",
    ".\"x-id\" == \"k\"",
    ".x-id == \"k\"",
    ".list[1] == 2",
    "if(.yes, .a, .b) == 1",
    "if(.no, .a, .b) == 2",
    "coalesce(.zzz, .none, .a) == 1",
    ".a exists",
    "exists(.a)",
    "not .zzz exists",
    "not .none exists",
    "true",
    "not false",
    ".a == .a",
    ".a != .b",
    ".a < .b",
    "http.response.status_code >= 400",
    "http.response.status_code == 404",
    "(.a == 2 or .b == 2) and .yes",
    ".a == 2 or .b == 2 and .yes",
    "not (.a == 2)",
    "1 + 1 == 2 or .a == 5",
};
static const char *const false_ones[] = {
    ".a == 2",       ".text == 1",
    ".text < 1",     ".text =~ 'bye'",
    ".a in [2 3]",   ".a not in [1]",
    ".yes == false", ".none",
    ".text",         ".a",
    "false",         ".list == 1",
    ".a > .b",       ".a == 2 and .b == 2 or .no",
};

static void conditions_hold_as_the_language_says(void)
{
    for (size_t i = 0; i < COUNT(true_ones); i++)
        if (!holds_for(true_ones[i], EVENT))
            fail_msg("does not hold: %s", true_ones[i]);
    for (size_t i = 0; i < COUNT(false_ones); i++)
        if (holds_for(false_ones[i], EVENT))
            fail_msg("holds: %s", false_ones[i]);
}

static void a_missing_field_differs_from_everything_and_equals_nothing(void)
{
    static const char *const good[] = {".zzz != 1",  ".zzz != \"x\"",     ".none != 1",
                                       ".zzz != .a", ".zzz not in [1 2]", "not (.zzz == 1)"};
    static const char *const bad[] = {".zzz == 1",           ".zzz < 1",      ".zzz >= 1",
                                      ".zzz =~ ''",          ".zzz == .b",    ".zzz == .zzz",
                                      ".zzz in [1 2]",       ".zzz + 1 == 1", ".zzz",
                                      "lower(.zzz) == \"\"", ".a / 0 > 0",    ".a % 0 == 0"};
    for (size_t i = 0; i < COUNT(good); i++)
        if (!holds_for(good[i], EVENT))
            fail_msg("does not hold: %s", good[i]);
    for (size_t i = 0; i < COUNT(bad); i++)
        if (holds_for(bad[i], EVENT))
            fail_msg("holds: %s", bad[i]);
}

static void durations_compare_with_durations_only(void)
{
    CHECK(holds_for("duration > 5s", "{\"duration_ms\":5001}"));
    CHECK(!holds_for("duration > 5s", "{\"duration_ms\":4999.5}"));
    CHECK(holds_for("duration_ms > 5000", "{\"duration_ms\":5001}"));
    CHECK(holds_for("duration * 2 > 9s", "{\"duration_ms\":5000}"));
    CHECK(holds_for("duration / 1s == 5", "{\"duration_ms\":5000}"));
}

static void error_alone_is_the_judgement(void)
{
    CHECK(holds_for("error", "{\"level\":\"error\"}"));
    CHECK(!holds_for("error", "{\"level\":\"info\"}"));
    CHECK(holds_for("error or http.response.status_code >= 400", "{\"status\":404}"));
    CHECK(holds_for(".error == \"x\"", "{\"error\":\"x\"}"));
}

static void integers_stay_integers_and_overflow_to_floats(void)
{
    struct loading loading;
    loading_init(&loading);
    const struct expr *expr = expr_of(&loading, "9223372036854775807 + 1");
    struct value value;
    MUST(expr && expr_constant(expr, &value));
    CHECK_EQ(value.kind, VALUE_FLOAT);
    loading_clear(&loading);
    loading_init(&loading);
    expr = expr_of(&loading, "(2 + 3) * 2");
    MUST(expr && expr_constant(expr, &value));
    CHECK_EQ(value.kind, VALUE_INTEGER);
    CHECK_EQ(value.integer, 10);
    CHECK_TEXT(expr_text(expr), "(2 + 3) * 2");
    loading_clear(&loading);
}

static void any_asks_the_other_events_by_its_bit(void)
{
    struct loading loading;
    loading_init(&loading);
    loading_text(
        &loading,
        "input stdin { } filter sample { rule \"r\" { "
        "when = .a == 1 and any(error) and not any(.b == 2)  rate = 1 } } output stdout { }");
    CHECK_EQ(loading.code, OK);
    const struct fake_sample *sample = loading.config->nodes->next->object;
    const struct expr *when = ((struct fake_rule *)sample->rule.at[0].object)->when;
    struct event event = event_from(&loading, "{\"a\":1}");
    struct event other = event_from(&loading, "{\"b\":2}");
    CHECK_EQ(expr_any_count(when), 2);
    CHECK(!expr_true(when, &event, &loading.arena));
    CHECK(expr_true_given(when, &event, 1, &loading.arena));
    CHECK(!expr_true_given(when, &event, 3, &loading.arena));
    CHECK(!expr_true(expr_any(when, 0), &other, &loading.arena));
    CHECK(expr_true(expr_any(when, 1), &other, &loading.arena));
    loading_clear(&loading);
}

static void evaluating_takes_nothing_from_the_heap(void)
{
    struct loading loading;
    loading_init(&loading);
    const struct expr *expr =
        expr_of(&loading, ".a == 1 and .text =~ '^H' and .b in [1 2] and not error");
    MUST(expr != NULL);
    struct event event = event_from(&loading, EVENT);
    CHECK(expr_true(expr, &event, &loading.arena));
    memory_fail_at(1);
    bool truth = expr_true(expr, &event, &loading.arena);
    memory_fail_at(0);
    CHECK(truth);
    loading_clear(&loading);
}

CHECK_MAIN(TEST(conditions_hold_as_the_language_says),
           TEST(a_missing_field_differs_from_everything_and_equals_nothing),
           TEST(durations_compare_with_durations_only), TEST(error_alone_is_the_judgement),
           TEST(integers_stay_integers_and_overflow_to_floats),
           TEST(any_asks_the_other_events_by_its_bit), TEST(evaluating_takes_nothing_from_the_heap))
