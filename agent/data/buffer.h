/* agent/data/buffer.h - bytes being written, up to a maximum.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Writers that know a bound reserve once and then store; after a failed reserve the buffer is
 * marked full, later writes do nothing, and whoever owns it looks at `full` once at the end.
 */
#ifndef WEIR_BUFFER_H
#define WEIR_BUFFER_H

#include <stdbool.h>
#include <string.h>

#include "agent/data/str.h"
#include "agent/must.h"

struct buffer {
    char *at;
    size_t len, room, max;
    bool full; /* a write did not fit: what is in here is cut short */
};

void buffer_init(struct buffer *buffer, size_t max);
void buffer_clear(struct buffer *buffer); /* frees */
bool buffer_grow(struct buffer *buffer, size_t more);

static inline void buffer_reset(struct buffer *buffer)
{
    buffer->len = 0;
    buffer->full = false;
}

/* Where the next `more` bytes may be stored, or null, as for no bytes while the buffer has none.
 * The caller then adds to len. */
static inline char *buffer_reserve(struct buffer *buffer, size_t more)
{
    if (LIKELY(more - 1 < buffer->room - buffer->len) || buffer_grow(buffer, more)) /* 0: there */
        return buffer->at + buffer->len;
    return NULL;
}

/* Copies where there is room already; returns the place behind it. Keys and most values are short, and for
 * those a call of memcpy() costs more than the copy. */
static inline char *bytes_put(char *to, struct str s)
{
    const char *from = s.at;
    size_t len = s.len;
    if (len > 32) {
        memcpy(to, from, len);
    } else if (len >= 16) {
        memcpy(to, from, 16);
        memcpy(to + len - 16, from + len - 16, 16);
    } else if (len >= 8) {
        memcpy(to, from, 8);
        memcpy(to + len - 8, from + len - 8, 8);
    } else if (len >= 4) {
        memcpy(to, from, 4);
        memcpy(to + len - 4, from + len - 4, 4);
    } else if (len) {
        to[0] = from[0];
        to[len / 2] = from[len / 2];
        to[len - 1] = from[len - 1];
    }
    return to + len;
}

static inline void buffer_add(struct buffer *buffer, struct str s)
{
    char *to = buffer_reserve(buffer, s.len);
    if (LIKELY(to != NULL))
        buffer->len = (size_t)(bytes_put(to, s) - buffer->at);
}

static inline void buffer_byte(struct buffer *buffer, char byte)
{
    char *to = buffer_reserve(buffer, 1);
    if (LIKELY(to != NULL)) {
        *to = byte;
        buffer->len++;
    }
}

static inline struct str buffer_str(const struct buffer *buffer)
{
    return (struct str){buffer->at, buffer->len};
}

extern const char digit_pairs[];

/* Two digits, below 100. Returns the place behind them. */
static inline char *digits_put(char *to, unsigned number)
{
    memcpy(to, digit_pairs + (size_t)number * 2, 2);
    return to + 2;
}

void buffer_format(struct buffer *buffer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
char *uint_put(char *to, uint64_t number); /* at most 20 digits; returns the place behind them */
void buffer_uint(struct buffer *buffer, uint64_t number);
void buffer_int(struct buffer *buffer, int64_t number);

#endif
