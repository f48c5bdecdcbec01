/* tests/pipeline/test_spare.c - mirrors agent/pipeline/spare.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/pipeline/spare.c"

#include "tests/check.h"

static void what_was_reserved_can_be_taken_piece_by_piece(void)
{
    struct spare spare = {0};
    CHECK(spare_reserve(&spare, 64));
    char *first = spare_take(&spare, 1), *second = spare_take(&spare, 48);
    CHECK_EQ(second - first, 16);
    CHECK_EQ((uintptr_t)first % 16, 0);
    CHECK(spare_reserve(&spare, 32)); /* forgets both and keeps the memory */
    CHECK(spare_take(&spare, 32) == first);
    spare_clear(&spare);
}

static void without_memory_nothing_is_promised(void)
{
    struct spare spare = {0};
    memory_fail_at(1);
    CHECK(!spare_reserve(&spare, 64));
    memory_fail_at(0);
    CHECK(spare_reserve(&spare, 64));
    CHECK(spare_take(&spare, 64) != NULL);
    spare_clear(&spare);
}

CHECK_MAIN(TEST(what_was_reserved_can_be_taken_piece_by_piece),
           TEST(without_memory_nothing_is_promised))
