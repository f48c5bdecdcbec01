/* agent/config/regex.c - PCRE2 behind our memory door and within limits.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/config/regex.h"

#include <stdatomic.h>
#include <stdio.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "agent/limits.h"
#include "agent/memory.h"

enum {
    JIT_STACK_FIRST = 32 * 1024, /* what PCRE2 takes from the machine stack without asking */
};

struct regex {
    pcre2_general_context *memory;
    pcre2_match_context *limits;
    pcre2_code *code;
    pcre2_match_data *match;
    pcre2_jit_stack *jit_stack;
    struct regex *next;
};

static _Atomic uint64_t limits_hit;

static void *take(size_t size, void *context)
{
    (void)context;
    return memory_make(size);
}

static void give(void *block, void *context)
{
    (void)context;
    memory_free(block);
}

static bool prepare_match(struct regex *regex)
{
    regex->match = pcre2_match_data_create(1, regex->memory); /* only whether, never where */
    regex->limits = pcre2_match_context_create(regex->memory);
    if (!regex->match || !regex->limits)
        return false;
    pcre2_set_match_limit(regex->limits, REGEX_MATCH_MAX);
    pcre2_set_depth_limit(regex->limits, REGEX_MATCH_MAX);
    pcre2_set_heap_limit(regex->limits, REGEX_HEAP_KIB_MAX);
    if (pcre2_jit_compile(regex->code, PCRE2_JIT_COMPLETE) != 0)
        return true; /* refused by the kernel or the build: the interpreter does it */
    regex->jit_stack =
        pcre2_jit_stack_create(JIT_STACK_FIRST, (size_t)REGEX_HEAP_KIB_MAX * 1024, regex->memory);
    if (regex->jit_stack)
        pcre2_jit_stack_assign(regex->limits, NULL, regex->jit_stack);
    return true;
}

struct regex *regex_make(struct str pattern, char ret_error[128], size_t *ret_at)
{
    struct regex *regex = memory_make(sizeof *regex);
    *ret_at = 0;
    snprintf(ret_error, 128, "out of memory");
    if (!regex)
        return NULL;
    *regex = (struct regex){.memory = pcre2_general_context_create(take, give, NULL)};
    pcre2_compile_context *context =
        regex->memory ? pcre2_compile_context_create(regex->memory) : NULL;
    int error = 0;
    PCRE2_SIZE at = 0;
    if (context)
        regex->code = pcre2_compile((PCRE2_SPTR)pattern.at, pattern.len,
                                    PCRE2_UTF | PCRE2_MATCH_INVALID_UTF | PCRE2_NEVER_BACKSLASH_C,
                                    &error, &at, context);
    pcre2_compile_context_free(context);
    if (context && !regex->code) {
        pcre2_get_error_message(error, (PCRE2_UCHAR *)ret_error, 128);
        *ret_at = at;
    }
    if (!regex->code || !prepare_match(regex)) {
        regex_free(regex);
        return NULL;
    }
    return regex;
}

void regex_free(struct regex *regex)
{
    while (regex) {
        struct regex *next = regex->next;
        pcre2_jit_stack_free(regex->jit_stack);
        pcre2_match_context_free(regex->limits);
        pcre2_match_data_free(regex->match);
        pcre2_code_free(regex->code);
        pcre2_general_context_free(regex->memory);
        memory_free(regex);
        regex = next;
    }
}

struct regex *regex_chain(struct regex *regex, struct regex *chain)
{
    regex->next = chain;
    return regex;
}

bool regex_matches(const struct regex *regex, struct str text)
{
    int result = pcre2_match(regex->code, (PCRE2_SPTR)(text.at ? text.at : ""), text.len, 0, 0,
                             regex->match, regex->limits);
    if (result >= 0)
        return true;
    if (result != PCRE2_ERROR_NOMATCH)
        atomic_fetch_add_explicit(&limits_hit, 1, memory_order_relaxed);
    return false;
}

uint64_t regex_limits_hit(void)
{
    return atomic_load_explicit(&limits_hit, memory_order_relaxed);
}
