/* tests/data/test_batch.c - mirrors agent/data/batch.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/data/batch.c"

#include "tests/check.h"

static void events_keep_their_bytes_and_origins_while_the_array_grows(void)
{
    struct arena arena;
    arena_init(&arena, 1 << 16, 64 << 20);
    struct batch batch = {.arena = &arena, .source_id = 7};
    char line[] = "x";
    for (uint32_t i = 0; i < 3 * FIRST_ROOM; i++) {
        struct event *event = batch_add(&batch, (struct str){line, 1}, 10 * i, i + 1);
        CHECK(event && event->count == 0 && event->fields == NULL && event->fate == FATE_LIVE);
        event->weight = i;
    }
    CHECK_EQ(batch.count, 3 * FIRST_ROOM);
    for (uint32_t i = 0; i < batch.count; i++) {
        const struct event *event = &batch.events[i];
        CHECK_TEXT(event->bytes, "x");
        CHECK_EQ(event->weight, i);
        CHECK_EQ(event->origin->offset, 10 * i);
        CHECK_EQ(event->origin->length, i + 1);
        CHECK_EQ(event->origin->source_id, 7);
        CHECK_EQ(event->origin->owed, 0);
    }
    arena_clear(&arena);
}

static void a_batch_is_full_at_its_bound(void)
{
    struct arena arena;
    arena_init(&arena, 1 << 20, 256 << 20);
    struct batch batch = {.arena = &arena};
    for (uint32_t i = 0; i < BATCH_EVENTS_MAX; i++)
        CHECK(batch_add(&batch, STR("x"), i, 1) != NULL);
    CHECK(batch_add(&batch, STR("x"), 0, 1) == NULL);
    CHECK_EQ(batch.count, BATCH_EVENTS_MAX);
    CHECK_EQ(batch.room, BATCH_EVENTS_MAX);
    arena_clear(&arena);
}

static void a_full_arena_refuses_the_event_and_keeps_the_others(void)
{
    struct arena arena;
    arena_init(&arena, 4096, 100 * sizeof(struct event));
    struct batch batch = {.arena = &arena};
    uint32_t added = 0;
    while (batch_add(&batch, STR("x"), added, 1))
        added++;
    CHECK(added >= 1 && added < 100);
    CHECK_EQ(batch.count, added);
    for (uint32_t i = 0; i < added; i++)
        CHECK_EQ(batch.events[i].origin->offset, i);
    CHECK(batch_add(&batch, STR("x"), 0, 1) == NULL);
    CHECK_EQ(batch.count, added);
    arena_clear(&arena);
}

static void what_is_expected_finds_its_room_and_more_than_that_too(void)
{
    struct arena arena;
    arena_init(&arena, 1 << 20, 64 << 20);
    struct batch batch = {.arena = &arena};
    CHECK(batch_add(&batch, STR("first"), 0, 1) != NULL);
    batch_expect(&batch, 300);
    CHECK_EQ(batch.room, 301);
    const struct event *events = batch.events;
    for (uint32_t i = 1; i < 301; i++)
        CHECK(batch_add(&batch, STR("x"), i, 1) != NULL);
    CHECK(batch.events == events);
    batch_expect(&batch, SIZE_MAX / 2);
    CHECK_EQ(batch.room, BATCH_EVENTS_MAX);
    for (uint32_t i = 0; i < batch.count; i++)
        CHECK_EQ(batch.events[i].origin->offset, i);
    CHECK(batch_add(&batch, STR("y"), 999, 1) != NULL);
    batch.count--; /* taken back: the next one stands in its place */
    CHECK(batch_add(&batch, STR("y"), 1000, 1) != NULL);
    CHECK_EQ(batch.events[301].origin->offset, 1000);
    arena_clear(&arena);
}

static void an_added_event_says_nothing_but_its_bytes(void)
{
    struct arena arena;
    arena_init(&arena, 1 << 20, 64 << 20);
    struct batch batch = {.arena = &arena};
    batch_expect(&batch, 2);
    memset(batch.events, 0xA5, 2 * sizeof *batch.events);
    memset(batch.origins, 0xA5, 2 * sizeof *batch.origins);
    const struct event *event = batch_add(&batch, STR("x"), 3, 1);
    struct event want = {.bytes = event->bytes, .origin = event->origin, .flat = EVENT_ALL_FLAT};
    CHECK(memcmp(event->slots, want.slots, sizeof want.slots) == 0);
    CHECK(event->time_ns == 0 && !event->fields && !event->count && !event->room && !event->flags);
    CHECK(!event->severity && !event->fate && !event->weight && !event->hops && !event->id.len);
    CHECK(!event->reason.len && !event->rule.len && event->flat == EVENT_ALL_FLAT);
    CHECK(!event->origin->owed && !event->origin->fresh && !event->origin->is_counted);
    arena_clear(&arena);
}

CHECK_MAIN(TEST(what_is_expected_finds_its_room_and_more_than_that_too),
           TEST(an_added_event_says_nothing_but_its_bytes),
           TEST(events_keep_their_bytes_and_origins_while_the_array_grows),
           TEST(a_batch_is_full_at_its_bound),
           TEST(a_full_arena_refuses_the_event_and_keeps_the_others))
