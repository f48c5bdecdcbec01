/* tests/filters/formats/test_json.c - mirrors filters/formats/json.c.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A line of every logger of which users have asked for the fields, and what becomes of each.
 */
#include "filters/formats/json.c"

#include "tests/filters/formats/lines.h"

#define ID "79b4f56e-95b1-4643-9700-2807f4e68189"

static const struct golden loggers[] = {
    {"{\"time\":\"2015-03-26T01:27:38-04:00\",\"level\":\"warning\",\"msg\":\"logrus\",\"error\":"
     "\"no route\",\"func\":\"main\"}",
     "2015-03-26T05:27:38Z "
     "13|TIME=2015-03-26T01:27:38-04:00|SEVERITY_TEXT=warning|BODY=logrus|EXCEPTION_MESSAGE=no "
     "route|func=main"},
    {"{\"level\":\"dpanic\",\"ts\":1520436300.25,\"logger\":\"zap\",\"caller\":\"x.go:1\",\"msg\":"
     "\"m\",\"stacktrace\":\"a\\nb\"}",
     "2018-03-07T15:25:00.250Z "
     "18|SEVERITY_TEXT=dpanic|TIME=1520436300.25|LOGGER=zap|caller=x.go:1|BODY=m|EXCEPTION_"
     "STACKTRACE=a\nb"},
    {"{\"level\":\"panic\",\"error\":\"boom\",\"time\":1520436300,\"message\":\"zerolog\"}",
     "2018-03-07T15:25:00Z "
     "21|SEVERITY_TEXT=panic|EXCEPTION_MESSAGE=boom|TIME=1520436300|BODY=zerolog"},
    {"{\"time\":\"2023-01-02T03:04:05.123456789Z\",\"level\":\"INFO+2\",\"msg\":\"slog\","
     "\"source\":{\"file\":\"x.go\"}}",
     "2023-01-02T03:04:05.123456789Z "
     "11|TIME=2023-01-02T03:04:05.123456789Z|SEVERITY_TEXT=INFO+2|BODY=slog|source={\"file\":\"x."
     "go\"}"},
    {"{\"level\":50,\"time\":1672628645123,\"pid\":8,\"hostname\":\"h\",\"msg\":\"pino\",\"err\":{"
     "\"type\":\"TypeError\",\"message\":\"x\",\"stack\":\"s\"}}",
     "2023-01-02T03:04:05.123Z "
     "17|SEVERITY_TEXT=50|TIME=1672628645123|pid=8|HOST_NAME=h|BODY=pino|err={\"type\":"
     "\"TypeError\",\"message\":\"x\",\"stack\":\"s\"}"},
    {"{\"name\":\"app\",\"hostname\":\"h\",\"pid\":8,\"level\":30,\"msg\":\"bunyan\",\"time\":"
     "\"2023-01-02T03:04:05.678Z\",\"v\":0}",
     "2023-01-02T03:04:05.678Z "
     "9|name=app|HOST_NAME=h|pid=8|SEVERITY_TEXT=30|BODY=bunyan|TIME=2023-01-02T03:04:05.678Z|v=0"},
    {"{\"level\":\"info\",\"message\":\"winston\",\"timestamp\":\"2023-01-02T03:04:05.678Z\"}",
     "2023-01-02T03:04:05.678Z 9|SEVERITY_TEXT=info|BODY=winston|TIME=2023-01-02T03:04:05.678Z"},
    {"{\"instant\":{\"epochSecond\":1672628645,\"nanoOfSecond\":5},\"level\":\"ERROR\","
     "\"loggerName\":\"l\",\"message\":\"log4j2\",\"thrown\":{\"name\":\"E\",\"message\":\"m\"}}",
     "2023-01-02T03:04:05.000000005Z "
     "17|TIME={\"epochSecond\":1672628645,\"nanoOfSecond\":5}|SEVERITY_TEXT=ERROR|LOGGER=l|BODY="
     "log4j2|thrown={\"name\":\"E\",\"message\":\"m\"}"},
    {"{\"@timestamp\":\"2023-01-02T03:04:05.678Z\",\"log.level\":\"WARN\",\"message\":\"ecs\","
     "\"ecs.version\":\"1.2.0\",\"trace.id\":\"4bf92f3577b34da6a3ce929d0e0e4736\"}",
     "2023-01-02T03:04:05.678Z "
     "13|TIME=2023-01-02T03:04:05.678Z|SEVERITY_TEXT=WARN|BODY=ecs|ecs.version=1.2.0|TRACE_ID="
     "4bf92f3577b34da6a3ce929d0e0e4736"},
    {"{\"@timestamp\":\"2023-01-02T03:04:05.678+01:00\",\"@version\":\"1\",\"message\":"
     "\"logstash\",\"logger_name\":\"l\",\"level\":\"INFO\",\"level_value\":20000,\"stack_trace\":"
     "\"a\\nb\"}",
     "2023-01-02T02:04:05.678Z "
     "9|TIME=2023-01-02T03:04:05.678+01:00|@version=1|BODY=logstash|LOGGER=l|SEVERITY_TEXT=INFO|"
     "level_value=20000|EXCEPTION_STACKTRACE=a\nb"},
    {"{\"@t\":\"2023-01-02T03:04:05.1234567Z\",\"@mt\":\"serilog "
     "{n}\",\"@l\":\"Fatal\",\"@x\":\"E: m\\n at "
     "f\",\"@tr\":\"4bf92f3577b34da6a3ce929d0e0e4736\",\"n\":1}",
     "2023-01-02T03:04:05.123456700Z 21|TIME=2023-01-02T03:04:05.1234567Z|BODY=serilog "
     "{n}|SEVERITY_TEXT=Fatal|EXCEPTION_STACKTRACE=E: m\n at "
     "f|TRACE_ID=4bf92f3577b34da6a3ce929d0e0e4736|n=1"},
    {"{\"Timestamp\":\"2023-01-02T03:04:05Z\",\"EventId\":0,\"LogLevel\":\"Critical\",\"Category\":"
     "\"c\",\"Message\":\".NET\",\"State\":{}}",
     "2023-01-02T03:04:05Z "
     "21|TIME=2023-01-02T03:04:05Z|EventId=0|SEVERITY_TEXT=Critical|Category=c|BODY=.NET|State={}"},
    {"{\"levelname\":\"CRITICAL\",\"asctime\":\"2023-01-02 "
     "03:04:05,678\",\"message\":\"python-json-logger\",\"exc_info\":\"Traceback\\nx\"}",
     "2023-01-02T03:04:05.678Z 21|SEVERITY_TEXT=CRITICAL|TIME=2023-01-02 "
     "03:04:05,678|BODY=python-json-logger|EXCEPTION_STACKTRACE=Traceback\nx"},
    {"{\"event\":\"structlog\",\"level\":\"error\",\"timestamp\":\"2023-01-02T03:04:05Z\","
     "\"exception\":\"Traceback\\nx\"}",
     "2023-01-02T03:04:05Z "
     "17|BODY=structlog|SEVERITY_TEXT=error|TIME=2023-01-02T03:04:05Z|EXCEPTION_STACKTRACE="
     "Traceback\nx"},
    {"{\"timestamp\":\"2023-01-02T03:04:05Z\",\"level\":\"INFO\",\"fields\":{\"message\":"
     "\"tracing\"},\"target\":\"t\"}",
     "2023-01-02T03:04:05Z "
     "9|TIME=2023-01-02T03:04:05Z|SEVERITY_TEXT=INFO|fields={\"message\":\"tracing\"}|target=t"},
    {"{\"timestamp\":\"2023-01-02 "
     "03:04:05,678+0000\",\"level\":\"INFO\",\"location\":\"f:1\",\"message\":\"powertools\","
     "\"service\":\"shop\",\"cold_start\":true,\"function_name\":\"checkout\",\"function_request_"
     "id\":\"" ID "\",\"xray_trace_id\":\"1-5759e988-bd862e3fe1be46a994272793\"}",
     "2023-01-02T03:04:05.678Z 9|TIME=2023-01-02 "
     "03:04:05,678+0000|SEVERITY_TEXT=INFO|location=f:1|BODY=powertools|SERVICE_NAME=shop|FAAS_"
     "COLDSTART=true|FAAS_NAME=checkout|FAAS_INVOCATION_ID=" ID
     "|TRACE_ID=1-5759e988-bd862e3fe1be46a994272793"},
    {"{\"severity\":\"NOTICE\",\"message\":\"google\",\"timestamp\":{\"seconds\":1672628645,"
     "\"nanos\":1},\"logging.googleapis.com/trace\":\"projects/p/traces/"
     "4bf92f3577b34da6a3ce929d0e0e4736\"}",
     "2023-01-02T03:04:05.000000001Z "
     "10|SEVERITY_TEXT=NOTICE|BODY=google|TIME={\"seconds\":1672628645,\"nanos\":1}|TRACE_ID="
     "projects/p/traces/4bf92f3577b34da6a3ce929d0e0e4736"},
};

/* What container runtimes and journald wrap around lines. */
static const struct golden wrapped[] = {
    {"{\"log\":\"ERROR hello\\n\",\"stream\":\"stderr\",\"time\":\"2024-05-01T12:34:56.5Z\"}",
     "2024-05-01T12:34:56.500Z 17|BODY=ERROR hello|LOG_IOSTREAM=stderr|TIME=2024-05-01T12:34:56.5Z|"
     "SEVERITY_TEXT=ERROR"},
    {"{\"log\":\"{\\\"level\\\":\\\"error\\\",\\\"msg\\\":\\\"inner\\\"}\\n\",\"stream\":"
     "\"stdout\","
     "\"time\":\"2024-05-01T12:34:56Z\"}",
     "2024-05-01T12:34:56Z "
     "17|LOG_IOSTREAM=stdout|TIME=2024-05-01T12:34:56Z|SEVERITY_TEXT=error|BODY=inner"},
    {"{\"log\":\"hello\",\"stream\":\"stdout\"}", "- 0|BODY=hello|LOG_IOSTREAM=stdout"},
    {"{\"log\":\"no error\",\"level\":\"warn\",\"stream\":\"stdout\"}",
     "- 13|BODY=no error|SEVERITY_TEXT=warn|LOG_IOSTREAM=stdout"},
    {"{\"log\":\"\\n\",\"stream\":\"stdout\"}", "- 0|BODY=|LOG_IOSTREAM=stdout"},
    {"{\"__REALTIME_TIMESTAMP\":\"1714566896789000\",\"PRIORITY\":\"3\",\"MESSAGE\":\"journald\","
     "\"_HOSTNAME\":\"h\"}",
     "2024-05-01T12:34:56.789Z "
     "17|TIME=1714566896789000|SEVERITY_TEXT=3|BODY=journald|HOST_NAME=h"},
};

static const struct golden functions[] = {
    {"{\"timestamp\":\"2023-01-02T03:04:05.678Z\",\"level\":\"INFO\",\"requestId\":\"" ID
     "\",\"message\":\"node\"}",
     "2023-01-02T03:04:05.678Z "
     "9|TIME=2023-01-02T03:04:05.678Z|SEVERITY_TEXT=INFO|FAAS_INVOCATION_ID=" ID "|BODY=node"},
    {"{\"timestamp\":\"2023-01-02T03:04:05.678Z\",\"level\":\"INFO\",\"requestId\":\"" ID
     "\",\"message\":{\"msg\":\"inner\",\"level\":\"error\",\"timestamp\":\"x\",\"n\":1}}",
     "2023-01-02T03:04:05.678Z 17|TIME=2023-01-02T03:04:05.678Z|FAAS_INVOCATION_ID=" ID
     "|BODY=inner|SEVERITY_TEXT=error|message.timestamp=x|n=1"},
    {"{\"timestamp\":\"2023-01-02T03:04:05.678Z\",\"level\":\"INFO\",\"requestId\":\"" ID
     "\",\"message\":\"{\\\"order\\\":7,\\\"requestId\\\":\\\"own\\\"}\"}",
     "2023-01-02T03:04:05.678Z "
     "9|TIME=2023-01-02T03:04:05.678Z|SEVERITY_TEXT=INFO|FAAS_INVOCATION_ID=" ID
     "|BODY={\"order\":7,\"requestId\":\"own\"}|order=7|message.requestId=own"},
    {"{\"timestamp\":\"2023-01-02T03:04:05.678Z\",\"level\":\"ERROR\",\"requestId\":\"" ID
     "\",\"message\":{\"errorType\":\"TypeError\",\"errorMessage\":\"m\",\"stackTrace\":[\"a\","
     "\"b\"]}}",
     "2023-01-02T03:04:05.678Z "
     "17|TIME=2023-01-02T03:04:05.678Z|SEVERITY_TEXT=ERROR|FAAS_INVOCATION_ID=" ID
     "|BODY={\"errorType\":\"TypeError\",\"errorMessage\":\"m\",\"stackTrace\":[\"a\",\"b\"]}|"
     "EXCEPTION_TYPE=TypeError|EXCEPTION_MESSAGE=m|EXCEPTION_STACKTRACE=[\"a\",\"b\"]"},
    {"{\"timestamp\":\"2023-01-02T03:04:05Z\",\"log_level\":\"ERROR\",\"errorMessage\":\"boom\","
     "\"errorType\":\"ValueError\",\"requestId\":\"" ID "\",\"stackTrace\":[\"f\"]}",
     "2023-01-02T03:04:05Z "
     "17|TIME=2023-01-02T03:04:05Z|SEVERITY_TEXT=ERROR|EXCEPTION_MESSAGE=boom|EXCEPTION_TYPE="
     "ValueError|FAAS_INVOCATION_ID=" ID "|EXCEPTION_STACKTRACE=[\"f\"]"},
    {"{\"timestamp\":\"2023-01-02T03:04:05Z\",\"message\":\"java\",\"level\":\"WARN\","
     "\"AWSRequestId\":\"" ID "\"}",
     "2023-01-02T03:04:05Z "
     "13|TIME=2023-01-02T03:04:05Z|BODY=java|SEVERITY_TEXT=WARN|FAAS_INVOCATION_ID=" ID ""},
    {"{\"timestamp\":\"2023-01-02T03:04:05Z\",\"level\":\"Information\",\"requestId\":\"" ID
     "\",\"traceId\":\"4bf92f3577b34da6a3ce929d0e0e4736\",\"message\":\".NET\"}",
     "2023-01-02T03:04:05Z "
     "9|TIME=2023-01-02T03:04:05Z|SEVERITY_TEXT=Information|FAAS_INVOCATION_ID=" ID
     "|TRACE_ID=4bf92f3577b34da6a3ce929d0e0e4736|BODY=.NET"},
    {"{\"requestId\":\"r-1\",\"httpMethod\":\"POST\",\"status\":\"400\",\"body\":\"{\\\"sku\\\":1}"
     "\"}",
     "- 0|requestId=r-1|HTTP_METHOD=POST|HTTP_STATUS=400|HTTP_REQUEST_BODY={\"sku\":1}"},
    {"{\"message\":\"{\\\"not\\\":\\\"of a function\\\"}\"}",
     "- 0|BODY={\"not\":\"of a function\"}"},
    {"{\"a\":1} trailing", "broken"},
    {"{\"level\":\"error\",\"msg\":\"cut sho", "broken"},
    {"[1,2]", "broken"},
};

static void every_loggers_keys_fill_the_slots(void)
{
    check_golden(&format_json, loggers, COUNT(loggers));
    check_golden(&format_json, wrapped, COUNT(wrapped));
}

static void functions_lines_give_up_what_they_wrap(void)
{
    check_golden(&format_json, functions, COUNT(functions));
}

static void what_is_no_utf8_is_mended_and_read(void)
{
    struct host host;
    struct reader reader;
    host_init(&host);
    reader_init(&reader, &host);
    struct event event = {.bytes = STR("{\"level\":\"error\",\"msg\":\"a\xff\xfe"
                                       "b\"}")};
    reader.event = &event;
    CHECK_EQ(format_json.read(&reader, event.bytes), FORMAT_READ);
    CHECK_EQ(event.severity, SEVERITY_ERROR);
    CHECK_STR(slot_value(&event, SLOT_BODY).text, STR("a\xEF\xBF\xBD\xEF\xBF\xBD"
                                                      "b"));
    host_clear(&host);
}

static void only_what_begins_like_an_object_is_claimed(void)
{
    CHECK(format_json.claims(STR("{\"a\":1}")));
    CHECK(format_json.claims(STR("  { \"a\":1}")));
    CHECK(format_json.claims(STR("{}")));
    CHECK(!format_json.claims(STR("{ a: 1 }")));
    CHECK(!format_json.claims(STR("{'a': 1}")));
    CHECK(!format_json.claims(STR("{")));
    CHECK(!format_json.claims(STR("[1]")));
    CHECK(!format_json.claims(STR("")));
}

static void what_is_too_deep_is_not_called_invalid(void)
{
    static char deep[2 * JSON_DEPTH_MAX + 64];
    struct reader reader = {.wrong_at = 0};
    size_t len = (size_t)snprintf(deep, sizeof deep, "{\"a\\\"[\":");
    memset(deep + len, '[', JSON_DEPTH_MAX);
    reader.wrong_at = len + JSON_DEPTH_MAX - 1;
    struct str text = {deep, len + JSON_DEPTH_MAX};
    CHECK_EQ(broken(&reader, SCAN_INVALID, text), FORMAT_BROKEN);
    CHECK_TEXT(str_from(reader.wrong), "JSON nested too deep");
    reader.wrong_at--;
    (void)broken(&reader, SCAN_INVALID, text);
    CHECK_TEXT(str_from(reader.wrong), "invalid JSON");
}

CHECK_MAIN(TEST(what_is_too_deep_is_not_called_invalid), TEST(every_loggers_keys_fill_the_slots),
           TEST(functions_lines_give_up_what_they_wrap), TEST(what_is_no_utf8_is_mended_and_read),
           TEST(only_what_begins_like_an_object_is_claimed))
