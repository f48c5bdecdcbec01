/* agent/data/encode_value.c - values to JSON text.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/data/encode_write.h"
#include "agent/data/plain.h"
#include "agent/data/time.h"
#include "agent/data/utf8.h"

static void escape_byte(struct buffer *to, char byte)
{
    static const char hex[] = "0123456789abcdef";
    static const char letters[32] = {
        ['\b'] = 'b', ['\f'] = 'f', ['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't'};
    unsigned char code = (unsigned char)byte;
    char escape[6] = {'\\', byte};
    size_t len = 2;
    if (code < 32 && letters[code]) {
        escape[1] = letters[code];
    } else if (code < 32) {
        escape[1] = 'u';
        escape[2] = escape[3] = '0';
        escape[4] = hex[code >> 4];
        escape[5] = hex[code & 15];
        len = 6;
    }
    buffer_add(to, (struct str){escape, len});
}

/* What begins with a byte above 0x7F: as much as is valid, or one U+FFFD; returns what it took. */
static size_t add_sequence(struct buffer *to, struct str text)
{
    size_t run = 0;
    while (run < text.len && (unsigned char)text.at[run] >= 0x80)
        run++;
    size_t valid = utf8_valid(str_slice(text, 0, run));
    buffer_add(to, str_slice(text, 0, valid));
    if (valid == run)
        return run;
    buffer_add(to, STR(UTF8_REPLACEMENT));
    return valid + utf8_broken(str_slice(text, valid, run - valid));
}

void encode_text_body(struct buffer *to, struct str text)
{
    while (text.len && !to->full) {
        size_t plain = plain_length(text);
        buffer_add(to, str_slice(text, 0, plain));
        text = str_skip(text, plain);
        if (text.len == 0)
            break;
        size_t taken = 1;
        if ((unsigned char)text.at[0] >= 0x80)
            taken = add_sequence(to, text);
        else
            escape_byte(to, text.at[0]);
        text = str_skip(text, taken);
    }
}

void encode_text(struct buffer *to, struct str text)
{
    if (is_plain_text(text)) {
        write_string(to, STR(""), text);
        return;
    }
    buffer_byte(to, '"');
    encode_text_body(to, text);
    buffer_byte(to, '"');
}

void encode_time(struct buffer *to, int64_t time_ns)
{
    char *at = buffer_reserve(to, TIME_TEXT_MAX + 2);
    if (!at)
        return;
    at[0] = '"';
    size_t len = time_write(time_ns, at + 1);
    at[len + 1] = '"';
    to->len += len + 2;
}

/* What is a whole number of millionths, as durations and amounts are, is written as such: the same
 * digits that printf() finds at a hundred times the price. False: it is something else. */
static bool add_millionths(struct buffer *to, double number)
{
    double size = fabs(number), scaled = size * 1e6;
    if (!(size >= 1e-4 && scaled < 1e15))
        return false;
    uint64_t millionths = (uint64_t)(scaled + 0.5);
    if ((double)millionths / 1e6 != size)
        return false;
    if (number < 0)
        buffer_byte(to, '-');
    buffer_uint(to, millionths / 1000000);
    uint64_t rest = millionths % 1000000;
    char digits[7] = {'.'};
    size_t len = 0;
    for (size_t i = 6; i > 0; i--, rest /= 10) {
        digits[i] = (char)('0' + rest % 10);
        if (len == 0 && rest % 10)
            len = i + 1;
    }
    buffer_add(to, (struct str){digits, len});
    return true;
}

/* The shortest of 15 and 17 digits that reads back as the same number. */
static void add_float(struct buffer *to, double number)
{
    char text[40];
    if (!isfinite(number)) {
        buffer_add(to, STR("null"));
        return;
    }
    if (add_millionths(to, number))
        return;
    int len = snprintf(text, sizeof text, "%.15g", number);
    if (strtod(text, NULL) != number)
        len = snprintf(text, sizeof text, "%.17g", number);
    buffer_add(to, (struct str){text, (size_t)len});
}

void encode_value(struct buffer *to, struct value value)
{
    switch (value.kind) {
    case VALUE_MISSING:
    case VALUE_NULL:
        buffer_add(to, STR("null"));
        break;
    case VALUE_BOOL:
        buffer_add(to, value.truth ? STR("true") : STR("false"));
        break;
    case VALUE_INTEGER:
        buffer_int(to, value.integer);
        break;
    case VALUE_FLOAT:
        add_float(to, value.real);
        break;
    case VALUE_TIME:
        encode_time(to, value.integer);
        break;
    case VALUE_DURATION:
        add_float(to, (double)value.integer / 1e6);
        break;
    case VALUE_TEXT:
        encode_text(to, value.text);
        break;
    case VALUE_STRING:
    case VALUE_ESCAPED:
        write_string(to, STR(""), value.text);
        break;
    case VALUE_NUMBER:
    case VALUE_OBJECT:
    case VALUE_ARRAY:
        buffer_add(to, value.text);
        break;
    }
}
