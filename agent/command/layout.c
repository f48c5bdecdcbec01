/* agent/command/layout.c - where state is kept and how `memory` is shared out.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/command/layout.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "agent/weir.h"

enum {
    MIB = 1 << 20,
    LINES_PER_BATCH = 2,   /* a line and what is made of it */
    BATCH_BYTES = 8 * MIB, /* for what is put out at once as well */
};

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

uint64_t layout_batch_for(const struct node *input)
{
    const int64_t *line_max = node_setting(input, "line_max", SETTING_SIZE);
    return line_max ? (uint64_t)*line_max * LINES_PER_BATCH + READ_BYTES : 0;
}

/* As much as the longest lines want, but no more than a quarter of all. */
static uint64_t batch_of(const struct config *config, uint64_t all)
{
    uint64_t wanted = BATCH_BYTES;
    for (const struct node *node = config->nodes; node; node = node->next)
        if (node->kind == NODE_INPUT && layout_batch_for(node) > wanted)
            wanted = layout_batch_for(node);
    return wanted < all / 4 ? wanted : all / 4;
}

/* Of what is left beside the libraries. */
static uint64_t share_of(const struct config *config, uint64_t all, enum layout_part part)
{
    switch (part) {
    case LAYOUT_BATCH:
        return batch_of(config, all);
    case LAYOUT_HELD:
        return all / 16 * 9 - batch_of(config, all);
    case LAYOUT_PAYLOADS:
        return all / 16 * 4;
    case LAYOUT_WRITER:
        break;
    }
    return all / 16;
}

uint64_t layout_share(const struct config *config, enum layout_part part)
{
    uint64_t all = (uint64_t)config->agent.memory_bytes, libraries = library_bytes(config->nodes);
    return all > libraries ? share_of(config, all - libraries, part) : 0;
}

uint64_t layout_memory_for(const struct config *config, enum layout_part part, uint64_t share)
{
    uint64_t all = MIB;
    while (share_of(config, all, part) < share)
        all += MIB;
    return library_bytes(config->nodes) + all;
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
