/* tests/data/test_shape.c - mirrors agent/data/shape.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/data/shape.c"

#include "tests/check.h"

static struct shape shape;
static struct arena arena;

static struct shape_node *root(void)
{
    if (!shape.names) {
        arena_init(&arena, 1 << 20, 64 << 20);
        shape.names = names_make(&arena);
    }
    shape_init(&shape, shape.names);
    return &shape.nodes[0];
}

static struct shape_node *learned(struct shape_node *parent, const char *key)
{
    char token[SHAPE_TOKEN_MAX + 1];
    int len = snprintf(token, sizeof token, "\"%s\":", key);
    return shape_learn(&shape, parent, (struct str){token, (size_t)len},
                       (struct str){token + 1, (size_t)len - 3});
}

static void a_node_knows_its_token_its_name_and_its_slot(void)
{
    struct shape_node *top = root();
    struct shape_node *level = learned(top, "level"), *other = learned(level, "other");
    CHECK(top->child == level && level->child == other && other->parent == level);
    CHECK_TEXT(((struct str){level->token, level->token_len}), "\"level\":");
    CHECK_EQ(level->key_len, 5);
    CHECK_EQ(level->slot, SLOT_SEVERITY_TEXT);
    CHECK_EQ(level->name, names_find(shape.names, STR("level")));
    CHECK_EQ(level->mask, 0xFF);
    CHECK_EQ(other->slot, SLOT_NONE);
    CHECK_EQ(other->name, 0);
}

static void a_key_is_a_twin_only_where_it_stood_on_the_way(void)
{
    struct shape_node *top = root();
    struct shape_node *a = learned(top, "a"), *b = learned(top, "b");
    CHECK(!a->is_twin && !b->is_twin);
    CHECK(!learned(a, "b")->is_twin);
    struct shape_node *c = learned(a, "c");
    CHECK(learned(c, "a")->is_twin);
    CHECK(!learned(shape_inner(&shape, c), "a")->is_twin);
    struct shape_node *last = learned(root(), "k0");
    char key[16];
    for (int i = 1; i < 200; i++) { /* many more keys than the bloom has bits */
        snprintf(key, sizeof key, "k%d", i);
        last = learned(last, key);
        CHECK(!last->is_twin);
    }
    CHECK(learned(last, "k0")->is_twin);
}

static void a_token_and_the_children_of_a_node_have_bounds(void)
{
    struct shape_node *top = root();
    char token[SHAPE_TOKEN_MAX + 2];
    memset(token, 'x', sizeof token);
    struct str longest = {token, SHAPE_TOKEN_MAX}, longer = {token, SHAPE_TOKEN_MAX + 1};
    CHECK(shape_learn(&shape, top, longer, str_slice(longer, 1, 60)) == NULL);
    struct shape_node *node = shape_learn(&shape, top, longest, str_slice(longest, 1, 60));
    CHECK(node && node->token_len == SHAPE_TOKEN_MAX && node->mask == UINT32_MAX);
    for (char key[] = "a"; key[0] < 'a' + SHAPE_CHILDREN_MAX - 1; key[0]++)
        CHECK(learned(top, key) != NULL);
    CHECK(learned(top, "z") == NULL);
    CHECK_EQ(top->children, SHAPE_CHILDREN_MAX);
}

static void a_full_tree_counts_what_it_missed_until_it_is_forgotten(void)
{
    struct shape_node *node = root();
    while (shape.count < SHAPE_NODES)
        node = shape_inner(&shape, node);
    CHECK_EQ(shape.misses, 0);
    CHECK(shape_inner(&shape, node) == NULL);
    CHECK(learned(node, "a") == NULL);
    CHECK_EQ(shape.misses, 2);
    CHECK(node->child == NULL && node->inner == NULL && node->children == 0);
    struct shape_node *inner = shape_inner(&shape, &shape.nodes[0]);
    CHECK(inner == &shape.nodes[1]);
    shape_init(&shape, shape.names);
    CHECK(shape.nodes[0].inner == NULL && shape.misses == 0);
    CHECK(learned(&shape.nodes[0], "a") != NULL);
}

static void a_bloom_never_forgets_a_key(void)
{
    struct bloom bloom = {{0}};
    char key[16];
    CHECK(!bloom_add(&bloom, STR("k0")));
    for (int round = 0; round < 2; round++)
        for (int i = 0; i < 100; i++) {
            int len = snprintf(key, sizeof key, "k%d", i);
            bool was_there = bloom_add(&bloom, (struct str){key, (size_t)len});
            CHECK(round == 0 || was_there);
        }
}

CHECK_MAIN(TEST(a_node_knows_its_token_its_name_and_its_slot),
           TEST(a_key_is_a_twin_only_where_it_stood_on_the_way),
           TEST(a_token_and_the_children_of_a_node_have_bounds),
           TEST(a_full_tree_counts_what_it_missed_until_it_is_forgotten),
           TEST(a_bloom_never_forgets_a_key))
