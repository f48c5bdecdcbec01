/* tests/sampling/test_decide.c - mirrors agent/sampling/decide.c: verdicts and weights.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/sampling/decide.c"

#include "tests/sampling/world.h"

static const struct expr one = {.constant = 1}, two = {.constant = 2}, ten = {.constant = 10};
static const struct expr error = {.contains = "ERROR"}, health = {.contains = "/health"};
static const struct expr rate_of = {.number_behind = "rate="};

static void a_trace_is_kept_or_dropped_whole(void)
{
    world_init();
    world_open(&two);
    const char *kept = world_id(true, 2, 1), *dropped = world_id(false, 2, 2);
    for (int i = 0; i < 5; i++) {
        say("kept", kept, NULL);
        say("dropped", dropped, NULL);
    }
    world_at(60);
    CHECK_EQ(world.out_count, 10);
    for (size_t i = 0; i < world.out_count; i++)
        CHECK_EQ(world.out[i].is_out, strcmp(world.out[i].text, "dropped") == 0);
    CHECK(world.kept == 1 && world.dropped == 1);
    world_clear();
}

static void a_trace_with_a_keep_event_is_kept_whole_at_weight_1(void)
{
    world_init();
    world_rule("health", &health, &ten);
    world_rule("errors", &error, &one);
    world_open(&two);
    const char *id = world_id(false, 2, 1);
    say("GET /health", id, NULL);
    say("ERROR", id, NULL);
    say("line", id, NULL);
    world_at(60);
    CHECK_FATE("GET /health", "1 errors");
    CHECK_FATE("ERROR", "1 errors");
    CHECK_FATE("line", "1 errors");
    CHECK_EQ(world_got("line").hops, 1);
    world_clear();
}

static void the_others_have_the_rate_of_their_trace_at_its_verdict(void)
{
    world_init();
    world_rule("health", &health, &ten);
    world_open(&rate_of);
    const char *first = world_id(true, 10, 1), *second = world_id(true, 30, 2);
    say("GET /health rate=3", first, NULL);
    say("of a health check", first, NULL);
    say("a rate=40", second, NULL);
    say("b rate=30", second, NULL);
    world_at(60);
    CHECK_FATE("of a health check", "10 health");
    CHECK_FATE("a rate=40", "30 rate");
    CHECK_FATE("b rate=30", "30 rate");
    world_clear();
}

static void the_incoming_weight_multiplies(void)
{
    world_init();
    world_rule("errors", &error, &one);
    world_open(&ten);
    const char *id = world_id(true, 10, 1);
    world_take((struct line){"line", .trace = id, .weight = 7});
    world_take((struct line){"huge", .trace = id, .weight = UINT32_MAX / 2});
    world_at(60);
    world_take((struct line){"late ERROR", .trace = id, .weight = 7});
    CHECK_FATE("line", "70 rate");
    CHECK_EQ(world_got("huge").weight, UINT32_MAX);
    CHECK_FATE("late ERROR", "7 errors");
    world_clear();
}

static void hops_salt_the_dice_so_that_stages_in_series_are_independent(void)
{
    const char *id = world_id(true, 2, 1);
    unsigned kept = 0;
    for (uint32_t hops = 0; hops < 40; hops++) {
        world_init();
        world_open(&two);
        world_take((struct line){"line", .trace = id, .hops = hops});
        world_take((struct line){"forwarded", .trace = id}); /* the most hops count for all */
        world_at(60);
        kept += !world_got("line").is_out;
        CHECK_EQ(world_got("line").is_out, world_got("forwarded").is_out);
        world_clear();
    }
    CHECK(kept > 10 && kept < 30);
}

static void any_terms_are_asked_of_the_whole_trace_whatever_the_order(void)
{
    static const struct expr retry = {.contains = "retry"};
    static const struct expr timeout = {.contains = "timeout", .any = &retry, .any_is = true};
    static const struct expr alone = {.contains = "slow", .any = &retry, .any_is = false};
    world_init();
    world_rule("timeouts", &timeout, &one);
    world_rule("slow alone", &alone, &one);
    world_open(&two);
    const char *ids[] = {world_id(false, 2, 1), world_id(false, 2, 2), world_id(false, 2, 3),
                         world_id(false, 2, 4)};
    say("timeout before", ids[0], NULL);
    say("retry", ids[0], NULL);
    say("timeout without", ids[1], NULL);
    say("slow with", ids[2], NULL);
    say("retry too", ids[2], NULL);
    say("slow without", ids[3], NULL);
    world_at(60);
    CHECK_FATE("timeout before", "1 timeouts");
    CHECK_FATE("retry", "1 timeouts");
    CHECK_FATE("timeout without", "out");
    CHECK_FATE("slow with", "out");
    CHECK_FATE("slow without", "1 slow alone");
    world_clear();
}

static void a_verdict_outranks_configuration_and_dice_after_a_restart(void)
{
    world_init();
    world_open(&two);
    const char *kept = world_id(true, 2, 1), *dropped = world_id(false, 2, 2);
    say("kept", kept, "a");
    say("dropped", dropped, "b");
    world_at(60);
    world_restart();
    world_rule("errors", &error, &one);
    world_open(&(struct expr){.constant = 1000000});
    world_load();
    say("kept", kept, NULL);
    say("by invocation", NULL, "a");
    say("dropped", dropped, NULL);
    say("ERROR", NULL, "b");
    CHECK_FATE("kept", "2 rate");
    CHECK_FATE("by invocation", "2 rate");
    CHECK_TEXT(str_from(world_got("by invocation").trace), kept);
    CHECK_FATE("dropped", "out");
    CHECK_FATE("ERROR", "1 late");
    world_clear();
}

static void a_verdict_with_hundreds_of_ids_is_remembered_whole(void)
{
    world_init();
    world_open(&two);
    const char *kept = world_id(true, 2, 1);
    char ids[500][8];
    for (size_t i = 0; i < COUNT(ids); i++) {
        (void)snprintf(ids[i], sizeof ids[i], "r%zu", i);
        say("line", kept, ids[i]);
    }
    world_at(60);
    world_restart();
    world_open(&(struct expr){.constant = 1000000});
    world_load();
    for (size_t i = 0; i < COUNT(ids); i++)
        CHECK_EQ(world_take((struct line){"again", .invocation = ids[i]}), FATE_LIVE);
    world_clear();
}

CHECK_MAIN(TEST(a_trace_is_kept_or_dropped_whole),
           TEST(a_trace_with_a_keep_event_is_kept_whole_at_weight_1),
           TEST(the_others_have_the_rate_of_their_trace_at_its_verdict),
           TEST(the_incoming_weight_multiplies),
           TEST(hops_salt_the_dice_so_that_stages_in_series_are_independent),
           TEST(any_terms_are_asked_of_the_whole_trace_whatever_the_order),
           TEST(a_verdict_outranks_configuration_and_dice_after_a_restart),
           TEST(a_verdict_with_hundreds_of_ids_is_remembered_whole))
