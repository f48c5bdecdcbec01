/* tests/delivery/test_shipment.c - mirrors agent/delivery/shipment.c: whole deliveries through a
 * simulated broker. SPDX-License-Identifier: Apache-2.0
 *
 * An event's bytes are "TOPIC:TEXT"; its key is its number, by which each record that the broker
 * stored is found again.
 */
#include "agent/delivery/shipment.c"

#include <stdio.h>
#include <stdlib.h>

#include "agent/memory.h"
#include "tests/check.h"
#include "tests/sim/broker.h"
#include "tests/sim/exchange.h"

enum { EVENTS_MAX = 4000, SEEDS = 30 };

struct rig {
    struct sim_clock clock;
    struct sim_cluster cluster;
    struct sim_far far; /* only to sleep in */
    struct delivery *delivery;
    struct outbox *outbox;
    struct endpoint endpoint;
    struct arena scratch;
    uint32_t made, settled, delivered, dead, unfinished;
    uint8_t outcomes[EVENTS_MAX];
    uint32_t stored[EVENTS_MAX];
    char words[256], alarm[240];
    uint32_t alarms, recoveries;
};

static void rig_encode(const void *self, const struct event *event, struct str target,
                       struct buffer *body, struct arena *scratch)
{
    (void)self, (void)target, (void)scratch;
    buffer_add(body, event->bytes);
}

static void rig_target(const void *self, const struct event *event, struct buffer *to,
                       struct arena *scratch)
{
    (void)self, (void)scratch;
    buffer_add(to, str_cut(event->bytes, ':').head);
}

static const struct endpoint *rig_endpoint(const void *self)
{
    return &((const struct rig *)self)->endpoint;
}

static const struct broker_plan *rig_broker(const void *self)
{
    static const struct broker_plan plan;
    (void)self;
    return &plan;
}

static void rig_address(const void *self, const struct event *event, struct broker_message *ret,
                        struct arena *arena)
{
    (void)self;
    ret->key = arena_copy(arena, event->id);
}

static const struct output rig_output = {
    .name = "rig",
    .encode = rig_encode,
    .target = rig_target,
    .endpoint = rig_endpoint,
    .broker = rig_broker,
    .address = rig_address,
};

static struct rig *rig_make(uint64_t seed)
{
    struct rig *rig = calloc(1, sizeof *rig);
    sim_clock_init(&rig->clock, seed);
    sim_cluster_init(&rig->cluster, &rig->clock, seed + 1);
    rig->cluster.habits.latency_ns = 50 * SIM_MS;
    sim_far_init(&rig->far, &rig->clock, seed);
    arena_init(&rig->scratch, 4096, 1 << 20);
    rig->endpoint = (struct endpoint){.batch_bytes = 100000,
                                      .batch_events = 100,
                                      .flush_ns = SECOND_NS,
                                      .in_flight = 4,
                                      .refused_hold = 1};
    const struct delivery_output output = {.output = &rig_output,
                                           .self = rig,
                                           .label = STR("rig \"r\""),
                                           .index = 3,
                                           .memory_bytes = 8 << 20,
                                           .brokers = &rig->cluster.port};
    struct why why;
    rig->delivery = delivery_make(&rig->far.port, &rig->clock.port);
    CHECK(rig->delivery != NULL);
    CHECK_OK(delivery_add(rig->delivery, &output, &rig->outbox, &why), why);
    return rig;
}

static void rig_put(struct rig *rig, uint32_t count, const char *bytes)
{
    for (uint32_t i = 0; i < count; i++) {
        char id[16];
        MUST(rig->made < EVENTS_MAX);
        snprintf(id, sizeof id, "%u", rig->made);
        struct origin origin = {.seq = ++rig->made};
        const struct event event = {
            .bytes = str_from(bytes), .time_ns = 1, .origin = &origin, .id = str_from(id)};
        CHECK(outbox_take(rig->outbox, &event, 0, false, &rig->scratch));
        arena_reset(&rig->scratch);
    }
}

static void rig_read_payload(struct rig *rig, const struct payload *payload)
{
    for (uint32_t i = 0; i < payload->count; i++) {
        const struct parcel *parcel = &payload->parcels[i];
        struct record record;
        CHECK(record_peek(payload_record(payload, i), &record));
        if (parcel->outcome == OUTCOME_MOVED)
            continue;
        CHECK_EQ(rig->outcomes[record.seq - 1], OUTCOME_OPEN);
        rig->outcomes[record.seq - 1] = parcel->outcome;
        rig->unfinished += parcel->outcome == OUTCOME_OPEN;
        rig->delivered += parcel->outcome == OUTCOME_DELIVERED;
        rig->dead += parcel->outcome == OUTCOME_DEAD_LETTERED;
        rig->settled++;
        if (parcel->outcome == OUTCOME_DEAD_LETTERED)
            snprintf(rig->words, sizeof rig->words, "%s", parcel->words ? parcel->words : "");
    }
}

static bool rig_step(struct rig *rig)
{
    struct payload *payload;
    struct notice notice;
    outbox_step(rig->outbox, rig->clock.mono_ns);
    bool goes_on = delivery_step(rig->delivery, 0);
    while ((payload = delivery_take_settled(rig->delivery)) != NULL) {
        rig_read_payload(rig, payload);
        delivery_give_back(rig->delivery, payload);
    }
    while (delivery_take_notice(rig->delivery, &notice)) {
        *(notice.is_alarm ? &rig->alarms : &rig->recoveries) += 1;
        if (notice.is_alarm)
            snprintf(rig->alarm, sizeof rig->alarm, "%s", notice.text);
    }
    sim_clock_pass(&rig->clock, 1 + (int64_t)sim_below(&rig->cluster.seed, 20 * SIM_MS));
    return goes_on;
}

static void rig_pass(struct rig *rig, int64_t ms)
{
    int64_t until = rig->clock.mono_ns + ms * SIM_MS;
    while (rig->clock.mono_ns < until)
        (void)rig_step(rig);
}

static bool rig_finish(struct rig *rig, int64_t most_ms)
{
    int64_t until = rig->clock.mono_ns + most_ms * SIM_MS;
    outbox_flush(rig->outbox);
    while (rig->settled < rig->made && rig->clock.mono_ns < until)
        (void)rig_step(rig);
    return rig->settled == rig->made;
}

/* What was said to be delivered is stored, once unless twins are allowed; what is dead is not. */
static void rig_check(struct rig *rig, bool may_be_twins)
{
    for (size_t t = 0; t < rig->cluster.topic_count; t++)
        for (unsigned p = 0; p < SIM_PARTITIONS; p++)
            for (size_t i = 0; i < rig->cluster.topics[t].partitions[p].count; i++) {
                struct str key = rig->cluster.topics[t].partitions[p].records[i].key;
                rig->stored[strtoul(key.at, NULL, 10)]++;
            }
    for (uint32_t i = 0; i < rig->made; i++) {
        bool is_delivered = rig->outcomes[i] == OUTCOME_DELIVERED;
        CHECK(is_delivered ? rig->stored[i] >= 1 : rig->stored[i] == 0);
        CHECK(may_be_twins || rig->stored[i] <= 1);
    }
    CHECK_EQ(outbox_bytes(rig->outbox), 0);
}

static void rig_free(struct rig *rig)
{
    delivery_free(rig->delivery);
    CHECK(rig->cluster.producers == NULL);
    sim_cluster_clear(&rig->cluster);
    sim_far_clear(&rig->far);
    arena_clear(&rig->scratch);
    free(rig);
}

static void every_record_is_stored_once_though_answers_are_lost(void)
{
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct rig *rig = rig_make(seed);
        rig->cluster.habits.lost_answers = 40;
        rig->cluster.habits.queue_max = 5 + (size_t)sim_below(&rig->cluster.seed, 60);
        for (int i = 0; i < 20; i++) {
            rig_put(rig, 30, "a:one");
            rig_put(rig, 7, "b:two");
            rig_pass(rig, 100);
        }
        CHECK(rig_finish(rig, 600000));
        CHECK_EQ(rig->delivered, rig->made);
        rig_check(rig, false);
        rig_free(rig);
    }
}

static void nothing_is_lost_when_records_are_given_up_and_producers_fail(void)
{
    uint64_t fatals = 0;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct rig *rig = rig_make(seed);
        rig->cluster.habits.given_up = 10;
        rig->cluster.habits.fatal = 1500;
        for (int i = 0; i < 30; i++) {
            rig_put(rig, 40, "a:one");
            rig_pass(rig, 200);
        }
        CHECK(rig_finish(rig, 3600000));
        CHECK_EQ(rig->delivered, rig->made);
        CHECK_EQ(rig->cluster.opened, rig->cluster.fatals + 1);
        fatals += rig->cluster.fatals;
        rig_check(rig, true);
        rig_free(rig);
    }
    CHECK(fatals > SEEDS / 2);
}

static void the_poison_of_a_batch_is_found_and_the_rest_delivered(void)
{
    static const struct {
        const char *poison;
        size_t record_max;
        const char *words;
    } cases[] = {{"poison", 0, "invalid record"}, {NULL, 100, "too large"}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct rig *rig = rig_make(7 + i);
        char big[201];
        memset(big, 'x', sizeof big);
        memcpy(big, "a:", 2);
        big[200] = 0;
        rig->cluster.habits.poison = cases[i].poison;
        rig->cluster.habits.record_max = cases[i].record_max;
        rig_put(rig, 333, "a:fine");
        rig_put(rig, 1, "a:poison");
        rig_put(rig, 100, "a:fine");
        rig_put(rig, 1, big);
        rig_put(rig, 100, "a:fine");
        CHECK(rig_finish(rig, 60000));
        CHECK_EQ(rig->dead, 1);
        CHECK_TEXT(str_from(rig->words), cases[i].words);
        CHECK_EQ(rig->delivered, rig->made - 1);
        rig_check(rig, false);
        rig_free(rig);
    }
}

static void a_topic_that_may_not_be_written_is_held_until_it_may_and_others_go_on(void)
{
    for (int i = 0; i < 2; i++) {
        struct rig *rig = rig_make(20 + (uint64_t)i);
        *(i ? &rig->cluster.habits.denied : &rig->cluster.habits.missing) = "shut";
        rig_put(rig, 150, "shut:a");
        rig_put(rig, 150, "open:b");
        outbox_flush(rig->outbox);
        rig_pass(rig, 120000);
        CHECK_EQ(rig->delivered, 150);
        CHECK_EQ(rig->dead, 0);
        CHECK_EQ(rig->alarms, 1);
        CHECK(strstr(rig->alarm, "\"shut\" needs an operator"));
        struct delivery_stats stats;
        delivery_read_stats(rig->delivery, 3, &stats);
        CHECK_EQ(stats.held_targets, 1);
        rig->cluster.habits.denied = rig->cluster.habits.missing = NULL;
        CHECK(rig_finish(rig, 120000));
        CHECK_EQ(rig->delivered, 300);
        CHECK_EQ(rig->recoveries, 1);
        rig_check(rig, false);
        rig_free(rig);
    }
}

static void refused_credentials_hold_everything_and_heal(void)
{
    struct rig *rig = rig_make(30);
    rig->cluster.habits.locks_out = true;
    rig_put(rig, 300, "a:x");
    outbox_flush(rig->outbox);
    rig_pass(rig, 60000);
    struct delivery_stats stats;
    delivery_read_stats(rig->delivery, 3, &stats);
    CHECK(stats.is_held);
    CHECK(strstr(rig->alarm, "SASL authentication failed; holding everything"));
    CHECK_EQ(rig->settled, 0);
    rig->cluster.habits.locks_out = false;
    CHECK(rig_finish(rig, 120000));
    CHECK_EQ(rig->delivered, 300);
    rig_pass(rig, 50);
    delivery_read_stats(rig->delivery, 3, &stats);
    CHECK(!stats.is_held);
    rig_check(rig, false);
    rig_free(rig);
}

static void the_breaker_opens_when_no_broker_is_there_and_closes_again(void)
{
    struct rig *rig = rig_make(40);
    rig->cluster.habits.is_down = true;
    rig_put(rig, 300, "a:x");
    outbox_flush(rig->outbox);
    rig_pass(rig, 30000);
    struct delivery_stats stats;
    delivery_read_stats(rig->delivery, 3, &stats);
    CHECK(stats.breaker != BREAKER_CLOSED);
    CHECK_EQ(rig->alarms, 1);
    CHECK_EQ(rig->settled, 0);
    rig->cluster.habits.is_down = false;
    CHECK(rig_finish(rig, 120000));
    rig_pass(rig, 50);
    delivery_read_stats(rig->delivery, 3, &stats);
    CHECK_EQ(stats.breaker, BREAKER_CLOSED);
    CHECK_EQ(stats.delivered, 300);
    CHECK_EQ(rig->recoveries, 1);
    rig_check(rig, false);
    rig_free(rig);
}

static void a_stop_gives_back_unfinished_what_the_broker_did_not_take(void)
{
    struct rig *rig = rig_make(50);
    rig->cluster.habits.is_down = true;
    rig_put(rig, 300, "a:x");
    outbox_flush(rig->outbox);
    rig_pass(rig, 1000);
    delivery_stop(rig->delivery, rig->clock.mono_ns + 500 * SIM_MS);
    int steps = 0;
    while (rig_step(rig) && steps++ < 1000) {
    }
    (void)rig_step(rig);
    CHECK(steps < 1000);
    CHECK_EQ(rig->unfinished, 300);
    CHECK(rig->cluster.producers == NULL);
    rig_free(rig);
}

CHECK_MAIN(TEST(every_record_is_stored_once_though_answers_are_lost),
           TEST(nothing_is_lost_when_records_are_given_up_and_producers_fail),
           TEST(the_poison_of_a_batch_is_found_and_the_rest_delivered),
           TEST(a_topic_that_may_not_be_written_is_held_until_it_may_and_others_go_on),
           TEST(refused_credentials_hold_everything_and_heal),
           TEST(the_breaker_opens_when_no_broker_is_there_and_closes_again),
           TEST(a_stop_gives_back_unfinished_what_the_broker_did_not_take))
