/* agent/config/tree.c - blocks to nodes: plugins found, objects filled, children hung in.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A block of an unknown plugin still becomes a node, so that one mistake is not told as five.
 */
#include "agent/config/tree.h"

#include "agent/config/known.h"
#include "agent/config/strings.h"
#include "agent/limits.h"

struct common { /* settings that the engine reads, on any filter, branch or output */
    struct expr *when;
    struct list from;
    struct str was;
};

#define WHEN_ROW                                                                                   \
    EXPR_SETTING(struct common, when,                                                              \
                 .help =                                                                           \
                     "Acts on the events for which this is true; the others pass as they are.")
#define FROM_ROW                                                                                   \
    LIST_SETTING(struct common, from, SETTING_TEXT, .words = true, .example = "[gateway nginx]",   \
                 .help = "Only what these inputs read; without it, all of them.")

static const struct setting filter_common[] = {WHEN_ROW, FROM_ROW, {0}};
static const struct setting own_filter_common[] = {WHEN_ROW, {0}}; /* of an input */
static const struct setting output_common[] = {
    WHEN_ROW,
    FROM_ROW,
    TEXT_SETTING(struct common, was, .example = "\"old-label\"",
                 .help = "The label this output had before: takes over its marks and queue."),
    {0},
};

struct keeping { /* settings of outputs that deliver to a far end: what is on disk meanwhile */
    struct blocks queue, dead_letters;
};

static const struct choice when_full_words[] = {
    {"block", QUEUE_BLOCKS}, {"drop_oldest", QUEUE_DROPS_OLDEST}, {0}};

static const struct setting queue_settings[] = {
    SIZE_SETTING(struct queue_settings, size, .def = "1GiB", .min = "1MiB",
                 .help = "Most bytes of the state directory that wait for this output."),
    CHOICE_SETTING(struct queue_settings, when_full, when_full_words, .def = "block",
                   .help =
                       "block: inputs wait. drop_oldest: what has waited longest is dropped and "
                       "counted as evicted."),
    {0},
};

static const struct setting dead_letter_settings[] = {
    SIZE_SETTING(struct dead_letter_settings, size, .def = "256MiB", .min = "64KiB",
                 .help = "Most bytes of refused events; when they are reached the output holds and "
                         "says so, until some were sent again or removed."),
    {0},
};

static const struct setting keeping_rows[] = {
    BLOCKS_SETTING(struct keeping, queue, queue_settings, struct queue_settings,
                   .help = "Its place on disk, used while it would hold back other outputs or its "
                           "source is about to go."),
    BLOCKS_SETTING(struct keeping, dead_letters, dead_letter_settings, struct dead_letter_settings,
                   .help = "What the far end refused for good, kept for agent replay."),
    {0},
};

const struct setting *keeping_settings(void)
{
    return keeping_rows;
}

const struct setting *common_settings(enum node_kind kind)
{
    return kind == NODE_INPUT ? NULL : kind == NODE_OUTPUT ? output_common : filter_common;
}

static struct diagnostics *notes(struct context *context)
{
    return context->diagnostics;
}

/* --- plugins --------------------------------------------------------------------------- */

static void unknown_plugin(struct context *context, enum node_kind kind,
                           const struct syntax_block *block)
{
    const char *name = node_kind_name(kind);
    struct diagnostic *error;
    struct nearest nearest = nearest_to(block->plugin);
    struct str all = STR("");
    struct plugin plugin;
    for (size_t i = 0; (plugin = plugin_at(&context->options->plugins, kind, i)).name; i++) {
        nearest_try(&nearest, str_from(plugin.name));
        all = context_format(context, "%.*s%s%s", STR_ARG(all), i ? ", " : "", plugin.name);
    }
    if (block->plugin.len == 0) {
        error = diagnose_error(notes(context), block->span, "which %s?", name);
        diagnose_hint(notes(context), error, "there are %.*s", STR_ARG(all));
        return;
    }
    error = diagnose_error(notes(context), block->plugin_span, "unknown %s \"%.*s\"", name,
                           STR_ARG(block->plugin));
    const char *thought = known_thought(str_from(name), block->plugin);
    struct str near = nearest_found(&nearest);
    if (thought)
        diagnose_hint(notes(context), error, "%s", thought);
    else if (near.len)
        diagnose_hint(notes(context), error, "did you mean \"%.*s\"?", STR_ARG(near));
    else
        diagnose_hint(notes(context), error, "there are %.*s", STR_ARG(all));
}

static bool find_plugin(struct context *context, struct node *node,
                        const struct syntax_block *block)
{
    struct plugin plugin;
    for (size_t i = 0; (plugin = plugin_at(&context->options->plugins, node->kind, i)).name; i++) {
        if (!str_equal(block->plugin, str_from(plugin.name)))
            continue;
        node->plugin = plugin;
        if (node->kind == NODE_INPUT)
            node->input = plugin.itself;
        else if (node->kind == NODE_FILTER)
            node->filter = plugin.itself;
        else
            node->output = plugin.itself;
        return true;
    }
    unknown_plugin(context, node->kind, block);
    return false;
}

/* --- one node -------------------------------------------------------------------------- */

static void take_label(struct context *context, struct node *node, const struct syntax_block *block)
{
    node->has_label = block->has_label;
    node->label = block->has_label ? context_copy(context, block->label) : node->name;
    bool is_bad = block->has_label && (block->label.len == 0 || block->label.len > LABEL_BYTES_MAX);
    for (size_t i = 0; i < block->label.len; i++)
        is_bad |=
            block->label.at[i] < ' ' || block->label.at[i] == '/' || block->label.at[i] == 127;
    if (is_bad)
        diagnose_error(notes(context), block->label_span,
                       "a label has 1 to %d bytes, no \"/\" and nothing beyond printable ASCII",
                       LABEL_BYTES_MAX);
}

/* The object of the one block, or its defaults. */
static const void *take_one(struct context *context, const struct syntax_block *block,
                            const struct setting *row, const struct blocks *blocks)
{
    if (blocks->count > 1)
        diagnose_error(notes(context), block->span, "%s stands here a second time", row->name);
    if (blocks->count)
        return blocks->at[0].object;
    void *object = context_take(context, row->blocks_size);
    for (const struct setting *at = row->blocks; at->name; at++)
        fill_text(context, at, at->def, (char *)object + at->offset);
    return object;
}

static void fill_node(struct context *context, struct node *node, const struct syntax_block *block,
                      const struct setting *common)
{
    struct common values = {0};
    if (node->kind != NODE_BRANCH && !find_plugin(context, node, block))
        return;
    const struct plugin *plugin = &node->plugin;
    node->object = context_take(context, plugin->size ? plugin->size : 1);
    struct keeping keeping = {0};
    struct binding bindings[] = {
        {plugin->settings, node->object}, {common, &values}, {keeping_rows, &keeping}};
    fill_block(context, block, bindings, plugin->delivers ? 3 : 2, str_from(plugin->name));
    if (plugin->delivers) {
        node->queue = *(const struct queue_settings *)take_one(context, block, &keeping_rows[0],
                                                               &keeping.queue);
        node->dead_letters = *(const struct dead_letter_settings *)take_one(
            context, block, &keeping_rows[1], &keeping.dead_letters);
    }
    node->when = values.when;
    node->from = values.from;
    node->was = values.was;
}

static struct node *make_node(struct context *context, enum node_kind kind,
                              const struct syntax_block *block)
{
    struct node *node = context_take(context, sizeof *node);
    node->kind = kind;
    node->block = block;
    node->span = block->span;
    node->where = span_where(context->arena, block->span);
    node->name = kind == NODE_BRANCH ? STR("branch") : context_copy(context, block->plugin);
    if (kind == NODE_BRANCH && block->plugin.len) {
        struct diagnostic *error =
            diagnose_error(notes(context), block->plugin_span, "a branch has no plugin");
        diagnose_hint(notes(context), error, "write branch \"%.*s\" { ... }",
                      STR_ARG(block->plugin));
    }
    take_label(context, node, block);
    return node;
}

static bool kind_of(const struct syntax_block *block, enum node_kind *ret)
{
    for (enum node_kind kind = NODE_INPUT; kind <= NODE_BRANCH; kind++)
        if (str_equal(block->kind, str_from(node_kind_name(kind)))) {
            *ret = kind;
            return true;
        }
    return false;
}

/* --- children
 * ------------------------------------------------------------------------------------------------
 */

static void misplaced(struct context *context, const struct node *outer,
                      const struct syntax_block *block)
{
    const char *where = node_kind_name(outer->kind);
    struct diagnostic *error = diagnose_error(
        notes(context), block->kind_span, "%.*s cannot stand in %s %s", STR_ARG(block->kind),
        outer->kind == NODE_INPUT || outer->kind == NODE_OUTPUT ? "an" : "a", where);
    if (outer->kind == NODE_INPUT)
        diagnose_hint(notes(context), error,
                      "an input holds filters only; is a \"}\" missing above?");
    else if (outer->kind == NODE_BRANCH)
        diagnose_hint(notes(context), error, "a branch holds filters, outputs and branches");
    else
        diagnose_hint(notes(context), error, "%s holds settings only; is a \"}\" missing above?",
                      outer->kind == NODE_OUTPUT ? "an output" : "a filter");
}

static struct node *build_node(struct context *context, const struct syntax_block *block,
                               const struct node *outer);

static bool may_hold(const struct node *outer, enum node_kind kind)
{
    return outer->kind == NODE_BRANCH ? kind != NODE_INPUT
                                      : outer->kind == NODE_INPUT && kind == NODE_FILTER;
}

static void build_children(struct context *context, struct node *node,
                           const struct syntax_block *block)
{
    struct node **end = &node->children;
    for (const struct syntax_block *sub = block->blocks; sub; sub = sub->next) {
        enum node_kind kind;
        if (!known_kind(sub->kind))
            continue; /* a sub-block of its plugin */
        if (!kind_of(sub, &kind) || !may_hold(node, kind)) {
            misplaced(context, node, sub);
            continue;
        }
        *end = build_node(context, sub, node);
        end = &(*end)->next;
    }
}

/* Null outer: at the top. Depth is bounded by the parser. */
static struct node *build_node(struct context *context, const struct syntax_block *block,
                               const struct node *outer)
{
    enum node_kind kind = NODE_BRANCH;
    kind_of(block, &kind);
    struct node *node = make_node(context, kind, block);
    bool is_own_filter = outer && outer->kind == NODE_INPUT;
    fill_node(context, node, block, is_own_filter ? own_filter_common : common_settings(kind));
    build_children(context, node, block);
    return node;
}

/* --- the top
 * ---------------------------------------------------------------------------------------------------
 */

static void build_agent(struct context *context, struct config *config,
                        const struct syntax_block *block)
{
    if (config->agent.span.source) {
        diagnose_error(notes(context), block->span, "a second agent block (the first is at %s)",
                       span_where(context->arena, config->agent.span));
        return;
    }
    if (block->plugin.len || block->has_label)
        diagnose_error(notes(context), block->span, "the agent block takes no name");
    struct binding binding = {agent_settings, &config->agent};
    fill_block(context, block, &binding, 1, STR("agent"));
    for (const struct syntax_block *sub = block->blocks; sub; sub = sub->next)
        if (known_kind(sub->kind))
            diagnose_error(notes(context), sub->kind_span, "%.*s cannot stand in the agent block",
                           STR_ARG(sub->kind));
    config->agent.span = block->span;
    config->agent.admin_given = syntax_find(block, "admin") != NULL;
}

static void unknown_kind(struct context *context, const struct syntax_block *block)
{
    struct diagnostic *error = diagnose_error(notes(context), block->kind_span,
                                              "unknown block \"%.*s\"", STR_ARG(block->kind));
    const char *thought = known_thought(STR(""), block->kind);
    struct str near = known_kind_nearest(block->kind);
    if (thought)
        diagnose_hint(notes(context), error, "%s", thought);
    else if (near.len)
        diagnose_hint(notes(context), error, "did you mean \"%.*s\"?", STR_ARG(near));
    else
        diagnose_hint(notes(context), error,
                      "there are agent, input, filter, output, branch and test");
}

struct config *tree_build(struct context *context, struct syntax_block *blocks)
{
    static const struct syntax_block empty = {.kind = {"agent", 5}};
    struct config *config = context_take(context, sizeof *config);
    struct node **end = &config->nodes;
    struct test **tests_end = &config->tests;
    for (struct syntax_block *block = blocks; block; block = block->next) {
        enum node_kind kind;
        if (str_equal(block->kind, STR("agent"))) {
            build_agent(context, config, block);
        } else if (str_equal(block->kind, STR("test"))) {
            *tests_end = test_build(context, block);
            tests_end = &(*tests_end)->next;
        } else if (kind_of(block, &kind)) {
            *end = build_node(context, block, NULL);
            end = &(*end)->next;
        } else {
            unknown_kind(context, block);
        }
    }
    if (!config->agent.span.source)
        fill_block(context, &empty, &(struct binding){agent_settings, &config->agent}, 1,
                   STR("agent"));
    return config;
}

struct span node_span(const struct node *node, const char *setting)
{
    const struct syntax_setting *found = syntax_find(node->block, setting);
    return found ? found->value->span : node->span;
}

const void *node_setting(const struct node *node, const char *name, enum setting_kind kind)
{
    const struct setting *row = setting_find(node->plugin.settings, str_from(name));
    if (!row || row->kind != kind || !node->object)
        return NULL;
    return (const char *)node->object + row->offset;
}
