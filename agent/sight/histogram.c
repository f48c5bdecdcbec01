/* agent/sight/histogram.c - how long things took, to two significant digits.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/sight/histogram.h"

#include <math.h>

enum { STEP_BITS = 5, BUCKETS = HISTOGRAM_OCTAVES * HISTOGRAM_STEPS };

_Static_assert(1 << STEP_BITS == HISTOGRAM_STEPS, "steps are a power of two");

/* Values below 32 us stand for themselves; above, the five bits behind the leading one choose the
 * step. */
static uint32_t bucket_of(int64_t ns)
{
    uint64_t us = ns > 0 ? (uint64_t)ns / 1000 : 0;
    if (us < HISTOGRAM_STEPS)
        return (uint32_t)us;
    unsigned octave = 63 - (unsigned)__builtin_clzll(us);
    uint64_t step = us >> (octave - STEP_BITS) & (HISTOGRAM_STEPS - 1);
    uint64_t bucket = (uint64_t)(octave - STEP_BITS + 1) * HISTOGRAM_STEPS + step;
    return bucket < BUCKETS ? (uint32_t)bucket : BUCKETS - 1;
}

/* The largest value of a bucket, in us. */
static uint64_t bucket_top_us(uint32_t bucket)
{
    if (bucket < HISTOGRAM_STEPS)
        return bucket;
    unsigned shift = bucket / HISTOGRAM_STEPS - 1;
    uint64_t first = (uint64_t)(HISTOGRAM_STEPS + bucket % HISTOGRAM_STEPS) << shift;
    return first + ((uint64_t)1 << shift) - 1;
}

void histogram_add(struct histogram *histogram, int64_t ns)
{
    histogram->at[bucket_of(ns)]++;
    histogram->count++;
    histogram->sum_ns += (double)ns;
}

int64_t histogram_quantile(const struct histogram *histogram, double share)
{
    if (histogram->count == 0)
        return 0;
    uint64_t rank = (uint64_t)ceil(share * (double)histogram->count);
    uint64_t seen = 0;
    for (uint32_t i = 0; i < BUCKETS; i++) {
        seen += histogram->at[i];
        if (seen >= rank && seen > 0)
            return (int64_t)(bucket_top_us(i) * 1000);
    }
    return (int64_t)(bucket_top_us(BUCKETS - 1) * 1000);
}

uint64_t histogram_below(const struct histogram *histogram, int64_t ns)
{
    uint64_t seen = 0;
    for (uint32_t i = 0; i < BUCKETS && bucket_top_us(i) * 1000 <= (uint64_t)ns; i++)
        seen += histogram->at[i];
    return seen;
}
