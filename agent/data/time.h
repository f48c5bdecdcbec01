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
