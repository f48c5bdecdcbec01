/* agent/config/run.c - evaluates compiled expressions. Runs per event: nothing here takes from the
 * heap. SPDX-License-Identifier: Apache-2.0
 *
 * Missing (and null, which is the same): `!=` and `not in` are true, every other comparison is
 * false.
 */
#include <math.h>

#include "agent/config/term.h"

static const struct value missing = {.kind = VALUE_MISSING};

/* --- numbers --------------------------------------------------------------------------- */

/* Up to 18 digits with a sign: nearly every number there is, without strtod. */
static bool short_integer(struct str text, int64_t *ret)
{
    bool is_negative = text.len && text.at[0] == '-';
    size_t i = is_negative;
    int64_t sum = 0;
    if (i == text.len || text.len - i > 18 || (text.at[i] == '0' && text.len - i > 1))
        return false;
    for (; i < text.len; i++) {
        if (text.at[i] < '0' || text.at[i] > '9')
            return false;
        sum = sum * 10 + (text.at[i] - '0');
    }
    *ret = is_negative ? -sum : sum;
    return true;
}

static struct number integer_number(int64_t integer)
{
    return (struct number){.is_integer = true, .integer = integer, .real = (double)integer};
}

static bool spelled_number(struct str text, struct number *ret)
{
    int64_t integer;
    if (short_integer(text, &integer) || str_to_int(text, &integer)) {
        *ret = integer_number(integer);
        return true;
    }
    ret->is_integer = false;
    return str_to_float(text, &ret->real);
}

bool number_of(struct value value, struct number *ret)
{
    switch (value.kind) {
    case VALUE_INTEGER:
    case VALUE_TIME:
    case VALUE_DURATION:
        *ret = integer_number(value.integer);
        return true;
    case VALUE_FLOAT:
        *ret = (struct number){.real = value.real};
        return true;
    case VALUE_NUMBER:
    case VALUE_TEXT:
    case VALUE_STRING:
        return spelled_number(value.text, ret);
    case VALUE_MISSING:
    case VALUE_NULL:
    case VALUE_BOOL:
    case VALUE_ESCAPED:
    case VALUE_OBJECT:
    case VALUE_ARRAY:
        break;
    }
    return false;
}

static bool is_missing(struct value value)
{
    return value.kind == VALUE_MISSING || value.kind == VALUE_NULL;
}

/* --- comparing ------------------------------------------------------------------------- */

static bool holds(enum syntax_op operator, int order)
{
    switch ((int)operator) {
    case OP_EQUAL:
        return order == 0;
    case OP_NOT_EQUAL:
        return order != 0;
    case OP_LESS:
        return order < 0;
    case OP_AT_MOST:
        return order <= 0;
    case OP_GREATER:
        return order > 0;
    default:
        return order >= 0;
    }
}

static int number_order(struct number a, struct number b)
{
    if (a.is_integer && b.is_integer)
        return (a.integer > b.integer) - (a.integer < b.integer);
    return (a.real > b.real) - (a.real < b.real);
}

static bool truth_of(struct value value, bool *ret)
{
    if (value.kind == VALUE_BOOL) {
        *ret = value.truth;
        return true;
    }
    if (value.kind != VALUE_TEXT && value.kind != VALUE_STRING)
        return false;
    *ret = str_equal(value.text, STR("true"));
    return *ret || str_equal(value.text, STR("false"));
}

static bool compare_literal(enum syntax_op operator, struct value value,
                            const struct literal *literal, struct arena *scratch)
{
    bool otherwise = operator== OP_NOT_EQUAL;
    if (literal->is_number) {
        struct number number;
        return number_of(value, &number) ? holds(operator, number_order(number, literal->number))
                                         : otherwise;
    }
    if (literal->is_bool) {
        bool truth;
        return truth_of(value, &truth) ? holds(operator, truth - literal->value.truth) : otherwise;
    }
    struct str text;
    if (value.kind == VALUE_STRING || value.kind == VALUE_TEXT)
        text = value.text;
    else if (!value_text(value, scratch, &text))
        return otherwise;
    if (operator== OP_EQUAL)
        return str_equal(text, literal->text);
    return holds(operator, str_compare(text, literal->text));
}

static bool is_numeric(enum value_kind kind)
{
    return kind == VALUE_INTEGER || kind == VALUE_FLOAT || kind == VALUE_NUMBER ||
           kind == VALUE_TIME || kind == VALUE_DURATION;
}

/* Two fields: as numbers where one of them is one, else by their spelling. */
static bool compare_values(enum syntax_op operator, struct value a, struct value b,
                           struct arena *scratch)
{
    struct number left, right;
    struct str left_text, right_text;
    if (is_missing(a) || is_missing(b))
        return operator== OP_NOT_EQUAL;
    if ((is_numeric(a.kind) || is_numeric(b.kind)) && number_of(a, &left) && number_of(b, &right))
        return holds(operator, number_order(left, right));
    if (!value_text(a, scratch, &left_text) || !value_text(b, scratch, &right_text))
        return operator== OP_NOT_EQUAL;
    return holds(operator, str_compare(left_text, right_text));
}

static bool is_in(const struct term *term, const struct run *run)
{
    struct value value = term_value(term->args[0], run);
    for (size_t i = 0; i < term->count; i++)
        if (compare_literal(OP_EQUAL, value, &term->literals[i], run->scratch))
            return true;
    return false;
}

static bool matches(const struct term *term, const struct run *run)
{
    struct str text;
    return value_text(term_value(term->args[0], run), run->scratch, &text) &&
           regex_matches(term->regex, text);
}

static bool all_of(const struct term *term, const struct run *run)
{
    for (size_t i = 0; i < term->count; i++)
        if (!term_true(term->args[i], run))
            return false;
    return true;
}

static bool one_of(const struct term *term, const struct run *run)
{
    for (size_t i = 0; i < term->count; i++)
        if (term_true(term->args[i], run))
            return true;
    return false;
}

bool term_true(const struct term *term, const struct run *run)
{
    bool truth = false;
    switch (term->op) {
    case TERM_COMPARE_LITERAL:
        return compare_literal(term->operator, term_value(term->args[0], run), term->literals,
                               run->scratch);
    case TERM_COMPARE:
        return compare_values(term->operator, term_value(term->args[0], run),
                              term_value(term->args[1], run), run->scratch);
    case TERM_IN:
        return is_in(term, run) != (term->operator== OP_NOT_IN);
    case TERM_MATCH:
        return matches(term, run);
    case TERM_AND:
        return all_of(term, run);
    case TERM_OR:
        return one_of(term, run);
    case TERM_NOT:
        return !term_true(term->args[0], run);
    case TERM_EXISTS:
        return !is_missing(term_value(term->args[0], run));
    case TERM_ERROR:
        return event_is_error(run->event, run->scratch);
    case TERM_ASK:
        return run->any >> term->ask & 1;
    case TERM_CONSTANT:
    case TERM_FIELD:
    case TERM_ARITHMETIC:
    case TERM_IF:
    case TERM_COALESCE:
    case TERM_CALL:
        break;
    }
    return truth_of(term_value(term, run), &truth) && truth;
}

/* --- values ---------------------------------------------------------------------------- */

static struct value number_value(struct number number, enum type type)
{
    enum value_kind kind = type == TYPE_DURATION ? VALUE_DURATION
                           : type == TYPE_TIME   ? VALUE_TIME
                                                 : VALUE_INTEGER;
    if (number.is_integer)
        return (struct value){.kind = kind, .integer = number.integer};
    if (isnan(number.real) || isinf(number.real))
        return missing;
    if (kind == VALUE_INTEGER)
        return (struct value){.kind = VALUE_FLOAT, .real = number.real};
    if (number.real < -9.2e18 || number.real > 9.2e18)
        return missing;
    return (struct value){.kind = kind, .integer = (int64_t)number.real};
}

static bool integer_arithmetic(enum syntax_op operator, int64_t a, int64_t b, int64_t *ret)
{
    switch ((int)operator) {
    case OP_PLUS:
        return !__builtin_add_overflow(a, b, ret);
    case OP_MINUS:
        return !__builtin_sub_overflow(a, b, ret);
    case OP_TIMES:
        return !__builtin_mul_overflow(a, b, ret);
    case OP_MODULO:
        *ret = b == -1 ? 0 : a % b;
        return true;
    default: /* 7 / 2 is 3.5, 6 / 2 is 3 */
        if (b == -1 || a % b != 0)
            return false;
        *ret = a / b;
        return true;
    }
}

static struct value arithmetic(const struct term *term, const struct run *run)
{
    struct number a, b, result = {0};
    if (!number_of(term_value(term->args[0], run), &a) ||
        !number_of(term_value(term->args[1], run), &b))
        return missing;
    bool divides = term->operator== OP_OVER || term->operator== OP_MODULO;
    if (divides && b.real == 0)
        return missing;
    result.is_integer = a.is_integer && b.is_integer &&
                        integer_arithmetic(term->operator, a.integer, b.integer, &result.integer);
    switch ((int)term->operator) {
    case OP_PLUS:
        result.real = a.real + b.real;
        break;
    case OP_MINUS:
        result.real = a.real - b.real;
        break;
    case OP_TIMES:
        result.real = a.real * b.real;
        break;
    case OP_OVER:
        result.real = a.real / b.real;
        break;
    default:
        result.real = fmod(a.real, b.real);
        break;
    }
    return number_value(result, term->type);
}

static struct value call(const struct term *term, const struct run *run)
{
    struct value args[ARGUMENTS_MAX];
    for (size_t i = 0; i < term->count; i++) {
        args[i] = term_value(term->args[i], run);
        if (is_missing(args[i]))
            return missing;
    }
    return term->function->call(args, term->count, run->scratch);
}

static struct value coalesce(const struct term *term, const struct run *run)
{
    struct value value = missing;
    for (size_t i = 0; i < term->count && is_missing(value); i++)
        value = term_value(term->args[i], run);
    return value;
}

struct value term_value(const struct term *term, const struct run *run)
{
    switch (term->op) {
    case TERM_FIELD:
        return event_get(run->event, term->path, run->scratch);
    case TERM_CONSTANT:
        return term->literals->value;
    case TERM_ARITHMETIC:
        return arithmetic(term, run);
    case TERM_CALL:
        return call(term, run);
    case TERM_COALESCE:
        return coalesce(term, run);
    case TERM_IF:
        return term_value(term->args[term_true(term->args[0], run) ? 1 : 2], run);
    case TERM_COMPARE:
    case TERM_COMPARE_LITERAL:
    case TERM_IN:
    case TERM_MATCH:
    case TERM_AND:
    case TERM_OR:
    case TERM_NOT:
    case TERM_EXISTS:
    case TERM_ERROR:
    case TERM_ASK:
        break;
    }
    return (struct value){.kind = VALUE_BOOL, .truth = term_true(term, run)};
}

struct literal literal_of(struct value value, struct arena *arena)
{
    struct literal literal = {.value = value};
    literal.is_bool = value.kind == VALUE_BOOL;
    literal.is_number = is_numeric(value.kind) && number_of(value, &literal.number);
    if (!value_text(value, arena, &literal.text))
        literal.text = STR("");
    return literal;
}

/* --- the door -------------------------------------------------------------------------- */

bool expr_true(const struct expr *expr, const struct event *event, struct arena *scratch)
{
    return term_true(expr->root, &(struct run){.event = event, .scratch = scratch});
}

bool expr_true_given(const struct expr *expr, const struct event *event, uint32_t any,
                     struct arena *scratch)
{
    return term_true(expr->root, &(struct run){.event = event, .scratch = scratch, .any = any});
}

struct value expr_value(const struct expr *expr, const struct event *event, struct arena *scratch)
{
    return term_value(expr->root, &(struct run){.event = event, .scratch = scratch});
}

unsigned expr_any_count(const struct expr *expr)
{
    return expr->any_count;
}

const struct expr *expr_any(const struct expr *expr, unsigned index)
{
    MUST(index < expr->any_count);
    return expr->any[index];
}

bool expr_constant(const struct expr *expr, struct value *ret)
{
    if (expr->root->op != TERM_CONSTANT)
        return false;
    *ret = expr->root->literals->value;
    return true;
}

struct str expr_text(const struct expr *expr)
{
    return expr->text;
}
