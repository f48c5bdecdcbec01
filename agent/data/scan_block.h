/* agent/data/scan_block.h - looking at many bytes at once, in AVX2, SSE2 and plain C.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Each variant has the same four functions:
 *   stop    first byte in [at, end) that is a quote, a backslash or a control character, or end;
 *           *high is not 0 if a byte above 0x7F may stand before it
 *   closing the quote that ends a string which begins at `at`, if that holds nothing but plain ASCII; null: who knows
 *   digits  first byte from `at` on that is no digit; in plain C perhaps the line's end
 *   match   true if the bytes at `at` begin with the node's token
 * `last` is where the last block of the line begins; of plain C, whose blocks are empty, its end. The vector ones read
 * nothing behind that block: near the end they load it again and shift away what was seen. So the line must be at least
 * BLOCK_LINE_MIN bytes long, and end with a byte that is no digit. Where it is known what stands behind the line, its
 * last block may be the one that begins with its last byte (scan.c).
 */
#ifndef WEIR_SCAN_BLOCK_H
#define WEIR_SCAN_BLOCK_H

#include <string.h>

#include "agent/data/shape.h"
#include "agent/must.h"

enum {
    BLOCK_LINE_MIN = 64,
    BLOCK_plain = 0,
    BLOCK_sse2 = 16,
    BLOCK_avx2 = 32,
    BLOCK_MAX = 32,
};

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

/* Bytes that are a stop or above 0x7F: as signed ones, these and control characters are less than a blank. */
TARGET_SSE2 static inline uint32_t look_odd_sse2(const char *at)
{
    __m128i v = _mm_loadu_si128((const __m128i *)(const void *)at);
    __m128i quotes = _mm_cmpeq_epi8(v, _mm_set1_epi8('"'));
    __m128i slashes = _mm_cmpeq_epi8(v, _mm_set1_epi8('\\'));
    __m128i others = _mm_cmplt_epi8(v, _mm_set1_epi8(' '));
    return (uint32_t)_mm_movemask_epi8(_mm_or_si128(_mm_or_si128(quotes, slashes), others));
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

/* A block of each byte that is looked for. Compilers that know what stands here make it anew for every string, by six
 * instructions; so they are not told. */
enum { QUOTES, SLASHES, LAST_CONTROLS, BLANKS, ZEROS, NINES, BYTE_BLOCKS };

#define EIGHT_OF(byte) byte, byte, byte, byte, byte, byte, byte, byte
#define BLOCK_OF(byte) {EIGHT_OF(byte), EIGHT_OF(byte), EIGHT_OF(byte), EIGHT_OF(byte)}

static inline const __m256i *byte_blocks(void)
{
    static const char blocks[BYTE_BLOCKS][BLOCK_avx2] __attribute__((aligned(BLOCK_avx2))) = {
        [QUOTES] = BLOCK_OF('"'), [SLASHES] = BLOCK_OF('\\'), [LAST_CONTROLS] = BLOCK_OF(0x1F),
        [BLANKS] = BLOCK_OF(' '), [ZEROS] = BLOCK_OF('0'), [NINES] = BLOCK_OF(9),
    };
    const void *at = blocks;
    __asm__("" : "+r"(at));
    return at;
}

TARGET_AVX2 static inline struct block look_avx2(const char *at)
{
    const __m256i *blocks = byte_blocks();
    __m256i v = _mm256_loadu_si256((const __m256i *)(const void *)at);
    __m256i quotes = _mm256_cmpeq_epi8(v, blocks[QUOTES]);
    __m256i slashes = _mm256_cmpeq_epi8(v, blocks[SLASHES]);
    __m256i controls = _mm256_cmpeq_epi8(_mm256_min_epu8(v, blocks[LAST_CONTROLS]), v);
    __m256i stops = _mm256_or_si256(_mm256_or_si256(quotes, slashes), controls);
    return (struct block){(uint32_t)_mm256_movemask_epi8(stops), (uint32_t)_mm256_movemask_epi8(v)};
}

TARGET_AVX2 static inline uint32_t look_odd_avx2(const char *at)
{
    const __m256i *blocks = byte_blocks();
    __m256i v = _mm256_loadu_si256((const __m256i *)(const void *)at);
    __m256i quotes = _mm256_cmpeq_epi8(v, blocks[QUOTES]);
    __m256i slashes = _mm256_cmpeq_epi8(v, blocks[SLASHES]);
    __m256i others = _mm256_cmpgt_epi8(blocks[BLANKS], v);
    return (uint32_t)_mm256_movemask_epi8(_mm256_or_si256(_mm256_or_si256(quotes, slashes), others));
}

TARGET_AVX2 static inline uint32_t look_digits_avx2(const char *at)
{
    const __m256i *blocks = byte_blocks();
    __m256i v = _mm256_loadu_si256((const __m256i *)(const void *)at);
    __m256i values = _mm256_sub_epi8(v, blocks[ZEROS]);
    __m256i small = _mm256_min_epu8(values, blocks[NINES]);
    return (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(small, values));
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
    TARGET static inline __attribute__((always_inline)) const char *closing_##variant(             \
        const char *at, const char *last)                                                          \
    {                                                                                              \
        uint32_t odd;                                                                              \
        for (; LIKELY(at <= last); at += BLOCK) {                                                  \
            odd = look_odd_##variant(at);                                                          \
            if (LIKELY(odd != 0)) {                                                                \
                at += __builtin_ctz(odd);                                                          \
                return LIKELY(*at == '"') ? at : NULL;                                             \
            }                                                                                      \
        }                                                                                          \
        odd = (uint32_t)((uint64_t)look_odd_##variant(last) >> (at - last));                       \
        at += odd ? __builtin_ctz(odd) : 0;                                                        \
        return LIKELY(odd && *at == '"') ? at : NULL;                                              \
    }                                                                                              \
                                                                                                   \
    TARGET static inline const char *digits_##variant(const char *at, const char *last)            \
    {                                                                                              \
        for (;; at += BLOCK) {                                                                     \
            const char *from = LIKELY(at <= last) ? at : last;                                     \
            uint64_t others = ~(uint64_t)look_digits_##variant(from) >> (at - from);               \
            int count = __builtin_ctzll(others);                                                   \
            if (LIKELY(count < BLOCK))                                                             \
                return at + count;                                                                 \
        }                                                                                          \
    }                                                                                              \
                                                                                                   \
    TARGET static inline bool match_##variant(const struct shape_node *node, const char *at,       \
                                              const char *last)                                    \
    {                                                                                              \
        if (UNLIKELY(at > last))                                                                   \
            return match_plain(node, at, last + BLOCK);                                            \
        if (!same_##variant(at, node->token, node->mask))                                          \
            return false;                                                                          \
        return LIKELY(node->token_len <= BLOCK) || match_plain(node, at, last + BLOCK);            \
    }

VECTOR_VARIANT(sse2, TARGET_SSE2, BLOCK_sse2)
VECTOR_VARIANT(avx2, TARGET_AVX2, BLOCK_avx2)
#endif

#endif
