/* tests/delivery/test_preflight.c - mirrors agent/delivery/preflight.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/delivery/preflight.c"

#include "tests/delivery/world.h"

static bool world_ask(const void *self, struct errand *errand, struct request *ret)
{
    (void)self;
    ret->path = STR("/");
    return errand->step < 2;
}

static void world_hear(const void *self, struct errand *errand, const struct reply *reply)
{
    (void)self;
    errand_tell(errand, reply->status == 200 ? FINDING_GOOD : FINDING_DOUBT, "step %u",
                errand->step);
    errand->step++;
}

static struct world *asking_world(void)
{
    static struct output output;
    struct world *world = world_make(7);
    output = world_output;
    output.ask = world_ask;
    output.hear = world_hear;
    world->output = &output;
    world_open(world);
    return world;
}

static void the_first_payload_waits_for_the_errand(void)
{
    struct world *world = asking_world();
    world_pass(world, 5 * WORLD_SECOND);
    CHECK_EQ(world->far.requests, 0); /* nothing to deliver, nothing to prepare */
    world_put_many(world, 10, "a:x");
    outbox_flush(world->outbox);
    while (world->news < 2) {
        CHECK_EQ(world->far.bulks, 0);
        world_pass(world, 1);
    }
    CHECK(world_finish(world, 60 * WORLD_SECOND));
    CHECK_EQ(world->far.requests - world->far.bulks, 2);
    world_put_many(world, 10, "a:x");
    CHECK(world_finish(world, 60 * WORLD_SECOND));
    CHECK_EQ(world->far.requests - world->far.bulks, 2); /* once */
    world_check(world);
    world_free(world);
}

static void while_nobody_is_there_it_asks_on(void)
{
    struct world *world = asking_world();
    world->far.habits.not_sent = 100;
    world_put_many(world, 10, "a:x");
    outbox_flush(world->outbox);
    world_pass(world, 900 * WORLD_SECOND);
    CHECK_EQ(world->news, 0);
    CHECK_EQ(world->alarms, 1); /* the breaker's */
    world->far.habits.not_sent = 0;
    CHECK(world_finish(world, 60 * WORLD_SECOND));
    CHECK_EQ(world->news, 2);
    CHECK_EQ(world->recoveries, 1);
    world_check(world);
    world_free(world);
}

static void trouble_does_not_hold_data_back_for_long(void)
{
    struct world *world = asking_world();
    world->far.habits.errands_fail = true;
    world_put_many(world, 10, "a:x");
    outbox_flush(world->outbox);
    world_pass(world, (PREFLIGHT_S_MAX - 1) * WORLD_SECOND);
    CHECK_EQ(world->far.bulks, 0);
    CHECK(world_finish(world, 30 * WORLD_SECOND));
    CHECK_EQ(world->news, 0);
    CHECK_EQ(world->alarms, 1);
    CHECK(strstr(world->alarm, "delivering without") != NULL);
    world_check(world);
    world_free(world);
}

static void a_stop_ends_it_at_once(void)
{
    struct world *world = asking_world();
    world->far.habits.latency_ns = 100 * (int64_t)WORLD_SECOND * SIM_MS;
    world_put_many(world, 10, "a:x");
    outbox_flush(world->outbox);
    world_pass(world, WORLD_SECOND);
    delivery_stop(world->delivery, world->clock.mono_ns + 1000 * SIM_MS);
    world_pass(world, 2 * WORLD_SECOND);
    CHECK(!world->is_running);
    CHECK_EQ(world->unfinished, 10);
    world_free(world);
}

CHECK_MAIN(TEST(the_first_payload_waits_for_the_errand), TEST(while_nobody_is_there_it_asks_on),
           TEST(trouble_does_not_hold_data_back_for_long), TEST(a_stop_ends_it_at_once))
