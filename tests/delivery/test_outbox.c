/* tests/delivery/test_outbox.c - mirrors agent/delivery/outbox.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/delivery/outbox.c"

#include "tests/delivery/world.h"

static struct payloads sent;
static bool has_mailbox_room = true;

static bool send_keep(void *context, struct payload *payload)
{
    (void)context;
    if (has_mailbox_room)
        payloads_append(&sent, payload);
    return has_mailbox_room;
}

static struct outbox *outbox_of(struct world *world, uint64_t memory)
{
    static struct outbox outbox;
    const struct delivery_output output = {
        .output = &world_output, .self = world, .index = 3, .memory_bytes = memory};
    CHECK(outbox_init(&outbox, &output));
    outbox.send = send_keep;
    world->outbox = &outbox;
    sent = (struct payloads){0};
    has_mailbox_room = true;
    outbox_step(&outbox, SECOND_NS);
    return &outbox;
}

static void outbox_end(struct world *world)
{
    while (sent.first) {
        struct payload *payload = payloads_take_first(&sent);
        outbox_returned(world->outbox, payload);
        payload_free(payload);
    }
    outbox_clear(world->outbox);
    world_free(world);
}

static void payloads_close_by_events_by_bytes_and_by_age(void)
{
    struct world *world = world_make(1);
    struct outbox *outbox = outbox_of(world, 64 << 20);
    world->endpoint.batch_events = 10;
    world_put_many(world, 25, "a:x");
    CHECK_EQ(sent.count, 2);
    CHECK_EQ(sent.first->count, 10);
    CHECK(outbox_step(outbox, SECOND_NS) == SECOND_NS + world->endpoint.flush_ns);
    CHECK_EQ(sent.count, 2);
    CHECK(outbox_step(outbox, SECOND_NS + world->endpoint.flush_ns) == INT64_MAX);
    CHECK_EQ(sent.count, 3);
    CHECK_EQ(sent.last->count, 5);
    world->endpoint.batch_events = 1000;
    world->endpoint.batch_bytes = 5 * (BODY_EXTRA + 3);
    world_put_many(world, 5, "a:x");
    CHECK_EQ(sent.count, 4);
    outbox_end(world);
}

static void targets_are_kept_apart(void)
{
    struct world *world = world_make(2);
    struct outbox *outbox = outbox_of(world, 64 << 20);
    for (int i = 0; i < 30; i++)
        world_put(world, i % 3 ? "logs-b:x" : "logs-a:x", 0, false);
    outbox_flush(outbox);
    CHECK_EQ(sent.count, 2);
    CHECK_TEXT(payload_target(sent.first), "logs-a");
    CHECK_EQ(sent.first->count, 10);
    CHECK_TEXT(payload_target(sent.last), "logs-b");
    CHECK_EQ(sent.last->count, 20);
    outbox_end(world);
}

static void an_output_of_one_target_is_asked_for_it_once(void)
{
    struct world *world = world_make(9);
    struct outbox *outbox = outbox_of(world, 64 << 20);
    outbox->has_one_target = true;
    for (int i = 0; i < 30; i++)
        world_put(world, i ? "logs-b:x" : "logs-a:x", 0, false);
    outbox_flush(outbox);
    CHECK_EQ(sent.count, 1);
    CHECK_TEXT(payload_target(sent.first), "logs-a");
    CHECK_EQ(sent.first->count, 30);
    outbox_end(world);
}

static void a_payload_waits_for_its_highest_ticket(void)
{
    struct world *world = world_make(3);
    struct outbox *outbox = outbox_of(world, 64 << 20);
    world_put(world, "a:x", 4, false);
    world_put(world, "a:x", 9, true);
    world_put(world, "a:x", 0, false);
    outbox_flush(outbox);
    CHECK_EQ(sent.first->ticket, 9);
    CHECK(!sent.first->parcels[0].maybe_sent && sent.first->parcels[1].maybe_sent);
    outbox_end(world);
}

static void memory_is_bounded_and_comes_back(void)
{
    struct world *world = world_make(4);
    struct outbox *outbox = outbox_of(world, 1 << 20);
    while (outbox_has_room(outbox))
        world_put(world, "a:some text of an event", 0, false);
    CHECK(outbox_bytes(outbox) >= 1 << 20 && outbox_bytes(outbox) < 2 << 20);
    CHECK(sent.count >= 3); /* several fit, so one is filled while others travel */
    uint32_t taken = world->made;
    CHECK_EQ(outbox_in_flight(outbox), taken);
    outbox_flush(outbox);
    while (sent.first) {
        struct payload *payload = payloads_take_first(&sent);
        outbox_returned(outbox, payload);
        payload_free(payload);
    }
    CHECK_EQ(outbox_bytes(outbox), 0);
    CHECK_EQ(outbox_in_flight(outbox), 0);
    CHECK(outbox_has_room(outbox));
    outbox_end(world);
}

static void the_memory_of_a_payload_that_came_back_serves_the_next(void)
{
    struct world *world = world_make(9);
    struct outbox *outbox = outbox_of(world, 64 << 20);
    world->endpoint.batch_bytes = 1 << 20;
    world->endpoint.batch_events = 1 << 20;
    while (sent.count == 0)
        world_put(world, "a:some text of an event", 0, false);
    struct payload *payload = payloads_take_first(&sent);
    const char *memory = payload->records.at;
    outbox_returned(outbox, payload);
    payload_free(payload);
    CHECK_EQ(outbox->spare_count, 1);
    world_put(world, "b:x", 0, false);
    outbox_flush(outbox);
    CHECK(sent.first->records.at == memory);
    outbox_returned(outbox, sent.first);
    payload_free(payloads_take_first(&sent));
    CHECK_EQ(outbox->spare_count, 1);
    int64_t idle_ns = outbox_step(outbox, 2 * SECOND_NS);
    CHECK(idle_ns <= (2 + IDLE_S) * SECOND_NS); /* and goes when nothing comes for a while */
    CHECK(outbox_step(outbox, idle_ns) == INT64_MAX);
    CHECK_EQ(outbox->spare_count, 0);
    outbox_end(world);
}

static void large_memory_does_not_stay_when_payloads_have_become_small(void)
{
    struct world *world = world_make(10);
    struct outbox *outbox = outbox_of(world, 64 << 20);
    world->endpoint.batch_bytes = 1 << 20;
    world->endpoint.batch_events = 1 << 20;
    while (sent.count == 0)
        world_put(world, "a:some text of an event", 0, false);
    for (int round = 0; round < 12; round++) {
        struct payload *payload = payloads_take_first(&sent);
        outbox_returned(outbox, payload);
        payload_free(payload);
        CHECK(round > 0 || outbox->spare_count == 1);
        world_put(world, "a:some text of an event", 0, false);
        outbox_flush(outbox);
    }
    payload_free(payloads_take_first(&sent));
    CHECK_EQ(outbox->spare_count, 0);
    outbox_end(world);
}

static void a_full_mailbox_means_waiting_in_order(void)
{
    struct world *world = world_make(5);
    struct outbox *outbox = outbox_of(world, 64 << 20);
    has_mailbox_room = false;
    world_put(world, "a:x", 1, false);
    outbox_flush(outbox);
    world_put(world, "a:x", 2, false);
    outbox_flush(outbox);
    CHECK(!outbox_has_room(outbox));
    CHECK_EQ(sent.count, 0);
    has_mailbox_room = true;
    outbox_step(outbox, SECOND_NS);
    CHECK_EQ(sent.count, 2);
    CHECK_EQ(sent.first->ticket, 1);
    outbox_end(world);
}

static void too_many_targets_fall_back_and_are_told_about(void)
{
    struct world *world = world_make(6);
    struct outbox *outbox = outbox_of(world, 64 << 20);
    char bytes[32];
    for (int i = 0; i < TARGETS_MAX + 50; i++) {
        snprintf(bytes, sizeof bytes, "t%d:x", i);
        world_put(world, bytes, 0, false);
    }
    outbox_flush(outbox);
    CHECK_EQ(sent.count, TARGETS_MAX + 1);
    CHECK_TEXT(payload_target(sent.last), "none");
    CHECK_EQ(sent.last->count, 50);
    CHECK(strstr(outbox_overflow(outbox), "\"none\"") != NULL);
    /* A day later dates in names have moved on. */
    outbox_step(outbox, 2 * TARGET_AGE_S * SECOND_NS);
    world_put(world, "tomorrow:x", 0, false);
    outbox_flush(outbox);
    CHECK_TEXT(payload_target(sent.last), "tomorrow");
    outbox_end(world);
}

static void without_memory_an_event_is_refused_and_nothing_else_happens(void)
{
    struct world *world = world_make(7);
    struct outbox *outbox = outbox_of(world, 64 << 20);
    world_put(world, "a:x", 0, false);
    const struct event event = {.bytes = STR("b:y"), .id = STR("z")};
    for (unsigned long n = 1; n < 4; n++) {
        memory_fail_at(n);
        bool is_taken = outbox_take(outbox, &event, 0, false, &world->scratch);
        memory_fail_at(0);
        CHECK(!is_taken);
        CHECK_EQ(outbox_in_flight(outbox), 1);
    }
    outbox_flush(outbox);
    CHECK_EQ(sent.count, 1);
    outbox_end(world);
}

CHECK_MAIN(TEST(payloads_close_by_events_by_bytes_and_by_age), TEST(targets_are_kept_apart),
           TEST(an_output_of_one_target_is_asked_for_it_once),
           TEST(a_payload_waits_for_its_highest_ticket), TEST(memory_is_bounded_and_comes_back),
           TEST(the_memory_of_a_payload_that_came_back_serves_the_next),
           TEST(large_memory_does_not_stay_when_payloads_have_become_small),
           TEST(a_full_mailbox_means_waiting_in_order),
           TEST(too_many_targets_fall_back_and_are_told_about),
           TEST(without_memory_an_event_is_refused_and_nothing_else_happens))
