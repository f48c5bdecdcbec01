/* tests/filters/formats/test_lambda.c - mirrors filters/formats/lambda.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "filters/formats/lambda.c"

#include "tests/corpora.h"
#include "tests/filters/formats/lines.h"

#define ID "79b4f56e-95b1-4643-9700-2807f4e68189"

static const struct golden platform[] = {
    {"START RequestId: " ID " Version: $LATEST",
     "- 9 !platform !starts|LAMBDA_EVENT=start|FAAS_INVOCATION_ID=" ID
     "|FAAS_VERSION=$LATEST|BODY=START RequestId: " ID " Version: $LATEST"},
    {"END RequestId: " ID,
     "- 9 !platform|LAMBDA_EVENT=end|FAAS_INVOCATION_ID=" ID "|BODY=END RequestId: " ID ""},
    {"REPORT RequestId: " ID "\tDuration: 198.50 ms\tBilled Duration: 200 ms\tMemory Size: 512 "
     "MB\tMax Memory Used: 90 MB\tInit Duration: 524.75 ms\t",
     "- 9 !platform !ends|LAMBDA_EVENT=report|FAAS_INVOCATION_ID=" ID
     "|DURATION=198.5|LAMBDA_DURATION=198.50|LAMBDA_BILLED=200|FAAS_MAX_MEMORY=536870912|LAMBDA_"
     "MEMORY_USED=90|LAMBDA_INIT=524.75|BODY=REPORT RequestId: " ID
     "\tDuration: 198.50 ms\tBilled Duration: 200 ms\tMemory Size: 512 MB\tMax Memory Used: 90 "
     "MB\tInit Duration: 524.75 ms|FAAS_COLDSTART=true"},
    {"REPORT RequestId: " ID
     "\tDuration: 12.00 ms\tBilled Duration: 27 ms \tMemory Size: 128 MB\tMax Memory Used: 64 "
     "MB\t\nXRAY TraceId: 1-5d83c0ad-b8eb33a0b1de97d804fac890\tSegmentId: "
     "31255c3b19bd3637\tSampled: true\t\n",
     "- 9 !platform !ends|LAMBDA_EVENT=report|FAAS_INVOCATION_ID=" ID
     "|DURATION=12|LAMBDA_DURATION=12.00|LAMBDA_BILLED=27|FAAS_MAX_MEMORY=134217728|LAMBDA_MEMORY_"
     "USED=64|TRACE_ID=1-5d83c0ad-b8eb33a0b1de97d804fac890|SPAN_ID=31255c3b19bd3637|TRACE_FLAGS=1|"
     "BODY=REPORT RequestId: " ID
     "\tDuration: 12.00 ms\tBilled Duration: 27 ms \tMemory Size: 128 MB\tMax Memory Used: 64 "
     "MB\t\nXRAY TraceId: 1-5d83c0ad-b8eb33a0b1de97d804fac890\tSegmentId: "
     "31255c3b19bd3637\tSampled: true|FAAS_COLDSTART=false"},
    {"REPORT RequestId: " ID "\tDuration: 3000.00 ms\tBilled Duration: 3000 ms\tMemory Size: 128 "
     "MB\tMax Memory Used: 64 MB\tStatus: timeout",
     "- 17 !failed !platform !ends|LAMBDA_EVENT=report|FAAS_INVOCATION_ID=" ID
     "|DURATION=3000|LAMBDA_DURATION=3000.00|LAMBDA_BILLED=3000|FAAS_MAX_MEMORY=134217728|LAMBDA_"
     "MEMORY_USED=64|LAMBDA_STATUS=timeout|BODY=REPORT RequestId: " ID
     "\tDuration: 3000.00 ms\tBilled Duration: 3000 ms\tMemory Size: 128 MB\tMax Memory Used: 64 "
     "MB\tStatus: timeout|FAAS_COLDSTART=false"},
    {"REPORT RequestId: " ID
     "\tDuration: 9.00 ms\tBilled Duration: 10 ms\tMemory Size: 128 MB\tMax Memory Used: 128 "
     "MB\tStatus: error\tError Type: Runtime.OutOfMemory",
     "- 17 !failed !platform !ends|LAMBDA_EVENT=report|FAAS_INVOCATION_ID=" ID
     "|DURATION=9|LAMBDA_DURATION=9.00|LAMBDA_BILLED=10|FAAS_MAX_MEMORY=134217728|LAMBDA_MEMORY_"
     "USED=128|LAMBDA_STATUS=error|EXCEPTION_TYPE=Runtime.OutOfMemory|BODY=REPORT RequestId: " ID
     "\tDuration: 9.00 ms\tBilled Duration: 10 ms\tMemory Size: 128 MB\tMax Memory Used: 128 "
     "MB\tStatus: error\tError Type: Runtime.OutOfMemory|FAAS_COLDSTART=false"},
    {"REPORT RequestId: " ID
     "\tDuration: 5.00 ms\tBilled Duration: 190 ms\tMemory Size: 512 MB\tMax Memory Used: 90 "
     "MB\tRestore Duration: 398.97 ms\tBilled Restore Duration: 182 ms\t",
     "- 9 !platform !ends|LAMBDA_EVENT=report|FAAS_INVOCATION_ID=" ID
     "|DURATION=5|LAMBDA_DURATION=5.00|LAMBDA_BILLED=190|FAAS_MAX_MEMORY=536870912|LAMBDA_MEMORY_"
     "USED=90|LAMBDA_RESTORE=398.97|aws.lambda.metrics.billed_restore_duration_ms=182|BODY=REPORT "
     "RequestId: " ID
     "\tDuration: 5.00 ms\tBilled Duration: 190 ms\tMemory Size: 512 MB\tMax Memory Used: 90 "
     "MB\tRestore Duration: 398.97 ms\tBilled Restore Duration: 182 ms|FAAS_COLDSTART=true"},
    {"XRAY TraceId: 1-5e34a614-10bdbd4f3e8a0e0a6d7a2b11\tSegmentId: 07f5aa3b19bd3637\tSampled: "
     "false",
     "- 9 "
     "!platform|LAMBDA_EVENT=xray|TRACE_ID=1-5e34a614-10bdbd4f3e8a0e0a6d7a2b11|SPAN_ID="
     "07f5aa3b19bd3637|TRACE_FLAGS=0|BODY=XRAY TraceId: "
     "1-5e34a614-10bdbd4f3e8a0e0a6d7a2b11\tSegmentId: 07f5aa3b19bd3637\tSampled: false"},
    {"INIT_START Runtime Version: python:3.13.v31\tRuntime Version ARN: "
     "arn:aws:lambda:eu-west-1::runtime:07a4",
     "- 9 "
     "!platform|LAMBDA_EVENT=init_start|aws.lambda.runtime_version=python:3.13.v31|aws.lambda."
     "runtime_version_arn=arn:aws:lambda:eu-west-1::runtime:07a4|BODY=INIT_START Runtime Version: "
     "python:3.13.v31\tRuntime Version ARN: arn:aws:lambda:eu-west-1::runtime:07a4"},
    {"INIT_REPORT Init Duration: 10007.33 ms\tPhase: init\tStatus: timeout",
     "- 17 !failed "
     "!platform|LAMBDA_EVENT=init_report|LAMBDA_INIT=10007.33|aws.lambda.phase=init|LAMBDA_STATUS="
     "timeout|BODY=INIT_REPORT Init Duration: 10007.33 ms\tPhase: init\tStatus: timeout"},
    {"INIT_REPORT Init Duration: 488.22 ms\tPhase: invoke\tStatus: error\tError Type: "
     "Runtime.ExitError",
     "- 17 !failed "
     "!platform|LAMBDA_EVENT=init_report|LAMBDA_INIT=488.22|aws.lambda.phase=invoke|LAMBDA_STATUS="
     "error|EXCEPTION_TYPE=Runtime.ExitError|BODY=INIT_REPORT Init Duration: 488.22 ms\tPhase: "
     "invoke\tStatus: error\tError Type: Runtime.ExitError"},
    {"RESTORE_START Runtime Version: java:11.v20\tRuntime Version ARN: arn:x",
     "- 9 "
     "!platform|LAMBDA_EVENT=restore_start|aws.lambda.runtime_version=java:11.v20|aws.lambda."
     "runtime_version_arn=arn:x|BODY=RESTORE_START Runtime Version: java:11.v20\tRuntime Version "
     "ARN: arn:x"},
    {"RESTORE_REPORT Restore Duration: 398.97 ms",
     "- 9 !platform|LAMBDA_EVENT=restore_report|LAMBDA_RESTORE=398.97|BODY=RESTORE_REPORT Restore "
     "Duration: 398.97 ms"},
    {"EXTENSION\tName: my-ext\tState: Ready\tEvents: [INVOKE, SHUTDOWN]",
     "- 9 "
     "!platform|LAMBDA_EVENT=extension|aws.lambda.extension.name=my-ext|aws.lambda.extension.state="
     "Ready|aws.lambda.extension.events=[INVOKE, SHUTDOWN]|BODY=EXTENSION\tName: my-ext\tState: "
     "Ready\tEvents: [INVOKE, SHUTDOWN]"},
    {"TELEMETRY\tName: my-ext\tState: Subscribed\tTypes: [Platform, Function, Extension]",
     "- 9 "
     "!platform|LAMBDA_EVENT=telemetry|aws.lambda.extension.name=my-ext|aws.lambda.extension.state="
     "Subscribed|aws.lambda.extension.types=[Platform, Function, Extension]|BODY=TELEMETRY\tName: "
     "my-ext\tState: Subscribed\tTypes: [Platform, Function, Extension]"},
    {"LOGS\tName: my-ext\tState: Subscribed\tTypes: [Platform]",
     "- 9 "
     "!platform|LAMBDA_EVENT=logs|aws.lambda.extension.name=my-ext|aws.lambda.extension.state="
     "Subscribed|aws.lambda.extension.types=[Platform]|BODY=LOGS\tName: my-ext\tState: "
     "Subscribed\tTypes: [Platform]"},
    {"2019-09-18T00:02:46.542Z " ID " Task timed out after 5.01 seconds",
     "2019-09-18T00:02:46.542Z 17 !failed "
     "!platform|LAMBDA_EVENT=timeout|LAMBDA_STATUS=timeout|EXCEPTION_MESSAGE=Task timed out after "
     "5.01 seconds|BODY=Task timed out after 5.01 seconds|FAAS_INVOCATION_ID=" ID ""},
    {"RequestId: " ID " Error: Runtime exited with error: signal: killed",
     "- 17 !failed !platform|FAAS_INVOCATION_ID=" ID
     "|LAMBDA_EVENT=crash|EXCEPTION_TYPE=Runtime.ExitError|EXCEPTION_MESSAGE=Runtime exited with "
     "error: signal: killed|BODY=RequestId: " ID
     " Error: Runtime exited with error: signal: killed"},
    {"RequestId: " ID " Process exited before completing request",
     "- 17 !failed !platform|FAAS_INVOCATION_ID=" ID
     "|LAMBDA_EVENT=crash|EXCEPTION_TYPE=Runtime.ExitError|EXCEPTION_MESSAGE=Process exited before "
     "completing request|BODY=RequestId: " ID " Process exited before completing request"},
    {"Runtime.ExitError",
     "- 17 !failed "
     "!platform|LAMBDA_EVENT=crash|EXCEPTION_TYPE=Runtime.ExitError|BODY=Runtime.ExitError"},
    {"Runtime exited without providing a reason",
     "- 17 !failed "
     "!platform|LAMBDA_EVENT=crash|EXCEPTION_TYPE=Runtime.ExitError|EXCEPTION_MESSAGE=Runtime "
     "exited without providing a reason|BODY=Runtime exited without providing a reason"},
    {"Unknown application error occurred",
     "- 17 !failed "
     "!platform|LAMBDA_EVENT=crash|EXCEPTION_TYPE=Runtime.Unknown|EXCEPTION_MESSAGE=Unknown "
     "application error occurred|BODY=Unknown application error occurred"},
};

static const struct golden application[] = {
    /* Node.js */
    {"2019-06-07T19:11:20.562Z\t" ID "\tINFO\thello world",
     "2019-06-07T19:11:20.562Z 9|FAAS_INVOCATION_ID=" ID "|BODY=hello world|SEVERITY_TEXT=INFO"},
    {"2019-06-07T19:11:20.562Z\tundefined\tWARN\tcold",
     "2019-06-07T19:11:20.562Z 13|BODY=cold|SEVERITY_TEXT=WARN"},
    {"2019-06-07T19:11:20.562Z\t" ID
     "\tINFO\t{\"level\":\"error\",\"msg\":\"from pino\",\"requestId\":\"other\",\"n\":1}",
     "2019-06-07T19:11:20.562Z 17|FAAS_INVOCATION_ID=" ID
     "|SEVERITY_TEXT=error|BODY=from pino|requestId=other|n=1"},
    {"2019-06-07T19:11:20.562Z\t" ID "\tINFO\t{ a: 1 }",
     "2019-06-07T19:11:20.562Z 9|FAAS_INVOCATION_ID=" ID "|BODY={ a: 1 }|SEVERITY_TEXT=INFO"},
    {"2019-06-07T19:11:20.562Z\t" ID
     "\tERROR\tInvoke Error \t{\"errorType\":\"TypeError\",\"errorMessage\":\"x is "
     "not\",\"stack\":[\"TypeError: x is not\",\"    at f\"]}",
     "2019-06-07T19:11:20.562Z 17|FAAS_INVOCATION_ID=" ID
     "|EXCEPTION_TYPE=TypeError|EXCEPTION_MESSAGE=x is not|EXCEPTION_STACKTRACE=[\"TypeError: x is "
     "not\",\"    at f\"]|BODY=Invoke Error \t{\"errorType\":\"TypeError\",\"errorMessage\":\"x is "
     "not\",\"stack\":[\"TypeError: x is not\",\"    at f\"]}|SEVERITY_TEXT=ERROR"},
    {"2019-06-07T19:11:20.562Z\t" ID
     "\tERROR\tFATAL ERROR: CALL_AND_RETRY_LAST Allocation failed - JavaScript heap out of memory",
     "2019-06-07T19:11:20.562Z 17 !failed|FAAS_INVOCATION_ID=" ID
     "|BODY=FATAL ERROR: CALL_AND_RETRY_LAST Allocation failed - JavaScript heap out of "
     "memory|SEVERITY_TEXT=ERROR"},
    {"2021-12-26T14:00:19.258Z " ID " ERROR Error doing something.",
     "2021-12-26T14:00:19.258Z 17|FAAS_INVOCATION_ID=" ID
     "|BODY=Error doing something.|SEVERITY_TEXT=ERROR"},
    /* Python */
    {"[INFO]\t2023-01-02T03:04:05.678Z\t" ID "\tmsg",
     "2023-01-02T03:04:05.678Z 9|FAAS_INVOCATION_ID=" ID "|BODY=msg|SEVERITY_TEXT=INFO"},
    {"[CRITICAL]\t2023-01-02T03:04:05.678Z\t\tbefore the first invoke",
     "2023-01-02T03:04:05.678Z 21|BODY=before the first invoke|SEVERITY_TEXT=CRITICAL"},
    {"[ERROR] ValueError: boom\rTraceback (most recent call last):\r\u00a0\u00a0File "
     "\"/var/task/app.py\"",
     "- 17|EXCEPTION_TYPE=ValueError|EXCEPTION_MESSAGE=boom|EXCEPTION_STACKTRACE=Traceback (most "
     "recent call last):\r\u00a0\u00a0File "
     "\"/var/task/app.py\"|SEVERITY_TEXT=ERROR|BODY=ValueError: boom\rTraceback (most recent call "
     "last):\r\u00a0\u00a0File \"/var/task/app.py\""},
    {"[ERROR] Runtime.ImportModuleError: Unable to import module 'app': No module named 'x'",
     "- 17|EXCEPTION_TYPE=Runtime.ImportModuleError|EXCEPTION_MESSAGE=Unable to import module "
     "'app': No module named 'x'|SEVERITY_TEXT=ERROR|BODY=Runtime.ImportModuleError: Unable to "
     "import module 'app': No module named 'x'"},
    {"[ERROR] MemoryError",
     "- 17 !failed|EXCEPTION_TYPE=MemoryError|SEVERITY_TEXT=ERROR|BODY=MemoryError"},
    /* Ruby */
    {"I, [2019-10-26T10:04:01.689856 #8]  INFO " ID " -- : hello",
     "2019-10-26T10:04:01.689856Z 9|FAAS_INVOCATION_ID=" ID "|BODY=hello|SEVERITY_TEXT=INFO"},
    {"E, [2019-10-26T10:04:01.689856 #8] ERROR -- app: no id",
     "2019-10-26T10:04:01.689856Z 17|BODY=no id|SEVERITY_TEXT=ERROR|LOGGER=app"},
    /* Java, Log4j2 as AWS shows it */
    {"2020-03-18 08:52:43 " ID " INFO  Handler - msg - more",
     "2020-03-18T08:52:43Z 9|LOGGER=Handler|FAAS_INVOCATION_ID=" ID
     "|BODY=msg - more|SEVERITY_TEXT=INFO"},
    /* .NET */
    {"2022-01-02T03:04:05.678Z\t" ID "\tinfo\tmsg",
     "2022-01-02T03:04:05.678Z 9|FAAS_INVOCATION_ID=" ID "|BODY=msg|SEVERITY_TEXT=info"},
    {"2022-01-02T03:04:05.678Z\t" ID "\tfail\tboom",
     "2022-01-02T03:04:05.678Z 17|FAAS_INVOCATION_ID=" ID "|BODY=boom|SEVERITY_TEXT=fail"},
    {"2022-01-02T03:04:05.678Z\t" ID "\tno level at all",
     "2022-01-02T03:04:05.678Z 0|FAAS_INVOCATION_ID=" ID "|BODY=no level at all"},
    /* Java, PowerShell, Python's print, Go */
    {"[INFO] msg", "- 9|SEVERITY_TEXT=INFO|BODY=[INFO] msg"},
    {"[Information] - msg", "- 9|SEVERITY_TEXT=Information|BODY=[Information] - msg"},
    {"just words", "- 0|BODY=just words"},
    {"2020/03/27 03:40:05 msg", "2020-03-27T03:40:05Z 0|BODY=msg"},
    {"2020/03/27 03:40:05 error: no route",
     "2020-03-27T03:40:05Z 17|SEVERITY_TEXT=error|BODY=error: no route"},
};

static void platform_lines_are_read_by_label(void)
{
    check_golden(&format_lambda, platform, COUNT(platform));
}

static void every_runtimes_lines_are_read(void)
{
    check_golden(&format_lambda, application, COUNT(application));
}

static void graphs_end_at_the_first_blank_or_control(void)
{
    char text[] = "\x21\x7f\x80\xff"
                  "0123456789abcdefghij";
    struct str whole = {text, sizeof text - 1};
    CHECK_EQ(skip_graphs(whole, 0), whole.len);
    for (size_t i = 0; i < whole.len; i++) {
        for (char byte = 0; byte <= ' '; byte++) {
            char kept = text[i];
            text[i] = byte;
            for (size_t from = 0; from <= i; from++)
                CHECK_EQ(skip_graphs(whole, from), i);
            text[i] = kept;
        }
    }
}

/* What stood where the last time must not change what is read. */
static void labels_are_read_alike_in_any_order(void)
{
    static const char *const lines[] = {
        "REPORT RequestId: a\tDuration: 1.5 ms\tBilled Duration: 2 ms\tMemory Size: 128 MB",
        "REPORT RequestId: b\tMemory Size: 256 MB\tBilled Duration: 3 ms\tDuration: 2.5 ms",
        "REPORT RequestId: c\tDuration 7: 3\tDurations: 4 ms\tDuration: 3.5 ms\tMemory Size: 64 MB",
        "REPORT RequestId: d\tDuration",
    };
    static const char *const ids[] = {"a", "b", "c", "d"};
    static const int64_t durations[] = {1500000, 2500000, 3500000, 0};
    static struct reader reader;
    struct arena arena;
    arena_init(&arena, 1 << 16, 1 << 20);
    for (size_t i = 0; i < 3 * COUNT(lines); i++) {
        size_t j = i * 3 % COUNT(lines);
        struct event event = {.bytes = str_from(lines[j])};
        reader.event = &event;
        reader.arena = &arena;
        CHECK_EQ(lambda_line_read(&reader, event.bytes), FORMAT_READ);
        const struct field *id = event_slot(&event, SLOT_FAAS_INVOCATION_ID);
        const struct field *duration = event_slot(&event, SLOT_DURATION);
        CHECK(id && str_equal(id->value.text, str_from(ids[j])));
        CHECK_EQ(duration ? duration->value.integer : 0, durations[j]);
    }
    arena_clear(&arena);
}

CHECK_MAIN(TEST(graphs_end_at_the_first_blank_or_control), TEST(labels_are_read_alike_in_any_order),
           TEST(platform_lines_are_read_by_label), TEST(every_runtimes_lines_are_read))
