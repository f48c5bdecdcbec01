/* agent/sight/histogram.h - how long things took, to two significant digits.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Log-linear: 32 steps to each power of two of microseconds, so a percentile is at most 1.6 % off.
 */
#ifndef WEIR_HISTOGRAM_H
#define WEIR_HISTOGRAM_H

#include <stdint.h>

enum {
    HISTOGRAM_STEPS = 32,   /* per power of two */
    HISTOGRAM_OCTAVES = 36, /* 1 us to 19 hours; longer counts as the longest */
};

struct histogram {
    uint64_t count;
    double sum_ns;
    uint32_t at[HISTOGRAM_OCTAVES * HISTOGRAM_STEPS];
};

void histogram_add(struct histogram *histogram, int64_t ns);
/* The value below which this share (0 to 1) lies, in ns; 0 when it is empty. */
int64_t histogram_quantile(const struct histogram *histogram, double share);
/* How many lie at or below ns (a bucket's worth of error). */
uint64_t histogram_below(const struct histogram *histogram, int64_t ns);

#endif
