/* tests/sampling/test_stakes.c - mirrors agent/sampling/stakes.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/sampling/stakes.c"

#include "tests/check.h"

static void a_source_is_read_again_from_the_first_event_still_held(void)
{
    struct stakes stakes = {0};
    struct stake *first = NULL, *second = NULL;
    CHECK_EQ(stakes_oldest(&stakes, 3), UINT64_MAX);
    CHECK(stakes_add(&stakes, &first, 3, 100));
    CHECK(stakes_add(&stakes, &second, 3, 200));
    CHECK(stakes_add(&stakes, &first, 3, 300));
    CHECK_EQ(stakes_oldest(&stakes, 3), 100);
    stakes_drop(&stakes, &first);
    CHECK_EQ(stakes_oldest(&stakes, 3), 200);
    CHECK_EQ(stakes_oldest(&stakes, 1000), UINT64_MAX);
    stakes_drop(&stakes, &second);
    CHECK_EQ(stakes_oldest(&stakes, 3), UINT64_MAX);
    stakes_clear(&stakes);
    CHECK_EQ(memory_in_use(), 0);
}

static void a_trace_in_many_sources_holds_each_of_them(void)
{
    struct stakes stakes = {0};
    struct stake *mine = NULL;
    for (uint32_t source = 0; source < 3000; source++)
        CHECK(stakes_add(&stakes, &mine, source, source * 10));
    for (uint32_t source = 0; source < 3000; source += 100)
        CHECK_EQ(stakes_oldest(&stakes, source), source * 10);
    stakes_drop(&stakes, &mine);
    CHECK_EQ(stakes_oldest(&stakes, 2999), UINT64_MAX);
    stakes_clear(&stakes);
}

static void an_earlier_position_that_comes_later_still_counts(void)
{
    struct stakes stakes = {0};
    struct stake *first = NULL, *second = NULL;
    CHECK(stakes_add(&stakes, &first, 0, 500));
    CHECK(stakes_add(&stakes, &second, 0, 20));
    CHECK(stakes_add(&stakes, &first, 0, 10));
    CHECK_EQ(stakes_oldest(&stakes, 0), 10);
    stakes_drop(&stakes, &first);
    CHECK_EQ(stakes_oldest(&stakes, 0), 20);
    stakes_drop(&stakes, &second);
    stakes_clear(&stakes);
}

static void merged_traces_share_their_stakes(void)
{
    struct stakes stakes = {0};
    struct stake *first = NULL, *second = NULL;
    CHECK(stakes_add(&stakes, &first, 0, 1) && stakes_add(&stakes, &second, 1, 2));
    stakes_join(&first, &second);
    CHECK(!second);
    stakes_drop(&stakes, &first);
    CHECK_EQ(stakes_oldest(&stakes, 0), UINT64_MAX);
    CHECK_EQ(stakes_oldest(&stakes, 1), UINT64_MAX);
    stakes_clear(&stakes);
}

CHECK_MAIN(TEST(a_source_is_read_again_from_the_first_event_still_held),
           TEST(a_trace_in_many_sources_holds_each_of_them),
           TEST(an_earlier_position_that_comes_later_still_counts),
           TEST(merged_traces_share_their_stakes))
