/* agent/command/manual.c - a plugin's manual from its settings table.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/command/manual.h"

enum { TEXT_WIDTH = 100, HELP_INDENT = 4 };

static const char *kind_word(enum setting_kind kind)
{
    static const char *const words[] = {
        [SETTING_NONE] = "",
        [SETTING_TEXT] = "text",
        [SETTING_NUMBER] = "number",
        [SETTING_FLOAT] = "number",
        [SETTING_DURATION] = "duration",
        [SETTING_SIZE] = "size",
        [SETTING_BOOL] = "true or false",
        [SETTING_CHOICE] = "word",
        [SETTING_FIELD] = "field",
        [SETTING_EXPR] = "expression",
        [SETTING_TEMPLATE] = "template",
        [SETTING_LIST] = "list",
        [SETTING_MAP] = "map",
        [SETTING_SECRET] = "secret",
        [SETTING_BLOCKS] = "block",
    };
    return words[kind];
}

static void add(struct buffer *to, const char *text)
{
    buffer_add(to, str_from(text));
}

static void add_choices(struct buffer *to, const struct choice *choices)
{
    for (size_t i = 0; choices[i].word; i++) {
        add(to, i == 0 ? "" : choices[i + 1].word ? ", " : " or ");
        add(to, choices[i].word);
    }
}

static void add_kind(struct buffer *to, const struct setting *row)
{
    bool is_map = row->kind == SETTING_MAP;
    if (row->kind == SETTING_CHOICE) {
        add_choices(to, row->choices);
        return;
    }
    add(to, kind_word(row->kind));
    if (is_map && row->key_is_field)
        add(to, " of fields");
    if (row->kind != SETTING_LIST && !is_map)
        return;
    add(to, is_map ? " to " : " of ");
    if (row->item == SETTING_CHOICE)
        add_choices(to, row->choices);
    else
        add(to, kind_word(row->item));
    if (!is_map && row->item != SETTING_TEXT && row->item != SETTING_CHOICE)
        add(to, "s");
}

void manual_values(struct buffer *to, const struct setting *row)
{
    add_kind(to, row);
    if (row->min && row->max)
        buffer_format(to, ", %s to %s", row->min, row->max);
    else if (row->min || row->max)
        buffer_format(to, ", %s %s", row->min ? "at least" : "at most",
                      row->min ? row->min : row->max);
    if (row->required)
        add(to, ", required");
    else if (row->def && *row->def)
        buffer_format(to, ", default %s", row->def);
}

/* --- examples
 * ------------------------------------------------------------------------------------- */

/* An example is the value; some tables write the setting's name too. */
static void add_example(struct buffer *to, const struct setting *row)
{
    static const char *const values[] = {
        [SETTING_TEXT] = "\"...\"",
        [SETTING_NUMBER] = "1",
        [SETTING_FLOAT] = "1",
        [SETTING_DURATION] = "5s",
        [SETTING_SIZE] = "1MiB",
        [SETTING_BOOL] = "true",
        [SETTING_FIELD] = "service.name",
        [SETTING_EXPR] = "error",
        [SETTING_TEMPLATE] = "\"{service.name}\"",
        [SETTING_LIST] = "[...]",
        [SETTING_MAP] = "{ ... }",
        [SETTING_SECRET] = "env(\"NAME\")",
        [SETTING_BLOCKS] = "{ ... }",
    };
    struct str example = str_from(row->example);
    struct str name = str_from(row->name);
    struct str rest = str_trim(str_skip(example, name.len));
    bool is_whole =
        str_starts(example, name) && rest.len && (rest.at[0] == '=' || rest.at[0] == '{');
    if (is_whole) {
        buffer_add(to, example);
        return;
    }
    buffer_add(to, name);
    add(to, row->kind == SETTING_BLOCKS ? " " : " = ");
    if (example.len)
        buffer_add(to, example);
    else
        add(to, row->kind == SETTING_CHOICE ? row->choices[0].word : values[row->kind]);
}

/* The smallest block that works. */
static void add_smallest(struct buffer *to, const struct manual *manual)
{
    if (manual->is_agent)
        add(to, "agent {");
    else
        buffer_format(to, "%s %s {", node_kind_name(manual->kind), manual->name);
    for (const struct setting *row = manual->settings; row && row->name; row++) {
        if (!row->required)
            continue;
        add(to, " ");
        add_example(to, row);
    }
    add(to, manual->when_required ? " when = error }\n" : " }\n");
}

/* --- the terminal
 * -------------------------------------------------------------------------------------- */

static void add_wrapped(struct buffer *to, struct str text, size_t indent)
{
    size_t column = 0;
    while (text.len) {
        struct cut cut = str_cut(text, ' ');
        if (column && column + 1 + cut.head.len > TEXT_WIDTH) {
            buffer_byte(to, '\n');
            column = 0;
        }
        for (size_t i = 0; i < indent && column == 0; i++)
            buffer_byte(to, ' ');
        if (column)
            buffer_byte(to, ' ');
        column = column ? column + 1 + cut.head.len : indent + cut.head.len;
        buffer_add(to, cut.head);
        text = cut.tail;
    }
    buffer_byte(to, '\n');
}

static void print_table(struct buffer *to, const struct setting *table, size_t indent)
{
    for (const struct setting *row = table; row && row->name; row++) {
        for (size_t i = 0; i < indent; i++)
            buffer_byte(to, ' ');
        buffer_format(to, "%s  (", row->name);
        manual_values(to, row);
        add(to, ")\n");
        add_wrapped(to, str_from(row->help), indent + HELP_INDENT);
        if (row->example) {
            for (size_t i = 0; i < indent + HELP_INDENT; i++)
                buffer_byte(to, ' ');
            add(to, "such as ");
            add_example(to, row);
            add(to, "\n");
        }
        if (row->kind == SETTING_BLOCKS)
            print_table(to, row->blocks, indent + HELP_INDENT);
    }
}

void manual_print(struct buffer *to, const struct manual *manual)
{
    if (manual->is_agent)
        buffer_format(to, "agent: %s\n\n    ", manual->summary);
    else
        buffer_format(to, "%s %s: %s\n\n    ", node_kind_name(manual->kind), manual->name,
                      manual->summary);
    add_smallest(to, manual);
    add(to, "\n");
    print_table(to, manual->settings, 0);
    if (!manual->is_agent)
        print_table(to, common_settings(manual->kind), 0);
    if (manual->delivers)
        print_table(to, keeping_settings(), 0);
}

/* --- Markdown
 * -------------------------------------------------------------------------------------------- */

/* A cell of a table: a bar would end it. */
static void add_cell(struct buffer *to, struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] == '|')
            buffer_byte(to, '\\');
        buffer_byte(to, text.at[i]);
    }
}

static void add_code(struct buffer *to, const char *text)
{
    if (!text || !*text)
        return;
    buffer_byte(to, '`');
    add_cell(to, str_from(text));
    buffer_byte(to, '`');
}

static void add_range(struct buffer *to, const struct setting *row)
{
    if (row->min)
        buffer_format(to, ", %s`%s`", row->max ? "" : "at least ", row->min);
    if (row->max)
        buffer_format(to, "%s`%s`", row->min ? " to " : ", at most ", row->max);
}

static void markdown_table(struct buffer *to, const struct setting *table)
{
    add(to, "| setting | value | default | |\n| --- | --- | --- | --- |\n");
    for (const struct setting *row = table; row && row->name; row++) {
        buffer_format(to, "| `%s` | ", row->name);
        add_kind(to, row);
        add_range(to, row);
        add(to, " | ");
        if (row->required)
            add(to, "required");
        else
            add_code(to, row->def);
        add(to, " | ");
        add_cell(to, str_from(row->help));
        if (row->example) {
            add(to, " Such as `");
            add_example(to, row);
            add(to, "`.");
        }
        add(to, " |\n");
    }
}

static void markdown_blocks(struct buffer *to, const struct setting *table)
{
    for (const struct setting *row = table; row && row->name; row++) {
        if (row->kind != SETTING_BLOCKS)
            continue;
        buffer_format(to, "\nInside of `%s%s { }`:\n\n", row->name,
                      row->label_required ? " \"label\"" : "");
        markdown_table(to, row->blocks);
        markdown_blocks(to, row->blocks);
    }
}

void manual_markdown(struct buffer *to, const struct manual *manual)
{
    buffer_format(to, "\n## %s\n\n%s\n\n```\n", manual->name, manual->summary);
    add_smallest(to, manual);
    add(to, "```\n");
    if (!manual->settings || !manual->settings->name)
        return;
    add(to, "\n");
    markdown_table(to, manual->settings);
    markdown_blocks(to, manual->settings);
}

void manual_common_markdown(struct buffer *to, enum node_kind kind)
{
    const struct setting *table = common_settings(kind);
    if (!table)
        return;
    buffer_format(to, "\n## On every %s\n\n", node_kind_name(kind));
    markdown_table(to, table);
    if (kind != NODE_OUTPUT)
        return;
    add(to, "\n## On every output that delivers over the network\n\n");
    markdown_table(to, keeping_settings());
    markdown_blocks(to, keeping_settings());
}
