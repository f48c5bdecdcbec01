/* agent/config/value.c - the one grammar of all values: literals, lists, maps and expressions.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A value ends where no operator follows: nothing else separates settings.
 */
#include "agent/config/parser.h"
#include "agent/config/strings.h"
#include "agent/limits.h"

static struct syntax *parse_or(struct parser *parser);
static struct syntax *parse_unary(struct parser *parser);

static struct syntax *make(struct parser *parser, enum syntax_kind kind, struct span span)
{
    struct syntax *made = context_take(parser->context, sizeof *made);
    *made = (struct syntax){.kind = kind, .span = span, .text = span_text(span)};
    return made;
}

static struct diagnostic *wrong(struct parser *parser, struct span span, const char *message)
{
    return diagnose_error(parser->context->diagnostics, span, "%s", message);
}

#define HINT(parser, error, ...) diagnose_hint((parser)->context->diagnostics, error, __VA_ARGS__)

static bool too_deep(struct parser *parser)
{
    if (parser->depth < CONFIG_DEPTH_MAX)
        return false;
    if (!parser->gave_up)
        wrong(parser, token_at(parser, 0)->span, "this is nested too deeply");
    parser->gave_up = true; /* going on would only repeat it */
    parser->at = parser->count - 1;
    return true;
}

/* A word that is an operator here, and no setting's name. */
static bool operator_at(const struct parser *parser, struct str word)
{
    return word_at(parser, 0, word) && kind_at(parser, 1) != TOKEN_IS;
}

/* `rate = ` on a new line begins the next setting: what came before it has ended. */
static bool next_setting_at(const struct parser *parser)
{
    return kind_at(parser, 0) == TOKEN_PATH && token_at(parser, 0)->starts_line &&
           kind_at(parser, 1) == TOKEN_IS;
}

/* --- what is no value ------------------------------------------------------------------ */

/* The characters around a token that hang together: /var/log/x.log, https://host:1. */
static struct span run_around(const struct parser *parser)
{
    size_t first = parser->at;
    while (first > 0 && parser->tokens[first].is_glued &&
           parser->tokens[first - 1].kind != TOKEN_IS &&
           parser->tokens[first - 1].kind != TOKEN_MATCH &&
           parser->tokens[first - 1].kind < TOKEN_OPEN_BRACE)
        first--;
    struct span run = parser->tokens[first].span;
    struct str rest = str_skip(run.source->text, run.at);
    run.len = 0;
    while (run.len < rest.len && !memchr(" \t\r\n,]})", rest.at[run.len], 8))
        run.len++;
    return run;
}

static bool has_typographic_quotes(struct str run)
{
    return str_find_str(run, STR("\xE2\x80\x9C")) != SIZE_MAX ||
           str_find_str(run, STR("\xE2\x80\x9D")) != SIZE_MAX ||
           str_find_str(run, STR("\xE2\x80\x98")) != SIZE_MAX ||
           str_find_str(run, STR("\xE2\x80\x99")) != SIZE_MAX;
}

static bool looks_like_regex(const struct parser *parser, struct span run)
{
    return parser->at > 0 && parser->tokens[parser->at - 1].kind == TOKEN_MATCH &&
           span_text(run).len > 1 && span_text(run).at[0] == '/';
}

static void hint_quotes(struct parser *parser, struct diagnostic *error, struct span run)
{
    struct str text = span_text(run);
    struct str body =
        str_ends(text, STR("/")) ? str_slice(text, 1, text.len - 2) : str_skip(text, 1);
    if (has_typographic_quotes(text))
        HINT(parser, error, "these are typographic quotes; write \" or '");
    else if (looks_like_regex(parser, run))
        HINT(parser, error, "a pattern stands in single quotes: '%.*s'", STR_ARG(body));
    else
        HINT(parser, error, "text needs quotes: \"%.*s\"", STR_ARG(text));
}

static struct syntax *no_value(struct parser *parser)
{
    const struct token *token = token_at(parser, 0);
    struct span run = token->span;
    if (token->kind == TOKEN_JUNK || token->kind == TOKEN_OVER || token->kind == TOKEN_TIMES) {
        run = run_around(parser);
        struct diagnostic *error = wrong(parser, run, "this is no value");
        hint_quotes(parser, error, run);
        while (kind_at(parser, 0) != TOKEN_END && token_at(parser, 0)->span.at < run.at + run.len)
            parser_skip(parser);
    } else if (parser->gave_up) {
        return make(parser, SYNTAX_BROKEN, run);
    } else if (token->kind == TOKEN_END || token->kind == TOKEN_CLOSE_BRACE || parser->at == 0) {
        wrong(parser, token->span, "a value is missing here");
    } else {
        struct span after = parser->tokens[parser->at - 1].span;
        wrong(parser, token->starts_line ? after : token->span, "a value is missing here");
        if (!token->starts_line && token->kind != TOKEN_PATH)
            parser_skip(parser);
    }
    return make(parser, SYNTAX_BROKEN, run);
}

/* --- primaries ------------------------------------------------------------------------- */

static struct syntax *parse_number(struct parser *parser)
{
    struct syntax *number = make(parser, SYNTAX_NUMBER, token_at(parser, 0)->span);
    parser_skip(parser);
    const struct token *unit = token_at(parser, 0);
    const char *guess =
        unit->kind == TOKEN_PATH && !unit->starts_line ? unit_guess(unit->text) : "";
    bool is_next =
        parser->in_list || kind_at(parser, 1) == TOKEN_IS || kind_at(parser, 1) == TOKEN_OPEN_BRACE;
    if (!*guess || is_next)
        return number;
    struct diagnostic *error =
        wrong(parser, span_to(number->span, unit->span), "a unit stands right behind its number");
    HINT(parser, error, "did you mean %.*s%s?", STR_ARG(number->text), guess);
    parser_skip(parser);
    number->kind = SYNTAX_BROKEN;
    return number;
}

static void close_items(struct parser *parser, struct syntax *owner, const struct token *opener,
                        enum token_kind closer)
{
    if (kind_at(parser, 0) == closer) {
        owner->span = span_to(owner->span, token_at(parser, 0)->span);
        parser_skip(parser);
        return;
    }
    if (parser->gave_up)
        return;
    struct diagnostic *error =
        diagnose_error(parser->context->diagnostics, opener->span, "this \"%.*s\" is never closed",
                       STR_ARG(span_text(opener->span)));
    struct position position = span_position(token_at(parser, 0)->span);
    HINT(parser, error, "a \"%s\" is missing before line %u, column %u",
         closer == TOKEN_CLOSE         ? ")"
         : closer == TOKEN_CLOSE_BRACE ? "}"
                                       : "]",
         position.line, position.column);
}

static bool ends_items(const struct parser *parser, enum token_kind closer)
{
    enum token_kind kind = kind_at(parser, 0);
    return kind == closer || kind == TOKEN_END || kind == TOKEN_CLOSE_BRACE ||
           kind == TOKEN_CLOSE_BRACKET || kind == TOKEN_CLOSE ||
           (closer != TOKEN_CLOSE_BRACE && next_setting_at(parser));
}

/* Items of a list or arguments of a call, up to and with the closer; commas may stand between them.
 */
static void parse_items(struct parser *parser, struct syntax *owner, enum token_kind closer)
{
    const struct token *opener = token_at(parser, 0);
    struct syntax **end = &owner->items;
    bool was_in_list = parser->in_list;
    parser_skip(parser);
    parser->in_list = closer == TOKEN_CLOSE_BRACKET;
    while (!ends_items(parser, closer)) {
        size_t before = parser->at;
        *end = parse_or(parser);
        end = &(*end)->next;
        if (kind_at(parser, 0) == TOKEN_COMMA)
            parser_skip(parser);
        else if (parser->at == before)
            parser_skip(parser);
    }
    parser->in_list = was_in_list;
    close_items(parser, owner, opener, closer);
}

static struct syntax *parse_list(struct parser *parser)
{
    struct syntax *list = make(parser, SYNTAX_LIST, token_at(parser, 0)->span);
    parse_items(parser, list, TOKEN_CLOSE_BRACKET);
    return list;
}

/* `key = value`; a colon instead of the sign is told once and then understood. */
static struct syntax *parse_pair(struct parser *parser)
{
    const struct token *key = token_at(parser, 0);
    parser_skip(parser);
    bool is_colon =
        kind_at(parser, 0) == TOKEN_JUNK && str_starts(token_at(parser, 0)->text, STR(":"));
    if (kind_at(parser, 0) == TOKEN_IS) {
        parser_skip(parser);
    } else {
        struct diagnostic *error = wrong(parser, key->span, "\"=\" is missing behind this name");
        HINT(parser, error, "write %.*s = ...", STR_ARG(span_text(key->span)));
        if (is_colon)
            parser_skip(parser);
    }
    struct syntax *value = parse_or(parser);
    value->key = key->text;
    value->key_span = key->span;
    return value;
}

static struct syntax *parse_map(struct parser *parser)
{
    const struct token *opener = token_at(parser, 0);
    struct syntax *map = make(parser, SYNTAX_MAP, opener->span);
    struct syntax **end = &map->items;
    parser_skip(parser);
    while (!ends_items(parser, TOKEN_CLOSE_BRACE)) {
        if (kind_at(parser, 0) != TOKEN_PATH && kind_at(parser, 0) != TOKEN_STRING) {
            *end = no_value(parser);
            parser_skip(parser);
        } else {
            *end = parse_pair(parser);
        }
        end = &(*end)->next;
        if (kind_at(parser, 0) == TOKEN_COMMA)
            parser_skip(parser);
    }
    close_items(parser, map, opener, TOKEN_CLOSE_BRACE);
    return map;
}

static struct syntax *parse_call(struct parser *parser)
{
    struct syntax *call = make(parser, SYNTAX_CALL, token_at(parser, 0)->span);
    parser_skip(parser);
    parse_items(parser, call, TOKEN_CLOSE);
    return call;
}

static struct syntax *parse_parentheses(struct parser *parser)
{
    const struct token *opener = token_at(parser, 0);
    bool was_in_list = parser->in_list;
    parser_skip(parser);
    parser->in_list = false;
    struct syntax *inner = parse_or(parser);
    parser->in_list = was_in_list;
    struct span inside = inner->span;
    inner->span = opener->span;
    close_items(parser, inner, opener, TOKEN_CLOSE);
    if (inner->span.len == opener->span.len)
        inner->span = span_to(opener->span, inside);
    inner->in_parentheses = true;
    return inner;
}

static struct syntax *parse_text(struct parser *parser)
{
    const struct token *token = token_at(parser, 0);
    struct syntax *text = make(parser, SYNTAX_TEXT, token->span);
    text->text = token->text;
    text->is_plain = token->is_plain;
    parser_skip(parser);
    const struct token *next = token_at(parser, 0);
    if (token->is_unclosed || !next->is_glued || next->kind > TOKEN_JUNK || next->kind == TOKEN_END)
        return text;
    struct diagnostic *error =
        wrong(parser, span_to(token->span, next->span), "this text ends at its second quote");
    HINT(parser, error, "a ' inside of text: \"it's\"; a \" inside of text: 'say \"hi\"'");
    while (token_at(parser, 0)->is_glued && kind_at(parser, 0) <= TOKEN_JUNK &&
           kind_at(parser, 0) != TOKEN_END)
        parser_skip(parser);
    text->kind = SYNTAX_BROKEN;
    return text;
}

static struct syntax *parse_simple(struct parser *parser, enum syntax_kind kind)
{
    const struct token *token = token_at(parser, 0);
    struct syntax *made = make(parser, kind, token->span);
    made->text = token->text;
    parser_skip(parser);
    return made;
}

static struct syntax *parse_nested(struct parser *parser)
{
    if (too_deep(parser))
        return make(parser, SYNTAX_BROKEN, token_at(parser, 0)->span);
    parser->depth++;
    enum token_kind kind = kind_at(parser, 0);
    struct syntax *parsed = kind == TOKEN_OPEN           ? parse_parentheses(parser)
                            : kind == TOKEN_OPEN_BRACKET ? parse_list(parser)
                            : kind == TOKEN_OPEN_BRACE   ? parse_map(parser)
                                                         : parse_call(parser);
    parser->depth--;
    return parsed;
}

static struct syntax *parse_primary(struct parser *parser)
{
    const struct token *token = token_at(parser, 0);
    if (token->kind == TOKEN_NUMBER)
        return parse_number(parser);
    if (token->kind == TOKEN_STRING)
        return parse_text(parser);
    if (token->kind == TOKEN_VARIABLE)
        return parse_simple(parser, SYNTAX_VARIABLE);
    if (token->kind == TOKEN_OPEN || token->kind == TOKEN_OPEN_BRACKET ||
        token->kind == TOKEN_OPEN_BRACE)
        return parse_nested(parser);
    if (token->kind != TOKEN_PATH || next_setting_at(parser))
        return no_value(parser);
    bool is_call = kind_at(parser, 1) == TOKEN_OPEN && !token_at(parser, 1)->starts_line;
    return is_call ? parse_nested(parser) : parse_simple(parser, SYNTAX_PATH);
}

/* --- operators ------------------------------------------------------------------------- */

static struct syntax *join(struct parser *parser, enum syntax_op op, const struct token *sign,
                           struct syntax *left, struct syntax *right)
{
    struct syntax *made = make(parser, SYNTAX_BINARY, span_to(left->span, right->span));
    made->op = op;
    made->op_span = sign->span;
    made->items = left;
    left->next = right;
    return made;
}

static struct syntax *parse_prefix(struct parser *parser, enum syntax_op op,
                                   struct syntax *(*parse)(struct parser *))
{
    const struct token *sign = token_at(parser, 0);
    parser_skip(parser);
    if (too_deep(parser))
        return make(parser, SYNTAX_BROKEN, sign->span);
    parser->depth++;
    struct syntax *item = parse(parser);
    parser->depth--;
    struct syntax *made = make(parser, SYNTAX_UNARY, span_to(sign->span, item->span));
    made->op = op;
    made->op_span = sign->span;
    made->items = item;
    return made;
}

static struct syntax *parse_unary(struct parser *parser)
{
    if (kind_at(parser, 0) != TOKEN_MINUS)
        return parse_primary(parser);
    struct syntax *made = parse_prefix(parser, OP_NEGATE, parse_unary);
    if (made->kind == SYNTAX_UNARY && made->items->kind == SYNTAX_NUMBER) {
        made->kind = SYNTAX_NUMBER;
        made->text = context_format(parser->context, "-%.*s", STR_ARG(made->items->text));
    }
    return made;
}

static enum syntax_op sign_at(const struct parser *parser, bool is_product)
{
    enum token_kind kind = kind_at(parser, 0);
    if (is_product)
        return kind == TOKEN_TIMES    ? OP_TIMES
               : kind == TOKEN_OVER   ? OP_OVER
               : kind == TOKEN_MODULO ? OP_MODULO
                                      : OP_NONE;
    bool is_item =
        parser->in_list && !token_at(parser, 0)->is_glued && token_at(parser, 1)->is_glued;
    if (kind == TOKEN_MINUS && is_item)
        return OP_NONE;
    return kind == TOKEN_PLUS ? OP_PLUS : kind == TOKEN_MINUS ? OP_MINUS : OP_NONE;
}

static struct syntax *parse_arithmetic(struct parser *parser, bool is_product)
{
    struct syntax *left = is_product ? parse_unary(parser) : parse_arithmetic(parser, true);
    unsigned entered = parser->depth;
    enum syntax_op op;
    while ((op = sign_at(parser, is_product)) != OP_NONE) {
        const struct token *sign = token_at(parser, 0);
        if (too_deep(parser))
            break;
        parser->depth++; /* such a chain leans to the left: as deep as it is long */
        parser_skip(parser);
        left = join(parser, op, sign, left,
                    is_product ? parse_unary(parser) : parse_arithmetic(parser, true));
    }
    parser->depth = entered;
    return left;
}

/* A lone = is told and taken for ==. */
static enum syntax_op comparison_at(struct parser *parser)
{
    enum token_kind kind = kind_at(parser, 0);
    if (kind >= TOKEN_EQUAL && kind <= TOKEN_MATCH)
        return (enum syntax_op)(OP_EQUAL + (kind - TOKEN_EQUAL));
    if (kind == TOKEN_IS) {
        struct diagnostic *error = wrong(parser, token_at(parser, 0)->span,
                                         "\"=\" gives a setting its value; it does not compare");
        HINT(parser, error, "did you mean \"==\"?");
        return OP_EQUAL;
    }
    if (operator_at(parser, STR("in")))
        return OP_IN;
    if (operator_at(parser, STR("not")) && word_at(parser, 1, STR("in"))) {
        parser_skip(parser);
        return OP_NOT_IN;
    }
    return OP_NONE;
}

static void chained(struct parser *parser, const struct syntax *first, const struct syntax *middle)
{
    const struct token *sign = token_at(parser, 0);
    struct diagnostic *error = wrong(parser, sign->span, "comparisons cannot be chained");
    HINT(parser, error, "write %.*s and %.*s %.*s ...", STR_ARG(span_text(first->span)),
         STR_ARG(span_text(middle->span)), STR_ARG(span_text(sign->span)));
}

static struct syntax *parse_comparison(struct parser *parser)
{
    struct syntax *left = parse_arithmetic(parser, false);
    if (operator_at(parser, STR("exists"))) {
        struct syntax *made =
            make(parser, SYNTAX_UNARY, span_to(left->span, token_at(parser, 0)->span));
        made->op = OP_EXISTS;
        made->op_span = token_at(parser, 0)->span;
        made->items = left;
        parser_skip(parser);
        return made;
    }
    enum syntax_op op = comparison_at(parser);
    if (op == OP_NONE)
        return left;
    const struct token *sign = token_at(parser, 0);
    parser_skip(parser);
    struct syntax *right = parse_arithmetic(parser, false);
    left = join(parser, op, sign, left, right);
    enum token_kind next = kind_at(parser, 0);
    if (next < TOKEN_EQUAL || next > TOKEN_MATCH)
        return left;
    chained(parser, left, right);
    while (kind_at(parser, 0) >= TOKEN_EQUAL && kind_at(parser, 0) <= TOKEN_MATCH) {
        parser_skip(parser);
        parse_arithmetic(parser, false);
    }
    left->kind = SYNTAX_BROKEN;
    return left;
}

static struct syntax *parse_not(struct parser *parser)
{
    if (kind_at(parser, 0) == TOKEN_NOT) {
        struct diagnostic *error = wrong(parser, token_at(parser, 0)->span, "\"!\" is no operator");
        HINT(parser, error, "write not");
    } else if (!operator_at(parser, STR("not"))) {
        return parse_comparison(parser);
    }
    return parse_prefix(parser, OP_NOT, parse_not);
}

static bool joiner_at(struct parser *parser, bool is_or)
{
    struct str word = is_or ? STR("or") : STR("and");
    if (operator_at(parser, word))
        return true;
    if (kind_at(parser, 0) != (is_or ? TOKEN_OR : TOKEN_AND))
        return false;
    struct span span = token_at(parser, 0)->span;
    struct diagnostic *error = diagnose_error(parser->context->diagnostics, span,
                                              "\"%.*s\" is no operator", STR_ARG(span_text(span)));
    HINT(parser, error, "write %.*s", STR_ARG(word));
    return true;
}

/* All terms of a chain of `or` or `and` hang on one node, so that it may be as long as it likes. */
static struct syntax *parse_chain(struct parser *parser, bool is_or)
{
    struct syntax *(*parse)(struct parser *) = parse_not;
    struct syntax *first = is_or ? parse_chain(parser, false) : parse(parser);
    if (!joiner_at(parser, is_or))
        return first;
    struct syntax *made = make(parser, SYNTAX_BINARY, first->span);
    made->op = is_or ? OP_OR : OP_AND;
    made->op_span = token_at(parser, 0)->span;
    made->items = first;
    struct syntax *last = first;
    bool more = true;
    while (more) {
        parser_skip(parser);
        last->next = is_or ? parse_chain(parser, false) : parse(parser);
        last = last->next;
        more = joiner_at(parser, is_or);
    }
    made->span = span_to(first->span, last->span);
    return made;
}

static struct syntax *parse_or(struct parser *parser)
{
    return parse_chain(parser, true);
}

struct syntax *parse_value(struct parser *parser)
{
    return parse_or(parser);
}

struct syntax *parse_value_text(struct context *context, const struct source_text *source)
{
    struct token_list tokens = lex(context, source);
    struct parser parser = {.context = context, .tokens = tokens.at, .count = tokens.count};
    struct syntax *value = parse_value(&parser);
    if (kind_at(&parser, 0) != TOKEN_END && value->kind != SYNTAX_BROKEN) {
        wrong(&parser, token_at(&parser, 0)->span, "the value ends before this");
        value->kind = SYNTAX_BROKEN;
    }
    return value;
}

size_t syntax_count(const struct syntax *items)
{
    size_t count = 0;
    for (; items; items = items->next)
        count++;
    return count;
}
