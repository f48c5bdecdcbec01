/* tests/filters/formats/test_lambda_json.c - mirrors filters/formats/lambda_json.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "filters/formats/lambda_json.c"

#include "tests/corpora.h"
#include "tests/filters/formats/lines.h"

#define ID "79b4f56e-95b1-4643-9700-2807f4e68189"

static const struct golden platform[] = {
    {"{\"time\":\"2022-10-21T14:05:03.165Z\",\"type\":\"platform.start\",\"record\":{\"requestId\":"
     "\"" ID
     "\",\"version\":\"$LATEST\",\"functionArn\":\"arn:aws:lambda:eu-west-1:1:function:checkout:"
     "7\",\"tracing\":{\"spanId\":\"24cd7d670fa455f0\",\"type\":\"X-Amzn-Trace-Id\",\"value\":"
     "\"Root=1-6352a70e-1e2c502e358361800241fd45;Parent=35465b3a9e2f7c6a;Sampled=1\"}}}",
     "2022-10-21T14:05:03.165Z 9 !platform "
     "!starts|TIME=2022-10-21T14:05:03.165Z|type=platform.start|CLOUD_PLATFORM=aws_lambda|LAMBDA_"
     "EVENT=start|FAAS_INVOCATION_ID=" ID
     "|FAAS_VERSION=$LATEST|CLOUD_RESOURCE_ID=arn:aws:lambda:eu-west-1:1:function:checkout:7|SPAN_"
     "ID=24cd7d670fa455f0|TRACE_ID=6352a70e1e2c502e358361800241fd45|PARENT_SPAN_ID="
     "35465b3a9e2f7c6a|TRACE_FLAGS=1|BODY=platform.start"},
    {"{\"time\":\"2022-10-21T14:05:03.165Z\",\"type\":\"platform.runtimeDone\",\"record\":{"
     "\"requestId\":\"" ID
     "\",\"status\":\"timeout\",\"metrics\":{\"durationMs\":2599.0,\"producedBytes\":8}}}",
     "2022-10-21T14:05:03.165Z 17 !failed "
     "!platform|TIME=2022-10-21T14:05:03.165Z|type=platform.runtimeDone|CLOUD_PLATFORM=aws_lambda|"
     "LAMBDA_EVENT=runtime_done|FAAS_INVOCATION_ID=" ID
     "|LAMBDA_STATUS=timeout|LAMBDA_DURATION=2599.0|aws.lambda.metrics.produced_bytes=8|BODY="
     "platform.runtimeDone"},
    {"{\"time\":\"2022-10-21T14:05:03.165Z\",\"type\":\"platform.report\",\"record\":{"
     "\"requestId\":\"" ID
     "\",\"status\":\"success\",\"metrics\":{\"durationMs\":2599.4,\"billedDurationMs\":2600,"
     "\"memorySizeMB\":128,\"maxMemoryUsedMB\":94,\"initDurationMs\":549.04}}}",
     "2022-10-21T14:05:03.165Z 9 !platform "
     "!ends|TIME=2022-10-21T14:05:03.165Z|type=platform.report|CLOUD_PLATFORM=aws_lambda|LAMBDA_"
     "EVENT=report|FAAS_INVOCATION_ID=" ID
     "|LAMBDA_STATUS=success|DURATION=2599.4|LAMBDA_DURATION=2599.4|LAMBDA_BILLED=2600|FAAS_MAX_"
     "MEMORY=134217728|LAMBDA_MEMORY_USED=94|LAMBDA_INIT=549.04|FAAS_COLDSTART=true|BODY=platform."
     "report"},
    {"{\"time\":\"2022-10-21T14:05:03.165Z\",\"type\":\"platform.report\",\"record\":{"
     "\"requestId\":\"" ID "\",\"status\":\"error\",\"errorType\":\"Runtime.OutOfMemory\","
     "\"metrics\":{\"durationMs\":1e3}}}",
     "2022-10-21T14:05:03.165Z 17 !failed !platform "
     "!ends|TIME=2022-10-21T14:05:03.165Z|type=platform.report|CLOUD_PLATFORM=aws_lambda|LAMBDA_"
     "EVENT=report|FAAS_INVOCATION_ID=" ID
     "|LAMBDA_STATUS=error|EXCEPTION_TYPE=Runtime.OutOfMemory|DURATION=1000|LAMBDA_DURATION=1e3|"
     "FAAS_COLDSTART=false|BODY=platform.report"},
    {"{\"time\":\"2022-10-21T14:05:03.165Z\",\"type\":\"platform.initStart\",\"record\":{"
     "\"initializationType\":\"on-demand\",\"phase\":\"init\",\"functionName\":\"checkout\","
     "\"functionVersion\":\"7\"}}",
     "2022-10-21T14:05:03.165Z 9 "
     "!platform|TIME=2022-10-21T14:05:03.165Z|type=platform.initStart|CLOUD_PLATFORM=aws_lambda|"
     "LAMBDA_EVENT=init_start|aws.lambda.initialization_type=on-demand|aws.lambda.phase=init|FAAS_"
     "NAME=checkout|FAAS_VERSION=7|BODY=platform.initStart"},
    {"{\"time\":\"2022-10-21T14:05:03.165Z\",\"type\":\"platform.initReport\",\"record\":{"
     "\"phase\":\"init\",\"status\":\"timeout\",\"metrics\":{\"durationMs\":10000}}}",
     "2022-10-21T14:05:03.165Z 17 !failed "
     "!platform|TIME=2022-10-21T14:05:03.165Z|type=platform.initReport|CLOUD_PLATFORM=aws_lambda|"
     "LAMBDA_EVENT=init_report|aws.lambda.phase=init|LAMBDA_STATUS=timeout|LAMBDA_INIT=10000|BODY="
     "platform.initReport"},
    {"{\"time\":\"2022-10-21T14:05:03.165Z\",\"type\":\"platform.extension\",\"record\":{\"name\":"
     "\"x\",\"state\":\"Ready\",\"events\":[\"INVOKE\"]}}",
     "2022-10-21T14:05:03.165Z 9 "
     "!platform|TIME=2022-10-21T14:05:03.165Z|type=platform.extension|CLOUD_PLATFORM=aws_lambda|"
     "LAMBDA_EVENT=extension|aws.lambda.extension.name=x|aws.lambda.extension.state=Ready|aws."
     "lambda.extension.events=[\"INVOKE\"]|BODY=platform.extension"},
    {"{\"time\":\"2022-10-21T14:05:03.165Z\",\"type\":\"platform.logsDropped\",\"record\":{"
     "\"reason\":\"BufferFull\",\"droppedRecords\":1}}",
     "2022-10-21T14:05:03.165Z 9 "
     "!platform|TIME=2022-10-21T14:05:03.165Z|type=platform.logsDropped|CLOUD_PLATFORM=aws_lambda|"
     "LAMBDA_EVENT=logs_dropped|aws.lambda.reason=BufferFull|aws.lambda.dropped_records=1|BODY="
     "platform.logsDropped"},
    {"{\"time\":\"2022-10-21T14:05:03.165Z\",\"type\":\"platform.fault\",\"record\":\"RequestId:"
     " " ID " Process exited before completing request\"}",
     "2022-10-21T14:05:03.165Z 17 !failed "
     "!platform|TIME=2022-10-21T14:05:03.165Z|type=platform.fault|CLOUD_PLATFORM=aws_lambda|LAMBDA_"
     "EVENT=crash|FAAS_INVOCATION_ID=" ID
     "|EXCEPTION_TYPE=Runtime.ExitError|EXCEPTION_MESSAGE=Process exited before completing "
     "request|BODY=RequestId: " ID " Process exited before completing request"},
    {"{\"time\":\"2022-10-21T14:05:03.165Z\",\"type\":\"platform.invokeSummary\",\"record\":{}}",
     "2022-10-21T14:05:03.165Z 9 "
     "!platform|TIME=2022-10-21T14:05:03.165Z|type=platform.invokeSummary|CLOUD_PLATFORM=aws_"
     "lambda|LAMBDA_EVENT=invokeSummary|BODY=platform.invokeSummary"},
    {"{\"time\":\"2022-10-21T14:05:03.165Z\",\"type\":\"function\",\"record\":\"2022-10-21T14:05:"
     "03.100Z\\t" ID "\\tERROR\\tno route\\n\"}",
     "2022-10-21T14:05:03.165Z "
     "17|TIME=2022-10-21T14:05:03.165Z|type=function|CLOUD_PLATFORM=aws_lambda|FAAS_INVOCATION_"
     "ID=" ID "|BODY=no route|SEVERITY_TEXT=ERROR"},
    {"{\"time\":\"2022-10-21T14:05:03.165Z\",\"type\":\"function\",\"record\":{\"timestamp\":"
     "\"2022-10-21T14:05:03.100Z\",\"level\":\"WARN\",\"requestId\":\"" ID "\",\"message\":\"m\"}}",
     "2022-10-21T14:05:03.165Z "
     "13|TIME=2022-10-21T14:05:03.165Z|type=function|CLOUD_PLATFORM=aws_lambda|timestamp=2022-10-"
     "21T14:05:03.100Z|SEVERITY_TEXT=WARN|FAAS_INVOCATION_ID=" ID "|BODY=m"},
    {"{\"time\":\"2022-10-21T14:05:03.165Z\",\"type\":\"function\",\"record\":\"{\\\"level\\\":"
     "\\\"error\\\",\\\"msg\\\":\\\"own\\\"}\"}",
     "2022-10-21T14:05:03.165Z "
     "17|TIME=2022-10-21T14:05:03.165Z|type=function|CLOUD_PLATFORM=aws_lambda|SEVERITY_TEXT=error|"
     "BODY=own"},
    {"{\"time\":\"2022-10-21T14:05:03.165Z\",\"type\":\"extension\",\"record\":\"plain words\"}",
     "2022-10-21T14:05:03.165Z "
     "0|TIME=2022-10-21T14:05:03.165Z|type=extension|CLOUD_PLATFORM=aws_lambda|BODY=plain words"},
    {"{\"time\":\"2022-10-21T14:05:03.165Z\",\"type\":\"order\",\"record\":{\"requestId\":\"own\"}"
     "}",
     "2022-10-21T14:05:03.165Z "
     "0|TIME=2022-10-21T14:05:03.165Z|type=order|record={\"requestId\":\"own\"}"},
    {"{\"time\":\"2022-10-21T14:05:03.165Z\",\"type\":\"function\",\"record\":7}",
     "2022-10-21T14:05:03.165Z 0|TIME=2022-10-21T14:05:03.165Z|type=function|record=7"},
};

static void telemetry_events_are_read(void)
{
    check_golden(&format_json, platform, COUNT(platform));
}

static void check_metric(const json_t *metrics, const char *key, const struct event *event,
                         enum slot slot)
{
    const json_t *want = json_object_get(metrics, key);
    const struct field *field = event_slot(event, slot);
    double got;
    CHECK_EQ(field != NULL, want != NULL);
    if (want)
        CHECK(value_number(field->value, &got) && got == json_number_value(want));
}

static void check_event(const json_t *given, const struct event *event)
{
    struct str type = corpus_str(given, "type");
    bool is_platform = str_starts(type, STR("platform."));
    CHECK_EQ(!!(event->flags & EVENT_PLATFORM), is_platform);
    CHECK(event->flags & EVENT_TIME_OWN);
    const json_t *record = json_object_get(given, "record"),
                 *metrics = json_object_get(record, "metrics");
    if (json_object_get(record, "requestId"))
        CHECK_STR(slot_value(event, SLOT_FAAS_INVOCATION_ID).text, corpus_str(record, "requestId"));
    if (json_object_get(record, "status"))
        CHECK_EQ(!!(event->flags & EVENT_FAILED),
                 !str_equal(corpus_str(record, "status"), STR("success")));
    if (!str_equal(type, STR("platform.report")))
        return;
    CHECK(event->flags & EVENT_ENDS_INVOCATION);
    check_metric(metrics, "durationMs", event, SLOT_LAMBDA_DURATION);
    check_metric(metrics, "billedDurationMs", event, SLOT_LAMBDA_BILLED);
    check_metric(metrics, "maxMemoryUsedMB", event, SLOT_LAMBDA_MEMORY_USED);
    check_metric(metrics, "initDurationMs", event, SLOT_LAMBDA_INIT);
    CHECK_EQ(slot_value(event, SLOT_FAAS_COLDSTART).truth,
             json_object_get(metrics, "initDurationMs") != NULL);
}

static void every_event_of_the_table_is_read(void)
{
    CORPUS(table, "lambda/telemetry/events.json");
    struct host host;
    struct reader reader;
    size_t index;
    json_t *row;
    host_init(&host);
    reader_init(&reader, &host);
    json_array_foreach(table, index, row)
    {
        char *text = json_dumps(json_object_get(row, "event"), JSON_COMPACT | JSON_PRESERVE_ORDER);
        struct event event = {.bytes = str_from(text)};
        reader.event = &event;
        CHECK_EQ(format_json.read(&reader, event.bytes), FORMAT_READ);
        check_event(json_object_get(row, "event"), &event);
        free(text);
    }
    print_message("telemetry: %zu events\n", json_array_size(table));
    json_decref(table);
    host_clear(&host);
}

CHECK_MAIN(TEST(telemetry_events_are_read), TEST(every_event_of_the_table_is_read))
