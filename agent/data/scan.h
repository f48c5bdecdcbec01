/* agent/data/scan.h - JSON, validated strictly in one pass and indexed at its top level.
 * SPDX-License-Identifier: Apache-2.0
 *
 * RFC 8259 with UTF-8 (RFC 3629), paired \u surrogates, a depth limit (limits.h) and nothing after the
 * end. AVX2, SSE2 or plain C is chosen once at run time; every variant passes the same tests.
 */
#ifndef WEIR_SCAN_H
#define WEIR_SCAN_H

#include "agent/data/names.h"

enum scan_variant { SCAN_BEST = 0, SCAN_PLAIN, SCAN_SSE2, SCAN_AVX2 };

/* Uses a variant if this processor has it, else returns false and changes nothing. For tests, bench. */
bool scan_use(enum scan_variant variant);

enum scan_result {
    SCAN_OK = 0,
    SCAN_NOT_OBJECT, /* valid JSON, but no object at the top */
    SCAN_INVALID,    /* error_at says where; fields read before it are kept in the event */
    SCAN_NO_ROOM,    /* the arena was full */
};

struct scanner; /* names + the shape of the line before; one per parse filter */
struct scanner *scanner_make(struct arena *arena, const struct names *names);

/* Indexes event->bytes: fields (duplicates: the last wins, the earlier is FIELD_REMOVED and counted),
 * slots, EVENT_JSON when valid. ret_error_at: offset of the first wrong byte. */
enum scan_result scan_object(struct scanner *scanner, struct event *event, struct arena *arena, size_t *ret_error_at);
/* A byte that belongs to all lines with the very keys of the line scanned last, in their order: 0 at first. Null
 * where the scanner keeps no such thing of them. For what follows from the keys alone. */
uint8_t *scanner_mark(struct scanner *scanner);
uint64_t scanner_duplicates(const struct scanner *scanner); /* keys dropped so far */

/* Only whether it is one valid JSON text of any kind. */
bool scan_is_valid(struct str json);

/* Walks valid JSON containers. at points into container; start with 0; false at the end. */
struct member {
    struct str key; /* raw body of the key, empty in arrays */
    struct value value;
    bool key_escaped;
};
bool scan_next(struct str container, size_t *at, struct member *ret);

struct kept_member { /* of an object inside the line that was scanned last */
    struct member member;
    uint8_t *mark; /* members_mark() */
    const struct kept_member *next; /* behind what stands inside its value */
};

/* The members of an object, in the order they stand: from what the scanner kept of the line it scanned last, if
 * the object stands in that, else by walking. */
struct members {
    const struct kept_member *newest, *next, *end; /* the last one, and those to come; null while walking */
    struct str container;
    size_t at; /* while walking */
    struct member walked;
};
void scanner_members(const struct scanner *scanner, struct str object, struct members *ret);
/* The same of an object that is the value of the newest member. */
void members_inside(const struct members *outer, struct members *ret);
const struct member *members_walk(struct members *members);
static inline const struct member *members_next(struct members *members) /* null: that was all */
{
    const struct kept_member *next = members->next;
    if (!next)
        return members_walk(members);
    if (next == members->end)
        return NULL;
    members->newest = next;
    members->next = next->next;
    return &next->member;
}
static inline const struct member *members_newest(const struct members *members)
{
    return members->newest ? &members->newest->member : &members->walked;
}
/* A byte that belongs to the newest member's key in this place of these objects: 0 at first; null: none is kept.
 * For what follows from the key alone. */
static inline uint8_t *members_mark(const struct members *members)
{
    return members->newest ? members->newest->mark : NULL;
}

/* Body of a JSON string to text. Borrows when there is nothing to unescape; null at when full. */
struct str json_unescape(struct str body, struct arena *arena);

#endif
