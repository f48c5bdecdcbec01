/* agent/delivery/retry.h - when to try again: exponential pauses with full jitter.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef WEIR_RETRY_H
#define WEIR_RETRY_H

#include <stdint.h>

#include "agent/ports/clock.h"

#define SECOND_NS INT64_C(1000000000)

struct backoff {
    int64_t base_ns, cap_ns;
};

/* A random pause in [0, min(cap, base * 2^attempts)], so that a thousand agents do not come back together;
 * never below at_least_ns (Retry-After), which is itself bounded by RETRY_AFTER_S_MAX. */
int64_t backoff_pause(const struct backoff *backoff, uint32_t attempts, int64_t at_least_ns,
                      const struct clock *clock);

/* The same, but in the upper half: for probes, which must not come at once. */
int64_t backoff_rest(const struct backoff *backoff, uint32_t attempts, const struct clock *clock);

#endif
