/* tests/state/test_spool.c - mirrors agent/state/spool.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/state/spool.c"

#include "tests/state/spool.h"

static void what_was_appended_is_read_across_files(void)
{
    struct spool_fixture fixture;
    spools_begin(&fixture, 1);
    spools_append(&fixture, 0, 100);
    spools_sync(&fixture);
    CHECK(fixture.spool.count > 3);
    CHECK_EQ(spool_bytes(&fixture.spool), fixture.spool.tail);
    struct spool_sum sum = spools_read(&fixture, 0);
    CHECK_EQ(sum.count, 100);
    CHECK_EQ(sum.first, 0);
    CHECK_EQ(sum.last, 99);
    CHECK_EQ(sum.missing + sum.damaged_places, 0);
    CHECK(sim_files_text(fixture.base.sim, "state/queue-elk%2f1.0000000000000000.seg").len > 8000);
    spools_end(&fixture);
}

static void a_crash_leaves_what_was_committed_and_positions_go_on(void)
{
    for (uint64_t seed = 1; seed <= 50; seed++) {
        struct spool_fixture fixture;
        spools_begin(&fixture, seed);
        spools_append(&fixture, 0, 30);
        spools_sync(&fixture);
        uint64_t tail = fixture.spool.tail;
        spools_append(&fixture, 30, 30); /* written, and never committed */
        spool_flush(&fixture.spool);
        (void)writer_step(state_writer(fixture.base.state), fixture.base.clock.mono_ns);
        spools_stop(&fixture);
        sim_files_crash(fixture.base.sim);
        spools_start(&fixture);
        CHECK_EQ(fixture.spool.tail, tail);
        CHECK_EQ(fixture.spool.ordinal, 30);
        spools_append(&fixture, 30, 10);
        spools_sync(&fixture);
        struct spool_sum sum = spools_read(&fixture, 0);
        CHECK_EQ(sum.count, 40);
        CHECK_EQ(sum.last, 39);
        CHECK_EQ(sum.missing + sum.damaged_places, 0);
        spools_end(&fixture);
    }
}

static void a_start_takes_no_position_below_what_was_read(void)
{
    struct spool_fixture fixture;
    struct why why;
    spools_begin(&fixture, 3);
    spools_stop(&fixture);
    spools_start(&fixture);
    CHECK_OK(spool_open(&fixture.spool, 12345, &why), why);
    CHECK_EQ(fixture.spool.tail, 12345);
    spools_append(&fixture, 0, 1);
    spools_sync(&fixture);
    CHECK_EQ(fixture.spool.at[0].base, 12345);
    CHECK_EQ(spools_read(&fixture, 0).count, 1);
    spools_end(&fixture);
}

static void a_closed_segment_is_followed_by_another_and_may_be_locked_by_others(void)
{
    struct spool_fixture fixture;
    spools_begin(&fixture, 4);
    const struct files *files = fixture.base.plan.files;
    const char *path = "state/queue-elk%2f1.0000000000000000.seg";
    int fd;
    spools_append(&fixture, 0, 1);
    spools_sync(&fixture);
    CHECK_EQ(files->open(files->self, path, FILE_READ, &fd), 0);
    CHECK_EQ(files->lock(files->self, fd), EWOULDBLOCK);
    spool_close_segment(&fixture.spool);
    (void)writer_step(state_writer(fixture.base.state), fixture.base.clock.mono_ns);
    CHECK_EQ(files->lock(files->self, fd), 0);
    files->close(files->self, fd);
    spools_append(&fixture, 1, 1);
    spools_sync(&fixture);
    CHECK_EQ(fixture.spool.count, 2);
    CHECK_EQ(spools_read(&fixture, 0).count, 2);
    spools_end(&fixture);
}

static void without_a_bundle_nothing_is_begun(void)
{
    struct spool_fixture fixture;
    spools_begin(&fixture, 5);
    struct writer *writer = state_writer(fixture.base.state);
    struct bundle *hoard[300];
    size_t count = 0;
    while ((hoard[count] = writer_take(writer)) != NULL && count < 299) {
        buffer_add(&hoard[count]->bytes, STR("x"));
        writer_append_segment(writer, hoard[count++], fixture.spool.stream, 0);
    }
    CHECK(!spool_has_room(&fixture.spool));
    CHECK(spool_begin(&fixture.spool, STR(""), 0) == NULL);
    (void)writer_step(writer, fixture.base.clock.mono_ns);
    spools_end(&fixture);
}

CHECK_MAIN(TEST(what_was_appended_is_read_across_files),
           TEST(a_crash_leaves_what_was_committed_and_positions_go_on),
           TEST(a_start_takes_no_position_below_what_was_read),
           TEST(a_closed_segment_is_followed_by_another_and_may_be_locked_by_others),
           TEST(without_a_bundle_nothing_is_begun))
