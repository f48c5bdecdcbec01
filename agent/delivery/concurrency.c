/* agent/delivery/concurrency.c - how many requests at once: additive increase, multiplicative
 * decrease. SPDX-License-Identifier: Apache-2.0
 */
#include "agent/delivery/concurrency.h"

#include "agent/must.h"

void concurrency_init(struct concurrency *concurrency, int64_t max)
{
    MUST(max >= 1);
    *concurrency =
        (struct concurrency){.limit = (double)max, .max = (double)max, .lowered_ns = INT64_MIN};
}

uint32_t concurrency_limit(const struct concurrency *concurrency)
{
    return (uint32_t)concurrency->limit;
}

void concurrency_raise(struct concurrency *concurrency)
{
    /* One more after as many answers as are allowed at once: one round trip. */
    concurrency->limit += 1 / concurrency->limit;
    if (concurrency->limit > concurrency->max)
        concurrency->limit = concurrency->max;
}

void concurrency_lower(struct concurrency *concurrency, int64_t started_ns, int64_t now_ns)
{
    if (started_ns < concurrency->lowered_ns) /* the same congestion, already answered */
        return;
    concurrency->limit /= 2;
    if (concurrency->limit < 1)
        concurrency->limit = 1;
    concurrency->lowered_ns = now_ns;
}
