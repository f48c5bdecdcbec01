/* agent/delivery/target.c - what the courier knows about one index, data stream or dataset; holds.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/delivery/target.h"

#include <string.h>

#include "agent/memory.h"

enum {
    REFUSED_MIN = 100, /* fewer say nothing about the mapping */
    SLICE_S = 10,
};

static const struct backoff probes = {.base_ns = 5 * SECOND_NS, .cap_ns = 60 * SECOND_NS};

void hold_begin(struct hold *hold, int64_t now_ns, const struct clock *clock)
{
    if (hold->is_on)
        return;
    *hold = (struct hold){.is_on = true, .probe_ns = now_ns + backoff_rest(&probes, 0, clock)};
}

void hold_probed(struct hold *hold, int64_t now_ns, const struct clock *clock)
{
    hold->is_probing = false;
    hold->probe_ns = now_ns + backoff_rest(&probes, ++hold->probes, clock);
}

void hold_end(struct hold *hold)
{
    *hold = (struct hold){0};
}

static void refusals_turn(struct refusals *refusals, int64_t now_ns)
{
    if (now_ns - refusals->slice_ns >= REFUSAL_SLICES * SLICE_S * SECOND_NS)
        *refusals = (struct refusals){.slice_ns = now_ns};
    while (now_ns - refusals->slice_ns >= SLICE_S * SECOND_NS) {
        refusals->slice_ns += SLICE_S * SECOND_NS;
        refusals->newest = (refusals->newest + 1) % REFUSAL_SLICES;
        refusals->refused[refusals->newest] = refusals->answered[refusals->newest] = 0;
    }
}

bool refusals_add(struct refusals *refusals, uint32_t refused, uint32_t answered, int64_t now_ns)
{
    refusals_turn(refusals, now_ns);
    refusals->refused[refusals->newest] += refused;
    refusals->answered[refusals->newest] += answered;
    uint64_t bad = 0, all = 0;
    for (uint32_t i = 0; i < REFUSAL_SLICES; i++) {
        bad += refusals->refused[i];
        all += refusals->answered[i];
    }
    return bad >= REFUSED_MIN && bad * 2 > all;
}

static bool target_is_idle(const struct target *target)
{
    return target->payloads == 0 && !target->hold.is_on;
}

/* Payloads are bounded by memory and so are targets in use; idle ones are kept up to TARGETS_MAX.
 */
static void targets_forget_idle(struct targets *targets)
{
    struct target **link = &targets->first;
    while (*link) {
        struct target *at = *link;
        if (target_is_idle(at)) {
            *link = at->next;
            memory_free(at);
            targets->count--;
        } else {
            link = &at->next;
        }
    }
}

struct target *targets_find(struct targets *targets, struct str name)
{
    MUST(name.len <= TARGET_BYTES_MAX);
    for (struct target *at = targets->first; at; at = at->next)
        if (str_equal((struct str){at->name, at->name_len}, name))
            return at;
    if (targets->count >= TARGETS_MAX)
        targets_forget_idle(targets);
    struct target *made = memory_make(sizeof *made);
    if (!made)
        return NULL;
    memset(made, 0, sizeof *made);
    made->name_len = (uint16_t)name.len;
    if (name.len)
        memcpy(made->name, name.at, name.len);
    made->next = targets->first;
    targets->first = made;
    targets->count++;
    return made;
}

void targets_clear(struct targets *targets)
{
    while (targets->first) {
        struct target *at = targets->first;
        targets->first = at->next;
        memory_free(at);
    }
    targets->count = 0;
}

uint32_t targets_held(const struct targets *targets)
{
    uint32_t held = 0;
    for (const struct target *at = targets->first; at; at = at->next)
        held += at->hold.is_on;
    return held;
}
