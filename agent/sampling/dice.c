/* agent/sampling/dice.c - keep 1 in N: the same answer for the same trace, everywhere and always.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/sampling/dice.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include <openssl/sha.h>
#include <xxhash.h>

#include "agent/must.h"
#include "agent/sampling/key.h"

#define REFINERY_SALT "5VQ8l2jE5aJLPVqk"

enum {
    OTEL_DIGITS = 14, /* hex digits of a threshold: 56 bits */
    OTEL_PRECISION = 4,
    REFINERY_INPUT_MAX = 256, /* longer ids are hashed first */
};

static bool keep_xxh64(struct str id, struct str salt, uint32_t hops, uint32_t rate)
{
    uint64_t seed = hops + (salt.len ? XXH64(salt.at, salt.len, 0) : 0);
    /* hash < 2^64 / N, without a 65th bit: the quotients agree for every N. */
    return XXH64(id.at, id.len, seed) <= UINT64_MAX / rate;
}

static bool keep_refinery(struct str id, uint32_t hops, uint32_t rate)
{
    char input[REFINERY_INPUT_MAX + sizeof REFINERY_SALT + 16], hashed[33];
    if (id.len > REFINERY_INPUT_MAX)
        id = key_text(key_of_trace(id), hashed);
    memcpy(input, id.at, id.len);
    int len = (int)id.len;
    len += snprintf(input + len, sizeof input - (size_t)len, "%s", REFINERY_SALT);
    if (hops)
        len += snprintf(input + len, sizeof input - (size_t)len, "%u", hops);
    unsigned char hash[SHA_DIGEST_LENGTH];
    SHA1((const unsigned char *)input, (size_t)len, hash);
    uint32_t drawn =
        (uint32_t)hash[0] << 24 | (uint32_t)hash[1] << 16 | (uint32_t)hash[2] << 8 | hash[3];
    return drawn <= UINT32_MAX / rate;
}

/* The rejection threshold of probability 1/N with four significant digits, as OpenTelemetry rounds
 * it: digits that only say how near to 0 or 1 it is do not count. */
static uint64_t otel_threshold(uint32_t rate)
{
    double probability = 1.0 / rate;
    int near_zero, near_one;
    frexp(probability, &near_zero);
    frexp(1 - probability, &near_one);
    int leading = near_zero / -4 > near_one / -4 ? near_zero / -4 : near_one / -4;
    int digits = OTEL_PRECISION + leading > OTEL_DIGITS ? OTEL_DIGITS : OTEL_PRECISION + leading;
    int cut_bits = 4 * (OTEL_DIGITS - digits);
    uint64_t threshold = (UINT64_C(1) << 56) - (uint64_t)llround(probability * 0x1p56);
    if (cut_bits == 0)
        return threshold;
    threshold += UINT64_C(1) << (cut_bits - 1);
    return threshold >> cut_bits << cut_bits;
}

static bool keep_otel(struct str id, uint32_t hops, uint32_t rate)
{
    uint64_t randomness = hops ? XXH64(id.at, id.len, hops) : key_of_trace(id).lo;
    return (randomness & (UINT64_MAX >> 8)) >= otel_threshold(rate);
}

bool dice_keep(const struct dice *dice, struct str id, uint32_t hops, uint32_t rate)
{
    MUST(rate > 0);
    if (rate == 1)
        return true;
    switch (dice->kind) {
    case DICE_REFINERY:
        return keep_refinery(id, hops, rate);
    case DICE_OTEL:
        return keep_otel(id, hops, rate);
    case DICE_XXH64:
        break;
    }
    return keep_xxh64(id, dice->salt, hops, rate);
}
