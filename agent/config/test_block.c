/* agent/config/test_block.c - test blocks: raw lines given, what must come of them.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/config/tree.h"

static const struct choice chances[] = {
    {"hash", CHANCE_HASH}, {"keep", CHANCE_KEEP}, {"drop", CHANCE_DROP}, {0}};

static const struct setting expect_settings[] = {
    BOOL_SETTING(struct test_expect, kept, .def = "true",
                 .help = "Whether the events come out there."),
    TEXT_SETTING(struct test_expect, reason, .example = "\"errors\"", .help = "Why they are kept."),
    TEXT_SETTING(struct test_expect, rule, .example = "\"errors\"",
                 .help = "Label of the rule that kept them."),
    EXPR_SETTING(struct test_expect, weight, .min = "1", .example = "10",
                 .help = "How many events each of them stands for."),
    MAP_SETTING(struct test_expect, fields, SETTING_EXPR, .key_is_field = true,
                .example = "{ http.response.status_code = 400 }",
                .help = "Fields and their values."),
    {0},
};

struct test_settings {
    int chance;
    struct blocks expect;
};

static const struct setting test_settings[] = {
    CHOICE_SETTING(
        struct test_settings, chance, chances, .def = "hash",
        .help =
            "What the 1-in-N dice say: as the trace's hash has it, always keep, or always drop."),
    BLOCKS_SETTING(struct test_settings, expect, expect_settings, struct test_expect,
                   .required = true, .label_required = true,
                   .help = "An output and what must come out of it."),
    {0},
};

static struct test_given *take_given(struct context *context, const struct syntax_setting *setting)
{
    struct test_given *given = context_take(context, sizeof *given);
    given->input = context_copy(context, setting->label);
    given->where = span_where(context->arena, setting->span);
    if (!setting->label.at) {
        struct diagnostic *error = diagnose_error(context->diagnostics, setting->span,
                                                  "which input is given these lines?");
        diagnose_hint(context->diagnostics, error, "write given \"label\" = <<END ... END");
    }
    static const struct setting lines = {.name = "given", .kind = SETTING_TEXT};
    fill_value(context, &lines, SETTING_TEXT, setting->value, &given->lines);
    return given;
}

/* `given "input" = ...` may stand there many times: no setting of a table. */
static struct test_given *take_givens(struct context *context, struct syntax_block *block)
{
    struct test_given *givens = NULL, **end = &givens;
    struct syntax_setting **link = &block->settings;
    while (*link) {
        if (!str_equal((*link)->name, STR("given"))) {
            link = &(*link)->next;
            continue;
        }
        *end = take_given(context, *link);
        end = &(*end)->next;
        *link = (*link)->next;
    }
    return givens;
}

struct test *test_build(struct context *context, struct syntax_block *block)
{
    struct test *test = context_take(context, sizeof *test);
    struct test_settings settings = {0};
    test->name = context_copy(context, block->label);
    test->where = span_where(context->arena, block->span);
    if (!block->has_label) {
        struct diagnostic *error =
            diagnose_error(context->diagnostics, block->span, "a test needs a name");
        diagnose_hint(context->diagnostics, error, "write test \"what must hold\" { ... }");
    }
    test->givens = take_givens(context, block);
    if (!test->givens) {
        struct diagnostic *error =
            diagnose_error(context->diagnostics, block->span, "a test needs lines");
        diagnose_hint(context->diagnostics, error,
                      "write given \"label of an input\" = <<END ... END");
    }
    struct binding binding = {test_settings, &settings};
    fill_block(context, block, &binding, 1, STR(""));
    test->chance = settings.chance;
    struct test_expect **end = &test->expects;
    for (size_t i = 0; i < settings.expect.count; i++) {
        *end = settings.expect.at[i].object;
        (*end)->output = settings.expect.at[i].label;
        (*end)->where = settings.expect.at[i].where;
        end = &(*end)->next;
    }
    test->span = block->span;
    return test;
}

static void check_label(struct context *context, const struct config *config,
                        const struct test *test, enum node_kind kind, struct str label)
{
    if (label.len == 0 || node_find(config->nodes, kind, label))
        return;
    const char *word = kind == NODE_INPUT ? "input" : "output";
    struct diagnostic *error = diagnose_error(context->diagnostics, test->span,
                                              "there is no %s \"%.*s\"", word, STR_ARG(label));
    struct str near = node_near(config->nodes, kind, label);
    if (near.len)
        diagnose_hint(context->diagnostics, error, "did you mean \"%.*s\"?", STR_ARG(near));
}

void tests_check(struct context *context, const struct config *config)
{
    for (const struct test *test = config->tests; test; test = test->next) {
        for (const struct test_given *given = test->givens; given; given = given->next)
            check_label(context, config, test, NODE_INPUT, given->input);
        for (const struct test_expect *expect = test->expects; expect; expect = expect->next)
            check_label(context, config, test, NODE_OUTPUT, expect->output);
    }
}
