/* agent/command/rehearsal.c - a configuration tried out without the world.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/command/rehearsal.h"

#include <string.h>

#include "agent/command/foresight.h"
#include "agent/command/strays.h"

/* --- a why where it belongs ---------------------------------------------------------------- */

static const struct node *node_at(const struct node *nodes, const char *where)
{
    for (const struct node *node = nodes; node; node = node->next) {
        const struct node *inside = node_at(node->children, where);
        if (node->where == where)
            return node;
        if (inside)
            return inside;
    }
    return NULL;
}

/* The setting that the text names first, as in "`index` would give": its value; else the block. */
static struct span span_of(const struct node *node, struct str text)
{
    struct cut before = str_cut(text, '`'), name = str_cut(before.tail, '`');
    char setting[64];
    if (!name.found || name.head.len >= sizeof setting)
        return node->span;
    return node_span(node, str_z(name.head, setting, sizeof setting));
}

static void tell(struct rehearsal *rehearsal, const struct host *host, const struct why *why)
{
    const struct node *node = node_at(rehearsal->config->nodes, host->where);
    struct str text = str_from(why->text), where = str_from(host->where);
    if (str_starts(text, where))
        text = str_skip(text, where.len + 2);
    struct span span = node ? span_of(node, text) : (struct span){0};
    bool is_setting = node && span.at != node->span.at;
    if (!is_setting || !config_is_unset(rehearsal->config, span)) /* that was told */
        diagnose_error(rehearsal->diagnostics, span, "%.*s", STR_ARG(text));
}

/* --- plugins ------------------------------------------------------------------------------- */

static enum code try_filter(void *context, struct stage *stage)
{
    struct rehearsal *rehearsal = context;
    struct why why = {0};
    if (pipeline_open_filter(stage, &why) != OK)
        tell(rehearsal, &stage->host, &why);
    return OK;
}

static void try_plugins(struct rehearsal *rehearsal)
{
    struct pipeline *pipeline = &rehearsal->pipeline;
    struct why why = {0};
    for (uint16_t i = 0; i < pipeline->entry_count; i++) {
        struct entry *entry = &pipeline->entries[i];
        if (entry->plugin->check && entry->plugin->check(entry->self, &entry->host, &why) != OK)
            tell(rehearsal, &entry->host, &why);
    }
    for (uint16_t i = 0; i < pipeline->drain_count; i++)
        if (pipeline_open_drain(&pipeline->drains[i], &why) != OK)
            tell(rehearsal, &pipeline->drains[i].host, &why);
    (void)pipeline_each_stage(pipeline, try_filter, rehearsal);
}

enum code rehearse(struct rehearsal *rehearsal, struct why *why)
{
    struct pipeline *pipeline = &rehearsal->pipeline;
    pipeline->engine = (struct engine){
        .run = rehearsal->run,
        .names = rehearsal->names,
        .files = rehearsal->files,
        .clock = rehearsal->clock,
        .brokers = rehearsal->brokers,
        .now_ns = rehearsal->clock->wall_ns(rehearsal->clock->self),
        .held_budget = (uint64_t)rehearsal->config->agent.memory_bytes,
    };
    enum code code = pipeline_build(pipeline, rehearsal->config, why);
    if (code != OK)
        return code;
    try_plugins(rehearsal);
    foresee_memory(rehearsal->config, rehearsal->diagnostics);
    foresee_files(rehearsal->config, rehearsal->diagnostics);
    foresee_state(rehearsal->config, rehearsal->files, rehearsal->diagnostics);
    foresee_strays(rehearsal->config, rehearsal->files, rehearsal->diagnostics);
    return OK;
}

void rehearsal_end(struct rehearsal *rehearsal)
{
    pipeline_close(&rehearsal->pipeline);
    alarms_clear(&rehearsal->pipeline.engine.alarms);
}
