/* tests/data/test_arena.c - mirrors agent/data/arena.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/data/arena.c"

#include "tests/check.h"

static void what_is_taken_is_aligned_and_does_not_overlap(void)
{
    struct arena arena;
    arena_init(&arena, 256, 4096);
    char *before = arena_take(&arena, 1);
    for (size_t size = 1; size < 40; size++) {
        char *taken = arena_take(&arena, size);
        CHECK(taken && (uintptr_t)taken % 16 == 0);
        memset(taken, 'x', size);
        CHECK(taken != before);
        before = taken;
    }
    char *zeroed = arena_zeroed(&arena, 33);
    for (size_t i = 0; i < 33; i++)
        CHECK_EQ(zeroed[i], 0);
    arena_clear(&arena);
}

static void an_arena_never_takes_more_of_the_heap_than_its_bound(void)
{
    struct arena arena;
    arena_init(&arena, 256, 1000);
    size_t before = 0;
    while (arena_take(&arena, 64))
        CHECK(++before < 100);
    CHECK(before >= 9);
    CHECK(arena.used <= arena.max);
    CHECK(arena_take(&arena, 1000) == NULL);
    CHECK(arena_take(&arena, SIZE_MAX) == NULL);
    CHECK(arena_take(&arena, SIZE_MAX / 2) == NULL);
    CHECK(arena_copy(&arena, (struct str){(char[600]){0}, 600}).at == NULL);
    arena_clear(&arena);
    CHECK_EQ(arena.used, 0);
    CHECK(arena_take(&arena, 900) != NULL);
    arena_clear(&arena);
}

static void a_reset_keeps_the_first_chunk_and_gives_the_rest_back(void)
{
    struct arena arena;
    arena_init(&arena, 256, 1 << 16);
    arena_reset(&arena);
    char *first = arena_take(&arena, 16);
    size_t held = memory_in_use();
    for (int i = 0; i < 50; i++)
        CHECK(arena_take(&arena, 200) != NULL);
    CHECK(memory_in_use() > held);
    arena_reset(&arena);
    CHECK_EQ(memory_in_use(), held);
    CHECK_EQ(arena.used, 256);
    CHECK(arena_take(&arena, 16) == first);
    arena_clear(&arena);
}

static void no_memory_leaves_the_arena_as_it_was(void)
{
    struct arena arena;
    arena_init(&arena, 256, 4096);
    memory_fail_at(1);
    CHECK(arena_take(&arena, 8) == NULL);
    CHECK(arena_zeroed(&arena, 8) == NULL);
    CHECK(arena_copy(&arena, STR("a")).at == NULL);
    memory_fail_at(0);
    CHECK_EQ(arena.used, 0);
    CHECK_TEXT(arena_copy(&arena, STR("a")), "a");
    arena_clear(&arena);
}

static void nothing_copied_is_still_a_copy(void)
{
    struct arena arena;
    arena_init(&arena, 256, 4096);
    struct str copy = arena_copy(&arena, STR(""));
    CHECK(copy.at != NULL);
    CHECK_EQ(copy.len, 0);
    arena_clear(&arena);
}

CHECK_MAIN(TEST(what_is_taken_is_aligned_and_does_not_overlap),
           TEST(an_arena_never_takes_more_of_the_heap_than_its_bound),
           TEST(a_reset_keeps_the_first_chunk_and_gives_the_rest_back),
           TEST(no_memory_leaves_the_arena_as_it_was), TEST(nothing_copied_is_still_a_copy))
