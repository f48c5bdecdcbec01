/* tests/state/test_moments.c - mirrors agent/state/moments.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/state/moments.c"

#include "tests/state/fixture.h"

static void a_rewind_goes_back_to_a_noted_moment_and_forgets_older_ones(void)
{
    struct source source = {0};
    CHECK_EQ(source_moment_before(&source, 50).offset, 50);
    CHECK_EQ(source_moment_before(&source, 50).time_ns, 0);
    for (uint32_t i = 0; i < 5; i++)
        source_note_moment(&source, 100 * i, 7 + i);
    source_note_moment(&source, 400, 99); /* noted already */
    CHECK_EQ(source_moment_before(&source, 299).offset, 200);
    CHECK_EQ(source_moment_before(&source, 299).time_ns, 9);
    CHECK_EQ(source.moment_count, 3);
    CHECK_EQ(source_moment_before(&source, 1000).time_ns, 11);
    CHECK_EQ(source.moment_count, 1);
}

static void however_many_batches_are_held_a_rewind_goes_back_little_more_than_it_must(void)
{
    struct source source = {0};
    enum { BATCHES = 10000 };
    for (uint32_t i = 0; i < BATCHES; i++)
        source_note_moment(&source, i, i + 1);
    CHECK(source.moment_count <= SOURCE_MOMENTS);
    uint64_t offset = source_moment_before(&source, BATCHES / 2).offset;
    CHECK(offset <= BATCHES / 2 && offset > BATCHES / 4);
    CHECK_EQ(source.moments[0].time_ns, offset + 1);
}

static void a_time_that_was_chosen_later_holds_for_the_blank_before_it(void)
{
    struct source source = {0};
    source_note_moment(&source, 0, 0);
    source_note_moment(&source, 10, 0);
    source_note_moment(&source, 20, 5);
    CHECK_EQ(source_moment_before(&source, 3).time_ns, 5);
}

static void the_time_before_the_rewind_survives_a_restart(void)
{
    struct fixture fixture;
    fixture_init(&fixture, 1);
    fixture_start(&fixture);
    struct source *source = state_source_open(fixture.state, 0, STR("f1"), STR("id-"), NULL);
    source_note_moment(source, 0, 1000);
    struct origin first = fixture_take(source, 0);
    source_note_moment(source, 10, 2000);
    (void)fixture_take(source, 10);
    (void)fixture_take(source, 20);
    source->lane_last_ns = 3000;
    fixture_settle(&first, 0);
    fixture_settle(&first, 1);
    (void)fixture_commit(&fixture);
    for (int i = 0; i < 2; i++) {
        fixture_restart(&fixture);
        source = state_source_open(fixture.state, 0, STR("f1"), STR("id-"), NULL);
        CHECK_EQ(source_resume(source), 10);
        CHECK_EQ(source->lane_last_ns, 2000);
    }
    fixture_clear(&fixture);
}

CHECK_MAIN(TEST(a_rewind_goes_back_to_a_noted_moment_and_forgets_older_ones),
           TEST(however_many_batches_are_held_a_rewind_goes_back_little_more_than_it_must),
           TEST(a_time_that_was_chosen_later_holds_for_the_blank_before_it),
           TEST(the_time_before_the_rewind_survives_a_restart))
