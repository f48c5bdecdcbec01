/* agent/delivery/board.h - one output's delivery figures: written by the delivery thread, read by any.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef WEIR_BOARD_H
#define WEIR_BOARD_H

#include <stdatomic.h>

#include "agent/delivery/delivery.h"

enum board_figure {
    BOARD_REQUESTS = 0,
    BOARD_ANSWERS,
    BOARD_BODY_BYTES,
    BOARD_SENT_BYTES,
    BOARD_DELIVERED,
    BOARD_TWINS,
    BOARD_COLLISIONS,
    BOARD_DEAD_LETTERED,
    BOARD_LATENCY_NS,
    BOARD_WAITING,
    BOARD_IN_FLIGHT,
    BOARD_IN_FLIGHT_LIMIT,
    BOARD_HELD_TARGETS,
    BOARD_IS_HELD,
    BOARD_BREAKER,
    BOARD_RETRIES,
    BOARD_LATENCY = BOARD_RETRIES + RETRY_REASONS,
    BOARD_FIGURES = BOARD_LATENCY + LATENCY_BUCKETS,
};

struct board {
    _Atomic uint64_t figures[BOARD_FIGURES];
    atomic_size_t body_limit;  /* what the far end was found to take; 0: not known */
    atomic_uint words_version; /* odd while the words change */
    _Atomic uint64_t words[30];
};

void board_add(struct board *board, enum board_figure figure, uint64_t more);
void board_set(struct board *board, enum board_figure figure, uint64_t value);
void board_latency(struct board *board, int64_t ns);
void board_refusal(struct board *board, struct str words); /* the newest one is kept, cut at 239 bytes */
void board_read(const struct board *board, struct delivery_stats *ret);

#endif
