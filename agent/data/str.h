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
/* Keys and words are short, and for those a call of memcmp() costs more than the comparison. */
static inline bool bytes_equal(const char *a, const char *b, size_t len)
{
    uint64_t a8, b8, a8_last, b8_last;
    uint32_t a4, b4, a4_last, b4_last;
    if (len > 16)
        return memcmp(a, b, len) == 0;
    if (len >= 8) {
        memcpy(&a8, a, 8), memcpy(&b8, b, 8);
        memcpy(&a8_last, a + len - 8, 8), memcpy(&b8_last, b + len - 8, 8);
        return ((a8 ^ b8) | (a8_last ^ b8_last)) == 0;
    }
    if (len >= 4) {
        memcpy(&a4, a, 4), memcpy(&b4, b, 4);
        memcpy(&a4_last, a + len - 4, 4), memcpy(&b4_last, b + len - 4, 4);
        return ((a4 ^ b4) | (a4_last ^ b4_last)) == 0;
    }
    return len == 0 || (a[0] == b[0] && a[len / 2] == b[len / 2] && a[len - 1] == b[len - 1]);
}

static inline bool str_equal(struct str a, struct str b)
{
    size_t len = __builtin_constant_p(a.len) ? a.len : b.len; /* of a literal the compiler knows which way to go */
    return a.len == b.len && bytes_equal(a.at, b.at, len);
}
bool str_equal_case(struct str a, struct str b); /* ASCII letters alike in either case */
static inline bool str_starts(struct str s, struct str prefix)
{
    return s.len >= prefix.len && bytes_equal(s.at, prefix.at, prefix.len);
}
static inline bool str_ends(struct str s, struct str suffix)
{
    return s.len >= suffix.len && bytes_equal(s.at + (s.len - suffix.len), suffix.at, suffix.len);
}
int str_compare(struct str a, struct str b); /* by bytes, a shorter one first */

/* Both are clamped to s. */
static inline struct str str_slice(struct str s, size_t from, size_t len)
{
    if (from > s.len)
        from = s.len;
    if (len > s.len - from)
        len = s.len - from;
    return (struct str){s.at + from, len};
}
static inline struct str str_skip(struct str s, size_t count)
{
    return str_slice(s, count, s.len);
}
struct str str_trim(struct str s);                           /* ASCII blanks at both ends */
static inline struct cut str_cut_around(struct str s, size_t index, size_t width) /* SIZE_MAX: nowhere */
{
    if (index == SIZE_MAX)
        return (struct cut){.head = s, .tail = str_skip(s, s.len), .found = false};
    return (struct cut){.head = str_slice(s, 0, index), .tail = str_skip(s, index + width), true};
}
/* Index of the first byte, or SIZE_MAX. */
static inline size_t str_find(struct str s, char byte)
{
    const char *found = s.len ? (const char *)memchr(s.at, byte, s.len) : NULL;
    return found ? (size_t)(found - s.at) : SIZE_MAX;
}
static inline struct cut str_cut(struct str s, char at) /* at the first such byte */
{
    return str_cut_around(s, str_find(s, at), 1);
}
struct cut str_cut_last(struct str s, char at);
struct cut str_cut_str(struct str s, struct str at);
/* Index of the first such text, or SIZE_MAX. */
size_t str_find_str(struct str s, struct str text);

/* Whole strings only; false (and ret untouched) on anything else, overflow included. */
bool str_to_int(struct str s, int64_t *ret);
bool str_to_uint(struct str s, uint64_t *ret);
bool str_to_float(struct str s, double *ret); /* JSON number grammar */

/* Copies into a C string of the given room, cut if need be; always ends it. Returns to. */
char *str_z(struct str s, char *to, size_t room);

#endif
