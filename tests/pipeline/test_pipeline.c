/* tests/pipeline/test_pipeline.c - mirrors agent/pipeline/pipeline.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/pipeline/pipeline.c"

#include "tests/pipeline/rig.h"

static const char TREE[] = "input stdin \"a\" { filter set { fields = { .one = 1 } } }\n"
                           "filter drop \"first\" { when = error }\n"
                           "output discard \"all\" { }\n"
                           "input tail \"b\" { path = \"/logs/*.log\" }\n"
                           "branch \"left\" {\n"
                           "  output discard \"plain\" { }\n"
                           "  filter set { fields = { .two = 2 } }\n"
                           "  output discard \"edited\" { from = b }\n"
                           "}\n"
                           "branch \"right\" { from = [a b] output discard \"last\" { } }\n";

enum { ALL = 1, PLAIN = 2, EDITED = 4, LAST = 8 };

static void stages_stand_in_file_order_and_branches_are_arms_of_their_own(void)
{
    struct rig rig;
    rig_open(&rig, TREE);
    const struct pipeline *pipeline = &rig.agent.lane.pipeline;
    const struct stage *first = pipeline->main.first, *all = first->next, *left = all->next;
    CHECK_EQ(first->kind, STAGE_FILTER);
    CHECK(first->when);
    CHECK_EQ(all->kind, STAGE_OUTPUT);
    CHECK_EQ(left->kind, STAGE_BRANCH);
    CHECK_EQ(left->next->kind, STAGE_BRANCH);
    CHECK(!left->next->next);
    CHECK(pipeline->main.edits && left->branch->edits && !left->next->branch->edits);
    CHECK(!left->branch->then);
    CHECK_TEXT(left->branch->first->host.path, "/branch:left/discard:plain");
    CHECK_EQ(pipeline->drain_count, 4);
    CHECK_EQ(pipeline->holder_count, 0);
    rig_close(&rig);
}

static void below_are_the_outputs_that_an_event_can_still_reach(void)
{
    struct rig rig;
    rig_open(&rig, TREE);
    const struct pipeline *pipeline = &rig.agent.lane.pipeline;
    const struct stage *first = pipeline->main.first, *all = first->next, *left = all->next;
    CHECK_EQ(first->below, ALL | PLAIN | EDITED | LAST);
    CHECK_EQ(all->below, ALL);
    CHECK_EQ(left->below, PLAIN | EDITED);
    CHECK_EQ(left->branch->first->next->below, EDITED);
    CHECK_EQ(left->next->below, LAST);
    CHECK_EQ(pipeline->entries[0].arm.first->below, ALL | PLAIN | EDITED | LAST);
    rig_close(&rig);
}

static void from_is_a_bit_for_each_input_in_file_order(void)
{
    struct rig rig;
    rig_open(&rig, TREE);
    const struct stage *left = rig.agent.lane.pipeline.main.first->next->next;
    CHECK_EQ(left->from, 0);
    CHECK_EQ(left->branch->first->next->next->from, 2);
    CHECK_EQ(left->next->from, 3);
    rig_close(&rig);
}

static void an_input_enters_the_main_arm_where_it_stands(void)
{
    struct rig rig;
    rig_open(&rig, TREE);
    const struct pipeline *pipeline = &rig.agent.lane.pipeline;
    CHECK_EQ(pipeline->entry_count, 2);
    CHECK(pipeline->entries[0].arm.then == pipeline->main.first);
    CHECK(pipeline->entries[1].arm.then == pipeline->main.first->next->next);
    CHECK(pipeline->entries[0].arm.first);
    CHECK(!pipeline->entries[1].arm.first);
    CHECK_EQ(pipeline->entries[1].host.input, 1);
    rig_close(&rig);
}

static void filters_that_hold_or_remember_are_listed_in_branches_and_inputs_too(void)
{
    struct rig rig;
    rig_open(&rig, "input stdin { filter trace { } }\n"
                   "branch { filter sample \"inner\" { rate = 2 } output discard { } }\n");
    const struct pipeline *pipeline = &rig.agent.lane.pipeline;
    CHECK_EQ(pipeline->holder_count, 1);
    CHECK_TEXT(pipeline->holders[0]->host.label, "inner");
    CHECK(pipeline->rememberer_count >= 1);
    CHECK(pipeline->holders[0]->is_open);
    pipeline_close(&rig.agent.lane.pipeline);
    CHECK(!pipeline->holders[0]->is_open);
    CHECK(!pipeline->entries[0].is_open);
    rig_close(&rig);
}

static void a_holder_knows_whether_ghosts_are_asked_anything_below_it(void)
{
    static const struct {
        const char *text;
        bool want;
    } cases[] = {
        {"filter sample \"s\" { rate = 2 } output discard { }", false},
        {"filter sample \"s\" { rate = 2 } filter drop { when = a == 1 } output discard { }",
         false},
        {"filter sample \"s\" { rate = 2 } output discard { when = a == 1 }", true},
        {"filter sample \"s\" { rate = 2 } branch { when = a == 1  output discard { } }", true},
        {"filter sample \"s\" { rate = 2 } branch { output discard { when = a == 1 } }", true},
        {"output discard { when = a == 1 } filter sample \"s\" { rate = 2 } output discard \"d\" { "
         "}",
         false},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char text[256];
        struct rig rig;
        snprintf(text, sizeof text, "input stdin { }\n%s\n", cases[i].text);
        rig_open(&rig, text);
        CHECK_EQ(rig.agent.lane.pipeline.holders[0]->is_asked_below, cases[i].want);
        rig_close(&rig);
    }
}

CHECK_MAIN(TEST(stages_stand_in_file_order_and_branches_are_arms_of_their_own),
           TEST(below_are_the_outputs_that_an_event_can_still_reach),
           TEST(from_is_a_bit_for_each_input_in_file_order),
           TEST(an_input_enters_the_main_arm_where_it_stands),
           TEST(filters_that_hold_or_remember_are_listed_in_branches_and_inputs_too),
           TEST(a_holder_knows_whether_ghosts_are_asked_anything_below_it))
