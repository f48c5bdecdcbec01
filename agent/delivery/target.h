/* agent/delivery/target.h - what the courier knows about one index, data stream or dataset; holds.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef WEIR_TARGET_H
#define WEIR_TARGET_H

#include "agent/delivery/payload.h"
#include "agent/delivery/retry.h"

enum { REFUSAL_SLICES = 6 }; /* of ten seconds */

struct refusals { /* of the last minute */
    int64_t slice_ns;                /* begin of the newest slice */
    uint32_t newest;
    uint32_t refused[REFUSAL_SLICES], answered[REFUSAL_SLICES];
};

struct hold { /* an operator must act: nothing but slow probes goes out, nothing is lost */
    bool is_on;
    bool is_probing;  /* a probe is under way */
    uint32_t probes;  /* that failed */
    int64_t probe_ns; /* not before */
};

struct target {
    struct target *next;
    struct hold hold;
    struct refusals refusals;
    uint64_t answered;  /* requests that got a whole answer */
    uint32_t payloads;  /* bound for it */
    uint16_t name_len;
    char name[TARGET_BYTES_MAX];
};

void hold_begin(struct hold *hold, int64_t now_ns, const struct clock *clock);
void hold_probed(struct hold *hold, int64_t now_ns, const struct clock *clock); /* in vain */
void hold_end(struct hold *hold);
static inline bool hold_may_probe(const struct hold *hold, int64_t now_ns)
{
    return hold->is_on && !hold->is_probing && now_ns >= hold->probe_ns;
}

/* Counts an answer's events; true when now at least 100 and more than half of the last minute's are refused. */
bool refusals_add(struct refusals *refusals, uint32_t refused, uint32_t answered, int64_t now_ns);

struct targets { /* those with payloads, holds or recent refusals; others are forgotten */
    struct target *first;
    uint32_t count;
};

/* Found or made; null: no memory. */
struct target *targets_find(struct targets *targets, struct str name);
void targets_clear(struct targets *targets);
uint32_t targets_held(const struct targets *targets);

#endif
