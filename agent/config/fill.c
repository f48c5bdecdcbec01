/* agent/config/fill.c - objects from blocks: rows found, defaults, what is required, sub-blocks.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/config/fill.h"

#include "agent/config/known.h"
#include "agent/config/strings.h"
#include "agent/config/term.h"

static struct diagnostics *notes(struct context *context)
{
    return context->diagnostics;
}

const struct setting *setting_find(const struct setting *table, struct str name)
{
    for (; table && table->name; table++)
        if (str_equal(name, str_from(table->name)) ||
            (table->renamed_from && str_equal(name, str_from(table->renamed_from))))
            return table;
    return NULL;
}

static void *member(const struct setting *row, void *object)
{
    return (char *)object + row->offset;
}

/* --- names that are not there ---------------------------------------------------------- */

static struct str near_setting(const struct binding *bindings, size_t count, struct str name)
{
    struct nearest nearest = nearest_to(name);
    for (size_t i = 0; i < count; i++)
        for (const struct setting *row = bindings[i].table; row && row->name; row++)
            nearest_try(&nearest, str_from(row->name));
    return nearest_found(&nearest);
}

static void unknown_setting(struct context *context, const struct syntax_block *block,
                            const struct syntax_setting *setting, struct str near, struct str help)
{
    struct diagnostic *error =
        diagnose_error(notes(context), setting->span, "unknown setting \"%.*s\" in %.*s",
                       STR_ARG(setting->name), STR_ARG(syntax_describe(context, block)));
    struct str all = help.len
                         ? context_format(context, "(all settings: agent help %.*s)", STR_ARG(help))
                         : STR("");
    if (near.len)
        diagnose_hint(notes(context), error, "did you mean \"%.*s\"?%s%.*s", STR_ARG(near),
                      all.len ? " " : "", STR_ARG(all));
    else if (all.len)
        diagnose_hint(notes(context), error, "%.*s", STR_ARG(all));
}

static const struct setting *find_row(const struct binding *bindings, size_t count, struct str name,
                                      void **ret_object)
{
    for (size_t i = 0; i < count; i++) {
        const struct setting *row = setting_find(bindings[i].table, name);
        if (row) {
            *ret_object = bindings[i].object;
            return row;
        }
    }
    return NULL;
}

/* --- written settings ------------------------------------------------------------------ */

static void fill_setting(struct context *context, const struct setting *row,
                         const struct syntax_setting *setting, void *object)
{
    if (!str_equal(setting->name, str_from(row->name))) {
        struct diagnostic *warning = diagnose_warning(
            notes(context), setting->span, "\"%.*s\" has a new name", STR_ARG(setting->name));
        diagnose_hint(notes(context), warning, "write %s", row->name);
    }
    if (row->kind == SETTING_BLOCKS) {
        struct diagnostic *error =
            diagnose_error(notes(context), setting->span, "%s is a block", row->name);
        diagnose_hint(notes(context), error, "write %s { ... }, without \"=\"", row->name);
        return;
    }
    const struct syntax *value = value_resolve(context, setting->value, row, row->kind);
    fill_value(context, row, row->kind, value, member(row, object));
}

static const struct syntax_setting *written(const struct syntax_block *block,
                                            const struct setting *row)
{
    for (const struct syntax_setting *setting = block->settings; setting; setting = setting->next)
        if (str_equal(setting->name, str_from(row->name)) ||
            (row->renamed_from && str_equal(setting->name, str_from(row->renamed_from))))
            return setting;
    return NULL;
}

static void fill_written(struct context *context, const struct syntax_block *block,
                         const struct binding *bindings, size_t count, struct str help)
{
    for (const struct syntax_setting *setting = block->settings; setting; setting = setting->next) {
        void *object = NULL;
        const struct setting *row = find_row(bindings, count, setting->name, &object);
        if (!row) {
            unknown_setting(context, block, setting, near_setting(bindings, count, setting->name),
                            help);
            continue;
        }
        const struct syntax_setting *first = written(block, row);
        if (setting->label.at)
            diagnose_error(notes(context), setting->span, "%s takes no label", row->name);
        if (first != setting) {
            struct diagnostic *error =
                diagnose_error(notes(context), setting->span, "%.*s stands here a second time",
                               STR_ARG(setting->name));
            diagnose_hint(
                notes(context), error, "the first is on line %u%s", span_position(first->span).line,
                row->kind == SETTING_LIST ? "; several values stand in brackets: [a b]" : "");
            continue;
        }
        fill_setting(context, row, setting, object);
    }
}

/* --- sub-blocks
 * ------------------------------------------------------------------------------------------------
 */

static void fill_sub_block(struct context *context, const struct setting *row,
                           const struct syntax_block *block, struct block_value *to)
{
    to->object = context_take(context, row->blocks_size);
    to->label = context_copy(context, block->label);
    to->where = span_where(context->arena, block->span);
    if (row->label_required && !block->has_label) {
        struct diagnostic *error =
            diagnose_error(notes(context), block->span, "%s needs a label", row->name);
        diagnose_hint(notes(context), error, "write %s \"name\" { ... }", row->name);
    }
    if (block->plugin.len)
        diagnose_error(notes(context), block->plugin_span, "%s takes a label in quotes, not a word",
                       row->name);
    struct binding binding = {row->blocks, to->object};
    fill_block(context, block, &binding, 1, STR(""));
}

static bool is_of(const struct syntax_block *block, const struct setting *row)
{
    return row->kind == SETTING_BLOCKS && str_equal(block->kind, str_from(row->name));
}

static void check_labels(struct context *context, const struct syntax_block *block,
                         const struct syntax_block *first)
{
    for (const struct syntax_block *other = first; other != block; other = other->next)
        if (str_equal(other->kind, block->kind) && other->has_label && block->has_label &&
            str_equal(other->label, block->label)) {
            diagnose_error(notes(context), block->label_span,
                           "a second %.*s \"%.*s\" (first on line %u)", STR_ARG(block->kind),
                           STR_ARG(block->label), span_position(other->span).line);
            return;
        }
}

static void fill_blocks(struct context *context, const struct syntax_block *block,
                        const struct setting *row, void *object)
{
    struct blocks *blocks = member(row, object);
    size_t count = 0;
    for (const struct syntax_block *sub = block->blocks; sub; sub = sub->next)
        count += is_of(sub, row);
    blocks->at = context_take(context, (count + 1) * sizeof *blocks->at);
    for (const struct syntax_block *sub = block->blocks; sub; sub = sub->next) {
        if (!is_of(sub, row))
            continue;
        check_labels(context, sub, block->blocks);
        fill_sub_block(context, row, sub, &blocks->at[blocks->count++]);
    }
}

static void unknown_block(struct context *context, const struct syntax_block *outer,
                          const struct syntax_block *block, const struct binding *bindings,
                          size_t count)
{
    void *object;
    const struct setting *row = find_row(bindings, count, block->kind, &object);
    if (row) {
        struct diagnostic *error =
            diagnose_error(notes(context), block->kind_span, "%s is a setting", row->name);
        diagnose_hint(notes(context), error, "\"=\" is missing: %s = { ... }", row->name);
        return;
    }
    struct diagnostic *error =
        diagnose_error(notes(context), block->kind_span, "unknown block \"%.*s\" in %.*s",
                       STR_ARG(block->kind), STR_ARG(syntax_describe(context, outer)));
    struct nearest nearest = nearest_to(block->kind);
    for (size_t i = 0; i < count; i++)
        for (row = bindings[i].table; row && row->name; row++)
            if (row->kind == SETTING_BLOCKS)
                nearest_try(&nearest, str_from(row->name));
    nearest_try(&nearest, known_kind_nearest(block->kind));
    struct str near = nearest_found(&nearest);
    if (near.len)
        diagnose_hint(notes(context), error, "did you mean \"%.*s\"?", STR_ARG(near));
}

static void check_blocks(struct context *context, const struct syntax_block *block,
                         const struct binding *bindings, size_t count)
{
    for (const struct syntax_block *sub = block->blocks; sub; sub = sub->next) {
        bool is_known = known_kind(sub->kind);
        for (size_t i = 0; i < count && !is_known; i++)
            for (const struct setting *row = bindings[i].table; row && row->name; row++)
                is_known |= is_of(sub, row);
        if (!is_known)
            unknown_block(context, block, sub, bindings, count);
    }
}

/* --- the whole block ------------------------------------------------------------------- */

static void missing_setting(struct context *context, const struct syntax_block *block,
                            const struct setting *row)
{
    struct diagnostic *error = diagnose_error(
        notes(context), block->span, "%.*s needs %s%s", STR_ARG(syntax_describe(context, block)),
        row->kind == SETTING_BLOCKS ? "a block " : "", row->name);
    diagnose_hint(notes(context), error, "%s: %s", row->name, row->help ? row->help : "");
}

/* A setting that no table has and that is nearly this one: it was told what it should be called. */
static bool is_misspelt(const struct syntax_block *block, const struct setting *table,
                        const struct setting *row)
{
    for (const struct syntax_setting *setting = block->settings; setting; setting = setting->next) {
        struct nearest nearest = nearest_to(setting->name);
        nearest_try(&nearest, str_from(row->name));
        if (nearest_found(&nearest).len && !setting_find(table, setting->name))
            return true;
    }
    return false;
}

static void fill_rest(struct context *context, const struct syntax_block *block,
                      const struct setting *row, const struct binding *binding)
{
    void *object = binding->object;
    if (row->kind == SETTING_BLOCKS) {
        fill_blocks(context, block, row, object);
        if (row->required && ((struct blocks *)member(row, object))->count == 0)
            missing_setting(context, block, row);
        return;
    }
    if (written(block, row))
        return;
    if (row->required && !is_misspelt(block, binding->table, row))
        missing_setting(context, block, row);
    else if (row->def)
        fill_text(context, row, row->def, member(row, object));
}

/* `missing = "none"` is what the templates of its own block write: known before they are compiled.
 */
static struct str missing_text(const struct syntax_block *block, const struct binding *binding)
{
    const struct setting *row = setting_find(binding->table, STR("missing"));
    if (!row || row->kind != SETTING_TEXT)
        return STR("");
    const struct syntax_setting *setting = written(block, row);
    if (setting && setting->value->kind == SYNTAX_TEXT)
        return setting->value->text;
    struct str text = str_from(row->def); /* with or without quotes */
    bool is_quoted = text.len >= 2 && *text.at == '"';
    return is_quoted ? str_slice(text, 1, text.len - 2) : text;
}

void fill_block(struct context *context, const struct syntax_block *block,
                const struct binding *bindings, size_t count, struct str help)
{
    struct str outer = context->missing;
    context->missing = missing_text(block, &bindings[0]);
    fill_written(context, block, bindings, count, help);
    check_blocks(context, block, bindings, count);
    for (size_t i = 0; i < count; i++)
        for (const struct setting *row = bindings[i].table; row && row->name; row++)
            fill_rest(context, block, row, &bindings[i]);
    context->missing = outer;
}
