/* agent/tracing/trace_context.c - trace headers and ids to 32 and 16 lower-case hex digits.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/tracing/trace_context.h"

#include <string.h>

#include "agent/tracing/hex.h"

enum { XRAY_ID_LEN = 35, UUID_LEN = 36, TRACEPARENT_LEN = 55 };

/* Value of a hex digit + 1, or 0. */
static const uint8_t hex_values[256] = {
    ['0'] = 1,  ['1'] = 2,  ['2'] = 3,  ['3'] = 4,  ['4'] = 5,  ['5'] = 6,  ['6'] = 7,  ['7'] = 8,
    ['8'] = 9,  ['9'] = 10, ['a'] = 11, ['b'] = 12, ['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16,
    ['A'] = 11, ['B'] = 12, ['C'] = 13, ['D'] = 14, ['E'] = 15, ['F'] = 16,
};

/* Value of a hex digit, or 255. */
static unsigned hex_value(char digit)
{
    return (hex_values[(unsigned char)digit] - 1u) & 255u;
}

static bool is_upper_hex(char digit)
{
    return digit >= 'A' && digit <= 'F';
}

/* Copies hex digits in lower case; false for any other byte, and for all zeros. */
static bool hex_copy(struct str text, char *to)
{
    static const char digits[] = "0123456789abcdef";
    unsigned bits = 0;
    size_t i = 0;
    for (; i + HEX_STEP <= text.len; i += HEX_STEP) {
        enum hex hex = hex_lower(text.at + i, to + i);
        if (hex == HEX_NOT)
            return false;
        bits |= hex;
    }
    for (; i < text.len; i++) {
        unsigned value = hex_value(text.at[i]);
        if (value > 15)
            return false;
        bits |= value;
        to[i] = digits[value];
    }
    return bits != 0;
}

static bool has_upper(struct str text)
{
    for (size_t i = 0; i < text.len; i++)
        if (is_upper_hex(text.at[i]))
            return true;
    return false;
}

/* Headers are lower case by their specifications. */
static bool hex_copy_strict(struct str text, char *to)
{
    return !has_upper(text) && hex_copy(text, to);
}

static bool is_canonical(struct str text, size_t digits)
{
    char copy[TRACE_ID_DIGITS];
    return text.len == digits && hex_copy(text, copy) && bytes_equal(text.at, copy, digits);
}

bool trace_id_is_canonical(struct str text)
{
    return is_canonical(text, TRACE_ID_DIGITS);
}

bool span_id_is_canonical(struct str text)
{
    return is_canonical(text, SPAN_ID_DIGITS);
}

static void context_start(struct trace_context *context)
{
    memset(context, 0, sizeof *context);
    context->flags = TRACE_FLAGS_UNSAID;
}

/* 32 digits as they are, 16 with zeros in front. */
static bool wide_copy(struct str text, char to[TRACE_ID_DIGITS], bool strict)
{
    if (text.len != TRACE_ID_DIGITS && text.len != SPAN_ID_DIGITS)
        return false;
    size_t pad = TRACE_ID_DIGITS - text.len;
    memset(to, '0', pad);
    return strict ? hex_copy_strict(text, to + pad) : hex_copy(text, to + pad);
}

/* `1-5759e988-bd862e3fe1be46a994272793`; the caller checked the length. */
static bool xray_id_copy(struct str text, char to[TRACE_ID_DIGITS])
{
    if (text.at[0] != '1' || text.at[1] != '-' || text.at[10] != '-')
        return false;
    enum hex first = hex_lower_halves(text.at + 2, text.at + 11, to);
    enum hex last = hex_lower(text.at + 19, to + HEX_STEP);
    return first != HEX_NOT && last != HEX_NOT && (first | last) != HEX_ZEROS;
}

static bool uuid_copy(struct str text, char to[TRACE_ID_DIGITS])
{
    char digits[TRACE_ID_DIGITS];
    size_t used = 0;
    for (size_t i = 0; i < text.len; i++) {
        bool dash_wanted = i == 8 || i == 13 || i == 18 || i == 23;
        if (dash_wanted != (text.at[i] == '-'))
            return false;
        if (!dash_wanted)
            digits[used++] = text.at[i];
    }
    return hex_copy((struct str){digits, used}, to);
}

bool trace_id_read(struct str text, char ret[TRACE_ID_DIGITS])
{
    char id[TRACE_ID_DIGITS];
    bool found = false;
    if (text.len == XRAY_ID_LEN)
        found = xray_id_copy(text, id);
    else if (text.len == UUID_LEN)
        found = uuid_copy(text, id);
    else
        found = wide_copy(text, id, false);
    if (found)
        memcpy(ret, id, sizeof id);
    return found;
}

bool span_id_read(struct str text, char ret[SPAN_ID_DIGITS])
{
    char id[SPAN_ID_DIGITS];
    if (text.len != SPAN_ID_DIGITS || !hex_copy(text, id))
        return false;
    memcpy(ret, id, sizeof id);
    return true;
}

static void hex_write(uint64_t number, char to[SPAN_ID_DIGITS])
{
    for (int i = SPAN_ID_DIGITS - 1; i >= 0; i--, number >>= 4)
        to[i] = "0123456789abcdef"[number & 15];
}

bool decimal_id_read(struct str text, char ret[SPAN_ID_DIGITS])
{
    uint64_t number;
    if (!str_to_uint(text, &number) || number == 0)
        return false;
    hex_write(number, ret);
    return true;
}

bool datadog_id_read(struct str text, char ret[TRACE_ID_DIGITS])
{
    if (text.len == TRACE_ID_DIGITS)
        return trace_id_read(text, ret);
    char low[SPAN_ID_DIGITS];
    if (!decimal_id_read(text, low))
        return false;
    memset(ret, '0', TRACE_ID_DIGITS - SPAN_ID_DIGITS);
    memcpy(ret + SPAN_ID_DIGITS, low, SPAN_ID_DIGITS);
    return true;
}

/* Two lower-case hex digits, or -1. */
static int byte_read(const char *at)
{
    unsigned high = hex_value(at[0]), low = hex_value(at[1]);
    if (high > 15 || low > 15 || is_upper_hex(at[0]) || is_upper_hex(at[1]))
        return -1;
    return (int)(high * 16 + low);
}

bool traceparent_read(struct str header, struct trace_context *ret)
{
    struct str text = str_trim(header);
    if (text.len < TRACEPARENT_LEN || text.at[2] != '-' || text.at[35] != '-' || text.at[52] != '-')
        return false;
    int version = byte_read(text.at), flags = byte_read(text.at + 53);
    if (version < 0 || version == 0xff || flags < 0)
        return false;
    if (text.len > TRACEPARENT_LEN && (version == 0 || text.at[TRACEPARENT_LEN] != '-'))
        return false;
    struct trace_context context;
    context_start(&context);
    if (!hex_copy_strict(str_slice(text, 3, TRACE_ID_DIGITS), context.trace) ||
        !hex_copy_strict(str_slice(text, 36, SPAN_ID_DIGITS), context.span))
        return false;
    context.has_span = true;
    context.flags = flags & (TRACE_SAMPLED | TRACE_RANDOM);
    *ret = context;
    return true;
}

/* One `Key=value` of X-Amzn-Trace-Id; false where it spoils the header. */
static bool amazon_member(struct str member, struct trace_context *context, bool *ret_root)
{
    struct cut pair = str_cut(str_trim(member), '=');
    struct str key = pair.head, value = pair.tail;
    if (!pair.found || !key.len)
        return false;
    if (str_equal_case(key, STR("Root"))) {
        *ret_root = value.len == XRAY_ID_LEN && xray_id_copy(value, context->trace);
        return *ret_root;
    }
    if (str_equal_case(key, STR("Parent")) && value.len) {
        context->has_span = span_id_read(value, context->span);
        return context->has_span;
    }
    if (str_equal_case(key, STR("Sampled")) && value.len == 1 &&
        (*value.at == '0' || *value.at == '1'))
        context->flags = *value.at == '1' ? TRACE_SAMPLED : 0;
    return true;
}

/* The header as Lambda itself writes it: `Root=1-8-24;Parent=16;Sampled=1`. False: read it member
 * by member. */
static bool amazon_common_read(struct str header, struct trace_context *ret)
{
    enum { ROOT = 5, PARENT = ROOT + XRAY_ID_LEN + 8, SAMPLED = PARENT + SPAN_ID_DIGITS + 9 };
    if (header.len != SAMPLED + 1 || memcmp(header.at, "Root=", 5) != 0 ||
        memcmp(header.at + PARENT - 8, ";Parent=", 8) != 0 ||
        memcmp(header.at + SAMPLED - 9, ";Sampled=", 9) != 0)
        return false;
    struct trace_context context = {.has_span = true, .flags = header.at[SAMPLED] == '1'};
    if ((header.at[SAMPLED] != '0' && header.at[SAMPLED] != '1') ||
        !xray_id_copy((struct str){header.at + ROOT, XRAY_ID_LEN}, context.trace) ||
        !hex_copy((struct str){header.at + PARENT, SPAN_ID_DIGITS}, context.span))
        return false;
    *ret = context;
    return true;
}

static bool amazon_members_read(struct str header, struct trace_context *ret)
{
    struct trace_context context;
    context_start(&context);
    bool has_root = false;
    struct str rest = str_trim(header);
    while (rest.len) {
        struct cut member = str_cut(rest, ';');
        if (!amazon_member(member.head, &context, &has_root))
            return false;
        rest = str_trim(member.tail);
    }
    if (has_root)
        *ret = context;
    return has_root;
}

bool amazon_trace_read(struct str header, struct trace_context *ret)
{
    return amazon_common_read(header, ret) || amazon_members_read(header, ret);
}

/* B3's word on sampling: 0, 1, d (single header only), true, false. False for any other word. */
static bool b3_sampled(struct str word, bool is_single, int *ret)
{
    if (str_equal(word, STR("1")) || (is_single && str_equal(word, STR("d"))))
        *ret = TRACE_SAMPLED;
    else if (str_equal(word, STR("0")))
        *ret = 0;
    else if (!is_single && str_equal(word, STR("true")))
        *ret = TRACE_SAMPLED;
    else if (!is_single && str_equal(word, STR("false")))
        *ret = 0;
    else
        return false;
    return true;
}

static bool b3_ids(struct str trace, struct str span, struct str parent,
                   struct trace_context *context)
{
    if (!wide_copy(trace, context->trace, true))
        return false;
    if (span.len != SPAN_ID_DIGITS || !hex_copy_strict(span, context->span))
        return false;
    context->has_span = true;
    if (!parent.at)
        return true;
    context->has_parent = parent.len == SPAN_ID_DIGITS && hex_copy_strict(parent, context->parent);
    return context->has_parent;
}

bool b3_read(struct str header, struct trace_context *ret)
{
    struct trace_context context;
    context_start(&context);
    struct cut trace = str_cut(str_trim(header), '-');
    struct cut span = str_cut(trace.tail, '-');
    struct cut sampled = str_cut(span.tail, '-');
    struct str parent = sampled.found ? sampled.tail : (struct str){0};
    if (!trace.found || !b3_ids(trace.head, span.head, parent, &context))
        return false;
    if (span.found && !b3_sampled(sampled.head, true, &context.flags))
        return false;
    *ret = context;
    return true;
}

bool b3_headers_read(const struct b3_headers *headers, struct trace_context *ret)
{
    struct trace_context context;
    context_start(&context);
    if (!b3_ids(headers->trace, headers->span, headers->parent, &context))
        return false;
    if (headers->sampled.at && !b3_sampled(headers->sampled, false, &context.flags))
        return false;
    if (str_equal(headers->flags, STR("1"))) /* debug implies sampled */
        context.flags = TRACE_SAMPLED;
    *ret = context;
    return true;
}

/* The high half of a 128-bit id out of `_dd.p.dm=-1,_dd.p.tid=640cfd8d00000000`. */
static void datadog_high(struct str tags, char to[SPAN_ID_DIGITS])
{
    char high[SPAN_ID_DIGITS];
    struct cut at = str_cut_str(tags, STR("_dd.p.tid="));
    struct str digits = str_cut(at.tail, ',').head;
    if (at.found && digits.len == SPAN_ID_DIGITS && hex_copy_strict(digits, high))
        memcpy(to, high, sizeof high);
}

bool datadog_headers_read(const struct datadog_headers *headers, struct trace_context *ret)
{
    struct trace_context context;
    context_start(&context);
    if (!datadog_id_read(headers->trace, context.trace))
        return false;
    datadog_high(headers->tags, context.trace);
    context.has_span = decimal_id_read(headers->span, context.span);
    *ret = context;
    return true;
}

bool google_trace_read(struct str header, struct trace_context *ret)
{
    struct trace_context context;
    context_start(&context);
    struct str text = str_trim(header);
    if (str_starts(text, STR("projects/")))
        text = str_cut_str(text, STR("/traces/")).tail;
    struct cut trace = str_cut(text, '/');
    struct cut span = str_cut(trace.tail, ';');
    if (trace.head.len != TRACE_ID_DIGITS || !hex_copy(trace.head, context.trace))
        return false;
    context.has_span = decimal_id_read(span.head, context.span);
    if (str_equal(span.tail, STR("o=1")))
        context.flags = TRACE_SAMPLED;
    else if (str_equal(span.tail, STR("o=0")))
        context.flags = 0;
    *ret = context;
    return true;
}

/* Up to `digits` hex digits, zeros put in front. */
static bool padded_copy(struct str text, char *to, size_t digits)
{
    if (text.len == 0 || text.len > digits)
        return false;
    memset(to, '0', digits - text.len);
    return hex_copy(text, to + (digits - text.len));
}

bool jaeger_read(struct str header, struct trace_context *ret)
{
    struct trace_context context;
    context_start(&context);
    struct cut trace = str_cut(str_trim(header), ':');
    struct cut span = str_cut(trace.tail, ':');
    struct cut parent = str_cut(span.tail, ':');
    if (!parent.found || !padded_copy(trace.head, context.trace, TRACE_ID_DIGITS) ||
        !padded_copy(span.head, context.span, SPAN_ID_DIGITS))
        return false;
    unsigned flags = parent.tail.len ? hex_value(parent.tail.at[parent.tail.len - 1]) : 255;
    if (flags > 15)
        return false;
    context.has_span = true;
    context.has_parent = padded_copy(parent.head, context.parent, SPAN_ID_DIGITS);
    context.flags = (flags & 3) ? TRACE_SAMPLED : 0; /* bit 1 is debug, which implies sampled */
    *ret = context;
    return true;
}
