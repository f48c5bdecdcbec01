/* tests/tracing/test_trace_search.c - mirrors agent/tracing/trace_search.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/tracing/trace_search.c"

#include <jansson.h>

#include "agent/must.h"
#include "tests/check.h"
#include "tests/corpora.h"

#define TRACE "4bf92f3577b34da6a3ce929d0e0e4736"
#define SPAN  "00f067aa0ba902b7"

static void ids_are_found_in_every_writers_text(void)
{
    static const struct {
        const char *text, *trace, *span; /* null: none */
    } cases[] = {
        {"trace_id=" TRACE " span_id=" SPAN " done", TRACE, SPAN},
        {"span_id=" SPAN " trace_id=" TRACE, TRACE, SPAN},
        {"traceId: " TRACE ", all is well", TRACE, NULL},
        {"{\"trace\":{\"id\":1},\"traceID\":\"4BF92F3577B34DA6A3CE929D0E0E4736\"}", TRACE, NULL},
        {"trace.id=\"" TRACE "\" span.id=\"" SPAN "\"", TRACE, SPAN},
        {"{\"headers\":{\"traceparent\":\"00-" TRACE "-" SPAN "-01\"}}", TRACE, SPAN},
        {"{\"message\":\"{\\\"trace_id\\\":\\\"" TRACE "\\\"}\"}", TRACE, NULL},
        {"saw 00-" TRACE "-" SPAN "-01 pass", TRACE, SPAN},
        {"REPORT RequestId: r\tXRAY TraceId: 1-4bf92f35-77b34da6a3ce929d0e0e4736\tSegmentId: " SPAN,
         TRACE, NULL},
        {"{X-Amzn-Trace-Id=Root=1-4bf92f35-77b34da6a3ce929d0e0e4736;Sampled=0;lineage=b7b1ca60:0, "
         "A=b}",
         TRACE, NULL},
        {"X-Amzn-Trace-Id: Sampled=?; Root=1-4bf92f35-77b34da6a3ce929d0e0e4736; Parent=" SPAN,
         TRACE, SPAN},
        {"Self=1-4bf92f35-77b34da6a3ce929d0e0e4736", NULL, NULL},
        {"[dd.trace_id=7064794513067584152 dd.span_id=3738137934146625350] hi",
         "0000000000000000620b312dc285aa98", "33e088a54638df46"},
        {"x-datadog-trace-id: 7064794513067584152\nx-datadog-parent-id: 3738137934146625350",
         "0000000000000000620b312dc285aa98", "33e088a54638df46"},
        {"INFO [shop," TRACE "," SPAN ",true] sold", TRACE, SPAN},
        {"INFO [shop," TRACE "," SPAN "] sold", TRACE, SPAN},
        {"INFO [" TRACE "-" SPAN "] sold", TRACE, SPAN},
        {"\"logging.googleapis.com/trace\":\"projects/p/traces/" TRACE "\"", TRACE, NULL},
        {"x-cloud-trace-context: 105445aa7843bc8bf206b12000100000/1;o=1, a: b",
         "105445aa7843bc8bf206b12000100000", "0000000000000001"},
        {"b3: " TRACE "-" SPAN "-1", TRACE, SPAN},
        {"X-B3-TraceId: " TRACE " X-B3-SpanId: " SPAN " X-B3-Sampled: 1", TRACE, SPAN},
        {"X-B3-TraceId: " TRACE, NULL, NULL},
        {"trace_id=00000000000000000000000000000000", NULL, NULL},
        {"trace_id=" TRACE "0", NULL, NULL},
        {"trace_id=x" TRACE, NULL, NULL},
        {"checksum " TRACE, NULL, NULL},
        {"request 79b4f56e-95b1-4643-9700-2807f4e68189 took 12 ms", NULL, NULL},
        {"", NULL, NULL},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct trace_context context;
        bool found = trace_search(str_from(cases[i].text), &context);
        if (found != (cases[i].trace != NULL))
            print_error("%s\n", cases[i].text);
        CHECK_EQ(found, cases[i].trace != NULL);
        if (!found)
            continue;
        CHECK_TEXT(((struct str){context.trace, 32}), cases[i].trace);
        CHECK_EQ(context.has_span, cases[i].span != NULL);
        if (context.has_span)
            CHECK_TEXT(((struct str){context.span, 16}), cases[i].span);
    }
}

/* The header as five loggers would print it. */
static const char *const frames[] = {
    "%s: %s",
    "{\"level\":\"info\",\"%s\":\"%s\"}",
    "level=info %s=\"%s\" n=1",
    "got {%s=%s, b=c}",
    "{\"message\":\"{\\\"headers\\\":{\\\"%s\\\":\\\"%s\\\"}}\"}",
};

static void check_framed(const char *name, const char *value, const json_t *want_trace)
{
    for (size_t i = 0; i < COUNT(frames); i++) {
        char line[1024];
        struct trace_context context;
        _Pragma("GCC diagnostic push") _Pragma("GCC diagnostic ignored \"-Wformat-nonliteral\"")
            snprintf(line, sizeof line, frames[i], name, value);
        _Pragma("GCC diagnostic pop") bool found = trace_search(str_from(line), &context);
        if (found != (want_trace != NULL))
            print_error("%s\n", line);
        CHECK_EQ(found, want_trace != NULL);
        if (want_trace)
            CHECK_TEXT(((struct str){context.trace, 32}), json_string_value(want_trace));
    }
}

static void every_traceparent_of_the_table_is_found_in_a_line(void)
{
    CORPUS(table, "trace-context/traceparent_table.json");
    size_t index, count = 0;
    json_t *row;
    json_array_foreach(table, index, row)
    {
        struct str header = str_trim(corpus_str(row, "traceparent"));
        bool is_valid = json_is_true(json_object_get(row, "valid"));
        if (json_is_true(json_object_get(row, "disputed")))
            continue;
        json_t *want = is_valid ? json_stringn(header.at + 3, 32) : NULL;
        check_framed("traceparent", header.at, want);
        json_decref(want);
        count += COUNT(frames);
    }
    print_message("traceparent in lines: %zu\n", count);
    json_decref(table);
}

static void every_amazon_header_of_the_table_is_found_in_a_line(void)
{
    CORPUS(table, "trace-context/xray_extract.json");
    size_t index, count = 0;
    json_t *row;
    json_array_foreach(table, index, row)
    {
        struct str name = corpus_str(row, "name");
        if (json_object_get(row, "note") || str_find_str(name, STR("InvalidFlags")) != SIZE_MAX ||
            str_find_str(name, STR("NoSpanId")) != SIZE_MAX)
            continue;
        check_framed("X-Amzn-Trace-Id", json_string_value(json_object_get(row, "header")),
                     json_object_get(row, "trace_id"));
        count += COUNT(frames);
    }
    print_message("X-Amzn-Trace-Id in lines: %zu\n", count);
    json_decref(table);
}

static void every_b3_header_of_the_table_is_found_in_a_line(void)
{
    CORPUS(table, "trace-context/b3_extract.json");
    size_t index, count = 0;
    json_t *row;
    json_array_foreach(table, index, row)
    {
        json_t *headers = json_object_get(row, "headers");
        char *line = json_dumps(headers, 0);
        struct trace_context context;
        bool found = trace_search(str_from(line), &context);
        if (found != json_is_true(json_object_get(row, "valid")))
            print_error("%s\n", line);
        CHECK_EQ(found, json_is_true(json_object_get(row, "valid")));
        if (found)
            CHECK_STR(((struct str){context.trace, 32}), corpus_str(row, "trace_id"));
        free(line);
        count++;
    }
    print_message("B3 in lines: %zu\n", count);
    json_decref(table);
}

CHECK_MAIN(TEST(ids_are_found_in_every_writers_text),
           TEST(every_traceparent_of_the_table_is_found_in_a_line),
           TEST(every_amazon_header_of_the_table_is_found_in_a_line),
           TEST(every_b3_header_of_the_table_is_found_in_a_line))
