/* tests/sampling/test_dropped.c - mirrors agent/sampling/dropped.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/sampling/dropped.c"

#include "tests/check.h"

static uint64_t print_of(uint64_t n)
{
    return (n + 1) * UINT64_C(0x9e3779b97f4a7c15);
}

static void what_was_dropped_is_found_and_nothing_else(void)
{
    struct dropped dropped = {.max = 1 << 20};
    CHECK(!dropped_find(&dropped, 1));
    for (uint64_t n = 0; n < 50000; n++)
        dropped_add(&dropped, print_of(n), 100, 0);
    for (uint64_t n = 0; n < 50000; n++)
        CHECK(dropped_find(&dropped, print_of(n)) != NULL);
    for (uint64_t n = 50000; n < 100000; n++)
        CHECK(!dropped_find(&dropped, print_of(n)));
    CHECK_EQ(dropped.forgotten, 0);
    dropped_clear(&dropped);
    CHECK_EQ(memory_in_use(), 0);
}

static void a_print_of_zero_is_a_print(void)
{
    struct dropped dropped = {.max = 100};
    dropped_add(&dropped, 0, 1, 0);
    CHECK(dropped_find(&dropped, 0) != NULL);
    dropped_clear(&dropped);
}

static void a_trace_lives_on_from_its_last_event(void)
{
    struct dropped dropped = {.max = 100};
    dropped_add(&dropped, 5, 10, 0);
    dropped_add(&dropped, 5, 30, 0);
    dropped_add(&dropped, 5, 20, 0);
    CHECK_EQ(*dropped_find(&dropped, 5), 30);
    CHECK_EQ(dropped.count, 1);
    dropped_clear(&dropped);
}

static void what_is_over_makes_room_without_growing(void)
{
    struct dropped dropped = {.max = 1 << 20};
    for (uint32_t n = 0; n < 200000; n++)
        dropped_add(&dropped, print_of(n), n / 100, n / 100 > 5 ? n / 100 - 5 : 0);
    CHECK(dropped.room <= 4096);
    CHECK_EQ(dropped.forgotten, 0);
    dropped_clear(&dropped);
}

static void at_the_maximum_the_oldest_go_first_and_are_counted(void)
{
    struct dropped dropped = {.max = 1000};
    for (uint32_t n = 0; n < 5000; n++)
        dropped_add(&dropped, print_of(n), n, 0);
    CHECK(dropped.count <= 1000);
    CHECK_EQ(dropped.forgotten, 5000 - dropped.count);
    for (uint32_t n = 5000 - dropped.count; n < 5000; n++)
        CHECK(dropped_find(&dropped, print_of(n)) != NULL);
    dropped_clear(&dropped);
}

static void all_of_one_second_are_forgotten_together(void)
{
    struct dropped dropped = {.max = 1000};
    for (uint32_t n = 0; n < 3000; n++)
        dropped_add(&dropped, print_of(n), 7, 0);
    CHECK(dropped.count <= 1000 && dropped.count > 0);
    dropped_clear(&dropped);
}

static void without_memory_it_forgets_and_counts(void)
{
    struct dropped dropped = {.max = 1000};
    memory_fail_at(1);
    dropped_add(&dropped, 1, 1, 0);
    memory_fail_at(0);
    CHECK_EQ(dropped.forgotten, 1);
    CHECK(!dropped_find(&dropped, 1));
    dropped_clear(&dropped);
}

CHECK_MAIN(TEST(what_was_dropped_is_found_and_nothing_else), TEST(a_print_of_zero_is_a_print),
           TEST(a_trace_lives_on_from_its_last_event),
           TEST(what_is_over_makes_room_without_growing),
           TEST(at_the_maximum_the_oldest_go_first_and_are_counted),
           TEST(all_of_one_second_are_forgotten_together),
           TEST(without_memory_it_forgets_and_counts))
