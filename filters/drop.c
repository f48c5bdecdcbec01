/* filters/drop.c - drop the events that `when` names.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/weir.h"

static const struct setting settings[] = {{0}}; /* `when` is the engine's, and says it all */

static void drop_apply(void *self, struct view *view)
{
    (void)self;
    for (uint32_t i = 0; i < view->count; i++)
        view->at[i]->fate = FATE_DROPPED;
}

static enum code drop_open(void *self, struct host *host, struct why *why)
{
    (void)self;
    (void)host;
    (void)why;
    return OK;
}

const struct filter filter_drop = {
    .name = "drop",
    .summary = "Drops the events that `when` names.",
    .settings = settings,
    .when_required = true,
    .open = drop_open,
    .apply = drop_apply,
};
