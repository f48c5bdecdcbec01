/* tests/filters/test_parse.c - mirrors filters/parse.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "filters/parse.c"

#include "tests/corpora.h"
#include "tests/filters/formats/lines.h"

#define ID "79b4f56e-95b1-4643-9700-2807f4e68189"

struct bench { /* a parse filter with its engine */
    struct host host;
    struct parse parse;
};

static void bench_init(struct bench *bench, int format)
{
    struct why why;
    memset(bench, 0, sizeof *bench);
    host_init(&bench->host);
    bench->parse.format = format;
    bench->parse.function_from_path = true;
    CHECK_OK(filter_parse.open(&bench->parse, &bench->host, &why), why);
}

static struct event parsed(struct bench *bench, struct str line)
{
    struct event event = {.bytes = host_line(&bench->host, line)};
    host_pass(&bench->host, &filter_parse, &bench->parse, &event);
    return event;
}

static struct str text_at(const struct event *event, enum slot slot, struct bench *bench)
{
    struct str text = {0};
    const struct field *field = event_slot(event, slot);
    return field && value_text(field->value, &bench->host.batch, &text) ? text : (struct str){0};
}

static const struct golden lines[] = {
    {"\xEF\xBB\xBF{\"level\":\"error\",\"msg\":\"first of a file\"}",
     "- 17|SEVERITY_TEXT=error|BODY=first of a file"},
    {"{\"level\":\"info\",\"msg\":\"a\"}", "- 9|SEVERITY_TEXT=info|BODY=a"},
    {"{\"time\":\"2022-10-21T14:05:03.165Z\",\"type\":\"platform.start\",\"record\":{\"requestId\":"
     "\"" ID "\"}}",
     "2022-10-21T14:05:03.165Z 9 !platform "
     "!starts|TIME=2022-10-21T14:05:03.165Z|type=platform.start|CLOUD_PLATFORM=aws_lambda|LAMBDA_"
     "EVENT=start|FAAS_INVOCATION_ID=" ID "|BODY=platform.start"},
    {"{\"level\":\"error\",\"msg\":\"cut sho",
     "- 17 !parse|SEVERITY_TEXT=error|BODY={\"level\":\"error\",\"msg\":\"cut "
     "sho|PARSE_ERROR=invalid JSON at byte 31"},
    {"{\"level\":\"error\",\"msg\":\"bad \\x escape\",\"n\":1}",
     "- 17 !parse|SEVERITY_TEXT=error|BODY={\"level\":\"error\",\"msg\":\"bad \\x "
     "escape\",\"n\":1}|PARSE_ERROR=invalid JSON at byte 28"},
    {"{\"severity\" \"error\"}", "- 17 !parse|SEVERITY_TEXT=error|BODY={\"severity\" "
                                 "\"error\"}|PARSE_ERROR=invalid JSON at byte 12"},
    {"{ a: 1 }", "- 0|BODY={ a: 1 }"},
    {"START RequestId: " ID " Version: $LATEST",
     "- 9 !platform !starts|LAMBDA_EVENT=start|FAAS_INVOCATION_ID=" ID
     "|FAAS_VERSION=$LATEST|BODY=START RequestId: " ID " Version: $LATEST"},
    {"REPORT invalid report log line", "- 0|BODY=REPORT invalid report log line"},
    {"2019-06-07T19:11:20.562Z\t" ID "\tINFO\thello",
     "2019-06-07T19:11:20.562Z 9|FAAS_INVOCATION_ID=" ID "|BODY=hello|SEVERITY_TEXT=INFO"},
    {"[ERROR] lower case words: no type",
     "- 17|SEVERITY_TEXT=ERROR|BODY=[ERROR] lower case words: no type"},
    {"level=warn msg=\"logfmt\" n=1", "- 13|SEVERITY_TEXT=warn|BODY=logfmt|n=1"},
    {"x=1 but prose for the rest", "- 0|BODY=x=1 but prose for the rest"},
    {"198.51.100.7 - - [10/Oct/2023:13:55:36 +0000] \"GET / HTTP/1.1\" 502 1",
     "2023-10-10T13:55:36Z 0|CLIENT_ADDRESS=198.51.100.7|BODY=GET / "
     "HTTP/1.1|HTTP_METHOD=GET|URL_PATH=/|network.protocol.name=HTTP/"
     "1.1|HTTP_STATUS=502|HTTP_RESPONSE_SIZE=1"},
    {"(" ID ") Method completed with status: 500",
     "- 0|http.request.id=" ID "|HTTP_STATUS=500|BODY=Method completed with status: 500"},
    {"2024-01-02T03:04:05Z ERROR plain",
     "2024-01-02T03:04:05Z 17|SEVERITY_TEXT=ERROR|BODY=ERROR plain"},
    {"", "- 0"},
};

static void auto_tells_each_line_by_its_first_bytes(void)
{
    struct bench bench;
    size_t wrong = 0;
    bench_init(&bench, FORMAT_AUTO);
    for (size_t i = 0; i < COUNT(lines); i++) {
        struct event event = parsed(&bench, str_from(lines[i].line));
        struct str got = event_written(&event, &bench.host);
        if (str_equal(got, str_from(lines[i].want)))
            continue;
        print_error("line %s\ngot  %.*s\nwant %s\n", lines[i].line, STR_ARG(got), lines[i].want);
        wrong++;
    }
    print_message("auto: %zu golden lines\n", COUNT(lines));
    CHECK_EQ(wrong, 0);
    CHECK_EQ(host_count_of(&bench.host, "failed"), 3);
    host_clear(&bench.host);
}

static void no_line_is_claimed_twice(void)
{
    for (size_t i = 0; i < COUNT(lines); i++) {
        int claims = 0;
        for (int id = FORMAT_AUTO + 1; id < FORMAT_COUNT; id++)
            claims += formats[id]->claims(str_from(lines[i].line));
        CHECK(claims <= 1);
    }
}

static void the_order_of_lines_changes_nothing(void)
{
    struct bench one, other;
    bench_init(&one, FORMAT_AUTO);
    bench_init(&other, FORMAT_AUTO);
    for (size_t i = 0; i < COUNT(lines); i++) {
        struct event event = parsed(&one, str_from(lines[i].line));
        (void)parsed(&other, str_from(lines[(i * 7 + 3) % COUNT(lines)].line));
        struct event again = parsed(&other, str_from(lines[i].line));
        CHECK_STR(event_written(&again, &other.host), event_written(&event, &one.host));
    }
    host_clear(&one.host);
    host_clear(&other.host);
}

static void a_line_that_should_parse_and_does_not_is_an_error(void)
{
    static const int said[] = {FORMAT_json, FORMAT_logfmt, FORMAT_nginx, FORMAT_api_gateway};
    for (size_t i = 0; i < COUNT(said); i++) {
        struct bench bench;
        bench_init(&bench, said[i]);
        struct event event = parsed(&bench, STR("=neither \"this nor that"));
        CHECK(event.flags & EVENT_PARSE_FAILED);
        CHECK(event_is_error(&event, &bench.host.batch));
        CHECK_STR(text_at(&event, SLOT_BODY, &bench), STR("=neither \"this nor that"));
        CHECK(text_at(&event, SLOT_PARSE_ERROR, &bench).len > 0);
        CHECK_EQ(host_count_of(&bench.host, "failed"), 1);
        host_clear(&bench.host);
    }
}

static void functions_are_named_by_arn_or_path(void)
{
    static const struct {
        const char *path, *line, *want;
    } cases[] = {
        {"/var/log/fn/checkout.log", "START RequestId: " ID " Version: 1", "checkout"},
        {"/logs/aws/lambda/pay/2023/01/02/[1]abc", "START RequestId: " ID " Version: 1", "pay"},
        {"checkout.log", "{\"requestId\":\"" ID "\",\"message\":\"m\"}", "checkout"},
        {"x.log",
         "{\"AWSRequestId\":\"" ID
         "\",\"functionArn\":\"arn:aws:lambda:eu-west-1:1:function:pay:7\"}",
         "pay"},
        {"x.log", "{\"AWSRequestId\":\"" ID "\",\"function_name\":\"pay\"}", "pay"},
        {"gateway.log", "{\"requestId\":\"" ID "\",\"httpMethod\":\"GET\",\"status\":\"200\"}", ""},
        {"x.log", "plain words", ""},
    };
    struct bench bench;
    bench_init(&bench, FORMAT_AUTO);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct event event = {.bytes = str_from(cases[i].line)};
        struct value path = {.kind = VALUE_TEXT, .text = str_from(cases[i].path)};
        CHECK(event_set_slot(&event, SLOT_LOG_FILE_PATH, path, &bench.host.batch));
        host_pass(&bench.host, &filter_parse, &bench.parse, &event);
        CHECK_TEXT(text_at(&event, SLOT_FAAS_NAME, &bench), cases[i].want);
        CHECK_TEXT(text_at(&event, SLOT_SERVICE_NAME, &bench), cases[i].want);
        CHECK_TEXT(text_at(&event, SLOT_LOG_FILE_PATH, &bench), cases[i].path);
    }
    host_clear(&bench.host);
}

static void a_field_can_be_parsed_instead_of_the_line(void)
{
    struct bench bench;
    struct why why;
    bench_init(&bench, FORMAT_AUTO);
    struct event event =
        parsed(&bench, STR("{\"log\":\"level=warn n=1 m=2\",\"stream\":\"stdout\"}"));
    CHECK_OK(path_compile(bench.host.names, STR("log"), &bench.parse.field, &why), why);
    host_pass(&bench.host, &filter_parse, &bench.parse, &event);
    CHECK_EQ(event.severity, SEVERITY_WARN);
    CHECK_EQ(event.count, 6); /* the level that the log tells, too */
    struct event without = {.bytes = STR("level=warn n=1 m=2")};
    host_pass(&bench.host, &filter_parse, &bench.parse, &without);
    CHECK_EQ(without.count, 0);
    host_clear(&bench.host);
}

static void a_second_parse_leaves_what_the_first_did(void)
{
    struct bench bench;
    bench_init(&bench, FORMAT_AUTO);
    struct event event = parsed(&bench, STR("level=warn msg=a n=1"));
    uint16_t count = event.count;
    host_pass(&bench.host, &filter_parse, &bench.parse, &event);
    CHECK_EQ(event.count, count);
    host_clear(&bench.host);
}

static void check_number(const json_t *want, const char *key, struct event *event, enum slot slot)
{
    const json_t *number = json_object_get(want, key);
    double got = 0;
    if (!number)
        return;
    const struct field *field = event_slot(event, slot);
    CHECK(field && value_number(field->value, &got));
    CHECK(got == json_number_value(number));
}

static void check_report(const json_t *want, struct event *event, struct bench *bench)
{
    check_number(want, "duration_ms", event, SLOT_LAMBDA_DURATION);
    check_number(want, "billed_duration_ms", event, SLOT_LAMBDA_BILLED);
    check_number(want, "max_memory_used_mb", event, SLOT_LAMBDA_MEMORY_USED);
    check_number(want, "init_duration_ms", event, SLOT_LAMBDA_INIT);
    if (json_object_get(want, "request_id"))
        CHECK_STR(text_at(event, SLOT_FAAS_INVOCATION_ID, bench), corpus_str(want, "request_id"));
    if (json_object_get(want, "xray_trace_id"))
        CHECK_STR(text_at(event, SLOT_TRACE_ID, bench), corpus_str(want, "xray_trace_id"));
    if (json_object_get(want, "xray_segment_id"))
        CHECK_STR(text_at(event, SLOT_SPAN_ID, bench), corpus_str(want, "xray_segment_id"));
    if (json_object_get(want, "level"))
        CHECK_STR(text_at(event, SLOT_SEVERITY_TEXT, bench), corpus_str(want, "level"));
    if (json_object_get(want, "message"))
        CHECK_STR(text_at(event, SLOT_BODY, bench), corpus_str(want, "message"));
    if (json_object_get(want, "timestamp"))
        CHECK(event->flags & EVENT_TIME_OWN);
    if (json_object_get(want, "memory_size_mb")) {
        CHECK_EQ(slot_value(event, SLOT_FAAS_MAX_MEMORY).integer,
                 json_integer_value(json_object_get(want, "memory_size_mb")) << 20);
        CHECK_EQ(slot_value(event, SLOT_FAAS_COLDSTART).truth,
                 json_object_get(want, "init_duration_ms") != NULL);
    }
    CHECK_EQ(!!(event->flags & EVENT_FAILED), str_equal(corpus_str(want, "type"), STR("timeout")));
}

static void every_report_line_of_the_table_is_exact(void)
{
    CORPUS(table, "lambda/report_lines.json");
    struct bench bench;
    size_t index;
    json_t *row;
    bench_init(&bench, FORMAT_AUTO);
    json_array_foreach(table, index, row)
    {
        struct event event = parsed(&bench, corpus_str(row, "line"));
        bool is_valid = json_is_true(json_object_get(row, "valid"));
        if (is_valid)
            check_report(json_object_get(row, "expect"), &event, &bench);
        else
            CHECK(!(event.flags & EVENT_PLATFORM));
    }
    print_message("REPORT and its kin: %zu lines\n", json_array_size(table));
    json_decref(table);
    host_clear(&bench.host);
}

static void every_lack_of_memory_of_the_table_is_a_failure(void)
{
    CORPUS(table, "lambda/oom_lines.json");
    struct bench bench;
    size_t index;
    json_t *row;
    bench_init(&bench, FORMAT_AUTO);
    json_array_foreach(table, index, row)
    {
        struct event event = parsed(&bench, corpus_str(row, "line"));
        CHECK_EQ(!!(event.flags & EVENT_FAILED), json_is_true(json_object_get(row, "is_oom")));
    }
    print_message("out of memory: %zu lines\n", json_array_size(table));
    json_decref(table);
    host_clear(&bench.host);
}

CHECK_MAIN(TEST(auto_tells_each_line_by_its_first_bytes), TEST(no_line_is_claimed_twice),
           TEST(the_order_of_lines_changes_nothing),
           TEST(a_line_that_should_parse_and_does_not_is_an_error),
           TEST(functions_are_named_by_arn_or_path),
           TEST(a_field_can_be_parsed_instead_of_the_line),
           TEST(a_second_parse_leaves_what_the_first_did),
           TEST(every_report_line_of_the_table_is_exact),
           TEST(every_lack_of_memory_of_the_table_is_a_failure))
