/* agent/pipeline/identity.c - the id of an event.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/pipeline/identity.h"

#include <string.h>

#include "agent/must.h"
#include "agent/pipeline/spare.h"
#include "agent/state/source.h"

enum {
    HEX_DIGITS_MAX = 16,
    PARTS = 3,
    ID_BYTES_MAX = PARTS * (HEX_DIGITS_MAX + 1) + 8, /* put_hex() writes eight at a time */
};

#define EACH_BYTE(byte) (UINT64_C(0x0101010101010101) * (byte))

/* The eight digits of 32 bits as bytes of a word, the first one lowest: halves, quarters and
 * eighths are moved apart. */
static inline uint64_t spread_digits(uint32_t number)
{
    uint64_t nibbles = __builtin_bswap32(number);
    nibbles = (nibbles | nibbles << 16) & UINT64_C(0x0000FFFF0000FFFF);
    nibbles = (nibbles | nibbles << 8) & UINT64_C(0x00FF00FF00FF00FF);
    nibbles = (nibbles >> 4 & UINT64_C(0x000F000F000F000F)) |
              (nibbles & UINT64_C(0x000F000F000F000F)) << 8;
    uint64_t letters = (nibbles + EACH_BYTE(6)) >> 4 & EACH_BYTE(1); /* of those above 9 */
    return nibbles + EACH_BYTE('0') + letters * ('a' - '0' - 10);
}

static inline char *put_hex_32(char *to, uint32_t number)
{
    unsigned width = (35 - (unsigned)__builtin_clz(number | 1)) / 4;
    uint64_t digits = spread_digits(number) >> (8 * (8 - width));
    memcpy(to, &digits, sizeof digits);
    return to + width;
}

static inline char *put_hex(char *to, uint64_t number)
{
    if (LIKELY(number <= UINT32_MAX))
        return put_hex_32(to, (uint32_t)number);
    uint64_t digits = spread_digits((uint32_t)number);
    to = put_hex_32(to, (uint32_t)(number >> 32));
    memcpy(to, &digits, sizeof digits);
    return to + sizeof digits;
}

size_t event_id_bytes(const struct source *source)
{
    return source->id_prefix.len + ID_BYTES_MAX + SPARE_ALIGNMENT;
}

void event_identify(struct event *event, struct spare *spare)
{
    const struct origin *origin = event->origin;
    if (event->id.len || !origin->source)
        return;
    struct str prefix = origin->source->id_prefix;
    char *id = spare_take(spare, prefix.len + ID_BYTES_MAX);
    memcpy(id, prefix.at, prefix.len);
    char *end = put_hex(id + prefix.len, origin->offset);
    *end++ = '-';
    end = put_hex(end, origin->length);
    if (origin->index) {
        *end++ = '-';
        end = put_hex(end, origin->index);
    }
    event->id = (struct str){id, (size_t)(end - id)};
}
