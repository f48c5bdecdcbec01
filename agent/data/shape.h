/* agent/data/shape.h - which key follows which: what the scanner expects of the next line.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A tree of the keys seen so far. A node is one key after one particular run of keys of the same object;
 * its children are the keys that followed, `inner` is where the keys of an object inside its value start.
 * So one comparison with the bytes of the line tells the key, its name and slot, and, because the way from
 * the root is known, that no key before it was the same. A line may follow many shapes at once; what was never
 * seen is learned while there is room, and everything is forgotten when the tree is full of what no longer comes.
 */
#ifndef WEIR_SHAPE_H
#define WEIR_SHAPE_H

#include "agent/data/names.h"

enum {
    SHAPE_NODES = 1024,
    SHAPE_TOKEN_MAX = 64,
    SHAPE_CHILDREN_MAX = 8,  /* objects whose keys are data do not get more */
    SHAPE_MISSES_MAX = 4096, /* keys that found no room before everything is forgotten */
};

struct bloom { /* keys of one object: a bit each */
    uint64_t words[2];
};

struct shape_node {
    char token[SHAPE_TOKEN_MAX]; /* ,"key": as it stands in the line, with its blanks; the first has no comma */
    struct shape_node *child;    /* keys that followed this one; the root's: first keys */
    struct shape_node *sibling;  /* another key in the same place */
    struct shape_node *parent;   /* the key before */
    struct shape_node *inner;    /* root of the keys of an object inside the value */
    uint32_t mask;               /* a bit for each of the token's first 32 bytes */
    uint16_t name;               /* names.h id */
    uint8_t token_len, key_len;  /* of a root: 0 */
    uint8_t key_at;              /* where in the token the key stands */
    uint8_t slot, rank;
    uint8_t taking; /* slot_taking() of the slot; of twins never TAKES_NOTHING */
    uint8_t mark;   /* scanner_mark() of lines that end with this key, or its members_mark() */
    uint8_t children;
    bool is_twin; /* the key was there before */
    uint64_t nested; /* alias_nested() of the key */
    struct bloom bloom; /* this key and all before it */
};

struct shape {
    const struct names *names;
    uint32_t misses, count;
    struct shape_node nodes[SHAPE_NODES]; /* the first is the root */
};

void shape_init(struct shape *shape, const struct names *names);

/* Enters a key without escapes after `before`; null: no room, or too long. */
struct shape_node *shape_learn(struct shape *shape, struct shape_node *before, struct str token, struct str key);
/* Where the keys of an object inside this node's value start; null: no room. */
struct shape_node *shape_learn_inner(struct shape *shape, struct shape_node *node);
static inline struct shape_node *shape_inner(struct shape *shape, struct shape_node *node)
{
    return node->inner ? node->inner : shape_learn_inner(shape, node);
}

uint64_t shape_hash(struct str key);
/* Adds a key; true if it may have been there before. */
bool bloom_add(struct bloom *bloom, struct str key);

#endif
