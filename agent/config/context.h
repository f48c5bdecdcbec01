/* agent/config/context.h - what all steps of reading a configuration share. Internal to this room.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Reading ends early in one case only: the arena is full. Then context_take() unwinds to config_load()
 * (the one setjmp of the program), so that no step has to carry that failure along. Nothing on
 * the way owns anything outside the arena but compiled regular expressions, which hang on the context.
 */
#ifndef WEIR_CONTEXT_H
#define WEIR_CONTEXT_H

#include <setjmp.h>

#include "agent/config/config.h"

struct let {
    struct str name;
    const struct syntax *value;
    struct span span;
    unsigned order; /* a let sees those before it */
    struct let *next;
};

struct context {
    struct arena *arena;
    struct diagnostics *diagnostics;
    const struct config_options *options;
    struct names *names;
    struct let *lets;
    unsigned let_count;
    struct regex *regexes;
    struct unset *unsets;
    struct str missing; /* what templates write for a missing field, while their block is filled */
    jmp_buf full;
};

/* Zeroed; never null. */
void *context_take(struct context *context, size_t size);
struct str context_copy(struct context *context, struct str s);
/* Formatted, as long as the arena. */
struct str context_format(struct context *context, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
