/* tests/state/test_writer.c - mirrors agent/state/writer.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/state/writer.c"

#include "tests/state/fixture.h"

static void append(struct fixture *fixture, struct str bytes)
{
    struct bundle *bundle = writer_take(fixture->state->writer);
    MUST(bundle != NULL);
    buffer_add(&bundle->bytes, bytes);
    writer_append(fixture->state->writer, bundle, 0);
}

static void begin(struct fixture *fixture, uint64_t seed)
{
    fixture_init(fixture, seed);
    fixture->stream = (struct byte_stream){.path = STR("out/events")};
    fixture_start(fixture);
}

static void bytes_reach_the_file_in_order_and_the_ticket_after_them(void)
{
    struct fixture fixture;
    begin(&fixture, 1);
    sim_files_faults(fixture.sim)->short_percent = 80;
    append(&fixture, STR("one\n"));
    append(&fixture, STR("two\n"));
    CHECK(writer_has_uncommitted(fixture.state->writer));
    CHECK_EQ(writer_uncommitted_bytes(fixture.state->writer), 8);
    uint64_t ticket = fixture_commit(&fixture);
    CHECK(state_synced(fixture.state, ticket) && !state_synced(fixture.state, ticket + 1));
    CHECK(writer_is_idle(fixture.state->writer));
    append(&fixture, STR("never committed\n"));
    (void)writer_step(fixture.state->writer, fixture.clock.mono_ns);
    fixture_restart(&fixture);
    CHECK_TEXT(sim_files_text(fixture.sim, "out/events"), "one\ntwo\n");
    fixture_clear(&fixture);
}

static void a_full_disk_is_told_once_and_nothing_is_lost_when_it_heals(void)
{
    struct fixture fixture;
    begin(&fixture, 2);
    struct writer *writer = fixture.state->writer;
    struct sim_faults *faults = sim_files_faults(fixture.sim);
    struct writer_news news = {0};
    faults->is_limited = true;
    faults->room = 2;
    append(&fixture, STR("one\n"));
    unsigned told = 0;
    for (int i = 0; i < 20; i++) {
        CHECK(writer_step(writer, fixture.clock.mono_ns) > 0);
        while (writer_collect(writer, &news))
            told++;
        sim_clock_pass(&fixture.clock, 10000LL * SIM_MS);
    }
    CHECK_EQ(told, 1);
    CHECK_EQ(news.sys, ENOSPC);
    CHECK(!news.healed && news.stream == 0);
    CHECK_TEXT(str_from(news.text), "cannot write out/events: No space left on device (free some "
                                    "space; nothing is lost, inputs wait)");
    faults->is_limited = false;
    CHECK_EQ(writer_step(writer, fixture.clock.mono_ns), WRITER_IDLE);
    CHECK(writer_collect(writer, &news));
    CHECK(news.healed);
    CHECK_TEXT(str_from(news.text), "writing out/events works again");
    CHECK(!writer_collect(writer, &news));
    CHECK_TEXT(sim_files_text(fixture.sim, "out/events"), "one\n");
    fixture_clear(&fixture);
}

static void after_a_failed_sync_the_bytes_are_written_again(void)
{
    struct fixture fixture;
    begin(&fixture, 3);
    append(&fixture, STR("precious\n"));
    (void)writer_step(fixture.state->writer, fixture.clock.mono_ns);
    static const struct state_helpers helpers;
    uint64_t ticket = state_commit(fixture.state, &helpers);
    sim_files_faults(fixture.sim)->sync_fail_percent = 100;
    CHECK(writer_step(fixture.state->writer, fixture.clock.mono_ns) > 0);
    sim_files_faults(fixture.sim)->sync_fail_percent = 0;
    fixture_commit(&fixture);
    CHECK(state_synced(fixture.state, ticket));
    fixture_restart(&fixture);
    CHECK_TEXT(sim_files_text(fixture.sim, "out/events"), "precious\n");
    CHECK_EQ(state_mended(fixture.state).len, 0);
    fixture_clear(&fixture);
}

static void the_pool_runs_dry_before_memory_does(void)
{
    struct fixture fixture;
    fixture_init(&fixture, 4);
    fixture.stream = (struct byte_stream){.path = STR("out/events")};
    fixture.plan.writer_bytes = 1000;
    fixture_start(&fixture);
    struct writer *writer = fixture.state->writer;
    char line[100] = {0};
    unsigned taken = 0;
    for (struct bundle *bundle; (bundle = writer_take(writer)) != NULL; taken++) {
        buffer_add(&bundle->bytes, (struct str){line, sizeof line});
        writer_append(writer, bundle, 0);
    }
    CHECK_EQ(taken, 4); /* 256 bytes each, used or not */
    fixture_commit(&fixture);
    struct bundle *bundle = writer_take(writer);
    CHECK(bundle != NULL);
    writer_append(writer, bundle, 0); /* empty: comes straight back */
    CHECK(writer_is_idle(writer));
    size_t before = memory_in_use();
    writer_rest(writer);
    CHECK(memory_in_use() < before);
    fixture_clear(&fixture);
}

static void after_a_wave_no_more_memory_is_kept_than_for_half_of_the_next(void)
{
    enum { WRITER_BYTES = 1 << 20, PIECE = 100 * 1000 };
    static char piece[PIECE];
    struct fixture fixture;
    fixture_init(&fixture, 6);
    fixture.stream = (struct byte_stream){.path = STR("out/events")};
    fixture.plan.writer_bytes = WRITER_BYTES;
    fixture_start(&fixture);
    struct writer *writer = fixture.state->writer;
    size_t before = memory_in_use();
    for (struct bundle *bundle; (bundle = writer_take(writer)) != NULL;) {
        buffer_add(&bundle->bytes, (struct str){piece, sizeof piece});
        writer_append(writer, bundle, 0);
    }
    CHECK(memory_in_use() > before + WRITER_BYTES - PIECE);
    fixture_commit(&fixture);
    CHECK(writer_is_idle(writer));
    CHECK(memory_in_use() < before + WRITER_BYTES / 2 + PIECE);
    fixture_clear(&fixture);
}

static void a_stop_comes_after_everything_before_it(void)
{
    struct fixture fixture;
    begin(&fixture, 5);
    struct writer *writer = fixture.state->writer;
    append(&fixture, STR("last\n"));
    CHECK(writer_stop(writer));
    int said = 0;
    for (int i = 0; i < 10 && said != WRITER_STOPPED; i++) {
        struct writer_news news;
        said = writer_step(writer, fixture.clock.mono_ns);
        (void)writer_collect(writer, &news);
    }
    CHECK_EQ(said, WRITER_STOPPED);
    CHECK_TEXT(sim_files_text(fixture.sim, "out/events"), "last\n");
    fixture_clear(&fixture);
}

static void a_renamed_file_is_left_at_the_operators_word(void)
{
    struct fixture fixture;
    begin(&fixture, 6);
    const struct files *files = sim_files_port(fixture.sim);
    append(&fixture, STR("one\n"));
    fixture_commit(&fixture);
    CHECK_EQ(files->rename(files->self, "out/events", "out/old"), 0);
    append(&fixture, STR("two\n"));
    CHECK(writer_reopen(fixture.state->writer));
    append(&fixture, STR("three\n"));
    fixture_commit(&fixture);
    CHECK_TEXT(sim_files_text(fixture.sim, "out/old"), "one\ntwo\n");
    CHECK_TEXT(sim_files_text(fixture.sim, "out/events"), "three\n");
    fixture_clear(&fixture);
}

CHECK_MAIN(TEST(bytes_reach_the_file_in_order_and_the_ticket_after_them),
           TEST(a_full_disk_is_told_once_and_nothing_is_lost_when_it_heals),
           TEST(after_a_failed_sync_the_bytes_are_written_again),
           TEST(the_pool_runs_dry_before_memory_does),
           TEST(after_a_wave_no_more_memory_is_kept_than_for_half_of_the_next),
           TEST(a_stop_comes_after_everything_before_it),
           TEST(a_renamed_file_is_left_at_the_operators_word))
