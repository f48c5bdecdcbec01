/* tests/sampling/test_holding.c - mirrors agent/sampling/holding.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/sampling/holding.c"

#include <stdlib.h>

#include "agent/memory.h"
#include "tests/check.h"

struct owner {
    struct holding holding;
    int number;
};

static struct owner *open_owner(struct holdings *holdings, int number)
{
    struct holding holding;
    struct owner *owner = holding_open(holdings, &holding, sizeof *owner);
    if (!owner)
        abort();
    *owner = (struct owner){holding, number};
    return owner;
}

static void clear(struct holdings *holdings)
{
    CHECK_EQ(holdings->events, 0);
    holdings_clear(holdings);
    CHECK_EQ(memory_in_use(), 0);
}

/* An event of n bytes, each the low byte of n. */
static struct event event_of(char *bytes, size_t n)
{
    memset(bytes, (int)(n & 255), n);
    return (struct event){.bytes = {bytes, n}};
}

static void what_is_held_comes_back_in_order_whatever_its_size(void)
{
    static char bytes[300000];
    static const size_t sizes[] = {10, 900, 0, 3000, 20000, 100, 250000, 70000, 5, 65536};
    struct holdings holdings = {0};
    struct owner *owner = open_owner(&holdings, 7);
    for (int round = 0; round < 20; round++)
        for (size_t i = 0; i < COUNT(sizes); i++) {
            struct event event = event_of(bytes, sizes[i]);
            CHECK(holding_add(&holdings, &owner->holding, &event) != NULL);
        }
    CHECK_EQ(owner->holding.events, 20 * COUNT(sizes));
    struct arena arena;
    arena_init(&arena, 4096, 1 << 24);
    struct cursor cursor = holding_cursor(&owner->holding);
    for (int round = 0; round < 20; round++)
        for (size_t i = 0; i < COUNT(sizes); i++) {
            struct event event;
            const struct held *held = cursor_next(&cursor);
            CHECK(held && record_read(held_record(held), &event, &arena));
            struct event want = event_of(bytes, sizes[i]);
            CHECK_STR(event.bytes, want.bytes);
        }
    CHECK(!cursor_next(&cursor));
    CHECK_EQ(owner->number, 7);
    arena_clear(&arena);
    struct holding holding = owner->holding;
    CHECK(holding.footprint >= holding.bytes);
    holding_free(&holdings, &holding);
    clear(&holdings);
}

static void a_small_trace_takes_a_kilobyte(void)
{
    char bytes[100];
    struct holdings holdings = {0};
    struct owner *owner = open_owner(&holdings, 1);
    struct event event = event_of(bytes, sizeof bytes);
    CHECK(holding_add(&holdings, &owner->holding, &event) && owner->holding.footprint <= 1024);
    struct holding holding = owner->holding;
    holding_free(&holdings, &holding);
    clear(&holdings);
}

static void joined_holdings_hold_both(void)
{
    char bytes[3000];
    struct holdings holdings = {0};
    struct owner *one = open_owner(&holdings, 1), *other = open_owner(&holdings, 2);
    for (size_t i = 1; i <= 20; i++) {
        struct event event = event_of(bytes, i * 100);
        CHECK(holding_add(&holdings, i % 2 ? &one->holding : &other->holding, &event) != NULL);
    }
    holding_join(&one->holding, &other->holding);
    struct event last = event_of(bytes, 3000);
    CHECK(holding_add(&holdings, &one->holding, &last) != NULL);
    struct cursor cursor = holding_cursor(&one->holding);
    size_t count = 0, sum = 0;
    for (const struct held *held; (held = cursor_next(&cursor)); count++) {
        struct record record;
        CHECK(record_peek(held_record(held), &record));
        sum += held->size;
    }
    CHECK_EQ(count, 21);
    CHECK_EQ(sum, one->holding.bytes);
    struct holding holding = one->holding;
    holding_free(&holdings, &holding);
    clear(&holdings);
}

static void without_memory_nothing_is_held_and_nothing_breaks(void)
{
    static char bytes[100000];
    for (unsigned long n = 1; n < 6; n++) {
        struct holdings holdings = {0};
        struct owner *owner = open_owner(&holdings, 1);
        struct origin origin = {.source_id = 1};
        uint32_t held = 0;
        memory_fail_at(n);
        for (int i = 0; i < 10; i++) {
            struct event event = event_of(bytes, sizeof bytes);
            event.origin = &origin;
            held += holding_add(&holdings, &owner->holding, &event) != NULL;
        }
        memory_fail_at(0);
        CHECK_EQ(owner->holding.events, held);
        struct holding holding = owner->holding;
        holding_free(&holdings, &holding);
        clear(&holdings);
    }
}

CHECK_MAIN(TEST(what_is_held_comes_back_in_order_whatever_its_size),
           TEST(a_small_trace_takes_a_kilobyte), TEST(joined_holdings_hold_both),
           TEST(without_memory_nothing_is_held_and_nothing_breaks))
