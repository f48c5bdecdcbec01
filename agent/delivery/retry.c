/* agent/delivery/retry.c - when to try again: exponential pauses with full jitter.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/delivery/retry.h"

#include "agent/limits.h"
#include "agent/must.h"

static int64_t ceiling(const struct backoff *backoff, uint32_t attempts)
{
    int64_t pause = backoff->base_ns;
    for (uint32_t i = 0; i < attempts && pause < backoff->cap_ns; i++)
        pause *= 2;
    return pause < backoff->cap_ns ? pause : backoff->cap_ns;
}

static int64_t random_up_to(int64_t most, const struct clock *clock)
{
    uint64_t random = 0;
    clock->random(clock->self, &random, sizeof random);
    return (int64_t)(random % ((uint64_t)most + 1));
}

int64_t backoff_pause(const struct backoff *backoff, uint32_t attempts, int64_t at_least_ns,
                      const struct clock *clock)
{
    MUST(backoff->base_ns > 0 && backoff->base_ns <= backoff->cap_ns);
    int64_t pause = random_up_to(ceiling(backoff, attempts), clock);
    if (at_least_ns > RETRY_AFTER_S_MAX * SECOND_NS)
        at_least_ns = RETRY_AFTER_S_MAX * SECOND_NS;
    /* What was asked for, and the jitter behind it: a far end that tells everybody "60" gets a
     * spread. */
    return at_least_ns > 0 ? at_least_ns + pause : pause;
}

int64_t backoff_rest(const struct backoff *backoff, uint32_t attempts, const struct clock *clock)
{
    int64_t half = ceiling(backoff, attempts) / 2;
    return half + random_up_to(half, clock);
}
