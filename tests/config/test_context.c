/* tests/config/test_context.c - mirrors agent/config/context.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/config/context.c"

#include "tests/config/loading.h"

#include "tests/check.h"

static void a_full_arena_unwinds_to_where_reading_began(void)
{
    struct arena arena;
    arena_init(&arena, 256, 1024);
    struct context context = {.arena = &arena};
    if (setjmp(context.full) == 0) {
        for (int i = 0; i < 100; i++)
            context_take(&context, 64);
        fail_msg("the arena had room for all of it");
    }
    arena_clear(&arena);
}

static void a_copy_ends_with_a_zero(void)
{
    struct arena arena;
    arena_init(&arena, 256, 1024);
    struct context context = {.arena = &arena};
    CHECK_EQ(context_copy(&context, STR("abc")).at[3], 0);
    CHECK_TEXT(context_format(&context, "%s %d", "a", 5), "a 5");
    arena_clear(&arena);
}

CHECK_MAIN(TEST(a_full_arena_unwinds_to_where_reading_began), TEST(a_copy_ends_with_a_zero))
