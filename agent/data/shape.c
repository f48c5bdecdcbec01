/* agent/data/shape.c - which key follows which.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/data/shape.h"

#include <string.h>
#include <xxhash.h>

#include "agent/must.h"

void shape_init(struct shape *shape, const struct names *names)
{
    shape->names = names;
    shape->count = SHAPE_ROOT + 1;
    shape->misses = 0;
    shape->nodes[SHAPE_NONE] = (struct shape_node){.child = SHAPE_NONE};
    shape->nodes[SHAPE_ROOT] = (struct shape_node){.child = SHAPE_NONE};
}

uint64_t shape_hash(struct str key)
{
    return XXH3_64bits(key.at, key.len);
}

bool bloom_add(struct bloom *bloom, struct str key)
{
    uint64_t hash = shape_hash(key);
    uint64_t bit = UINT64_C(1) << (hash & 63);
    uint64_t *word = &bloom->words[hash >> 63];
    bool was_there = *word & bit;
    *word |= bit;
    return was_there;
}

static uint16_t take_node(struct shape *shape)
{
    if (shape->count < SHAPE_NODES)
        return shape->count++;
    shape->misses++;
    return SHAPE_NONE;
}

static struct str key_of(const struct shape_node *node)
{
    return (struct str){node->token + 1, node->key_len};
}

static bool is_on_the_way(const struct shape *shape, uint16_t node, struct str key)
{
    for (; shape->nodes[node].token_len; node = shape->nodes[node].parent)
        if (str_equal(key_of(&shape->nodes[node]), key))
            return true;
    return false;
}

uint16_t shape_learn(struct shape *shape, uint16_t parent, struct str token, struct str key)
{
    struct shape_node *before = &shape->nodes[parent];
    if (token.len > SHAPE_TOKEN_MAX || before->children == SHAPE_CHILDREN_MAX)
        return SHAPE_NONE;
    uint16_t id = take_node(shape);
    if (id == SHAPE_NONE)
        return SHAPE_NONE;
    struct shape_node *node = &shape->nodes[id];
    *node = (struct shape_node){.bloom = before->bloom,
                                .parent = parent,
                                .sibling = before->child,
                                .token_len = (uint8_t)token.len,
                                .key_len = (uint8_t)key.len};
    memcpy(node->token, token.at, token.len);
    node->name = names_find(shape->names, key);
    node->slot = (uint8_t)names_slot(shape->names, node->name, &node->rank);
    node->is_twin = bloom_add(&node->bloom, key) && is_on_the_way(shape, parent, key);
    before->child = id;
    before->children++;
    return id;
}

uint16_t shape_inner(struct shape *shape, uint16_t node)
{
    if (node == SHAPE_NONE || shape->nodes[node].inner)
        return shape->nodes[node].inner;
    uint16_t id = take_node(shape);
    if (id == SHAPE_NONE)
        return SHAPE_NONE;
    shape->nodes[id] = (struct shape_node){.parent = SHAPE_NONE};
    return shape->nodes[node].inner = id;
}
