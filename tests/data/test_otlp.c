/* tests/data/test_otlp.c - mirrors agent/data/otlp.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/data/otlp.c"

#include "agent/data/severity.h"
#include "tests/check.h"

static struct arena scratch;
static struct buffer to;

/* The event that a JSON line is, after parse. */
static struct event parsed(const char *line)
{
    static struct arena names_arena;
    static struct names *names;
    if (!names) {
        arena_init(&names_arena, 1 << 16, 4 << 20);
        names = names_make(&names_arena);
    }
    arena_reset(&scratch);
    struct scanner *scanner = scanner_make(&scratch, names);
    struct event event = {.bytes = str_from(line)};
    size_t error_at;
    CHECK_EQ(scan_object(scanner, &event, &scratch, &error_at), SCAN_OK);
    event.flags |= EVENT_PARSED;
    return event;
}

static void check_record(const struct event *event, const char *service, const char *want)
{
    buffer_reset(&to);
    otlp_write_record(&to, event, str_from(service), &scratch);
    CHECK(!to.full);
    CHECK_TEXT(buffer_str(&to), want);
}

static void a_record_has_the_members_of_the_protocol(void)
{
    struct event event = parsed(
        "{\"level\":\"WARN\",\"msg\":\"hello\",\"trace_id\":\"4bf92f3577b34da6a3ce929d0e0e4736\","
        "\"span_id\":\"00f067aa0ba902b7\",\"trace_flags\":1,\"service\":\"shop\",\"n\":7,"
        "\"ok\":true,\"ratio\":0.50}");
    event.time_ns = INT64_C(1767323045678000001);
    event.severity = SEVERITY_WARN;
    event.id = STR("weir-f1-77");
    check_record(&event, "shop",
                 "{\"timeUnixNano\":\"1767323045678000001\",\"severityNumber\":13,"
                 "\"severityText\":\"WARN\",\"body\":{\"stringValue\":\"hello\"},"
                 "\"traceId\":\"4bf92f3577b34da6a3ce929d0e0e4736\","
                 "\"spanId\":\"00f067aa0ba902b7\",\"flags\":1,\"attributes\":["
                 "{\"key\":\"n\",\"value\":{\"intValue\":\"7\"}},"
                 "{\"key\":\"ok\",\"value\":{\"boolValue\":true}},"
                 "{\"key\":\"ratio\",\"value\":{\"doubleValue\":0.50}},"
                 "{\"key\":\"weir.event_id\",\"value\":{\"stringValue\":\"weir-f1-77\"}}]}");
}

static void values_keep_their_types_at_every_depth(void)
{
    static const char *const cases[][2] = {
        {"null", "{}"},
        {"false", "{\"boolValue\":false}"},
        {"9223372036854775807", "{\"intValue\":\"9223372036854775807\"}"},
        {"9223372036854775808", "{\"doubleValue\":9223372036854775808}"},
        {"-3", "{\"intValue\":\"-3\"}"},
        {"1e3", "{\"doubleValue\":1e3}"},
        {"1.0", "{\"doubleValue\":1.0}"},
        {"\"\\u00e4\\n\"", "{\"stringValue\":\"\\u00e4\\n\"}"},
        {"[]", "{\"arrayValue\":{\"values\":[]}}"},
        {"[1,\"a\",null]",
         "{\"arrayValue\":{\"values\":[{\"intValue\":\"1\"},{\"stringValue\":\"a\"},{}]}}"},
        {"{}", "{\"kvlistValue\":{\"values\":[]}}"},
        {"{\"a\\\"\":{\"b\":[true]}}",
         "{\"kvlistValue\":{\"values\":[{\"key\":\"a\\\"\",\"value\":{\"kvlistValue\":{\"values\":["
         "{\"key\":\"b\",\"value\":{\"arrayValue\":{\"values\":[{\"boolValue\":true}]}}}]}}}]}}"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char line[256], want[512];
        snprintf(line, sizeof line, "{\"x\":%s}", cases[i][0]);
        snprintf(want, sizeof want, "{\"attributes\":[{\"key\":\"x\",\"value\":%s}]}", cases[i][1]);
        struct event event = parsed(line);
        check_record(&event, "shop", want);
    }
}

static void what_is_too_deep_becomes_its_text(void)
{
    char line[256] = "{\"x\":";
    for (int i = 0; i < OTLP_DEPTH_MAX + 2; i++)
        strcat(line, "[");
    for (int i = 0; i < OTLP_DEPTH_MAX + 2; i++)
        strcat(line, "]");
    strcat(line, "}");
    struct event event = parsed(line);
    buffer_reset(&to);
    otlp_write_record(&to, &event, STR("shop"), &scratch);
    CHECK(str_find_str(buffer_str(&to), STR("{\"stringValue\":\"[[]]\"}")) != SIZE_MAX);
    CHECK(scan_is_valid(buffer_str(&to)));
}

static void what_the_protocol_would_refuse_becomes_an_attribute(void)
{
    struct event event = parsed("{\"trace_id\":\"00000000000000000000000000000000\","
                                "\"span_id\":\"xyz\",\"service\":\"shop\"}");
    check_record(&event, "another",
                 "{\"attributes\":["
                 "{\"key\":\"trace_id\",\"value\":{\"stringValue\":"
                 "\"00000000000000000000000000000000\"}},"
                 "{\"key\":\"span_id\",\"value\":{\"stringValue\":\"xyz\"}},"
                 "{\"key\":\"service.name\",\"value\":{\"stringValue\":\"shop\"}}]}");
}

static void a_line_that_is_no_json_is_a_body(void)
{
    struct event event = {.bytes = STR("plain \xff text"), .time_ns = 5};
    check_record(&event, "shop",
                 "{\"timeUnixNano\":\"5\",\"body\":{\"stringValue\":\"plain \xEF\xBF\xBD text\"}}");
}

static void the_frame_names_the_service(void)
{
    buffer_reset(&to);
    otlp_open(&to, STR("a \"shop\""));
    otlp_close(&to);
    CHECK_TEXT(buffer_str(&to),
               "{\"resourceLogs\":[{\"resource\":{\"attributes\":[{\"key\":\"service.name\","
               "\"value\":{\"stringValue\":\"a \\\"shop\\\"\"}}]},\"scopeLogs\":[{\"scope\":{"
               "\"name\":\"weir\",\"version\":\"" WEIR_VERSION "\"},\"logRecords\":[]}]}]}");
    CHECK(scan_is_valid(buffer_str(&to)));
}

static void without_memory_the_buffer_says_full(void)
{
    struct arena tiny;
    struct event event = parsed(
        "{\"x\":"
        "\"01234567890123456789012345678901234567890123456789012345678901234567890123456789\"}");
    arena_init(&tiny, 64, 64);
    buffer_reset(&to);
    otlp_write_record(&to, &event, STR("shop"), &tiny);
    CHECK(to.full);
    arena_clear(&tiny);
}

int main(void)
{
    arena_init(&scratch, 1 << 16, 16 << 20);
    buffer_init(&to, 1 << 20);
    const struct CMUnitTest tests[] = {TEST(a_record_has_the_members_of_the_protocol),
                                       TEST(values_keep_their_types_at_every_depth),
                                       TEST(what_is_too_deep_becomes_its_text),
                                       TEST(what_the_protocol_would_refuse_becomes_an_attribute),
                                       TEST(a_line_that_is_no_json_is_a_body),
                                       TEST(the_frame_names_the_service),
                                       TEST(without_memory_the_buffer_says_full)};
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    buffer_clear(&to);
    arena_clear(&scratch);
    return failed;
}
