/* agent/data/lines.c - splitting a run of bytes into lines, and lines into events.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/data/lines.h"

#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "agent/must.h"

enum { WINDOW = 256 }; /* line ends found at a time: they stay in the first-level cache */

static size_t find_plain(struct str bytes, size_t *from, uint32_t *ends, size_t room)
{
    size_t at = *from, count = 0;
    while (count < room) {
        const char *end = at < bytes.len ? memchr(bytes.at + at, '\n', bytes.len - at) : NULL;
        at = end ? (size_t)(end - bytes.at) + 1 : bytes.len;
        if (!end)
            break;
        ends[count++] = (uint32_t)(at - 1);
    }
    *from = at;
    return count;
}

#if defined(__x86_64__)
static inline size_t put_ends(uint64_t mask, size_t at, uint32_t *ends)
{
    size_t count = 0;
    for (; mask; mask &= mask - 1)
        ends[count++] = (uint32_t)(at + (size_t)__builtin_ctzll(mask));
    return count;
}

static inline uint64_t mask_sse2(const char *at)
{
    const __m128i end = _mm_set1_epi8('\n');
    uint64_t mask = 0;
    for (int i = 0; i < 4; i++) {
        __m128i part = _mm_loadu_si128((const __m128i *)(const void *)(at + 16 * i));
        mask |= (uint64_t)(uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(part, end)) << (16 * i);
    }
    return mask;
}

__attribute__((target("avx2"))) static inline uint64_t mask_avx2(const char *at)
{
    const __m256i end = _mm256_set1_epi8('\n');
    __m256i low = _mm256_loadu_si256((const __m256i *)(const void *)at);
    __m256i high = _mm256_loadu_si256((const __m256i *)(const void *)(at + 32));
    uint32_t low_mask = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(low, end));
    uint32_t high_mask = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(high, end));
    return (uint64_t)high_mask << 32 | low_mask;
}

/* The same loop for both widths; inlined into each, and mask_of into that. */
static inline __attribute__((always_inline)) size_t find_blocks(struct str bytes, size_t *from,
                                                                uint32_t *ends, size_t room,
                                                                uint64_t (*mask_of)(const char *at))
{
    size_t at = *from, count = 0, behind = at + (bytes.len - at) / 64 * 64, enough = room - 64;
    for (; at < behind && count <= enough; at += 64)
        count += put_ends(mask_of(bytes.at + at), at, ends + count);
    *from = at;
    return count;
}

static size_t blocks_sse2(struct str bytes, size_t *from, uint32_t *ends, size_t room)
{
    return find_blocks(bytes, from, ends, room, mask_sse2);
}

__attribute__((target("avx2"))) static size_t blocks_avx2(struct str bytes, size_t *from,
                                                          uint32_t *ends, size_t room)
{
    return find_blocks(bytes, from, ends, room, mask_avx2);
}

/* Whole blocks with vectors, then the rest of less than a block. */
static size_t find_sse2(struct str bytes, size_t *from, uint32_t *ends, size_t room)
{
    size_t count = blocks_sse2(bytes, from, ends, room);
    return bytes.len - *from < 64 ? count + find_plain(bytes, from, ends + count, room - count)
                                  : count;
}

static size_t find_avx2(struct str bytes, size_t *from, uint32_t *ends, size_t room)
{
    size_t count = blocks_avx2(bytes, from, ends, room);
    return bytes.len - *from < 64 ? count + find_plain(bytes, from, ends + count, room - count)
                                  : count;
}
#endif

static size_t find_first(struct str bytes, size_t *from, uint32_t *ends, size_t room);

static size_t (*find)(struct str bytes, size_t *from, uint32_t *ends, size_t room) = find_first;

bool lines_use(enum scan_variant variant)
{
#if defined(__x86_64__)
    bool has_avx2 = __builtin_cpu_supports("avx2");
    if (variant == SCAN_BEST)
        variant = has_avx2 ? SCAN_AVX2 : SCAN_SSE2;
    if (variant == SCAN_AVX2 && !has_avx2)
        return false;
    find = variant == SCAN_AVX2 ? find_avx2 : variant == SCAN_SSE2 ? find_sse2 : find_plain;
    return true;
#else
    find = find_plain;
    return variant == SCAN_BEST || variant == SCAN_PLAIN;
#endif
}

static size_t find_first(struct str bytes, size_t *from, uint32_t *ends, size_t room)
{
    MUST(lines_use(SCAN_BEST));
    return find(bytes, from, ends, room);
}

size_t lines_find(struct str bytes, size_t *from, uint32_t *ends, size_t room)
{
    HOT_MUST(room >= LINES_ROOM_MIN && bytes.len <= UINT32_MAX && *from <= bytes.len);
    return find(bytes, from, ends, room);
}

/* LOG_CUT says how many bytes are missing: the only sign of it in the event. */
static bool say_cut(struct batch *batch, struct event *event, uint64_t cut)
{
    struct value bytes = {.kind = VALUE_INTEGER, .integer = (int64_t)cut};
    return event_set_slot(event, SLOT_LOG_CUT, bytes, batch->arena);
}

bool lines_add(struct batch *batch, struct str line, uint64_t offset, uint64_t length, uint64_t cut)
{
    if (line.len) {
        uint32_t short_length = length < UINT32_MAX ? (uint32_t)length : UINT32_MAX;
        struct event *event = batch_add(batch, line, offset, short_length);
        if (!event)
            return false;
        if (cut && !say_cut(batch, event, cut)) {
            batch->count--;
            return false;
        }
    }
    batch->blank += line.len == 0;
    batch->cut_bytes += cut;
    batch->lines++;
    return true;
}

/* How many lines there may be, given how long the first ones are: rather too many than to grow. */
static size_t lines_in(size_t size, size_t length)
{
    size_t count = size / (length ? length : 1);
    return count + count / 8 + 8;
}

size_t lines_split(struct batch *batch, struct str bytes, uint64_t offset, size_t line_max)
{
    uint32_t ends[WINDOW];
    size_t from = 0, start = 0;
    while (from < bytes.len) {
        size_t count = lines_find(bytes, &from, ends, WINDOW);
        if (start == 0 && count)
            batch_expect(batch, lines_in(bytes.len, from / count));
        for (size_t i = 0; i < count; i++) {
            size_t end = ends[i];
            size_t len = end - start;
            len -= len && bytes.at[end - 1] == '\r';
            size_t cut = len > line_max ? len - line_max : 0;
            if (!lines_add(batch, (struct str){bytes.at + start, len - cut}, offset + start,
                           end + 1 - start, cut))
                return start;
            start = end + 1;
        }
    }
    return start;
}

void lines_mark_partial(struct batch *batch, struct event *event)
{
    struct value truth = {.kind = VALUE_BOOL, .truth = true};
    event->flags |= EVENT_PARTIAL;
    (void)event_set_slot(event, SLOT_LOG_PARTIAL, truth,
                         batch->arena); /* the flag stands without it */
}
