/* tests/delivery/test_delivery.c - mirrors agent/delivery/delivery.c; the whole of it on simulated
 * seeds. SPDX-License-Identifier: Apache-2.0
 */
#include "agent/delivery/delivery.c"

#include "tests/delivery/world.h"

static void all_events_arrive_once_when_all_is_well(void)
{
    struct world *world = world_make(1);
    world->endpoint.batch_bytes = 1 << 20;
    world_open(world);
    world_put_many(world, 1000, "logs-a:hello");
    CHECK(world_finish(world, 10 * WORLD_SECOND));
    world_check(world);
    CHECK_EQ(world->delivered, 1000);
    CHECK_EQ(world->far.requests, 10);
    CHECK_EQ(world->alarms, 0);
    world_free(world);
}

static void a_lone_event_leaves_within_flush(void)
{
    struct world *world = world_make(2);
    world_open(world);
    world_pass(world, WORLD_SECOND);
    world_put(world, "logs-a:x", 0, false);
    world_pass(world, WORLD_SECOND * 9 / 10);
    CHECK_EQ(world->settled, 0);
    world_pass(world, WORLD_SECOND * 3 / 10);
    CHECK_EQ(world->delivered, 1);
    world_free(world);
}

static void nothing_leaves_before_its_ticket(void)
{
    struct world *world = world_make(3);
    world_open(world);
    world_put(world, "logs-a:x", 5, false);
    outbox_flush(world->outbox);
    world_pass(world, 100 * WORLD_SECOND);
    delivery_allow(world->delivery, 4);
    world_pass(world, 100 * WORLD_SECOND);
    CHECK_EQ(world->far.requests, 0);
    delivery_allow(world->delivery, 5);
    world_pass(world, WORLD_SECOND);
    CHECK_EQ(world->delivered, 1);
    world_free(world);
}

static void at_the_deadline_the_unfinished_comes_back(void)
{
    struct world *world = world_make(4);
    world->far.habits.silent = 100;
    world_open(world);
    world_put_many(world, 450, "logs-a:x");
    outbox_flush(world->outbox);
    world_pass(world, WORLD_SECOND);
    delivery_stop(world->delivery, world->clock.mono_ns + 2000 * SIM_MS);
    world_pass(world, WORLD_SECOND);
    CHECK(world->is_running);
    world_pass(world, 2 * WORLD_SECOND);
    CHECK(!world->is_running);
    world_read(world);
    CHECK_EQ(world->unfinished, 450);
    CHECK_EQ(outbox_in_flight(world->outbox), 0);
    CHECK_EQ(outbox_bytes(world->outbox), 0);
    world_free(world);
}

static void without_a_deadline_stopping_waits_until_all_is_settled(void)
{
    struct world *world = world_make(5);
    world->far.habits.broken = 50;
    world_open(world);
    world_put_many(world, 1000, "logs-a:x");
    outbox_flush(world->outbox);
    delivery_stop(world->delivery, INT64_MAX);
    world_pass(world, 3600 * WORLD_SECOND);
    CHECK(!world->is_running);
    world_read(world);
    world_check(world);
    world_free(world);
}

static void freeing_early_frees_everything(void)
{
    size_t before = memory_in_use();
    struct world *world = world_make(6);
    world->far.habits.latency_ns = 1000 * SIM_MS;
    world_open(world);
    world_put_many(world, 777, "logs-a:x");
    world_pass(world, 100);
    world_put_many(world, 7, "logs-b:x");
    world_free(world);
    CHECK_EQ(memory_in_use(), before);
}

/* --- seeds
 * ----------------------------------------------------------------------------------------- */

static unsigned up_to(struct world *world, unsigned most)
{
    return (unsigned)sim_below(&world->far.seed, most + 1);
}

static void habits_choose(struct world *world)
{
    struct sim_habits *habits = &world->far.habits;
    unsigned *const percents[] = {&habits->not_sent,   &habits->reset,       &habits->lost_answer,
                                  &habits->silent,     &habits->busy,        &habits->broken,
                                  &habits->not_json,   &habits->cut_json,    &habits->wrong_count,
                                  &habits->busy_items, &habits->broken_items};
    for (size_t i = 0; i < COUNT(percents); i++)
        *percents[i] = sim_chance(&world->far.seed, 40) ? up_to(world, 30) : 0;
    habits->body_max = sim_chance(&world->far.seed, 30) ? 1000 + up_to(world, 20000) : 0;
    habits->latency_ns = 1 + (int64_t)up_to(world, 500) * SIM_MS;
    habits->malformed = sim_chance(&world->far.seed, 20) ? "malformed" : NULL;
    habits->deadly = sim_chance(&world->far.seed, 20) ? "deadly" : NULL;
    habits->poison = "poison";
    habits->locks_out = sim_chance(&world->far.seed, 10);
    habits->blocks_items = sim_chance(&world->far.seed, 10);
}

static void heal(struct world *world, const char *malformed)
{
    world->far.habits =
        (struct sim_habits){.latency_ns = 20 * SIM_MS, .poison = "poison", .malformed = malformed};
}

static const char *text_choose(struct world *world)
{
    static const char *const texts[] = {"logs-a:hello", "logs-b:hello",
                                        "logs-b:a somewhat longer text",
                                        "logs-c:\xff\x00\x1b odd bytes"};
    static const char *const odd[] = {"logs-a:poison", "logs-b:malformed", "logs-b:deadly",
                                      "logs-a:deadly"};
    if (sim_chance(&world->far.seed, 1))
        return odd[up_to(world, COUNT(odd) - 1)];
    return texts[up_to(world, COUNT(texts) - 1)];
}

static void run_seed(uint64_t seed)
{
    struct world *world = world_make(seed);
    world->endpoint.in_flight = 1 + up_to(world, 7);
    world->endpoint.batch_events = 1 + up_to(world, 200);
    world->endpoint.compress = sim_chance(&world->far.seed, 30) ? COMPRESS_GZIP : COMPRESS_AUTO;
    world->endpoint.refused_hold = sim_chance(&world->far.seed, 50);
    habits_choose(world);
    const char *malformed = world->far.habits.malformed;
    world_open(world);
    for (unsigned round = 0; round < 20; round++) {
        for (unsigned i = up_to(world, 100); i && outbox_has_room(world->outbox); i--)
            world_put(world, text_choose(world), round, sim_chance(&world->far.seed, 5));
        world_pass(world, up_to(world, 3000));
        delivery_allow(world->delivery, round);
        if (sim_chance(&world->far.seed, 20))
            habits_choose(world);
        world->far.habits.malformed = malformed; /* what is refused whole stays so */
    }
    delivery_allow(world->delivery, UINT64_MAX);
    heal(world, malformed);
    if (!world_finish(world, 1800 * WORLD_SECOND)) {
        print_error("seed %llu: %u of %u settled\n", (unsigned long long)seed, world->settled,
                    world->made);
        _fail(__FILE__, __LINE__);
    }
    world_check(world);
    world_free(world);
}

static void on_every_seed_each_event_ends_exactly_once(void)
{
    const char *wanted = getenv("WEIR_SEEDS");
    uint64_t seeds = wanted ? strtoull(wanted, NULL, 10) : 200;
    const char *one = getenv("WEIR_SEED");
    if (one) {
        run_seed(strtoull(one, NULL, 10));
        return;
    }
    for (uint64_t seed = 1; seed <= seeds; seed++)
        run_seed(seed * 7919);
    print_message("%llu seeds held\n", (unsigned long long)seeds);
}

CHECK_MAIN(TEST(all_events_arrive_once_when_all_is_well), TEST(a_lone_event_leaves_within_flush),
           TEST(nothing_leaves_before_its_ticket), TEST(at_the_deadline_the_unfinished_comes_back),
           TEST(without_a_deadline_stopping_waits_until_all_is_settled),
           TEST(freeing_early_frees_everything), TEST(on_every_seed_each_event_ends_exactly_once))
