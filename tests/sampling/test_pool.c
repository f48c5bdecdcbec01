/* tests/sampling/test_pool.c - mirrors agent/sampling/pool.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/sampling/pool.c"

#include <string.h>

#include "tests/check.h"

static void small_blocks_share_a_slab(void)
{
    struct pool pool = {0};
    struct block *blocks[64];
    for (size_t i = 0; i < COUNT(blocks); i++) {
        blocks[i] = pool_take(&pool, 500);
        CHECK(blocks[i] && blocks[i]->room >= 500);
        memset(blocks[i]->at, (int)i, blocks[i]->room);
    }
    CHECK(pool.bytes < 2 * SLAB_BYTES);
    struct block *over = pool_take(&pool, 1);
    CHECK(pool.bytes > 2 * SLAB_BYTES);
    pool_give(&pool, over);
    for (size_t i = 0; i < COUNT(blocks); i++) {
        CHECK_EQ(blocks[i]->at[100], i);
        pool_give(&pool, blocks[i]);
    }
    pool_clear(&pool);
    CHECK_EQ(memory_in_use(), 0);
}

static void a_large_block_stands_alone_and_leaves_at_once(void)
{
    struct pool pool = {0};
    struct block *block = pool_take(&pool, 5 << 20);
    CHECK(block->room >= 5 << 20);
    memset(block->at, 1, block->room);
    pool_give(&pool, block);
    CHECK_EQ(memory_in_use(), 0);
    CHECK(!pool_take(&pool, UINT32_MAX));
    pool_clear(&pool);
}

static void random_taking_and_giving_keeps_blocks_apart(void)
{
    struct pool pool = {0};
    struct block *blocks[300] = {0};
    uint32_t seed = 7;
    for (int step = 0; step < 20000; step++) {
        seed = seed * 1664525 + 1013904223;
        size_t i = (seed >> 8) % COUNT(blocks);
        if (blocks[i]) {
            for (uint32_t at = 0; at < blocks[i]->room; at += 97)
                CHECK_EQ((unsigned char)blocks[i]->at[at], i & 255);
            pool_give(&pool, blocks[i]);
            blocks[i] = NULL;
        } else {
            blocks[i] = pool_take(&pool, (size_t)1 << (seed >> 20) % 17);
            memset(blocks[i]->at, (int)(i & 255), blocks[i]->room);
        }
    }
    for (size_t i = 0; i < COUNT(blocks); i++)
        if (blocks[i])
            pool_give(&pool, blocks[i]);
    pool_clear(&pool);
    CHECK_EQ(memory_in_use(), 0);
}

static void without_memory_there_is_no_block_and_no_harm(void)
{
    struct pool pool = {0};
    memory_fail_at(1);
    CHECK(!pool_take(&pool, 1));
    memory_fail_at(0);
    CHECK_EQ(pool.bytes, 0);
    pool_clear(&pool);
}

CHECK_MAIN(TEST(small_blocks_share_a_slab), TEST(a_large_block_stands_alone_and_leaves_at_once),
           TEST(random_taking_and_giving_keeps_blocks_apart),
           TEST(without_memory_there_is_no_block_and_no_harm))
