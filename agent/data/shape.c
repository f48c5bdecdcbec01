/* agent/data/shape.c - which key follows which.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/data/shape.h"

#include <string.h>
#include <xxhash.h>

#include "agent/data/alias.h"
#include "agent/data/slots.h"
#include "agent/must.h"

void shape_init(struct shape *shape, const struct names *names)
{
    shape->names = names;
    shape->misses = 0;
    shape->count = 1;
    shape->nodes[0] = (struct shape_node){.child = NULL};
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

static struct shape_node *take_node(struct shape *shape)
{
    if (shape->count < SHAPE_NODES)
        return &shape->nodes[shape->count++];
    shape->misses++;
    return NULL;
}

static bool is_on_the_way(const struct shape_node *node, struct str key)
{
    for (; node->token_len; node = node->parent)
        if (str_equal((struct str){node->token + node->key_at, node->key_len}, key))
            return true;
    return false;
}

struct shape_node *shape_learn(struct shape *shape, struct shape_node *before, struct str token,
                               struct str key)
{
    if (token.len > SHAPE_TOKEN_MAX || before->children == SHAPE_CHILDREN_MAX)
        return NULL;
    struct shape_node *node = take_node(shape);
    if (!node)
        return NULL;
    *node =
        (struct shape_node){.parent = before,
                            .sibling = before->child,
                            .mask = token.len < 32 ? (UINT32_C(1) << token.len) - 1 : UINT32_MAX,
                            .token_len = (uint8_t)token.len,
                            .key_len = (uint8_t)key.len,
                            .key_at = (uint8_t)(key.at - token.at),
                            .bloom = before->bloom};
    memcpy(node->token, token.at, token.len);
    node->name = names_find(shape->names, key);
    node->slot = (uint8_t)names_slot(shape->names, node->name, &node->rank);
    node->taking = slot_taking((enum slot)node->slot);
    node->nested = alias_nested(key);
    node->is_twin = bloom_add(&node->bloom, key) && is_on_the_way(before, key);
    if (node->is_twin)
        node->taking = TAKES_ASKING;
    before->child = node;
    before->children++;
    return node;
}

struct shape_node *shape_learn_inner(struct shape *shape, struct shape_node *node)
{
    struct shape_node *root = take_node(shape);
    if (root) {
        *root = (struct shape_node){.parent = NULL};
        node->inner = root;
    }
    return root;
}
