/* tests/delivery/world.h - one output, its delivery, a simulated server and a clock, stepped on one
 * thread. SPDX-License-Identifier: Apache-2.0
 *
 * An event's bytes are "TARGET:TEXT"; its id is "e<number>". The world keeps each event's outcome
 * and fails the test when one gets two.
 */
#ifndef WEIR_TEST_WORLD_H
#define WEIR_TEST_WORLD_H

#include <stdlib.h>

/* Answers are read as the real plugin reads them. */
#include "tests/outputs/host.h"

#include "outputs/elasticsearch.c"

#include "agent/delivery/delivery.h"
#include "agent/memory.h"
#include "agent/ports/exchange.h"
#include "tests/check.h"
#include "tests/sim/exchange.h"

enum { WORLD_EVENTS_MAX = 20000, WORLD_SECOND = 1000 };

struct world {
    const struct output *output;
    struct sim_clock clock;
    struct sim_far far;
    struct delivery *delivery;
    struct outbox *outbox;
    struct endpoint endpoint;
    struct str url[2];
    struct arena scratch;
    uint32_t made, settled, delivered, dead, unfinished;
    uint8_t outcomes[WORLD_EVENTS_MAX];
    char words[256]; /* of the newest dead letter */
    uint32_t alarms, recoveries, news;
    char alarm[240]; /* the newest */
    char alarm_key[16];
    bool is_running;
};

static inline void world_encode(const void *self, const struct event *event, struct str target,
                                struct buffer *body, struct arena *scratch)
{
    (void)self, (void)target, (void)scratch;
    buffer_add(body, STR("{\"create\":{\"_id\":"));
    encode_text(body, event->id);
    buffer_add(body, STR("}}\n{\"@timestamp\":\"2026-01-01T00:00:00Z\",\"message\":"));
    encode_text(body, event->bytes);
    buffer_add(body, STR("}\n"));
}

static inline void world_target(const void *self, const struct event *event, struct buffer *to,
                                struct arena *scratch)
{
    (void)self, (void)scratch;
    struct cut cut = str_cut(event->bytes, ':');
    buffer_add(to, cut.found ? cut.head : STR("none"));
}

static inline const struct endpoint *world_endpoint(const void *self)
{
    return &((const struct world *)self)->endpoint;
}

static inline void world_request(const void *self, struct str target, struct request *ret,
                                 struct arena *arena)
{
    (void)self;
    char path[300];
    int len = snprintf(path, sizeof path, "/%.*s/_bulk", STR_ARG(target));
    ret->path = arena_copy(arena, (struct str){path, (size_t)len});
    ret->content_type = STR("application/x-ndjson");
    ret->accept = STR("application/json");
}

static inline void world_judge(const void *self, const struct reply *reply, struct judgement *ret)
{
    (void)self;
    output_elasticsearch.judge(NULL, reply, ret);
}

static const struct output world_output = {
    .name = "world",
    .encode = world_encode,
    .target = world_target,
    .endpoint = world_endpoint,
    .request = world_request,
    .judge = world_judge,
};

/* Not yet open: the test may change endpoint and habits first. */
static inline struct world *world_make(uint64_t seed)
{
    struct world *world = calloc(1, sizeof *world);
    sim_clock_init(&world->clock, seed);
    sim_far_init(&world->far, &world->clock, seed + 1);
    arena_init(&world->scratch, 4096, 1 << 20);
    world->output = &world_output;
    world->url[0] = STR("http://127.0.0.1:9200");
    world->endpoint = (struct endpoint){.urls = {.count = 1, .texts = world->url},
                                        .verify = true,
                                        .timeout_ns = 30 * INT64_C(1000000000),
                                        .batch_bytes = 20000,
                                        .batch_events = 100,
                                        .flush_ns = INT64_C(1000000000),
                                        .in_flight = 4,
                                        .refused_hold = 1};
    return world;
}

static inline void world_open(struct world *world)
{
    const struct delivery_output output = {.output = world->output,
                                           .self = world,
                                           .label = STR("world \"w\""),
                                           .index = 3,
                                           .memory_bytes = 8 << 20};
    struct why why;
    world->delivery = delivery_make(&world->far.port, &world->clock.port);
    CHECK(world->delivery != NULL);
    CHECK_OK(delivery_add(world->delivery, &output, &world->outbox, &why), why);
    world->is_running = true;
}

static inline void world_free(struct world *world)
{
    delivery_free(world->delivery);
    sim_far_clear(&world->far);
    arena_clear(&world->scratch);
    free(world);
}

static inline void world_put(struct world *world, const char *bytes, uint64_t ticket,
                             bool maybe_sent)
{
    char id[16];
    MUST(world->made < WORLD_EVENTS_MAX);
    snprintf(id, sizeof id, "e%u", world->made);
    struct origin origin = {.seq = world->made + 1};
    const struct event event = {
        .bytes = str_from(bytes), .time_ns = 1, .origin = &origin, .id = str_from(id)};
    CHECK(outbox_take(world->outbox, &event, ticket, maybe_sent, &world->scratch));
    arena_reset(&world->scratch);
    world->made++;
}

static inline void world_put_many(struct world *world, uint32_t count, const char *bytes)
{
    for (uint32_t i = 0; i < count; i++)
        world_put(world, bytes, 0, false);
}

static inline void world_read_payload(struct world *world, const struct payload *payload)
{
    for (uint32_t i = 0; i < payload->count; i++) {
        const struct parcel *parcel = &payload->parcels[i];
        struct record record;
        CHECK(record_peek(payload_record(payload, i), &record));
        if (parcel->outcome == OUTCOME_MOVED)
            continue;
        CHECK(record.seq > 0 && record.seq <= world->made);
        CHECK_EQ(world->outcomes[record.seq - 1], OUTCOME_OPEN);
        world->unfinished += parcel->outcome == OUTCOME_OPEN;
        world->outcomes[record.seq - 1] = parcel->outcome;
        world->delivered += parcel->outcome == OUTCOME_DELIVERED;
        world->dead += parcel->outcome == OUTCOME_DEAD_LETTERED;
        world->settled++;
        if (parcel->outcome == OUTCOME_DEAD_LETTERED)
            snprintf(world->words, sizeof world->words, "%s", parcel->words ? parcel->words : "");
    }
}

static inline void world_read(struct world *world)
{
    struct payload *payload;
    struct notice notice;
    while ((payload = delivery_take_settled(world->delivery)) != NULL) {
        world_read_payload(world, payload);
        delivery_give_back(world->delivery, payload);
    }
    while (delivery_take_notice(world->delivery, &notice)) {
        CHECK_EQ(notice.output, 3);
        if (notice.is_news) {
            world->news++;
            continue;
        }
        *(notice.is_alarm ? &world->alarms : &world->recoveries) += 1;
        if (!notice.is_alarm)
            continue;
        snprintf(world->alarm, sizeof world->alarm, "%s", notice.text);
        snprintf(world->alarm_key, sizeof world->alarm_key, "%s", notice.key);
    }
}

static inline void world_step(struct world *world)
{
    outbox_step(world->outbox, world->clock.mono_ns);
    world->is_running = delivery_step(world->delivery, 0);
    world_read(world);
}

/* Lets so much time pass, in steps of up to 20 ms. */
static inline void world_pass(struct world *world, int64_t ms)
{
    int64_t until = world->clock.mono_ns + ms * SIM_MS;
    while (world->clock.mono_ns < until && world->is_running) {
        world_step(world);
        sim_clock_pass(&world->clock, 1 + (int64_t)sim_below(&world->far.seed, 20 * SIM_MS));
    }
}

/* Until every event has an outcome; false: not within so much time. */
static inline bool world_finish(struct world *world, int64_t most_ms)
{
    outbox_flush(world->outbox);
    for (int64_t ms = 0; ms < most_ms && world->settled < world->made; ms += WORLD_SECOND / 10)
        world_pass(world, WORLD_SECOND / 10);
    return world->settled == world->made;
}

/* What the server has is what was said to be delivered; the rest lies among the dead letters. */
static inline void world_check(struct world *world)
{
    CHECK_EQ(world->settled, world->made);
    CHECK_EQ(world->delivered + world->dead, world->made);
    CHECK_EQ(world->far.document_count, world->delivered);
    if (world->far.violations)
        print_error("%s\n", world->far.violation);
    CHECK_EQ(world->far.violations, 0);
    CHECK_EQ(outbox_in_flight(world->outbox), 0);
    CHECK_EQ(outbox_bytes(world->outbox), 0);
}

#endif
