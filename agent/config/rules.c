/* agent/config/rules.c - what single blocks cannot know: labels, and what reaches what.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Events flow down the file: an input's events enter where the input stands, a filter acts on what
 * stands below it. What can have no effect is a mistake.
 */
#include "agent/config/strings.h"
#include "agent/config/tree.h"
#include "agent/data/glob.h"
#include "agent/limits.h"

static struct diagnostics *notes(struct context *context)
{
    return context->diagnostics;
}

static const struct node *find_in(const struct node *nodes, enum node_kind kind, struct str label,
                                  struct nearest *nearest)
{
    for (const struct node *node = nodes; node; node = node->next) {
        if (node->kind == kind) {
            nearest_try(nearest, node->label);
            if (str_equal(node->label, label))
                return node;
        }
        const struct node *inside =
            node->kind == NODE_BRANCH ? find_in(node->children, kind, label, nearest) : NULL;
        if (inside)
            return inside;
    }
    return NULL;
}

const struct node *node_find(const struct node *nodes, enum node_kind kind, struct str label)
{
    struct nearest nearest = nearest_to(label);
    return find_in(nodes, kind, label, &nearest);
}

struct str node_near(const struct node *nodes, enum node_kind kind, struct str label)
{
    struct nearest nearest = nearest_to(label);
    find_in(nodes, kind, label, &nearest);
    return nearest_found(&nearest);
}

/* --- labels ---------------------------------------------------------------------------- */

/* Each input and output is told apart by its label alone. */
static void check_labels(struct context *context, const struct config *config,
                         const struct node *nodes)
{
    for (const struct node *node = nodes; node; node = node->next) {
        if (node->kind == NODE_BRANCH)
            check_labels(context, config, node->children);
        if (node->kind != NODE_INPUT && node->kind != NODE_OUTPUT)
            continue;
        const struct node *first = node_find(config->nodes, node->kind, node->label);
        if (first == node)
            continue;
        struct diagnostic *error = diagnose_error(
            notes(context), node->has_label ? node->block->label_span : node->span,
            "a second %s \"%.*s\" (the first is at %s)",
            node->kind == NODE_INPUT ? "input" : "output", STR_ARG(node->label), first->where);
        if (node->has_label)
            diagnose_hint(notes(context), error,
                          "a label is the identity of state: each needs its own");
        else
            diagnose_hint(notes(context), error, "give it a label: %.*s \"name\" { ... }",
                          STR_ARG(span_text(node->span)));
    }
}

struct passed { /* a filter that must be told apart, on the way to here */
    const struct node *node;
    struct passed *before;
    struct str path;
    bool told; /* that it needs a label */
};

struct walk {
    struct context *context;
    struct passed *all; /* seen anywhere */
};

static bool wants_label(const struct node *node)
{
    return node->kind == NODE_FILTER && node->plugin.label_wanted;
}

/* drop { } would drop everything: nobody means that. */
static void check_when(struct context *context, const struct node *node)
{
    bool is_written = node->when || node_span(node, "when").at != node->span.at;
    if (node->kind != NODE_FILTER || !node->plugin.when_required || is_written)
        return;
    struct diagnostic *error = diagnose_error(
        notes(context), node->span,
        "filter %.*s needs a `when`: without one it acts on every event", STR_ARG(node->name));
    diagnose_hint(notes(context), error, "write filter %.*s { when = ... }", STR_ARG(node->name));
}

static void need_label(struct context *context, const struct node *node, const struct node *other)
{
    struct diagnostic *error =
        diagnose_error(notes(context), node->span,
                       "two filters \"%.*s\" on one path (the other is at %s): both need a label",
                       STR_ARG(node->name), other->where);
    diagnose_hint(notes(context), error, "write filter %.*s \"name\" { ... }", STR_ARG(node->name));
}

static bool check_passed(struct context *context, const struct node *node, struct passed *before)
{
    bool is_fine = true;
    for (struct passed *passed = before; passed; passed = passed->before) {
        if (passed->node->filter != node->filter)
            continue;
        if (!passed->node->has_label && !passed->told)
            need_label(context, passed->node, node);
        passed->told |= !passed->node->has_label;
        if (!node->has_label && is_fine) {
            need_label(context, node, passed->node);
            is_fine = false;
        }
    }
    return is_fine;
}

/* What a filter remembers hangs on the labels of the branches around it and its own. */
static void check_identity(struct walk *walk, const struct passed *passed)
{
    for (const struct passed *other = walk->all; other; other = other->before) {
        if (!str_equal(other->path, passed->path))
            continue;
        struct diagnostic *error =
            diagnose_error(notes(walk->context), passed->node->span,
                           "this filter and the one at %s cannot be told apart after a restart",
                           other->node->where);
        diagnose_hint(notes(walk->context), error,
                      passed->node->has_label
                          ? "give one of them, or the branches around them, another label"
                          : "give the filter, or the branch around it, a label");
        return;
    }
    struct passed *added = context_take(walk->context, sizeof *added);
    *added = (struct passed){.node = passed->node, .before = walk->all, .path = passed->path};
    walk->all = added;
}

static struct passed *walk_paths(struct walk *walk, const struct node *nodes, struct str path,
                                 struct passed *before)
{
    for (const struct node *node = nodes; node; node = node->next) {
        check_when(walk->context, node);
        struct str inside =
            context_format(walk->context, "%.*s/%.*s", STR_ARG(path), STR_ARG(node->label));
        if (node->kind == NODE_BRANCH) {
            walk_paths(walk, node->children, inside, before);
        } else if (node->kind == NODE_INPUT) {
            inside = context_format(walk->context, "input %.*s", STR_ARG(node->label));
            before = walk_paths(walk, node->children, inside, before);
        } else if (wants_label(node)) {
            struct passed *passed = context_take(walk->context, sizeof *passed);
            *passed = (struct passed){.node = node, .before = before, .path = inside};
            passed->told = !check_passed(walk->context, node, before);
            if (!passed->told)
                check_identity(walk, passed);
            before = passed;
        }
    }
    return before;
}

/* --- from
 * -------------------------------------------------------------------------------------------------
 */

static struct span from_span(const struct node *node, size_t index)
{
    const struct syntax_setting *from = syntax_find(node->block, "from");
    if (!from)
        return node->span;
    const struct syntax *item = from->value->kind == SYNTAX_LIST ? from->value->items : from->value;
    while (item->next && index-- > 0)
        item = item->next;
    return item->span;
}

static void check_from(struct context *context, const struct config *config,
                       const struct node *nodes)
{
    for (const struct node *node = nodes; node; node = node->next) {
        check_from(context, config, node->children);
        for (size_t i = 0; i < node->from.count; i++) {
            struct str label = node->from.texts[i];
            if (node_find(config->nodes, NODE_INPUT, label))
                continue;
            struct diagnostic *error = diagnose_error(notes(context), from_span(node, i),
                                                      "there is no input \"%.*s\"", STR_ARG(label));
            struct str near = node_near(config->nodes, NODE_INPUT, label);
            if (near.len)
                diagnose_hint(notes(context), error, "did you mean \"%.*s\"?", STR_ARG(near));
            else
                diagnose_hint(notes(context), error, "from takes labels of inputs");
        }
    }
}

/* --- reach
 * ------------------------------------------------------------------------------------------------
 */

struct scope { /* the branches around a place, and what they let in */
    const struct node *branch;
    const struct scope *outer;
};

/* An unknown label was told already: it may be any input. */
static bool lets_in(const struct config *config, const struct node *node, struct str label)
{
    for (size_t i = 0; i < node->from.count; i++)
        if (str_equal(node->from.texts[i], label) ||
            !node_find(config->nodes, NODE_INPUT, node->from.texts[i]))
            return true;
    return node->from.count == 0;
}

static bool is_reached(const struct config *config, const struct node *top, const struct node *node,
                       const struct scope *scope)
{
    for (const struct node *input = config->nodes; input != top; input = input->next) {
        bool enters = input->kind == NODE_INPUT && lets_in(config, node, input->label);
        for (const struct scope *around = scope; around && enters; around = around->outer)
            enters = lets_in(config, around->branch, input->label);
        if (enters)
            return true;
    }
    return false;
}

static void unreached(struct context *context, const struct node *node, const struct scope *scope)
{
    struct diagnostic *error =
        diagnose_error(notes(context), node->span, "no input reaches this output");
    bool has_from = node->from.count > 0;
    for (; scope; scope = scope->outer)
        has_from |= scope->branch->from.count > 0;
    diagnose_hint(notes(context), error,
                  has_from ? "the from of this output, or of a branch around it, lets none of the "
                             "inputs above it in"
                           : "events flow down the file: an input stands above its outputs");
}

static bool has_output(const struct node *nodes)
{
    for (const struct node *node = nodes; node; node = node->next)
        if (node->kind == NODE_OUTPUT || (node->kind == NODE_BRANCH && has_output(node->children)))
            return true;
    return false;
}

static bool is_end(const struct node *node)
{
    return node->kind == NODE_OUTPUT || node->kind == NODE_BRANCH;
}

/* Filters behind the last output or branch of their arm. */
static void check_filters(struct context *context, const struct node *nodes)
{
    const struct node *last = NULL;
    for (const struct node *node = nodes; node; node = node->next)
        last = is_end(node) ? node : last;
    for (const struct node *node = last ? last->next : NULL; node; node = node->next) {
        if (node->kind != NODE_FILTER)
            continue;
        struct diagnostic *error =
            diagnose_error(notes(context), node->span, "this filter stands below the last %s",
                           last->kind == NODE_OUTPUT ? "output" : "branch");
        diagnose_hint(notes(context), error, "it acts on nothing: move it above %s %.*s",
                      last->kind == NODE_OUTPUT ? "output" : "branch", STR_ARG(last->label));
    }
}

static void check_reach(struct context *context, const struct config *config,
                        const struct node *top, const struct node *nodes, const struct scope *scope)
{
    if (nodes)
        check_filters(context, nodes);
    for (const struct node *node = nodes; node; node = node->next) {
        const struct node *at = scope ? top : node;
        if (node->kind == NODE_OUTPUT && !is_reached(config, at, node, scope))
            unreached(context, node, scope);
        if (node->kind != NODE_BRANCH)
            continue;
        if (!has_output(node->children)) {
            struct diagnostic *error =
                diagnose_error(notes(context), node->span, "this branch has no output");
            diagnose_hint(notes(context), error,
                          "what enters it goes nowhere; a filter with `when` needs no branch");
        }
        check_reach(context, config, at, node->children, &(struct scope){node, scope});
    }
}

static void check_ends(struct context *context, const struct config *config)
{
    const struct node *first = config->nodes;
    if (!first) {
        struct diagnostic *error =
            diagnose_error(notes(context), (struct span){0}, "there is no input and no output");
        diagnose_hint(notes(context), error,
                      "a first one: input stdin { } filter parse { } output stdout { }");
        return;
    }
    bool has_input = false;
    for (const struct node *node = first; node; node = node->next)
        has_input |= node->kind == NODE_INPUT;
    struct diagnostic *error = NULL;
    if (!has_input)
        error = diagnose_error(notes(context), first->span, "nothing is read: there is no input");
    else if (!has_output(first))
        error =
            diagnose_error(notes(context), first->span, "nothing is written: there is no output");
    diagnose_hint(notes(context), error,
                  has_input ? "such as output stdout { }"
                            : "such as input tail { path = \"/var/log/*.log\" }");
    if (has_input)
        check_reach(context, config, NULL, first, NULL);
}

/* --- the rest
 * -----------------------------------------------------------------------------------------------
 */

static void count_nodes(struct context *context, struct config *config, const struct node *nodes)
{
    for (const struct node *node = nodes; node; node = node->next) {
        config->inputs += node->kind == NODE_INPUT;
        config->outputs += node->kind == NODE_OUTPUT;
        if (node->kind == NODE_OUTPUT && config->outputs == OUTPUTS_MAX + 1)
            diagnose_error(notes(context), node->span, "more than %d outputs", OUTPUTS_MAX);
        if (node->kind == NODE_BRANCH)
            count_nodes(context, config, node->children);
    }
}

static void check_was(struct context *context, const struct config *config,
                      const struct node *nodes)
{
    for (const struct node *node = nodes; node; node = node->next) {
        check_was(context, config, node->children);
        if (node->was.len && node_find(config->nodes, NODE_OUTPUT, node->was))
            diagnose_error(notes(context), node_span(node, "was"),
                           "there still is an output \"%.*s\": its state is its own",
                           STR_ARG(node->was));
    }
}

/* Texts of an input's `path`, a text or a list of them. */
static struct list paths_of(const struct node *node)
{
    const struct setting *row = setting_find(node->plugin.settings, STR("path"));
    if (!row || !node->object)
        return (struct list){0};
    char *at = (char *)node->object + row->offset;
    if (row->kind == SETTING_LIST && row->item == SETTING_TEXT)
        return *(struct list *)(void *)at;
    if (row->kind == SETTING_TEXT)
        return (struct list){.count = 1, .texts = (struct str *)(void *)at};
    return (struct list){0};
}

/* A file that a pattern stands for, or the same text twice. */
static bool is_same_or_inside(struct str a, struct str b)
{
    return str_equal(a, b) || (!glob_is_pattern(a) && glob_matches(b, a)) ||
           (!glob_is_pattern(b) && glob_matches(a, b));
}

static bool share_path(const struct node *a, const struct node *b, struct str *ret)
{
    struct list left = paths_of(a), right = paths_of(b);
    for (size_t i = 0; i < left.count; i++)
        for (size_t j = 0; j < right.count; j++)
            if (left.texts[i].len && is_same_or_inside(left.texts[i], right.texts[j])) {
                *ret = left.texts[i];
                return true;
            }
    return false;
}

static void check_paths(struct context *context, const struct config *config)
{
    for (const struct node *node = config->nodes; node; node = node->next)
        for (const struct node *other = config->nodes; other != node; other = other->next) {
            struct str path;
            if (node->kind != NODE_INPUT || other->kind != NODE_INPUT ||
                node->input != other->input || !share_path(node, other, &path))
                continue;
            struct diagnostic *warning =
                diagnose_warning(notes(context), node_span(node, "path"),
                                 "input \"%.*s\" reads %.*s too: every line comes twice",
                                 STR_ARG(other->label), STR_ARG(path));
            diagnose_hint(notes(context), warning, "one input and two branches read it once");
        }
}

static bool is_keyed_otherwise(const struct node *node)
{
    const struct setting *row = setting_find(node->plugin.settings, STR("key"));
    return row && node->object &&
           *(struct expr *const *)(const void *)((const char *)node->object + row->offset);
}

static bool holds(const struct node *nodes)
{
    for (; nodes; nodes = nodes->next)
        if (nodes->kind == NODE_FILTER && nodes->plugin.holds)
            return true;
    return false;
}

/* Lines without a trace id of their own get it from a sampler, even one of rate 1: without, the
 * partitions of a topic hold parts of traces. */
static void check_whole(struct context *context, const struct node *nodes, bool is_whole)
{
    for (const struct node *node = nodes; node; node = node->next) {
        is_whole |= (node->kind == NODE_FILTER && node->plugin.holds) ||
                    (node->kind == NODE_INPUT && holds(node->children));
        if (node->kind == NODE_BRANCH)
            check_whole(context, node->children, is_whole);
        if (node->kind != NODE_OUTPUT || !node->plugin.keyed_by_trace || is_whole ||
            is_keyed_otherwise(node))
            continue;
        struct diagnostic *warning = diagnose_warning(
            notes(context), node->span,
            "\"%.*s\" is keyed by trace, but no `sample` above it makes traces whole: lines that "
            "do not name their trace go elsewhere",
            STR_ARG(node->label));
        diagnose_hint(notes(context), warning,
                      "filter sample \"whole\" { rate = 1 } drops nothing; or set `key`");
    }
}

void rules_check(struct context *context, struct config *config)
{
    count_nodes(context, config, config->nodes);
    check_labels(context, config, config->nodes);
    check_from(context, config, config->nodes);
    check_ends(context, config);
    check_was(context, config, config->nodes);
    check_paths(context, config);
    check_whole(context, config->nodes, false);
    struct walk walk = {.context = context};
    walk_paths(&walk, config->nodes, STR(""), NULL);
}
