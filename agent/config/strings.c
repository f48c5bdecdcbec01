/* agent/config/strings.c - texts, numbers with units, near misses.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/config/strings.h"

#include <ctype.h>

/* --- escapes --------------------------------------------------------------------------- */

static int hex_digit(char byte)
{
    if (byte >= '0' && byte <= '9')
        return byte - '0';
    char letter = (char)(byte | 32);
    return letter >= 'a' && letter <= 'f' ? letter - 'a' + 10 : -1;
}

/* Four hex digits, or -1. */
static int32_t code_unit(struct str s)
{
    int32_t unit = 0;
    if (s.len < 4)
        return -1;
    for (size_t i = 0; i < 4; i++) {
        int digit = hex_digit(s.at[i]);
        if (digit < 0)
            return -1;
        unit = unit * 16 + digit;
    }
    return unit;
}

static size_t put_code_point(char *to, uint32_t point)
{
    if (point < 0x80) {
        to[0] = (char)point;
        return 1;
    }
    if (point < 0x800) {
        to[0] = (char)(0xC0 | point >> 6);
        to[1] = (char)(0x80 | (point & 63));
        return 2;
    }
    if (point < 0x10000) {
        to[0] = (char)(0xE0 | point >> 12);
        to[1] = (char)(0x80 | (point >> 6 & 63));
        to[2] = (char)(0x80 | (point & 63));
        return 3;
    }
    to[0] = (char)(0xF0 | point >> 18);
    to[1] = (char)(0x80 | (point >> 12 & 63));
    to[2] = (char)(0x80 | (point >> 6 & 63));
    to[3] = (char)(0x80 | (point & 63));
    return 4;
}

/* What stands behind \u; *used grows by what was read. Negative: no code point. */
static int32_t unicode_escape(struct str rest, size_t *used)
{
    int32_t high = code_unit(rest);
    if (high < 0)
        return -1;
    *used += 4;
    if (high < 0xD800 || high > 0xDFFF)
        return high;
    struct str second = str_skip(rest, 4);
    int32_t low = str_starts(second, STR("\\u")) ? code_unit(str_skip(second, 2)) : -1;
    if (high > 0xDBFF || low < 0xDC00 || low > 0xDFFF)
        return -1;
    *used += 6;
    return 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00);
}

static void bad_escape(struct context *context, struct str body, size_t at, struct span span)
{
    struct span place = {span.source, span.at + 1 + (uint32_t)at, 2};
    struct diagnostic *error = diagnose_error(context->diagnostics, place, "\"%.*s\" is no escape",
                                              STR_ARG(str_slice(body, at, 2)));
    diagnose_hint(context->diagnostics, error,
                  "for a backslash write \\\\, or put the text in '...' where nothing is escaped");
}

struct str string_decode(struct context *context, struct str body, struct span span)
{
    static const char letters[] = "\"\\/bfnrt";
    static const char meant[] = "\"\\/\b\f\n\r\t";
    char *to = context_take(context, body.len + 1); /* escapes only shrink */
    size_t len = 0;
    for (size_t i = 0; i < body.len;) {
        if (body.at[i] != '\\' || i + 1 == body.len) {
            to[len++] = body.at[i++];
            continue;
        }
        const char *letter = memchr(letters, body.at[i + 1], sizeof letters - 1);
        if (letter) {
            to[len++] = meant[letter - letters];
            i += 2;
            continue;
        }
        size_t used = 2;
        int32_t point = body.at[i + 1] == 'u' ? unicode_escape(str_skip(body, i + 2), &used) : -1;
        if (point < 0)
            bad_escape(context, body, i, span);
        else
            len += put_code_point(to + len, (uint32_t)point);
        i += used;
    }
    return (struct str){to, len};
}

/* --- units ----------------------------------------------------------------------------- */

struct unit {
    const char *name;
    int64_t worth; /* 0: not a unit; people write it for `meant` */
    const char *meant;
};

static const struct unit time_units[] = {
    {"ns", 1, NULL},
    {"us", 1000, NULL},
    {"ms", 1000000, NULL},
    {"s", 1000000000, NULL},
    {"m", INT64_C(60000000000), NULL},
    {"h", INT64_C(3600000000000), NULL},
    {"d", INT64_C(86400000000000), NULL},
    {"sec", 0, "s"},
    {"secs", 0, "s"},
    {"second", 0, "s"},
    {"seconds", 0, "s"},
    {"min", 0, "m"},
    {"mins", 0, "m"},
    {"minute", 0, "m"},
    {"minutes", 0, "m"},
    {"hr", 0, "h"},
    {"hour", 0, "h"},
    {"hours", 0, "h"},
    {"day", 0, "d"},
    {"days", 0, "d"},
    {"w", 0, "d"},
    {"msec", 0, "ms"},
    {"millis", 0, "ms"},
    {NULL, 0, NULL},
};

static const struct unit size_units[] = {
    {"B", 1, NULL},
    {"kB", 1000, NULL},
    {"KB", 1000, NULL},
    {"MB", 1000000, NULL},
    {"GB", 1000000000, NULL},
    {"TB", INT64_C(1000000000000), NULL},
    {"KiB", 1024, NULL},
    {"MiB", 1024 * 1024, NULL},
    {"GiB", 1024 * 1024 * 1024, NULL},
    {"TiB", INT64_C(1) << 40, NULL},
    {"k", 0, "KB"},
    {"m", 0, "MB"},
    {"g", 0, "GB"},
    {"t", 0, "TB"},
    {"byte", 0, "B"},
    {"bytes", 0, "B"},
    {NULL, 0, NULL},
};

static const struct unit *unit_find(const struct unit *units, struct str name)
{
    for (; units->name; units++)
        if (str_equal(str_from(units->name), name))
            return units;
    return NULL;
}

/* Exactly, else in another case ("mb"). */
static const char *unit_meant(const struct unit *units, struct str name)
{
    for (; units->name; units++)
        if (str_equal_case(str_from(units->name), name))
            return units->meant ? units->meant : units->name;
    return "";
}

static size_t number_length(struct str text)
{
    size_t len = 0;
    while (len < text.len && (isdigit((unsigned char)text.at[len]) || text.at[len] == '.'))
        len++;
    return len;
}

static bool add_part(struct str number, int64_t worth, int64_t *sum)
{
    double fraction;
    int64_t whole, part;
    if (str_to_int(number, &whole))
        return !__builtin_mul_overflow(whole, worth, &part) &&
               !__builtin_add_overflow(*sum, part, sum);
    if (!str_to_float(number, &fraction) || fraction * (double)worth > 9e18)
        return false;
    return !__builtin_add_overflow(*sum, (int64_t)(fraction * (double)worth + 0.5), sum);
}

static enum literal_result literal_units(struct str text, const struct unit *units, int64_t *ret,
                                         const char **ret_unit)
{
    int64_t sum = 0;
    *ret_unit = "";
    if (text.len == 0)
        return LITERAL_NO_NUMBER;
    while (text.len) {
        struct str number = str_slice(text, 0, number_length(text));
        double checked;
        if (!str_to_float(number, &checked))
            return LITERAL_NO_NUMBER;
        text = str_skip(text, number.len);
        if (text.len == 0 && checked > 0)
            return LITERAL_NO_UNIT;
        size_t name_len = 0;
        while (name_len < text.len && isalpha((unsigned char)text.at[name_len]))
            name_len++;
        struct str name = str_slice(text, 0, name_len);
        const struct unit *unit = unit_find(units, name);
        if (name.len && (!unit || !unit->worth)) {
            *ret_unit = unit_meant(units, name);
            return LITERAL_UNKNOWN_UNIT;
        }
        if (unit && !add_part(number, unit->worth, &sum))
            return LITERAL_TOO_LARGE;
        text = str_skip(text, name_len);
        if (!unit && text.len)
            return LITERAL_NO_NUMBER;
    }
    *ret = sum;
    return LITERAL_OK;
}

enum literal_result literal_duration(struct str text, int64_t *ret, const char **ret_unit)
{
    return literal_units(text, time_units, ret, ret_unit);
}

enum literal_result literal_size(struct str text, int64_t *ret, const char **ret_unit)
{
    return literal_units(text, size_units, ret, ret_unit);
}

const char *unit_guess(struct str word)
{
    const char *guess = unit_meant(time_units, word);
    return *guess ? guess : unit_meant(size_units, word);
}

struct str duration_text(struct context *context, int64_t ns)
{
    size_t best = 0;
    for (size_t i = 0; time_units[i].worth; i++)
        if (ns % time_units[i].worth == 0)
            best = i;
    return context_format(context, "%lld%s", (long long)(ns / time_units[best].worth),
                          time_units[best].name);
}

/* --- near misses ----------------------------------------------------------------------- */

enum { WORD_MAX = 48 }; /* longer words have no near misses */

/* Edits (insert, delete, replace, swap neighbours) from a to b, letters alike in either case. */
static unsigned edits(struct str a, struct str b)
{
    unsigned rows[3][WORD_MAX + 1];
    for (size_t j = 0; j <= b.len; j++)
        rows[0][j] = (unsigned)j;
    for (size_t i = 1; i <= a.len; i++) {
        unsigned *row = rows[i % 3], *above = rows[(i - 1) % 3], *twice = rows[(i + 1) % 3];
        row[0] = (unsigned)i;
        for (size_t j = 1; j <= b.len; j++) {
            int left = tolower((unsigned char)a.at[i - 1]),
                right = tolower((unsigned char)b.at[j - 1]);
            unsigned least = above[j - 1] + (left != right);
            least = above[j] + 1 < least ? above[j] + 1 : least;
            least = row[j - 1] + 1 < least ? row[j - 1] + 1 : least;
            bool swapped = i > 1 && j > 1 && left == tolower((unsigned char)b.at[j - 2]) &&
                           right == tolower((unsigned char)a.at[i - 2]);
            if (swapped && twice[j - 2] + 1 < least)
                least = twice[j - 2] + 1;
            row[j] = least;
        }
    }
    return rows[a.len % 3][b.len];
}

struct nearest nearest_to(struct str wanted)
{
    return (struct nearest){.wanted = wanted, .distance = UINT32_MAX};
}

void nearest_try(struct nearest *nearest, struct str word)
{
    if (word.len == 0 || word.len > WORD_MAX || nearest->wanted.len > WORD_MAX)
        return;
    unsigned distance = edits(nearest->wanted, word);
    if (distance < nearest->distance) {
        nearest->distance = distance;
        nearest->best = word;
    }
}

struct str nearest_found(const struct nearest *nearest)
{
    size_t allowed = nearest->wanted.len < 3 ? 1 : nearest->wanted.len < 6 ? 2 : 3;
    bool is_near = nearest->distance <= allowed && nearest->distance < nearest->wanted.len;
    return is_near ? nearest->best : STR("");
}
