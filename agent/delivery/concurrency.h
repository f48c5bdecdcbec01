/* agent/delivery/concurrency.h - how many requests at once: additive increase, multiplicative decrease.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef WEIR_CONCURRENCY_H
#define WEIR_CONCURRENCY_H

#include <stdint.h>

struct concurrency {
    double limit;        /* 1 to max */
    double max;
    int64_t lowered_ns;  /* requests begun before this do not lower it again */
};

void concurrency_init(struct concurrency *concurrency, int64_t max);
uint32_t concurrency_limit(const struct concurrency *concurrency);
void concurrency_raise(struct concurrency *concurrency);
/* A 429 or a timeout of a request that began at started_ns. */
void concurrency_lower(struct concurrency *concurrency, int64_t started_ns, int64_t now_ns);

#endif
