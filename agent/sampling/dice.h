/* agent/sampling/dice.h - keep 1 in N: the same answer for the same trace, everywhere and always.
 * SPDX-License-Identifier: Apache-2.0
 *
 * No random numbers: the trace id itself decides, so every agent that sees a part of a trace
 * decides alike. What 1 in 100 keeps is part of what 1 in 10 keeps.
 */
#ifndef WEIR_DICE_H
#define WEIR_DICE_H

#include "agent/data/str.h"

enum dice_kind {
    DICE_XXH64 = 0, /* XXH64(id, salt) < 2^64 / N */
    DICE_REFINERY,  /* as Honeycomb's Refinery decides: SHA-1 of the id and Refinery's salt */
    DICE_OTEL,      /* as OpenTelemetry decides: the id's low 56 bits against a threshold */
};

struct dice {
    enum dice_kind kind;
    struct str salt; /* only of XXH64: the others would no longer decide as those do */
};

/* hops: sampler stages that the trace went through before. They salt every kind, so that stages in
 * series are independent and their weights multiply; without hops the foreign kinds decide exactly
 * as their models. */
bool dice_keep(const struct dice *dice, struct str id, uint32_t hops, uint32_t rate);

#endif
