/* agent/command/rehearsal.c - a configuration tried out without the world.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/command/rehearsal.h"

#include <string.h>

#include "agent/command/foresight.h"
#include "agent/command/strays.h"
#include "agent/config/fill.h"

enum { TRIES_MAX = 8, NAME_BYTES = 64 };

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

/* Of the value of an entry in one of the block's maps; else the block. */
static struct span entry_span(const struct node *node, struct str key)
{
    for (const struct syntax_setting *at = node->block->settings; at; at = at->next)
        for (const struct syntax *item = at->value->items; item; item = item->next)
            if (at->value->kind == SYNTAX_MAP && str_equal(item->key, key))
                return item->span;
    return node->span;
}

/* The setting, or the entry of a map, that the text names first, as in "`index` would give". */
static struct str name_in(struct str text)
{
    struct cut before = str_cut(text, '`'), name = str_cut(before.tail, '`');
    return name.found ? name.head : STR("");
}

/* Of its value; else of the block. */
static struct span span_of(const struct node *node, struct str text)
{
    struct str name = name_in(text);
    char setting[NAME_BYTES];
    if (name.len == 0 || name.len >= sizeof setting)
        return node->span;
    struct span span = node_span(node, str_z(name, setting, sizeof setting));
    return span.at == node->span.at ? entry_span(node, name) : span;
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

/* --- one mistake after the other ----------------------------------------------------------- */

struct plugin_trial { /* a plugin's open(), or an input's check() */
    const struct host *host;
    enum code (*open)(void *context, struct why *why);
    void *context;
    char told[TRIES_MAX][NAME_BYTES]; /* settings */
    unsigned count;
};

static bool was_told(const struct plugin_trial *trial, struct str name)
{
    for (unsigned i = 0; i < trial->count; i++)
        if (str_equal(name, str_from(trial->told[i])))
            return true;
    return false;
}

static bool entry_forget(struct map *map, struct str key)
{
    for (size_t i = 0; i < map->count; i++) {
        if (!str_equal(map->keys[i], key))
            continue;
        map->count--;
        for (; i < map->count; i++) {
            map->keys[i] = map->keys[i + 1];
            if (map->texts)
                map->texts[i] = map->texts[i + 1];
        }
        return true;
    }
    return false;
}

/* As if it were not written: a setting, or an entry of a map of texts. */
static bool setting_forget(struct rehearsal *rehearsal, const struct node *node, struct str name)
{
    const struct setting *row = setting_find(node->plugin.settings, name);
    if (row)
        return setting_reset(row, node->object, rehearsal->names, rehearsal->diagnostics);
    for (row = node->plugin.settings; row && row->name; row++) {
        bool holds_texts = row->item == SETTING_TEXT || row->item == SETTING_SECRET;
        if (row->kind == SETTING_MAP && holds_texts &&
            entry_forget((struct map *)(void *)((char *)node->object + row->offset), name))
            return true;
    }
    return false;
}

/* Opens it again and again without what was told, from what the settings said at first. */
static void try_one(struct rehearsal *rehearsal, struct plugin_trial *trial)
{
    const struct node *node = node_at(rehearsal->config->nodes, trial->host->where);
    struct str first = {NULL, 0};
    struct why why = {0};
    if (node)
        first = arena_copy(rehearsal->run, (struct str){node->object, node->plugin.size});
    while (trial->open(trial->context, &why) != OK) {
        struct str name = name_in(str_from(why.text));
        if (name.len && was_told(trial, name))
            return;
        tell(rehearsal, trial->host, &why);
        if (!first.at || name.len == 0 || name.len >= NAME_BYTES || trial->count == TRIES_MAX)
            return;
        name = str_from(str_z(name, trial->told[trial->count++], NAME_BYTES));
        memcpy(node->object, first.at, first.len);
        if (!setting_forget(rehearsal, node, name))
            return;
        memcpy((void *)(uintptr_t)first.at, node->object, first.len);
    }
}

/* --- plugins ------------------------------------------------------------------------------- */

static enum code check_entry(void *context, struct why *why)
{
    struct entry *entry = context;
    return entry->plugin->check ? entry->plugin->check(entry->self, &entry->host, why) : OK;
}

static enum code open_drain(void *context, struct why *why)
{
    return pipeline_open_drain(context, why);
}

static enum code open_stage(void *context, struct why *why)
{
    return pipeline_open_filter(context, why);
}

static enum code try_filter(void *context, struct stage *stage)
{
    struct plugin_trial trial = {.host = &stage->host, .open = open_stage, .context = stage};
    try_one(context, &trial);
    return OK;
}

static void try_plugins(struct rehearsal *rehearsal)
{
    struct pipeline *pipeline = &rehearsal->pipeline;
    for (uint16_t i = 0; i < pipeline->entry_count; i++) {
        struct entry *entry = &pipeline->entries[i];
        struct plugin_trial trial = {.host = &entry->host, .open = check_entry, .context = entry};
        try_one(rehearsal, &trial);
    }
    for (uint16_t i = 0; i < pipeline->drain_count; i++) {
        struct drain *drain = &pipeline->drains[i];
        struct plugin_trial trial = {.host = &drain->host, .open = open_drain, .context = drain};
        try_one(rehearsal, &trial);
    }
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
