/* agent/config/tree.h - steps from blocks to the tree of nodes. Internal to this room.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef WEIR_TREE_H
#define WEIR_TREE_H

#include "agent/config/fill.h"

/* tree.c */
struct config *tree_build(struct context *context, struct syntax_block *blocks);
/* test_block.c */
struct test *test_build(struct context *context, struct syntax_block *block);
void tests_check(struct context *context, const struct config *config);
/* rules.c: what single blocks cannot know: labels, what reaches what. */
void rules_check(struct context *context, struct config *config);
const struct node *node_find(const struct node *nodes, enum node_kind kind, struct str label);
struct str node_near(const struct node *nodes, enum node_kind kind, struct str label);

#endif
