/* agent/data/str.c - borrowed bytes.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/data/str.h"

#include <stdlib.h>
#include <string.h>

struct str str_from(const char *text)
{
    return (struct str){text ? text : "", text ? strlen(text) : 0};
}

static char lower(char byte)
{
    return byte >= 'A' && byte <= 'Z' ? (char)(byte + ('a' - 'A')) : byte;
}

bool str_equal_case(struct str a, struct str b)
{
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++)
        if (lower(a.at[i]) != lower(b.at[i]))
            return false;
    return true;
}

int str_compare(struct str a, struct str b)
{
    size_t common = a.len < b.len ? a.len : b.len;
    int order = common ? memcmp(a.at, b.at, common) : 0;
    if (order != 0)
        return order;
    return (a.len > b.len) - (a.len < b.len);
}

static bool is_blank(char byte)
{
    return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

struct str str_trim(struct str s)
{
    while (s.len && is_blank(s.at[0]))
        s = str_skip(s, 1);
    while (s.len && is_blank(s.at[s.len - 1]))
        s.len--;
    return s;
}

struct cut str_cut_last(struct str s, char at)
{
    const char *found = s.len ? memrchr(s.at, at, s.len) : NULL;
    return str_cut_around(s, found ? (size_t)(found - s.at) : SIZE_MAX, 1);
}

struct cut str_cut_str(struct str s, struct str at)
{
    return str_cut_around(s, str_find_str(s, at), at.len);
}

size_t str_find_str(struct str s, struct str text)
{
    if (text.len == 0)
        return 0;
    const char *found = s.len ? memmem(s.at, s.len, text.at, text.len) : NULL;
    return found ? (size_t)(found - s.at) : SIZE_MAX;
}

enum { SHORT_DIGITS = 18 }; /* so few that they overflow neither kind of integer */

static inline bool short_to_uint(struct str s, uint64_t *ret)
{
    uint64_t sum = 0;
    unsigned wrong = 0;
    for (size_t i = 0; i < s.len; i++) {
        unsigned digit = (unsigned)(unsigned char)s.at[i] - '0';
        wrong |= digit > 9;
        sum = sum * 10 + digit;
    }
    if (wrong)
        return false;
    *ret = sum;
    return true;
}

bool str_to_uint(struct str s, uint64_t *ret)
{
    uint64_t sum = 0;
    if (s.len == 0)
        return false;
    if (s.len <= SHORT_DIGITS)
        return short_to_uint(s, ret);
    for (size_t i = 0; i < s.len; i++) {
        if (s.at[i] < '0' || s.at[i] > '9')
            return false;
        if (__builtin_mul_overflow(sum, 10, &sum) ||
            __builtin_add_overflow(sum, (uint64_t)(s.at[i] - '0'), &sum))
            return false;
    }
    *ret = sum;
    return true;
}

bool str_to_int(struct str s, int64_t *ret)
{
    bool negative = s.len && s.at[0] == '-';
    uint64_t size;
    if (s.len && s.len <= SHORT_DIGITS && short_to_uint(s, &size)) {
        *ret = (int64_t)size;
        return true;
    }
    if (!str_to_uint(negative ? str_skip(s, 1) : s, &size))
        return false;
    if (size > (uint64_t)INT64_MAX + negative)
        return false;
    *ret = negative ? (int64_t)(0 - size) : (int64_t)size;
    return true;
}

/* JSON's number grammar (RFC 8259 section 6), so that "0x1", "inf" and "1." are not numbers. */
static bool is_number(struct str s)
{
    size_t i = 0;
    if (i < s.len && s.at[i] == '-')
        i++;
    size_t digits = i;
    while (i < s.len && s.at[i] >= '0' && s.at[i] <= '9')
        i++;
    if (i == digits || (s.at[digits] == '0' && i - digits > 1))
        return false;
    if (i < s.len && s.at[i] == '.') {
        size_t fraction = ++i;
        while (i < s.len && s.at[i] >= '0' && s.at[i] <= '9')
            i++;
        if (i == fraction)
            return false;
    }
    if (i < s.len && (s.at[i] == 'e' || s.at[i] == 'E')) {
        i++;
        if (i < s.len && (s.at[i] == '+' || s.at[i] == '-'))
            i++;
        size_t exponent = i;
        while (i < s.len && s.at[i] >= '0' && s.at[i] <= '9')
            i++;
        if (i == exponent)
            return false;
    }
    return i == s.len;
}

bool str_to_float(struct str s, double *ret)
{
    char text[64];
    if (s.len >= sizeof text || !is_number(s))
        return false;
    *ret = strtod(str_z(s, text, sizeof text), NULL);
    return true;
}

char *str_z(struct str s, char *to, size_t room)
{
    size_t len = s.len < room ? s.len : room - 1;
    if (len)
        memcpy(to, s.at, len);
    to[len] = '\0';
    return to;
}
