/* agent/config/fill_value.c - one written value into one member, by the setting's kind.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/config/fill.h"
#include "agent/config/strings.h"
#include "agent/config/term.h"

static struct diagnostics *notes(struct context *context)
{
    return context->diagnostics;
}

static const char *kind_name(enum setting_kind kind)
{
    static const char *const names[] = {
        [SETTING_NONE] = "nothing",
        [SETTING_TEXT] = "text in quotes",
        [SETTING_NUMBER] = "a whole number",
        [SETTING_FLOAT] = "a number",
        [SETTING_DURATION] = "a duration such as 5s",
        [SETTING_SIZE] = "a size such as 64KiB",
        [SETTING_BOOL] = "true or false",
        [SETTING_CHOICE] = "one of its words",
        [SETTING_FIELD] = "a field",
        [SETTING_EXPR] = "an expression",
        [SETTING_TEMPLATE] = "text in quotes",
        [SETTING_LIST] = "a list",
        [SETTING_MAP] = "a map { name = value ... }",
        [SETTING_SECRET] = "text in quotes",
        [SETTING_BLOCKS] = "blocks",
    };
    return names[kind];
}

/* "timeout takes a duration such as 5s": and the hint that the value itself suggests. */
static bool wrong_kind(struct context *context, const struct setting *row, enum setting_kind kind,
                       const struct syntax *value)
{
    if (value->kind == SYNTAX_BROKEN)
        return false;
    struct diagnostic *error =
        diagnose_error(notes(context), value->span, "%s takes %s", row->name, kind_name(kind));
    struct str text = str_slice(span_text(value->span), 0, 80);
    bool wants_text = kind == SETTING_TEXT || kind == SETTING_SECRET || kind == SETTING_TEMPLATE;
    if (value->from_outside)
        return false;
    if (wants_text && (row->secret || kind == SETTING_SECRET))
        diagnose_hint(notes(context), error, "one text in quotes stands here");
    else if (wants_text && value->kind == SYNTAX_LIST)
        diagnose_hint(notes(context), error, "only one value stands here, without brackets");
    else if (wants_text && value->kind != SYNTAX_MAP)
        diagnose_hint(notes(context), error, "text needs quotes: \"%.*s\"", STR_ARG(text));
    else if (value->kind == SYNTAX_TEXT && kind != SETTING_MAP)
        diagnose_hint(notes(context), error, "write it without quotes: %.*s", STR_ARG(value->text));
    else if (kind == SETTING_MAP && value->kind == SYNTAX_LIST)
        diagnose_hint(notes(context), error, "a map stands in braces: %s = { ... }", row->name);
    return false;
}

/* --- texts and words ------------------------------------------------------------------- */

static bool is_choice(const struct setting *row, struct str word)
{
    for (const struct choice *choice = row->choices; choice && choice->word; choice++)
        if (str_equal(word, str_from(choice->word)))
            return true;
    return false;
}

static void warn_readable(struct context *context, const struct setting *row, struct span span)
{
    struct diagnostic *warning = diagnose_warning(
        notes(context), span, "%s is a secret and stands here for all to read", row->name);
    if (row->kind == SETTING_MAP)
        diagnose_hint(notes(context), warning,
                      "write env(\"NAME\") or file(\"path\") in its place");
    else
        diagnose_hint(notes(context), warning, "write %s = env(\"NAME\") or file(\"path\")",
                      row->name);
}

static bool fill_str(struct context *context, const struct setting *row, enum setting_kind kind,
                     const struct syntax *value, struct str *to)
{
    bool is_word = value->kind == SYNTAX_PATH && (row->words || is_choice(row, value->text));
    bool is_secret = row->secret || kind == SETTING_SECRET;
    if (is_secret && value->kind != SYNTAX_BROKEN)
        source_hide(notes(context), value->span);
    if (value->kind != SYNTAX_TEXT && !is_word)
        return wrong_kind(context, row, kind, value);
    if (is_secret && !value->from_outside && value->text.len)
        warn_readable(context, row, value->span);
    *to = context_copy(context, value->text);
    return true;
}

/* Words of a closed list, as "a, b or c". */
static struct str choices_text(struct context *context, const struct choice *choices)
{
    struct str text = STR("");
    for (size_t i = 0; choices[i].word; i++)
        text = context_format(context, "%.*s%s%s", STR_ARG(text),
                              i == 0                ? ""
                              : choices[i + 1].word ? ", "
                                                    : " or ",
                              choices[i].word);
    return text;
}

static bool fill_choice(struct context *context, const struct setting *row,
                        const struct syntax *value, int *to)
{
    if (value->kind != SYNTAX_PATH && value->kind != SYNTAX_TEXT)
        return wrong_kind(context, row, SETTING_CHOICE, value);
    struct nearest nearest = nearest_to(value->text);
    for (const struct choice *choice = row->choices; choice->word; choice++) {
        nearest_try(&nearest, str_from(choice->word));
        if (!str_equal(value->text, str_from(choice->word)))
            continue;
        *to = choice->value;
        return true;
    }
    struct diagnostic *error = diagnose_error(notes(context), value->span, "%s is %.*s", row->name,
                                              STR_ARG(choices_text(context, row->choices)));
    struct str near = nearest_found(&nearest);
    if (near.len && !value->from_outside)
        diagnose_hint(notes(context), error, "did you mean %.*s?", STR_ARG(near));
    return false;
}

static bool fill_bool(struct context *context, const struct setting *row,
                      const struct syntax *value, bool *to)
{
    if (value->kind != SYNTAX_PATH)
        return wrong_kind(context, row, SETTING_BOOL, value);
    bool is_true = str_equal(value->text, STR("true")) || str_equal(value->text, STR("on"));
    if (is_true || str_equal(value->text, STR("false")) || str_equal(value->text, STR("off"))) {
        *to = is_true;
        return true;
    }
    struct diagnostic *error =
        diagnose_error(notes(context), value->span, "%s is true or false", row->name);
    if (str_equal_case(value->text, STR("yes")) || str_equal_case(value->text, STR("enabled")))
        diagnose_hint(notes(context), error, "did you mean true?");
    if (str_equal_case(value->text, STR("no")) || str_equal_case(value->text, STR("disabled")))
        diagnose_hint(notes(context), error, "did you mean false?");
    return false;
}

/* --- numbers
 * ------------------------------------------------------------------------------------------------
 */

static bool bad_unit(struct context *context, const struct setting *row, enum setting_kind kind,
                     const struct syntax *value, enum literal_result result, const char *unit)
{
    struct str text = value->text;
    size_t digits = 0;
    while (digits < text.len &&
           ((text.at[digits] >= '0' && text.at[digits] <= '9') || text.at[digits] == '.'))
        digits++;
    struct str number = str_slice(text, 0, digits);
    struct diagnostic *error;
    if (result == LITERAL_NO_UNIT) {
        error = diagnose_error(notes(context), value->span, "%s needs a unit", row->name);
        if (kind == SETTING_DURATION)
            diagnose_hint(notes(context), error, "did you mean %.*ss, %.*sms or %.*sm?",
                          STR_ARG(number), STR_ARG(number), STR_ARG(number));
        else
            diagnose_hint(notes(context), error, "did you mean %.*sMB, %.*sMiB or %.*sB?",
                          STR_ARG(number), STR_ARG(number), STR_ARG(number));
        return false;
    }
    if (result == LITERAL_TOO_LARGE) {
        diagnose_error(notes(context), value->span, "%s is too large a number", row->name);
        return false;
    }
    if (result == LITERAL_NO_NUMBER)
        return wrong_kind(context, row, kind, value);
    error = diagnose_error(notes(context), value->span, "%s: unknown unit \"%.*s\"", row->name,
                           STR_ARG(str_skip(text, digits)));
    if (*unit)
        diagnose_hint(notes(context), error, "did you mean %.*s%s?", STR_ARG(number), unit);
    else
        diagnose_hint(notes(context), error, "units are %s",
                      kind == SETTING_DURATION ? "ms, s, m, h and d"
                                               : "B, KB, MB, GB, KiB, MiB and GiB");
    return false;
}

static bool read_integer(struct context *context, const struct setting *row, enum setting_kind kind,
                         const struct syntax *value, int64_t *to)
{
    if (value->kind != SYNTAX_NUMBER)
        return wrong_kind(context, row, kind, value);
    if (kind == SETTING_NUMBER)
        return str_to_int(value->text, to) || wrong_kind(context, row, kind, value);
    const char *unit;
    enum literal_result result = kind == SETTING_DURATION ? literal_duration(value->text, to, &unit)
                                                          : literal_size(value->text, to, &unit);
    return result == LITERAL_OK || bad_unit(context, row, kind, value, result, unit);
}

static void out_of_range(struct context *context, const struct setting *row,
                         const struct syntax *value, bool is_zero)
{
    struct diagnostic *error;
    if (row->min && row->max)
        error = diagnose_error(notes(context), value->span, "%s is between %s and %s", row->name,
                               row->min, row->max);
    else
        error = diagnose_error(notes(context), value->span, "%s is at %s %s", row->name,
                               row->min ? "least" : "most", row->min ? row->min : row->max);
    if (is_zero && str_equal(str_from(row->name), STR("rate")))
        diagnose_hint(
            notes(context), error,
            "rate = N keeps 1 in N; to throw events away write filter drop { when = ... }");
}

static bool in_range(struct context *context, const struct setting *row, enum setting_kind kind,
                     int64_t number)
{
    struct setting bare = *row;
    int64_t bound;
    bare.min = bare.max = NULL;
    bare.kind = kind;
    if (row->min && fill_text(context, &bare, row->min, &bound) && number < bound)
        return false;
    return !row->max || !fill_text(context, &bare, row->max, &bound) || number <= bound;
}

static bool fill_integer(struct context *context, const struct setting *row, enum setting_kind kind,
                         const struct syntax *value, int64_t *to)
{
    int64_t number;
    if (!read_integer(context, row, kind, value, &number))
        return false;
    if (!in_range(context, row, kind, number)) {
        out_of_range(context, row, value, number == 0);
        return false;
    }
    *to = number;
    return true;
}

static bool fill_float(struct context *context, const struct setting *row,
                       const struct syntax *value, double *to)
{
    double number, bound;
    if (value->kind != SYNTAX_NUMBER || !str_to_float(value->text, &number))
        return wrong_kind(context, row, SETTING_FLOAT, value);
    bool is_low = row->min && str_to_float(str_from(row->min), &bound) && number < bound;
    bool is_high = row->max && str_to_float(str_from(row->max), &bound) && number > bound;
    if (is_low || is_high) {
        out_of_range(context, row, value, number == 0);
        return false;
    }
    *to = number;
    return true;
}

/* --- fields, expressions, templates ---------------------------------------------------- */

static bool fill_field(struct context *context, const struct setting *row,
                       const struct syntax *value, struct path **to)
{
    if (value->kind == SYNTAX_TEXT) {
        struct diagnostic *error =
            diagnose_error(notes(context), value->span, "%s takes a field", row->name);
        diagnose_hint(notes(context), error,
                      "a field stands without quotes; one with blanks in it: .\"%.*s\"",
                      STR_ARG(value->text));
        return false;
    }
    if (value->kind != SYNTAX_PATH)
        return wrong_kind(context, row, SETTING_FIELD, value);
    *to = field_compile(context, value->text, value->span);
    return *to != NULL;
}

static bool constant_in_range(struct context *context, const struct setting *row,
                              const struct syntax *value, const struct expr *expr)
{
    struct value constant;
    struct number number;
    double bound;
    if (!expr_constant(expr, &constant) || !number_of(constant, &number))
        return true;
    bool is_low = row->min && str_to_float(str_from(row->min), &bound) && number.real < bound;
    bool is_high = row->max && str_to_float(str_from(row->max), &bound) && number.real > bound;
    if (!is_low && !is_high)
        return true;
    out_of_range(context, row, value, number.real == 0);
    return false;
}

static bool fill_expr(struct context *context, const struct setting *row,
                      const struct syntax *value, struct expr **to)
{
    if (value->kind == SYNTAX_BROKEN)
        return false;
    struct expr_wanted wanted = {
        .condition = row->condition || str_equal(str_from(row->name), STR("when")),
        .number = row->min || row->max,
        .any_allowed = row->any_allowed,
    };
    struct expr *expr = expr_compile(context, value, wanted);
    if (!expr || !constant_in_range(context, row, value, expr))
        return false;
    *to = expr;
    return true;
}

static bool fill_template(struct context *context, const struct setting *row,
                          const struct syntax *value, struct template **to)
{
    if (value->kind != SYNTAX_TEXT)
        return wrong_kind(context, row, SETTING_TEMPLATE, value);
    *to = template_compile(context, value);
    return *to != NULL;
}

/* --- lists and maps
 * ------------------------------------------------------------------------------------------------
 */

static size_t item_size(enum setting_kind item)
{
    switch ((int)item) {
    case SETTING_FIELD:
    case SETTING_EXPR:
        return sizeof(void *);
    case SETTING_NUMBER:
    case SETTING_DURATION:
    case SETTING_SIZE:
    case SETTING_CHOICE:
        return sizeof(int64_t);
    default:
        return sizeof(struct str);
    }
}

/* One item at its place; a choice's int widens to the list's int64_t. */
static bool fill_item(struct context *context, const struct setting *row, const struct syntax *item,
                      char *at)
{
    const struct syntax *resolved = value_resolve(context, item, row, row->item);
    if (row->item != SETTING_CHOICE)
        return fill_value(context, row, row->item, resolved, at);
    int word = 0;
    if (!fill_choice(context, row, resolved, &word))
        return false;
    *(int64_t *)(void *)at = word;
    return true;
}

static bool fill_list(struct context *context, const struct setting *row,
                      const struct syntax *value, struct list *to)
{
    size_t count = value->kind == SYNTAX_LIST ? syntax_count(value->items) : 1;
    size_t size = item_size(row->item);
    char *items = context_take(context, (count + 1) * size);
    bool is_fine = true;
    const struct syntax *item = value->kind == SYNTAX_LIST ? value->items : value;
    for (size_t i = 0; i < count; i++, item = item->next)
        is_fine &= fill_item(context, row, item, items + i * size);
    if (!is_fine)
        return false;
    if (count == 0 && row->required) {
        diagnose_error(notes(context), value->span, "%s needs at least one value", row->name);
        return false;
    }
    to->count = count;
    to->texts = (struct str *)(void *)items; /* the union's members share this place */
    return true;
}

static bool check_key(struct context *context, const struct setting *row, const struct syntax *item,
                      const struct syntax *first, struct path **ret_path)
{
    for (const struct syntax *other = first; other != item; other = other->next)
        if (str_equal(other->key, item->key) && other->key.len) {
            diagnose_error(notes(context), item->key_span, "\"%.*s\" stands here twice",
                           STR_ARG(item->key));
            return false;
        }
    if (!row->key_is_field)
        return true;
    struct str text = span_text(item->key_span);
    if (text.len && text.at[0] == '\'')
        text = context_format(context, "\"%.*s\"", STR_ARG(item->key));
    if (text.len && text.at[0] == '"') /* quoted: the literal key */
        text = context_format(context, ".%.*s", STR_ARG(text));
    *ret_path = field_compile(context, text, item->key_span);
    return *ret_path != NULL;
}

static bool fill_map(struct context *context, const struct setting *row, const struct syntax *value,
                     struct map *to)
{
    if (value->kind != SYNTAX_MAP)
        return wrong_kind(context, row, SETTING_MAP, value);
    size_t count = syntax_count(value->items), size = item_size(row->item);
    char *values = context_take(context, (count + 1) * size);
    struct map map = {.count = count};
    map.keys = context_take(context, (count + 1) * sizeof *map.keys);
    map.paths = context_take(context, (count + 1) * sizeof *map.paths);
    bool is_fine = true;
    const struct syntax *item = value->items;
    for (size_t i = 0; i < count; i++, item = item->next) {
        map.keys[i] = context_copy(context, item->key);
        is_fine &= item->kind != SYNTAX_BROKEN &&
                   check_key(context, row, item, value->items, &map.paths[i]);
        is_fine &= fill_item(context, row, item, values + i * size);
    }
    if (!is_fine)
        return false;
    if (row->item == SETTING_FIELD)
        map.fields = (struct path **)(void *)values;
    else if (row->item == SETTING_EXPR)
        map.exprs = (struct expr **)(void *)values;
    else
        map.texts = (struct str *)(void *)values;
    *to = map;
    return true;
}

bool fill_value(struct context *context, const struct setting *row, enum setting_kind kind,
                const struct syntax *value, void *to)
{
    switch (kind) {
    case SETTING_TEXT:
    case SETTING_SECRET:
        return fill_str(context, row, kind, value, to);
    case SETTING_NUMBER:
    case SETTING_DURATION:
    case SETTING_SIZE:
        return fill_integer(context, row, kind, value, to);
    case SETTING_FLOAT:
        return fill_float(context, row, value, to);
    case SETTING_BOOL:
        return fill_bool(context, row, value, to);
    case SETTING_CHOICE:
        return fill_choice(context, row, value, to);
    case SETTING_FIELD:
        return fill_field(context, row, value, to);
    case SETTING_EXPR:
        return fill_expr(context, row, value, to);
    case SETTING_TEMPLATE:
        return fill_template(context, row, value, to);
    case SETTING_LIST:
        return fill_list(context, row, value, to);
    case SETTING_MAP:
        return fill_map(context, row, value, to);
    case SETTING_BLOCKS:
    case SETTING_NONE:
        break;
    }
    return wrong_kind(context, row, kind, value);
}

static bool stands_without_quotes(enum setting_kind kind)
{
    return kind == SETTING_TEXT || kind == SETTING_TEMPLATE || kind == SETTING_SECRET;
}

bool fill_text(struct context *context, const struct setting *row, const char *text, void *to)
{
    struct source_text *source = source_add(context->diagnostics, row->name, str_from(text));
    if (!source)
        return false;
    struct syntax *value = NULL;
    bool is_list_of_text =
        row->kind == SETTING_LIST && stands_without_quotes(row->item) && text[0] != '[';
    if ((stands_without_quotes(row->kind) || is_list_of_text) && text[0] != '"') {
        value = context_take(context, sizeof *value);
        value->kind = SYNTAX_TEXT;
        value->text = source->text;
        value->span = (struct span){source, 0, (uint32_t)source->text.len};
    } else {
        value = parse_value_text(context, source);
    }
    return fill_value(context, row, row->kind, value, to);
}
