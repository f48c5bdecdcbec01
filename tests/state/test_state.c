/* tests/state/test_state.c - mirrors agent/state/state.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/state/state.c"

#include "tests/state/fixture.h"

static bool says(const struct why *why, const char *text)
{
    return str_find_str(str_from(why->text), str_from(text)) != SIZE_MAX;
}

static void the_agent_keeps_its_id_and_never_gives_a_serial_twice(void)
{
    struct fixture fixture;
    fixture_init(&fixture, 1);
    uint64_t id = state_agent_id(fixture_start(&fixture));
    CHECK(id != 0);
    uint64_t serial = state_new_serial(fixture.state);
    CHECK(state_is_urgent(fixture.state));
    fixture_commit(&fixture);
    CHECK(!state_is_urgent(fixture.state));
    fixture_restart(&fixture);
    CHECK(state_agent_id(fixture.state) == id);
    CHECK(state_new_serial(fixture.state) > serial);
    CHECK_EQ(state_mended(fixture.state).len, 0);
    fixture_clear(&fixture);
}

static void a_second_agent_is_told_what_to_do(void)
{
    struct fixture first;
    fixture_init(&first, 2);
    fixture_start(&first);
    struct fixture second = first;
    struct why why = {0};
    CHECK_EQ(fixture_try(&second, &why), SYSTEM_FAILED);
    CHECK(says(&why, "another agent is running on the state directory state"));
    fixture_clear(&first);
}

static void a_read_only_or_full_directory_is_told_at_the_start(void)
{
    struct fixture fixture;
    struct why why = {0};
    fixture_init(&fixture, 3);
    struct sim_faults *faults = sim_files_faults(fixture.sim);
    faults->is_read_only = true;
    CHECK_EQ(fixture_try(&fixture, &why), SYSTEM_FAILED);
    CHECK(says(&why, "the state directory state cannot be written"));
    faults->is_read_only = false;
    faults->is_limited = true;
    CHECK_EQ(fixture_try(&fixture, &why), SYSTEM_FAILED);
    CHECK(says(&why, "no room for the journal"));
    CHECK_EQ(why.sys, ENOSPC);
    faults->is_limited = false;
    fixture_start(&fixture);
    fixture_clear(&fixture);
}

static void nothing_is_committed_when_nothing_changed(void)
{
    struct fixture fixture;
    fixture_init(&fixture, 4);
    fixture_start(&fixture);
    uint64_t ticket = fixture_commit(&fixture);
    uint64_t syncs = sim_files_sync_count(fixture.sim);
    CHECK_EQ(fixture_commit(&fixture), ticket);
    CHECK_EQ(sim_files_sync_count(fixture.sim), syncs);
    fixture_clear(&fixture);
}

struct blobs {
    char text[256];
    size_t len;
};

static void see_blob(void *context, struct str filter, struct str blob)
{
    struct blobs *blobs = context;
    blobs->len += (size_t)snprintf(blobs->text + blobs->len, sizeof blobs->text - blobs->len,
                                   "%.*s=%.*s ", STR_ARG(filter), STR_ARG(blob));
}

static struct str blobs_of(struct fixture *fixture, struct blobs *blobs)
{
    struct why why;
    blobs->len = 0;
    CHECK_OK(state_each_blob(fixture->state, see_blob, blobs, &why), why);
    return (struct str){blobs->text, blobs->len};
}

static void verdicts_come_back_oldest_first(void)
{
    struct fixture fixture;
    struct blobs blobs;
    fixture_init(&fixture, 5);
    fixture_start(&fixture);
    uint64_t ticket = state_remember(fixture.state, STR("top"), STR("1"));
    CHECK(!state_synced(fixture.state, ticket));
    CHECK_EQ(fixture_commit(&fixture), ticket);
    state_remember(fixture.state, STR("branch"), STR("2"));
    state_remember(fixture.state, STR("top"), STR("3"));
    fixture_commit(&fixture);
    fixture_restart(&fixture);
    CHECK_TEXT(blobs_of(&fixture, &blobs), "top=1 branch=2 top=3 ");
    state_remember(fixture.state, STR("top"), STR("4"));
    fixture_commit(&fixture);
    fixture_restart(&fixture);
    CHECK_TEXT(blobs_of(&fixture, &blobs), "top=1 branch=2 top=3 top=4 ");
    fixture_clear(&fixture);
}

static void save_two(void *context)
{
    state_remember(context, STR("top"), STR("all that is worth keeping"));
}

static uint64_t needs_5(void *context, const struct source *source)
{
    (void)context;
    return source->at < 5 ? source->at : 5;
}

static void a_snapshot_holds_what_filters_saved_and_all_sources(void)
{
    struct fixture fixture;
    struct blobs blobs;
    fixture_init(&fixture, 6);
    fixture_start(&fixture);
    struct source *source = state_source_open(fixture.state, 0, STR("f1"), STR(""), NULL);
    struct origin open = fixture_take(source, 10);
    source_note(source, STR("note"));
    state_remember(fixture.state, STR("top"), STR("old"));
    fixture_commit(&fixture);
    const struct state_helpers helpers = {fixture.state, needs_5, save_two};
    fixture.state->wants_snapshot = true;
    CHECK(state_commit(fixture.state, &helpers) != 0);
    CHECK(!fixture.state->wants_snapshot);
    fixture_settle(&open, 0);
    fixture_commit(&fixture);
    fixture_restart(&fixture);
    CHECK_TEXT(blobs_of(&fixture, &blobs), "top=all that is worth keeping ");
    const struct source *again = source_find(fixture.state, 0, STR("f1"));
    CHECK(again && again->open_count == 1);
    CHECK_TEXT(again->note, "note");
    CHECK_EQ(again->read, 20);
    CHECK_EQ(again->rewind, 10);
    fixture_clear(&fixture);
}

static void filters_hold_the_rewind_back(void)
{
    struct fixture fixture;
    fixture_init(&fixture, 7);
    fixture_start(&fixture);
    struct source *source = state_source_open(fixture.state, 0, STR("f1"), STR(""), NULL);
    source_advance(source, 100);
    const struct state_helpers helpers = {NULL, needs_5, NULL};
    CHECK(state_commit(fixture.state, &helpers) != 0);
    CHECK_EQ(source->rewind, 5);
    fixture_clear(&fixture);
}

static void without_a_directory_everything_works_and_nothing_is_kept(void)
{
    struct fixture fixture;
    fixture_init(&fixture, 8);
    fixture.plan.directory = STR("");
    fixture.stream = (struct byte_stream){.path = STR("out")};
    fixture_start(&fixture);
    struct source *source = state_source_open(fixture.state, 0, STR("stdin"), STR(""), NULL);
    source_advance(source, 10);
    struct bundle *bundle = writer_take(fixture.state->writer);
    buffer_add(&bundle->bytes, STR("line\n"));
    writer_append(fixture.state->writer, bundle, 0);
    uint64_t ticket = fixture_commit(&fixture);
    CHECK(state_synced(fixture.state, ticket));
    CHECK_TEXT(sim_files_text(fixture.sim, "out"), "line\n");
    CHECK(sim_files_text(fixture.sim, "state/journal").at == NULL);
    fixture_clear(&fixture);
}

static void a_start_without_memory_says_so(void)
{
    for (unsigned long n = 1; n < 60; n++) {
        struct fixture fixture;
        struct why why = {0};
        fixture_init(&fixture, 9);
        fixture_start(&fixture);
        state_source_open(fixture.state, 0, STR("f1"), STR(""), NULL);
        fixture_commit(&fixture);
        state_close(fixture.state);
        fixture.state = NULL;
        memory_fail_at(n);
        enum code code = fixture_try(&fixture, &why);
        memory_fail_at(0);
        CHECK(code == OK || why.text[0]);
        fixture_clear(&fixture);
    }
    CHECK_EQ(memory_in_use(), 0);
}

CHECK_MAIN(TEST(the_agent_keeps_its_id_and_never_gives_a_serial_twice),
           TEST(a_second_agent_is_told_what_to_do),
           TEST(a_read_only_or_full_directory_is_told_at_the_start),
           TEST(nothing_is_committed_when_nothing_changed), TEST(verdicts_come_back_oldest_first),
           TEST(a_snapshot_holds_what_filters_saved_and_all_sources),
           TEST(filters_hold_the_rewind_back),
           TEST(without_a_directory_everything_works_and_nothing_is_kept),
           TEST(a_start_without_memory_says_so))
