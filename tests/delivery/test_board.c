/* tests/delivery/test_board.c - mirrors agent/delivery/board.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/delivery/board.c"

#include "tests/check.h"

static void figures_come_back_as_they_went_in(void)
{
    static struct board board;
    struct delivery_stats stats;
    board_add(&board, BOARD_DELIVERED, 3);
    board_add(&board, BOARD_DELIVERED, 4);
    board_set(&board, BOARD_BREAKER, BREAKER_OPEN);
    board_add(&board, (enum board_figure)(BOARD_RETRIES + RETRY_BUSY), 2);
    board_latency(&board, 7 * 1000 * 1000);  /* 7 ms: the second bucket */
    board_latency(&board, INT64_C(1) << 40); /* above all buckets */
    board_refusal(&board, STR("mapper [a] cannot be changed"));
    board_read(&board, &stats);
    CHECK_EQ(stats.delivered, 7);
    CHECK_EQ(stats.breaker, BREAKER_OPEN);
    CHECK_EQ(stats.retries[RETRY_BUSY], 2);
    CHECK_EQ(stats.latency[1], 1);
    CHECK_EQ(stats.latency[LATENCY_BUCKETS - 1], 0);
    CHECK_TEXT(str_from(stats.last_refusal), "mapper [a] cannot be changed");
    static char flood[1000];
    memset(flood, 'x', sizeof flood);
    board_refusal(&board, (struct str){flood, sizeof flood});
    board_read(&board, &stats);
    CHECK_EQ(strlen(stats.last_refusal), 239);
}

CHECK_MAIN(TEST(figures_come_back_as_they_went_in))
