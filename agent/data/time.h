/* agent/data/time.h - times as loggers write them, and back to RFC 3339.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Read are: RFC 3339 with any number of fraction digits and any offset (a blank or a slash where people put
 * one, "2023-01-02 03:04:05,678+0000"; no offset means UTC), the common log format's
 * "10/Oct/2000:13:55:36 -0700", and numbers since 1970 whose unit is guessed by their size.
 */
#ifndef WEIR_TIME_H
#define WEIR_TIME_H

#include "agent/data/str.h"

enum { TIME_TEXT_MAX = 32 };

/* The last minute that was read: log lines come many to a minute. Zeroed: empty. */
struct time_cache {
    char minute[16]; /* "2023-01-02T03:04" */
    int64_t minute_ns;
};

/* False, and ret untouched, if it is no time. The cache may be null. */
bool time_parse(struct str text, struct time_cache *cache, int64_t *ret_ns);
/* "2023-01-02T03:04:05.678Z", which most loggers write, in the minute of the line before. False: time_parse() may
 * know better. */
static inline bool time_parse_common(struct str text, const struct time_cache *cache, int64_t *ret_ns)
{
    if (text.len != 24 || !bytes_equal(cache->minute, text.at, sizeof cache->minute))
        return false;
    static const unsigned char spelled[] = ":00.000Z", digits[] = "\0\017\017\0\017\017\017";
    uint64_t rest, zeros, low, six = UINT64_C(0x0606060606060606);
    memcpy(&rest, text.at + 16, 8), memcpy(&zeros, spelled, 8), memcpy(&low, digits, 8);
    rest ^= zeros; /* every digit is its value now, everything else 0 */
    if ((rest | (rest + (six & low))) & ~low)
        return false;
    const unsigned char *at = (const unsigned char *)text.at + 16;
    unsigned second = (at[1] & 15u) * 10 + (at[2] & 15u);
    unsigned millis = (at[4] & 15u) * 100 + (at[5] & 15u) * 10 + (at[6] & 15u);
    if (second > 60)
        return false;
    *ret_ns = cache->minute_ns + (int64_t)second * 1000000000 + (int64_t)millis * 1000000;
    return true;
}
/* A number: below 1e11 seconds, 1e14 ms, 1e17 us, else ns; a fraction counts in that unit. Below 1e8 (1973)
 * it is a counter, not a time: false. */
bool time_parse_number(struct str number, int64_t *ret_ns);

/* "10/Oct/2000:13:55:36 -0700" */
bool time_parse_clf(struct str text, int64_t *ret_ns);

/* ns since 1970 of a UTC day; month and day count from 1 and must be in range. */
int64_t time_from_day(int year, unsigned month, unsigned day);

/* RFC 3339 in UTC with 0, 3, 6 or 9 fraction digits; returns the length. */
size_t time_write(int64_t time_ns, char to[static TIME_TEXT_MAX]);

#endif
