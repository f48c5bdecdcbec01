/* tests/pipeline/test_drain.c - mirrors agent/pipeline/drain.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/pipeline/drain.c"

#include "tests/pipeline/rig.h"

enum { EVENTS = 3 };

struct batch_of_three { /* events of no source, owed to output 0 */
    struct origin origins[EVENTS];
    struct event events[EVENTS];
    struct event *at[EVENTS];
    struct view view;
};

static void three_init(struct batch_of_three *three, struct arena *arena)
{
    *three = (struct batch_of_three){.view = {.at = three->at, .count = EVENTS, .arena = arena}};
    for (int i = 0; i < EVENTS; i++) {
        three->origins[i] = (struct origin){.owed = 1, .fresh = 1};
        three->events[i] = (struct event){
            .bytes = STR("hello"), .time_ns = 1, .origin = &three->origins[i], .id = STR("x")};
        three->at[i] = &three->events[i];
    }
}

static struct drain *open_drain(struct rig *rig, const char *output)
{
    char config[256];
    snprintf(config, sizeof config, "input stdin { }\noutput %s\n", output);
    rig_open(rig, config);
    return &rig->agent.lane.pipeline.drains[0];
}

static void live_events_are_delivered_and_ghosts_only_counted(void)
{
    struct rig rig;
    struct batch_of_three three;
    struct drain *drain = open_drain(&rig, "file { path = \"/out/all\" }");
    three_init(&three, &rig.agent.lane.batch);
    three.events[1].fate = FATE_DROPPED;
    three.events[2].fate = FATE_SAMPLED_OUT;
    CHECK(drain_has_room(drain));
    drain_take(drain, &three.view);
    CHECK_EQ(drain->totals->in, 3);
    CHECK_EQ(drain->totals->delivered, 1);
    CHECK_EQ(drain->totals->dropped, 1);
    CHECK_EQ(drain->totals->sampled_out, 1);
    CHECK_EQ(drain->fresh_events, 1);
    CHECK(output_is_balanced(drain->totals));
    for (int i = 0; i < EVENTS; i++)
        CHECK_EQ(three.origins[i].owed, 0);
    rig_close(&rig);
}

static void an_output_that_discards_needs_no_bundle(void)
{
    struct rig rig;
    struct batch_of_three three;
    struct drain *drain = open_drain(&rig, "discard { }");
    three_init(&three, &rig.agent.lane.batch);
    CHECK(drain_has_room(drain));
    drain_take(drain, &three.view);
    CHECK(!drain->bundle);
    CHECK_EQ(drain->totals->delivered, 3);
    CHECK_EQ(drain->fresh_events, 0);
    rig_close(&rig);
}

static void a_bundle_that_is_full_goes_to_the_writer_as_soon_as_there_is_another(void)
{
    struct rig rig;
    struct batch_of_three three;
    struct drain *drain = open_drain(&rig, "file { path = \"/out/all\" }");
    struct writer *writer = state_writer(rig.agent.lane.state);
    bool has_passed_on = false;
    CHECK(drain_has_room(drain));
    for (int i = 0; i < 100000 && !has_passed_on; i++) {
        size_t before = drain->bundle->bytes.len;
        three_init(&three, &rig.agent.lane.batch);
        drain_take(drain, &three.view);
        arena_reset(&rig.agent.lane.batch);
        has_passed_on = drain->bundle->bytes.len < before;
    }
    CHECK(has_passed_on);
    CHECK(writer_uncommitted_bytes(writer) >= BUNDLE_FULL);
    rig_close(&rig);
}

static void while_the_writer_is_behind_the_bundle_grows_and_there_is_no_room(void)
{
    struct rig rig;
    struct batch_of_three three;
    struct drain *drain = open_drain(&rig, "file { path = \"/out/all\" }");
    uint64_t taken = 0;
    while (drain_has_room(drain) && taken < 10000000) {
        three_init(&three, &rig.agent.lane.batch);
        drain_take(drain, &three.view);
        arena_reset(&rig.agent.lane.batch);
        taken += EVENTS;
    }
    CHECK(!drain_has_room(drain));
    size_t full = drain->bundle->bytes.len;
    three_init(&three, &rig.agent.lane.batch);
    drain_take(drain, &three.view); /* what was begun is finished */
    CHECK(drain->bundle->bytes.len > full);
    CHECK_EQ(drain->totals->delivered, taken + EVENTS);
    rig_close(&rig);
}

static void a_flush_gives_away_what_was_written_and_gives_back_what_is_empty(void)
{
    struct rig rig;
    struct batch_of_three three;
    struct drain *drain = open_drain(&rig, "file { path = \"/out/all\" }");
    struct writer *writer = state_writer(rig.agent.lane.state);
    CHECK(drain_has_room(drain));
    drain_flush(drain);
    CHECK(!drain->bundle);
    CHECK(!writer_has_uncommitted(writer));
    CHECK(drain_has_room(drain));
    three_init(&three, &rig.agent.lane.batch);
    drain_take(drain, &three.view);
    drain_flush(drain);
    CHECK(!drain->bundle);
    CHECK(writer_has_uncommitted(writer));
    (void)writer_step(writer, rig.clock.mono_ns);
    CHECK_EQ(rig_lines(&rig, "/out/all"), 3);
    rig_close(&rig);
}

CHECK_MAIN(TEST(live_events_are_delivered_and_ghosts_only_counted),
           TEST(an_output_that_discards_needs_no_bundle),
           TEST(a_bundle_that_is_full_goes_to_the_writer_as_soon_as_there_is_another),
           TEST(while_the_writer_is_behind_the_bundle_grows_and_there_is_no_room),
           TEST(a_flush_gives_away_what_was_written_and_gives_back_what_is_empty))
