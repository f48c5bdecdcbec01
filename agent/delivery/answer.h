/* agent/delivery/answer.h - looks into what a far end said, when that is JSON.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef WEIR_ANSWER_H
#define WEIR_ANSWER_H

#include "agent/data/event.h"

struct judgement;

/* The object or array that the body is, whole and valid; MISSING: it is anything else. */
struct value answer_read(struct str body);
/* The member of a valid object, the first of twins; MISSING: there is none, or it is no object. */
struct value answer_member(struct value object, struct str key);
/* The same along "a/b/c". */
struct value answer_at(struct value object, const char *path);
/* A member's text; empty where there is none. */
struct str answer_text(struct value object, struct str key, struct arena *arena);
/* One item of an array for each event: its verdict, and the far end's words on it (zeroed before) or none. False: that is not
 * what was asked for. */
bool answer_items(struct value items, struct judgement *ret,
                  bool (*read)(struct value item, struct arena *arena, uint8_t *ret, struct str *ret_words));
/* `items` are `count` times the same one, which ends with a comma but at the end, and nothing else: most answers are, and need
 * no reading. */
bool answer_repeats(struct str items, struct str item, size_t count);
/* "HTTP 502", for far ends that say no more. */
struct str answer_status(int status, struct arena *arena);

#endif
