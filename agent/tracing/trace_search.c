/* agent/tracing/trace_search.c - trace ids inside text, whoever wrote it.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Every id worth finding holds a run of at least 16 hex digits, so the search looks at one byte in
 * 16 and at nothing else until it meets such a run; only then does it ask what stands around it.
 */
#include "agent/tracing/trace_context.h"

#include <string.h>

enum {
    RUN_MIN = SPAN_ID_DIGITS,
    XRAY_TAIL_DIGITS = 24, /* of 1-8-24 */
    XRAY_HEAD_LEN = 11,    /* "1-8-" */
    DECIMAL_DIGITS_MAX = 20,
    SEPARATORS_MAX = 8, /* between a key and its value: ": \"", "\\\":\\\"" */
};

struct run { /* hex digits between bytes that are none */
    struct str text;
    size_t start, end;
};

struct finding {
    struct trace_context context;
    bool has_trace, is_whole; /* whole: a header that said all there is */
};

enum { HEX = 1, ALNUM = 2, WORD = 4, SEPARATOR = 8, TOKEN = 16 };

static unsigned kinds_of(char byte)
{
    unsigned char c = (unsigned char)byte;
    unsigned letter = (unsigned)(c | 0x20) - 'a';
    if ((unsigned)(c - '0') <= 9 || letter <= 5)
        return HEX | ALNUM | WORD | TOKEN;
    if (letter <= 25)
        return ALNUM | WORD | TOKEN;
    if (c == '_' || c == '-' || c == '.')
        return WORD | TOKEN;
    if (c == '/')
        return WORD;
    if (c == ':' || c == '=' || c == '"' || c == '\'' || c == '\\' || c == ' ' || c == '\t' ||
        c == '[')
        return SEPARATOR;
    return 0;
}

static bool is(char byte, unsigned kind)
{
    return kinds_of(byte) & kind;
}

/* From start on, as far as bytes are of the kind. */
static struct str stretch(struct str text, size_t start, unsigned kind)
{
    size_t end = start;
    while (end < text.len && is(text.at[end], kind))
        end++;
    return str_slice(text, start, end - start);
}

static bool ends_with(struct str word, struct str end)
{
    return word.len >= end.len && str_equal_case(str_skip(word, word.len - end.len), end);
}

static bool ends_with_id(struct str word, const char *noun)
{
    static const char *const joints[] = {"_id", "id", "-id", ".id"};
    for (size_t i = 0; i < sizeof joints / sizeof *joints; i++) {
        struct str joint = str_from(joints[i]);
        if (ends_with(word, joint) &&
            ends_with(str_slice(word, 0, word.len - joint.len), str_from(noun)))
            return true;
    }
    return false;
}

/* The word in front of a run: `trace_id` of `"trace_id": "4bf9..."`; empty without a separator
 * between. */
static struct str key_before(struct run run)
{
    size_t end = run.start;
    while (end > 0 && run.start - end < SEPARATORS_MAX && is(run.text.at[end - 1], SEPARATOR))
        end--;
    size_t start = end;
    while (start > 0 && is(run.text.at[start - 1], WORD))
        start--;
    bool is_apart = end < run.start || (end > 0 && run.text.at[end - 1] == '/');
    return str_slice(run.text, start, is_apart ? end - start : 0);
}

static size_t find_case(struct str text, struct str word)
{
    for (size_t i = 0; i + word.len <= text.len; i++)
        if (str_equal_case(str_slice(text, i, word.len), word))
            return i;
    return SIZE_MAX;
}

/* The value of a header printed anywhere in the text; a null at where there is none. */
static struct str header_in(struct str text, struct str name)
{
    size_t at = find_case(text, name);
    if (at == SIZE_MAX)
        return (struct str){0};
    struct str gap = stretch(text, at + name.len, SEPARATOR);
    return gap.len ? stretch(text, at + name.len + gap.len, TOKEN) : (struct str){0};
}

static bool b3_found(struct run run, struct str trace, struct trace_context *ret)
{
    struct b3_headers headers = {
        .trace = trace,
        .span = header_in(run.text, STR("x-b3-spanid")),
        .parent = header_in(run.text, STR("x-b3-parentspanid")),
        .sampled = header_in(run.text, STR("x-b3-sampled")),
        .flags = header_in(run.text, STR("x-b3-flags")),
    };
    return b3_headers_read(&headers, ret);
}

static bool datadog_found(struct run run, struct str trace, struct trace_context *ret)
{
    struct datadog_headers headers = {
        .trace = trace,
        .span = header_in(run.text, STR("x-datadog-parent-id")),
        .tags = run.text,
    };
    return datadog_headers_read(&headers, ret);
}

/* `00-TRACE-SPAN-01` stands for itself, with or without a key. */
static bool traceparent_found(struct run run, struct trace_context *ret)
{
    if (run.end - run.start != TRACE_ID_DIGITS || run.start < 3 ||
        run.text.at[run.start - 1] != '-')
        return false;
    size_t start = run.start - 3;
    if (start > 0 && is(run.text.at[start - 1], TOKEN))
        return false;
    if (str_equal_case(key_before((struct run){run.text, start, run.end}), STR("b3")))
        return false; /* somebody else's header, and not a valid one */
    return traceparent_read(stretch(run.text, start, TOKEN), ret);
}

static bool ends_header(char byte)
{
    return byte == '"' || byte == '\'' || byte == '\\' || byte == ',' || byte == '{' ||
           byte == '}' || byte == '[' || byte == ']' || byte == '(' || byte == ')' ||
           (byte >= '\t' && byte <= '\r');
}

static struct str header_from(struct str text, size_t start)
{
    size_t end = start;
    while (end < text.len && !ends_header(text.at[end]) &&
           (text.at[end] != ' ' || text.at[end - 1] == ';'))
        end++;
    return str_slice(text, start, end - start);
}

/* All of an X-Amzn-Trace-Id around its root: members may stand before it, blanks after semicolons.
 */
static struct str amazon_header_around(struct str text, size_t start)
{
    while (start > 0 && !ends_header(text.at[start - 1]) &&
           (text.at[start - 1] != ' ' || (start > 1 && text.at[start - 2] == ';')))
        start--;
    struct str header = header_from(text, start);
    size_t name = find_case(header, STR("trace-id"));
    if (name == SIZE_MAX)
        name = find_case(header, STR("trace_id"));
    if (name == SIZE_MAX)
        return header;
    struct str value = str_skip(header, name + sizeof "trace-id" - 1);
    return str_skip(value, stretch(value, 0, SEPARATOR).len);
}

static bool amazon_found(struct run run, struct trace_context *ret, bool *ret_whole)
{
    if (run.end - run.start != XRAY_TAIL_DIGITS || run.start < XRAY_HEAD_LEN)
        return false;
    struct run id = {run.text, run.start - XRAY_HEAD_LEN, run.end};
    struct str key = key_before(id);
    *ret_whole = ends_with(key, STR("Root"));
    if (*ret_whole)
        return amazon_trace_read(amazon_header_around(run.text, id.start), ret);
    return ends_with_id(key, "trace") &&
           trace_id_read(str_slice(run.text, id.start, id.end - id.start), ret->trace);
}

/* `[app,TRACE,SPAN]`, `[app,TRACE,SPAN,true]`, `[TRACE-SPAN]` of Spring. */
static bool spring_found(struct run run, struct trace_context *ret)
{
    struct str text = run.text;
    size_t span_end = run.end + 1 + SPAN_ID_DIGITS;
    if (run.start == 0 || span_end >= text.len)
        return false;
    char before = text.at[run.start - 1], between = text.at[run.end], after = text.at[span_end];
    bool is_list = before == ',' && between == ',' && (after == ']' || after == ',');
    bool is_pair = before == '[' && between == '-' && after == ']';
    struct str id = str_slice(text, run.start, run.end - run.start);
    if ((!is_list && !is_pair) ||
        (is_list && str_find(str_slice(text, 0, run.start), '[') == SIZE_MAX))
        return false;
    struct str span = str_slice(text, run.end + 1, SPAN_ID_DIGITS);
    char digits[SPAN_ID_DIGITS];
    if (!span_id_read(span, digits) || !trace_id_read(id, ret->trace))
        return false;
    memcpy(ret->span, digits, sizeof digits);
    ret->has_span = true;
    return true;
}

/* More digits than a 64-bit hex id has, and few enough for a decimal one. */
static bool is_decimal(struct str id)
{
    uint64_t number;
    return id.len > SPAN_ID_DIGITS && id.len <= DECIMAL_DIGITS_MAX && str_to_uint(id, &number);
}

/* An id behind a key that names it. */
static bool keyed_found(struct run run, struct str key, struct finding *finding)
{
    struct str id = str_slice(run.text, run.start, run.end - run.start);
    struct str token = stretch(run.text, run.start, TOKEN);
    struct trace_context *context = &finding->context;
    finding->is_whole = true;
    if (str_equal_case(key, STR("b3")))
        return b3_read(token, context);
    if (ends_with(key, STR("x-b3-traceid")))
        return b3_found(run, token, context);
    if (ends_with(key, STR("datadog-trace-id")))
        return datadog_found(run, id, context);
    if (ends_with(key, STR("cloud-trace-context")))
        return google_trace_read(header_from(run.text, run.start), context);
    finding->is_whole = false;
    if (ends_with(key, STR("dd.trace_id")) || (ends_with_id(key, "trace") && is_decimal(id)))
        return datadog_id_read(id, context->trace);
    if (ends_with_id(key, "trace") || ends_with(key, STR("/traces/")))
        return token.len == id.len && trace_id_read(id, context->trace);
    return false;
}

static void span_found(struct run run, struct str key, struct trace_context *context)
{
    struct str id = str_slice(run.text, run.start, run.end - run.start);
    if (context->has_span || !ends_with_id(key, "span") || ends_with_id(key, "parentspan"))
        return;
    bool is_datadog = ends_with(key, STR("dd.span_id")) || is_decimal(id);
    context->has_span =
        is_datadog ? decimal_id_read(id, context->span) : span_id_read(id, context->span);
}

/* Asks what a run of digits is; true when nothing more can be learnt. */
static bool run_look(struct run run, struct finding *finding)
{
    struct trace_context *context = &finding->context;
    if (run.end - run.start > TRACE_ID_DIGITS ||
        (run.end < run.text.len && is(run.text.at[run.end], ALNUM)) ||
        (run.start > 0 && is(run.text.at[run.start - 1], ALNUM)))
        return false;
    struct str key = key_before(run);
    if (finding->has_trace) {
        span_found(run, key, context);
        return context->has_span;
    }
    finding->is_whole = true;
    finding->has_trace = traceparent_found(run, context) ||
                         amazon_found(run, context, &finding->is_whole) ||
                         spring_found(run, context) || keyed_found(run, key, finding);
    if (!finding->has_trace)
        span_found(run, key, context);
    return finding->has_trace && (finding->is_whole || context->has_span);
}

bool trace_search(struct str text, struct trace_context *ret)
{
    struct finding finding = {.context.flags = TRACE_FLAGS_UNSAID};
    size_t floor = 0; /* everything below was looked at */
    for (size_t at = RUN_MIN - 1; at < text.len; at = floor + RUN_MIN - 1) {
        if (!is(text.at[at], HEX)) {
            floor = at + 1;
            continue;
        }
        struct run run = {text, at, at + 1};
        while (run.start > floor && is(text.at[run.start - 1], HEX))
            run.start--;
        while (run.end < text.len && is(text.at[run.end], HEX))
            run.end++;
        if (run.end - run.start >= RUN_MIN && run_look(run, &finding))
            break;
        floor = run.end + 1;
    }
    if (finding.has_trace)
        *ret = finding.context;
    return finding.has_trace;
}
