/* agent/config/compile.c - expressions as written to terms that run.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/config/known.h"
#include "agent/config/strings.h"
#include "agent/config/term.h"
#include "agent/limits.h"
#include "agent/must.h"

struct compiler {
    struct context *context;
    struct expr *expr;
    bool any_allowed;
    bool failed;
    unsigned depth;
};

static struct term *compile(struct compiler *compiler, const struct syntax *syntax);

static struct diagnostics *notes(struct compiler *compiler)
{
    compiler->failed = true; /* only mistakes ask for it */
    return compiler->context->diagnostics;
}

/* --- making terms ---------------------------------------------------------------------- */

static struct term *make(struct compiler *compiler, enum term_op op, enum type type,
                         struct span span)
{
    struct term *term = context_take(compiler->context, sizeof *term);
    *term = (struct term){.op = op, .type = type, .span = span};
    return term;
}

static struct term *constant(struct compiler *compiler, struct value value, enum type type,
                             struct span span)
{
    struct term *term = make(compiler, TERM_CONSTANT, type, span);
    term->literals = context_take(compiler->context, sizeof *term->literals);
    *term->literals = literal_of(value, compiler->context->arena);
    term->is_constant = true;
    return term;
}

/* What stands for a mistake: fits everywhere. */
static struct term *broken(struct compiler *compiler, struct span span)
{
    struct term *term = constant(compiler, (struct value){0}, TYPE_ANY, span);
    term->is_constant = false;
    compiler->failed = true;
    return term;
}

static void compile_args(struct compiler *compiler, struct term *term, const struct syntax *items)
{
    term->count = syntax_count(items);
    term->args = context_take(compiler->context, (term->count + 1) * sizeof *term->args);
    for (size_t i = 0; i < term->count; i++, items = items->next)
        term->args[i] = compile(compiler, items);
}

static enum type type_of(struct value value, enum type otherwise)
{
    switch (value.kind) {
    case VALUE_BOOL:
        return TYPE_BOOL;
    case VALUE_INTEGER:
    case VALUE_FLOAT:
    case VALUE_NUMBER:
        return TYPE_NUMBER;
    case VALUE_DURATION:
        return TYPE_DURATION;
    case VALUE_TIME:
        return TYPE_TIME;
    case VALUE_TEXT:
    case VALUE_STRING:
    case VALUE_ESCAPED:
        return TYPE_TEXT;
    case VALUE_MISSING:
    case VALUE_NULL:
    case VALUE_OBJECT:
    case VALUE_ARRAY:
        break;
    }
    return otherwise;
}

/* A term whose arguments are all constants is one. */
static struct term *fold(struct compiler *compiler, struct term *term, size_t args)
{
    for (size_t i = 0; i < args; i++)
        if (!term->args[i]->is_constant)
            return term;
    struct value value = term_value(term, &(struct run){.scratch = compiler->context->arena});
    return constant(compiler, value, type_of(value, term->type), term->span);
}

/* --- literals and names ---------------------------------------------------------------- */

static struct term *compile_number(struct compiler *compiler, const struct syntax *syntax)
{
    int64_t integer;
    double real;
    const char *unit;
    if (str_to_int(syntax->text, &integer))
        return constant(compiler, (struct value){.kind = VALUE_INTEGER, .integer = integer},
                        TYPE_NUMBER, syntax->span);
    if (str_to_float(syntax->text, &real))
        return constant(compiler, (struct value){.kind = VALUE_FLOAT, .real = real}, TYPE_NUMBER,
                        syntax->span);
    enum literal_result duration = literal_duration(syntax->text, &integer, &unit);
    if (duration == LITERAL_OK)
        return constant(compiler, (struct value){.kind = VALUE_DURATION, .integer = integer},
                        TYPE_DURATION, syntax->span);
    const char *size_unit;
    enum literal_result size = literal_size(syntax->text, &integer, &size_unit);
    if (size == LITERAL_OK)
        return constant(compiler, (struct value){.kind = VALUE_INTEGER, .integer = integer},
                        TYPE_NUMBER, syntax->span);
    struct diagnostic *error =
        diagnose_error(notes(compiler), syntax->span, "\"%.*s\" is no number, duration or size",
                       STR_ARG(syntax->text));
    unit = *unit ? unit : size_unit;
    size_t digits = 0;
    while (digits < syntax->text.len && !(syntax->text.at[digits] > '9'))
        digits++;
    if (*unit)
        diagnose_hint(notes(compiler), error, "did you mean %.*s%s?",
                      STR_ARG(str_slice(syntax->text, 0, digits)), unit);
    else
        diagnose_hint(notes(compiler), error, "text needs quotes: \"%.*s\"", STR_ARG(syntax->text));
    return broken(compiler, syntax->span);
}

/* Text that needs no escape is written without being looked at again. */
static struct value text_constant(struct str text)
{
    enum value_kind kind = VALUE_STRING;
    for (size_t i = 0; i < text.len; i++)
        if (text.at[i] < ' ' || text.at[i] > '~' || text.at[i] == '"' || text.at[i] == '\\')
            kind = VALUE_TEXT;
    return (struct value){.kind = kind, .text = text};
}

struct path *field_compile(struct context *context, struct str text, struct span span)
{
    struct path *path = NULL;
    struct why why;
    if (path_compile(context->names, text, &path, &why) != OK) {
        diagnose_error(context->diagnostics, span, "%s", why.text);
        return NULL;
    }
    if (path_slot(path) != SLOT_NONE || str_starts(text, STR(".")) ||
        str_find(text, '.') == SIZE_MAX)
        return path;
    struct nearest nearest = nearest_to(text);
    nearest_try(&nearest, names_nearest(context->names, text));
    if (nearest.distance > 2)
        return path;
    struct diagnostic *warning = diagnose_warning(
        context->diagnostics, span, "%.*s is no field that weir knows", STR_ARG(text));
    diagnose_hint(context->diagnostics, warning, "did you mean %.*s? (a field of your own: .%.*s)",
                  STR_ARG(nearest.best), STR_ARG(text));
    return path;
}

static struct term *compile_path(struct compiler *compiler, const struct syntax *syntax)
{
    struct str text = syntax->text;
    if (str_equal(text, STR("error")))
        return make(compiler, TERM_ERROR, TYPE_BOOL, syntax->span);
    if (str_equal(text, STR("true")) || str_equal(text, STR("false")))
        return constant(compiler, (struct value){.kind = VALUE_BOOL, .truth = text.len == 4},
                        TYPE_BOOL, syntax->span);
    if (str_equal(text, STR("null")) || str_equal(text, STR("nil"))) {
        struct diagnostic *error =
            diagnose_error(notes(compiler), syntax->span, "a null field counts as missing");
        diagnose_hint(notes(compiler), error, "write FIELD exists, or not FIELD exists");
        return broken(compiler, syntax->span);
    }
    struct path *path = field_compile(compiler->context, text, syntax->span);
    if (!path)
        return broken(compiler, syntax->span);
    struct term *term = make(compiler, TERM_FIELD, path_type(path), syntax->span);
    term->path = path;
    return term;
}

/* --- comparisons ----------------------------------------------------------------------- */

/* A word without a dot that is nobody's slot, where a value is compared with: most likely a text.
 */
static bool is_bare_word(const struct syntax *syntax, const struct term *term)
{
    return syntax->kind == SYNTAX_PATH && !syntax->in_parentheses && term->op == TERM_FIELD &&
           path_slot(term->path) == SLOT_NONE && str_find(syntax->text, '.') == SIZE_MAX &&
           str_find(syntax->text, '[') == SIZE_MAX;
}

static bool check_bare_word(struct compiler *compiler, const struct syntax *syntax,
                            const struct term *term)
{
    if (!is_bare_word(syntax, term))
        return true;
    struct diagnostic *error = diagnose_error(notes(compiler), syntax->span, "text needs quotes");
    diagnose_hint(notes(compiler), error, "write \"%.*s\"; the field of that name is .%.*s",
                  STR_ARG(syntax->text), STR_ARG(syntax->text));
    return false;
}

static bool is_literal(const struct syntax *syntax)
{
    return syntax->kind == SYNTAX_TEXT || syntax->kind == SYNTAX_NUMBER;
}

static bool check_literals(struct compiler *compiler, const struct syntax *syntax)
{
    const struct syntax *left = syntax->items, *right = left->next;
    if (!is_literal(left) || !is_literal(right))
        return true;
    struct diagnostic *error = diagnose_error(
        notes(compiler), syntax->span, "both sides are literals: this never depends on the event");
    if (left->kind == SYNTAX_TEXT)
        diagnose_hint(notes(compiler), error, "a field stands without quotes: %.*s",
                      STR_ARG(left->text));
    return false;
}

static enum syntax_op mirrored(enum syntax_op op)
{
    switch ((int)op) {
    case OP_LESS:
        return OP_GREATER;
    case OP_AT_MOST:
        return OP_AT_LEAST;
    case OP_GREATER:
        return OP_LESS;
    case OP_AT_LEAST:
        return OP_AT_MOST;
    default:
        return op;
    }
}

static struct term *compile_comparison(struct compiler *compiler, const struct syntax *syntax)
{
    struct term *term = make(compiler, TERM_COMPARE, TYPE_BOOL, syntax->span);
    compile_args(compiler, term, syntax->items);
    struct term *left = term->args[0], *right = term->args[1];
    term->operator= syntax->op;
    if (!check_bare_word(compiler, syntax->items->next, right) ||
        !check_literals(compiler, syntax) ||
        !check_comparison(compiler->context, syntax, left, right))
        return broken(compiler, syntax->span);
    if (left->is_constant && !right->is_constant) {
        term->operator= mirrored(syntax->op);
        term->args[0] = right;
        term->args[1] = left;
    }
    if (term->args[1]->is_constant) {
        term->op = TERM_COMPARE_LITERAL;
        term->literals = term->args[1]->literals;
    }
    return fold(compiler, term, 2);
}

static void compile_member(struct compiler *compiler, const struct syntax *in,
                           const struct syntax *item, const struct term *left, struct literal *ret)
{
    struct term *term = compile(compiler, item);
    if (compiler->failed || !check_bare_word(compiler, item, term))
        return;
    if (!term->is_constant)
        diagnose_error(notes(compiler), item->span, "only literals stand in such a list");
    else if (check_comparison(compiler->context, in, left, term))
        *ret = *term->literals;
    else
        compiler->failed = true;
}

static struct term *compile_in(struct compiler *compiler, const struct syntax *syntax)
{
    struct term *term = make(compiler, TERM_IN, TYPE_BOOL, syntax->span);
    const struct syntax *set =
        value_resolve(compiler->context, syntax->items->next, NULL, SETTING_LIST);
    if (set->kind != SYNTAX_LIST) {
        struct diagnostic *error = diagnose_error(notes(compiler), set->span, "in takes a list");
        diagnose_hint(notes(compiler), error, "write in [\"a\" \"b\"]");
        return broken(compiler, syntax->span);
    }
    term->operator= syntax->op;
    term->count = syntax_count(set->items);
    term->args = context_take(compiler->context, sizeof *term->args);
    term->args[0] = compile(compiler, syntax->items);
    term->literals = context_take(compiler->context, (term->count + 1) * sizeof *term->literals);
    size_t index = 0;
    for (const struct syntax *item = set->items; item; item = item->next)
        compile_member(compiler, syntax, item, term->args[0], &term->literals[index++]);
    return fold(compiler, term, 1);
}

static struct term *compile_match(struct compiler *compiler, const struct syntax *syntax)
{
    struct term *term = make(compiler, TERM_MATCH, TYPE_BOOL, syntax->span);
    const struct syntax *pattern =
        value_resolve(compiler->context, syntax->items->next, NULL, SETTING_TEXT);
    if (pattern->kind != SYNTAX_TEXT) {
        if (pattern->kind != SYNTAX_BROKEN) {
            struct diagnostic *error =
                diagnose_error(notes(compiler), pattern->span, "=~ takes a pattern in quotes");
            diagnose_hint(notes(compiler), error, "write =~ '%.*s'",
                          STR_ARG(span_text(pattern->span)));
        }
        return broken(compiler, syntax->span);
    }
    char problem[128];
    size_t at;
    struct regex *regex = regex_make(pattern->text, problem, &at);
    if (!regex) {
        struct span span = pattern->span;
        if (pattern->is_plain && at < pattern->text.len)
            span = (struct span){span.source, span.at + 1 + (uint32_t)at, 1};
        diagnose_error(notes(compiler), span, "this pattern is wrong: %s", problem);
        return broken(compiler, syntax->span);
    }
    compiler->context->regexes = regex_chain(regex, compiler->context->regexes);
    term->regex = regex;
    term->args = context_take(compiler->context, sizeof *term->args);
    term->args[0] = compile(compiler, syntax->items);
    return fold(compiler, term, 1);
}

/* --- the rest -------------------------------------------------------------------------- */

static struct term *compile_condition(struct compiler *compiler, const struct syntax *syntax,
                                      enum term_op op)
{
    struct term *term = make(compiler, op, TYPE_BOOL, syntax->span);
    compile_args(compiler, term, syntax->items);
    for (size_t i = 0; i < term->count; i++)
        compiler->failed |= !check_condition(compiler->context, term->args[i]);
    if (op == TERM_AND)
        compiler->failed |= !check_and(compiler->context, term);
    return fold(compiler, term, term->count);
}

static struct term *compile_exists(struct compiler *compiler, const struct syntax *syntax)
{
    struct term *term = make(compiler, TERM_EXISTS, TYPE_BOOL, syntax->span);
    compile_args(compiler, term, syntax->items);
    if (term->count == 1 && term->args[0]->op == TERM_ERROR) {
        struct diagnostic *error = diagnose_error(
            notes(compiler), syntax->span, "error is the built-in judgement: it is always there");
        diagnose_hint(notes(compiler), error, "the field of that name is .error");
    }
    return fold(compiler, term, term->count);
}

static enum type arithmetic_type(enum syntax_op op, enum type a, enum type b)
{
    bool is_sum = op == OP_PLUS || op == OP_MINUS;
    if (a == TYPE_TIME && b == TYPE_TIME && op == OP_MINUS)
        return TYPE_DURATION;
    if ((a == TYPE_TIME || b == TYPE_TIME) && is_sum)
        return TYPE_TIME;
    if (a == TYPE_DURATION && b == TYPE_DURATION && !is_sum)
        return TYPE_NUMBER;
    return a == TYPE_DURATION || b == TYPE_DURATION ? TYPE_DURATION : TYPE_NUMBER;
}

static struct term *compile_arithmetic(struct compiler *compiler, const struct syntax *syntax)
{
    struct term *term = make(compiler, TERM_ARITHMETIC, TYPE_NUMBER, syntax->span);
    compile_args(compiler, term, syntax->items);
    term->operator= syntax->op;
    for (size_t i = 0; i < term->count; i++) {
        const struct term *arg = term->args[i];
        bool is_word = arg->type == TYPE_TEXT &&
                       !(arg->is_constant && number_of(arg->literals->value, &(struct number){0}));
        if (!is_word && arg->type != TYPE_BOOL)
            continue;
        struct diagnostic *error = diagnose_error(
            notes(compiler), arg->span, "%s cannot be calculated with", type_name(arg->type));
        if (is_word)
            diagnose_hint(notes(compiler), error, "texts are joined by concat(a, b)");
    }
    term->type = arithmetic_type(syntax->op, term->args[0]->type, term->args[1]->type);
    return fold(compiler, term, 2);
}

static struct term *compile_negation(struct compiler *compiler, const struct syntax *syntax)
{
    struct term *term = make(compiler, TERM_ARITHMETIC, TYPE_NUMBER, syntax->span);
    term->operator= OP_MINUS;
    term->count = 2;
    term->args = context_take(compiler->context, 2 * sizeof *term->args);
    term->args[0] =
        constant(compiler, (struct value){.kind = VALUE_INTEGER}, TYPE_NUMBER, syntax->span);
    term->args[1] = compile(compiler, syntax->items);
    term->type = arithmetic_type(OP_MINUS, TYPE_NUMBER, term->args[1]->type);
    return fold(compiler, term, 2);
}

static struct term *compile_any(struct compiler *compiler, const struct syntax *syntax)
{
    struct expr *outer = compiler->expr;
    if (!compiler->any_allowed) {
        struct diagnostic *error = diagnose_error(notes(compiler), syntax->span,
                                                  "any(...) asks the other events of a trace");
        diagnose_hint(notes(compiler), error,
                      "only the rules of filter sample can, and not inside of any");
        return broken(compiler, syntax->span);
    }
    if (outer->any_count == EXPR_ANY_MAX) {
        diagnose_error(notes(compiler), syntax->span, "more than %d any(...) in one expression",
                       EXPR_ANY_MAX);
        return broken(compiler, syntax->span);
    }
    struct expr *inner = context_take(compiler->context, sizeof *inner);
    inner->text = span_text(syntax->items->span);
    compiler->any_allowed = false;
    inner->root = compile(compiler, syntax->items);
    compiler->any_allowed = true;
    compiler->failed |= !check_condition(compiler->context, inner->root);
    struct term *term = make(compiler, TERM_ASK, TYPE_BOOL, syntax->span);
    term->ask = outer->any_count;
    outer->any[outer->any_count++] = inner;
    return term;
}

static enum type common_type(struct term *const *args, size_t count)
{
    for (size_t i = 1; i < count; i++)
        if (args[i]->type != args[0]->type)
            return TYPE_ANY;
    return args[0]->type;
}

static bool check_count(struct compiler *compiler, const struct syntax *syntax,
                        const struct function *function)
{
    size_t count = syntax_count(syntax->items);
    if (count >= function->least && count <= function->most)
        return true;
    struct str range =
        function->least == function->most
            ? context_format(compiler->context, "%d", function->most)
            : context_format(compiler->context, "%d to %d", function->least, function->most);
    diagnose_error(notes(compiler), syntax->span, "%s takes %.*s argument%s, not %zu",
                   function->name, STR_ARG(range), function->most == 1 ? "" : "s", count);
    return false;
}

static struct term *compile_function(struct compiler *compiler, const struct syntax *syntax,
                                     const struct function *function)
{
    struct term *term = make(compiler, TERM_CALL, function->result, syntax->span);
    compile_args(compiler, term, syntax->items);
    term->function = function;
    if (str_equal(syntax->text, STR("if"))) {
        term->op = TERM_IF;
        term->type = common_type(term->args + 1, 2);
        compiler->failed |= !check_condition(compiler->context, term->args[0]);
    } else if (str_equal(syntax->text, STR("coalesce"))) {
        term->op = TERM_COALESCE;
        term->type = common_type(term->args, term->count);
    }
    return fold(compiler, term, term->count);
}

static struct term *compile_call(struct compiler *compiler, const struct syntax *syntax)
{
    const struct function *function = function_find(syntax->text);
    if (!function) {
        struct diagnostic *error = diagnose_error(
            notes(compiler), syntax->span, "there is no function %.*s", STR_ARG(syntax->text));
        struct str near = function_nearest(syntax->text);
        const char *thought = known_thought(STR("function"), syntax->text);
        if (thought)
            diagnose_hint(notes(compiler), error, "%s", thought);
        else if (near.len)
            diagnose_hint(notes(compiler), error, "did you mean %.*s?", STR_ARG(near));
        return broken(compiler, syntax->span);
    }
    if (!check_count(compiler, syntax, function))
        return broken(compiler, syntax->span);
    if (function->call || str_equal(syntax->text, STR("if")) ||
        str_equal(syntax->text, STR("coalesce")))
        return compile_function(compiler, syntax, function);
    return str_equal(syntax->text, STR("any")) ? compile_any(compiler, syntax)
                                               : compile_exists(compiler, syntax);
}

static struct term *compile_operator(struct compiler *compiler, const struct syntax *syntax)
{
    switch (syntax->op) {
    case OP_NOT:
        return compile_condition(compiler, syntax, TERM_NOT);
    case OP_OR:
        return compile_condition(compiler, syntax, TERM_OR);
    case OP_AND:
        return compile_condition(compiler, syntax, TERM_AND);
    case OP_NEGATE:
        return compile_negation(compiler, syntax);
    case OP_EXISTS:
        return compile_exists(compiler, syntax);
    case OP_EQUAL:
    case OP_NOT_EQUAL:
    case OP_LESS:
    case OP_AT_MOST:
    case OP_GREATER:
    case OP_AT_LEAST:
        return compile_comparison(compiler, syntax);
    case OP_MATCH:
        return compile_match(compiler, syntax);
    case OP_IN:
    case OP_NOT_IN:
        return compile_in(compiler, syntax);
    case OP_PLUS:
    case OP_MINUS:
    case OP_TIMES:
    case OP_OVER:
    case OP_MODULO:
        return compile_arithmetic(compiler, syntax);
    case OP_NONE:
        break;
    }
    return broken(compiler, syntax->span);
}

static struct term *compile_kind(struct compiler *compiler, const struct syntax *syntax)
{
    syntax = value_resolve(compiler->context, syntax, NULL, SETTING_EXPR);
    switch (syntax->kind) {
    case SYNTAX_NUMBER:
        return compile_number(compiler, syntax);
    case SYNTAX_TEXT:
        return constant(compiler, text_constant(syntax->text), TYPE_TEXT, syntax->span);
    case SYNTAX_PATH:
        return compile_path(compiler, syntax);
    case SYNTAX_CALL:
        return compile_call(compiler, syntax);
    case SYNTAX_UNARY:
    case SYNTAX_BINARY:
        return compile_operator(compiler, syntax);
    case SYNTAX_LIST:
    case SYNTAX_MAP:
        diagnose_error(notes(compiler), syntax->span, "%s has no place in an expression",
                       syntax->kind == SYNTAX_LIST ? "a list, but behind in," : "a map");
        break;
    case SYNTAX_VARIABLE:
    case SYNTAX_BROKEN:
        break;
    }
    return broken(compiler, syntax->span);
}

/* A chain of lets may nest deeper than any one text does. */
static struct term *compile(struct compiler *compiler, const struct syntax *syntax)
{
    if (compiler->depth == EXPR_DEPTH_MAX) {
        diagnose_error(notes(compiler), syntax->span, "this expression is nested too deeply");
        return broken(compiler, syntax->span);
    }
    compiler->depth++;
    struct term *term = compile_kind(compiler, syntax);
    compiler->depth--;
    return term;
}

struct expr *expr_compile(struct context *context, const struct syntax *value,
                          struct expr_wanted wanted)
{
    struct expr *expr = context_take(context, sizeof *expr);
    expr->any = context_take(context, EXPR_ANY_MAX * sizeof *expr->any);
    expr->text = span_text(value->span);
    struct compiler compiler = {
        .context = context, .expr = expr, .any_allowed = wanted.any_allowed};
    expr->root = compile(&compiler, value);
    if (compiler.failed)
        return NULL;
    if (wanted.condition && !check_condition(context, expr->root))
        return NULL;
    bool is_number = expr->root->type == TYPE_NUMBER || expr->root->type == TYPE_ANY;
    if (wanted.number && !is_number) {
        diagnose_error(context->diagnostics, value->span, "this is %s; a number is wanted here",
                       type_name(expr->root->type));
        return NULL;
    }
    return expr;
}
