/* agent/data/str.h - borrowed bytes, from the socket to the socket.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A struct str never owns; it may hold NUL and need not be UTF-8. Lengths change only in here.
 */
#ifndef WEIR_STR_H
#define WEIR_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct str {
    const char *at;
    size_t len;
};

struct cut {
    struct str head, tail; /* without the separator; head is everything when not found */
    bool found;
};

#define STR(literal) ((struct str){"" literal, sizeof(literal) - 1})
#define STR_ARG(s)   (int)(s).len, (s).at /* for "%.*s" */

struct str str_from(const char *text); /* of a C string; null gives the empty str */
static inline bool str_equal(struct str a, struct str b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}
bool str_equal_case(struct str a, struct str b); /* ASCII letters alike in either case */
bool str_starts(struct str s, struct str prefix);
bool str_ends(struct str s, struct str suffix);
int str_compare(struct str a, struct str b); /* by bytes, a shorter one first */

struct str str_slice(struct str s, size_t from, size_t len); /* clamped to s */
struct str str_skip(struct str s, size_t count);             /* clamped to s */
struct str str_trim(struct str s);                           /* ASCII blanks at both ends */
struct cut str_cut(struct str s, char at);                   /* at the first such byte */
struct cut str_cut_last(struct str s, char at);
struct cut str_cut_str(struct str s, struct str at);
/* Index of the first byte or text, or SIZE_MAX. */
size_t str_find(struct str s, char byte);
size_t str_find_str(struct str s, struct str text);

/* Whole strings only; false (and ret untouched) on anything else, overflow included. */
bool str_to_int(struct str s, int64_t *ret);
bool str_to_uint(struct str s, uint64_t *ret);
bool str_to_float(struct str s, double *ret); /* JSON number grammar */

/* Copies into a C string of the given room, cut if need be; always ends it. Returns to. */
char *str_z(struct str s, char *to, size_t room);

#endif
