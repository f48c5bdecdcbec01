/* tests/delivery/test_courier.c - mirrors agent/delivery/courier.c: what goes out when.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/delivery/courier.c"

#include "tests/delivery/world.h"

static struct delivery_stats stats_of(struct world *world)
{
    struct delivery_stats stats;
    delivery_read_stats(world->delivery, 3, &stats);
    return stats;
}

static void a_dead_far_end_is_left_alone_and_told_about_once(void)
{
    struct world *world = world_make(1);
    world->far.habits.not_sent = 100;
    world_open(world);
    world_put_many(world, 1000, "logs-a:fine");
    outbox_flush(world->outbox);
    world_pass(world, 600 * WORLD_SECOND);
    CHECK_EQ(stats_of(world).breaker, BREAKER_OPEN);
    CHECK(world->far.requests < 40); /* in ten minutes, with eleven payloads waiting */
    CHECK_EQ(world->alarms, 1);
    CHECK_TEXT(str_from(world->alarm_key), "breaker");
    world->far.habits.not_sent = 0;
    CHECK(world_finish(world, 120 * WORLD_SECOND));
    world_check(world);
    CHECK_EQ(world->recoveries, 1);
    CHECK_EQ(stats_of(world).breaker, BREAKER_CLOSED);
    world_free(world);
}

static void when_one_url_is_dead_the_other_gets_it_at_once(void)
{
    struct world *world = world_make(2);
    world->url[1] = STR("http://127.0.0.2:9200");
    world->endpoint.urls.count = 2;
    world->far.habits.dead_url = "127.0.0.2";
    world_open(world);
    world_put_many(world, 3000, "logs-a:fine");
    CHECK(world_finish(world, 10 * WORLD_SECOND));
    world_check(world);
    CHECK_EQ(world->alarms, 0);
    CHECK(stats_of(world).retries[RETRY_NOT_SENT] >= 1);
    CHECK(stats_of(world).retries[RETRY_NOT_SENT] < 6); /* it rests */
    world_free(world);
}

static void a_busy_far_end_gets_fewer_requests_at_once(void)
{
    struct world *world = world_make(3);
    world->endpoint.in_flight = 8;
    world->far.habits.latency_ns = 400 * SIM_MS;
    world_open(world);
    world_put_many(world, 3000, "logs-a:fine");
    outbox_flush(world->outbox);
    world_pass(world, 50);
    CHECK_EQ(stats_of(world).in_flight, 8);
    world->far.habits.busy = 100;
    world_pass(world, 60 * WORLD_SECOND);
    CHECK_EQ(stats_of(world).in_flight_limit, 1);
    CHECK_EQ(world->alarms, 0); /* busy is not broken */
    world->far.habits.busy = 0;
    CHECK(world_finish(world, 120 * WORLD_SECOND));
    world_check(world);
    world_free(world);
}

static void what_the_far_end_asks_to_wait_is_waited(void)
{
    struct world *world = world_make(4);
    world->endpoint.in_flight = 1;
    world_open(world);
    struct courier courier = {.not_before_ns = 77};
    CHECK_EQ(closed_until(&courier), 77);
    courier.breaker = (struct breaker){.state = BREAKER_OPEN, .until_ns = 99};
    CHECK_EQ(closed_until(&courier), 99);
    courier.breaker.state = BREAKER_HALF_OPEN;
    CHECK(closed_until(&courier) == INT64_MAX);
    world_free(world);
}

static void compression_is_off_on_loopback_unless_asked_for(void)
{
    static struct str near[] = {{"http://127.0.0.1:9200", 21}},
                      far[] = {{"http://127.0.0.1:9200", 21}, {"https://es.example", 18}};
    struct endpoint endpoint = {.urls = {.count = 1, .texts = near}};
    CHECK_EQ(codec_of(&endpoint), COMPRESS_NONE);
    endpoint.compress = COMPRESS_GZIP;
    CHECK_EQ(codec_of(&endpoint), COMPRESS_GZIP);
    endpoint.compress = COMPRESS_ZSTD;
    CHECK_EQ(codec_of(&endpoint), COMPRESS_ZSTD);
    endpoint.urls = (struct list){.count = 2, .texts = far};
    endpoint.compress = COMPRESS_AUTO;
    CHECK_EQ(codec_of(&endpoint), COMPRESS_GZIP);
    endpoint.compress = COMPRESS_NONE;
    CHECK_EQ(codec_of(&endpoint), COMPRESS_NONE);
}

static void an_idle_courier_gives_its_memory_back(void)
{
    struct world *world = world_make(5);
    world_open(world);
    world_pass(world, 10 * WORLD_SECOND);
    size_t before = memory_in_use();
    world_put_many(world, 2000, "logs-a:fine");
    CHECK(world_finish(world, 10 * WORLD_SECOND));
    world_pass(world, 10 * WORLD_SECOND);
    CHECK(memory_in_use() < before + 4096);
    world_free(world);
}

static void without_memory_nothing_is_lost(void)
{
    struct world *world = world_make(6);
    world->far.habits.busy_items = 30;
    world_open(world);
    world_put_many(world, 500, "logs-a:fine");
    outbox_flush(world->outbox);
    for (unsigned long n = 1; n < 60 && world->settled < world->made; n++) {
        memory_fail_at(n);
        int is_running = delivery_step(world->delivery, 0);
        memory_fail_at(0);
        CHECK(is_running);
        world_read(world);
        sim_clock_pass(&world->clock, 100 * SIM_MS);
    }
    world->far.habits.busy_items = 0;
    CHECK(world_finish(world, 60 * WORLD_SECOND));
    world_check(world);
    world_free(world);
}

CHECK_MAIN(TEST(a_dead_far_end_is_left_alone_and_told_about_once),
           TEST(when_one_url_is_dead_the_other_gets_it_at_once),
           TEST(a_busy_far_end_gets_fewer_requests_at_once),
           TEST(what_the_far_end_asks_to_wait_is_waited),
           TEST(compression_is_off_on_loopback_unless_asked_for),
           TEST(an_idle_courier_gives_its_memory_back), TEST(without_memory_nothing_is_lost))
