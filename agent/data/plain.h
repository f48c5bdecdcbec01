/* agent/data/plain.h - bytes that stand for themselves in a JSON string, whatever comes before and after.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef WEIR_PLAIN_H
#define WEIR_PLAIN_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "agent/data/str.h"

static inline bool is_plain(char byte)
{
    return byte >= ' ' && byte != '"' && byte != '\\' && (unsigned char)byte < 0x80;
}

#define EACH_BYTE(byte) (UINT64_C(0x0101010101010101) * (byte))

/* Eight bytes at once; may take plain ones for others, never others for plain ones. */
static inline bool are_plain_8(const char *at)
{
    uint64_t bytes;
    memcpy(&bytes, at, sizeof bytes);
    uint64_t quote = bytes ^ EACH_BYTE('"'), slash = bytes ^ EACH_BYTE('\\');
    uint64_t low = (bytes - EACH_BYTE(' ')) | (quote - EACH_BYTE(1)) | (slash - EACH_BYTE(1));
    return ((low | bytes) & EACH_BYTE(0x80)) == 0;
}

#if defined(__SSE2__)
/* As signed bytes, control characters and everything above 0x7F are less than a blank. */
static inline bool are_plain_16(const char *at)
{
    __m128i v = _mm_loadu_si128((const __m128i *)(const void *)at);
    __m128i marks = _mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8('"')),
                                 _mm_cmpeq_epi8(v, _mm_set1_epi8('\\')));
    return !_mm_movemask_epi8(_mm_or_si128(_mm_cmplt_epi8(v, _mm_set1_epi8(' ')), marks));
}
#else
static inline bool are_plain_16(const char *at)
{
    return are_plain_8(at) && are_plain_8(at + 8);
}
#endif

/* Length of a prefix that is plain; all of it if all is plain. */
static inline size_t plain_length(struct str text)
{
    size_t i = 0;
    while (i + 16 <= text.len && are_plain_16(text.at + i))
        i += 16;
    while (i + 8 <= text.len && are_plain_8(text.at + i))
        i += 8;
    while (i < text.len && is_plain(text.at[i]))
        i++;
    return i;
}

/* It can stand between quotes as it is. Whole words, the last one across what was seen already. */
static inline bool is_plain_text(struct str text)
{
    const char *at = text.at, *end = text.at + text.len;
    if (text.len >= 16) {
        for (; end - at > 16; at += 16)
            if (!are_plain_16(at))
                return false;
        return are_plain_16(end - 16);
    }
    if (text.len >= 8 && are_plain_8(at) && are_plain_8(end - 8))
        return true;
    return plain_length(text) == text.len;
}

#endif
