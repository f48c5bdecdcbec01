/* tests/data/test_event.c - mirrors agent/data/event.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/data/event.c"

#include "tests/data/fixture.h"

static void a_path_tries_the_literal_key_before_its_splits(void)
{
    struct event event =
        scanned("{\"a\":{\"b.c\":1,\"b\":{\"c\":2}},\"x.y\":3,\"x\":{\"y\":4},\"d.e\":{\"f\":5}}");
    CHECK_TEXT(got_text(&event, "a.b.c"), "1");
    CHECK_TEXT(got_text(&event, "x.y"), "3");
    CHECK_TEXT(got_text(&event, "d.e.f"), "5");
    CHECK_EQ(got(&event, "a.z").kind, VALUE_MISSING);
}

static void an_index_reaches_into_arrays(void)
{
    struct event event = scanned("{\"items\":[{\"id\":1},{\"id\":\"x\"}]}");
    CHECK_TEXT(got_text(&event, "items[1].id"), "x");
    CHECK_EQ(got(&event, "items[2].id").kind, VALUE_MISSING);
}

static void slots_answer_to_every_spelling_and_give_their_type(void)
{
    struct event event = scanned(
        "{\"@timestamp\":\"2023-01-02T03:04:05Z\",\"statusCode\":\"503\",\"duration_ms\":1.5,"
        "\"coldStart\":\"true\",\"traceId\":\"abc1\"}");
    CHECK_EQ(got(&event, "timestamp").kind, VALUE_TIME);
    CHECK_EQ(got(&event, "http.response.status_code").integer, 503);
    CHECK_EQ(got(&event, "duration").kind, VALUE_DURATION);
    CHECK_EQ(got(&event, "duration").integer, 1500000);
    CHECK_EQ(got(&event, "duration_ms").kind, VALUE_FLOAT);
    CHECK(got(&event, "faas.coldstart").truth);
    CHECK_TEXT(got_text(&event, "trace.id"), "abc1");
    CHECK_TEXT(got_text(&event, "trace_id"), "abc1");
    CHECK_EQ(got(&event, ".trace_id").kind, VALUE_MISSING);
}

static void nested_spellings_fill_slots_too(void)
{
    struct event event =
        scanned("{\"err\":{\"type\":\"TypeError\",\"message\":\"m\",\"stack\":\"s\"},"
                "\"http\":{\"response\":{\"status_code\":404}},\"event\":{\"duration\":2000000}}");
    CHECK_TEXT(got_text(&event, "exception.message"), "m");
    CHECK_TEXT(got_text(&event, "exception.stacktrace"), "s");
    CHECK_EQ(got(&event, "http.response.status_code").integer, 404);
    CHECK_EQ(got(&event, "duration").integer, 2000000);
}

static void an_error_is_judged_by_level_status_exception_and_flags(void)
{
    static const struct {
        const char *line;
        bool want;
    } cases[] = {
        {"{\"level\":\"error\"}", true},
        {"{\"level\":\"warn\"}", false},
        {"{\"status\":500}", true},
        {"{\"status\":404}", false},
        {"{\"error\":\"boom\"}", true},
        {"{\"error\":false}", false},
        {"{\"error\":true}", true},
        {"{\"error\":null}", false},
        {"{\"error\":\"\"}", false},
        {"{\"err\":{\"message\":\"x\"}}", true},
        {"{\"event.outcome\":\"failure\"}", true},
        {"{\"event\":{\"outcome\":\"success\"}}", false},
        {"{\"stack\":\"prod\"}", false},
        {"{\"error\":{\"stack_trace\":\"x\"}}", true},
        {"{\"errorType\":\"E\"}", true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct event event = scanned(cases[i].line);
        if (event_is_error(&event, &fix.arena) != cases[i].want)
            print_error("%s\n", cases[i].line);
        CHECK_EQ(event_is_error(&event, &fix.arena), cases[i].want);
    }
    struct event crashed = {.flags = EVENT_FAILED};
    CHECK(event_is_error(&crashed, NULL));
}

static void what_the_event_knows_needs_no_field(void)
{
    struct event event = {.bytes = STR("plain"), .time_ns = 5, .weight = 10, .reason = STR("rule")};
    CHECK_EQ(got(&event, "timestamp").integer, 5);
    CHECK_EQ(got(&event, "sampling.weight").integer, 10);
    CHECK_TEXT(got_text(&event, "message"), "plain");
    CHECK_EQ(event_severity_word(&event).len, 0);
    event.severity = SEVERITY_WARN + 1;
    CHECK_TEXT(event_severity_word(&event), "warn");
}

CHECK_MAIN(TEST(a_path_tries_the_literal_key_before_its_splits), TEST(an_index_reaches_into_arrays),
           TEST(slots_answer_to_every_spelling_and_give_their_type),
           TEST(nested_spellings_fill_slots_too),
           TEST(an_error_is_judged_by_level_status_exception_and_flags),
           TEST(what_the_event_knows_needs_no_field))
