/* tests/sampling/test_sampler.c - mirrors agent/sampling/sampler.c: time and memory.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/sampling/sampler.c"

#include "tests/sampling/world.h"

static const struct expr always = {.constant = 1};
static const struct expr one_in_two = {.constant = 2};
static const struct expr error = {.contains = "ERROR"};

static void open_whole(void)
{
    world_init();
    world_open(&always);
}

/* --- the end of a trace ------------------------------------------------------------------ */

static void a_trace_ends_when_no_invocation_in_it_is_open_and_linger_passed(void)
{
    open_whole();
    world_at(10);
    start("START", "r");
    world_at(100);
    say("line", NULL, "r");
    world_at(200);
    end("REPORT", NULL, "r");
    world_at(204.9);
    CHECK_FATE("START", "held");
    world_at(205);
    CHECK(world_found("START") && world_found("line") && world_found("REPORT"));
    world_clear();
}

static void a_line_within_linger_makes_it_linger_anew(void)
{
    open_whole();
    start("START", "r");
    end("REPORT", NULL, "r");
    world_at(4);
    say("extension", NULL, "r");
    world_at(8.9);
    CHECK_FATE("START", "held");
    world_at(9);
    CHECK(world_found("START") != NULL);
    world_clear();
}

static void every_invocation_of_the_trace_must_be_over(void)
{
    open_whole();
    start("START a", "a");
    start("START b", "b");
    say("tie a", "t", "a");
    say("tie b", "t", "b");
    end("REPORT a", NULL, "a");
    world_at(300);
    CHECK_FATE("START a", "held");
    end("REPORT b", NULL, "b");
    world_at(305);
    CHECK_EQ(world.out_count, 6);
    world_clear();
}

static void a_second_invocation_of_the_same_id_reopens_it(void)
{
    open_whole();
    start("START", "r");
    end("REPORT", NULL, "r");
    world_at(3);
    start("START again", "r");
    world_at(100);
    CHECK_FATE("START", "held");
    end("REPORT again", NULL, "r");
    world_at(105);
    CHECK_EQ(world.out_count, 4);
    world_clear();
}

static void a_trace_in_which_no_invocation_was_seen_ends_after_wait(void)
{
    open_whole();
    world_at(1);
    say("one", "t", NULL);
    world_at(50);
    say("two", "t", NULL);
    world_at(60.9);
    CHECK_FATE("one", "held");
    world_at(61);
    CHECK(world_found("one") && world_found("two"));
    world_clear();
}

static void wait_counts_only_while_no_invocation_is_open(void)
{
    open_whole();
    say("gateway", "t", NULL);
    world_at(30);
    world_take((struct line){"START", "t", "r", .flags = EVENT_STARTS_INVOCATION});
    world_at(500);
    CHECK_FATE("gateway", "held");
    end("REPORT", "t", "r");
    world_at(505);
    CHECK(world_found("gateway") != NULL);
    world_clear();
}

static void an_open_invocation_lasts_at_most_invocation_max(void)
{
    open_whole();
    start("START", "r");
    world_at(904.9);
    CHECK_FATE("START", "held");
    world_at(905);
    CHECK(world_found("START") != NULL);
    world_clear();
}

static void of_two_open_invocations_the_younger_sets_the_limit_until_it_ends(void)
{
    open_whole();
    world_take((struct line){"START a", "t", "a", .flags = EVENT_STARTS_INVOCATION});
    world_at(600);
    world_take((struct line){"START b", "t", "b", .flags = EVENT_STARTS_INVOCATION});
    world_at(700);
    end("REPORT b", "t", "b");
    world_at(904.9);
    CHECK_FATE("START a", "held");
    world_at(905);
    CHECK(world_found("START a") != NULL);
    world_clear();
}

static void platform_lines_count_only_for_an_open_request(void)
{
    open_whole();
    start("START", "r");
    end("REPORT of another", NULL, "x");
    world_at(20);
    CHECK_FATE("REPORT of another", "held"); /* nothing was open: it waits as any line does */
    world_at(60);
    CHECK(world_found("REPORT of another") != NULL);
    CHECK_FATE("START", "held");
    world_clear();
}

static void time_that_stands_still_or_goes_back_decides_nothing(void)
{
    open_whole();
    world_at(100);
    say("line", "t", NULL);
    world_release(50 * SECONDS); /* a backlog turned up */
    CHECK_EQ(world.sampler.now_ns, 50 * SECONDS);
    world_release(100 * SECONDS);
    CHECK_FATE("line", "held");
    world_clear();
}

static void at_the_end_of_the_streams_everything_is_decided(void)
{
    open_whole();
    start("START", "r");
    say("line", "t", NULL);
    CHECK_EQ(world.sampler.groups.holdings.events, 2);
    world_release(INT64_MAX);
    CHECK_EQ(world.out_count, 2);
    CHECK_EQ(world.sampler.groups.holdings.events, 0);
    world_clear();
}

static void due_is_the_last_moment_at_which_nothing_happens(void)
{
    open_whole();
    CHECK_EQ(sampler_due(&world.sampler), INT64_MAX);
    say("line", "t", NULL);
    CHECK_EQ(sampler_due(&world.sampler), 60 * SECONDS - 1);
    world_release(60 * SECONDS - 1);
    CHECK_FATE("line", "held");
    world.holds_back = true;
    world_release(60 * SECONDS);
    CHECK_EQ(sampler_due(&world.sampler), INT64_MAX); /* only the journal is waited for */
    world.synced = world.blob_count;
    CHECK_EQ(sampler_due(&world.sampler), INT64_MIN);
    world_release(60 * SECONDS);
    CHECK(world_found("line") != NULL);
    world_clear();
}

/* --- rate 1 ------------------------------------------------------------------------------ */

static void rate_1_drops_nothing_adds_no_hop_and_gives_every_line_its_trace_id(void)
{
    open_whole();
    start("START", "r");
    world_take((struct line){"line", .invocation = "r", .weight = 7, .hops = 1});
    end("REPORT", "0af7651916cd43dd8448eb211c80319c", "r");
    world_at(5);
    const char *const lines[] = {"START", "line", "REPORT"};
    for (size_t i = 0; i < COUNT(lines); i++) {
        struct came_out out = world_got(lines[i]);
        CHECK(!out.is_out);
        CHECK_TEXT(str_from(out.trace), "0af7651916cd43dd8448eb211c80319c");
    }
    CHECK_EQ(world_got("line").weight, 7);
    CHECK_EQ(world_got("line").hops, 1);
    CHECK_EQ(world_got("line").reason[0], 0);
    world_clear();
}

/* --- bounds ------------------------------------------------------------------------------ */

static const char *number(unsigned n)
{
    static char texts[8][32];
    static unsigned turn;
    char *text = texts[turn++ % COUNT(texts)];
    (void)snprintf(text, sizeof texts[0], "n%u", n);
    return text;
}

static void above_the_cap_of_traces_the_oldest_is_decided_early_and_counted(void)
{
    world_init();
    world.sampler.limits.traces_max = 10;
    world_open(&always);
    for (unsigned n = 0; n < 15; n++)
        say(number(n), number(n), NULL);
    world_release(world.now_ns);
    CHECK_EQ(world.early, 5);
    CHECK_EQ(world.out_count, 5);
    CHECK(world_found("n0") && world_found("n4") && !world_found("n5"));
    world_clear();
}

static void above_the_cap_of_ids_the_oldest_is_decided_early(void)
{
    world_init();
    world.sampler.limits.keys_max = 10;
    world_open(&always);
    for (unsigned n = 0; n < 8; n++)
        say(number(n), number(n), number(n));
    world_release(world.now_ns);
    CHECK_EQ(world.early, 3);
    world_clear();
}

static void a_trace_with_too_many_events_is_decided_and_the_rest_follows(void)
{
    world_init();
    world.sampler.limits.trace_events_max = 10;
    world_open(&one_in_two);
    const char *kept = world_id(true, 2, 1), *dropped = world_id(false, 2, 1);
    for (unsigned n = 0; n < 15; n++) {
        say("kept", kept, NULL);
        say("dropped", dropped, NULL);
    }
    world_release(world.now_ns);
    CHECK_EQ(world.capped, 2);
    CHECK_EQ(world.out_count, 30);
    CHECK_FATE("kept", "2 rate");
    CHECK_FATE("dropped", "out");
    CHECK_EQ(world.late, 10);
    world_clear();
}

static void a_trace_with_too_many_bytes_is_decided(void)
{
    world_init();
    world.sampler.limits.trace_bytes_max = 4096;
    world_open(&always);
    for (unsigned n = 0; n < 100; n++)
        say("some line or other", "t", NULL);
    CHECK_EQ(world.capped, 1);
    world_clear();
}

static void over_the_budget_the_oldest_trace_is_decided_early(void)
{
    world_init();
    world.sampler.limits.held_budget = 4 << 20;
    world_open(&always);
    for (unsigned n = 0; n < 18000; n++) {
        say("line", number(n), NULL);
        CHECK(sampler_bytes(&world.sampler) < 4 << 20);
        if (n % 100 == 0)
            world_release(world.now_ns);
    }
    CHECK(world.early > 1000);
    CHECK_EQ(world.out_count + world.sampler.groups.holdings.events, 18000);
    CHECK(world.sampler.groups.count > 1000);
    world_clear();
}

static void what_departed_traces_leave_free_counts_as_room(void)
{
    enum { BUDGET = 4 << 20, TRACES = 2500 };
    char text[96];
    world_init();
    world.sampler.limits.held_budget = BUDGET;
    world_open(&always);
    for (unsigned n = 0; n < TRACES; n++) {
        if (n % 2)
            start("stays", number(n));
        else
            say("goes", NULL, number(n));
    }
    world_at(100);
    CHECK_EQ(world.out_count, TRACES / 2); /* every second block of every slab */
    for (unsigned n = 0; n < 2000; n++) {
        snprintf(text, sizeof text, "line %u of a trace that grows while all of that is open", n);
        say(text, NULL, number(n % 20 * 2 + 1));
    }
    CHECK(sampler_bytes(&world.sampler) > BUDGET / 4 * 3);
    CHECK_EQ(world.early, 0);
    world_clear();
}

/* So many wait for a slow journal that slabs take more than the budget; then they depart. */
static void a_wave_that_left_has_no_other_trace_decided_early(void)
{
    enum { BUDGET = 4 << 20, TRACES = 4000 };
    world_init();
    world.sampler.limits.held_budget = BUDGET;
    world_open(&always);
    world.holds_back = true;
    for (unsigned n = 0; n < TRACES; n++) {
        if (n % 4 == 0)
            start("stays", number(n));
        else
            say("goes", NULL, number(n));
        if (n % 100 == 0)
            world_at(n * 0.2); /* `wait` passes for what came a minute before */
    }
    world_at(TRACES * 0.2 + 61);
    CHECK(sampler_bytes(&world.sampler) > BUDGET);
    CHECK_EQ(world.early, 0);
    world_sync();
    CHECK_EQ(world.out_count, TRACES / 4 * 3);
    CHECK(sampler_bytes(&world.sampler) > BUDGET);
    CHECK(sampler_used(&world.sampler) < BUDGET / 2);
    world.holds_back = false;
    for (unsigned n = 0; n < 100; n++)
        say("more", NULL, number(n * 4));
    CHECK_EQ(world.early, 0);
    world_clear();
}

static void a_failing_heap_loses_no_event_and_no_error(void)
{
    const char *dropped = world_id(false, 2, 1), *kept = world_id(true, 2, 1);
    for (unsigned long n = 1; n < 40; n++) {
        world_init();
        world_rule("errors", &error, &always);
        world_open(&one_in_two);
        struct event *events[300];
        for (unsigned i = 0; i < COUNT(events); i++)
            events[i] = world_line((struct line){.text = i % 10 ? "fine" : "ERROR",
                                                 .trace = i % 2 ? kept : dropped,
                                                 .invocation = number(i / 20)});
        memory_fail_at(n);
        for (unsigned i = 0; i < COUNT(events); i++) {
            sampler_take(&world.sampler, events[i], &world.arena);
            sampler_settle(&world.sampler);
            if (events[i]->fate != FATE_HELD)
                note_out(events[i]);
        }
        memory_fail_at(0);
        world_release(INT64_MAX);
        CHECK_EQ(world.out_count, 300);
        for (size_t i = 0; i < world.out_count; i++)
            if (strcmp(world.out[i].text, "ERROR") == 0)
                CHECK(!world.out[i].is_out && world.out[i].weight == 1);
        world_clear();
    }
}

CHECK_MAIN(TEST(a_trace_ends_when_no_invocation_in_it_is_open_and_linger_passed),
           TEST(a_line_within_linger_makes_it_linger_anew),
           TEST(every_invocation_of_the_trace_must_be_over),
           TEST(a_second_invocation_of_the_same_id_reopens_it),
           TEST(a_trace_in_which_no_invocation_was_seen_ends_after_wait),
           TEST(wait_counts_only_while_no_invocation_is_open),
           TEST(an_open_invocation_lasts_at_most_invocation_max),
           TEST(of_two_open_invocations_the_younger_sets_the_limit_until_it_ends),
           TEST(platform_lines_count_only_for_an_open_request),
           TEST(time_that_stands_still_or_goes_back_decides_nothing),
           TEST(at_the_end_of_the_streams_everything_is_decided),
           TEST(due_is_the_last_moment_at_which_nothing_happens),
           TEST(rate_1_drops_nothing_adds_no_hop_and_gives_every_line_its_trace_id),
           TEST(above_the_cap_of_traces_the_oldest_is_decided_early_and_counted),
           TEST(above_the_cap_of_ids_the_oldest_is_decided_early),
           TEST(a_trace_with_too_many_events_is_decided_and_the_rest_follows),
           TEST(a_trace_with_too_many_bytes_is_decided),
           TEST(over_the_budget_the_oldest_trace_is_decided_early),
           TEST(what_departed_traces_leave_free_counts_as_room),
           TEST(a_wave_that_left_has_no_other_trace_decided_early),
           TEST(a_failing_heap_loses_no_event_and_no_error))
