/* tests/state/test_open.c - mirrors agent/state/open.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/state/open.c"

#include "tests/check.h"

static void memory_is_given_back_as_entries_go(void)
{
    enum { MANY = 100000 };
    static uint32_t slots[MANY];
    struct open_table table = {0};
    size_t before = memory_in_use();
    for (uint32_t i = 0; i < MANY; i++)
        CHECK((slots[i] = open_add(&table)) != 0);
    CHECK_EQ(table.count, MANY);
    CHECK(memory_in_use() - before < MANY * 56);
    for (uint32_t i = 0; i < MANY; i += 2)
        open_remove(&table, slots[i]);
    for (uint32_t i = 1; i < MANY; i += 2)
        open_remove(&table, slots[i]);
    CHECK_EQ(table.count, 0);
    CHECK(memory_in_use() - before < 64 * 1024);
    open_clear(&table);
    CHECK_EQ(memory_in_use(), before);
}

static void a_late_seq_does_not_reach_the_next_entry_of_its_slot(void)
{
    struct open_table table = {0};
    uint32_t slot = open_add(&table);
    uint64_t seq = open_seq(&table, slot);
    CHECK_EQ(open_slot(&table, seq), slot);
    open_remove(&table, slot);
    CHECK_EQ(open_slot(&table, seq), 0);
    CHECK_EQ(open_add(&table), slot);
    CHECK_EQ(open_slot(&table, seq), 0);
    CHECK_EQ(open_slot(&table, 0), 0);
    open_clear(&table);
}

static void claimed_slots_are_left_alone_by_later_ones(void)
{
    struct open_table table = {0};
    static const uint32_t claimed[] = {2, 700, 5000};
    for (size_t i = 0; i < COUNT(claimed); i++)
        CHECK(open_claim(&table, claimed[i]) != NULL);
    CHECK(open_claim(&table, 0) == NULL);
    CHECK(open_claim(&table, OPEN_LIST_MAX + 1) == NULL);
    open_remove(&table, 700);
    open_loaded(&table);
    for (int i = 0; i < 2000; i++) {
        uint32_t slot = open_add(&table);
        CHECK(slot != 2 && slot != 5000);
    }
    CHECK_EQ(table.count, 2002);
    open_clear(&table);
}

static void without_memory_nothing_is_added_and_nothing_breaks(void)
{
    struct open_table table = {0};
    memory_fail_at(1);
    CHECK_EQ(open_add(&table), 0);
    memory_fail_at(2);
    CHECK_EQ(open_add(&table), 0);
    memory_fail_at(0);
    CHECK(open_add(&table) != 0);
    open_clear(&table);
}

CHECK_MAIN(TEST(memory_is_given_back_as_entries_go),
           TEST(a_late_seq_does_not_reach_the_next_entry_of_its_slot),
           TEST(claimed_slots_are_left_alone_by_later_ones),
           TEST(without_memory_nothing_is_added_and_nothing_breaks))
