/* agent/config/functions.c - the functions of the expression language.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A missing argument gives a missing result (coalesce, if and any are no functions in this sense).
 * Texts are borrowed where nothing changes, else written to scratch; a full scratch gives MISSING.
 */
#include <xxhash.h>

#include "agent/config/strings.h"
#include "agent/config/term.h"
#include "agent/data/buffer.h"
#include "agent/data/scan.h"

static const struct value missing = {.kind = VALUE_MISSING};

static struct value text_value(struct str text)
{
    return text.at ? (struct value){.kind = VALUE_TEXT, .text = text} : missing;
}

static struct value integer_value(int64_t integer)
{
    return (struct value){.kind = VALUE_INTEGER, .integer = integer};
}

static bool starts_character(char byte)
{
    return ((unsigned char)byte & 0xC0) != 0x80;
}

static struct value change_case(struct value value, struct arena *scratch, char first, int step)
{
    struct str text;
    if (!value_text(value, scratch, &text))
        return missing;
    char *to = arena_take(scratch, text.len + 1);
    if (!to)
        return missing;
    for (size_t i = 0; i < text.len; i++) {
        bool is_letter = text.at[i] >= first && text.at[i] <= first + 25;
        to[i] = is_letter ? (char)(text.at[i] + step) : text.at[i];
    }
    return text_value((struct str){to, text.len});
}

static struct value call_lower(const struct value *args, size_t count, struct arena *scratch)
{
    (void)count;
    return change_case(args[0], scratch, 'A', 'a' - 'A');
}

static struct value call_upper(const struct value *args, size_t count, struct arena *scratch)
{
    (void)count;
    return change_case(args[0], scratch, 'a', 'A' - 'a');
}

static struct value call_trim(const struct value *args, size_t count, struct arena *scratch)
{
    struct str text;
    (void)count;
    return value_text(args[0], scratch, &text) ? text_value(str_trim(text)) : missing;
}

static struct value call_string(const struct value *args, size_t count, struct arena *scratch)
{
    struct str text;
    (void)count;
    return value_text(args[0], scratch, &text) ? text_value(text) : missing;
}

static struct value call_int(const struct value *args, size_t count, struct arena *scratch)
{
    struct number number;
    (void)count;
    (void)scratch;
    if (args[0].kind == VALUE_BOOL)
        return integer_value(args[0].truth);
    if (!number_of(args[0], &number))
        return missing;
    if (number.is_integer)
        return integer_value(number.integer);
    return number.real > -9.2e18 && number.real < 9.2e18 ? integer_value((int64_t)number.real)
                                                         : missing;
}

static struct value call_float(const struct value *args, size_t count, struct arena *scratch)
{
    struct number number;
    (void)count;
    (void)scratch;
    if (!number_of(args[0], &number))
        return missing;
    return (struct value){.kind = VALUE_FLOAT, .real = number.real};
}

/* Members of an array or object, else characters of a text. */
static struct value call_len(const struct value *args, size_t count, struct arena *scratch)
{
    (void)count;
    int64_t counted = 0;
    if (args[0].kind == VALUE_ARRAY || args[0].kind == VALUE_OBJECT) {
        struct member member;
        for (size_t at = 0; scan_next(args[0].text, &at, &member);)
            counted++;
        return integer_value(counted);
    }
    struct str text;
    if (!value_text(args[0], scratch, &text))
        return missing;
    for (size_t i = 0; i < text.len; i++)
        counted += starts_character(text.at[i]);
    return integer_value(counted);
}

static struct value call_hash(const struct value *args, size_t count, struct arena *scratch)
{
    struct str text;
    (void)count;
    char *to = arena_take(scratch, 16);
    if (!to || !value_text(args[0], scratch, &text))
        return missing;
    uint64_t hash = XXH64(text.at, text.len, 0);
    for (size_t i = 16; i-- > 0; hash >>= 4)
        to[i] = "0123456789abcdef"[hash & 15];
    return text_value((struct str){to, 16});
}

static struct value call_concat(const struct value *args, size_t count, struct arena *scratch)
{
    struct str parts[ARGUMENTS_MAX];
    size_t len = 0;
    for (size_t i = 0; i < count; i++) {
        if (!value_text(args[i], scratch, &parts[i]))
            return missing;
        len += parts[i].len;
    }
    char *to = arena_take(scratch, len + 1);
    if (!to)
        return missing;
    size_t at = 0;
    for (size_t i = 0; i < count; i++) {
        if (parts[i].len)
            memcpy(to + at, parts[i].at, parts[i].len);
        at += parts[i].len;
    }
    return text_value((struct str){to, len});
}

/* Byte offset of character `index`, at most the length. */
static size_t character_at(struct str text, int64_t index)
{
    size_t at = 0;
    while (at < text.len && (index > 0 || !starts_character(text.at[at]))) {
        at++;
        while (at < text.len && !starts_character(text.at[at]))
            at++;
        index--;
    }
    return at;
}

/* substr(text, from [, length]) in characters; a negative from counts from the end. */
static struct value call_substr(const struct value *args, size_t count, struct arena *scratch)
{
    struct str text;
    int64_t from, len = INT64_MAX;
    if (!value_text(args[0], scratch, &text) || !value_integer(args[1], &from) ||
        (count > 2 && !value_integer(args[2], &len)))
        return missing;
    if (from < 0) {
        int64_t all = call_len(args, 1, scratch).integer;
        from = all + from < 0 ? 0 : all + from;
    }
    struct str rest = str_skip(text, character_at(text, from));
    return text_value(str_slice(rest, 0, len < 0 ? 0 : character_at(rest, len)));
}

static struct value call_replace(const struct value *args, size_t count, struct arena *scratch)
{
    struct str text, from, to;
    (void)count;
    if (!value_text(args[0], scratch, &text) || !value_text(args[1], scratch, &from) ||
        !value_text(args[2], scratch, &to))
        return missing;
    size_t found = 0;
    if (from.len == 0)
        return text_value(text);
    struct cut cut = str_cut_str(text, from);
    for (struct str rest = text; cut = str_cut_str(rest, from), cut.found; rest = cut.tail)
        found++;
    size_t len = text.len - found * from.len + found * to.len;
    char *made = found ? arena_take(scratch, len + 1) : NULL;
    if (!made)
        return found ? missing : text_value(text);
    size_t at = 0;
    for (struct str rest = text; cut = str_cut_str(rest, from), rest.at; rest = cut.tail) {
        memcpy(made + at, cut.head.at, cut.head.len);
        at += cut.head.len;
        if (!cut.found)
            break;
        if (to.len)
            memcpy(made + at, to.at, to.len);
        at += to.len;
    }
    return text_value((struct str){made, len});
}

static struct value split_part(struct str text, struct str at, int64_t index)
{
    int64_t parts = 1;
    struct cut cut;
    for (struct str rest = text; cut = str_cut_str(rest, at), cut.found; rest = cut.tail)
        parts++;
    if (index < 0)
        index += parts;
    if (index < 0 || index >= parts)
        return missing;
    for (; index > 0; index--)
        text = str_cut_str(text, at).tail;
    return text_value(str_cut_str(text, at).head);
}

static size_t quote_into(char *to, struct str text)
{
    size_t len = 0;
    to[len++] = '"';
    for (size_t i = 0; i < text.len; i++) {
        unsigned char byte = (unsigned char)text.at[i];
        if (byte == '"' || byte == '\\')
            to[len++] = '\\';
        if (byte >= ' ') {
            to[len++] = (char)byte;
            continue;
        }
        memcpy(to + len, "\\u00", 4);
        to[len + 4] = "0123456789abcdef"[byte >> 4];
        to[len + 5] = "0123456789abcdef"[byte & 15];
        len += 6;
    }
    to[len++] = '"';
    return len;
}

/* split(text, separator) is an array; split(text, separator, index) one of its parts, -1 the last.
 */
static struct value call_split(const struct value *args, size_t count, struct arena *scratch)
{
    struct str text, at;
    int64_t index;
    if (!value_text(args[0], scratch, &text) || !value_text(args[1], scratch, &at) || at.len == 0)
        return missing;
    if (count > 2)
        return value_integer(args[2], &index) ? split_part(text, at, index) : missing;
    char *to = arena_take(
        scratch, text.len * 6 + 8); /* every byte an escape, which is longer than a separator */
    if (!to)
        return missing;
    size_t len = 0;
    bool more = true;
    to[len++] = '[';
    for (struct str rest = text; more;) {
        struct cut cut = str_cut_str(rest, at);
        if (len > 1)
            to[len++] = ',';
        len += quote_into(to + len, cut.head);
        more = cut.found;
        rest = cut.tail;
    }
    to[len++] = ']';
    /* Text that is no UTF-8 makes no JSON. */
    return scan_is_valid((struct str){to, len})
               ? (struct value){.kind = VALUE_ARRAY, .text = {to, len}}
               : missing;
}

static struct value json_text(struct str body)
{
    bool is_escaped = str_find(body, '\\') != SIZE_MAX;
    return (struct value){.kind = is_escaped ? VALUE_ESCAPED : VALUE_STRING, .text = body};
}

static struct value call_parse_json(const struct value *args, size_t count, struct arena *scratch)
{
    struct str text;
    (void)count;
    if (!value_text(args[0], scratch, &text))
        return missing;
    text = str_trim(text);
    if (text.len == 0 || !scan_is_valid(text))
        return missing;
    switch (text.at[0]) {
    case '{':
        return (struct value){.kind = VALUE_OBJECT, .text = text};
    case '[':
        return (struct value){.kind = VALUE_ARRAY, .text = text};
    case '"':
        return json_text(str_slice(text, 1, text.len - 2));
    case 't':
    case 'f':
        return (struct value){.kind = VALUE_BOOL, .truth = text.at[0] == 't'};
    case 'n':
        return (struct value){.kind = VALUE_NULL};
    default:
        return (struct value){.kind = VALUE_NUMBER, .text = text};
    }
}

static const struct function functions[] = {
    {"lower", 1, 1, TYPE_TEXT, TYPE_TEXT, call_lower},
    {"upper", 1, 1, TYPE_TEXT, TYPE_TEXT, call_upper},
    {"trim", 1, 1, TYPE_TEXT, TYPE_TEXT, call_trim},
    {"split", 2, 3, TYPE_TEXT, TYPE_ANY, call_split},
    {"replace", 3, 3, TYPE_TEXT, TYPE_TEXT, call_replace},
    {"substr", 2, 3, TYPE_TEXT, TYPE_TEXT, call_substr},
    {"concat", 1, ARGUMENTS_MAX, TYPE_ANY, TYPE_TEXT, call_concat},
    {"int", 1, 1, TYPE_ANY, TYPE_NUMBER, call_int},
    {"float", 1, 1, TYPE_ANY, TYPE_NUMBER, call_float},
    {"string", 1, 1, TYPE_ANY, TYPE_TEXT, call_string},
    {"len", 1, 1, TYPE_ANY, TYPE_NUMBER, call_len},
    {"hash", 1, 1, TYPE_ANY, TYPE_TEXT, call_hash},
    {"parse_json", 1, 1, TYPE_TEXT, TYPE_ANY, call_parse_json},
    /* Not called: the compiler gives these nodes of their own. */
    {"coalesce", 1, ARGUMENTS_MAX, TYPE_ANY, TYPE_ANY, NULL},
    {"if", 3, 3, TYPE_BOOL, TYPE_ANY, NULL},
    {"any", 1, 1, TYPE_BOOL, TYPE_BOOL, NULL},
    {"exists", 1, 1, TYPE_ANY, TYPE_BOOL, NULL},
};

const struct function *function_find(struct str name)
{
    for (size_t i = 0; i < COUNT(functions); i++)
        if (str_equal(name, str_from(functions[i].name)))
            return &functions[i];
    return NULL;
}

struct str function_nearest(struct str name)
{
    struct nearest nearest = nearest_to(name);
    for (size_t i = 0; i < COUNT(functions); i++)
        nearest_try(&nearest, str_from(functions[i].name));
    return nearest_found(&nearest);
}
