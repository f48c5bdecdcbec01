/* tests/sampling/test_arrive.c - mirrors agent/sampling/arrive.c: which trace an event joins.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/sampling/arrive.c"

#include "tests/sampling/world.h"

static const struct expr always = {.constant = 1};
static const struct expr one_in_two = {.constant = 2};
static const struct expr one_in_ten = {.constant = 10};
static const struct expr error = {.contains = "ERROR"};

/* Every error, 1 in 2 of the rest. */
static void open_errors_and_half(void)
{
    world_init();
    world_rule("errors", &error, &always);
    world_open(&one_in_two);
}

/* An invocation id that the dice keep or drop at 1 in 2, as long as it stands as its own trace. */
static const char *invocation(bool is_kept, unsigned n)
{
    static char ids[8][32];
    static unsigned turn;
    const struct dice dice = {.kind = DICE_XXH64};
    char *id = ids[turn++ % COUNT(ids)], digits[33];
    for (unsigned try = 0;; try++) {
        (void)snprintf(id, sizeof ids[0], "r-%u-%u", n, try);
        if (dice_keep(&dice, key_text(key_of_invocation(str_from(id)), digits), 0, 2) == is_kept)
            return id;
    }
}

/* --- groups ------------------------------------------------------------------------------ */

static void aliases_tie_an_invocation_to_its_trace_and_ids_are_stamped_at_release(void)
{
    open_errors_and_half();
    const char *trace = world_id(true, 2, 1), *request = invocation(false, 1);
    start("START", request);
    say("line", NULL, request);
    say("of another service", trace, NULL);
    end("REPORT", trace, request); /* names the trace last */
    world_at(5);
    const char *const lines[] = {"START", "line", "of another service", "REPORT"};
    for (size_t i = 0; i < COUNT(lines); i++) {
        CHECK_FATE(lines[i], "2 rate");
        CHECK_TEXT(str_from(world_got(lines[i]).trace), trace);
    }
    CHECK_EQ(world.kept, 1);
    world_clear();
}

static void an_invocation_without_a_trace_stands_as_its_own(void)
{
    open_errors_and_half();
    const char *kept = invocation(true, 1), *dropped = invocation(false, 2);
    say("kept", NULL, kept);
    say("dropped", NULL, dropped);
    world_at(60);
    CHECK_FATE("kept", "2 rate");
    CHECK_FATE("dropped", "out");
    CHECK_EQ(world_got("kept").trace[0], 0);
    world_clear();
}

static void the_order_of_merging_does_not_matter(void)
{
    const char *traces[] = {world_id(true, 2, 7), world_id(false, 2, 8)};
    char first[2][8];
    for (unsigned order = 0; order < 2; order++) {
        open_errors_and_half();
        say("a", traces[order], "r");
        say("b", traces[!order], "r");
        world_at(60);
        strcpy(first[order], world_fate("a"));
        CHECK_FATE("b", first[order]);
        CHECK_EQ(world.kept + world.dropped, 1);
        world_clear();
    }
    assert_string_equal(first[0], first[1]);
}

static void groups_that_merge_bring_all_they_have(void)
{
    open_errors_and_half();
    const char *trace = world_id(false, 2, 3);
    start("START a", "a");
    say("ERROR", NULL, "a");
    say("b", NULL, "b");
    say("c", trace, NULL);
    say("tie b", trace, "b");
    say("tie a", trace, "a");
    world_at(100);
    CHECK_EQ(world.out_count, 0); /* a is open */
    CHECK_EQ(world.sampler.groups.count, 1);
    end("REPORT a", NULL, "a");
    world_at(105);
    CHECK_EQ(world.out_count, 7);
    for (size_t i = 0; i < world.out_count; i++)
        CHECK_FATE(world.out[i].text, "1 errors");
    world_clear();
}

static void ids_of_zeros_are_no_ids(void)
{
    open_errors_and_half();
    say("a", "00000000000000000000000000000000", "00000000-0000-0000-0000-000000000000");
    say("b", "", NULL);
    CHECK_EQ(world.out_count, 2);
    world_clear();
}

/* --- alone ------------------------------------------------------------------------------- */

static void events_with_no_trace_and_no_invocation_are_decided_at_once(void)
{
    world_init();
    world_rule("errors", &error, &always);
    world_open(&one_in_ten);
    CHECK_EQ(world_take((struct line){.text = "ERROR alone"}), FATE_LIVE);
    CHECK_FATE("ERROR alone", "1 errors");
    unsigned kept = 0;
    for (unsigned n = 0; n < 5000; n++) {
        enum fate fate = world_take((struct line){.text = "line", .offset = n});
        CHECK(fate == FATE_LIVE || fate == FATE_SAMPLED_OUT);
        kept += fate == FATE_LIVE;
        CHECK_EQ(world_take((struct line){.text = "line", .offset = n}), fate); /* read again */
    }
    CHECK(kept > 400 && kept < 600);
    CHECK_EQ(world.blob_count, 0);
    world_clear();
}

/* --- after the verdict ------------------------------------------------------------------- */

static void a_late_event_follows_the_verdict(void)
{
    open_errors_and_half();
    const char *kept = world_id(true, 2, 1), *dropped = world_id(false, 2, 2);
    say("early kept", kept, "a");
    say("early dropped", dropped, "b");
    world_at(60);
    CHECK_EQ(world_take((struct line){.text = "late kept", .trace = kept}), FATE_LIVE);
    CHECK_EQ(world_take((struct line){.text = "late dropped", .trace = dropped}), FATE_SAMPLED_OUT);
    say("late by invocation", NULL, "a");
    CHECK_FATE("late kept", "2 rate");
    CHECK_FATE("late by invocation", "2 rate");
    CHECK_TEXT(str_from(world_got("late by invocation").trace), kept);
    CHECK_EQ(world.late, 3);
    CHECK_EQ(world.kept + world.dropped, 2);
    world_clear();
}

static void a_late_keep_event_of_a_dropped_trace_is_kept_at_weight_1_as_late(void)
{
    open_errors_and_half();
    const char *dropped = world_id(false, 2, 2);
    say("early", dropped, NULL);
    world_at(60);
    say("late ERROR", dropped, NULL);
    say("late", dropped, NULL);
    CHECK_FATE("late ERROR", "1 late");
    CHECK_TEXT(str_from(world_got("late ERROR").rule), "errors");
    CHECK_FATE("late", "out");
    world_clear();
}

static void a_late_keep_event_of_a_kept_trace_has_weight_1(void)
{
    open_errors_and_half();
    const char *kept = world_id(true, 2, 2);
    say("early", kept, NULL);
    world_at(60);
    say("late ERROR", kept, NULL);
    CHECK_FATE("early", "2 rate");
    CHECK_FATE("late ERROR", "1 errors");
    world_clear();
}

static void a_verdict_lives_remember_long_after_the_last_event_and_then_the_dice_decide(void)
{
    open_errors_and_half();
    const char *dropped = world_id(false, 2, 2);
    say("ERROR", dropped, NULL);
    world_at(60);
    CHECK_FATE("ERROR", "1 errors");
    world_at(600);
    say("late", dropped, NULL);
    CHECK_FATE("late", "1 errors");
    world_at(1199);
    say("later", dropped, NULL);
    CHECK_FATE("later", "1 errors");
    world_at(1800);
    say("forgotten", dropped, NULL);
    CHECK_FATE("forgotten", "held");
    world_at(1860);
    CHECK_FATE("forgotten", "out");
    world_clear();
}

static void two_decided_groups_keep_their_verdicts_and_later_events_follow_the_kept_one_first(void)
{
    open_errors_and_half();
    const char *dropped = world_id(false, 2, 2), *kept = invocation(true, 1);
    say("by trace", dropped, NULL);
    say("by invocation", NULL, kept);
    world_at(60);
    CHECK_FATE("by trace", "out");
    CHECK_FATE("by invocation", "2 rate");
    say("both", dropped, kept);
    CHECK_FATE("both", "2 rate");
    say("trace again", dropped, NULL);
    CHECK_FATE("trace again", "out");
    say("invocation again", NULL, kept);
    CHECK_FATE("invocation again", "2 rate");
    CHECK_TEXT(str_from(world_got("invocation again").trace), dropped); /* named at last */
    world_clear();
}

static void an_open_group_that_belongs_to_a_decided_trace_follows_it_whole(void)
{
    open_errors_and_half();
    const char *kept = world_id(true, 2, 1), *dropped = world_id(false, 2, 2);
    say("kept", kept, NULL);
    say("dropped", dropped, NULL);
    world_at(60);
    const char *first = invocation(false, 1), *second = invocation(true, 2);
    start("START first", first);
    start("START second", second);
    say("ERROR second", NULL, second);
    say("tie first", kept, first);
    say("tie second", dropped, second);
    world_release(world.now_ns);
    CHECK_FATE("START first", "2 rate");
    CHECK_TEXT(str_from(world_got("START first").trace), kept);
    CHECK_FATE("START second", "out");
    CHECK_FATE("ERROR second", "1 late");
    CHECK_FATE("tie second", "out");
    end("REPORT first", NULL, first);
    end("REPORT second", NULL, second);
    CHECK_FATE("REPORT first", "2 rate");
    CHECK_FATE("REPORT second", "out");
    CHECK_EQ(world.kept + world.dropped, 2);
    world_clear();
}

static void an_id_that_turns_up_late_is_tied_to_the_verdict(void)
{
    open_errors_and_half();
    const char *kept = world_id(true, 2, 1), *dropped = world_id(false, 2, 2);
    say("kept", kept, NULL);
    say("dropped", dropped, NULL);
    world_at(60);
    say("tie", kept, "a");
    say("tie too", dropped, "b");
    say("a", NULL, "a");
    say("b", NULL, "b");
    CHECK_FATE("a", "2 rate");
    CHECK_FATE("b", "out");
    world_clear();
}

static void a_late_event_waits_until_its_verdict_is_on_disk(void)
{
    open_errors_and_half();
    const char *kept = world_id(true, 2, 1), *dropped = world_id(false, 2, 2);
    world.holds_back = true;
    say("kept", kept, NULL);
    say("dropped", dropped, NULL);
    world_at(60);
    say("late", kept, NULL);
    say("late ERROR", dropped, NULL);
    say("late dropped", dropped, NULL);
    CHECK_FATE("kept", "held");
    CHECK_FATE("late", "held");
    CHECK_FATE("late ERROR", "held");
    CHECK_FATE("late dropped", "out");
    world_sync();
    CHECK_FATE("kept", "2 rate");
    CHECK_FATE("late", "2 rate");
    CHECK_FATE("late ERROR", "1 late");
    say("later", kept, NULL);
    CHECK_FATE("later", "2 rate");
    world_clear();
}

static void a_trace_id_too_long_to_stamp_still_groups(void)
{
    open_errors_and_half();
    char text[200];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = 0;
    world_take((struct line){"a", .invocation = "r"});
    struct event *event = world_line((struct line){"ERROR b", .trace = text, .invocation = "r"});
    sampler_take(&world.sampler, event, &world.arena);
    CHECK_EQ(event->fate, FATE_HELD);
    sampler_advance(&world.sampler, INT64_MAX);
    sampler_settle(&world.sampler);
    struct event *at[4];
    struct view view = {.at = at, .arena = &world.arena, .asks_ghosts = true};
    CHECK(!sampler_depart(&world.sampler, &view, 4));
    CHECK_EQ(view.count, 2);
    CHECK(!event_slot(at[0], SLOT_TRACE_ID));
    CHECK_TEXT(at[0]->reason, "errors");
    for (unsigned n = 0; n < 10; n++) {
        event = world_line((struct line){"late", .trace = text, .invocation = "r"});
        sampler_take(&world.sampler, event, &world.arena);
        CHECK_EQ(event->fate, FATE_LIVE);
    }
    CHECK_EQ(world.sampler.verdicts.count, 1);
    world_clear();
}

CHECK_MAIN(TEST(aliases_tie_an_invocation_to_its_trace_and_ids_are_stamped_at_release),
           TEST(an_invocation_without_a_trace_stands_as_its_own),
           TEST(the_order_of_merging_does_not_matter), TEST(groups_that_merge_bring_all_they_have),
           TEST(ids_of_zeros_are_no_ids),
           TEST(events_with_no_trace_and_no_invocation_are_decided_at_once),
           TEST(a_late_event_follows_the_verdict),
           TEST(a_late_keep_event_of_a_dropped_trace_is_kept_at_weight_1_as_late),
           TEST(a_late_keep_event_of_a_kept_trace_has_weight_1),
           TEST(a_verdict_lives_remember_long_after_the_last_event_and_then_the_dice_decide),
           TEST(two_decided_groups_keep_their_verdicts_and_later_events_follow_the_kept_one_first),
           TEST(an_open_group_that_belongs_to_a_decided_trace_follows_it_whole),
           TEST(an_id_that_turns_up_late_is_tied_to_the_verdict),
           TEST(a_late_event_waits_until_its_verdict_is_on_disk),
           TEST(a_trace_id_too_long_to_stamp_still_groups))
