/* agent/data/scan_state.h - what the variants of the scanner share. For scan.c alone.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef WEIR_SCAN_STATE_H
#define WEIR_SCAN_STATE_H

#include "agent/data/scan.h"
#include "agent/data/shape.h"
#include "agent/data/time.h"

struct scanner {
    const struct names *names;
    uint64_t duplicates;
    uint16_t expected; /* fields of the line before, and some more */
    struct time_cache time;
    struct shape shape;
};

struct scan { /* one line being scanned */
    const char *start, *end;
    const char *error_at;
    struct scanner *scanner; /* null: only whether it is valid */
    struct event *event;
    struct arena *arena;
    bool bad_utf8;    /* that is what is wrong at error_at */
    bool no_room;
    bool has_newline; /* between tokens, since it was last reset */
    bool has_twins;   /* in a nested object, since it was last reset */
    bool may_have_twins;
    bool top_twins;   /* the same at the top */
};

struct frame { /* one object being scanned */
    uint16_t node;     /* its newest key, SHAPE_NONE: off the tree */
    struct bloom bloom; /* its keys, when off the tree */
};

struct key {
    struct str text;
    uint16_t name;
    uint8_t slot, rank;
    bool is_escaped;
    bool is_twin, may_be_twin;
};

/* The slow ways, the same for every variant; null: not valid, error_at is set. */
const char *scan_fail(struct scan *scan, const char *at);
const char *scan_escape(struct scan *scan, const char *at);  /* at a backslash */
const char *scan_blank(struct scan *scan, const char *at);   /* over blanks, if any */
const char *scan_utf8(struct scan *scan, const char *from, const char *to); /* returns `to` */
const char *scan_exponent(struct scan *scan, const char *at); /* behind 'e' */
/* A key that was not expected: [from, to) is its token, colon and blanks included. */
void scan_new_key(struct scan *scan, struct frame *frame, struct key *key, struct str token);
/* Flags a field whose nested value must be written the slow way. */
void scan_mark_container(struct scan *scan, struct field *field);
/* Room for one more field; false: no_room. */
bool scan_more_fields(struct scan *scan);
void scan_fill(struct scan *scan, uint16_t index, enum slot slot, uint8_t rank);

#endif
