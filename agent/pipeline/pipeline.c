/* agent/pipeline/pipeline.c - from the configuration's tree to arms of open stages.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/pipeline/pipeline.h"

#include <string.h>

#include "agent/config/config.h"
#include "agent/pipeline/yard.h"

struct builder {
    struct pipeline *pipeline;
    struct arena *run;
    const struct config *config;
    uint16_t entries, drains;
    struct why *why;
};

static enum code no_room(struct why *why)
{
    return fail(why, OVER_LIMIT, "the configuration does not fit into its memory");
}

static struct str join_path(struct arena *arena, struct str outer, struct str name,
                            struct str label)
{
    struct buffer text;
    buffer_init(&text, 4096);
    buffer_add(&text, outer);
    buffer_byte(&text, '/');
    buffer_add(&text, name);
    if (label.len) {
        buffer_byte(&text, ':');
        buffer_add(&text, label);
    }
    struct str joined = text.full ? (struct str){NULL, 0} : arena_copy(arena, buffer_str(&text));
    buffer_clear(&text);
    return joined;
}

static void host_init(struct host *host, struct builder *builder, const struct node *node,
                      const char *kind)
{
    *host = (struct host){.engine = &builder->pipeline->engine,
                          .kind = kind,
                          .plugin = node->name,
                          .label = node->label,
                          .where = node->where};
}

static uint64_t from_mask(const struct builder *builder, const struct node *node)
{
    uint64_t mask = 0;
    uint16_t index = 0;
    for (const struct node *at = builder->config->nodes; at; at = at->next) {
        if (at->kind != NODE_INPUT)
            continue;
        for (size_t i = 0; i < node->from.count; i++)
            if (str_equal(node->from.texts[i], at->label))
                mask |= UINT64_C(1) << index;
        index++;
    }
    return mask;
}

static enum code build_arm(struct builder *builder, struct arm *arm, const struct node *nodes,
                           struct str path);

static enum code build_stage(struct builder *builder, struct stage *stage, const struct node *node,
                             struct str path)
{
    host_init(&stage->host, builder, node, node->kind == NODE_OUTPUT ? "output" : "filter");
    stage->host.path = join_path(builder->run, path, node->name, node->label);
    if (!stage->host.path.at)
        return no_room(builder->why);
    stage->when = node->when;
    stage->from = from_mask(builder, node);
    stage->self = node->object;
    if (node->kind == NODE_FILTER) {
        stage->kind = STAGE_FILTER;
        stage->filter = node->filter;
        stage->arm->edits = true;
        return OK;
    }
    if (node->kind == NODE_OUTPUT) {
        struct drain *drain = &builder->pipeline->drains[builder->drains];
        stage->kind = STAGE_OUTPUT;
        stage->drain = drain;
        drain->index = builder->drains++;
        drain->plugin = node->output;
        drain->self = node->object;
        drain->host = stage->host;
        drain->was = node->was;
        drain->delivers = node->plugin.delivers;
        drain->queue_settings = node->queue;
        drain->letter_settings = node->dead_letters;
        return OK;
    }
    stage->kind = STAGE_BRANCH;
    stage->branch = arena_zeroed(builder->run, sizeof *stage->branch);
    if (!stage->branch)
        return no_room(builder->why);
    return build_arm(builder, stage->branch, node->children, stage->host.path);
}

static enum code build_arm(struct builder *builder, struct arm *arm, const struct node *nodes,
                           struct str path)
{
    struct stage **link = &arm->first;
    for (const struct node *node = nodes; node; node = node->next) {
        if (node->kind == NODE_INPUT)
            continue;
        struct stage *stage = arena_zeroed(builder->run, sizeof *stage);
        if (!stage)
            return no_room(builder->why);
        stage->arm = arm;
        *link = stage;
        link = &stage->next;
        enum code code = build_stage(builder, stage, node, path);
        if (code != OK)
            return code;
    }
    return OK;
}

/* Outputs that an event can still reach from this stage on; fills `below` on the way back. */
static uint64_t fill_below(struct stage *stage)
{
    if (!stage)
        return 0;
    uint64_t rest = stage->next ? fill_below(stage->next) : 0;
    if (!stage->next && stage->arm->then)
        rest = stage->arm->then->below | fill_below(stage->arm->then->next);
    if (stage->kind == STAGE_OUTPUT)
        stage->below = UINT64_C(1) << stage->drain->index;
    else if (stage->kind == STAGE_BRANCH)
        stage->below = fill_below(stage->branch->first);
    else
        stage->below = rest;
    return rest | stage->below;
}

/* Outputs that the events of an input can reach from a stage on. */
static uint64_t reach_of(const struct stage *stage, uint64_t input)
{
    uint64_t outputs = 0;
    for (; stage; stage = stage->next ? stage->next : stage->arm->then) {
        if (stage->kind == STAGE_FILTER || (stage->from && !(stage->from & input)))
            continue;
        outputs |= stage->branch ? reach_of(stage->branch->first, input) : stage->below;
    }
    return outputs;
}

/* Filters pass ghosts by; outputs and branches ask each event whether it would have been theirs. */
static bool is_asked(const struct stage *stage)
{
    for (; stage; stage = stage->next ? stage->next : stage->arm->then)
        if ((stage->kind != STAGE_FILTER && stage->when) ||
            (stage->kind == STAGE_BRANCH && is_asked(stage->branch->first)))
            return true;
    return false;
}

/* The stage of the main arm that was built from the first node at or after this one. */
static struct stage *stage_after(const struct builder *builder, const struct node *input)
{
    struct stage *stage = builder->pipeline->main.first;
    for (const struct node *node = builder->config->nodes; node != input; node = node->next)
        if (node->kind != NODE_INPUT)
            stage = stage->next;
    return stage;
}

static enum code build_entries(struct builder *builder)
{
    for (const struct node *node = builder->config->nodes; node; node = node->next) {
        if (node->kind != NODE_INPUT)
            continue;
        struct entry *entry = &builder->pipeline->entries[builder->entries];
        entry->index = builder->entries++;
        entry->plugin = node->input;
        entry->self = node->object;
        host_init(&entry->host, builder, node, "input");
        entry->host.input = entry->index;
        entry->host.path = join_path(builder->run, STR(""), node->name, node->label);
        entry->arm.then = stage_after(builder, node);
        if (!entry->host.path.at)
            return no_room(builder->why);
        enum code code = build_arm(builder, &entry->arm, node->children, entry->host.path);
        if (code != OK)
            return code;
        fill_below(entry->arm.first);
        entry->below = reach_of(entry->arm.first ? entry->arm.first : entry->arm.then,
                                UINT64_C(1) << entry->index);
    }
    return OK;
}

/* Calls each() for every stage of an arm and of its branches, in file order; stops at the first
 * failure. */
static enum code arm_each(struct arm *arm, enum code (*each)(void *context, struct stage *stage),
                          void *context)
{
    enum code code = OK;
    for (struct stage *stage = arm->first; stage && code == OK; stage = stage->next) {
        code = each(context, stage);
        if (code == OK && stage->branch)
            code = arm_each(stage->branch, each, context);
    }
    return code;
}

enum code pipeline_each_stage(struct pipeline *pipeline,
                              enum code (*each)(void *context, struct stage *stage), void *context)
{
    enum code code = OK;
    for (uint16_t i = 0; i < pipeline->entry_count && code == OK; i++)
        code = arm_each(&pipeline->entries[i].arm, each, context);
    return code == OK ? arm_each(&pipeline->main, each, context) : code;
}

struct roll { /* stages of some kind, in the order of the pipeline */
    struct stage **at;
    uint16_t count;
    bool (*wanted)(const struct filter *filter);
};

static bool holds(const struct filter *filter)
{
    return filter->release != NULL;
}

static bool remembers(const struct filter *filter)
{
    return filter->oldest != NULL;
}

static enum code roll_add(void *context, struct stage *stage)
{
    struct roll *roll = context;
    if (!stage->filter || !roll->wanted(stage->filter))
        return OK;
    if (roll->at)
        roll->at[roll->count] = stage;
    roll->count++;
    return OK;
}

static enum code list_filters(struct pipeline *pipeline,
                              bool (*wanted)(const struct filter *filter), struct roll *ret,
                              struct why *why)
{
    *ret = (struct roll){.wanted = wanted};
    (void)pipeline_each_stage(pipeline, roll_add, ret); /* counts */
    ret->at = arena_zeroed(pipeline->engine.run, (ret->count + 1u) * sizeof *ret->at);
    if (!ret->at)
        return no_room(why);
    ret->count = 0;
    (void)pipeline_each_stage(pipeline, roll_add, ret);
    return OK;
}

/* What a pass takes of the spare: each stage a view of its own, a branch that edits its copies. */
static enum code add_needs(void *context, struct stage *stage)
{
    struct pipeline *pipeline = context;
    bool copies = stage->branch && stage->branch->edits;
    pipeline->stage_count++;
    pipeline->event_bytes += sizeof(struct event *) + (copies ? sizeof(struct event) : 0);
    pipeline->copies += copies;
    return OK;
}

enum code pipeline_build(struct pipeline *pipeline, const struct config *config, struct why *why)
{
    struct builder builder = {
        .pipeline = pipeline, .run = pipeline->engine.run, .config = config, .why = why};
    if (config->inputs > INPUTS_MAX || config->outputs > OUTPUTS_MAX)
        return fail(why, BAD_CONFIG, "at most %d inputs and %d outputs fit into one agent",
                    INPUTS_MAX, OUTPUTS_MAX);
    pipeline->entries = arena_zeroed(builder.run, config->inputs * sizeof *pipeline->entries);
    pipeline->drains = arena_zeroed(builder.run, config->outputs * sizeof *pipeline->drains);
    if (!pipeline->entries || !pipeline->drains)
        return no_room(why);
    pipeline->entry_count = (uint16_t)config->inputs;
    pipeline->drain_count = (uint16_t)config->outputs;
    enum code code = build_arm(&builder, &pipeline->main, config->nodes, STR(""));
    if (code != OK)
        return code;
    fill_below(pipeline->main.first);
    code = build_entries(&builder);
    pipeline->copies = 1;
    pipeline->event_bytes = sizeof(struct event *); /* the view that it begins with */
    (void)pipeline_each_stage(pipeline, add_needs, pipeline);
    struct roll holders = {0}, rememberers = {0};
    if (code == OK)
        code = list_filters(pipeline, holds, &holders, why);
    if (code == OK)
        code = list_filters(pipeline, remembers, &rememberers, why);
    pipeline->holders = holders.at;
    pipeline->holder_count = holders.count;
    for (uint16_t i = 0; i < holders.count; i++) {
        struct stage *holder = holders.at[i];
        holder->is_asked_below = is_asked(holder->next ? holder->next : holder->arm->then);
    }
    pipeline->rememberers = rememberers.at;
    pipeline->rememberer_count = rememberers.count;
    return code;
}

enum code pipeline_open_drain(struct drain *drain, struct why *why)
{
    enum code code = drain->plugin->open ? drain->plugin->open(drain->self, &drain->host, why) : OK;
    drain->is_open = code == OK;
    return code;
}

enum code pipeline_open_filter(struct stage *stage, struct why *why)
{
    if (stage->kind != STAGE_FILTER)
        return OK;
    enum code code = stage->filter->open ? stage->filter->open(stage->self, &stage->host, why) : OK;
    stage->is_open = code == OK;
    return code;
}

static enum code open_filter(void *context, struct stage *stage)
{
    return pipeline_open_filter(stage, context);
}

enum code pipeline_open(struct pipeline *pipeline, struct why *why)
{
    enum code code = OK;
    for (uint16_t i = 0; i < pipeline->drain_count && code == OK; i++)
        code = pipeline_open_drain(&pipeline->drains[i], why);
    if (code == OK)
        code = pipeline_each_stage(pipeline, open_filter, why);
    return code;
}

enum code pipeline_open_inputs(struct pipeline *pipeline, struct why *why)
{
    for (uint16_t i = 0; i < pipeline->entry_count; i++) {
        struct entry *entry = &pipeline->entries[i];
        enum code code =
            entry->plugin->check ? entry->plugin->check(entry->self, &entry->host, why) : OK;
        if (code == OK)
            code = entry->plugin->open(entry->self, &entry->host, why);
        if (code != OK)
            return code;
        entry->is_open = true;
    }
    return OK;
}

static enum code close_filter(void *context, struct stage *stage)
{
    (void)context;
    if (stage->is_open && stage->filter->close)
        stage->filter->close(stage->self);
    stage->is_open = false;
    if (stage->host.yard)
        yard_close(stage->host.yard);
    return OK;
}

void pipeline_save_outputs(struct pipeline *pipeline)
{
    for (uint16_t i = 0; i < pipeline->drain_count; i++) {
        struct drain *drain = &pipeline->drains[i];
        if (drain->plugin->save)
            drain->plugin->save(drain->self, &drain->host);
    }
}

void pipeline_close(struct pipeline *pipeline)
{
    for (uint16_t i = 0; i < pipeline->entry_count; i++) {
        struct entry *entry = &pipeline->entries[i];
        if (entry->is_open && entry->plugin->close)
            entry->plugin->close(entry->self);
        entry->is_open = false;
    }
    (void)pipeline_each_stage(pipeline, close_filter, NULL);
    spare_clear(&pipeline->spare);
    for (uint16_t i = 0; i < pipeline->drain_count; i++)
        drain_close(&pipeline->drains[i]);
}
