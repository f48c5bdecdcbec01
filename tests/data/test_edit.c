/* tests/data/test_edit.c - mirrors agent/data/edit.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/data/edit.c"

#include "tests/data/fixture.h"

static struct value text(const char *of)
{
    return (struct value){.kind = VALUE_TEXT, .text = str_from(of)};
}

static bool set(struct event *event, const char *path, struct value value)
{
    return event_set(event, fixture_path(path), value, &fix.arena);
}

static bool removed(struct event *event, const char *path)
{
    return event_remove(event, fixture_path(path), &fix.arena);
}

static bool renamed(struct event *event, const char *from, const char *to)
{
    return event_rename(event, fixture_path(from), fixture_path(to), &fix.arena);
}

static void setting_edits_the_spelling_that_is_found(void)
{
    struct event event =
        scanned("{\"a.b\":1,\"o\":{\"x\":1,\"y\":{\"z\":2}},\"l\":[1,{\"k\":2}],\"msg\":\"m\"}");
    CHECK(set(&event, "a.b", text("q\"")));
    CHECK(set(&event, "o.y.z", text("n")));
    CHECK(set(&event, "l[1].k", text("i")));
    CHECK(set(&event, "message", text("new")));
    CHECK_TEXT(encoded(&event, NAMES_AS_IS), "{\"a.b\":\"q\\\"\",\"o\":{\"x\":1,\"y\":{\"z\":\"n\"}"
                                             "},\"l\":[1,{\"k\":\"i\"}],\"msg\":\"new\"}");
}

static void setting_goes_into_a_parent_object_or_adds_the_dotted_key(void)
{
    struct event event = scanned("{\"o\":{\"x\":{}},\"s\":1}");
    CHECK(set(&event, "o.n", text("1")));
    CHECK(set(&event, "o.x.d.e", text("2")));
    CHECK(set(&event, "p.q", text("3")));
    CHECK(!set(&event, "s.t", text("4")));
    CHECK_TEXT(encoded(&event, NAMES_AS_IS),
               "{\"o\":{\"x\":{\"d.e\":\"2\"},\"n\":\"1\"},\"s\":1,\"p.q\":\"3\"}");
}

static void a_slot_that_is_set_is_known_at_once(void)
{
    struct event event = scanned("{\"x\":1}");
    CHECK(event_set_slot(&event, SLOT_TRACE_ID, text("t1"), &fix.arena));
    CHECK(set(&event, "severity_text", text("ERROR")));
    CHECK_EQ(event.severity, 17);
    CHECK_TEXT(got_text(&event, "trace.id"), "t1");
    CHECK(event_set_slot(&event, SLOT_TRACE_ID, text("t2"), &fix.arena));
    CHECK_TEXT(encoded(&event, NAMES_AS_IS),
               "{\"x\":1,\"trace_id\":\"t2\",\"severity_text\":\"ERROR\"}");
}

static void removing_takes_the_comma_along(void)
{
    struct event event = scanned("{\"o\":{\"a\":1, \"b\":2, \"c\":3},\"p\":{\"a\":1},\"t\":1}");
    CHECK(removed(&event, "o.b"));
    CHECK(removed(&event, "o.c"));
    CHECK(removed(&event, "p.a"));
    CHECK(removed(&event, "t"));
    CHECK(removed(&event, "nothing"));
    CHECK_TEXT(encoded(&event, NAMES_AS_IS), "{\"o\":{\"a\":1},\"p\":{}}");
}

static void what_is_removed_is_gone_under_every_name(void)
{
    static const struct {
        const char *line, *path, *otel, *ecs;
    } cases[] = {
        {"{\"level\":\"error\"}", "level", "{\"error\":true}", "{\"event.outcome\":\"failure\"}"},
        {"{\"level\":\"info\",\"a\":1}", "severity_text", "{\"a\":1}", "{\"a\":1}"},
        {"{\"level\":\"info\",\"a\":1}", "log.level", "{\"a\":1}", "{\"a\":1}"},
        {"{\"log\":{\"level\":\"info\"}}", "log.level", "{\"log\":{}}", "{\"log\":{}}"},
        {"{\"log\":{\"level\":\"info\"},\"a\":1}", "log", "{\"a\":1}", "{\"a\":1}"},
        {"{\"level\":\"info\"}", "severity_number", "{\"severity_text\":\"info\"}",
         "{\"log.level\":\"info\"}"},
        {"{\"severity_number\":9}", "severity_number", "{}", "{}"},
        {"{\"level\":\"info\",\"severity\":1}", "severity",
         "{\"severity_text\":\"info\",\"severity_number\":9}",
         "{\"log.level\":\"info\",\"event.severity\":9}"},
        {"{\"error\":\"boom\",\"a\":1}", "error", "{\"a\":1}", "{\"a\":1}"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct event event = scanned(cases[i].line);
        CHECK(removed(&event, cases[i].path));
        CHECK_TEXT(encoded(&event, NAMES_OTEL), cases[i].otel);
        CHECK_TEXT(encoded(&event, NAMES_ECS), cases[i].ecs);
    }
}

static void what_is_removed_leaves_an_error_one(void)
{
    static const char *const cases[][2] = {{"{\"level\":\"error\"}", "level"},
                                           {"{\"error\":\"boom\"}", "error"},
                                           {"{\"stack_trace\":[\"a\"]}", "stack_trace"},
                                           {"{\"err\":{\"type\":\"X\"}}", "err"},
                                           {"{\"status\":500}", "http.response.status_code"}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct event event = scanned(cases[i][0]);
        CHECK(removed(&event, cases[i][1]));
        CHECK(event_is_error(&event, &fix.arena));
    }
}

static void what_is_set_after_it_was_removed_is_there(void)
{
    struct event event = scanned("{\"level\":\"error\"}");
    CHECK(removed(&event, "level"));
    CHECK(set(&event, "severity_text", text("warn")));
    CHECK_TEXT(encoded(&event, NAMES_ECS), "{\"log.level\":\"warn\",\"event.severity\":13}");
}

static void renaming_keeps_the_place_and_replaces_a_twin(void)
{
    struct event event = scanned("{\"a\":1,\"b\":2,\"c\":{\"d\":3}}");
    CHECK(renamed(&event, "a", "z"));
    CHECK(renamed(&event, "b", "z"));
    CHECK(renamed(&event, "c.d", "e"));
    CHECK(renamed(&event, "nothing", "z"));
    CHECK_TEXT(encoded(&event, NAMES_AS_IS), "{\"z\":2,\"c\":{},\"e\":3}");
    event = scanned("{\"lvl\":\"info\",\"code\":503}");
    CHECK(renamed(&event, "code", "http.response.status_code"));
    CHECK(renamed(&event, "severity_text", "word"));
    CHECK_EQ(event.slots[SLOT_SEVERITY_TEXT], 0);
    CHECK(event_is_error(&event, &fix.arena));
}

static void a_shared_index_is_copied_before_the_first_edit(void)
{
    struct event event = scanned("{\"a\":1,\"o\":{\"k\":1}}");
    struct event branch = event;
    event.flags |= EVENT_SHARED;
    branch.flags |= EVENT_SHARED;
    CHECK(set(&branch, "a", text("x")));
    CHECK(set(&branch, "o.k", text("x")));
    CHECK(removed(&branch, "a"));
    CHECK_TEXT(encoded(&event, NAMES_AS_IS), "{\"a\":1,\"o\":{\"k\":1}}");
    CHECK_TEXT(encoded(&branch, NAMES_AS_IS), "{\"o\":{\"k\":\"x\"}}");
}

CHECK_MAIN(TEST(setting_edits_the_spelling_that_is_found),
           TEST(setting_goes_into_a_parent_object_or_adds_the_dotted_key),
           TEST(a_slot_that_is_set_is_known_at_once), TEST(removing_takes_the_comma_along),
           TEST(what_is_removed_is_gone_under_every_name),
           TEST(what_is_removed_leaves_an_error_one),
           TEST(what_is_set_after_it_was_removed_is_there),
           TEST(renaming_keeps_the_place_and_replaces_a_twin),
           TEST(a_shared_index_is_copied_before_the_first_edit))
