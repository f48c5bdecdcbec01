/* agent/config/types.c - what can be said of an expression's types before the first event.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Fields of no slot may be anything; a slot has its type. A comparison that can never be true, or
 * never false, is a mistake: the message names what the operator thought.
 */
#include "agent/config/strings.h"
#include "agent/config/term.h"

enum field_type { TEXT, INTEGER, FLOAT, BOOL, TIME, DURATION };

enum type path_type(const struct path *path)
{
    static const enum field_type slots[SLOT_COUNT] = {
#define FIELD(slot, otel, ecs, honeycomb, type) [SLOT_##slot] = type,
#include "agent/data/fields.def"
#undef FIELD
    };
    static const enum type types[] = {TYPE_TEXT, TYPE_NUMBER, TYPE_NUMBER,
                                      TYPE_BOOL, TYPE_TIME,   TYPE_DURATION};
    enum slot slot = path_slot(path);
    if (slot == SLOT_NONE)
        return TYPE_ANY;
    if (slots[slot] == DURATION && !path_is_duration(path))
        return TYPE_NUMBER;
    return types[slots[slot]];
}

const char *type_name(enum type type)
{
    static const char *const names[] = {"anything",      "text",       "a number",
                                        "true or false", "a duration", "a time"};
    return names[type];
}

static bool is_text(const struct term *term)
{
    return term->op == TERM_CONSTANT && term->type == TYPE_TEXT;
}

static bool spells_number(const struct term *term)
{
    struct number number;
    return number_of(term->literals->value, &number);
}

static bool spells_bool(const struct term *term)
{
    return str_equal(term->literals->text, STR("true")) ||
           str_equal(term->literals->text, STR("false"));
}

/* Values of these two types can be equal. */
static bool can_meet(const struct term *a, const struct term *b)
{
    if (a->type == TYPE_ANY || b->type == TYPE_ANY || a->type == b->type)
        return true;
    if (is_text(a))
        return b->type == TYPE_NUMBER ? spells_number(a) : b->type == TYPE_BOOL && spells_bool(a);
    if (is_text(b))
        return can_meet(b, a);
    return (a->type == TYPE_TEXT && b->type == TYPE_NUMBER) ||
           (a->type == TYPE_NUMBER && b->type == TYPE_TEXT) ||
           (a->type == TYPE_TEXT && b->type == TYPE_BOOL) ||
           (a->type == TYPE_BOOL && b->type == TYPE_TEXT);
}

static const char *verdict(enum syntax_op op)
{
    return op == OP_NOT_EQUAL || op == OP_NOT_IN ? "this is always true" : "this can never be true";
}

static const char *sign(enum syntax_op op)
{
    static const char *const signs[] = {"==", "!=", "<", "<=", ">", ">="};
    return op >= OP_EQUAL && op <= OP_AT_LEAST ? signs[op - OP_EQUAL] : "==";
}

/* One side is a duration, written or a slot, and the other is none. */
static bool check_duration(struct context *context, const struct syntax *syntax,
                           const struct term *duration, const struct term *other)
{
    struct str other_text = span_text(other->span);
    bool is_literal = duration->op == TERM_CONSTANT;
    struct diagnostic *error;
    if (!is_literal) {
        error = diagnose_error(context->diagnostics, other->span,
                               "%.*s is a duration and compares with a duration",
                               STR_ARG(span_text(duration->span)));
        diagnose_hint(context->diagnostics, error, "did you mean %.*s %s %.*sms, or %.*ss?",
                      STR_ARG(span_text(duration->span)), sign(syntax->op), STR_ARG(other_text),
                      STR_ARG(other_text));
        return false;
    }
    struct str text = span_text(duration->span);
    if (other->type == TYPE_ANY)
        error = diagnose_error(context->diagnostics, syntax->span,
                               "only the field duration compares with %.*s", STR_ARG(text));
    else
        error = diagnose_error(context->diagnostics, syntax->span,
                               "%.*s is %s, %.*s is a duration: they do not compare",
                               STR_ARG(other_text), type_name(other->type), STR_ARG(text));
    double ms = duration->literals->number.real / 1e6;
    if (other->path && path_slot(other->path) == SLOT_DURATION)
        diagnose_hint(context->diagnostics, error,
                      "did you mean duration %s %.*s? (%.*s counts milliseconds: %s %.15g)",
                      sign(syntax->op), STR_ARG(text), STR_ARG(other_text), sign(syntax->op), ms);
    else
        diagnose_hint(context->diagnostics, error,
                      "write the number that %.*s counts in, such as %s %.15g for milliseconds",
                      STR_ARG(other_text), sign(syntax->op), ms);
    return false;
}

static bool check_judgement(struct context *context, const struct syntax *syntax)
{
    struct diagnostic *error =
        diagnose_error(context->diagnostics, syntax->span,
                       "error is the built-in judgement, true or false: %s", verdict(syntax->op));
    diagnose_hint(context->diagnostics, error,
                  "write error alone; the field of that name is .error, the word is \"error\"");
    return false;
}

bool check_comparison(struct context *context, const struct syntax *syntax, const struct term *left,
                      const struct term *right)
{
    bool left_is_duration = left->type == TYPE_DURATION;
    bool right_is_duration = right->type == TYPE_DURATION;
    if (left_is_duration != right_is_duration)
        return left_is_duration ? check_duration(context, syntax, left, right)
                                : check_duration(context, syntax, right, left);
    if (can_meet(left, right))
        return true;
    if (left->op == TERM_ERROR || right->op == TERM_ERROR)
        return check_judgement(context, syntax);
    struct span span = right->op == TERM_CONSTANT ? right->span : left->span;
    diagnose_error(context->diagnostics, span, "%.*s is %s, %.*s is %s: %s",
                   STR_ARG(span_text(left->span)), type_name(left->type),
                   STR_ARG(span_text(right->span)), type_name(right->type), verdict(syntax->op));
    return false;
}

bool check_condition(struct context *context, const struct term *term)
{
    if (term->type == TYPE_ANY || term->type == TYPE_BOOL)
        return true;
    struct str text = span_text(term->span);
    struct diagnostic *error =
        diagnose_error(context->diagnostics, term->span, "%.*s is %s; a condition is wanted here",
                       STR_ARG(text), type_name(term->type));
    if (is_text(term) && str_equal(term->literals->text, STR("error")))
        diagnose_hint(context->diagnostics, error, "write error without quotes");
    else if (term->op == TERM_CONSTANT)
        diagnose_hint(context->diagnostics, error,
                      "every comparison names its field: a == 1 or a == 2, or: a in [1 2]");
    else
        diagnose_hint(context->diagnostics, error, "compare it: %.*s == ..., or %.*s exists",
                      STR_ARG(text), STR_ARG(text));
    return false;
}

static bool is_equality(const struct term *term)
{
    return term->op == TERM_COMPARE_LITERAL &&
           term->operator== OP_EQUAL && term->args[0]->op == TERM_FIELD;
}

/* a == 1 and a == 2: the thought was `or`. */
bool check_and(struct context *context, const struct term *and)
{
    for (size_t i = 0; i < and->count; i++) {
        const struct term *term = and->args[i];
        for (size_t j = 0; j < i && is_equality(term); j++) {
            const struct term *other = and->args[j];
            if (!is_equality(other) ||
                !str_equal(path_text(term->args[0]->path), path_text(other->args[0]->path)) ||
                str_equal(term->literals->text, other->literals->text))
                continue;
            struct diagnostic *error =
                diagnose_error(context->diagnostics, term->span,
                               "%.*s cannot be two things at once: this can never be true",
                               STR_ARG(path_text(term->args[0]->path)));
            diagnose_hint(context->diagnostics, error,
                          "did you mean or? shorter: %.*s in [... ...]",
                          STR_ARG(path_text(term->args[0]->path)));
            return false;
        }
    }
    return true;
}
