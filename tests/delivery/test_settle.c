/* tests/delivery/test_settle.c - mirrors agent/delivery/settle.c: what becomes of whom under which
 * answer. SPDX-License-Identifier: Apache-2.0
 */
#include "agent/delivery/settle.c"

#include "tests/delivery/world.h"

static struct delivery_stats stats_of(struct world *world)
{
    struct delivery_stats stats;
    delivery_read_stats(world->delivery, 3, &stats);
    return stats;
}

/* A world whose batches hold this many events. */
static struct world *world_of(uint64_t seed, int64_t batch_events)
{
    struct world *world = world_make(seed);
    world->endpoint.batch_bytes = 10 << 20;
    world->endpoint.batch_events = batch_events;
    return world;
}

static void a_refused_item_among_thousands_is_dead_lettered_with_its_words(void)
{
    struct world *world = world_of(1, 5000);
    world->far.habits.poison = "poison";
    world_open(world);
    world_put_many(world, 2500, "logs-a:fine");
    world_put(world, "logs-a:poison", 0, false);
    world_put_many(world, 2499, "logs-a:fine");
    CHECK(world_finish(world, 10 * WORLD_SECOND));
    world_check(world);
    CHECK_EQ(world->dead, 1);
    CHECK_EQ(world->outcomes[2500], OUTCOME_DEAD_LETTERED);
    CHECK_TEXT(str_from(world->words), "document_parsing_exception: told so");
    CHECK_EQ(world->far.requests, 1);
    CHECK_EQ(stats_of(world).dead_lettered, 1);
    CHECK_TEXT(str_from(stats_of(world).last_refusal), "document_parsing_exception: told so");
    world_free(world);
}

static void a_refused_body_is_bisected_until_the_poison_stands_alone(void)
{
    struct world *world = world_of(2, 1000);
    world->far.habits.malformed = "malformed";
    world_open(world);
    world_put_many(world, 700, "logs-a:fine");
    world_put(world, "logs-a:malformed", 0, false);
    world_put_many(world, 299, "logs-a:fine");
    CHECK(world_finish(world, 60 * WORLD_SECOND));
    world_check(world);
    CHECK_EQ(world->dead, 1);
    CHECK_EQ(world->outcomes[700], OUTCOME_DEAD_LETTERED);
    CHECK(world->far.requests <= 2 * 10 + 1); /* log2(1000) is ten */
    world_free(world);
}

static void what_is_too_large_is_split_and_later_bodies_are_smaller(void)
{
    struct world *world = world_of(3, 5000);
    world->far.habits.body_max = 10000;
    world_open(world);
    world_put_many(world, 1000, "logs-a:fine");
    CHECK(world_finish(world, 60 * WORLD_SECOND));
    uint64_t first = stats_of(world).retries[RETRY_TOO_LARGE];
    CHECK(first > 0);
    world_put_many(world, 5000, "logs-a:fine");
    CHECK(world_finish(world, 60 * WORLD_SECOND));
    CHECK_EQ(stats_of(world).retries[RETRY_TOO_LARGE], first);
    world_check(world);
    CHECK_EQ(world->delivered, 6000);
    world_free(world);
}

static void what_is_too_large_alone_is_dead_lettered(void)
{
    static char giant[30000] = "logs-a:";
    memset(giant + 7, 'x', sizeof giant - 8);
    struct world *world = world_of(4, 10);
    world->far.habits.body_max = 10000;
    world_open(world);
    world_put_many(world, 5, "logs-a:fine");
    world_put(world, giant, 0, false);
    CHECK(world_finish(world, 60 * WORLD_SECOND));
    world_check(world);
    CHECK_EQ(world->dead, 1);
    CHECK_EQ(world->outcomes[5], OUTCOME_DEAD_LETTERED);
    world_free(world);
}

static void a_hold_alarms_once_loses_nothing_and_ends_by_itself(void)
{
    static const struct {
        bool locks_out, blocks_items, refuses_all;
        const char *says;
    } cases[] = {{true, false, false, "answers 401"},
                 {false, true, false, "needs an operator"},
                 {false, false, true, "refuses most events"}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct world *world = world_of(5 + i, 500);
        world->far.habits.locks_out = cases[i].locks_out;
        world->far.habits.blocks_items = cases[i].blocks_items;
        world->far.habits.refuses_all = cases[i].refuses_all;
        world_open(world);
        world_put_many(world, 3000, "logs-a:fine");
        outbox_flush(world->outbox);
        world_pass(world, 600 * WORLD_SECOND);
        CHECK_EQ(world->settled, 0);
        CHECK_EQ(world->alarms, 1);
        CHECK(strstr(world->alarm, cases[i].says) != NULL);
        CHECK(world->far.requests < 40); /* in ten minutes */
        CHECK(stats_of(world).is_held == cases[i].locks_out);
        CHECK(stats_of(world).held_targets == !cases[i].locks_out);
        world->far.habits = (struct sim_habits){0};
        CHECK(world_finish(world, 120 * WORLD_SECOND));
        world_check(world);
        CHECK_EQ(world->dead, 0);
        CHECK_EQ(world->recoveries, 1);
        world_free(world);
    }
}

static void refused_hold_off_dead_letters_them_all(void)
{
    struct world *world = world_of(8, 500);
    world->far.habits.refuses_all = true;
    world->endpoint.refused_hold = 0;
    world_open(world);
    world_put_many(world, 3000, "logs-a:fine");
    CHECK(world_finish(world, 60 * WORLD_SECOND));
    CHECK_EQ(world->dead, 3000);
    CHECK_EQ(world->alarms, 1); /* not one per event */
    world_check(world);
    world_free(world);
}

static void a_real_poison_does_not_keep_a_healed_target_held(void)
{
    struct world *world = world_of(9, 500);
    world->far.habits.refuses_all = true;
    world_open(world);
    world_put_many(world, 400, "logs-a:fine");
    world_put_many(world, 3, "logs-a:poison"); /* the newest events are no good probes */
    outbox_flush(world->outbox);
    world_pass(world, 30 * WORLD_SECOND);
    world->far.habits = (struct sim_habits){.poison = "poison"};
    CHECK(world_finish(world, 900 * WORLD_SECOND));
    world_check(world);
    CHECK_EQ(world->dead, 3);
    world_free(world);
}

static void a_held_target_does_not_hold_up_the_others(void)
{
    struct world *world = world_of(10, 100);
    world->far.habits.poison = "bad";
    world_open(world);
    for (int i = 0; i < 500; i++) {
        world_put(world, "logs-bad:bad", 0, false);
        world_put(world, "logs-good:fine", 0, false);
    }
    outbox_flush(world->outbox);
    world_pass(world, 30 * WORLD_SECOND);
    CHECK_EQ(world->delivered, 500);
    CHECK_EQ(world->dead, 0);
    world_free(world);
}

static void a_conflict_is_delivery_only_for_what_was_sent_before(void)
{
    struct world *world = world_of(11, 10);
    sim_far_store(&world->far, STR("logs-a"), STR("e0"));
    sim_far_store(&world->far, STR("logs-a"), STR("e1"));
    world_open(world);
    world_put(world, "logs-a:fine", 0, false);
    world_put(world, "logs-a:fine", 0, true);
    CHECK(world_finish(world, 60 * WORLD_SECOND));
    CHECK_EQ(world->outcomes[0], OUTCOME_DEAD_LETTERED);
    CHECK_EQ(world->outcomes[1], OUTCOME_DELIVERED);
    CHECK(strstr(world->alarm, "two agents") != NULL);
    CHECK_TEXT(str_from(world->alarm_key), "twin");
    world_free(world);
}

static void an_answer_that_got_lost_is_found_again_as_conflicts(void)
{
    struct world *world = world_of(12, 100);
    world->far.habits.lost_answer = 100;
    world_open(world);
    world_put_many(world, 300, "logs-a:fine");
    outbox_flush(world->outbox);
    world_pass(world, 200);
    world->far.habits.lost_answer = 0;
    CHECK(world_finish(world, 60 * WORLD_SECOND));
    world_check(world);
    CHECK_EQ(stats_of(world).twins, 300);
    CHECK_EQ(stats_of(world).delivered, 300);
    CHECK(strcmp(world->alarm_key, "twin") != 0);
    world_free(world);
}

static void one_that_kills_every_connection_is_left_alone_in_the_end(void)
{
    struct world *world = world_of(13, 64);
    world->far.habits.deadly = "deadly";
    world_open(world);
    world_put_many(world, 63, "logs-a:fine");
    world_put(world, "logs-a:deadly", 0, false);
    outbox_flush(world->outbox);
    for (int i = 0; i < 600; i++) { /* others are answered meanwhile */
        world_put(world, "logs-a:fine", 0, false);
        world_pass(world, WORLD_SECOND);
    }
    world_pass(world, 5 * WORLD_SECOND);
    CHECK_EQ(world->settled + 1, world->made);
    CHECK_EQ(world->outcomes[63], OUTCOME_OPEN);
    CHECK_EQ(world->dead, 0);
    world_free(world);
}

static void while_nobody_answers_nothing_is_split(void)
{
    struct world *world = world_of(14, 100);
    world->far.habits.reset = 100;
    world_open(world);
    world_put_many(world, 400, "logs-a:fine");
    outbox_flush(world->outbox);
    world_pass(world, 300 * WORLD_SECOND);
    world->far.habits.reset = 0;
    CHECK(world_finish(world, 120 * WORLD_SECOND));
    world_check(world);
    CHECK_EQ(world->far.bulks, 4);
    world_free(world);
}

CHECK_MAIN(TEST(a_refused_item_among_thousands_is_dead_lettered_with_its_words),
           TEST(a_refused_body_is_bisected_until_the_poison_stands_alone),
           TEST(what_is_too_large_is_split_and_later_bodies_are_smaller),
           TEST(what_is_too_large_alone_is_dead_lettered),
           TEST(a_hold_alarms_once_loses_nothing_and_ends_by_itself),
           TEST(refused_hold_off_dead_letters_them_all),
           TEST(a_real_poison_does_not_keep_a_healed_target_held),
           TEST(a_held_target_does_not_hold_up_the_others),
           TEST(a_conflict_is_delivery_only_for_what_was_sent_before),
           TEST(an_answer_that_got_lost_is_found_again_as_conflicts),
           TEST(one_that_kills_every_connection_is_left_alone_in_the_end),
           TEST(while_nobody_answers_nothing_is_split))
