/* agent/state/pack.h - numbers and texts inside a journal record.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A number is 7 bits a byte, low bits first (LEB128); a text is its length and its bytes; a section is a
 * tag byte and a text. Readers of damaged bytes set `failed` and answer zeros from then on.
 */
#ifndef WEIR_PACK_H
#define WEIR_PACK_H

#include "agent/data/buffer.h"

enum { PACKED_NUMBER_MAX = 10 }; /* bytes of the largest */

/* Where there is room already; returns the place behind it. */
static inline char *number_put(char *to, uint64_t number)
{
    for (; number >= 0x80; number >>= 7)
        *to++ = (char)(number | 0x80);
    *to++ = (char)number;
    return to;
}

void pack_number(struct buffer *to, uint64_t number);
void pack_text(struct buffer *to, struct str text);

/* A section's length is known at its end: begin() leaves room for it, end() fills it in. */
size_t pack_begin(struct buffer *to, uint8_t tag);
void pack_end(struct buffer *to, size_t begun);

struct unpack {
    struct str rest;
    bool failed;
};
uint64_t unpack_number(struct unpack *from);
struct str unpack_text(struct unpack *from);
/* False at the end. ret_body reads the section alone. */
bool unpack_section(struct unpack *from, uint8_t *ret_tag, struct unpack *ret_body);

#endif
