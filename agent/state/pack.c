/* agent/state/pack.c - numbers and texts inside a journal record.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/state/pack.h"

enum { LENGTH_BYTES = 4 }; /* of a section, fixed so that it can be filled in later */

void pack_number(struct buffer *to, uint64_t number)
{
    char *at = buffer_reserve(to, PACKED_NUMBER_MAX);
    if (at)
        to->len = (size_t)(number_put(at, number) - to->at);
}

void pack_text(struct buffer *to, struct str text)
{
    pack_number(to, text.len);
    buffer_add(to, text);
}

size_t pack_begin(struct buffer *to, uint8_t tag)
{
    buffer_byte(to, (char)tag);
    size_t begun = to->len;
    buffer_add(to, (struct str){"\0\0\0\0", LENGTH_BYTES});
    return begun;
}

void pack_end(struct buffer *to, size_t begun)
{
    if (to->full)
        return;
    size_t len = to->len - begun - LENGTH_BYTES;
    MUST(len <= UINT32_MAX);
    for (size_t i = 0; i < LENGTH_BYTES; i++)
        to->at[begun + i] = (char)(len >> (8 * i));
}

static void unpack_fail(struct unpack *from)
{
    from->failed = true;
    from->rest.len = 0;
}

uint64_t unpack_number(struct unpack *from)
{
    uint64_t number = 0;
    for (unsigned shift = 0; shift < 64 && from->rest.len; shift += 7) {
        uint8_t byte = (uint8_t)from->rest.at[0];
        from->rest = str_skip(from->rest, 1);
        number |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80)
            return number;
    }
    unpack_fail(from);
    return 0;
}

static struct str unpack_bytes(struct unpack *from, uint64_t len)
{
    if (len > from->rest.len) {
        unpack_fail(from);
        return STR("");
    }
    struct str bytes = str_slice(from->rest, 0, len);
    from->rest = str_skip(from->rest, len);
    return bytes;
}

struct str unpack_text(struct unpack *from)
{
    return unpack_bytes(from, unpack_number(from));
}

bool unpack_section(struct unpack *from, uint8_t *ret_tag, struct unpack *ret_body)
{
    if (from->rest.len == 0)
        return false;
    struct str head = unpack_bytes(from, 1 + LENGTH_BYTES);
    if (from->failed)
        return false;
    uint64_t len = 0;
    for (size_t i = 0; i < LENGTH_BYTES; i++)
        len |= (uint64_t)(uint8_t)head.at[1 + i] << (8 * i);
    struct str body = unpack_bytes(from, len);
    if (from->failed)
        return false;
    *ret_tag = (uint8_t)head.at[0];
    *ret_body = (struct unpack){.rest = body};
    return true;
}
