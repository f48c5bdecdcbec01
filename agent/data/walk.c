/* agent/data/walk.c - ways through the text of a valid JSON value.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/data/walk.h"

#include <string.h>

#include "agent/data/utf8.h"

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\n' || byte == '\r' || byte == '\t';
}

static size_t skip_blank(struct str json, size_t at)
{
    while (at < json.len && is_blank(json.at[at]))
        at++;
    return at;
}

/* Behind the closing quote of the string that opens at `at`. */
static size_t skip_string(struct str json, size_t at, bool *ret_escaped)
{
    *ret_escaped = false;
    for (at++; at < json.len; at++) {
        const char *quote = memchr(json.at + at, '"', json.len - at);
        if (!quote)
            return json.len;
        size_t end = (size_t)(quote - json.at);
        const char *escape = memchr(json.at + at, '\\', end - at);
        if (!escape)
            return end + 1;
        *ret_escaped = true;
        at = (size_t)(escape - json.at) + 1;
    }
    return json.len;
}

static size_t skip_container(struct str json, size_t at)
{
    size_t depth = 0;
    while (at < json.len) {
        char byte = json.at[at];
        if (byte == '"') {
            bool escaped;
            at = skip_string(json, at, &escaped);
            continue;
        }
        at++;
        depth += byte == '{' || byte == '[';
        if ((byte == '}' || byte == ']') && --depth == 0)
            return at;
    }
    return at;
}

static size_t skip_scalar(struct str json, size_t at)
{
    while (at < json.len && !is_blank(json.at[at]) && json.at[at] != ',' && json.at[at] != '}' &&
           json.at[at] != ']')
        at++;
    return at;
}

size_t walk_skip(struct str json, size_t at)
{
    bool escaped;
    if (at >= json.len)
        return json.len;
    if (json.at[at] == '"')
        return skip_string(json, at, &escaped);
    if (json.at[at] == '{' || json.at[at] == '[')
        return skip_container(json, at);
    return skip_scalar(json, at);
}

static struct value read_string(struct str json, size_t from, size_t *ret_end)
{
    bool escaped;
    size_t end = skip_string(json, from, &escaped);
    *ret_end = end;
    struct str body = str_slice(json, from + 1, end > from + 1 ? end - from - 2 : 0);
    return (struct value){.kind = escaped ? VALUE_ESCAPED : VALUE_STRING, .text = body};
}

static struct value read_value(struct str json, size_t from, size_t *ret_end)
{
    char first = json.at[from];
    if (first == '"')
        return read_string(json, from, ret_end);
    *ret_end = walk_skip(json, from);
    struct str text = str_slice(json, from, *ret_end - from);
    switch (first) {
    case '{':
        return (struct value){.kind = VALUE_OBJECT, .text = text};
    case '[':
        return (struct value){.kind = VALUE_ARRAY, .text = text};
    case 't':
    case 'f':
        return (struct value){.kind = VALUE_BOOL, .truth = first == 't'};
    case 'n':
        return (struct value){.kind = VALUE_NULL};
    default:
        return (struct value){.kind = VALUE_NUMBER, .text = text};
    }
}

bool walk_next(struct str container, size_t *at, struct member *ret, struct span *ret_span)
{
    size_t from = skip_blank(container, *at ? *at : 1);
    if (*at && from < container.len && container.at[from] == ',')
        from = skip_blank(container, from + 1);
    if (from >= container.len || container.at[from] == '}' || container.at[from] == ']')
        return false;
    *ret = (struct member){.key = {"", 0}};
    size_t value = from;
    if (container.at[0] == '{') {
        struct value key = read_string(container, from, &value);
        ret->key = key.text;
        ret->key_escaped = key.kind == VALUE_ESCAPED;
        value = skip_blank(container, value);
        value = skip_blank(container, value + 1); /* the colon */
        if (value >= container.len)
            return false;
    }
    size_t end;
    ret->value = read_value(container, value, &end);
    *ret_span = (struct span){.from = from, .value = value, .end = end};
    *at = end;
    return true;
}

bool scan_next(struct str container, size_t *at, struct member *ret)
{
    struct span span;
    return walk_next(container, at, ret, &span);
}

bool walk_member(struct str object, struct str key, struct place *ret)
{
    struct member member;
    struct span span;
    bool found = false;
    for (size_t at = 0; walk_next(object, &at, &member, &span);) {
        if (!body_equal(member.key, member.key_escaped, key))
            continue;
        *ret = (struct place){.value = member.value, .container = object, .span = span};
        found = true;
    }
    return found;
}

bool walk_dotted(struct str object, struct str dotted, struct place *ret)
{
    if (walk_member(object, dotted, ret))
        return true;
    for (size_t dot = dotted.len; dot-- > 1;) {
        struct place parent;
        if (dotted.at[dot] == '.' && walk_member(object, str_slice(dotted, 0, dot), &parent) &&
            parent.value.kind == VALUE_OBJECT &&
            walk_dotted(parent.value.text, str_skip(dotted, dot + 1), ret))
            return true;
    }
    return false;
}

bool walk_index(struct str array, uint32_t index, struct place *ret)
{
    struct member member;
    struct span span;
    for (size_t at = 0; walk_next(array, &at, &member, &span);) {
        if (index-- > 0)
            continue;
        *ret = (struct place){.value = member.value, .container = array, .span = span};
        return true;
    }
    return false;
}

/* --- unescaping
 * -------------------------------------------------------------------------------------- */

static uint32_t hex4(const char *at)
{
    uint32_t sum = 0;
    for (int i = 0; i < 4; i++) {
        uint32_t byte = (uint8_t)at[i];
        sum = sum << 4 | ((byte & 15) + (byte >> 6) * 9);
    }
    return sum;
}

/* The code point of "\uXXXX" or of a pair of them at body.at[at]; a lone half reads as U+FFFD. */
static uint32_t read_point(struct str body, size_t *at)
{
    if (body.len - *at < 6) {
        *at = body.len;
        return 0xFFFD;
    }
    uint32_t point = hex4(body.at + *at + 2);
    *at += 6;
    if (point < 0xD800 || point > 0xDFFF)
        return point;
    if (point > 0xDBFF || body.len - *at < 6)
        return 0xFFFD;
    uint32_t low = hex4(body.at + *at + 2);
    if (low < 0xDC00 || low > 0xDFFF)
        return 0xFFFD;
    *at += 6;
    return 0x10000 + ((point - 0xD800) << 10) + (low - 0xDC00);
}

/* What one escape stands for; returns how many bytes it wrote (at most 4). */
static size_t unescape_one(struct str body, size_t *at, char *to)
{
    static const char from_letter[] = "b\bf\fn\nr\rt\t";
    char letter = *at + 1 < body.len ? body.at[*at + 1] : '\\';
    if (letter == 'u')
        return utf8_write(to, read_point(body, at));
    *at += 2;
    *to = letter;
    for (size_t i = 0; i + 1 < sizeof from_letter - 1; i += 2)
        if (from_letter[i] == letter)
            *to = from_letter[i + 1];
    return 1;
}

struct str json_unescape(struct str body, struct arena *arena)
{
    const char *escape = body.len ? memchr(body.at, '\\', body.len) : NULL;
    if (!escape)
        return body;
    char *to = arena_take(arena, body.len + 4); /* a cut "\\u" may grow */
    if (!to)
        return (struct str){NULL, 0};
    size_t at = 0, len = 0;
    while (escape) {
        size_t plain = (size_t)(escape - body.at) - at;
        memcpy(to + len, body.at + at, plain);
        len += plain;
        at += plain;
        len += unescape_one(body, &at, to + len);
        escape = at < body.len ? memchr(body.at + at, '\\', body.len - at) : NULL;
    }
    if (at < body.len) {
        memcpy(to + len, body.at + at, body.len - at);
        len += body.len - at;
    }
    return (struct str){to, len};
}

bool body_equal(struct str body, bool is_escaped, struct str text)
{
    if (!is_escaped)
        return str_equal(body, text);
    size_t at = 0, done = 0;
    while (at < body.len) {
        char piece[4];
        size_t len = 1;
        if (body.at[at] == '\\')
            len = unescape_one(body, &at, piece);
        else
            piece[0] = body.at[at++];
        if (len > text.len - done || memcmp(text.at + done, piece, len) != 0)
            return false;
        done += len;
    }
    return done == text.len;
}
