/* agent/delivery/board.c - one output's delivery figures: written by the delivery thread, read by
 * any. SPDX-License-Identifier: Apache-2.0
 */
#include "agent/delivery/board.h"

const char *const delivery_retry_names[RETRY_REASONS] = {"not_sent",  "no_answer", "busy", "error",
                                                         "too_large", "refused",   "held"};

const double delivery_latency_bounds_s[LATENCY_BUCKETS] = {0.005, 0.01, 0.025, 0.05, 0.1, 0.25,
                                                           0.5,   1,    2.5,   5,    10,  30};

void board_add(struct board *board, enum board_figure figure, uint64_t more)
{
    atomic_fetch_add_explicit(&board->figures[figure], more, memory_order_relaxed);
}

void board_set(struct board *board, enum board_figure figure, uint64_t value)
{
    atomic_store_explicit(&board->figures[figure], value, memory_order_relaxed);
}

static uint64_t board_get(const struct board *board, enum board_figure figure)
{
    return atomic_load_explicit(&board->figures[figure], memory_order_relaxed);
}

void board_latency(struct board *board, int64_t ns)
{
    board_add(board, BOARD_LATENCY_NS, ns > 0 ? (uint64_t)ns : 0);
    for (unsigned i = 0; i < LATENCY_BUCKETS; i++) {
        if ((double)ns <= delivery_latency_bounds_s[i] * 1e9) {
            board_add(board, (enum board_figure)(BOARD_LATENCY + i), 1);
            return;
        }
    }
}

/* A sequence lock of atomics: the one writer never waits, a reader that saw a change reads again.
 */
void board_refusal(struct board *board, struct str words)
{
    uint64_t packed[COUNT(board->words)] = {0};
    size_t most = sizeof packed - 1;
    if (words.len)
        memcpy(packed, words.at, words.len < most ? words.len : most);
    atomic_fetch_add_explicit(&board->words_version, 1, memory_order_acq_rel);
    for (size_t i = 0; i < COUNT(packed); i++)
        atomic_store_explicit(&board->words[i], packed[i], memory_order_relaxed);
    atomic_fetch_add_explicit(&board->words_version, 1, memory_order_release);
}

static void words_read(const struct board *board, char to[240])
{
    uint64_t packed[COUNT(board->words)];
    unsigned before, after;
    do {
        before = atomic_load_explicit(&board->words_version, memory_order_acquire);
        for (size_t i = 0; i < COUNT(packed); i++)
            packed[i] = atomic_load_explicit(&board->words[i], memory_order_acquire);
        after = atomic_load_explicit(&board->words_version, memory_order_acquire);
    } while (before != after || before % 2);
    _Static_assert(sizeof packed == 240, "the words fill the text exactly");
    memcpy(to, packed, sizeof packed);
    to[sizeof packed - 1] = 0;
}

void board_read(const struct board *board, struct delivery_stats *ret)
{
    *ret = (struct delivery_stats){
        .requests = board_get(board, BOARD_REQUESTS),
        .answers = board_get(board, BOARD_ANSWERS),
        .body_bytes = board_get(board, BOARD_BODY_BYTES),
        .sent_bytes = board_get(board, BOARD_SENT_BYTES),
        .delivered = board_get(board, BOARD_DELIVERED),
        .twins = board_get(board, BOARD_TWINS),
        .collisions = board_get(board, BOARD_COLLISIONS),
        .dead_lettered = board_get(board, BOARD_DEAD_LETTERED),
        .latency_ns_sum = board_get(board, BOARD_LATENCY_NS),
        .waiting = (uint32_t)board_get(board, BOARD_WAITING),
        .in_flight = (uint32_t)board_get(board, BOARD_IN_FLIGHT),
        .in_flight_limit = (uint32_t)board_get(board, BOARD_IN_FLIGHT_LIMIT),
        .held_targets = (uint32_t)board_get(board, BOARD_HELD_TARGETS),
        .is_held = board_get(board, BOARD_IS_HELD) != 0,
        .breaker = (enum breaker_state)board_get(board, BOARD_BREAKER),
    };
    for (unsigned i = 0; i < RETRY_REASONS; i++)
        ret->retries[i] = board_get(board, (enum board_figure)(BOARD_RETRIES + i));
    for (unsigned i = 0; i < LATENCY_BUCKETS; i++)
        ret->latency[i] = board_get(board, (enum board_figure)(BOARD_LATENCY + i));
    words_read(board, ret->last_refusal);
}
