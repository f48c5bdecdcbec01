/* tests/state/test_load.c - mirrors agent/state/load.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/state/load.c"

#include "tests/state/fixture.h"

static struct source *source_f1(struct fixture *fixture)
{
    return state_source_open(fixture->state, 0, STR("f1"), STR(""), NULL);
}

/* Ten events; output a has all of them, b half. */
static void fill(struct fixture *fixture)
{
    struct source *source = source_f1(fixture);
    for (uint32_t i = 0; i < 10; i++) {
        struct origin event = fixture_take(source, 10 * i);
        fixture_settle(&event, 0);
        if (i % 2)
            fixture_settle(&event, 1);
    }
    fixture_commit(fixture);
}

static void a_new_output_starts_now_and_a_renamed_one_takes_over(void)
{
    struct fixture fixture;
    fixture_init(&fixture, 1);
    fixture_start(&fixture);
    fill(&fixture);
    fixture.outputs[0] = (struct state_output){.label = STR("new")};
    fixture.outputs[1] = (struct state_output){.label = STR("renamed"), .was = STR("b")};
    fixture.outputs[2] = (struct state_output){.label = STR("a")};
    fixture.plan.output_count = 3;
    fixture_restart(&fixture);
    const struct source *source = source_f1(&fixture);
    CHECK_EQ(source->marks[0], 100);
    CHECK_EQ(fixture.state->open_bits[0], 0);
    CHECK_EQ(fixture.state->open_bits[1], 5);
    CHECK_EQ(fixture.state->open_bits[2], 0);
    CHECK_EQ(fixture.state->ledger.outputs[0].in, 0);
    CHECK_EQ(fixture.state->ledger.outputs[1].delivered, 5);
    CHECK_EQ(fixture.state->ledger.outputs[1].in_flight, 5);
    CHECK_EQ(fixture.state->ledger.outputs[2].delivered, 10);
    fixture_clear(&fixture);
}

static void what_only_a_removed_output_was_owed_is_let_go(void)
{
    struct fixture fixture;
    fixture_init(&fixture, 2);
    fixture_start(&fixture);
    fill(&fixture);
    fixture.plan.output_count = 1;
    fixture_restart(&fixture);
    const struct source *source = source_f1(&fixture);
    CHECK_EQ(source->open_count, 0);
    CHECK_EQ(fixture.state->open.count, 0);
    CHECK_EQ(state_mended(fixture.state).len, 0);
    fixture_clear(&fixture);
}

static void a_source_of_a_removed_input_waits_for_its_return(void)
{
    struct fixture fixture;
    fixture_init(&fixture, 3);
    fixture_start(&fixture);
    fill(&fixture);
    struct str kept = fixture.inputs[0];
    fixture.inputs[0] = fixture.inputs[1];
    fixture.plan.input_count = 1;
    fixture_restart(&fixture);
    fixture_commit(&fixture);
    fixture.inputs[0] = kept;
    fixture.plan.input_count = 2;
    fixture.inputs[1] = STR("third");
    fixture_restart(&fixture);
    const struct source *source = source_f1(&fixture);
    CHECK(source->is_known);
    CHECK_EQ(source->read, 100);
    fixture_clear(&fixture);
}

static uint64_t record_starts[8];
static size_t record_count;

static void find_records(struct fixture *fixture)
{
    struct str text = sim_files_text(fixture->sim, "state/journal");
    record_count = 0;
    for (size_t at = 0; at + 4 <= text.len; at++)
        if (memcmp(text.at + at, "\xf5\xc1\xfe\xc0", 4) == 0 && record_count < 8)
            record_starts[record_count++] = at;
}

static void a_lost_record_means_reading_again_and_never_losing(void)
{
    struct fixture fixture;
    fixture_init(&fixture, 4);
    fixture_start(&fixture);
    struct source *source = source_f1(&fixture);
    for (uint32_t i = 0; i < 3; i++) {
        struct origin event = fixture_take(source, 10 * i);
        fixture_settle(&event, 0);
        fixture_commit(&fixture);
    }
    find_records(&fixture);
    CHECK_EQ(record_count, 4); /* the start's and three */
    sim_files_flip(fixture.sim, "state/journal", record_starts[2] + 40);
    fixture_restart(&fixture);
    struct str mended = state_mended(fixture.state);
    CHECK(str_find_str(mended, STR("1 places were skipped")) != SIZE_MAX);
    CHECK(str_find_str(mended, STR("the journal lost part of what was open in f1")) != SIZE_MAX);
    source = source_f1(&fixture);
    CHECK_EQ(source_resume(source), 0);
    CHECK(ledger_is_balanced(&fixture.state->ledger));
    for (uint32_t i = 0; i < 3; i++) {
        struct origin again = {.source = source, .offset = 10 * i};
        source_take(source, &again);
        CHECK(again.owed & 2);
    }
    fixture_restart(&fixture);
    CHECK_EQ(state_mended(fixture.state).len, 0); /* told once */
    fixture_clear(&fixture);
}

static void a_journal_of_noise_is_told_and_begun_anew(void)
{
    struct fixture fixture;
    fixture_init(&fixture, 5);
    sim_files_append(fixture.sim, "state/journal", STR("this was never a journal"));
    fixture_start(&fixture);
    CHECK(str_find_str(state_mended(fixture.state), STR("nothing in it could be read")) !=
          SIZE_MAX);
    fixture_restart(&fixture);
    CHECK_EQ(state_mended(fixture.state).len, 0);
    fixture_clear(&fixture);
}

static void add_table(struct buffer *to)
{
    size_t section = pack_begin(to, SECTION_TABLE);
    pack_number(to, 1);
    pack_text(to, STR("in"));
    pack_number(to, 2);
    pack_text(to, STR("a"));
    pack_text(to, STR("b"));
    pack_end(to, section);
}

/* Whole records, as far as their checks go, of sections that make no sense. */
static void append_nonsense(struct fixture *fixture, uint64_t *seed)
{
    struct buffer bytes;
    buffer_init(&bytes, 1 << 16);
    size_t record = record_begin(&bytes);
    add_table(&bytes);
    for (uint64_t sections = 1 + sim_below(seed, 5); sections > 0; sections--) {
        size_t section = pack_begin(&bytes, (uint8_t)(1 + sim_below(seed, 8)));
        for (uint64_t left = sim_below(seed, 60); left > 0; left--)
            buffer_byte(&bytes,
                        (char)(sim_chance(seed, 60) ? sim_below(seed, 4) : sim_random(seed)));
        pack_end(&bytes, section);
    }
    record_end(&bytes, record);
    sim_files_append(fixture->sim, "state/journal", buffer_str(&bytes));
    buffer_clear(&bytes);
}

static void sections_of_nonsense_are_left_out(void)
{
    struct fixture fixture;
    fixture_init(&fixture, 6);
    fixture_start(&fixture);
    fill(&fixture);
    uint64_t seed = 6;
    for (int round = 0; round < 300; round++) {
        append_nonsense(&fixture, &seed);
        fixture_restart(&fixture);
        CHECK(ledger_is_balanced(&fixture.state->ledger));
    }
    fixture_clear(&fixture);
}

CHECK_MAIN(TEST(a_new_output_starts_now_and_a_renamed_one_takes_over),
           TEST(what_only_a_removed_output_was_owed_is_let_go),
           TEST(a_source_of_a_removed_input_waits_for_its_return),
           TEST(a_lost_record_means_reading_again_and_never_losing),
           TEST(a_journal_of_noise_is_told_and_begun_anew), TEST(sections_of_nonsense_are_left_out))
