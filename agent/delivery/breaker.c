/* agent/delivery/breaker.c - leaves a dead far end alone: closed, open, half-open.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/delivery/breaker.h"

enum { FAILURES_TO_OPEN = 5 };

static const struct backoff pauses = {.base_ns = SECOND_NS, .cap_ns = 60 * SECOND_NS};

bool breaker_permits(struct breaker *breaker, int64_t now_ns)
{
    if (breaker->state == BREAKER_CLOSED)
        return true;
    if (breaker->state == BREAKER_HALF_OPEN || now_ns < breaker->until_ns)
        return false;
    breaker->state = BREAKER_HALF_OPEN;
    return true;
}

bool breaker_succeeded(struct breaker *breaker)
{
    bool was_closed = breaker->state == BREAKER_CLOSED;
    *breaker = (struct breaker){.state = BREAKER_CLOSED};
    return !was_closed;
}

bool breaker_failed(struct breaker *breaker, int64_t now_ns, const struct clock *clock)
{
    if (breaker->state == BREAKER_OPEN) /* an older request that was still under way */
        return false;
    bool was_closed = breaker->state == BREAKER_CLOSED;
    if (was_closed && ++breaker->failures < FAILURES_TO_OPEN)
        return false;
    breaker->state = BREAKER_OPEN;
    breaker->until_ns = now_ns + backoff_rest(&pauses, breaker->openings++, clock);
    return was_closed;
}

bool breaker_trip(struct breaker *breaker, int64_t now_ns, const struct clock *clock)
{
    if (breaker->state == BREAKER_CLOSED)
        breaker->failures = FAILURES_TO_OPEN;
    return breaker_failed(breaker, now_ns, clock);
}

void breaker_undecided(struct breaker *breaker)
{
    if (breaker->state == BREAKER_HALF_OPEN) {
        breaker->state = BREAKER_OPEN;
        breaker->until_ns = 0;
    }
}
