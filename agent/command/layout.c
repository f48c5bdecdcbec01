/* agent/command/layout.c - where state is kept and how `memory` is shared out.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/command/layout.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "agent/weir.h"

enum { ALL_PARTS = 16 };

uint64_t layout_share(const struct config *config, enum layout_part part)
{
    static const unsigned parts[] = {
        [LAYOUT_BATCH] = 4, [LAYOUT_HELD] = 6, [LAYOUT_PAYLOADS] = 4, [LAYOUT_WRITER] = 1};
    return (uint64_t)config->agent.memory_bytes / ALL_PARTS * parts[part];
}

static bool reads_only_what_is_not_kept(const struct config *config)
{
    for (const struct node *node = config->nodes; node; node = node->next)
        if (node->kind == NODE_INPUT && !node->input->not_kept)
            return false;
    return true;
}

struct str layout_state(const struct config *config, struct arena *arena)
{
    char path[512];
    const char *base = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
    if (config->agent.state.len)
        return config->agent.state;
    if (reads_only_what_is_not_kept(config))
        return STR("");
    if (geteuid() == 0)
        return STR("/var/lib/weir");
    if (base && *base)
        snprintf(path, sizeof path, "%s/weir", base);
    else
        snprintf(path, sizeof path, "%s/.local/state/weir", home ? home : "");
    return arena_copy(arena, str_from(path));
}
