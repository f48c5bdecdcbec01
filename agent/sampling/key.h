/* agent/sampling/key.h - what groups events: trace and invocation ids as 128-bit keys.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Ids are chosen by strangers, so tables hold keys of one size. A canonical trace id (32 lower-case
 * hex digits) is its own key; any other shape is hashed. Invocation ids are hashed with a seed of
 * their own: a request id never meets a trace id of the same text by accident.
 */
#ifndef WEIR_KEY_H
#define WEIR_KEY_H

#include "agent/data/str.h"
#include "agent/limits.h"

struct key {
    uint64_t hi, lo;
};

static inline bool key_equal(struct key a, struct key b)
{
    return a.hi == b.hi && a.lo == b.lo;
}

struct key key_of_trace(struct str id);
struct key key_of_invocation(struct str id);
/* Well spread, also where strangers chose the id. */
uint64_t key_hash(struct key key);
/* As 32 hex digits: what the dice are thrown with where there is no id text. */
struct str key_text(struct key key, char to[33]);

/* A trace id as text, small enough to keep beside a verdict. Longer ids still group by their key;
 * only they cannot be stamped on events that lack one (len is 0). */
struct trace_name {
    uint8_t len;
    char at[TRACE_NAME_BYTES_MAX];
};

struct trace_name trace_name(struct str id);
static inline struct str trace_name_str(const struct trace_name *name)
{
    return (struct str){name->at, name->len};
}

#endif
