/* tests/pipeline/test_room.c - mirrors agent/pipeline/room.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/pipeline/room.c"

#include "tests/pipeline/away.h"

static struct away away;

/* Two inputs: one goes to the far end alone, the other to the far end and to a file. */
static const char CONFIG[] =
    "input tail \"alone\" { path = \"/logs/alone\" read_from = beginning }\n"
    "input tail \"both\" { path = \"/logs/both\" read_from = beginning }\n" AWAY_FAR "}\n"
    "output file \"all\" { path = \"/out/all\" from = [both] }\n";

enum { FAR = 1, NEAR = 2, ALONE = 1, BOTH = 2 };

static struct pipeline *opened(const char *config)
{
    away_open(&away, config);
    return &away.rig.agent.lane.pipeline;
}

static void make_away(struct pipeline *pipeline)
{
    pipeline->drains[0].away_since_ns = pipeline->engine.mono_ns - AWAY_NS;
}

static void while_all_is_well_everything_goes_direct(void)
{
    struct pipeline *pipeline = opened(CONFIG);
    uint64_t leaving;
    CHECK_EQ(pipeline->entries[0].below, FAR);
    CHECK_EQ(pipeline->entries[1].below, FAR | NEAR);
    CHECK_EQ(room_of_inputs(pipeline, &leaving), ALONE | BOTH);
    CHECK_EQ(leaving, ALONE | BOTH);
    CHECK(!pipeline->drains[0].diverts);
    away_close(&away);
}

static void a_queue_takes_over_only_where_another_output_would_wait(void)
{
    struct pipeline *pipeline = opened(CONFIG);
    make_away(pipeline);
    CHECK(room_for(pipeline, FAR | NEAR, false));
    CHECK(pipeline->drains[0].diverts && !pipeline->drains[1].diverts);
    CHECK(room_for(pipeline, FAR, false)); /* alone: into memory, as long as there is room */
    CHECK(!pipeline->drains[0].diverts);
    CHECK(room_for(pipeline, FAR, true));
    CHECK(pipeline->drains[0].diverts);
    away_close(&away);
}

static void without_room_a_sole_output_stops_its_source_unless_that_is_leaving(void)
{
    struct pipeline *pipeline = opened(CONFIG);
    struct payload *stuck = payload_make(0, STR(""), 0);
    uint64_t leaving;
    payloads_append(&pipeline->drains[0].refused, stuck); /* it takes no more */
    CHECK_EQ(room_of_inputs(pipeline, &leaving), BOTH);
    CHECK_EQ(leaving, ALONE | BOTH);
    pipeline->drains[0].queue.size_max = 0; /* nor does its queue */
    CHECK_EQ(room_of_inputs(pipeline, &leaving), 0);
    CHECK_EQ(leaving, 0);
    away_close(&away);
}

static void what_is_held_goes_to_the_queue_where_reading_goes_on_for_others(void)
{
    struct pipeline *pipeline = opened(CONFIG);
    payloads_append(&pipeline->drains[0].refused, payload_make(0, STR(""), 0));
    CHECK(!room_for(pipeline, FAR, false)); /* a sampler above it alone would hold for ever */
    CHECK(room_for_held(pipeline, FAR, false));
    CHECK(pipeline->drains[0].diverts);
    pipeline->drains[0].queue.size_max = 0;
    CHECK(!room_for_held(pipeline, FAR, false));
    away_close(&away);
}

static void without_a_state_directory_there_is_no_queue(void)
{
    struct pipeline *pipeline = opened(CONFIG);
    queue_close(&pipeline->drains[0].queue);
    make_away(pipeline);
    CHECK(room_for(pipeline, FAR | NEAR, false)); /* there still is memory */
    CHECK(!pipeline->drains[0].diverts);
    payloads_append(&pipeline->drains[0].refused, payload_make(0, STR(""), 0));
    CHECK(!room_for(pipeline, FAR | NEAR, false));
    away_close(&away);
}

static void of_two_that_are_away_none_makes_the_other_queue(void)
{
    struct pipeline *pipeline =
        opened(AWAY_INPUT AWAY_FAR "}\n"
                                   "output elasticsearch \"two\" { url = \"http://far\" }\n");
    for (int i = 0; i < 2; i++)
        payloads_append(&pipeline->drains[i].refused, payload_make((uint32_t)i, STR(""), 0));
    CHECK(!room_for(pipeline, 3, false));
    payload_free(payloads_take_first(&pipeline->drains[1].refused));
    CHECK(room_for(pipeline, 3, false));
    CHECK(pipeline->drains[0].diverts && !pipeline->drains[1].diverts);
    away_close(&away);
}

CHECK_MAIN(TEST(while_all_is_well_everything_goes_direct),
           TEST(a_queue_takes_over_only_where_another_output_would_wait),
           TEST(without_room_a_sole_output_stops_its_source_unless_that_is_leaving),
           TEST(what_is_held_goes_to_the_queue_where_reading_goes_on_for_others),
           TEST(without_a_state_directory_there_is_no_queue),
           TEST(of_two_that_are_away_none_makes_the_other_queue))
