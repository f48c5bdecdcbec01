/* agent/data/scan_block.h - looking at many bytes at once, in AVX2, SSE2 and plain C.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Each variant has the same three functions:
 *   stop    first byte in [at, end) that is a quote, a backslash or a control character, or end;
 *           *high is set if a byte above 0x7F may stand before it
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

static inline const char *stop_plain(const char *at, const char *end, bool *high)
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
        *high |= byte >= 0x80;
    }
    return at;
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

#endif
