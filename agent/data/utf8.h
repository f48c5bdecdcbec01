/* agent/data/utf8.h - is it UTF-8 (RFC 3629), and what to do when it is not.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef WEIR_UTF8_H
#define WEIR_UTF8_H

#include "agent/data/arena.h"

#define UTF8_REPLACEMENT "\xEF\xBF\xBD" /* U+FFFD */

/* Length of the longest prefix that is valid; text.len if all of it is. */
size_t utf8_valid(struct str text);
/* Length of the broken sequence that text begins with: what one U+FFFD stands for (Unicode, 3.9). */
size_t utf8_broken(struct str text);
/* A copy with U+FFFD for every broken sequence; a null at when the arena is full. */
struct str utf8_repair(struct str text, struct arena *arena);
/* Writes a code point that is no surrogate; returns its length, 1 to 4. */
size_t utf8_write(char *to, uint32_t point);

#endif
