/* tests/pipeline/test_schedule.c - mirrors agent/pipeline/schedule.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/pipeline/schedule.c"

#include "tests/state/fixture.h"

enum { WALL = 1000 };

static struct source *ready_source(struct fixture *fixture, const char *key, int64_t time_ns)
{
    struct source *source = state_source_open(fixture->state, 0, str_from(key), STR("id-"), NULL);
    CHECK(source);
    source_ready(source, true);
    if (time_ns)
        source_reached(source, time_ns, WALL);
    return source;
}

static const struct readable all = {UINT64_MAX, UINT64_MAX};

static void start(struct fixture *fixture)
{
    fixture_init(fixture, 1);
    fixture->plan.directory = STR("");
    fixture_start(fixture);
}

static void of_eight_batches_seven_come_from_who_is_behind_and_one_from_who_is_current(void)
{
    struct fixture fixture;
    struct schedule schedule = {0};
    int behind = 0, current = 0;
    start(&fixture);
    CHECK(!schedule_pick(&schedule, fixture.state, all));
    (void)ready_source(&fixture, "middle", 20);
    const struct source *old = ready_source(&fixture, "old", 10),
                        *new = ready_source(&fixture, "new", 30);
    for (int i = 0; i < 16; i++) {
        const struct source *picked = schedule_pick(&schedule, fixture.state, all);
        behind += picked == old;
        current += picked == new;
    }
    CHECK_EQ(behind, 14);
    CHECK_EQ(current, 2);
    schedule.is_short = true;
    for (int i = 0; i < 128; i++)
        current += schedule_pick(&schedule, fixture.state, all) == new;
    CHECK_EQ(current, 4);
    fixture_clear(&fixture);
}

static void a_source_whose_outputs_are_full_waits_unless_it_is_leaving(void)
{
    struct fixture fixture;
    struct schedule schedule = {0};
    start(&fixture);
    struct source *source = ready_source(&fixture, "only", 20);
    CHECK(!schedule_pick(&schedule, fixture.state, (struct readable){0}));
    CHECK(!schedule_pick(&schedule, fixture.state, (struct readable){.urgent = 1}));
    CHECK(schedule_pick(&schedule, fixture.state, (struct readable){.inputs = 1}) == source);
    CHECK(!schedule.is_urgent);
    source_leaves(source);
    CHECK(!schedule_pick(&schedule, fixture.state, (struct readable){.inputs = 1}));
    CHECK(schedule_pick(&schedule, fixture.state, (struct readable){.urgent = 1}) == source);
    CHECK(schedule.is_urgent);
    fixture_clear(&fixture);
}

/* Else what is held of it could not be decided: stream time would stand still. */
static void who_stands_before_a_source_that_is_leaving_is_read_with_it(void)
{
    static const struct readable urgent = {.urgent = 1};
    struct fixture fixture;
    struct schedule schedule = {.in_order = true};
    start(&fixture);
    struct source *leaving = ready_source(&fixture, "leaving", 20);
    struct source *unread = ready_source(&fixture, "unread", 0);
    struct source *before = ready_source(&fixture, "before", 10);
    (void)ready_source(&fixture, "behind", 30);
    source_leaves(leaving);
    CHECK(schedule_pick(&schedule, fixture.state, urgent) == unread);
    CHECK(schedule.is_urgent);
    source_ready(unread, false);
    CHECK(schedule_pick(&schedule, fixture.state, urgent) == before);
    source_reached(before, 25, WALL);
    CHECK(schedule_pick(&schedule, fixture.state, urgent) == leaving);
    source_ready(leaving, false);
    CHECK(!schedule_pick(&schedule, fixture.state, urgent));
    fixture_clear(&fixture);
}

static void in_order_it_is_always_who_is_furthest_behind(void)
{
    struct fixture fixture;
    struct schedule schedule = {.in_order = true};
    start(&fixture);
    (void)ready_source(&fixture, "new", 30);
    struct source *old = ready_source(&fixture, "old", 10);
    for (int i = 0; i < 16; i++)
        CHECK(schedule_pick(&schedule, fixture.state, all) == old);
    fixture_clear(&fixture);
}

static void a_source_with_no_event_yet_comes_first_and_stops_the_timers(void)
{
    struct fixture fixture;
    struct schedule schedule = {0};
    start(&fixture);
    (void)ready_source(&fixture, "old", 10);
    CHECK(schedule_knows_time(fixture.state));
    struct source *mute = ready_source(&fixture, "mute", 0);
    CHECK(!schedule_knows_time(fixture.state));
    for (int i = 0; i < 16; i++)
        CHECK(schedule_pick(&schedule, fixture.state, all) == mute);
    source_ready(mute, false); /* there is nothing to read in it */
    CHECK(schedule_knows_time(fixture.state));
    fixture_clear(&fixture);
}

static void stream_time_is_the_oldest_of_those_with_unread_bytes_else_the_walls(void)
{
    struct fixture fixture;
    start(&fixture);
    struct source *old = ready_source(&fixture, "old", 10),
                  *new = ready_source(&fixture, "new", 30);
    CHECK_EQ(schedule_stream_ns(fixture.state, WALL, 0), 10);
    source_ready(old, false);
    CHECK_EQ(schedule_stream_ns(fixture.state, WALL, 0), 30);
    source_ready(new, false);
    CHECK_EQ(schedule_stream_ns(fixture.state, WALL, 0), WALL);
    CHECK_EQ(schedule_stream_ns(fixture.state, WALL, 50), WALL - 50);
    fixture_clear(&fixture);
}

static void a_sources_time_never_goes_back_and_never_into_the_future(void)
{
    struct source source = {0};
    source_reached(&source, 50, WALL);
    source_reached(&source, 40, WALL);
    CHECK_EQ(source.lane_time_ns, 50);
    source_reached(&source, INT64_MAX, WALL);
    CHECK_EQ(source.lane_time_ns, WALL);
}

CHECK_MAIN(TEST(of_eight_batches_seven_come_from_who_is_behind_and_one_from_who_is_current),
           TEST(a_source_whose_outputs_are_full_waits_unless_it_is_leaving),
           TEST(who_stands_before_a_source_that_is_leaving_is_read_with_it),
           TEST(in_order_it_is_always_who_is_furthest_behind),
           TEST(a_source_with_no_event_yet_comes_first_and_stops_the_timers),
           TEST(stream_time_is_the_oldest_of_those_with_unread_bytes_else_the_walls),
           TEST(a_sources_time_never_goes_back_and_never_into_the_future))
