/* agent/data/scan_block.h - looking at many bytes at once, in AVX2, SSE2 and plain C.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Each variant has the same four functions:
 *   stop    first byte in [at, end) that is a quote, a backslash or a control character, or end;
 *           *high is not 0 if a byte above 0x7F may stand before it
 *   closing the quote that ends a string which begins at `at`, if that holds nothing but plain ASCII; null: who knows
 *   digits  first byte in [at, end) that is no digit, or end
 *   match   true if the bytes at `at` begin with the node's token
 * The vector ones never read outside the line: near its end they load the last block of it again and shift
 * away what was seen. So the line must be at least BLOCK_LINE_MIN bytes long.
 */
#ifndef WEIR_SCAN_BLOCK_H
#define WEIR_SCAN_BLOCK_H

#include <string.h>

#include "agent/data/shape.h"
#include "agent/must.h"

enum { BLOCK_LINE_MIN = 64 };

/* --- plain C ----------------------------------------------------------------------------------------- */

#define EACH_BYTE(byte) (UINT64_C(0x0101010101010101) * (byte))

/* High bit of every byte that is zero; may also set it above one that is. */
static inline uint64_t zero_bytes(uint64_t eight)
{
    return (eight - EACH_BYTE(1)) & ~eight & EACH_BYTE(0x80);
}

static inline const char *stop_plain(const char *at, const char *end, uint32_t *high)
{
    for (; end - at >= 8; at += 8) {
        uint64_t eight;
        memcpy(&eight, at, 8);
        uint64_t stops = zero_bytes(eight ^ EACH_BYTE('"')) | zero_bytes(eight ^ EACH_BYTE('\\')) |
                         ((eight - EACH_BYTE(0x20)) & ~eight & EACH_BYTE(0x80));
        if (stops | (eight & EACH_BYTE(0x80)))
            break;
    }
    for (; at < end; at++) {
        unsigned char byte = (unsigned char)*at;
        if (byte < 0x20 || byte == '"' || byte == '\\')
            break;
        *high |= byte & 0x80u;
    }
    return at;
}

static inline const char *closing_plain(const char *at, const char *end)
{
    uint32_t high = 0;
    at = stop_plain(at, end, &high);
    return at < end && *at == '"' && !high ? at : NULL;
}

static inline const char *digits_plain(const char *at, const char *end)
{
    while (at < end && *at >= '0' && *at <= '9')
        at++;
    return at;
}

static inline bool match_plain(const struct shape_node *node, const char *at, const char *end)
{
    return end - at >= node->token_len && memcmp(at, node->token, node->token_len) == 0;
}

/* --- x86 ----------------------------------------------------------------------------------------------- */

#if defined(__x86_64__)
#include <immintrin.h>

#define TARGET_SSE2 __attribute__((target("sse2")))
#define TARGET_AVX2 __attribute__((target("avx2,bmi,lzcnt,popcnt")))

struct block { /* bit i: byte i of the block is one */
    uint32_t stops, high;
};

TARGET_SSE2 static inline struct block look_sse2(const char *at)
{
    __m128i v = _mm_loadu_si128((const __m128i *)(const void *)at);
    __m128i quotes = _mm_cmpeq_epi8(v, _mm_set1_epi8('"'));
    __m128i slashes = _mm_cmpeq_epi8(v, _mm_set1_epi8('\\'));
    __m128i controls = _mm_cmpeq_epi8(_mm_min_epu8(v, _mm_set1_epi8(0x1F)), v);
    __m128i stops = _mm_or_si128(_mm_or_si128(quotes, slashes), controls);
    return (struct block){(uint32_t)_mm_movemask_epi8(stops), (uint32_t)_mm_movemask_epi8(v)};
}

/* Bytes that are a stop or above 0x7F. */
TARGET_SSE2 static inline uint32_t look_odd_sse2(const char *at)
{
    struct block block = look_sse2(at);
    return block.stops | block.high;
}

TARGET_SSE2 static inline uint32_t look_digits_sse2(const char *at)
{
    __m128i v = _mm_sub_epi8(_mm_loadu_si128((const __m128i *)(const void *)at), _mm_set1_epi8('0'));
    return (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(_mm_min_epu8(v, _mm_set1_epi8(9)), v));
}

TARGET_SSE2 static inline bool same_sse2(const char *at, const char *token, uint32_t mask)
{
    __m128i a = _mm_loadu_si128((const __m128i *)(const void *)at);
    __m128i b = _mm_loadu_si128((const __m128i *)(const void *)token);
    uint32_t differ = ~(uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(a, b));
    return (differ & mask & 0xFFFF) == 0;
}

/* Quotes, backslashes and the last control character, a block of each. Compilers that know what stands here make it
 * anew for every string, by six instructions; so they are not told. */
static inline const __m256i *stop_bytes(void)
{
    static const char bytes[] __attribute__((aligned(32))) =
        "\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"" "\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\""
        "\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\" "\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\"
        "\x1f\x1f\x1f\x1f\x1f\x1f\x1f\x1f\x1f\x1f\x1f\x1f\x1f\x1f\x1f\x1f" "\x1f\x1f\x1f\x1f\x1f\x1f\x1f\x1f\x1f\x1f\x1f\x1f\x1f\x1f\x1f\x1f";
    const void *at = bytes;
    __asm__("" : "+r"(at));
    return at;
}

TARGET_AVX2 static inline struct block look_avx2(const char *at)
{
    const __m256i *bytes = stop_bytes();
    __m256i v = _mm256_loadu_si256((const __m256i *)(const void *)at);
    __m256i quotes = _mm256_cmpeq_epi8(v, bytes[0]);
    __m256i slashes = _mm256_cmpeq_epi8(v, bytes[1]);
    __m256i controls = _mm256_cmpeq_epi8(_mm256_min_epu8(v, bytes[2]), v);
    __m256i stops = _mm256_or_si256(_mm256_or_si256(quotes, slashes), controls);
    return (struct block){(uint32_t)_mm256_movemask_epi8(stops), (uint32_t)_mm256_movemask_epi8(v)};
}

TARGET_AVX2 static inline uint32_t look_odd_avx2(const char *at)
{
    const __m256i *bytes = stop_bytes();
    __m256i v = _mm256_loadu_si256((const __m256i *)(const void *)at);
    __m256i quotes = _mm256_cmpeq_epi8(v, bytes[0]);
    __m256i slashes = _mm256_cmpeq_epi8(v, bytes[1]);
    __m256i controls = _mm256_cmpeq_epi8(_mm256_min_epu8(v, bytes[2]), v);
    __m256i odd = _mm256_or_si256(_mm256_or_si256(quotes, slashes), _mm256_or_si256(controls, v));
    return (uint32_t)_mm256_movemask_epi8(odd);
}

TARGET_AVX2 static inline uint32_t look_digits_avx2(const char *at)
{
    __m256i v = _mm256_sub_epi8(_mm256_loadu_si256((const __m256i *)(const void *)at),
                                _mm256_set1_epi8('0'));
    return (uint32_t)_mm256_movemask_epi8(
        _mm256_cmpeq_epi8(_mm256_min_epu8(v, _mm256_set1_epi8(9)), v));
}

TARGET_AVX2 static inline bool same_avx2(const char *at, const char *token, uint32_t mask)
{
    __m256i a = _mm256_loadu_si256((const __m256i *)(const void *)at);
    __m256i b = _mm256_loadu_si256((const __m256i *)(const void *)token);
    uint32_t differ = ~(uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(a, b));
    return (differ & mask) == 0;
}

/* The four functions of a vector variant, from what it sees of one block. */
#define VECTOR_VARIANT(variant, TARGET, BLOCK)                                                     \
    /* Less than a block is left: its last block again, without what was seen. */                  \
    TARGET static inline __attribute__((always_inline)) const char *stop_last_##variant(            \
        const char *at, const char *end, uint32_t *high)                                           \
    {                                                                                              \
        struct block block = look_##variant(end - BLOCK);                                          \
        uint64_t stops = (uint64_t)block.stops >> (at - (end - BLOCK));                            \
        uint64_t highs = (uint64_t)block.high >> (at - (end - BLOCK));                             \
        *high |= (uint32_t)(highs & (stops ^ (stops - 1)));                                        \
        return stops ? at + __builtin_ctzll(stops) : end;                                          \
    }                                                                                              \
                                                                                                   \
    TARGET static inline const char *stop_##variant(const char *at, const char *end,               \
                                                    uint32_t *high)                                \
    {                                                                                              \
        for (; LIKELY(end - at >= BLOCK); at += BLOCK) {                                           \
            struct block block = look_##variant(at);                                               \
            if (LIKELY(block.stops != 0)) {                                                        \
                *high |= block.high & (block.stops ^ (block.stops - 1));                           \
                return at + __builtin_ctz(block.stops);                                            \
            }                                                                                      \
            *high |= block.high;                                                                   \
        }                                                                                          \
        return stop_last_##variant(at, end, high);                                                 \
    }                                                                                              \
                                                                                                   \
    TARGET static inline __attribute__((always_inline)) const char *closing_##variant(              \
        const char *at, const char *end)                                                           \
    {                                                                                              \
        uint32_t odd;                                                                              \
        for (; LIKELY(end - at >= BLOCK); at += BLOCK) {                                           \
            odd = look_odd_##variant(at);                                                          \
            if (LIKELY(odd != 0)) {                                                                \
                at += __builtin_ctz(odd);                                                          \
                return LIKELY(*at == '"') ? at : NULL;                                             \
            }                                                                                      \
        }                                                                                          \
        odd = (uint32_t)((uint64_t)look_odd_##variant(end - BLOCK) >> (at - (end - BLOCK)));       \
        at += odd ? __builtin_ctz(odd) : 0;                                                        \
        return LIKELY(odd && *at == '"') ? at : NULL;                                              \
    }                                                                                              \
                                                                                                   \
    TARGET static inline const char *digits_##variant(const char *at, const char *end)             \
    {                                                                                              \
        for (;;) {                                                                                 \
            const char *from = LIKELY(end - at >= BLOCK) ? at : end - BLOCK;                       \
            uint64_t others = ~(uint64_t)look_digits_##variant(from) & ((UINT64_C(1) << BLOCK) - 1);\
            others >>= at - from;                                                                  \
            if (LIKELY(others != 0))                                                               \
                return at + __builtin_ctzll(others);                                               \
            if (end - at <= BLOCK)                                                                 \
                return end;                                                                        \
            at += BLOCK;                                                                           \
        }                                                                                          \
    }                                                                                              \
                                                                                                   \
    TARGET static inline bool match_##variant(const struct shape_node *node, const char *at,       \
                                              const char *end)                                     \
    {                                                                                              \
        if (UNLIKELY(end - at < BLOCK))                                                            \
            return match_plain(node, at, end);                                                     \
        if (!same_##variant(at, node->token, node->mask))                                          \
            return false;                                                                          \
        return LIKELY(node->token_len <= BLOCK) || match_plain(node, at, end);                     \
    }

VECTOR_VARIANT(sse2, TARGET_SSE2, 16)
VECTOR_VARIANT(avx2, TARGET_AVX2, 32)
#endif

#endif
