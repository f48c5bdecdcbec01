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

/* Where the next `more` bytes may be stored, or null. The caller then adds to len. */
static inline char *buffer_reserve(struct buffer *buffer, size_t more)
{
    if (LIKELY(more <= buffer->room - buffer->len) || buffer_grow(buffer, more))
        return buffer->at + buffer->len;
    return NULL;
}

static inline void buffer_add(struct buffer *buffer, struct str s)
{
    char *to = buffer_reserve(buffer, s.len);
    if (LIKELY(to != NULL) && s.len) {
        memcpy(to, s.at, s.len);
        buffer->len += s.len;
    }
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

void buffer_format(struct buffer *buffer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void buffer_uint(struct buffer *buffer, uint64_t number);
void buffer_int(struct buffer *buffer, int64_t number);

#endif
