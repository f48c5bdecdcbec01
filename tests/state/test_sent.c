/* tests/state/test_sent.c - mirrors agent/state/sent.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/state/sent.c"

#include "tests/state/fixture.h"

static struct source *opened(struct fixture *fixture)
{
    return state_source_open(fixture->state, 0, STR("f1"), STR("id-"), NULL);
}

static void one_reservation_serves_all_that_lies_below_it(void)
{
    struct fixture fixture;
    fixture_init(&fixture, 1);
    fixture_start(&fixture);
    struct source *source = opened(&fixture);
    uint64_t ticket = source_reserve(source, 10);
    CHECK(!state_synced(fixture.state, ticket));
    CHECK(state_is_urgent(fixture.state));
    CHECK_EQ(fixture_commit(&fixture), ticket);
    CHECK(state_synced(fixture.state, ticket));
    CHECK_EQ(source_reserve(source, 10 + SENT_AHEAD_BYTES - 1), ticket);
    CHECK(!state_is_urgent(fixture.state));
    CHECK(source_reserve(source, 10 + SENT_AHEAD_BYTES) > ticket);
    CHECK(!source_maybe_sent(source, 10)); /* by this run: the payload knows */
    fixture_clear(&fixture);
}

static void what_an_earlier_run_reserved_may_have_been_sent(void)
{
    struct fixture fixture;
    fixture_init(&fixture, 2);
    fixture_start(&fixture);
    (void)source_reserve(opened(&fixture), 10);
    (void)fixture_commit(&fixture);
    for (int i = 0; i < 2; i++) { /* from a commit, then from the snapshot of a start */
        fixture_restart(&fixture);
        struct source *source = opened(&fixture);
        CHECK(source_maybe_sent(source, 10 + SENT_AHEAD_BYTES - 1));
        CHECK(!source_maybe_sent(source, 10 + SENT_AHEAD_BYTES));
        CHECK(state_synced(fixture.state, source_reserve(source, 5)));
    }
    fixture_clear(&fixture);
}

static void a_reservation_that_was_not_synced_let_nothing_leave(void)
{
    struct fixture fixture;
    fixture_init(&fixture, 3);
    fixture_start(&fixture);
    struct source *source = opened(&fixture);
    (void)fixture_commit(&fixture);
    (void)source_reserve(source, 10);
    fixture_restart(&fixture);
    CHECK(!source_maybe_sent(opened(&fixture), 0));
    fixture_clear(&fixture);
}

static void after_damage_anything_may_have_been_sent_and_serials_go_on_far_above(void)
{
    struct fixture fixture;
    fixture_init(&fixture, 4);
    fixture_start(&fixture);
    struct source *source = opened(&fixture);
    (void)fixture_commit(&fixture);
    uint64_t middle = fixture.state->journal.end + 40, serial = state_new_serial(fixture.state);
    (void)source_reserve(source, 10);
    (void)fixture_commit(&fixture);
    (void)state_new_serial(fixture.state);
    (void)fixture_commit(&fixture);
    sim_files_flip(fixture.sim, "state/journal", middle);
    fixture_restart(&fixture);
    CHECK(source_maybe_sent(opened(&fixture), UINT64_C(1) << 60));
    CHECK(state_new_serial(fixture.state) > serial + 1000);
    fixture_clear(&fixture);
}

static void ids_that_others_make_alike_may_always_have_been_sent(void)
{
    struct fixture fixture;
    fixture_init(&fixture, 5);
    fixture_start(&fixture);
    struct source *source = opened(&fixture);
    source_share_ids(source);
    CHECK(source_maybe_sent(source, 0));
    fixture_clear(&fixture);
}

CHECK_MAIN(TEST(one_reservation_serves_all_that_lies_below_it),
           TEST(what_an_earlier_run_reserved_may_have_been_sent),
           TEST(a_reservation_that_was_not_synced_let_nothing_leave),
           TEST(after_damage_anything_may_have_been_sent_and_serials_go_on_far_above),
           TEST(ids_that_others_make_alike_may_always_have_been_sent))
