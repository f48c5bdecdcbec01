/* tests/tracing/test_trace_context.c - mirrors agent/tracing/trace_context.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/tracing/trace_context.c"

#include <jansson.h>

#include "agent/must.h"
#include "tests/check.h"
#include "tests/corpora.h"

#define TRACE "4bf92f3577b34da6a3ce929d0e0e4736"
#define SPAN  "00f067aa0ba902b7"

static void ids_of_loggers_become_canonical(void)
{
    static const struct {
        const char *text, *want; /* null: no id */
    } cases[] = {
        {TRACE, TRACE},
        {"4BF92F3577B34DA6A3CE929D0E0E4736", TRACE},
        {"a3ce929d0e0e4736", "0000000000000000a3ce929d0e0e4736"},
        {"4bf92f35-77b3-4da6-a3ce-929d0e0e4736", TRACE},
        {"1-4bf92f35-77b34da6a3ce929d0e0e4736", TRACE},
        {"2-4bf92f35-77b34da6a3ce929d0e0e4736", NULL},
        {"4bf92f35-77b3-4da6-a3ce+929d0e0e4736", NULL},
        {"00000000000000000000000000000000", NULL},
        {"0", NULL},
        {"", NULL},
        {"4bf92f3577b34da6a3ce929d0e0e473", NULL},
        {"4bf92f3577b34da6a3ce929d0e0e473g", NULL},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char id[TRACE_ID_DIGITS];
        bool found = trace_id_read(str_from(cases[i].text), id);
        CHECK_EQ(found, cases[i].want != NULL);
        if (found)
            CHECK_TEXT(((struct str){id, sizeof id}), cases[i].want);
    }
}

static void only_lower_case_ids_that_are_not_zero_are_canonical(void)
{
    CHECK(trace_id_is_canonical(STR(TRACE)));
    CHECK(span_id_is_canonical(STR(SPAN)));
    CHECK(!trace_id_is_canonical(STR("4BF92f3577b34da6a3ce929d0e0e4736")));
    CHECK(!trace_id_is_canonical(STR("00000000000000000000000000000000")));
    CHECK(!trace_id_is_canonical(STR("4bf92f3577b34da6a3ce929d0e0e473:")));
    CHECK(!span_id_is_canonical(STR("0000000000000000")));
    CHECK(!span_id_is_canonical(STR(TRACE)));
}

static void datadog_numbers_become_hex(void)
{
    struct datadog_headers headers = {.trace = STR("7064794513067584152"),
                                      .span = STR("3738137934146625350"),
                                      .tags = STR("_dd.p.dm=-1,_dd.p.tid=640cfd8d00000000")};
    struct trace_context context;
    CHECK(datadog_headers_read(&headers, &context));
    CHECK_STR(((struct str){context.trace, 32}), STR("640cfd8d00000000620b312dc285aa98"));
    CHECK_STR(((struct str){context.span, 16}), STR("33e088a54638df46"));
    headers.trace = STR("18446744073709551616");
    CHECK(!datadog_headers_read(&headers, &context));
    headers.trace = STR("0");
    CHECK(!datadog_headers_read(&headers, &context));
}

static void google_and_jaeger_headers_are_read(void)
{
    struct trace_context context;
    CHECK(google_trace_read(STR("105445aa7843bc8bf206b12000100000/1;o=1"), &context));
    CHECK_STR(((struct str){context.span, 16}), STR("0000000000000001"));
    CHECK_EQ(context.flags, TRACE_SAMPLED);
    CHECK(google_trace_read(STR("projects/p/traces/105445aa7843bc8bf206b12000100000"), &context));
    CHECK(!context.has_span);
    CHECK(!google_trace_read(STR("105445aa/1;o=1"), &context));
    CHECK(jaeger_read(STR("5af7183fb1d4cf5f:6b221d5bc9e6496c:0:1"), &context));
    CHECK_STR(((struct str){context.trace, 32}), STR("00000000000000005af7183fb1d4cf5f"));
    CHECK(!context.has_parent);
    CHECK(!jaeger_read(STR("5af7183fb1d4cf5f:6b221d5bc9e6496c:0"), &context));
    CHECK(!jaeger_read(STR("0:6b221d5bc9e6496c:0:1"), &context));
}

static void check_ids(const json_t *row, const struct trace_context *context)
{
    CHECK_STR(((struct str){context->trace, 32}), corpus_str(row, "trace_id"));
    if (json_object_get(row, "span_id"))
        CHECK_STR(((struct str){context->span, 16}), corpus_str(row, "span_id"));
}

static void every_undisputed_traceparent_of_the_table_is_judged_right(void)
{
    CORPUS(table, "trace-context/traceparent_table.json");
    size_t index, valid = 0, invalid = 0;
    json_t *row;
    json_array_foreach(table, index, row)
    {
        struct trace_context context;
        if (json_is_true(json_object_get(row, "disputed")))
            continue;
        bool want = json_is_true(json_object_get(row, "valid"));
        CHECK_EQ(traceparent_read(corpus_str(row, "traceparent"), &context), want);
        if (want && json_object_get(row, "trace_id")) {
            check_ids(row, &context);
            CHECK_EQ(context.flags, json_integer_value(json_object_get(row, "flags")) & 3);
        }
        valid += want;
        invalid += !want;
    }
    print_message("traceparent: %zu valid, %zu invalid\n", valid, invalid);
    json_decref(table);
}

/* Go takes what Java refuses: an unknown word for Sampled, no Parent; Java takes a short epoch, Go
 * does not. */
static bool amazon_row_is_disputed(const json_t *row)
{
    struct str name = corpus_str(row, "name");
    return json_object_get(row, "note") || str_find_str(name, STR("InvalidFlags")) != SIZE_MAX ||
           str_find_str(name, STR("NoSpanId")) != SIZE_MAX;
}

static void every_undisputed_amazon_header_of_the_table_is_judged_right(void)
{
    CORPUS(table, "trace-context/xray_extract.json");
    size_t index, count = 0;
    json_t *row;
    json_array_foreach(table, index, row)
    {
        struct trace_context context;
        if (amazon_row_is_disputed(row))
            continue;
        bool want = json_is_true(json_object_get(row, "valid_context"));
        CHECK_EQ(amazon_trace_read(corpus_str(row, "header"), &context), want);
        if (want) {
            check_ids(row, &context);
            CHECK_EQ(context.flags == TRACE_SAMPLED, json_is_true(json_object_get(row, "sampled")));
        }
        count++;
    }
    print_message("X-Amzn-Trace-Id: %zu cases\n", count);
    json_decref(table);
}

static void every_xray_id_of_the_table_is_judged_right(void)
{
    CORPUS(table, "trace-context/xray_trace_ids.json");
    size_t index;
    json_t *row;
    json_array_foreach(table, index, row)
    {
        char id[TRACE_ID_DIGITS];
        CHECK_EQ(trace_id_read(corpus_str(row, "trace_id"), id),
                 json_is_true(json_object_get(row, "valid")));
    }
    print_message("X-Ray ids: %zu cases\n", json_array_size(table));
    json_decref(table);
}

static struct str header_of(const json_t *headers, const char *name)
{
    const char *key;
    json_t *value;
    json_object_foreach(
        (json_t *)(uintptr_t)headers, key,
        value) if (str_equal_case(str_from(key),
                                  str_from(name))) return str_from(json_string_value(value));
    return (struct str){0};
}

static void every_b3_header_of_the_table_is_judged_right(void)
{
    CORPUS(table, "trace-context/b3_extract.json");
    size_t index;
    json_t *row;
    json_array_foreach(table, index, row)
    {
        const json_t *given = json_object_get(row, "headers");
        struct b3_headers headers = {
            .trace = header_of(given, "x-b3-traceid"),
            .span = header_of(given, "x-b3-spanid"),
            .parent = header_of(given, "x-b3-parentspanid"),
            .sampled = header_of(given, "x-b3-sampled"),
            .flags = header_of(given, "x-b3-flags"),
        };
        struct trace_context context;
        bool want = json_is_true(json_object_get(row, "valid"));
        bool found =
            b3_read(header_of(given, "b3"), &context) || b3_headers_read(&headers, &context);
        CHECK_EQ(found, want);
        if (!want)
            continue;
        check_ids(row, &context);
        CHECK_EQ(context.flags == TRACE_SAMPLED,
                 json_integer_value(json_object_get(row, "flags")) & 1);
        CHECK_EQ(context.has_parent, json_object_get(row, "parent_span_id") != NULL ||
                                         header_of(given, "x-b3-parentspanid").at != NULL ||
                                         header_of(given, "b3").len > 51);
    }
    print_message("B3: %zu cases\n", json_array_size(table));
    json_decref(table);
}

/* One byte of a header is changed to each of these at a time. */
static void a_common_header_is_read_as_any_other(void)
{
    static const char header[] =
        "Root=1-5759E988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1";
    static const unsigned char others[] = {'0',  '9',  ':',  '/',  'a',  'f', 'g', 'F',
                                           'G',  '@',  '`',  0,    ' ',  '-', ';', '=',
                                           0x10, 0x19, 0x7f, 0x80, 0xb0, 0xe1};
    char text[sizeof header];
    for (size_t i = 0; i < sizeof header - 1; i++) {
        for (size_t j = 0; j < sizeof others; j++) {
            struct trace_context common = {.flags = 0}, other = {.flags = 0};
            memcpy(text, header, sizeof header);
            text[i] = (char)others[j];
            struct str changed = {text, sizeof header - 1};
            bool is_read = amazon_trace_read(changed, &common);
            CHECK_EQ(is_read, amazon_members_read(changed, &other));
            CHECK(memcmp(&common, &other, sizeof common) == 0);
        }
    }
    struct trace_context context;
    CHECK(amazon_common_read(STR("Root=1-5759E988-bd862e3fe1be46a994272793;"
                                 "Parent=53995c3f42cd8ad8;Sampled=0"),
                             &context));
    CHECK_EQ(context.flags, 0);
    CHECK(memcmp(context.trace, "5759e988bd862e3fe1be46a994272793", TRACE_ID_DIGITS) == 0);
    CHECK(!amazon_common_read(STR("Root=1-00000000-000000000000000000000000;"
                                  "Parent=53995c3f42cd8ad8;Sampled=0"),
                              &context));
}

/* Whatever byte stands where, both ways say what each digit for itself says. */
static void sixteen_digits_are_hex_as_each_of_them_is(void)
{
    for (size_t at = 0; at < HEX_STEP; at++) {
        for (unsigned byte = 0; byte < 256; byte++) {
            char text[] = "0000000000000000", fast[HEX_STEP] = "", plain[HEX_STEP] = "";
            char halves[HEX_STEP] = "", plain_halves[HEX_STEP] = "";
            text[at] = (char)byte;
            enum hex want = hex_value(text[at]) > 15 ? HEX_NOT
                            : hex_value(text[at])    ? HEX_DIGITS
                                                     : HEX_ZEROS;
            CHECK_EQ(hex_lower(text, fast), want);
            CHECK_EQ(hex_lower_plain(text, plain), want);
            CHECK_EQ(hex_lower_halves(text, text + 8, halves), want);
            CHECK_EQ(hex_lower_halves_plain(text, text + 8, plain_halves), want);
            CHECK(memcmp(halves, plain, HEX_STEP) == 0);
            CHECK(memcmp(plain_halves, plain, HEX_STEP) == 0);
            CHECK(memcmp(fast, plain, HEX_STEP) == 0);
            CHECK(want == HEX_NOT || hex_value(fast[at]) == hex_value(text[at]));
            CHECK(want == HEX_NOT || !is_upper_hex(fast[at]));
        }
    }
}

CHECK_MAIN(TEST(a_common_header_is_read_as_any_other),
           TEST(sixteen_digits_are_hex_as_each_of_them_is), TEST(ids_of_loggers_become_canonical),
           TEST(only_lower_case_ids_that_are_not_zero_are_canonical),
           TEST(datadog_numbers_become_hex), TEST(google_and_jaeger_headers_are_read),
           TEST(every_undisputed_traceparent_of_the_table_is_judged_right),
           TEST(every_undisputed_amazon_header_of_the_table_is_judged_right),
           TEST(every_xray_id_of_the_table_is_judged_right),
           TEST(every_b3_header_of_the_table_is_judged_right))
