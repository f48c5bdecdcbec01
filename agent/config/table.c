/* agent/config/table.c - looks at settings tables themselves, and at the secrets in what they
 * filled. SPDX-License-Identifier: Apache-2.0
 */
#include "agent/config/fill.h"
#include "agent/limits.h"

enum { CHECK_BYTES_MAX = 8 << 20 };

struct checker {
    struct context context;
    const struct config_options options;
    struct why *why;
};

static enum code check_table(struct checker *checker, const struct setting *table, bool is_top);

static bool is_name(const char *name)
{
    size_t len = 0;
    for (; name[len]; len++)
        if (!((name[len] >= 'a' && name[len] <= 'z') || name[len] == '_' ||
              (len && name[len] >= '0' && name[len] <= '9')))
            return false;
    return len > 0;
}

/* What the engine reads itself, on any filter, branch or output. */
static bool is_reserved(struct str name)
{
    return str_equal(name, STR("when")) || str_equal(name, STR("from")) ||
           str_equal(name, STR("was")) || str_equal(name, STR("queue")) ||
           str_equal(name, STR("dead_letters"));
}

static enum code check_words(struct checker *checker, const struct setting *row)
{
    struct why *why = checker->why;
    struct str name = str_from(row->name);
    if (!is_name(row->name))
        return fail(why, BAD_CONFIG, "the setting '%s' is not lower-case letters, digits and _",
                    row->name);
    if (str_ends(name, STR("_ns")) || str_ends(name, STR("_ms")) || str_ends(name, STR("_bytes")))
        return fail(why, BAD_CONFIG, "the setting '%s' says a unit; its values do", row->name);
    if (!row->help || !str_ends(str_from(row->help), STR(".")))
        return fail(why, BAD_CONFIG, "the help of '%s' does not end with a full stop", row->name);
    if (row->required && row->def)
        return fail(why, BAD_CONFIG, "'%s' is required and has a default", row->name);
    return OK;
}

static enum code check_kind(struct checker *checker, const struct setting *row)
{
    bool has_choices = row->choices && row->choices[0].word;
    bool wants_item = row->kind == SETTING_LIST || row->kind == SETTING_MAP;
    if (row->kind == SETTING_NONE || row->kind > SETTING_BLOCKS)
        return fail(checker->why, BAD_CONFIG, "'%s' has no kind", row->name);
    if ((row->kind == SETTING_CHOICE || row->item == SETTING_CHOICE) && !has_choices)
        return fail(checker->why, BAD_CONFIG, "'%s' has no choices", row->name);
    if (wants_item && (row->item == SETTING_NONE || row->item >= SETTING_LIST) &&
        row->item != SETTING_SECRET)
        return fail(checker->why, BAD_CONFIG, "'%s' has no items of a kind", row->name);
    if (row->kind == SETTING_BLOCKS && (!row->blocks || !row->blocks_size))
        return fail(checker->why, BAD_CONFIG, "'%s' has no table of its blocks", row->name);
    return row->kind == SETTING_BLOCKS ? check_table(checker, row->blocks, false) : OK;
}

/* A written value that must parse as the row's own kind. */
static enum code check_written(struct checker *checker, const struct setting *row, const char *text,
                               const char *what)
{
    union { /* room for a value of any kind */
        struct map map;
        struct str text;
        double real;
    } value;
    unsigned before = checker->context.diagnostics->errors;
    struct setting bare = *row;
    if (row->kind == SETTING_EXPR)
        bare.min = bare.max = NULL;
    if (!text || (fill_text(&checker->context, &bare, text, &value) &&
                  checker->context.diagnostics->errors == before))
        return OK;
    return fail(checker->why, BAD_CONFIG, "the %s of '%s', %s, is no value it takes", what,
                row->name, text);
}

static enum code check_values(struct checker *checker, const struct setting *row)
{
    struct setting bare = *row;
    bare.min = bare.max = NULL;
    if (row->kind == SETTING_LIST)
        bare.kind = row->item;
    enum code code = check_written(checker, row, row->def, "default");
    if (code == OK)
        code = check_written(checker, &bare, row->min, "minimum");
    return code == OK ? check_written(checker, &bare, row->max, "maximum") : code;
}

static enum code check_row(struct checker *checker, const struct setting *table,
                           const struct setting *row, bool is_top)
{
    for (const struct setting *other = table; other != row; other++)
        if (str_equal(str_from(other->name), str_from(row->name)))
            return fail(checker->why, BAD_CONFIG, "the setting '%s' stands in its table twice",
                        row->name);
    if (is_top && is_reserved(str_from(row->name)))
        return fail(checker->why, BAD_CONFIG, "'%s' is a setting of the engine", row->name);
    enum code code = check_words(checker, row);
    if (code == OK)
        code = check_kind(checker, row);
    return code == OK ? check_values(checker, row) : code;
}

static enum code check_table(struct checker *checker, const struct setting *table, bool is_top)
{
    enum code code = OK;
    for (const struct setting *row = table; row && row->name && code == OK; row++)
        code = check_row(checker, table, row, is_top);
    return code;
}

static enum code check_guarded(struct checker *checker, const struct setting *table)
{
    if (setjmp(checker->context.full) != 0)
        return fail(checker->why, OVER_LIMIT,
                    "a settings table needs more than %d bytes to be checked", CHECK_BYTES_MAX);
    return check_table(checker, table, true);
}

enum code settings_check(const struct setting *table, struct why *why)
{
    struct arena arena;
    struct diagnostics diagnostics;
    arena_init(&arena, 64 * 1024, CHECK_BYTES_MAX);
    diagnostics_init(&diagnostics, &arena);
    struct checker checker = {.why = why};
    checker.context = (struct context){
        .arena = &arena,
        .diagnostics = &diagnostics,
        .options = &checker.options,
        .names = names_make(&arena),
    };
    enum code code = checker.context.names ? check_guarded(&checker, table)
                                           : fail(why, OVER_LIMIT, "there is no memory left");
    arena_clear(&arena);
    return code;
}

static void say_secrets(const struct setting *row, const char *at,
                        void (*each)(void *context, struct str secret), void *context)
{
    if (row->kind == SETTING_TEXT || row->kind == SETTING_SECRET) {
        each(context, *(const struct str *)(const void *)at);
    } else if (row->kind == SETTING_LIST) {
        const struct list *list = (const void *)at;
        for (size_t i = 0; i < list->count; i++)
            each(context, list->texts[i]);
    } else if (row->kind == SETTING_MAP) {
        const struct map *map = (const void *)at;
        for (size_t i = 0; i < map->count; i++)
            each(context, map->texts[i]);
    }
}

void settings_secrets(const struct setting *table, const void *object,
                      void (*each)(void *context, struct str secret), void *context)
{
    for (const struct setting *row = table; row && row->name; row++) {
        const char *at = (const char *)object + row->offset;
        if (row->secret || row->item == SETTING_SECRET)
            say_secrets(row, at, each, context);
        if (row->kind != SETTING_BLOCKS)
            continue;
        const struct blocks *blocks = (const void *)at;
        for (size_t i = 0; i < blocks->count; i++)
            settings_secrets(row->blocks, blocks->at[i].object, each, context);
    }
}
