/* tests/pipeline/test_settle.c - mirrors agent/pipeline/settle.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/pipeline/settle.c"

#include "tests/check.h"

static struct output_totals totals[3];
static struct ledger ledger = {.outputs = totals, .output_count = 3};

static struct origin fresh_for_all(void)
{
    for (size_t i = 0; i < COUNT(totals); i++)
        totals[i] = (struct output_totals){0};
    return (struct origin){.owed = 7, .fresh = 7};
}

static void an_event_that_a_when_turns_away_leaves_no_trace(void)
{
    struct origin origin = fresh_for_all();
    origin_turn_away(&origin, 2, &ledger);
    CHECK_EQ(origin.owed, 5);
    CHECK_EQ(totals[1].in, 0);
}

static void a_held_event_is_counted_in_once_however_often_it_is_held(void)
{
    struct origin origin = fresh_for_all();
    origin_hold(&origin, 6, &ledger);
    CHECK_EQ(totals[0].in, 0);
    CHECK_EQ(totals[1].in, 1);
    CHECK_EQ(totals[1].held, 1);
    origin_release(&origin, 6, &ledger);
    origin_hold(&origin, 4, &ledger);
    CHECK_EQ(totals[1].held, 0);
    CHECK_EQ(totals[2].held, 1);
    CHECK_EQ(totals[2].in, 1);
}

static void an_event_turned_away_after_it_was_held_is_taken_out_again(void)
{
    struct origin origin = fresh_for_all();
    origin_hold(&origin, 7, &ledger);
    origin_release(&origin, 7, &ledger);
    origin_turn_away(&origin, 1, &ledger);
    CHECK_EQ(totals[0].in, 0);
    CHECK_EQ(totals[1].in, 1);
}

static void an_event_of_an_earlier_run_is_not_counted_again(void)
{
    struct origin origin = fresh_for_all();
    origin.fresh = 0; /* open in the journal: `in` has it */
    origin_count_in(&origin, 7, &ledger);
    CHECK_EQ(totals[0].in, 0);
    origin_hold(&origin, 1, &ledger);
    CHECK_EQ(totals[0].held, 1);
    CHECK_EQ(totals[0].in, 0);
}

CHECK_MAIN(TEST(an_event_that_a_when_turns_away_leaves_no_trace),
           TEST(a_held_event_is_counted_in_once_however_often_it_is_held),
           TEST(an_event_turned_away_after_it_was_held_is_taken_out_again),
           TEST(an_event_of_an_earlier_run_is_not_counted_again))
