/* agent/data/value.c - values as text and as numbers.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "agent/data/event.h"
#include "agent/data/scan.h"
#include "agent/data/time.h"

static bool print_float(struct arena *scratch, double number, struct str *ret)
{
    char text[40];
    int len = snprintf(text, sizeof text, "%.15g", number);
    *ret = arena_copy(scratch, (struct str){text, (size_t)len});
    return ret->at != NULL;
}

static bool print_integer(struct arena *scratch, int64_t number, struct str *ret)
{
    char text[24];
    int len = snprintf(text, sizeof text, "%" PRId64, number);
    *ret = arena_copy(scratch, (struct str){text, (size_t)len});
    return ret->at != NULL;
}

static bool print_time(struct arena *scratch, int64_t ns, struct str *ret)
{
    char text[TIME_TEXT_MAX];
    *ret = arena_copy(scratch, (struct str){text, time_write(ns, text)});
    return ret->at != NULL;
}

bool value_text(struct value value, struct arena *scratch, struct str *ret)
{
    switch (value.kind) {
    case VALUE_MISSING:
    case VALUE_NULL:
        return false;
    case VALUE_BOOL:
        *ret = value.truth ? STR("true") : STR("false");
        return true;
    case VALUE_INTEGER:
        return print_integer(scratch, value.integer, ret);
    case VALUE_FLOAT:
        return print_float(scratch, value.real, ret);
    case VALUE_TIME:
        return print_time(scratch, value.integer, ret);
    case VALUE_DURATION: /* as in duration_ms */
        return print_float(scratch, (double)value.integer / 1e6, ret);
    case VALUE_ESCAPED:
        *ret = json_unescape(value.text, scratch);
        return ret->at != NULL;
    case VALUE_NUMBER:
    case VALUE_TEXT:
    case VALUE_STRING:
    case VALUE_OBJECT:
    case VALUE_ARRAY:
        break;
    }
    *ret = value.text;
    return true;
}

bool value_number(struct value value, double *ret)
{
    switch ((int)value.kind) {
    case VALUE_INTEGER:
    case VALUE_TIME:
    case VALUE_DURATION:
        *ret = (double)value.integer;
        return true;
    case VALUE_FLOAT:
        *ret = value.real;
        return true;
    case VALUE_NUMBER:
    case VALUE_STRING:
    case VALUE_TEXT:
        break;
    default:
        return false;
    }
    int64_t whole;
    if (value.text.len < 16 && str_to_int(value.text, &whole)) { /* most are, and strtod is slow */
        *ret = (double)whole;
        return true;
    }
    return str_to_float(value.text, ret);
}

/* 2^63 as a double is exact; what is as large does not fit. */
static bool whole_number(double number, int64_t *ret)
{
    if (!(number >= -9223372036854775808.0 && number < 9223372036854775808.0) ||
        number != floor(number))
        return false;
    *ret = (int64_t)number;
    return true;
}

bool value_integer(struct value value, int64_t *ret)
{
    if (value.kind == VALUE_INTEGER || value.kind == VALUE_TIME || value.kind == VALUE_DURATION) {
        *ret = value.integer;
        return true;
    }
    bool has_text =
        value.kind == VALUE_NUMBER || value.kind == VALUE_STRING || value.kind == VALUE_TEXT;
    if (has_text && str_to_int(value.text, ret))
        return true;
    double number;
    return value_number(value, &number) && whole_number(number, ret);
}
