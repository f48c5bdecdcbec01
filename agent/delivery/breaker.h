/* agent/delivery/breaker.h - leaves a dead far end alone: closed, open, half-open.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Opens on consecutive failures; after a pause it lets one request through (half-open); that one's
 * success closes it, its failure opens it again for longer.
 */
#ifndef WEIR_BREAKER_H
#define WEIR_BREAKER_H

#include <stdbool.h>

#include "agent/delivery/delivery.h"
#include "agent/delivery/retry.h"

struct breaker {
    enum breaker_state state;
    uint32_t failures; /* in a row, while closed */
    uint32_t openings; /* in a row */
    int64_t until_ns;  /* while open */
};

/* May a request go out now? Turns open into half-open when the pause is over; while half-open the one
 * request is already under way, so false. */
bool breaker_permits(struct breaker *breaker, int64_t now_ns);
/* Both return whether the state changed so that the operator should be told. */
bool breaker_succeeded(struct breaker *breaker);
bool breaker_failed(struct breaker *breaker, int64_t now_ns, const struct clock *clock);
/* What is known without any request: nobody is there. Opens at once. */
bool breaker_trip(struct breaker *breaker, int64_t now_ns, const struct clock *clock);
/* The probe ended without saying anything about the far end's health; the next request is the probe. */
void breaker_undecided(struct breaker *breaker);

#endif
