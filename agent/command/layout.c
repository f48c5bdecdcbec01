/* agent/command/layout.c - where state is kept and how `memory` is shared out.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/command/layout.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "agent/weir.h"

enum { ALL_PARTS = 16 };

static const unsigned parts[] = {
    [LAYOUT_BATCH] = 4, [LAYOUT_HELD] = 6, [LAYOUT_PAYLOADS] = 4, [LAYOUT_WRITER] = 1};

static uint64_t library_bytes(const struct node *nodes)
{
    uint64_t sum = 0;
    for (const struct node *node = nodes; node; node = node->next) {
        if (node->kind == NODE_OUTPUT && node->output->library_bytes)
            sum += node->output->library_bytes(node->object);
        sum += library_bytes(node->children);
    }
    return sum;
}

uint64_t layout_share(const struct config *config, enum layout_part part)
{
    uint64_t all = (uint64_t)config->agent.memory_bytes, libraries = library_bytes(config->nodes);
    return all > libraries ? (all - libraries) / ALL_PARTS * parts[part] : 0;
}

uint64_t layout_memory_for(const struct config *config, enum layout_part part, uint64_t share)
{
    return library_bytes(config->nodes) + (share + parts[part] - 1) / parts[part] * ALL_PARTS;
}

static bool reads_only_what_is_not_kept(const struct config *config)
{
    for (const struct node *node = config->nodes; node; node = node->next)
        if (node->kind == NODE_INPUT && !node->input->not_kept)
            return false;
    return true;
}

/* systemd names the directories of a service in it, the first of them for its state; AWS Lambda has
 * one place to write to. */
static struct str given_state(void)
{
    const char *service = getenv("STATE_DIRECTORY");
    if (getenv("AWS_LAMBDA_RUNTIME_API"))
        return STR("/tmp/weir");
    return service ? str_cut(str_from(service), ':').head : STR("");
}

struct str layout_state(const struct config *config, struct arena *arena)
{
    char path[512];
    const char *base = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
    if (config->agent.state.len)
        return config->agent.state;
    if (reads_only_what_is_not_kept(config))
        return STR("");
    if (given_state().len)
        return given_state();
    if (geteuid() == 0)
        return STR("/var/lib/weir");
    if (base && *base)
        snprintf(path, sizeof path, "%s/weir", base);
    else
        snprintf(path, sizeof path, "%s/.local/state/weir", home ? home : "");
    return arena_copy(arena, str_from(path));
}
