/* outputs/discard.c - take events and do nothing with them, for measuring.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/weir.h"

struct discard {
    char unused; /* no settings, but every instance has its own address */
};

static const struct setting settings[] = {{0}};

const struct output output_discard = {
    .name = "discard",
    .summary = "Take events and do nothing with them, for measuring.",
    .settings = settings,
    .size = sizeof(struct discard),
    .discards = true,
};
