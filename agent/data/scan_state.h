/* agent/data/scan_state.h - what the variants of the scanner share. For scan.c alone.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef WEIR_SCAN_STATE_H
#define WEIR_SCAN_STATE_H

#include "agent/data/scan.h"
#include "agent/data/shape.h"
#include "agent/data/time.h"

enum { KEPT_MEMBERS_MAX = 64 }; /* of a line; one with more is walked */

struct scanner {
    const struct names *names;
    uint64_t duplicates;
    uint16_t expected; /* fields of the line before, and some more */
    struct time_cache time;
    struct shape shape;
    struct shape_node *leaf;                 /* the last key of the last line; null: off the tree */
    struct kept_member *kept_end; /* behind KEPT_MEMBERS_MAX: perhaps not all, so nothing counts */
    struct kept_member kept[KEPT_MEMBERS_MAX + 1]; /* of the last line, outer before inner */
};

enum { /* what was met inside a nested value */
    MET_TWINS = 1,     /* an object with one key twice */
    MET_SUSPECTS = 2,  /* two keys that may be the same */
    MET_NEWLINE = 4,   /* a line break between tokens; at the top too */
};

struct key { /* one that was not foretold */
    struct str text;
    uint16_t name;
    uint8_t slot, rank;
    bool is_escaped, may_be_twin;
};

struct scan { /* one line being scanned */
    const char *start, *end, *last; /* last: scan_block.h */
    const char *error_at;
    struct kept_member *kept, *kept_last; /* where the next member is kept; it stays at the last place */
    struct scanner *scanner; /* null: only whether it is valid */
    struct event *event;
    struct arena *arena;
    struct key key;     /* the newest one that was not foretold */
    struct shape_node *node; /* and the node it has all the same, if it was learned */
    struct bloom bloom; /* keys of the innermost object, when off the tree */
    uint8_t met;
    bool top_twins; /* the event itself may have one key twice */
    bool bad_utf8;  /* that is what is wrong at error_at */
    bool no_room;
};

/* Where the member that comes next is kept, or a place that nobody reads. */
static inline struct kept_member *scan_keep(struct scan *scan)
{
    struct kept_member *kept = scan->kept;
    scan->kept += kept < scan->kept_last;
    return kept;
}

/* The slow ways, the same for every variant; null: not valid, error_at is set. */
const char *scan_fail(struct scan *scan, const char *at);
const char *scan_escape(struct scan *scan, const char *at);  /* at a backslash */
const char *scan_blank(struct scan *scan, const char *at);   /* over blanks, if any */
const char *scan_utf8(struct scan *scan, const char *from, const char *to); /* returns `to` */
const char *scan_exponent(struct scan *scan, const char *at); /* behind 'e' */
/* scan->key was not foretold after `node`; token is all of it, with colon and blanks. Sets scan->node. */
void scan_new_key(struct scan *scan, struct shape_node *node, struct str token);
/* Of a field with a container: which slots may stand in it (alias_nested()), and whether it must be written the slow
 * way. */
void scan_note_container(struct scan *scan, struct field *field, uint64_t nested);
/* Room for one more field; false: no_room. */
bool scan_more_fields(struct scan *scan);
/* Makes the newest field, which is not counted yet, the source of a slot, if its value fits and no better alias was there. */
void scan_fill(struct scan *scan, struct field *field, enum slot slot, uint8_t rank);
/* The same by its key's node. */
void scan_ask_slot(struct scan *scan, const struct shape_node *node, struct field *field);

#endif
