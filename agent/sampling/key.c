/* agent/sampling/key.c - what groups events: trace and invocation ids as 128-bit keys.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/sampling/key.h"

#include <stdio.h>
#include <string.h>

#define XXH_INLINE_ALL /* ids are short: the call would cost more than the hash */
#include <xxhash.h>

enum { TRACE_SEED = 1, INVOCATION_SEED = 2, TABLE_SEED = 3 };

#define EVERY(byte) (UINT64_C(0x0101010101010101) * (byte))

/* Eight lower-case hex digits at once, a byte each: the low half of a digit's code is its value,
 * plus 9 for letters. What does not give the same code back was no such digit. */
static bool read_8_digits(const char *at, uint32_t *ret)
{
    uint64_t codes;
    memcpy(&codes, at, sizeof codes);
    uint64_t is_letter = codes >> 6 & EVERY(1);
    uint64_t values = (codes & EVERY(15)) + is_letter * 9;
    uint64_t is_above_9 = (values + EVERY(6)) >> 4 & EVERY(1);
    uint64_t again = values + EVERY('0') + is_letter * ('a' - '9' - 1);
    if (again != codes || is_above_9 != is_letter || values & EVERY(0xF0))
        return false;
    uint64_t bytes = (values << 4 | values >> 8) & UINT64_C(0x00FF00FF00FF00FF);
    bytes = (bytes | bytes >> 8) & UINT64_C(0x0000FFFF0000FFFF);
    *ret = __builtin_bswap32((uint32_t)(bytes | bytes >> 16));
    return true;
}
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the first digit is the lowest byte");

static bool read_hex(const char *at, uint64_t *ret)
{
    uint32_t high, low;
    if (!read_8_digits(at, &high) || !read_8_digits(at + 8, &low))
        return false;
    *ret = (uint64_t)high << 32 | low;
    return true;
}

static struct key key_of_text(struct str id, uint64_t seed)
{
    XXH128_hash_t hash = XXH3_128bits_withSeed(id.at, id.len, seed);
    return (struct key){hash.high64, hash.low64};
}

struct key key_of_trace(struct str id)
{
    struct key key;
    if (id.len == 32 && read_hex(id.at, &key.hi) && read_hex(id.at + 16, &key.lo))
        return key;
    return key_of_text(id, TRACE_SEED);
}

struct key key_of_invocation(struct str id)
{
    return key_of_text(id, INVOCATION_SEED);
}

uint64_t key_hash(struct key key)
{
    return XXH3_64bits_withSeed(&key, sizeof key, TABLE_SEED);
}

struct str key_text(struct key key, char to[33])
{
    (void)snprintf(to, 33, "%016llx%016llx", (unsigned long long)key.hi,
                   (unsigned long long)key.lo);
    return (struct str){to, 32};
}

struct trace_name trace_name(struct str id)
{
    struct trace_name name = {0};
    if (id.len <= sizeof name.at) {
        name.len = (uint8_t)id.len;
        memcpy(name.at, id.at, id.len);
    }
    return name;
}
