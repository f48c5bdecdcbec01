/* agent/data/utf8.c - is it UTF-8 (RFC 3629), and what to do when it is not.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/data/utf8.h"

#include <string.h>

struct lead { /* what a first byte promises: length, and the bounds of the second byte */
    uint8_t length, low, high;
};

static struct lead lead_of(uint8_t byte)
{
    if (byte < 0x80)
        return (struct lead){1, 0, 0};
    if (byte < 0xC2)
        return (struct lead){0, 0, 0};
    if (byte < 0xE0)
        return (struct lead){2, 0x80, 0xBF};
    if (byte < 0xF0)
        return (struct lead){3, byte == 0xE0 ? 0xA0 : 0x80, byte == 0xED ? 0x9F : 0xBF};
    if (byte < 0xF5)
        return (struct lead){4, byte == 0xF0 ? 0x90 : 0x80, byte == 0xF4 ? 0x8F : 0xBF};
    return (struct lead){0, 0, 0};
}

/* How many bytes of the sequence at the start of text are as they should be; *ret_whole: all of it.
 */
static size_t read_sequence(struct str text, bool *ret_whole)
{
    struct lead lead = lead_of((uint8_t)text.at[0]);
    *ret_whole = lead.length == 1;
    if (lead.length < 2)
        return lead.length;
    if (text.len < 2 || (uint8_t)text.at[1] < lead.low || (uint8_t)text.at[1] > lead.high)
        return 1;
    size_t i = 2;
    while (i < lead.length && i < text.len && ((uint8_t)text.at[i] & 0xC0) == 0x80)
        i++;
    *ret_whole = i == lead.length;
    return i;
}

static size_t skip_ascii(struct str text)
{
    size_t i = 0;
    for (; i + 8 <= text.len; i += 8) {
        uint64_t eight;
        memcpy(&eight, text.at + i, 8);
        if (eight & UINT64_C(0x8080808080808080))
            break;
    }
    while (i < text.len && (uint8_t)text.at[i] < 0x80)
        i++;
    return i;
}

size_t utf8_valid(struct str text)
{
    size_t at = 0;
    for (;;) {
        at += skip_ascii(str_skip(text, at));
        /* Scripts other than Latin come in runs: stay with the sequences until ASCII comes back. */
        while (at < text.len && (uint8_t)text.at[at] >= 0x80) {
            bool whole;
            size_t length = read_sequence(str_skip(text, at), &whole);
            if (!whole)
                return at;
            at += length;
        }
        if (at == text.len)
            return at;
    }
}

size_t utf8_broken(struct str text)
{
    bool whole;
    size_t length = read_sequence(text, &whole);
    return length ? length : 1;
}

static size_t repaired_size(struct str text)
{
    size_t size = 0;
    while (text.len) {
        size_t valid = utf8_valid(text);
        size += valid;
        text = str_skip(text, valid);
        if (text.len) {
            size += sizeof UTF8_REPLACEMENT - 1;
            text = str_skip(text, utf8_broken(text));
        }
    }
    return size;
}

struct str utf8_repair(struct str text, struct arena *arena)
{
    size_t size = repaired_size(text);
    char *to = arena_take(arena, size);
    if (!to)
        return (struct str){NULL, 0};
    char *next = to;
    while (text.len) {
        size_t valid = utf8_valid(text);
        memcpy(next, text.at, valid);
        next += valid;
        text = str_skip(text, valid);
        if (text.len) {
            memcpy(next, UTF8_REPLACEMENT, sizeof UTF8_REPLACEMENT - 1);
            next += sizeof UTF8_REPLACEMENT - 1;
            text = str_skip(text, utf8_broken(text));
        }
    }
    return (struct str){to, size};
}

size_t utf8_write(char *to, uint32_t point)
{
    if (point < 0x80) {
        to[0] = (char)point;
        return 1;
    }
    if (point < 0x800) {
        to[0] = (char)(0xC0 | point >> 6);
        to[1] = (char)(0x80 | (point & 0x3F));
        return 2;
    }
    if (point < 0x10000) {
        to[0] = (char)(0xE0 | point >> 12);
        to[1] = (char)(0x80 | (point >> 6 & 0x3F));
        to[2] = (char)(0x80 | (point & 0x3F));
        return 3;
    }
    to[0] = (char)(0xF0 | point >> 18);
    to[1] = (char)(0x80 | (point >> 12 & 0x3F));
    to[2] = (char)(0x80 | (point >> 6 & 0x3F));
    to[3] = (char)(0x80 | (point & 0x3F));
    return 4;
}
