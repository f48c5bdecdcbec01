/* agent/config/regex.h - regular expressions: PCRE2 with JIT, its interpreter where JIT is refused.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Patterns and texts are UTF-8; invalid bytes match nothing. A regex belongs to one thread at a time: its
 * match block is made once, with it.
 */
#ifndef WEIR_REGEX_H
#define WEIR_REGEX_H

#include "agent/data/str.h"

struct regex;

/* Null: ret_error (one line) and ret_at (offset in the pattern) say why. Freed with regex_free(). */
struct regex *regex_make(struct str pattern, char ret_error[128], size_t *ret_at);
void regex_free(struct regex *regex); /* and all that follow it in its chain; null is allowed */
/* Puts it in front of a chain. */
struct regex *regex_chain(struct regex *regex, struct regex *chain);

/* A limit of steps, depth or memory that was hit is no match, and counted. */
bool regex_matches(const struct regex *regex, struct str text);
uint64_t regex_limits_hit(void); /* in this process */

#endif
