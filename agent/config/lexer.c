/* agent/config/lexer.c - cuts a configuration text into tokens.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/config/lexer.h"

#include "agent/config/strings.h"

struct lexer {
    struct context *context;
    const struct source_text *source;
    size_t at;
    struct token *tokens;
    size_t count, room;
};

static char peek(const struct lexer *lexer, size_t ahead)
{
    size_t at = lexer->at + ahead;
    return at < lexer->source->text.len ? lexer->source->text.at[at] : '\0';
}

static bool at_end(const struct lexer *lexer)
{
    return lexer->at >= lexer->source->text.len;
}

static bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

static bool starts_segment(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || byte == '_' ||
           byte == '@';
}

static bool in_segment(char byte)
{
    return starts_segment(byte) || is_digit(byte) || byte == '-';
}

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

static struct span span_from(const struct lexer *lexer, size_t from)
{
    return (struct span){lexer->source, (uint32_t)from, (uint32_t)(lexer->at - from)};
}

static struct token *add(struct lexer *lexer, enum token_kind kind, size_t from)
{
    if (lexer->count == lexer->room) {
        size_t room = lexer->room ? lexer->room * 2 : 64;
        struct token *grown = context_take(lexer->context, room * sizeof *grown);
        if (lexer->count)
            memcpy(grown, lexer->tokens, lexer->count * sizeof *grown);
        lexer->tokens = grown;
        lexer->room = room;
    }
    struct token *token = &lexer->tokens[lexer->count];
    *token = (struct token){.kind = kind, .span = span_from(lexer, from)};
    token->text = span_text(token->span);
    size_t before = lexer->count ? token[-1].span.at + token[-1].span.len : 0;
    token->is_glued = lexer->count && before == from;
    struct str gap = str_slice(lexer->source->text, before, from - before);
    token->starts_line = lexer->count == 0 || str_find(gap, '\n') != SIZE_MAX;
    lexer->count++;
    return token;
}

static void skip_blanks(struct lexer *lexer)
{
    for (; !at_end(lexer); lexer->at++) {
        if (peek(lexer, 0) == '#') {
            while (!at_end(lexer) && peek(lexer, 0) != '\n')
                lexer->at++;
        }
        if (at_end(lexer) || !is_blank(peek(lexer, 0)))
            return;
    }
}

/* --- strings --------------------------------------------------------------------------- */

/* Index of the closing quote, or of the line's end. */
static size_t string_end(const struct lexer *lexer, char quote)
{
    struct str text = lexer->source->text;
    size_t at = lexer->at + 1;
    while (at < text.len && text.at[at] != '\n' && text.at[at] != quote)
        at += text.at[at] == '\\' && quote == '"' && at + 1 < text.len && text.at[at + 1] != '\n'
                  ? 2
                  : 1;
    return at;
}

static void lex_string(struct lexer *lexer)
{
    size_t from = lexer->at;
    char quote = peek(lexer, 0);
    size_t end = string_end(lexer, quote);
    bool closed = end < lexer->source->text.len && lexer->source->text.at[end] == quote;
    lexer->at = closed ? end + 1 : end;
    struct span span = span_from(lexer, from);
    if (!closed) {
        struct diagnostic *error = diagnose_error(lexer->context->diagnostics,
                                                  (struct span){lexer->source, (uint32_t)from, 1},
                                                  "this text is never closed");
        diagnose_hint(lexer->context->diagnostics, error,
                      "a %c is missing on this line; text of many lines is written <<END ... END",
                      quote);
    }
    struct str body = str_slice(lexer->source->text, from + 1, end - from - 1);
    struct token *token = add(lexer, TOKEN_STRING, from);
    token->is_unclosed = !closed;
    token->is_plain = quote == '\'' || str_find(body, '\\') == SIZE_MAX;
    token->text = token->is_plain ? body : string_decode(lexer->context, body, span);
}

/* <<END, then whole lines up to one that is END but for blanks around it. */
static void lex_lines(struct lexer *lexer)
{
    struct str text = lexer->source->text;
    size_t from = lexer->at;
    lexer->at += 2;
    size_t word_at = lexer->at;
    while (in_segment(peek(lexer, 0)))
        lexer->at++;
    struct str word = str_slice(text, word_at, lexer->at - word_at);
    struct span opener = span_from(lexer, from);
    while (!at_end(lexer) && peek(lexer, 0) != '\n')
        lexer->at++;
    size_t body = lexer->at + 1;
    for (size_t line = body; line < text.len;) {
        struct str rest = str_cut(str_skip(text, line), '\n').head;
        if (str_equal(str_trim(rest), word)) {
            lexer->at = line + rest.len;
            struct token *token = add(lexer, TOKEN_STRING, from);
            token->text = str_slice(text, body, line > body ? line - 1 - body : 0);
            return;
        }
        line += rest.len + 1;
    }
    lexer->at = text.len;
    struct diagnostic *error =
        diagnose_error(lexer->context->diagnostics, opener, "these lines are never closed");
    diagnose_hint(lexer->context->diagnostics, error, "a line that is only %.*s ends them",
                  STR_ARG(word));
    struct token *token = add(lexer, TOKEN_STRING, from);
    token->text = str_skip(text, body);
    token->is_unclosed = true;
}

/* --- words and numbers ----------------------------------------------------------------- */

static bool lex_index(struct lexer *lexer)
{
    size_t ahead = 1;
    while (is_digit(peek(lexer, ahead)))
        ahead++;
    if (ahead == 1 || peek(lexer, ahead) != ']')
        return false;
    lexer->at += ahead + 1;
    return true;
}

/* One segment; false if there is none here. */
static bool lex_segment(struct lexer *lexer)
{
    if (peek(lexer, 0) == '"') {
        size_t end = string_end(lexer, '"');
        if (end >= lexer->source->text.len || lexer->source->text.at[end] != '"')
            return false;
        lexer->at = end + 1;
        return true;
    }
    if (!starts_segment(peek(lexer, 0)))
        return false;
    while (in_segment(peek(lexer, 0)))
        lexer->at++;
    return true;
}

static bool lex_path(struct lexer *lexer)
{
    size_t from = lexer->at;
    if (peek(lexer, 0) == '.')
        lexer->at++;
    if (!lex_segment(lexer)) {
        lexer->at = from;
        return false;
    }
    for (;;) {
        size_t before = lexer->at;
        if (peek(lexer, 0) == '[' && lex_index(lexer))
            continue;
        if (peek(lexer, 0) == '.' && (lexer->at++, lex_segment(lexer)))
            continue;
        lexer->at = before;
        break;
    }
    add(lexer, TOKEN_PATH, from);
    return true;
}

static void lex_number(struct lexer *lexer)
{
    size_t from = lexer->at;
    while (is_digit(peek(lexer, 0)) || starts_segment(peek(lexer, 0)) ||
           (peek(lexer, 0) == '.' && is_digit(peek(lexer, 1))) ||
           ((peek(lexer, 0) == '-' || peek(lexer, 0) == '+') && is_digit(peek(lexer, 1)) &&
            (lexer->source->text.at[lexer->at - 1] | 32) == 'e' && is_digit(peek(lexer, 1))))
        lexer->at++;
    add(lexer, TOKEN_NUMBER, from);
}

/* --- the rest -------------------------------------------------------------------------- */

static const struct {
    char text[3];
    enum token_kind kind;
} signs[] = {
    {"==", TOKEN_EQUAL},        {"!=", TOKEN_NOT_EQUAL},  {"<=", TOKEN_AT_MOST},
    {">=", TOKEN_AT_LEAST},     {"=~", TOKEN_MATCH},      {"&&", TOKEN_AND},
    {"||", TOKEN_OR},           {"=", TOKEN_IS},          {"<", TOKEN_LESS},
    {">", TOKEN_GREATER},       {"+", TOKEN_PLUS},        {"-", TOKEN_MINUS},
    {"*", TOKEN_TIMES},         {"/", TOKEN_OVER},        {"%", TOKEN_MODULO},
    {"{", TOKEN_OPEN_BRACE},    {"}", TOKEN_CLOSE_BRACE}, {"[", TOKEN_OPEN_BRACKET},
    {"]", TOKEN_CLOSE_BRACKET}, {"(", TOKEN_OPEN},        {")", TOKEN_CLOSE},
    {",", TOKEN_COMMA},         {"&", TOKEN_AND},         {"|", TOKEN_OR},
    {"!", TOKEN_NOT},
};

static bool lex_sign(struct lexer *lexer)
{
    struct str rest = str_skip(lexer->source->text, lexer->at);
    for (size_t i = 0; i < COUNT(signs); i++) {
        if (!str_starts(rest, str_from(signs[i].text)))
            continue;
        size_t from = lexer->at;
        lexer->at += strlen(signs[i].text);
        add(lexer, signs[i].kind, from);
        return true;
    }
    return false;
}

static bool ends_junk(char byte)
{
    return is_blank(byte) || byte == '\0' || byte == ']' || byte == '}' || byte == ')' ||
           byte == ',' || byte == '{';
}

/* A character that means nothing here. What hangs together with it is most likely one text whose
 * quotes were left out, so the words before it are taken into the run too. */
static void lex_junk(struct lexer *lexer)
{
    size_t from = lexer->at++;
    while (lexer->count) {
        const struct token *last = &lexer->tokens[lexer->count - 1];
        bool is_part = last->kind == TOKEN_PATH || last->kind == TOKEN_NUMBER ||
                       last->kind == TOKEN_OVER || last->kind == TOKEN_JUNK ||
                       last->kind == TOKEN_MINUS || last->kind == TOKEN_TIMES;
        if (!is_part || last->span.at + last->span.len != from)
            break;
        from = last->span.at;
        lexer->count--;
    }
    while (!ends_junk(peek(lexer, 0)))
        lexer->at++;
    add(lexer, TOKEN_JUNK, from);
}

static void lex_token(struct lexer *lexer)
{
    char byte = peek(lexer, 0);
    size_t from = lexer->at;
    if (byte == '"' || byte == '\'') {
        lex_string(lexer);
    } else if (byte == '<' && peek(lexer, 1) == '<' && starts_segment(peek(lexer, 2))) {
        lex_lines(lexer);
    } else if (is_digit(byte)) {
        lex_number(lexer);
    } else if (byte == '$' && starts_segment(peek(lexer, 1))) {
        lexer->at++;
        while (in_segment(peek(lexer, 0)))
            lexer->at++;
        struct token *token = add(lexer, TOKEN_VARIABLE, from);
        token->text = str_skip(token->text, 1);
    } else if (!((starts_segment(byte) || byte == '.') && lex_path(lexer)) && !lex_sign(lexer)) {
        lex_junk(lexer);
    }
}

struct token_list lex(struct context *context, const struct source_text *source)
{
    struct lexer lexer = {.context = context, .source = source};
    if (str_starts(source->text, STR("\xEF\xBB\xBF"))) /* what some editors put in front of UTF-8 */
        lexer.at = 3;
    for (skip_blanks(&lexer); !at_end(&lexer); skip_blanks(&lexer))
        lex_token(&lexer);
    lexer.at = source->text.len;
    add(&lexer, TOKEN_END, source->text.len);
    return (struct token_list){lexer.tokens, lexer.count};
}
