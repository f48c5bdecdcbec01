/* tests/demo/lines.c - how each runtime spells what a function says.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The shapes are those of AWS Lambda in text and in JSON log format. A stack trace is one line:
 * joined with carriage returns in text, as Lambda does on standard output, an array in JSON.
 */
#include "tests/demo/lines.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static void say(struct line *line, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void say(struct line *line, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    size_t room = sizeof line->text - line->len;
    int wrote = vsnprintf(line->text + line->len, room, format, args);
    va_end(args);
    if (wrote > 0)
        line->len += (size_t)wrote < room ? (size_t)wrote : room - 1;
}

void time_text(char to[TIME_TEXT_MAX], int64_t time_us, enum time_shape shape)
{
    time_t seconds = (time_t)(time_us / 1000000);
    struct tm parts;
    gmtime_r(&seconds, &parts);
    switch (shape) {
    case TIME_ISO:
        strftime(to, TIME_TEXT_MAX, "%Y-%m-%dT%H:%M:%S", &parts);
        return;
    case TIME_GO:
        strftime(to, TIME_TEXT_MAX, "%Y/%m/%d %H:%M:%S", &parts);
        return;
    case TIME_NGINX:
        strftime(to, TIME_TEXT_MAX, "%d/%b/%Y:%H:%M:%S +0000", &parts);
        return;
    }
}

/* Asked several times per line, and most often for the second it was asked for last. */
void time_iso_ms(char to[TIME_TEXT_MAX], int64_t time_us)
{
    static char cached[TIME_TEXT_MAX];
    static int64_t cached_s = -1;
    if (time_us / 1000000 != cached_s) {
        cached_s = time_us / 1000000;
        time_text(cached, time_us, TIME_ISO);
    }
    snprintf(to, TIME_TEXT_MAX, "%.19s.%03dZ", cached, (int)(time_us / 1000 % 1000));
}

bool runtime_is_json(enum runtime runtime)
{
    return runtime >= JAVA_JSON;
}

bool runtime_is_anonymous(enum runtime runtime)
{
    return runtime == GO_TEXT || runtime == PYTHON_TEXT;
}

static const char *level_word(enum runtime runtime, enum level level)
{
    static const char *const words[][4] = {
        [NODE_TEXT] = {"DEBUG", "INFO", "WARN", "ERROR"},
        [PYTHON_TEXT] = {"DEBUG", "INFO", "WARNING", "ERROR"},
        [GO_TEXT] = {"debug", "info", "warn", "error"},
        [RUBY_TEXT] = {"DEBUG", "INFO", "WARN", "ERROR"},
        [JAVA_JSON] = {"DEBUG", "INFO", "WARN", "ERROR"},
        [DOTNET_JSON] = {"Debug", "Information", "Warning", "Error"},
        [NODE_JSON] = {"DEBUG", "INFO", "WARN", "ERROR"},
        [PYTHON_JSON] = {"DEBUG", "INFO", "WARNING", "ERROR"},
    };
    return words[runtime][level];
}

/* --- what the platform writes
 * ------------------------------------------------------------------------ */

static void platform_head(struct line *line, int64_t time_us, const char *type)
{
    char when[TIME_TEXT_MAX];
    time_iso_ms(when, time_us);
    say(line, "{\"time\":\"%s\",\"type\":\"platform.%s\",\"record\":{", when, type);
}

static void platform_tracing(struct line *line, const struct invocation *run)
{
    if (run->trace->is_traced)
        say(line,
            ",\"tracing\":{\"spanId\":\"%s\",\"type\":\"X-Amzn-Trace-Id\","
            "\"value\":\"Root=%s;Parent=%s;Sampled=1\"}",
            run->segment, run->trace->root, run->segment);
    say(line, "}}");
}

void line_init(struct line *line, const struct invocation *run)
{
    static const char *const versions[] = {
        [NODE_TEXT] = "nodejs:20.v45",     [PYTHON_TEXT] = "python:3.13.v31",
        [GO_TEXT] = "provided:al2023.v80", [RUBY_TEXT] = "ruby:3.3.v18",
        [JAVA_JSON] = "java:21.v30",       [DOTNET_JSON] = "dotnet:8.v40",
        [NODE_JSON] = "nodejs:20.v45",     [PYTHON_JSON] = "python:3.13.v31",
    };
    if (!runtime_is_json(run->runtime)) {
        say(line,
            "INIT_START Runtime Version: %s\tRuntime Version ARN: "
            "arn:aws:lambda:eu-west-1::runtime:"
            "07a48df201798d627f2b950f03bb227aab4a655a1d019c3296406f95937e2525",
            versions[run->runtime]);
        return;
    }
    platform_head(line, run->start_us - run->init_us, "initStart");
    say(line,
        "\"initializationType\":\"on-demand\",\"phase\":\"init\",\"functionName\":\"%s\","
        "\"functionVersion\":\"$LATEST\",\"runtimeVersion\":\"%s\"}}",
        run->function, versions[run->runtime]);
}

void line_start(struct line *line, const struct invocation *run)
{
    if (!runtime_is_json(run->runtime)) {
        say(line, "START RequestId: %s Version: $LATEST", run->id);
        return;
    }
    platform_head(line, run->start_us, "start");
    say(line, "\"requestId\":\"%s\",\"version\":\"$LATEST\"", run->id);
    platform_tracing(line, run);
}

void line_end(struct line *line, const struct invocation *run)
{
    say(line, "END RequestId: %s", run->id);
}

void line_crashed(struct line *line, const struct invocation *run)
{
    char when[TIME_TEXT_MAX];
    time_iso_ms(when, run->end_us);
    if (run->end == END_TIMED_OUT)
        say(line, "%s %s Task timed out after %.2f seconds", when, run->id,
            (double)(run->end_us - run->start_us) / 1e6);
    else
        say(line, "RequestId: %s Error: Runtime exited with error: signal: killed", run->id);
}

static void report_json(struct line *line, const struct invocation *run)
{
    double took_ms = (double)(run->end_us - run->start_us) / 1e3;
    platform_head(line, run->end_us, "report");
    say(line, "\"requestId\":\"%s\",\"metrics\":{\"durationMs\":%.3f,\"billedDurationMs\":%d,",
        run->id, took_ms, (int)took_ms + 1);
    say(line, "\"memorySizeMB\":%u,\"maxMemoryUsedMB\":%u", run->memory_mb, run->used_mb);
    if (run->is_cold)
        say(line, ",\"initDurationMs\":%.3f", (double)run->init_us / 1e3);
    say(line, "}");
    if (run->end == END_TIMED_OUT)
        say(line, ",\"status\":\"timeout\"");
    else if (run->end == END_OUT_OF_MEMORY)
        say(line, ",\"status\":\"error\",\"errorType\":\"Runtime.OutOfMemory\"");
    else
        say(line, ",\"status\":\"success\"");
    platform_tracing(line, run);
}

void line_report(struct line *line, const struct invocation *run)
{
    if (runtime_is_json(run->runtime)) {
        report_json(line, run);
        return;
    }
    double took_ms = (double)(run->end_us - run->start_us) / 1e3;
    say(line, "REPORT RequestId: %s\tDuration: %.2f ms\tBilled Duration: %d ms\t", run->id, took_ms,
        (int)took_ms + 1);
    say(line, "Memory Size: %u MB\tMax Memory Used: %u MB\t", run->memory_mb, run->used_mb);
    if (run->is_cold)
        say(line, "Init Duration: %.2f ms\t", (double)run->init_us / 1e3);
    if (run->end == END_TIMED_OUT)
        say(line, "Status: timeout\t");
    if (run->end == END_OUT_OF_MEMORY)
        say(line, "Status: error\tError Type: Runtime.OutOfMemory\t");
    if (run->trace->is_traced)
        say(line, "XRAY TraceId: %s\tSegmentId: %s\tSampled: true\t", run->trace->root,
            run->segment);
}

/* --- what the application writes
 * --------------------------------------------------------------------- */

static void said_text(struct line *line, const struct invocation *run, const struct said *said)
{
    char when[TIME_TEXT_MAX];
    const char *level = level_word(run->runtime, said->level);
    if (run->runtime == GO_TEXT) {
        time_text(when, said->time_us, TIME_GO);
        say(line, "%s %s: ", when, level);
    } else if (run->runtime == RUBY_TEXT) {
        time_text(when, said->time_us, TIME_ISO);
        say(line, "%c, [%s.%06d #8] %5s %s -- : ", level[0], when, (int)(said->time_us % 1000000),
            level, run->id);
    } else if (run->runtime == PYTHON_TEXT) {
        time_iso_ms(when, said->time_us);
        say(line, "[%s]\t%s\t%s\t", level, when, run->id);
    } else {
        time_iso_ms(when, said->time_us);
        say(line, "%s\t%s\t%s\t", when, run->id, level);
    }
    say(line, "%s", said->words);
}

static void said_json_head(struct line *line, const struct invocation *run, const struct said *said)
{
    static const char *const id_keys[] = {[JAVA_JSON] = "AWSRequestId",
                                          [DOTNET_JSON] = "requestId",
                                          [NODE_JSON] = "requestId",
                                          [PYTHON_JSON] = "function_request_id"};
    char when[TIME_TEXT_MAX];
    time_iso_ms(when, said->time_us);
    say(line, "{\"timestamp\":\"%s\",\"level\":\"%s\",\"%s\":\"%s\"", when,
        level_word(run->runtime, said->level), id_keys[run->runtime], run->id);
    if (!run->trace->is_traced)
        return;
    if (run->runtime == PYTHON_JSON)
        say(line, ",\"xray_trace_id\":\"%s\"", run->trace->root);
    else if (run->runtime == DOTNET_JSON)
        say(line, ",\"traceId\":\"%s\"", run->trace->id);
    else
        say(line, ",\"trace_id\":\"%s\",\"span_id\":\"%s\"", run->trace->id, run->segment);
}

void line_said(struct line *line, const struct invocation *run, const struct said *said)
{
    if (!runtime_is_json(run->runtime)) {
        said_text(line, run, said);
        return;
    }
    said_json_head(line, run, said);
    say(line, ",\"message\":\"%s\"%s}", said->words, said->members);
}

void line_raised(struct line *line, const struct invocation *run, const struct said *said,
                 const char *type)
{
    struct said named = *said;
    char words[512];
    named.words = words;
    switch (run->runtime) {
    case NODE_TEXT:
        snprintf(
            words, sizeof words,
            "Invoke Error \t{\"errorType\":\"%s\",\"errorMessage\":\"%s\",\"stack\":[\"%s: %s\","
            "\"    at handler (/var/task/index.js:42:11)\",\"    at Runtime.handleOnce "
            "(file:///var/runtime/index.mjs:1173:29)\"]}",
            type, said->words, type, said->words);
        said_text(line, run, &named);
        return;
    case PYTHON_TEXT:
        say(line,
            "[ERROR] %s: %s\rTraceback (most recent call last):\r\u00a0\u00a0File "
            "\"/var/task/app.py\", line 31, in handler\r\u00a0\u00a0\u00a0\u00a0"
            "return resize(event)\r\u00a0\u00a0File \"/var/task/resize.py\", line 77, in resize",
            type, said->words);
        return;
    case GO_TEXT:
    case RUBY_TEXT:
        snprintf(words, sizeof words, "%s: %s", type, said->words);
        said_text(line, run, &named);
        return;
    case JAVA_JSON:
    case DOTNET_JSON:
    case NODE_JSON:
    case PYTHON_JSON:
        said_json_head(line, run, said);
        say(line,
            ",\"message\":\"%s\",\"errorType\":\"%s\",\"errorMessage\":\"%s\",\"stackTrace\":["
            "\"at Handler.handle(Handler:118)\",\"at Client.call(Client:57)\"]}",
            said->words, type, said->words);
        return;
    }
}
