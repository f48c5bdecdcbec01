/* agent/config/loader.c - reads the sources, follows includes, and runs the steps in order.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <string.h>
#include <xxhash.h>

#include "agent/config/outside.h"
#include "agent/config/term.h"
#include "agent/config/tree.h"
#include "agent/data/glob.h"
#include "agent/limits.h"
#include "agent/ports/files.h"

/* --- include --------------------------------------------------------------------------- */

static void include_one(struct syntax_file *file, struct include include, const char *path)
{
    struct context *context = file->context;
    struct str text;
    struct why why;
    for (const struct syntax_file *outer = file; outer; outer = outer->outer)
        if (strcmp(outer->source->name, path) == 0) {
            diagnose_error(context->diagnostics, include.span, "%s includes itself", path);
            return;
        }
    if (file->depth == INCLUDE_DEPTH_MAX) {
        diagnose_error(context->diagnostics, include.span, "files are included more than %d deep",
                       INCLUDE_DEPTH_MAX);
        return;
    }
    if (outside_read(context, path, &text, &why) != OK) {
        struct diagnostic *error =
            diagnose_error(context->diagnostics, include.span, "%s %s", path, why.text);
        if (!str_starts(include.path, STR("/")))
            diagnose_hint(context->diagnostics, error,
                          "a path is seen from the file that includes it");
        return;
    }
    struct syntax_file inner = *file;
    inner.outer = file;
    inner.depth = file->depth + 1;
    inner.source = source_add(context->diagnostics, path, text);
    if (!inner.source)
        longjmp(context->full, 1);
    context->diagnostics->files++;
    parse_file(&inner);
    file->blocks_end = inner.blocks_end;
}

struct found_name {
    const char *name;
    struct found_name *next;
};

struct listing {
    struct context *context;
    struct str pattern;
    struct found_name *names; /* sorted */
};

static bool keep_match(void *opaque, const char *name)
{
    struct listing *listing = opaque;
    if (!glob_name_matches(listing->pattern, str_from(name)))
        return true;
    struct found_name *found = arena_take(listing->context->arena, sizeof *found);
    struct str copy = arena_copy(listing->context->arena, (struct str){name, strlen(name) + 1});
    if (!found || !copy.at)
        return false; /* what comes next will not fit either, and says so */
    struct found_name **place = &listing->names;
    while (*place && strcmp((*place)->name, name) < 0)
        place = &(*place)->next;
    *found = (struct found_name){copy.at, *place};
    *place = found;
    return true;
}

/* Wildcards stand in the last part only; what matches is read in the order of its bytes. */
static void include_matches(struct syntax_file *file, struct include include, const char *path)
{
    struct context *context = file->context;
    const struct files *files = context->options->files;
    struct cut cut = str_cut_last(str_from(path), '/');
    struct str directory = cut.found ? cut.head : STR(".");
    struct listing listing = {.context = context};
    listing.pattern = cut.found ? cut.tail : str_from(path);
    if (glob_is_pattern(directory)) {
        diagnose_error(context->diagnostics, include.span,
                       "wildcards stand in the last part of a path only");
        return;
    }
    const char *z = context_copy(context, directory.len ? directory : STR("/")).at;
    int error = files ? files->list(files->self, z, keep_match, &listing) : 0;
    if (error) {
        diagnose_error(context->diagnostics, include.span, "%s cannot be listed: %s", z,
                       strerror(error));
        return;
    }
    for (const struct found_name *found = listing.names; found; found = found->next)
        include_one(file, include,
                    cut.found
                        ? context_format(context, "%.*s/%s", STR_ARG(cut.head), found->name).at
                        : found->name);
}

static void include_path(struct syntax_file *file, struct include include)
{
    const char *path = outside_path(file->context, file->source->name, include.path);
    if (glob_is_pattern(str_from(path)))
        include_matches(file, include, path);
    else
        include_one(file, include, path);
}

/* --- the sources ----------------------------------------------------------------------- */

static bool read_source(struct context *context, const struct config_source *source,
                        struct syntax_block ***blocks_end)
{
    struct str text = source->text;
    struct why why;
    if (!text.at && outside_read(context, source->name, &text, &why) != OK) {
        diagnose_error(context->diagnostics, (struct span){0}, "%s %s", source->name, why.text);
        return false;
    }
    struct syntax_file file = {
        .context = context, .include = include_path, .blocks_end = *blocks_end};
    file.source = source_add(context->diagnostics, source->name, text);
    if (!file.source)
        longjmp(context->full, 1);
    context->diagnostics->files++;
    parse_file(&file);
    *blocks_end = file.blocks_end;
    return true;
}

static uint64_t hash_of(const struct diagnostics *diagnostics)
{
    uint64_t hash = 0;
    for (const struct source_text *at = diagnostics->sources; at; at = at->next)
        hash = XXH3_64bits_withSeed(at->text.at, at->text.len, hash);
    return hash;
}

static struct config *load(struct context *context)
{
    struct syntax_block *blocks = NULL, **blocks_end = &blocks;
    bool all_read = true;
    for (size_t i = 0; i < context->options->source_count; i++)
        all_read &= read_source(context, &context->options->sources[i], &blocks_end);
    bool was_parsed = all_read && context->diagnostics->errors == 0;
    uint64_t hash = hash_of(context->diagnostics);
    lets_check(context);
    struct config *config = tree_build(context, blocks);
    config->hash = hash;
    /* What is broken in form may lack the very block that a rule asks for. */
    if (was_parsed) {
        rules_check(context, config);
        tests_check(context, config);
    }
    return config;
}

/* Null: the arena was full. */
static struct config *load_guarded(struct context *context)
{
    if (setjmp(context->full) != 0)
        return NULL;
    return load(context);
}

enum code config_load(const struct config_options *options, struct arena *arena,
                      struct diagnostics *diagnostics, struct config **ret, struct why *why)
{
    struct context context = {
        .arena = arena, .diagnostics = diagnostics, .options = options, .names = options->names};
    struct config *config = load_guarded(&context);
    if (config && diagnostics->errors == 0) {
        config->regexes = context.regexes;
        config->unsets = context.unsets;
        *ret = config;
        return OK;
    }
    regex_free(context.regexes);
    if (!config)
        return fail(why, OVER_LIMIT, "the configuration needs more than %zu bytes of memory",
                    arena->max);
    return fail(why, BAD_CONFIG, "the configuration has %u mistakes", diagnostics->errors);
}

void config_close(struct config *config)
{
    regex_free(config->regexes);
    config->regexes = NULL;
}

/* --- an expression on its own ---------------------------------------------------------- */

static struct expr *expr_guarded(struct context *context, struct str text)
{
    if (setjmp(context->full) != 0)
        return NULL;
    struct source_text *source = source_add(context->diagnostics, "expression", text);
    if (!source)
        return NULL;
    const struct syntax *value = parse_value_text(context, source);
    if (context->diagnostics->errors)
        return NULL;
    return expr_compile(context, value, (struct expr_wanted){.condition = true});
}

struct expr *expr_from_text(struct str text, struct names *names, struct diagnostics *diagnostics)
{
    static const struct config_options none = {0};
    struct context context = {
        .arena = diagnostics->arena, .diagnostics = diagnostics, .options = &none, .names = names};
    struct expr *expr = expr_guarded(&context, text);
    if (expr)
        expr->regexes = context.regexes;
    else
        regex_free(context.regexes);
    return expr;
}

/* --- a setting taken back -------------------------------------------------------------- */

static size_t member_size(enum setting_kind kind)
{
    switch (kind) {
    case SETTING_TEXT:
    case SETTING_SECRET:
        return sizeof(struct str);
    case SETTING_NUMBER:
    case SETTING_DURATION:
    case SETTING_SIZE:
        return sizeof(int64_t);
    case SETTING_FLOAT:
        return sizeof(double);
    case SETTING_BOOL:
        return sizeof(bool);
    case SETTING_CHOICE:
        return sizeof(int);
    case SETTING_FIELD:
    case SETTING_EXPR:
    case SETTING_TEMPLATE:
        return sizeof(void *);
    case SETTING_LIST:
        return sizeof(struct list);
    case SETTING_MAP:
        return sizeof(struct map);
    case SETTING_BLOCKS:
    case SETTING_NONE:
        break;
    }
    return 0;
}

bool setting_reset(const struct setting *row, void *object, struct names *names,
                   struct diagnostics *diagnostics)
{
    static const struct config_options none = {0};
    struct context context = {
        .arena = diagnostics->arena, .diagnostics = diagnostics, .options = &none, .names = names};
    void *member = (char *)object + row->offset;
    if (row->required || row->kind == SETTING_BLOCKS || setjmp(context.full) != 0)
        return false;
    memset(member, 0, member_size(row->kind));
    return !row->def || fill_text(&context, row, row->def, member);
}

void expr_close(struct expr *expr)
{
    regex_free(expr->regexes);
    expr->regexes = NULL;
}
