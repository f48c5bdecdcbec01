/* agent/delivery/preflight.h - the errand that an output sends ahead of its first payload.
 * SPDX-License-Identifier: Apache-2.0
 *
 * While the far end cannot be reached it is asked again for as long as that takes: no payload would get there either.
 * What a far end that answers says with 5xx, 429 or silence is asked again for PREFLIGHT_S_MAX; then delivery
 * goes on without. A pure state machine, stepped by the courier.
 */
#ifndef WEIR_PREFLIGHT_H
#define WEIR_PREFLIGHT_H

#include "agent/delivery/errand.h"

struct courier;

struct preflight {
    struct courier *courier; /* null: the output sends none */
    struct errand_run run;
    struct route *route;
    bool is_begun, is_asking, is_over;
    uint32_t attempts;   /* in a row without a usable answer */
    unsigned told;       /* findings, which tells them apart */
    int64_t due_ns;
    int64_t trouble_ns;  /* when the far end first answered with trouble; 0: not yet */
};

void preflight_init(struct preflight *preflight, struct courier *courier);
void preflight_clear(struct preflight *preflight); /* cancels what is under way */

static inline bool preflight_is_over(const struct preflight *preflight)
{
    return !preflight->courier || preflight->is_over;
}
/* Asks what is next, when it is time; returns when it wants to be called again (INT64_MAX: when the answer is there). */
int64_t preflight_step(struct preflight *preflight, int64_t now_ns);
/* Is this exchange its own? Then preflight_done() reads the answer. */
bool preflight_owns(const struct preflight *preflight, const struct exchange *exchange);
void preflight_done(struct preflight *preflight, int64_t now_ns);

#endif
