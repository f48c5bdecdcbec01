/* agent/command/foresight.c - what will go wrong with a configuration that is well formed.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/command/foresight.h"

#include "agent/command/layout.h"
#include "agent/config/fill.h"
#include "agent/data/glob.h"
#include "agent/state/glance.h"
#include "agent/weir.h"

enum {
    PAYLOAD_SHARE_MIN =
        256 << 10, /* of an output: below it each request carries a handful of events */
};

/* Calls each() for every block, those inside of others behind them. */
static void nodes_each(const struct node *nodes,
                       void (*each)(void *context, const struct node *node), void *context)
{
    for (const struct node *node = nodes; node; node = node->next) {
        each(context, node);
        nodes_each(node->children, each, context);
    }
}

/* --- memory -------------------------------------------------------------------------------- */

struct sums {
    const struct config *config;
    struct diagnostics *diagnostics;
    unsigned senders, holders;
    const struct node *last_sender;
};

static unsigned long long mib_up(uint64_t bytes)
{
    return (bytes + (1 << 20) - 1) >> 20;
}

static void sum_up(void *context, const struct node *node)
{
    struct sums *sums = context;
    if (node->kind == NODE_FILTER && node->filter->release)
        sums->holders++;
    if (node->kind == NODE_OUTPUT && node->output->endpoint) {
        sums->senders++;
        sums->last_sender = node;
    }
}

static void check_lines(const struct sums *sums, const struct node *node)
{
    const int64_t *line_max = node_setting(node, "line_max", SETTING_SIZE);
    uint64_t share = layout_share(sums->config, LAYOUT_BATCH);
    uint64_t needed = layout_batch_for(node);
    if (needed <= share)
        return;
    struct diagnostic *error =
        diagnose_error(sums->diagnostics, node_span(node, "line_max"),
                       "a line of %llu MiB does not fit into what a batch may take: %llu of the "
                       "agent's %llu MiB",
                       mib_up((uint64_t)*line_max), (unsigned long long)(share >> 20),
                       (unsigned long long)(sums->config->agent.memory_bytes >> 20));
    diagnose_hint(sums->diagnostics, error, "lower it, or write agent { memory = %lluMiB }",
                  mib_up(layout_memory_for(sums->config, LAYOUT_BATCH, needed)));
}

static void check_held(const struct sums *sums, const struct node *node)
{
    const int64_t *trace_max = node_setting(node, "trace_bytes_max", SETTING_SIZE);
    bool is_written = node_span(node, "trace_bytes_max").at != node->span.at;
    uint64_t share = layout_share(sums->config, LAYOUT_HELD) / (sums->holders ? sums->holders : 1);
    if (!trace_max || !is_written || (uint64_t)*trace_max <= share)
        return;
    struct diagnostic *error = diagnose_error(
        sums->diagnostics, node_span(node, "trace_bytes_max"),
        "no trace can grow to %llu MiB: this sampler may hold %llu of the agent's %llu MiB",
        mib_up((uint64_t)*trace_max), (unsigned long long)(share >> 20),
        (unsigned long long)(sums->config->agent.memory_bytes >> 20));
    diagnose_hint(
        sums->diagnostics, error, "lower it, or write agent { memory = %lluMiB }",
        mib_up(layout_memory_for(sums->config, LAYOUT_HELD, (uint64_t)*trace_max * sums->holders)));
}

static void check_node(void *context, const struct node *node)
{
    if (node->kind == NODE_INPUT)
        check_lines(context, node);
    else if (node->kind == NODE_FILTER)
        check_held(context, node);
}

void foresee_memory(const struct config *config, struct diagnostics *diagnostics)
{
    struct sums sums = {.config = config, .diagnostics = diagnostics};
    nodes_each(config->nodes, sum_up, &sums);
    nodes_each(config->nodes, check_node, &sums);
    uint64_t share = layout_share(config, LAYOUT_PAYLOADS);
    if (!sums.senders || share / sums.senders >= PAYLOAD_SHARE_MIN)
        return;
    struct diagnostic *error = diagnose_error(
        diagnostics, sums.last_sender->span,
        "%u outputs share %llu MiB for what they send: that is too little for this one",
        sums.senders, (unsigned long long)(share >> 20));
    diagnose_hint(diagnostics, error, "write agent { memory = %lluMiB }",
                  mib_up(layout_memory_for(config, LAYOUT_PAYLOADS,
                                           (uint64_t)PAYLOAD_SHARE_MIN * sums.senders)));
}

/* --- files --------------------------------------------------------------------------------- */

struct writing { /* an output and the file that it writes */
    const struct config *config;
    struct diagnostics *diagnostics;
    const struct node *node;
    struct str path;
    bool is_behind; /* the output was passed: what comes now stands below it */
};

static struct str written_path(const struct node *node)
{
    const struct str *path = NULL;
    if (node->kind == NODE_OUTPUT && node->output->stream)
        path = node_setting(node, "path", SETTING_TEXT);
    return path ? *path : (struct str){0};
}

static void check_twin(void *context, const struct node *other)
{
    struct writing *writing = context;
    if (other == writing->node)
        writing->is_behind = true;
    else if (writing->is_behind && writing->path.len &&
             str_equal(written_path(other), writing->path))
        diagnose_error(writing->diagnostics, node_span(other, "path"),
                       "output \"%.*s\" writes this file already: give each its own",
                       STR_ARG(writing->node->label));
}

static bool is_excluded(const struct node *input, struct str path)
{
    const struct list *excludes = node_setting(input, "exclude", SETTING_LIST);
    for (size_t i = 0; excludes && i < excludes->count; i++) {
        struct str pattern = excludes->texts[i];
        bool has_slash = str_find(pattern, '/') != SIZE_MAX;
        if (has_slash ? glob_matches(pattern, path)
                      : glob_name_matches(pattern, str_cut_last(path, '/').tail))
            return true;
    }
    return false;
}

static void check_loop(const struct writing *writing, const struct node *input)
{
    const struct list *paths = node_setting(input, "path", SETTING_LIST);
    for (size_t i = 0; paths && i < paths->count; i++) {
        if (!glob_matches(paths->texts[i], writing->path) || is_excluded(input, writing->path))
            continue;
        struct diagnostic *warning =
            diagnose_warning(writing->diagnostics, node_span(writing->node, "path"),
                             "input \"%.*s\" reads this file: every event comes back, without end",
                             STR_ARG(input->label));
        diagnose_hint(writing->diagnostics, warning,
                      "write it to another directory, or leave it out there with `exclude`");
        return;
    }
}

static void check_written(void *context, const struct node *node)
{
    const struct writing *all = context;
    struct writing writing = {.config = all->config,
                              .diagnostics = all->diagnostics,
                              .node = node,
                              .path = written_path(node)};
    if (!writing.path.len)
        return;
    nodes_each(all->config->nodes, check_twin, &writing);
    for (const struct node *input = all->config->nodes; input; input = input->next)
        if (input->kind == NODE_INPUT)
            check_loop(&writing, input);
}

void foresee_files(const struct config *config, struct diagnostics *diagnostics)
{
    struct writing all = {.config = config, .diagnostics = diagnostics};
    nodes_each(config->nodes, check_written, &all);
}

/* --- state --------------------------------------------------------------------------------- */

struct labels { /* of one kind, in the journal and in the configuration */
    const struct glance_label *kept;
    uint32_t count;
    enum node_kind kind;
    struct str wanted;
    const struct node *found;  /* under its label, or taken over by `was` */
    const struct node *newest; /* which the journal does not know */
    unsigned news;
};

static void find_label(void *context, const struct node *node)
{
    struct labels *labels = context;
    if (node->kind == labels->kind &&
        (str_equal(node->label, labels->wanted) || str_equal(node->was, labels->wanted)))
        labels->found = node;
}

static void find_new(void *context, const struct node *node)
{
    struct labels *labels = context;
    bool is_known = node->kind != labels->kind;
    for (uint32_t i = 0; i < labels->count; i++)
        is_known |= str_equal(node->label, str_from(labels->kept[i].text)) ||
                    str_equal(node->was, str_from(labels->kept[i].text));
    if (is_known)
        return;
    labels->newest = node;
    labels->news++;
}

static void warn_output(const struct labels *labels, const struct glance_label *gone,
                        struct diagnostics *diagnostics)
{
    bool is_renamed = labels->news == 1;
    struct diagnostic *warning;
    if (gone->waiting)
        warning = diagnose_warning(
            diagnostics, is_renamed ? labels->newest->span : (struct span){0},
            "output \"%s\" is gone from the configuration, and %llu events still wait for it",
            gone->text, (unsigned long long)gone->waiting);
    else if (is_renamed)
        warning = diagnose_warning(diagnostics, labels->newest->span,
                                   "output \"%s\" is gone from the configuration, and this one is "
                                   "new: it gets what comes from now on",
                                   gone->text);
    else
        return; /* taken out, and nothing waits for it */
    if (is_renamed)
        diagnose_hint(diagnostics, warning,
                      "if this is the same output under another name, write was = \"%s\" in it",
                      gone->text);
    else
        diagnose_hint(diagnostics, warning, "write was = \"%s\" in the output that takes its place",
                      gone->text);
}

static void warn_input(const struct labels *labels, const struct glance_label *gone,
                       struct diagnostics *diagnostics)
{
    if (labels->news != 1)
        return;
    struct diagnostic *warning =
        diagnose_warning(diagnostics, labels->newest->span,
                         "input \"%s\" is gone from the configuration, and this one is new: it "
                         "knows nothing of what that one has read",
                         gone->text);
    diagnose_hint(diagnostics, warning,
                  "if it is the same input, call it \"%s\" again: else its files are read anew",
                  gone->text);
}

static void check_labels(const struct config *config, struct labels *labels,
                         struct diagnostics *diagnostics)
{
    nodes_each(config->nodes, find_new, labels);
    for (uint32_t i = 0; i < labels->count; i++) {
        labels->wanted = str_from(labels->kept[i].text);
        labels->found = NULL;
        nodes_each(config->nodes, find_label, labels);
        if (labels->found)
            continue;
        if (labels->kind == NODE_OUTPUT)
            warn_output(labels, &labels->kept[i], diagnostics);
        else
            warn_input(labels, &labels->kept[i], diagnostics);
    }
}

void foresee_state(const struct config *config, const struct files *files,
                   struct diagnostics *diagnostics)
{
    struct glance glance;
    struct str directory = layout_state(config, diagnostics->arena);
    if (!directory.len || !glance_at(files, directory, &glance))
        return;
    struct labels inputs = {.kept = glance.inputs, .count = glance.input_count, .kind = NODE_INPUT},
                  outputs = {
                      .kept = glance.outputs, .count = glance.output_count, .kind = NODE_OUTPUT};
    check_labels(config, &inputs, diagnostics);
    check_labels(config, &outputs, diagnostics);
}
