/* agent/sampling/key.c - what groups events: trace and invocation ids as 128-bit keys.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/sampling/key.h"

#include <stdio.h>
#include <string.h>

#define XXH_INLINE_ALL /* ids are short: the call would cost more than the hash */
#include <xxhash.h>

enum { TRACE_SEED = 1, INVOCATION_SEED = 2, TABLE_SEED = 3 };

/* 0-15, or 16 for what is no lower-case hex digit. */
static unsigned hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return (unsigned)(c - '0');
    if (c >= 'a' && c <= 'f')
        return (unsigned)(c - 'a') + 10;
    return 16;
}

static bool read_hex(const char *at, uint64_t *ret)
{
    uint64_t number = 0;
    unsigned seen = 0;
    for (int i = 0; i < 16; i++) {
        unsigned digit = hex_digit(at[i]);
        seen |= digit;
        number = number << 4 | (digit & 15);
    }
    *ret = number;
    return seen < 16;
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
