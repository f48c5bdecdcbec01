/* agent/data/time.c - times as loggers write them, and back to RFC 3339.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/data/time.h"

#include <string.h>

#include "agent/data/buffer.h"

#define SECOND_NS INT64_C(1000000000)
#define MINUTE_NS (60 * SECOND_NS)
#define DAY_NS    (86400 * SECOND_NS)

enum { YEAR_MIN = 1678, YEAR_MAX = 2261 }; /* what 64 bits of ns hold */
enum { MINUTE_LENGTH = 16 };               /* "2023-01-02T03:04" */

static bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

/* Reads exactly `count` digits at `at`. */
static bool read_digits(struct str text, size_t at, size_t count, unsigned *ret)
{
    if (at + count > text.len)
        return false;
    unsigned sum = 0;
    for (size_t i = at; i < at + count; i++) {
        if (!is_digit(text.at[i]))
            return false;
        sum = sum * 10 + (unsigned)(text.at[i] - '0');
    }
    *ret = sum;
    return true;
}

static bool byte_is(struct str text, size_t at, char a, char b)
{
    return at < text.len && (text.at[at] == a || text.at[at] == b);
}

/* Days since 1970-01-01 of a Gregorian date, by eras of 400 years that start in March. */
static int64_t days_from_civil(int year, unsigned month, unsigned day)
{
    int64_t y = year - (month <= 2);
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t year_of_era = y - era * 400;
    int64_t day_of_year =
        (153 * ((int64_t)month + (month > 2 ? -3 : 9)) + 2) / 5 + (int64_t)day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

int64_t time_from_day(int year, unsigned month, unsigned day)
{
    return days_from_civil(year, month, day) * DAY_NS;
}

static bool is_date(unsigned year, unsigned month, unsigned day)
{
    static const unsigned char days[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (year < YEAR_MIN || year > YEAR_MAX || month < 1 || month > 12)
        return false;
    if (month == 2 && day == 29 && (year % 4 != 0 || (year % 100 == 0 && year % 400 != 0)))
        return false;
    return day >= 1 && day <= days[month - 1];
}

/* "2023-01-02T03:04" */
static bool read_minute(struct str text, int64_t *ret_ns)
{
    unsigned year, month, day, hour, minute;
    if (!read_digits(text, 0, 4, &year) || !byte_is(text, 4, '-', '/') ||
        !read_digits(text, 5, 2, &month) || !byte_is(text, 7, '-', '/') ||
        !read_digits(text, 8, 2, &day) || !is_date(year, month, day))
        return false;
    if (!(byte_is(text, 10, 'T', 't') || byte_is(text, 10, ' ', '_')) ||
        !read_digits(text, 11, 2, &hour) || !byte_is(text, 13, ':', ':') ||
        !read_digits(text, 14, 2, &minute) || hour > 23 || minute > 59)
        return false;
    *ret_ns = time_from_day((int)year, month, day) + (int64_t)(hour * 60 + minute) * MINUTE_NS;
    return true;
}

static bool cached_minute(struct str text, struct time_cache *cache, int64_t *ret_ns)
{
    if (text.len < MINUTE_LENGTH)
        return false;
    if (cache && memcmp(cache->minute, text.at, MINUTE_LENGTH) == 0) {
        *ret_ns = cache->minute_ns;
        return true;
    }
    if (!read_minute(text, ret_ns))
        return false;
    if (cache) {
        memcpy(cache->minute, text.at, MINUTE_LENGTH);
        cache->minute_ns = *ret_ns;
    }
    return true;
}

/* ".678" or ",678", any number of digits; what is finer than a nanosecond is cut. */
static bool read_fraction(struct str text, size_t *at, int64_t *ret_ns)
{
    size_t i = *at;
    if (!byte_is(text, i, '.', ','))
        return true;
    int64_t sum = 0, unit = SECOND_NS;
    size_t first = ++i;
    for (; i < text.len && is_digit(text.at[i]); i++) {
        if (unit > 1) {
            sum = sum * 10 + (text.at[i] - '0');
            unit /= 10;
        }
    }
    if (i == first)
        return false;
    *at = i;
    *ret_ns += sum * unit;
    return true;
}

/* "Z", "+02:00", "-0700", "+02", " UTC", " GMT" or nothing; must end the text. */
static bool read_zone(struct str text, int64_t *ns)
{
    if (text.len && text.at[0] == ' ')
        text = str_skip(text, 1);
    if (text.len == 0 || str_equal_case(text, STR("Z")) || str_equal(text, STR("UTC")) ||
        str_equal(text, STR("GMT")))
        return true;
    unsigned hours, minutes = 0;
    if (!byte_is(text, 0, '+', '-') || !read_digits(text, 1, 2, &hours))
        return false;
    size_t at = byte_is(text, 3, ':', ':') ? 4 : 3;
    if (text.len > 3 && (!read_digits(text, at, 2, &minutes) || text.len != at + 2))
        return false;
    if (hours > 23 || minutes > 59)
        return false;
    int64_t offset = (int64_t)(hours * 60 + minutes) * MINUTE_NS;
    *ns += text.at[0] == '+' ? -offset : offset;
    return true;
}

/* What follows the minute: ":05.678Z", the seconds may be missing. */
static bool read_rest(struct str rest, int64_t ns, int64_t *ret_ns)
{
    size_t at = 0;
    unsigned second = 0;
    if (byte_is(rest, 0, ':', ':')) {
        if (!read_digits(rest, 1, 2, &second) || second > 60)
            return false;
        at = 3;
        ns += (int64_t)second * SECOND_NS;
        if (!read_fraction(rest, &at, &ns))
            return false;
    }
    if (!read_zone(str_skip(rest, at), &ns))
        return false;
    *ret_ns = ns;
    return true;
}

static unsigned month_from_name(const char *name)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    for (unsigned i = 0; i < 12; i++)
        if (memcmp(months + (size_t)i * 3, name, 3) == 0)
            return i + 1;
    return 0;
}

bool time_parse_clf(struct str text, int64_t *ret_ns)
{
    unsigned day, year, hour, minute;
    if (text.len < 20 || !read_digits(text, 0, 2, &day) || text.at[2] != '/' || text.at[6] != '/')
        return false;
    unsigned month = month_from_name(text.at + 3);
    if (!read_digits(text, 7, 4, &year) || !is_date(year, month, day) || text.at[11] != ':' ||
        !read_digits(text, 12, 2, &hour) || text.at[14] != ':' ||
        !read_digits(text, 15, 2, &minute) || hour > 23 || minute > 59)
        return false;
    int64_t ns = time_from_day((int)year, month, day) + (int64_t)(hour * 60 + minute) * MINUTE_NS;
    return read_rest(str_skip(text, 17), ns, ret_ns);
}

bool time_parse(struct str text, struct time_cache *cache, int64_t *ret_ns)
{
    int64_t minute_ns;
    if (cache && time_parse_common(text, cache, ret_ns))
        return true;
    if (cached_minute(text, cache, &minute_ns))
        return read_rest(str_skip(text, MINUTE_LENGTH), minute_ns, ret_ns);
    if (text.len > 2 && text.at[2] == '/')
        return time_parse_clf(text, ret_ns);
    return time_parse_number(text, ret_ns);
}

/* The unit that a count since 1970 is in, by its size: 1e11 s is the year 5138, 1e11 ms is 1973. */
static int64_t unit_of(uint64_t count)
{
    if (count < UINT64_C(100000000000))
        return SECOND_NS;
    if (count < UINT64_C(100000000000000))
        return 1000000;
    return count < UINT64_C(100000000000000000) ? 1000 : 1;
}

/* Digits after the point, as ns of a unit. */
static bool fraction_ns(struct str digits, int64_t unit, int64_t *ret)
{
    int64_t sum = 0;
    for (size_t i = 0; i < digits.len; i++) {
        if (!is_digit(digits.at[i]))
            return false;
        unit /= 10;
        sum += (digits.at[i] - '0') * unit;
    }
    *ret = sum;
    return digits.len > 0;
}

bool time_parse_number(struct str number, int64_t *ret_ns)
{
    struct cut cut = str_cut(number, '.');
    uint64_t count;
    if (cut.head.len > 19 || !str_to_uint(cut.head, &count) || count < 100000000)
        return false;
    int64_t unit = unit_of(count), fraction = 0, ns;
    if (cut.found && !fraction_ns(cut.tail, unit, &fraction))
        return false;
    if (__builtin_mul_overflow((int64_t)count, unit, &ns) ||
        __builtin_add_overflow(ns, fraction, &ns))
        return false;
    *ret_ns = ns;
    return true;
}

/* An even number of digits. */
static inline char *write_digits(char *to, unsigned number, unsigned count)
{
    for (unsigned i = count; i > 0; i -= 2, number /= 100)
        digits_put(to + i - 2, number % 100);
    return to + count;
}

static char *write_date(char *to, int64_t days)
{
    int64_t z = days + 719468;
    int64_t era = (z >= 0 ? z : z - 146096) / 146097;
    int64_t day_of_era = z - era * 146097;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month = (5 * day_of_year + 2) / 153;
    int64_t day = day_of_year - (153 * month + 2) / 5 + 1;
    month += month < 10 ? 3 : -9;
    int64_t year = year_of_era + era * 400 + (month <= 2);
    to = write_digits(to, (unsigned)year, 4);
    *to++ = '-';
    to = write_digits(to, (unsigned)month, 2);
    *to++ = '-';
    return write_digits(to, (unsigned)day, 2);
}

static char *write_fraction(char *to, unsigned ns)
{
    if (ns == 0)
        return to;
    unsigned millis = ns / 1000000, rest = ns % 1000000;
    *to++ = '.';
    *to++ = (char)('0' + millis / 100);
    to = digits_put(to, millis % 100);
    if (rest == 0)
        return to;
    write_digits(to, rest, 6);
    return to + (rest % 1000 == 0 ? 3 : 6);
}

enum { SECOND_TEXT = 19 }; /* 2023-01-02T03:04:05 */

static void write_second(char *to, int64_t second)
{
    enum { DAY_S = 86400 };
    int64_t days = second / DAY_S - (second % DAY_S < 0);
    unsigned rest = (unsigned)(second - days * DAY_S);
    char *at = write_date(to, days);
    *at++ = 'T';
    at = digits_put(at, rest / 3600);
    *at++ = ':';
    at = digits_put(at, rest / 60 % 60);
    *at++ = ':';
    digits_put(at, rest % 60);
}

size_t time_write(int64_t time_ns, char to[static TIME_TEXT_MAX])
{
    /* The second that was written last: lines come many to a second. */
    static _Thread_local char text[SECOND_TEXT];
    static _Thread_local int64_t text_second = INT64_MIN;
    int64_t second = time_ns / SECOND_NS, ns = time_ns % SECOND_NS;
    if (ns < 0) {
        ns += SECOND_NS;
        second--;
    }
    if (second != text_second) {
        write_second(text, second);
        text_second = second;
    }
    memcpy(to, text, SECOND_TEXT);
    char *at = write_fraction(to + SECOND_TEXT, (unsigned)ns);
    *at++ = 'Z';
    return (size_t)(at - to);
}
