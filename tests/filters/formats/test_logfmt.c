/* tests/filters/formats/test_logfmt.c - mirrors filters/formats/logfmt.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "filters/formats/logfmt.c"

#include "tests/corpora.h"
#include "tests/filters/formats/lines.h"

static const struct golden lines[] = {
    {"time=\"2015-03-26T01:27:38-04:00\" level=debug msg=\"hello \\\"you\\\"\" k=v",
     "2015-03-26T05:27:38Z 5|TIME=2015-03-26T01:27:38-04:00|SEVERITY_TEXT=debug|BODY=hello "
     "\"you\"|k=v"},
    {"ts=1520436300.5 level=error caller=x.go:1 err=\"no route\" status=503 bare",
     "2018-03-07T15:25:00.500Z "
     "17|TIME=1520436300.5|SEVERITY_TEXT=error|caller=x.go:1|EXCEPTION_MESSAGE=no "
     "route|HTTP_STATUS=503|bare=true"},
    {"level=info traceID=4bf92f3577b34da6a3ce929d0e0e4736 duration_ms=12.5",
     "- 9|SEVERITY_TEXT=info|TRACE_ID=4bf92f3577b34da6a3ce929d0e0e4736|DURATION=12.5"},
    {"time=x timestamp=2015-03-26T01:27:38Z msg=a message=b",
     "2015-03-26T01:27:38Z 0|time=x|TIME=2015-03-26T01:27:38Z|msg=a|BODY=b"},
    {"a=\"unterminated", "broken"},
    {"=bar", "broken"},
};

static void logfmt_lines_become_fields(void)
{
    check_golden(&format_logfmt, lines, COUNT(lines));
}

static void the_next_line_need_not_have_the_same_keys(void)
{
    struct host host;
    struct reader reader;
    host_init(&host);
    reader_init(&reader, &host);
    static const char *const texts[] = {"level=info msg=a", "level=warn msg=b", "msg=c level=error",
                                        "other=d"};
    static const uint8_t severities[] = {SEVERITY_INFO, SEVERITY_WARN, SEVERITY_ERROR, 0};
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct event event = {.bytes = str_from(texts[i])};
        reader.event = &event;
        CHECK_EQ(format_logfmt.read(&reader, event.bytes), FORMAT_READ);
        CHECK_EQ(event.severity, severities[i]);
    }
    host_clear(&host);
}

static void prose_is_no_logfmt_when_nobody_said_so(void)
{
    struct host host;
    struct reader reader;
    host_init(&host);
    reader_init(&reader, &host);
    reader.is_guessed = true;
    struct event event = {.bytes = STR("x=1 is what we found when we looked at level=error")};
    reader.event = &event;
    CHECK(format_logfmt.claims(event.bytes));
    CHECK_EQ(format_logfmt.read(&reader, event.bytes), FORMAT_FOREIGN);
    CHECK_EQ(event.count, 0);
    CHECK_EQ(event.slots[SLOT_SEVERITY_TEXT], 0);
    CHECK_EQ(event.severity, 0);
    host_clear(&host);
}

static struct str input_of(const json_t *row, char room[16], size_t *ret_len)
{
    const json_t *input = json_object_get(row, "input");
    *ret_len = 0;
    if (json_is_string(input))
        return corpus_str(row, "input");
    /* the two inputs that are no UTF-8 come as base64: gD1iYXI= and gA== */
    bool is_pair = str_equal(corpus_str(input, "b64"), STR("gD1iYXI="));
    memcpy(room, "\x80=bar", 5);
    return (struct str){room, is_pair ? 5 : 1};
}

/* Of a key without a value the readers of the world make null, "" or true. */
static bool is_same(const json_t *want, struct value got, struct arena *arena)
{
    struct str text;
    if (got.kind == VALUE_BOOL || got.text.len == 0)
        return !json_is_string(want) || json_string_length(want) == 0;
    struct str said = {json_string_value(want), json_string_length(want)};
    return json_is_string(want) && value_text(got, arena, &text) && str_equal(text, said);
}

static void check_record(const json_t *record, const struct event *event, struct arena *arena)
{
    CHECK_EQ(event->count, json_array_size(record));
    for (uint16_t i = 0; i < event->count; i++) {
        const json_t *pair = json_array_get(record, i);
        CHECK_TEXT(event->fields[i].key, json_string_value(json_array_get(pair, 0)));
        CHECK(is_same(json_array_get(pair, 1), event->fields[i].value, arena));
    }
}

/* Returns how many lines were read well. */
static size_t check_case(const json_t *row, struct reader *reader, struct host *host)
{
    const json_t *records = json_object_get(row, "records"), *wrong = json_object_get(row, "error");
    char room[16];
    size_t unused, read = 0, broken = 0;
    struct str rest = input_of(row, room, &unused);
    for (size_t index = 0; rest.len; index++) {
        struct event event = {.bytes = host_line(host, take_until(&rest, '\n'))};
        reader->event = &event;
        bool is_read = format_logfmt.read(reader, event.bytes) == FORMAT_READ;
        broken += !is_read;
        read += is_read;
        if (is_read && records && event.count)
            check_record(json_array_get(records, index), &event, &host->batch);
    }
    CHECK_EQ(broken > 0, wrong != NULL);
    return read;
}

static void every_case_of_the_table_is_read_alike(void)
{
    CORPUS(table, "logfmt/logfmt_cases.json");
    struct host host;
    struct reader reader;
    size_t index, count = 0;
    json_t *row;
    host_init(&host);
    reader_init(&reader, &host);
    json_array_foreach(table, index, row) count += check_case(row, &reader, &host);
    print_message("logfmt: %zu cases, %zu lines read\n", json_array_size(table), count);
    json_decref(table);
    host_clear(&host);
}

static void what_the_encoder_of_the_table_writes_is_read_back(void)
{
    CORPUS(table, "logfmt/logfmt_encode_cases.json");
    struct host host;
    struct reader reader;
    size_t index, count = 0;
    json_t *row;
    host_init(&host);
    reader_init(&reader, &host);
    json_array_foreach(table, index, row)
    {
        struct event event = {.bytes = corpus_str(row, "want")};
        const json_t *value = json_object_get(row, "value");
        if (!event.bytes.len || !json_is_string(value))
            continue;
        reader.event = &event;
        CHECK_EQ(format_logfmt.read(&reader, event.bytes), FORMAT_READ);
        CHECK_EQ(event.count, 1);
        CHECK(is_same(value, event.fields[0].value, &host.batch));
        count++;
    }
    print_message("logfmt encoded: %zu cases\n", count);
    json_decref(table);
    host_clear(&host);
}

CHECK_MAIN(TEST(logfmt_lines_become_fields), TEST(the_next_line_need_not_have_the_same_keys),
           TEST(prose_is_no_logfmt_when_nobody_said_so),
           TEST(every_case_of_the_table_is_read_alike),
           TEST(what_the_encoder_of_the_table_writes_is_read_back))
