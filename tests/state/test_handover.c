/* tests/state/test_handover.c - mirrors agent/state/handover.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/state/handover.c"

#include "tests/state/fixture.h"

enum { EVENTS = 60 };

static struct source *source_of(struct fixture *fixture, const char *key)
{
    return state_source_open(fixture->state, 0, str_from(key), STR("p"), NULL);
}

/* Positions 100 to 159, ten apart in the fixture: one each here. */
static struct origin take_at(struct source *source, uint64_t offset)
{
    struct origin origin = {.source = source, .offset = offset, .length = 1};
    struct ledger *ledger = &source->state->ledger;
    source_take(source, &origin);
    for (uint32_t i = 0; i < source->state->output_count; i++) {
        ledger->outputs[i].in += origin.fresh >> i & 1;
        ledger->outputs[i].in_flight += origin.owed >> i & 1;
    }
    CHECK(source_hold_open(source, &origin));
    source_advance(source, offset + 1);
    return origin;
}

static struct str said_text(const struct handover *said)
{
    return (struct str){said->text, said->len};
}

static void check_ledger(struct fixture *fixture)
{
    CHECK(ledger_is_balanced(state_ledger(fixture->state)));
}

/* Every position is open at the first; then the second reads from where it is told to. */
static void who_reads_next_gives_out_what_is_open_and_what_lies_beyond(void)
{
    struct fixture one, two;
    struct origin origins[EVENTS];
    struct handover said;
    fixture_init(&one, 1);
    fixture_init(&two, 2);
    fixture_start(&one);
    fixture_start(&two);
    struct source *from = source_of(&one, "t/0"), *to = source_of(&two, "t/0");
    CHECK(source_take_over(from, 100, STR("")));
    for (uint32_t i = 0; i < EVENTS; i++)
        origins[i] = take_at(from, 100 + i);
    for (uint32_t i = 0; i < EVENTS; i++) /* open stay 7..9, 20, 40..59 */
        if (i < 7 || (i > 9 && i != 20 && i < 40)) {
            fixture_settle(&origins[i], 0);
            fixture_settle(&origins[i], 1);
        }
    (void)fixture_commit(&one);
    source_hand_over(from, &said);
    CHECK_EQ(said.resume, 107);
    CHECK(state_synced(one.state, said.ticket));
    char want[128];
    snprintf(want, sizeof want, "w1 %016llx a0 0+3 a+1 13+14",
             (unsigned long long)state_agent_id(one.state));
    CHECK_TEXT(said_text(&said), want);
    CHECK_EQ(handover_agent(said_text(&said)), state_agent_id(one.state));
    CHECK(source_take_over(to, said.resume, said_text(&said)));
    CHECK_EQ(source_resume(to), 107);
    check_ledger(&two);
    for (uint64_t at = 107; at < 100 + EVENTS + 5; at++) {
        struct origin origin = {.source = to, .offset = at, .length = 1};
        source_take(to, &origin);
        uint64_t i = at - 100;
        bool is_owed = i < 10 || i == 20 || i >= 40;
        CHECK_EQ(origin.owed, is_owed ? 3 : 0);
        CHECK_EQ(origin.fresh, i >= EVENTS ? 3 : 0);
    }
    fixture_clear(&one);
    fixture_clear(&two);
}

static void nothing_is_said_before_the_journal_says_it(void)
{
    struct fixture fixture;
    struct handover said;
    fixture_init(&fixture, 3);
    fixture_start(&fixture);
    struct source *source = source_of(&fixture, "t/0");
    (void)fixture_commit(&fixture);
    struct origin origin = take_at(source, 0);
    fixture_settle(&origin, 0);
    fixture_settle(&origin, 1);
    source_hand_over(source, &said);
    CHECK(!state_synced(fixture.state, said.ticket));
    CHECK_EQ(said.resume, 0);
    (void)fixture_commit(&fixture);
    CHECK(state_synced(fixture.state, said.ticket));
    fixture_clear(&fixture);
}

/* Every second position stays open: far more runs than a text can hold. */
static void what_does_not_fit_is_given_out_again(void)
{
    struct fixture fixture;
    struct handover said;
    enum { MANY = 4000 };
    fixture_init(&fixture, 4);
    fixture_start(&fixture);
    struct source *source = source_of(&fixture, "t/0");
    CHECK(source_take_over(source, 0, STR("")));
    for (uint64_t at = 0; at < MANY; at++) {
        struct origin origin = take_at(source, at);
        if (at % 2) {
            fixture_settle(&origin, 0);
            fixture_settle(&origin, 1);
        }
    }
    (void)fixture_commit(&fixture);
    source_hand_over(source, &said);
    CHECK(said.len > HANDOVER_BYTES_MAX / 2 && said.len < HANDOVER_BYTES_MAX);
    struct source *next = source_of(&fixture, "t/0#2");
    CHECK(source_take_over(next, said.resume, said_text(&said)));
    CHECK(next->known_end > 100 && next->known_end < MANY);
    CHECK_EQ(next->open_count, next->known_end / 2);
    check_ledger(&fixture);
    fixture_clear(&fixture);
}

static void a_text_that_does_not_hold_together_says_nothing(void)
{
    static const char *const texts[] = {
        "",
        "w2 0000000000000001 20",
        "w1",
        "w1 ",
        "w1 zz 20",
        "w1 0000000000000001",
        "w1 0000000000000001 5", /* the mark lies before the position */
        "w1 0000000000000001 40 0+",
        "w1 0000000000000001 40 1+0",
        "w1 0000000000000001 40 0+100", /* beyond the mark */
        "w1 0000000000000001 40 ffffffffffffffff+1",
        "w1 0000000000000001 ffffffffffffffff 0+ffffffffff",
        "w1 0000000000000001 40 0+1 x",
        "w1 0000000000000001 40 -1+1",
    };
    struct fixture fixture;
    fixture_init(&fixture, 5);
    fixture_start(&fixture);
    for (size_t i = 0; i < COUNT(texts); i++) {
        char key[16];
        snprintf(key, sizeof key, "t/%zu", i);
        struct source *source = source_of(&fixture, key);
        CHECK(source_take_over(source, 16, str_from(texts[i])));
        CHECK_EQ(source->known_end, 16);
        CHECK_EQ(source->open_count, 0);
        CHECK_EQ(source_resume(source), 16);
    }
    fixture_clear(&fixture);
}

static void who_leaves_forgets_what_was_never_come_across(void)
{
    struct fixture fixture;
    fixture_init(&fixture, 6);
    fixture_start(&fixture);
    struct source *source = source_of(&fixture, "t/0");
    CHECK(source_take_over(source, 16, STR("w1 0000000000000001 40 0+8")));
    CHECK_EQ(fixture.state->ledger.outputs[0].in_flight, 8);
    struct origin origin = {.source = source, .offset = 16, .length = 1};
    source_take(source, &origin); /* the lane has it in hand */
    fixture.state->ledger.outputs[0].in_flight++;
    fixture.state->ledger.outputs[1].in_flight++;
    source_leave(source);
    check_ledger(&fixture);
    CHECK_EQ(source->open_count, 1);
    CHECK(source_has_open(source));
    fixture_settle(&origin, 0);
    fixture_settle(&origin, 1);
    check_ledger(&fixture);
    (void)fixture_commit(&fixture);
    CHECK(source_find(fixture.state, 0, STR("t/0")) == NULL);
    fixture_clear(&fixture);
}

CHECK_MAIN(TEST(who_reads_next_gives_out_what_is_open_and_what_lies_beyond),
           TEST(nothing_is_said_before_the_journal_says_it),
           TEST(what_does_not_fit_is_given_out_again),
           TEST(a_text_that_does_not_hold_together_says_nothing),
           TEST(who_leaves_forgets_what_was_never_come_across))
