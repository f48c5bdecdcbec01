/* tests/filters/test_trace.c - mirrors filters/trace.c.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Lines go through `parse` first, as they do in a pipeline.
 */
#include "filters/trace.c"

#include "tests/corpora.h"
#include "tests/filters/fake_host.h"

extern const struct filter filter_parse;

#define ID1   "11111111-95b1-4643-9700-2807f4e68189"
#define ID2   "22222222-95b1-4643-9700-2807f4e68189"
#define TRACE "4bf92f3577b34da6a3ce929d0e0e4736"
#define SPAN  "00f067aa0ba902b7"

enum { PARSE_SIZE_MAX = 8192 };

struct bench {
    struct host host;
    _Alignas(16) char parse[PARSE_SIZE_MAX];
    struct trace trace;
    struct source source;
    uint64_t offset;
    int64_t time_ns;
};

static void bench_init(struct bench *bench)
{
    struct why why;
    memset(bench, 0, sizeof *bench);
    CHECK(filter_parse.size <= PARSE_SIZE_MAX);
    host_init(&bench->host);
    bench->trace.invocation_max_ns = 900000000000;
    CHECK_OK(filter_parse.open(bench->parse, &bench->host, &why), why);
    CHECK_OK(filter_trace.open(&bench->trace, &bench->host, &why), why);
}

static struct event *traced(struct bench *bench, struct str line)
{
    struct arena *arena = &bench->host.batch;
    struct event *event = arena_zeroed(arena, sizeof *event);
    event->origin = arena_zeroed(arena, sizeof *event->origin);
    event->bytes = host_line(&bench->host, line);
    event->origin->source = &bench->source;
    event->origin->offset = bench->offset;
    event->time_ns = bench->time_ns;
    bench->offset += line.len + 1;
    host_pass(&bench->host, &filter_parse, bench->parse, event);
    host_pass(&bench->host, &filter_trace, &bench->trace, event);
    return event;
}

static struct str said(const struct event *event, enum slot slot)
{
    const struct field *field = event_slot(event, slot);
    return field ? field->value.text : (struct str){"", 0};
}

static void ids_of_every_shape_become_canonical(void)
{
    static const struct {
        const char *line, *trace, *span;
    } cases[] = {
        {"{\"trace_id\":\"" TRACE "\",\"span_id\":\"" SPAN "\"}", TRACE, SPAN},
        {"{\"traceId\":\"4BF92F3577B34DA6A3CE929D0E0E4736\"}", TRACE, ""},
        {"{\"xray_trace_id\":\"1-4bf92f35-77b34da6a3ce929d0e0e4736\"}", TRACE, ""},
        {"{\"xrayTraceId\":\"Root=1-4bf92f35-77b34da6a3ce929d0e0e4736;Parent=" SPAN ";Sampled=1\"}",
         TRACE, SPAN},
        {"{\"dd.trace_id\":\"7064794513067584152\",\"dd.span_id\":\"3738137934146625350\"}",
         "0000000000000000620b312dc285aa98", "33e088a54638df46"},
        {"{\"logging.googleapis.com/trace\":\"projects/p/traces/" TRACE "\"}", TRACE, ""},
        {"{\"otelTraceID\":\"0\",\"otelSpanID\":\"0\"}", "", ""},
        {"{\"trace_id\":\"00000000000000000000000000000000\",\"span_id\":\"0000000000000000\"}", "",
         ""},
        {"{\"trace_id\":\"no hex\",\"span_id\":\"" SPAN "\"}", "", SPAN},
        {"{\"headers\":{\"traceparent\":\"00-" TRACE "-" SPAN "-01\"}}", TRACE, SPAN},
        {"level=info traceparent=00-" TRACE "-" SPAN "-01 n=1", TRACE, SPAN},
        {"INFO [dd.trace_id=7064794513067584152 dd.span_id=3738137934146625350] hi",
         "0000000000000000620b312dc285aa98", "33e088a54638df46"},
        {"nothing here", "", ""},
    };
    struct bench bench;
    bench_init(&bench);
    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct event *event = traced(&bench, str_from(cases[i].line));
        CHECK_TEXT(said(event, SLOT_TRACE_ID), cases[i].trace);
        CHECK_TEXT(said(event, SLOT_SPAN_ID), cases[i].span);
    }
    CHECK_EQ(host_count_of(&bench.host, "invalid_ids"), 1);
    host_clear(&bench.host);
}

static struct str encoded(struct bench *bench, const struct event *event)
{
    struct buffer buffer;
    buffer_init(&buffer, 1 << 16);
    encode_event(&buffer, event, &(struct encoding){.names = NAMES_OTEL}, &bench->host.batch);
    struct str text = arena_copy(&bench->host.batch, buffer_str(&buffer));
    buffer_clear(&buffer);
    return text;
}

static void what_is_no_id_does_not_leave_under_its_name(void)
{
    struct bench bench;
    bench_init(&bench);
    CHECK_STR(
        encoded(&bench,
                traced(&bench, STR("{\"trace_id\":\"00000000000000000000000000000000\",\"n\":1}"))),
        STR("{\"n\":1}"));
    CHECK_STR(encoded(&bench, traced(&bench, STR("{\"trace_id\":\"abc\",\"n\":1}"))),
              STR("{\"invalid.trace_id\":\"abc\",\"n\":1}"));
    CHECK_STR(encoded(&bench, traced(&bench, STR("{\"trace\":{\"id\":\"" TRACE "\"},\"n\":1}"))),
              STR("{\"trace\":{\"id\":\"" TRACE "\"},\"n\":1}"));
    host_clear(&bench.host);
}

static void lines_without_an_id_belong_to_the_open_invocation(void)
{
    static const struct {
        const char *line, *id;
    } lines[] = {
        {"before", ""},
        {"INIT_START Runtime Version: python:3.13.v31\tRuntime Version ARN: arn:x", ""},
        {"START RequestId: " ID1 " Version: 1", ID1},
        {"printed", ID1},
        {"EXTENSION\tName: x\tState: Ready\tEvents: []", ""},
        {"END RequestId: " ID1, ID1},
        {"printed behind the end", ""},
        {"REPORT RequestId: " ID1 "\tDuration: 1.00 ms\t", ID1},
        {"XRAY TraceId: 1-4bf92f35-77b34da6a3ce929d0e0e4736\tSegmentId: " SPAN "\tSampled: true",
         ID1},
        {"between", ""},
        {"START RequestId: " ID2 " Version: 1", ID2},
        {"START RequestId: " ID1 " Version: 1", ID1},
        {"whose?", ""},
        {"REPORT RequestId: " ID2 "\tDuration: 1.00 ms\t", ID2},
        {"RequestId: " ID2 " Error: Runtime exited with error: exit status 1", ID2},
        {"Runtime.ExitError", ID2},
        {"of the one that is left", ID1},
    };
    struct bench bench;
    bench_init(&bench);
    for (size_t i = 0; i < COUNT(lines); i++) {
        const struct event *event = traced(&bench, str_from(lines[i].line));
        if (!str_equal(said(event, SLOT_FAAS_INVOCATION_ID), str_from(lines[i].id)))
            print_error("%s\n", lines[i].line);
        CHECK_TEXT(said(event, SLOT_FAAS_INVOCATION_ID), lines[i].id);
    }
    host_clear(&bench.host);
}

static void a_trace_id_is_stamped_forward_within_the_invocation(void)
{
    struct bench bench;
    bench_init(&bench);
    traced(&bench, STR("START RequestId: " ID1 " Version: 1"));
    CHECK_TEXT(said(traced(&bench, STR("early")), SLOT_TRACE_ID), "");
    traced(&bench, STR("trace_id=" TRACE " n=1"));
    CHECK_TEXT(said(traced(&bench, STR("later")), SLOT_TRACE_ID), TRACE);
    CHECK_TEXT(
        said(traced(&bench, STR("REPORT RequestId: " ID1 "\tDuration: 1.00 ms\t")), SLOT_TRACE_ID),
        TRACE);
    traced(&bench, STR("START RequestId: " ID2 " Version: 1"));
    CHECK_TEXT(said(traced(&bench, STR("of another invocation")), SLOT_TRACE_ID), "");
    host_clear(&bench.host);
}

static void platform_lines_count_only_for_an_open_request(void)
{
    struct bench bench;
    bench_init(&bench);
    const struct event *unseen =
        traced(&bench, STR("REPORT RequestId: " ID2 "\tDuration: 1.00 ms\t"));
    CHECK(unseen->flags & EVENT_ENDS_INVOCATION); /* began before the agent did */
    traced(&bench, STR("START RequestId: " ID1 " Version: 1"));
    const struct event *forged =
        traced(&bench, STR("REPORT RequestId: " ID2 "\tDuration: 1.00 ms\t"));
    CHECK(!(forged->flags & EVENT_ENDS_INVOCATION));
    CHECK_TEXT(said(traced(&bench, STR("still open")), SLOT_FAAS_INVOCATION_ID), ID1);
    host_clear(&bench.host);
}

static void a_restart_reads_from_the_oldest_start_again(void)
{
    struct bench bench;
    bench_init(&bench);
    traced(&bench, STR("before"));
    CHECK(filter_trace.oldest(&bench.trace, &bench.source) == UINT64_MAX);
    uint64_t start = bench.offset;
    traced(&bench, STR("START RequestId: " ID1 " Version: 1"));
    traced(&bench, STR("within"));
    CHECK_EQ(filter_trace.oldest(&bench.trace, &bench.source), start);
    traced(&bench, STR("REPORT RequestId: " ID1 "\tDuration: 1.00 ms\t"));
    CHECK_EQ(filter_trace.oldest(&bench.trace, &bench.source), start); /* XRAY may come */
    traced(&bench, STR("the next"));
    CHECK(filter_trace.oldest(&bench.trace, &bench.source) == UINT64_MAX);
    host_clear(&bench.host);
}

static void every_traceparent_of_the_table_decides_what_leaves(void)
{
    CORPUS(table, "trace-context/traceparent_table.json");
    static const char *const frames[] = {"{\"traceparent\":\"%s\",\"n\":1}",
                                         "traceparent=\"%s\" n=1", "got traceparent: %s"};
    struct bench bench;
    size_t index, count = 0;
    json_t *row;
    bench_init(&bench);
    json_array_foreach(table, index, row)
    {
        if (json_is_true(json_object_get(row, "disputed")))
            continue;
        for (size_t i = 0; i < COUNT(frames); i++) {
            char line[256];
            struct str header = str_trim(corpus_str(row, "traceparent"));
            _Pragma("GCC diagnostic push") _Pragma("GCC diagnostic ignored \"-Wformat-nonliteral\"")
                snprintf(line, sizeof line, frames[i], header.at);
            _Pragma("GCC diagnostic pop") struct str want =
                json_is_true(json_object_get(row, "valid")) ? str_slice(header, 3, 32) : STR("");
            CHECK_STR(said(traced(&bench, str_trim(str_from(line))), SLOT_TRACE_ID), want);
            count++;
        }
    }
    print_message("traceparent through parse and trace: %zu lines\n", count);
    json_decref(table);
    host_clear(&bench.host);
}

CHECK_MAIN(TEST(ids_of_every_shape_become_canonical),
           TEST(what_is_no_id_does_not_leave_under_its_name),
           TEST(lines_without_an_id_belong_to_the_open_invocation),
           TEST(a_trace_id_is_stamped_forward_within_the_invocation),
           TEST(platform_lines_count_only_for_an_open_request),
           TEST(a_restart_reads_from_the_oldest_start_again),
           TEST(every_traceparent_of_the_table_decides_what_leaves))
