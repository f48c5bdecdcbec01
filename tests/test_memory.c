/* tests/test_memory.c - mirrors agent/memory.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/memory.c"

#include "tests/check.h"

#include <stdio.h>
#include <unistd.h>

static void blocks_are_aligned_and_counted_until_they_are_freed(void)
{
    size_t before = memory_in_use();
    void *small = memory_make(1), *large = memory_make(100000);
    CHECK(small && large);
    CHECK_EQ((uintptr_t)small % 64, 0);
    CHECK_EQ((uintptr_t)large % 64, 0);
    CHECK(memory_in_use() >= before + 100001);
    memory_free(small);
    memory_free(large);
    memory_free(NULL);
    CHECK_EQ(memory_in_use(), before);
}

static void a_block_of_nothing_is_a_block_all_the_same(void)
{
    size_t before = memory_in_use();
    void *block = memory_make(0);
    CHECK(block != NULL);
    memory_free(block);
    CHECK_EQ(memory_in_use(), before);
}

static void resizing_keeps_what_fits_and_makes_a_block_out_of_null(void)
{
    size_t before = memory_in_use();
    char *block = memory_resize(NULL, 0, 8);
    CHECK(block != NULL);
    memcpy(block, "abcdefgh", 8);
    block = memory_resize(block, 8, 4096);
    CHECK(block && memcmp(block, "abcdefgh", 8) == 0);
    CHECK_EQ((uintptr_t)block % 64, 0);
    block = memory_resize(block, 4096, 3);
    CHECK(block && memcmp(block, "abc", 3) == 0);
    memory_free(block);
    CHECK_EQ(memory_in_use(), before);
}

static void the_nth_allocation_and_all_after_it_fail_when_told_to(void)
{
    memory_fail_at(2);
    void *first = memory_make(8);
    void *second = memory_make(8);
    void *third = memory_make(8);
    memory_fail_at(0);
    void *fourth = memory_make(8);
    CHECK(first && !second && !third && fourth);
    memory_free(first);
    memory_free(fourth);
}

static void a_resize_that_fails_leaves_the_old_block_as_it_was(void)
{
    char *block = memory_make(4);
    CHECK(block != NULL);
    memcpy(block, "kept", 4);
    size_t before = memory_in_use();
    memory_fail_at(1);
    void *grown = memory_resize(block, 4, 4096);
    memory_fail_at(0);
    CHECK(!grown);
    CHECK_EQ(memory_in_use(), before);
    CHECK(memcmp(block, "kept", 4) == 0);
    memory_free(block);
}

static size_t resident_bytes(void)
{
    unsigned long all, resident;
    FILE *file = fopen("/proc/self/statm", "r");
    CHECK(file && fscanf(file, "%lu %lu", &all, &resident) == 2);
    fclose(file);
    return resident * (size_t)sysconf(_SC_PAGESIZE);
}

/* Between blocks that stay, where the heap by itself gives nothing back. */
static void what_was_freed_between_blocks_that_stay_is_given_back(void)
{
    enum { BLOCKS = 2048, SIZE = 16384 };
    static char *blocks[BLOCKS];
    for (int i = 0; i < BLOCKS; i++) {
        blocks[i] = memory_make(SIZE);
        CHECK(blocks[i]);
        memset(blocks[i], i, SIZE);
    }
    for (int i = 0; i < BLOCKS; i++)
        if (i % 8)
            memory_free(blocks[i]);
    size_t before = resident_bytes();
    memory_give_back();
    bool has_shrunk = resident_bytes() + (size_t)BLOCKS * SIZE / 2 < before;
#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
    has_shrunk = true; /* they have heaps of their own */
#endif
    CHECK(has_shrunk);
    for (int i = 0; i < BLOCKS; i += 8) {
        CHECK_EQ(blocks[i][SIZE - 1], (char)i);
        memory_free(blocks[i]);
    }
}

CHECK_MAIN(TEST(blocks_are_aligned_and_counted_until_they_are_freed),
           TEST(a_block_of_nothing_is_a_block_all_the_same),
           TEST(resizing_keeps_what_fits_and_makes_a_block_out_of_null),
           TEST(the_nth_allocation_and_all_after_it_fail_when_told_to),
           TEST(what_was_freed_between_blocks_that_stay_is_given_back),
           TEST(a_resize_that_fails_leaves_the_old_block_as_it_was))
