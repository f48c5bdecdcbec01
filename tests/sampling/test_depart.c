/* tests/sampling/test_depart.c - mirrors agent/sampling/depart.c: what leaves, when, how.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/sampling/depart.c"

#include "tests/sampling/world.h"

static const struct expr one = {.constant = 1}, two = {.constant = 2};
static const struct expr bad_request = {.contains = "400"};

static void nothing_of_a_trace_leaves_before_its_verdict_is_on_disk(void)
{
    world_init();
    world_open(&two);
    world.holds_back = true;
    say("kept", world_id(true, 2, 1), NULL);
    say("dropped", world_id(false, 2, 2), NULL);
    world_at(1000);
    CHECK_FATE("kept", "held");
    CHECK_FATE("dropped", "out"); /* a ghost tells nobody anything */
    CHECK_EQ(world.sampler.groups.holdings.events, 1);
    world_sync();
    CHECK_FATE("kept", "2 rate");
    CHECK_EQ(world.sampler.groups.holdings.events, 0);
    world_clear();
}

static void a_source_is_read_again_from_what_is_held_until_it_left(void)
{
    world_init();
    world_open(&two);
    world.holds_back = true;
    world_take((struct line){"kept", .trace = world_id(true, 2, 1), .source = 3, .offset = 100});
    world_take((struct line){"other", .trace = world_id(true, 2, 2), .source = 3, .offset = 200});
    const struct stakes *stakes = &world.sampler.groups.holdings.stakes;
    CHECK_EQ(stakes_oldest(stakes, 3), 100);
    world_at(60);
    CHECK_EQ(stakes_oldest(stakes, 3), 100);
    world_sync();
    CHECK_EQ(stakes_oldest(stakes, 3), UINT64_MAX);
    world_clear();
}

static void what_finds_no_room_goes_with_the_next_call(void)
{
    world_init();
    world_open(&one);
    for (int i = 0; i < 25; i++)
        say("line", i < 20 ? "t" : "u", NULL);
    sampler_advance(&world.sampler, INT64_MAX);
    sampler_settle(&world.sampler);
    unsigned count = 0, calls = 0;
    bool more = true;
    while (more) {
        struct event *at[4];
        struct view view = {.at = at, .arena = &world.arena, .asks_ghosts = true};
        more = sampler_depart(&world.sampler, &view, 4);
        CHECK(more == (view.count == 4));
        count += view.count;
        calls++;
        CHECK_EQ(world.sampler.groups.holdings.events, 25 - count);
    }
    CHECK_EQ(count, 25);
    CHECK_EQ(calls, 7);
    world_clear();
}

static void ghosts_have_no_fields_where_nobody_asks_for_them(void)
{
    struct event *at[64];
    uint32_t ghosts = 0;
    char id[16];
    world_init();
    world_open(&two);
    for (int i = 0; i < 40; i++) {
        snprintf(id, sizeof id, "t%d", i);
        say("line", id, NULL);
    }
    sampler_advance(&world.sampler, INT64_MAX);
    sampler_settle(&world.sampler);
    struct view view = {.at = at, .arena = &world.arena};
    CHECK(!sampler_depart(&world.sampler, &view, COUNT(at)));
    CHECK_EQ(view.count, 40);
    for (uint32_t i = 0; i < view.count; i++) {
        bool is_ghost = at[i]->fate == FATE_SAMPLED_OUT;
        ghosts += is_ghost;
        CHECK_EQ(is_ghost, at[i]->count == 0);
        CHECK(at[i]->origin);
    }
    CHECK(ghosts > 0 && ghosts < 40);
    world_clear();
}

static void a_full_arena_puts_the_rest_off(void)
{
    world_init();
    world_open(&one);
    for (int i = 0; i < 200; i++)
        say("line", "t", NULL);
    sampler_advance(&world.sampler, INT64_MAX);
    sampler_settle(&world.sampler);
    unsigned count = 0;
    bool more = true;
    while (more) {
        struct arena arena;
        struct event *at[200];
        struct view view = {.at = at, .arena = &arena, .asks_ghosts = true};
        arena_init(&arena, 4096, 16384);
        more = sampler_depart(&world.sampler, &view, 200);
        CHECK(view.count > 0);
        count += view.count;
        arena_clear(&arena);
    }
    CHECK_EQ(count, 200);
    world_clear();
}

static void a_field_is_copied_from_any_event_of_the_trace_to_those_that_want_and_lack_it(void)
{
    world_init();
    world_copies(&bad_request);
    world_open(&one);
    say("400 early", "t", NULL);
    world_take((struct line){"request", .trace = "t", .payload = "{\"sku\":1}"});
    world_take((struct line){"400 own", .trace = "t", .payload = "own"});
    say("200", "t", NULL);
    say("400 of another", "u", NULL);
    world_at(60);
    CHECK_TEXT(str_from(world_got("400 early").payload), "{\"sku\":1}");
    CHECK_TEXT(str_from(world_got("400 own").payload), "own");
    CHECK_TEXT(str_from(world_got("200").payload), "");
    CHECK_TEXT(str_from(world_got("400 of another").payload), "");
    world_clear();
}

static void a_copy_crosses_merged_groups_and_full_views(void)
{
    world_init();
    world_copies(&bad_request);
    world_open(&one);
    say("400", "t", NULL);
    world_take((struct line){"request", .invocation = "r", .payload = "body"});
    for (int i = 0; i < 200; i++)
        say("line", "t", "r");
    say("400 last", "t", "r");
    world_at(60);
    CHECK_TEXT(str_from(world_got("400").payload), "body");
    CHECK_TEXT(str_from(world_got("400 last").payload), "body");
    world_clear();
}

static void after_a_crash_a_decided_trace_is_made_whole_again(void)
{
    world_init();
    world_copies(&bad_request);
    world_open(&two);
    const char *kept = world_id(true, 2, 1);
    for (int run = 0; run < 2; run++) {
        start("START", "r");
        world_take((struct line){"request", .invocation = "r", .payload = "body"});
        end("REPORT 400", kept, "r");
        world_at(5 + run * 5);
        CHECK_FATE("REPORT 400", "2 rate");
        CHECK_TEXT(str_from(world_got("REPORT 400").payload), "body");
        CHECK_TEXT(str_from(world_got("START").trace), kept);
        if (run == 1)
            break;
        world_restart();
        world_copies(&bad_request);
        world_open(&(struct expr){.constant = 1000000});
        world_load();
    }
    CHECK_EQ(world.kept, 1);
    world_clear();
}

CHECK_MAIN(TEST(nothing_of_a_trace_leaves_before_its_verdict_is_on_disk),
           TEST(a_source_is_read_again_from_what_is_held_until_it_left),
           TEST(what_finds_no_room_goes_with_the_next_call),
           TEST(ghosts_have_no_fields_where_nobody_asks_for_them),
           TEST(a_full_arena_puts_the_rest_off),
           TEST(a_field_is_copied_from_any_event_of_the_trace_to_those_that_want_and_lack_it),
           TEST(a_copy_crosses_merged_groups_and_full_views),
           TEST(after_a_crash_a_decided_trace_is_made_whole_again))
