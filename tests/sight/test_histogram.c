/* tests/sight/test_histogram.c - mirrors agent/sight/histogram.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/sight/histogram.c"

#include "tests/check.h"

static void percentiles_are_within_two_percent(void)
{
    static struct histogram histogram;
    for (int ms = 1; ms <= 1000; ms++)
        histogram_add(&histogram, (int64_t)ms * 1000000);
    static const double shares[] = {0.5, 0.95, 0.99};
    for (size_t i = 0; i < 3; i++) {
        double got_ms = (double)histogram_quantile(&histogram, shares[i]) / 1e6;
        CHECK(fabs(got_ms - shares[i] * 1000) <= 0.032 * shares[i] * 1000);
    }
    CHECK_EQ(histogram.count, 1000);
}

static void every_bucket_holds_its_own_top(void)
{
    for (uint32_t i = 0; i + 1 < BUCKETS; i++) {
        CHECK_EQ(bucket_of((int64_t)(bucket_top_us(i) * 1000)), i);
        CHECK_EQ(bucket_of((int64_t)(bucket_top_us(i) * 1000 + 1000)), i + 1);
    }
}

static void what_is_too_long_counts_as_the_longest(void)
{
    CHECK_EQ(bucket_of(INT64_MAX), BUCKETS - 1);
    CHECK_EQ(bucket_of(-5), 0);
}

static void an_empty_histogram_has_no_percentile(void)
{
    static struct histogram empty;
    CHECK_EQ(histogram_quantile(&empty, 0.5), 0);
    CHECK_EQ(histogram_below(&empty, 1000000), 0);
}

CHECK_MAIN(TEST(percentiles_are_within_two_percent), TEST(every_bucket_holds_its_own_top),
           TEST(what_is_too_long_counts_as_the_longest), TEST(an_empty_histogram_has_no_percentile))
