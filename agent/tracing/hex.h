/* agent/tracing/hex.h - hex digits, sixteen at a time. For agent/tracing alone.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef WEIR_HEX_H
#define WEIR_HEX_H

#include <stdint.h>
#include <string.h>

enum { HEX_STEP = 16 };

enum hex {
    HEX_ZEROS = 0, /* nothing but zeros */
    HEX_DIGITS = 1,
    HEX_NOT = 2, /* at least one other byte */
};

/* All write the digits in lower case; what is written of other bytes means nothing. */
static inline enum hex hex_lower_plain(const char *from, char *to)
{
    unsigned others = 0, bits = 0;
    for (unsigned i = 0; i < HEX_STEP; i++) {
        unsigned char byte = (unsigned char)from[i], lower = byte | 0x20; /* digits have that bit */
        others |= (unsigned)(byte - '0') > 9 && (unsigned)(lower - 'a') > 5;
        bits |= lower ^ (unsigned)'0';
        to[i] = (char)lower;
    }
    return others ? HEX_NOT : bits ? HEX_DIGITS : HEX_ZEROS;
}

/* Eight and eight digits that need not stand side by side. */
static inline enum hex hex_lower_halves_plain(const char *first, const char *second, char *to)
{
    char both[HEX_STEP];
    memcpy(both, first, HEX_STEP / 2);
    memcpy(both + HEX_STEP / 2, second, HEX_STEP / 2);
    return hex_lower_plain(both, to);
}

#if defined(__SSE2__)
#include <emmintrin.h>

static inline __m128i hex_between(__m128i bytes, char low, char width)
{
    __m128i distance = _mm_sub_epi8(bytes, _mm_set1_epi8(low));
    return _mm_cmpeq_epi8(_mm_min_epu8(distance, _mm_set1_epi8(width)), distance);
}

static inline enum hex hex_lower_16(__m128i bytes, char *to)
{
    __m128i lower = _mm_or_si128(bytes, _mm_set1_epi8(0x20));
    __m128i fits = _mm_or_si128(hex_between(bytes, '0', 9), hex_between(lower, 'a', 5));
    _mm_storeu_si128((__m128i *)(void *)to, lower);
    if (_mm_movemask_epi8(fits) != 0xFFFF)
        return HEX_NOT;
    return _mm_movemask_epi8(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('0'))) == 0xFFFF ? HEX_ZEROS : HEX_DIGITS;
}

static inline enum hex hex_lower(const char *from, char *to)
{
    return hex_lower_16(_mm_loadu_si128((const __m128i *)(const void *)from), to);
}

static inline enum hex hex_lower_halves(const char *first, const char *second, char *to)
{
    __m128i low = _mm_loadl_epi64((const __m128i *)(const void *)first);
    __m128i high = _mm_loadl_epi64((const __m128i *)(const void *)second);
    return hex_lower_16(_mm_unpacklo_epi64(low, high), to);
}
#else
static inline enum hex hex_lower(const char *from, char *to)
{
    return hex_lower_plain(from, to);
}

static inline enum hex hex_lower_halves(const char *first, const char *second, char *to)
{
    return hex_lower_halves_plain(first, second, to);
}
#endif

#endif
