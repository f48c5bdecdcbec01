/* tests/state/test_source.c - mirrors agent/state/source.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/state/source.c"

#include "tests/state/fixture.h"

static struct source *opened(struct fixture *fixture, const char *key)
{
    return state_source_open(fixture->state, 0, str_from(key), STR("id-"), fixture);
}

static void a_new_source_owes_every_event_to_every_output(void)
{
    struct fixture fixture;
    fixture_init(&fixture, 1);
    fixture_start(&fixture);
    struct source *source = opened(&fixture, "f1");
    CHECK(source != NULL && source_mine(source) == &fixture && !source_is_known(source));
    CHECK(opened(&fixture, "f1") == NULL);
    CHECK(state_source_open(fixture.state, 1, STR("f1"), STR(""), NULL) != NULL);
    CHECK(state_source(fixture.state, source_id(source)) == source);
    struct origin origin = {.offset = 0};
    source_take(source, &origin);
    CHECK_EQ(origin.owed, 3);
    CHECK_EQ(origin.fresh, 3);
    CHECK_EQ(origin.seq, 0);
    fixture_clear(&fixture);
}

static void a_restart_reads_again_from_the_oldest_open_event_and_gives_out_only_what_is_open(void)
{
    struct fixture fixture;
    fixture_init(&fixture, 2);
    fixture_start(&fixture);
    struct source *source = opened(&fixture, "f1");
    struct origin events[6];
    for (uint32_t i = 0; i < COUNT(events); i++)
        events[i] = fixture_take(source, 10 * i);
    for (uint32_t i = 0; i < COUNT(events); i++)
        fixture_settle(&events[i], 0);
    static const uint32_t settled[] = {0, 1, 3, 5};
    for (size_t i = 0; i < COUNT(settled); i++)
        fixture_settle(&events[settled[i]], 1);
    CHECK(!source_settle(source, events[0].seq, 1));
    CHECK_EQ(source_oldest_open(source), 20);
    fixture_commit(&fixture);

    fixture_restart(&fixture);
    CHECK_EQ(fixture.state->ledger.outputs[1].in_flight, 2);
    source = opened(&fixture, "f1");
    CHECK(source_is_known(source));
    CHECK_EQ(source_resume(source), 20);
    CHECK_EQ(source_read_until(source), 60);
    static const uint64_t owed[] = {2, 0, 2, 0, 3};
    for (uint32_t i = 0; i < COUNT(owed); i++) {
        struct origin origin = {.source = source, .offset = 20 + 10 * i};
        source_take(source, &origin);
        CHECK_EQ(origin.owed, owed[i]);
        CHECK_EQ(origin.fresh, i == 4 ? 3 : 0);
        CHECK_EQ(origin.seq != 0, owed[i] == 2);
    }
    CHECK_EQ(fixture.state->ledger.outputs[1].in_flight, 0);
    source_advance(source, 70);
    CHECK_EQ(source_read_until(source), UINT64_MAX);
    CHECK_EQ(state_lost(fixture.state), 0);
    fixture_clear(&fixture);
}

static void a_key_is_remembered_whichever_input_has_it(void)
{
    struct fixture fixture;
    fixture_init(&fixture, 8);
    fixture_start(&fixture);
    CHECK(!state_remembers(fixture.state, STR("f1")));
    CHECK(state_source_open(fixture.state, 1, STR("f1"), STR("id-"), &fixture) != NULL);
    CHECK(state_remembers(fixture.state, STR("f1")));
    CHECK(!state_remembers(fixture.state, STR("f2")));
    fixture_clear(&fixture);
}

static void entries_stay_in_order_of_position_however_they_come(void)
{
    struct fixture fixture;
    fixture_init(&fixture, 3);
    fixture_start(&fixture);
    struct source *source = opened(&fixture, "f1");
    static const uint64_t offsets[] = {50, 10, 30, 70, 20, 60, 0, 40};
    for (size_t i = 0; i < COUNT(offsets); i++) {
        struct origin origin = {.offset = offsets[i], .owed = 1};
        CHECK(source_hold_open(source, &origin));
    }
    uint64_t expected = 0;
    for (uint32_t slot = source->open_oldest; slot; slot = entry_at(source, slot)->newer) {
        CHECK_EQ(entry_at(source, slot)->offset, expected);
        expected += 10;
    }
    CHECK_EQ(expected, 80);
    fixture_clear(&fixture);
}

static void what_a_source_no_longer_holds_is_abandoned_and_counted(void)
{
    struct fixture fixture;
    fixture_init(&fixture, 4);
    fixture_start(&fixture);
    struct source *source = opened(&fixture, "f1");
    for (uint32_t i = 0; i < 4; i++)
        fixture_take(source, 10 * i);
    fixture_commit(&fixture);
    fixture_restart(&fixture);
    source = opened(&fixture, "f1");
    struct origin first = {.offset = 0};
    source_take(source, &first);
    source_advance(source, 20); /* a second event at 10 was there, and is not any more */
    CHECK_EQ(state_lost(fixture.state), 1);
    CHECK_EQ(source_lose(source), 2);
    CHECK_EQ(fixture.state->ledger.outputs[0].abandoned, 3);
    CHECK_EQ(fixture.state->open_bits[1], 1);
    fixture_clear(&fixture);
}

static void totals_count_only_above_the_read_mark(void)
{
    struct fixture fixture;
    fixture_init(&fixture, 5);
    fixture_start(&fixture);
    struct source *source = opened(&fixture, "f1");
    struct origin origins[2] = {{.offset = 0}, {.offset = 10}};
    struct event events[2] = {{.origin = &origins[0]}, {.origin = &origins[1]}};
    struct batch batch = {.events = events, .count = 2, .bytes = 21, .lines = 3, .blank = 1};
    const struct input_totals *totals = &fixture.state->ledger.inputs[0];
    source_count(source, &batch);
    source_advance(source, 10);
    CHECK_EQ(totals->bytes, 21);
    CHECK_EQ(totals->lines, 3);
    source_count(source, &batch); /* across the mark */
    CHECK_EQ(totals->bytes, 32);
    CHECK_EQ(totals->events, 3);
    source_advance(source, 21);
    source_count(source, &batch);
    CHECK_EQ(totals->bytes, 32);
    fixture_clear(&fixture);
}

static void a_finished_source_is_forgotten_once_all_is_settled(void)
{
    struct fixture fixture;
    fixture_init(&fixture, 6);
    fixture_start(&fixture);
    struct source *source = opened(&fixture, "f1");
    struct origin event = fixture_take(source, 0);
    source_note(source, STR("birth"));
    source_finish(source);
    fixture_commit(&fixture);
    CHECK(source_find(fixture.state, 0, STR("f1")) != NULL);
    CHECK(source_is_safe(source));
    fixture_settle(&event, 0);
    fixture_settle(&event, 1);
    fixture_commit(&fixture);
    CHECK(source_find(fixture.state, 0, STR("f1")) == NULL);
    CHECK_EQ(fixture.state->open.count, 0);
    fixture_restart(&fixture);
    CHECK(source_find(fixture.state, 0, STR("f1")) == NULL);
    fixture_clear(&fixture);
}

static void thousands_of_sources_find_their_notes_again(void)
{
    enum { MANY = 3000 };
    struct fixture fixture;
    fixture_init(&fixture, 8);
    fixture_start(&fixture);
    char key[16];
    for (int i = 0; i < MANY; i++) {
        snprintf(key, sizeof key, "f%d", i);
        struct source *source = opened(&fixture, key);
        CHECK(source != NULL);
        source_note(source, str_from(key));
        source_advance(source, 100);
    }
    fixture_commit(&fixture);
    fixture_restart(&fixture);
    for (int i = 0; i < MANY; i++) {
        snprintf(key, sizeof key, "f%d", i);
        const struct source *source = source_find(fixture.state, 0, str_from(key));
        CHECK(source != NULL && source->is_known);
        CHECK_TEXT(source->note, key);
        CHECK_EQ(source_resume(source), 100);
    }
    fixture_clear(&fixture);
}

static void a_source_that_is_leaving_is_so_after_a_restart_and_says_who_still_needs_it(void)
{
    struct fixture fixture;
    fixture_init(&fixture, 9);
    fixture_start(&fixture);
    struct source *source = opened(&fixture, "f1");
    struct origin first = fixture_take(source, 0), second = fixture_take(source, 10);
    CHECK_EQ(state_leaving(fixture.state), 0);
    source_leaves(source);
    fixture_settle(&first, 0);
    fixture_settle(&second, 0);
    CHECK_EQ(state_leaving(fixture.state), 2);
    fixture_commit(&fixture);
    fixture_restart(&fixture);
    source = opened(&fixture, "f1");
    CHECK(source && source->is_leaving);
    CHECK_EQ(state_leaving(fixture.state), 2);
    fixture_clear(&fixture);
}

CHECK_MAIN(TEST(a_key_is_remembered_whichever_input_has_it),
           TEST(a_new_source_owes_every_event_to_every_output),
           TEST(a_restart_reads_again_from_the_oldest_open_event_and_gives_out_only_what_is_open),
           TEST(entries_stay_in_order_of_position_however_they_come),
           TEST(what_a_source_no_longer_holds_is_abandoned_and_counted),
           TEST(totals_count_only_above_the_read_mark),
           TEST(a_finished_source_is_forgotten_once_all_is_settled),
           TEST(thousands_of_sources_find_their_notes_again),
           TEST(a_source_that_is_leaving_is_so_after_a_restart_and_says_who_still_needs_it))
