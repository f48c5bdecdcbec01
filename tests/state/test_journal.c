/* tests/state/test_journal.c - mirrors agent/state/journal.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/state/journal.c"

#include "tests/check.h"
#include "tests/sim/clock.h"
#include "tests/sim/files.h"

enum { RECORDS = 20, RECORD_ROOM = 64 };

static const char path[] = "state/journal";

static struct str record_text(unsigned number)
{
    static char text[RECORD_ROOM];
    snprintf(text, sizeof text, "record %u of the journal", number);
    return str_from(text);
}

static void add_record(struct buffer *to, unsigned number)
{
    size_t begun = record_begin(to);
    buffer_add(to, record_text(number));
    record_end(to, begun);
}

static struct journal written(struct sim_files *sim)
{
    struct journal journal;
    struct why why;
    struct buffer bytes;
    const struct files *files = sim_files_port(sim);
    buffer_init(&bytes, 4096);
    CHECK_EQ(files->make_directory(files->self, "state"), 0);
    CHECK_OK(journal_open(&journal, files, "state", &why), why);
    CHECK(!journal.had_file);
    CHECK_EQ(journal_new_begin(&journal), 0);
    CHECK_EQ(journal_new_finish(&journal), 0);
    for (unsigned i = 0; i < RECORDS; i++) {
        buffer_reset(&bytes);
        add_record(&bytes, i);
        CHECK_EQ(journal_append(&journal, buffer_str(&bytes)), 0);
    }
    buffer_clear(&bytes);
    return journal;
}

struct seen {
    unsigned count, last;
    bool holds[RECORDS];
};

static void see(void *context, struct str payload)
{
    struct seen *seen = context;
    for (unsigned i = seen->count ? seen->last + 1 : 0; i < RECORDS; i++) {
        if (!str_equal(payload, record_text(i)))
            continue;
        seen->holds[i] = true;
        seen->last = i;
        seen->count++;
        return;
    }
    fail_msg("a record that was never written, or out of order");
}

static struct seen read_back(struct sim_files *sim, struct journal *journal)
{
    struct seen seen = {0};
    struct why why;
    CHECK_OK(journal_open(journal, sim_files_port(sim), "state", &why), why);
    CHECK_OK(journal_read(journal, see, &seen, &why), why);
    return seen;
}

static void whole_records_come_back_in_order(void)
{
    struct sim_files *sim = sim_files_make(1);
    sim_files_faults(sim)->short_percent = 60;
    struct journal journal = written(sim);
    journal_close(&journal);
    struct seen seen = read_back(sim, &journal);
    CHECK_EQ(seen.count, RECORDS);
    CHECK_EQ(journal.torn_bytes + journal.damaged_bytes, 0);
    journal_close(&journal);
    sim_files_free(sim);
}

static void a_flipped_bit_costs_its_own_record_wherever_it_is(void)
{
    struct sim_files *sim = sim_files_make(2);
    struct journal journal = written(sim);
    uint64_t end = journal.end;
    journal_close(&journal);
    for (uint64_t at = 0; at < end; at++) {
        sim_files_flip(sim, path, at);
        struct seen seen = {0};
        struct why why = {0};
        CHECK_OK(journal_open(&journal, sim_files_port(sim), "state", &why), why);
        enum code code = journal_read(&journal, see, &seen, &why);
        CHECK_EQ(code, OK);
        CHECK_EQ(seen.count, at < HEAD_BYTES ? RECORDS : RECORDS - 1);
        CHECK_EQ(journal.head_is_damaged, at < HEAD_BYTES);
        CHECK(at < HEAD_BYTES || journal.damaged_places == 1 || journal.torn_bytes);
        journal_close(&journal);
        sim_files_flip(sim, path, at);
    }
    sim_files_free(sim);
}

static void a_torn_tail_is_told_and_the_next_record_goes_in_its_place(void)
{
    struct sim_files *sim = sim_files_make(3);
    struct journal journal = written(sim);
    journal_close(&journal);
    struct str whole = sim_files_text(sim, path);
    char copy[4096];
    MUST(whole.len < sizeof copy);
    memcpy(copy, whole.at, whole.len);
    size_t all = whole.len;
    for (size_t cut = 1; cut < 30; cut++) {
        sim_files_replace(sim, path, (struct str){copy, all - cut});
        struct seen seen = read_back(sim, &journal);
        CHECK_EQ(seen.count, RECORDS - 1);
        CHECK(journal.torn_bytes > 0 && journal.damaged_places == 0);
        struct buffer bytes;
        buffer_init(&bytes, 4096);
        add_record(&bytes, RECORDS - 1);
        CHECK_EQ(journal_append(&journal, buffer_str(&bytes)), 0);
        buffer_clear(&bytes);
        journal_close(&journal);
        CHECK_EQ(read_back(sim, &journal).count, RECORDS);
        journal_close(&journal);
    }
    sim_files_free(sim);
}

static void any_bytes_at_all_can_be_read(void)
{
    uint64_t seed = 4;
    for (int round = 0; round < 200; round++) {
        struct sim_files *sim = sim_files_make(seed);
        struct journal journal = written(sim);
        journal_close(&journal);
        char noise[200];
        for (size_t i = 0; i < sizeof noise; i++)
            noise[i] = (char)sim_random(&seed);
        if (sim_chance(&seed, 50))
            memcpy(noise + 20, mark, sizeof mark);
        struct str old = sim_files_text(sim, path);
        char mixed[4096];
        size_t keep = sim_below(&seed, old.len);
        memcpy(mixed, old.at, keep);
        memcpy(mixed + keep, noise, sizeof noise);
        sim_files_replace(sim, path, (struct str){mixed, keep + sizeof noise});
        (void)read_back(sim, &journal);
        journal_close(&journal);
        sim_files_free(sim);
    }
}

static void a_newer_format_is_refused_with_a_way_out(void)
{
    struct sim_files *sim = sim_files_make(5);
    char head[HEAD_BYTES];
    head_make(head);
    head[8] = VERSION + 1;
    put_le(head + 12, XXH32(head, 12, 0), 4);
    sim_files_replace(sim, path, (struct str){head, sizeof head});
    struct journal journal;
    struct seen seen = {0};
    struct why why = {0};
    CHECK_OK(journal_open(&journal, sim_files_port(sim), "state", &why), why);
    CHECK_EQ(journal_read(&journal, see, &seen, &why), BAD_CONFIG);
    CHECK(str_find_str(str_from(why.text), STR("newer weir")) != SIZE_MAX);
    journal_close(&journal);
    sim_files_free(sim);
}

static void a_new_journal_takes_the_old_ones_place_whole_or_not_at_all(void)
{
    for (uint64_t seed = 0; seed < 100; seed++) {
        struct sim_files *sim = sim_files_make(seed);
        struct journal journal = written(sim);
        sim_files_faults(sim)->crash_in_syncs = 1 + seed % 3;
        struct buffer bytes;
        buffer_init(&bytes, 4096);
        add_record(&bytes, 3);
        add_record(&bytes, 5);
        int wrong = journal_new_begin(&journal);
        if (!wrong)
            wrong = journal_new_add(&journal, buffer_str(&bytes));
        if (!wrong)
            wrong = journal_new_finish(&journal);
        buffer_clear(&bytes);
        journal_close(&journal);
        sim_files_crash(sim);
        struct seen seen = read_back(sim, &journal);
        CHECK(seen.count == 2 || (wrong && seen.count == RECORDS));
        journal_close(&journal);
        sim_files_free(sim);
    }
}

CHECK_MAIN(TEST(whole_records_come_back_in_order),
           TEST(a_flipped_bit_costs_its_own_record_wherever_it_is),
           TEST(a_torn_tail_is_told_and_the_next_record_goes_in_its_place),
           TEST(any_bytes_at_all_can_be_read), TEST(a_newer_format_is_refused_with_a_way_out),
           TEST(a_new_journal_takes_the_old_ones_place_whole_or_not_at_all))
