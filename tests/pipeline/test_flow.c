/* tests/pipeline/test_flow.c - mirrors agent/pipeline/flow.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/pipeline/flow.c"

#include "tests/pipeline/rig.h"

#define IN "input stdin { filter parse { } }\n"

static const char LINES[] = "{\"n\":1,\"level\":\"error\"}\n"
                            "{\"n\":2,\"level\":\"info\"}\n"
                            "{\"n\":3,\"level\":\"info\"}\n";

static void an_event_that_a_when_turns_away_leaves_no_trace_in_the_ledger(void)
{
    struct rig rig;
    rig_run(&rig,
            IN "output file \"errors\" { path = \"/out/errors\" when = error }\n"
               "branch { when = .n == 3 output file \"third\" { path = \"/out/third\" } }\n"
               "output file \"all\" { path = \"/out/all\" }\n",
            LINES);
    CHECK_EQ(rig_totals(&rig, 0)->in, 1);
    CHECK_EQ(rig_totals(&rig, 0)->delivered, 1);
    CHECK_EQ(rig_totals(&rig, 1)->in, 1);
    CHECK_EQ(rig_totals(&rig, 1)->dropped, 0);
    CHECK_EQ(rig_totals(&rig, 2)->in, 3);
    CHECK(rig_wrote(&rig, "/out/third", "\"n\":3"));
    rig_close(&rig);
}

static void a_dropped_event_is_counted_as_dropped_by_every_output_below(void)
{
    struct rig rig;
    rig_run(&rig,
            IN "output file \"above\" { path = \"/out/above\" }\n"
               "filter drop { when = error }\n"
               "branch { output file \"inner\" { path = \"/out/inner\" } }\n"
               "output file \"below\" { path = \"/out/below\" }\n",
            LINES);
    CHECK_EQ(rig_totals(&rig, 0)->delivered, 3);
    CHECK_EQ(rig_totals(&rig, 0)->dropped, 0);
    for (uint32_t i = 1; i < 3; i++) {
        CHECK_EQ(rig_totals(&rig, i)->in, 3);
        CHECK_EQ(rig_totals(&rig, i)->dropped, 1);
        CHECK_EQ(rig_totals(&rig, i)->delivered, 2);
    }
    CHECK(!rig_wrote(&rig, "/out/below", "\"n\":1"));
    rig_close(&rig);
}

static void a_branchs_edit_does_not_change_the_main_arm(void)
{
    struct rig rig;
    rig_run(&rig,
            IN "branch {\n"
               "  filter set { fields = { .where = \"branch\" } }\n"
               "  filter drop { when = .n == 2 }\n"
               "  output file \"inner\" { path = \"/out/inner\" }\n"
               "}\n"
               "output file \"main\" { path = \"/out/main\" }\n",
            LINES);
    CHECK_EQ(rig_lines(&rig, "/out/inner"), 2);
    CHECK(rig_wrote(&rig, "/out/inner", "branch"));
    CHECK_EQ(rig_totals(&rig, 0)->dropped, 1);
    CHECK_EQ(rig_lines(&rig, "/out/main"), 3);
    CHECK(!rig_wrote(&rig, "/out/main", "branch"));
    CHECK_EQ(rig_totals(&rig, 1)->dropped, 0);
    rig_close(&rig);
}

static void two_outputs_of_one_branch_get_the_same_bytes(void)
{
    struct rig rig;
    rig_run(&rig,
            IN "branch {\n"
               "  filter set { fields = { .where = \"branch\" } }\n"
               "  output file \"one\" { path = \"/out/one\" }\n"
               "  output file \"other\" { path = \"/out/other\" }\n"
               "}\n",
            LINES);
    CHECK_EQ(rig_lines(&rig, "/out/one"), 3);
    CHECK_STR(sim_files_text(rig.sim, "/out/one"), sim_files_text(rig.sim, "/out/other"));
    rig_close(&rig);
}

static void an_event_without_a_time_takes_that_of_the_one_before_it(void)
{
    struct pipeline pipeline = {.engine.now_ns = 900};
    struct source source = {.lane_last_ns = 0};
    struct origin origin = {.source = &source};
    struct event events[4] = {{.origin = &origin},
                              {.origin = &origin, .time_ns = 50},
                              {.origin = &origin},
                              {.origin = &origin, .time_ns = 70}};
    struct event *at[4] = {&events[0], &events[1], &events[2], &events[3]};
    struct view view = {.at = at, .count = 4};
    inherit_times(&pipeline, &view, &view);
    CHECK_EQ(events[0].time_ns, 50);
    CHECK_EQ(events[2].time_ns, 50);
    CHECK_EQ(source.lane_last_ns, 70);
    CHECK_EQ(pipeline.before_ns, 50); /* as if one had been there before */
    struct event late = {.origin = &origin}, alone = {.origin = &(struct origin){0}};
    view = (struct view){.at = &(struct event *){&late}, .count = 1};
    pipeline.before_ns = source.lane_last_ns;
    inherit_times(&pipeline, &view, &view);
    CHECK_EQ(late.time_ns, 70);
    view = (struct view){.at = &(struct event *){&alone}, .count = 1};
    pipeline.before_ns = 0;
    inherit_times(&pipeline, &view, &view);
    CHECK_EQ(alone.time_ns, 900);
}

/* One filter reads the times of some events, another those of others. */
static void a_time_is_taken_from_the_event_before_in_the_source_whichever_filter_read_it(void)
{
    struct pipeline pipeline = {.engine.now_ns = 900, .before_ns = 10};
    struct source source = {.lane_last_ns = 10};
    struct origin origin = {.source = &source};
    struct event events[3] = {
        {.origin = &origin, .time_ns = 50}, {.origin = &origin}, {.origin = &origin}};
    struct event *at[3] = {&events[0], &events[1], &events[2]};
    struct view view = {.at = at, .count = 3}, last = {.at = &at[2], .count = 1};
    inherit_times(&pipeline, &view, &last);
    CHECK_EQ(events[1].time_ns, 0);
    CHECK_EQ(events[2].time_ns, 50);
}

CHECK_MAIN(TEST(an_event_that_a_when_turns_away_leaves_no_trace_in_the_ledger),
           TEST(a_dropped_event_is_counted_as_dropped_by_every_output_below),
           TEST(a_branchs_edit_does_not_change_the_main_arm),
           TEST(two_outputs_of_one_branch_get_the_same_bytes),
           TEST(an_event_without_a_time_takes_that_of_the_one_before_it),
           TEST(a_time_is_taken_from_the_event_before_in_the_source_whichever_filter_read_it))
