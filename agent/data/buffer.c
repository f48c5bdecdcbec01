/* agent/data/buffer.c - bytes being written, up to a maximum.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/data/buffer.h"

#include <stdarg.h>
#include <stdio.h>

#include "agent/memory.h"

enum {
    FIRST_ROOM = 256,
    DOUBLED_UP_TO =
        256 << 10, /* what is larger grows by half, and to no more than is asked for at first */
};

static size_t room_for(const struct buffer *buffer, size_t bytes)
{
    size_t room = buffer->room < FIRST_ROOM ? FIRST_ROOM : buffer->room;
    while (room < bytes && room < DOUBLED_UP_TO)
        room *= 2;
    if (room < bytes && buffer->room >= DOUBLED_UP_TO)
        room += room / 2;
    return room < bytes ? bytes : room;
}

void buffer_init(struct buffer *buffer, size_t max)
{
    MUST(max > 0);
    *buffer = (struct buffer){.max = max};
}

void buffer_clear(struct buffer *buffer)
{
    memory_free(buffer->at);
    buffer_init(buffer, buffer->max);
}

bool buffer_grow(struct buffer *buffer, size_t more)
{
    if (more == 0) /* nothing may be added to a null pointer, not even nothing */
        return buffer->at != NULL;
    if (buffer->full || more > buffer->max - buffer->len) {
        buffer->full = true;
        return false;
    }
    size_t room = room_for(buffer, buffer->len + more);
    if (room > buffer->max)
        room = buffer->max;
    char *grown = memory_resize(buffer->at, buffer->len, room);
    if (!grown) {
        buffer->full = true;
        return false;
    }
    buffer->at = grown;
    buffer->room = room;
    return true;
}

void buffer_format(struct buffer *buffer, const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    int len = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    MUST(len >= 0 && (size_t)len < sizeof text);
    buffer_add(buffer, (struct str){text, (size_t)len});
}

const char digit_pairs[] =
    "0001020304050607080910111213141516171819202122232425262728293031323334353637383940"
    "4142434445464748495051525354555657585960616263646566676869707172737475767778798081"
    "828384858687888990919293949596979899";

/* How many digits a number has: bits times log10(2), or one more. */
static size_t digits_of(uint64_t number)
{
    static const uint64_t powers[] = {
        1,
        10,
        100,
        1000,
        10000,
        100000,
        1000000,
        10000000,
        100000000,
        1000000000,
        10000000000,
        100000000000,
        1000000000000,
        10000000000000,
        100000000000000,
        1000000000000000,
        10000000000000000,
        100000000000000000,
        1000000000000000000,
        10000000000000000000U,
    };
    size_t bits = 64 - (size_t)__builtin_clzll(number | 1);
    size_t count = bits * 1233 >> 12;
    return count + (count == 0 || number >= powers[count]);
}

static void put_digits(char *to, size_t count, uint64_t number)
{
    for (; count > 1; count -= 2, number /= 100)
        digits_put(to + count - 2, (unsigned)(number % 100));
    if (count)
        to[0] = (char)('0' + number);
}

char *uint_put(char *to, uint64_t number)
{
    size_t count = digits_of(number);
    put_digits(to, count, number);
    return to + count;
}

void buffer_uint(struct buffer *buffer, uint64_t number)
{
    size_t count = digits_of(number);
    char *at = buffer_reserve(buffer, count);
    if (!at)
        return;
    put_digits(at, count, number);
    buffer->len += count;
}

void buffer_int(struct buffer *buffer, int64_t number)
{
    if (number < 0)
        buffer_byte(buffer, '-');
    buffer_uint(buffer, number < 0 ? 0 - (uint64_t)number : (uint64_t)number);
}
