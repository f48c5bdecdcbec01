/* agent/data/walk.h - ways through the text of a valid JSON value. For agent/data alone; others use scan.h.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The text was validated once, so these skip without looking twice. On anything else they find
 * nonsense, but never outside of it.
 */
#ifndef WEIR_WALK_H
#define WEIR_WALK_H

#include "agent/data/scan.h"

/* Where a member stands in its container. */
struct span {
    size_t from;  /* of its key's quote; in arrays of the value */
    size_t value; /* of the value, with its quote */
    size_t end;   /* behind the value */
};

bool walk_next(struct str container, size_t *at, struct member *ret, struct span *ret_span);

struct place { /* a value found inside a value */
    struct value value;
    struct str container; /* the object or array that holds it */
    struct span span;
};

/* A member by its key, the last of twins. */
bool walk_member(struct str object, struct str key, struct place *ret);
/* `a.b.c` in an object: the literal key first, then every dot split, longest literal first. */
bool walk_dotted(struct str object, struct str dotted, struct place *ret);
bool walk_index(struct str array, uint32_t index, struct place *ret);

/* True if the body of a JSON string, escapes and all, says this text. */
bool body_equal(struct str body, bool is_escaped, struct str text);

/* First byte behind the value that starts at `at`; never above json.len. */
size_t walk_skip(struct str json, size_t at);

#endif
