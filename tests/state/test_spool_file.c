/* tests/state/test_spool_file.c - mirrors agent/state/spool_file.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/state/spool_file.c"

#include "tests/state/spool.h"

#define FIRST "state/queue-elk%2f1.0000000000000000.seg"

static void files_below_a_position_are_removed(void)
{
    struct spool_fixture fixture;
    spools_begin(&fixture, 1);
    spools_append(&fixture, 0, 100);
    spools_sync(&fixture);
    uint64_t second = spool_file_end(&fixture.spool, 0);
    spool_remove_below(&fixture.spool, second - 1);
    CHECK(sim_files_text(fixture.base.sim, FIRST).at != NULL);
    spool_remove_below(&fixture.spool, second);
    CHECK(sim_files_text(fixture.base.sim, FIRST).at == NULL);
    CHECK_EQ(spool_file_end(&fixture.spool, 0), second); /* the next one's begin */
    uint64_t third = spool_file_end(&fixture.spool, second);
    spool_skip(&fixture.spool, second, third);
    spool_remove_skipped(&fixture.spool, third - 1);
    CHECK_EQ(spool_file_end(&fixture.spool, 0), second);
    spool_remove_skipped(&fixture.spool, third);
    CHECK_EQ(spool_file_end(&fixture.spool, second), third);
    struct spool_sum sum = spools_read(&fixture, 0);
    CHECK(sum.first > 20 && sum.last == 99);
    spool_remove_below(&fixture.spool, UINT64_MAX); /* all but the one that is being written */
    CHECK_EQ(fixture.spool.count, 1);
    spools_end(&fixture);
}

static void any_flipped_bit_costs_at_most_what_it_hit(void)
{
    struct spool_fixture fixture;
    spools_begin(&fixture, 2);
    spools_append(&fixture, 0, 60);
    spools_sync(&fixture);
    spools_stop(&fixture);
    size_t size = sim_files_text(fixture.base.sim, FIRST).len;
    for (size_t at = 0; at < size; at += 7) {
        sim_files_flip(fixture.base.sim, FIRST, at);
        spools_start(&fixture);
        struct spool_sum sum = spools_read(&fixture, 0);
        CHECK(sum.count >= 59 && sum.last == 59);
        CHECK_EQ(sum.missing + sum.first, 60 - sum.count);
        CHECK(sum.damaged_places <= 1);
        CHECK_EQ(fixture.spool.at[0].is_damaged, sum.damaged_places > 0);
        spools_stop(&fixture);
        sim_files_flip(fixture.base.sim, FIRST, at);
    }
    spools_start(&fixture);
    spools_end(&fixture);
}

static void a_damaged_file_is_set_aside(void)
{
    struct spool_fixture fixture;
    spools_begin(&fixture, 3);
    spools_append(&fixture, 0, 60);
    spools_sync(&fixture);
    sim_files_flip(fixture.base.sim, FIRST, 5000);
    CHECK_EQ(spools_read(&fixture, 0).count, 59);
    spool_remove_below(&fixture.spool, spool_file_end(&fixture.spool, 0));
    CHECK_EQ(fixture.spool.set_aside, 1);
    CHECK(sim_files_text(fixture.base.sim, FIRST).at == NULL);
    CHECK(sim_files_text(fixture.base.sim, FIRST ".damaged").len > 5000);
    spools_end(&fixture);
}

static void a_torn_tail_is_stepped_over(void)
{
    struct spool_fixture fixture;
    spools_begin(&fixture, 4);
    spools_append(&fixture, 0, 10);
    spools_sync(&fixture);
    spools_stop(&fixture);
    static char text[8192];
    struct str whole = sim_files_text(fixture.base.sim, FIRST);
    memcpy(text, whole.at, whole.len);
    sim_files_replace(fixture.base.sim, FIRST, (struct str){text, whole.len - 100});
    spools_start(&fixture);
    CHECK_EQ(fixture.spool.ordinal, 9);
    spools_append(&fixture, 9, 5);
    spools_sync(&fixture);
    struct spool_sum sum = spools_read(&fixture, 0);
    CHECK_EQ(sum.count, 14);
    CHECK_EQ(sum.damaged_places, 1);
    spools_end(&fixture);
}

static void files_without_an_entry_are_removed_at_the_start(void)
{
    struct spool_fixture fixture;
    spools_begin(&fixture, 5);
    spools_stop(&fixture);
    sim_files_append(fixture.base.sim, FIRST, STR(""));
    sim_files_append(fixture.base.sim, "state/queue-elk%2f1.000000000000000g.seg", STR("no base"));
    sim_files_append(fixture.base.sim, "state/queue-elk%2f10.0000000000000000.seg", STR("other"));
    spools_start(&fixture);
    CHECK_EQ(fixture.spool.count, 0);
    CHECK(sim_files_text(fixture.base.sim, FIRST).at == NULL);
    CHECK(sim_files_text(fixture.base.sim, "state/queue-elk%2f10.0000000000000000.seg").at);
    spools_end(&fixture);
}

static void an_entry_larger_than_a_piece_is_read_whole(void)
{
    static char text[3 * READ_BYTES];
    struct spool_fixture fixture;
    spools_begin(&fixture, 6);
    memset(text, 'x', sizeof text);
    const struct event event = {.bytes = {text, sizeof text}, .id = STR("an-id"), .weight = 7};
    spools_append(&fixture, 0, 2);
    CHECK(spool_has_room(&fixture.spool));
    CHECK(record_write(spool_begin(&fixture.spool, STR("words"), 0), &event));
    CHECK(spool_end(&fixture.spool));
    spools_append(&fixture, 8, 2);
    spools_sync(&fixture);
    struct spool_sum sum = spools_read(&fixture, 0);
    CHECK_EQ(sum.count, 5);
    CHECK_EQ(sum.last, 9);
    spools_end(&fixture);
}

CHECK_MAIN(TEST(files_below_a_position_are_removed),
           TEST(any_flipped_bit_costs_at_most_what_it_hit), TEST(a_damaged_file_is_set_aside),
           TEST(a_torn_tail_is_stepped_over), TEST(files_without_an_entry_are_removed_at_the_start),
           TEST(an_entry_larger_than_a_piece_is_read_whole))
