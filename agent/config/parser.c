/* agent/config/parser.c - blocks, settings, let and include. GRAMMAR.md is its grammar.
 * SPDX-License-Identifier: Apache-2.0
 *
 * After a mistake the parser takes what was most likely meant and goes on, so that one run finds
 * all of them and none of them twice.
 */
#include "agent/config/parser.h"

#include "agent/config/known.h"
#include "agent/limits.h"

static void parse_body(struct parser *parser, struct syntax_block *block, uint32_t outer);

static struct diagnostics *notes(struct parser *parser)
{
    return parser->context->diagnostics;
}

/* --- settings -------------------------------------------------------------------------- */

static struct syntax_setting *make_setting(struct parser *parser, struct token name)
{
    struct syntax_setting *setting = context_take(parser->context, sizeof *setting);
    setting->name = name.text;
    setting->span = name.span;
    return setting;
}

static struct syntax_setting *parse_setting(struct parser *parser)
{
    struct syntax_setting *setting = make_setting(parser, *token_at(parser, 0));
    parser_skip(parser);
    if (kind_at(parser, 0) == TOKEN_STRING) {
        setting->label = token_at(parser, 0)->text;
        parser_skip(parser);
    }
    parser_skip(parser); /* = */
    setting->value = parse_value(parser);
    return setting;
}

static bool starts_value(enum token_kind kind)
{
    return kind == TOKEN_STRING || kind == TOKEN_NUMBER || kind == TOKEN_PATH ||
           kind == TOKEN_OPEN_BRACKET || kind == TOKEN_VARIABLE || kind == TOKEN_JUNK ||
           kind == TOKEN_OVER;
}

/* `path "x"`, `path: "x"` or a bare `path`: told, then read as the setting it was meant to be. */
static struct syntax_setting *parse_signless(struct parser *parser)
{
    struct token name = *token_at(parser, 0);
    bool is_colon = name.kind == TOKEN_JUNK;
    if (is_colon) {
        name.text.len--;
        name.span.len--;
    }
    struct syntax_setting *setting = make_setting(parser, name);
    parser_skip(parser);
    if (kind_at(parser, 0) == TOKEN_EQUAL) { /* path == "x" */
        struct diagnostic *error = diagnose_error(notes(parser), token_at(parser, 0)->span,
                                                  "\"==\" compares; it gives no value");
        diagnose_hint(notes(parser), error, "write %.*s = ...", STR_ARG(name.text));
        parser_skip(parser);
        setting->value = parse_value(parser);
        return setting;
    }
    bool has_value = starts_value(kind_at(parser, 0)) && !token_at(parser, 0)->starts_line;
    struct diagnostic *error =
        diagnose_error(notes(parser), name.span,
                       has_value ? "\"=\" is missing behind this name" : "\"%.*s\" has no value",
                       STR_ARG(name.text));
    diagnose_hint(notes(parser), error, "write %.*s = ...", STR_ARG(name.text));
    setting->value =
        has_value ? parse_value(parser) : context_take(parser->context, sizeof *setting->value);
    setting->value->kind = SYNTAX_BROKEN;
    setting->value->span = setting->value->span.source ? setting->value->span : name.span;
    return setting;
}

/* --- blocks ---------------------------------------------------------------------------- */

/* KIND [PLUGIN] [STRING] with the brace behind it: how many tokens; 0: no block's head. */
static size_t head_length(const struct parser *parser)
{
    size_t len = 1;
    while (len < 3 && kind_at(parser, len) == TOKEN_PATH && !token_at(parser, len)->starts_line)
        len++;
    if (kind_at(parser, len) == TOKEN_STRING)
        len++;
    if (kind_at(parser, len) == TOKEN_OPEN_BRACE)
        return len;
    bool is_known = kind_at(parser, 1) != TOKEN_IS && known_kind(token_at(parser, 0)->text);
    return is_known ? len : 0;
}

static void take_head(struct parser *parser, struct syntax_block *block, size_t len)
{
    block->kind = token_at(parser, 0)->text;
    block->kind_span = block->span = token_at(parser, 0)->span;
    for (size_t i = 1; i < len; i++) {
        const struct token *token = token_at(parser, i);
        block->span = span_to(block->span, token->span);
        if (token->kind == TOKEN_PATH && i == 1) {
            block->plugin = token->text;
            block->plugin_span = token->span;
            continue;
        }
        block->label = token->text;
        block->label_span = token->span;
        block->has_label = true;
        if (token->kind == TOKEN_PATH) {
            struct diagnostic *error =
                diagnose_error(notes(parser), token->span, "a label stands in quotes");
            diagnose_hint(notes(parser), error, "write \"%.*s\"", STR_ARG(token->text));
        }
    }
    parser->at += len;
}

/* Blanks in front of the first token of a line, or UINT32_MAX. */
static uint32_t indentation(const struct token *token)
{
    uint32_t blanks = 0;
    struct str text = token->span.source->text;
    if (!token->starts_line)
        return UINT32_MAX;
    while (blanks < token->span.at && (text.at[token->span.at - blanks - 1] == ' ' ||
                                       text.at[token->span.at - blanks - 1] == '\t'))
        blanks++;
    return blanks;
}

static struct syntax_block *parse_block(struct parser *parser, size_t head)
{
    struct syntax_block *block = context_take(parser->context, sizeof *block);
    uint32_t outer = indentation(token_at(parser, 0));
    take_head(parser, block, head);
    block->open_span = block->span;
    if (kind_at(parser, 0) == TOKEN_OPEN_BRACE) {
        block->open_span = token_at(parser, 0)->span;
        parser_skip(parser);
    } else {
        struct diagnostic *error =
            diagnose_error(notes(parser), block->span, "\"{\" is missing behind this");
        diagnose_hint(notes(parser), error, "write %.*s { ... }", STR_ARG(span_text(block->span)));
        if (!starts_value(kind_at(parser, 0)) && kind_at(parser, 0) != TOKEN_CLOSE_BRACE)
            return block;
    }
    parse_body(parser, block, outer);
    return block;
}

/* More braces open than close, and this block starts no deeper than the one around it: that one
 * lacks its closing brace, not the last one of the file. */
static bool outdented(const struct parser *parser, const struct syntax_block *block, uint32_t outer)
{
    return parser->lacking && block && known_kind(token_at(parser, 0)->text) &&
           kind_at(parser, 1) != TOKEN_IS && outer != UINT32_MAX &&
           indentation(token_at(parser, 0)) <= outer;
}

/* An unclosed text swallowed the brace: that was told already. */
static bool holds_unclosed_text(const struct parser *parser, const struct syntax_block *block)
{
    for (size_t i = parser->at; i > 0 && parser->tokens[i - 1].span.at > block->open_span.at; i--)
        if (parser->tokens[i - 1].is_unclosed)
            return true;
    return false;
}

static void never_closed(struct parser *parser, const struct syntax_block *block)
{
    if (parser->gave_up || holds_unclosed_text(parser, block))
        return;
    struct diagnostic *error =
        diagnose_error(notes(parser), block->open_span, "this \"{\" is never closed");
    const struct token *next = token_at(parser, 0);
    if (next->kind == TOKEN_END)
        diagnose_hint(notes(parser), error, "a \"}\" is missing");
    else
        diagnose_hint(notes(parser), error, "a \"}\" is missing before line %u",
                      span_position(next->span).line);
    if (parser->lacking)
        parser->lacking--;
}

static void unexpected(struct parser *parser)
{
    struct str text = span_text(token_at(parser, 0)->span);
    if (kind_at(parser, 0) == TOKEN_COMMA || str_equal(text, STR(";"))) {
        struct diagnostic *error = diagnose_error(notes(parser), token_at(parser, 0)->span,
                                                  "nothing but blanks stands between settings");
        diagnose_hint(notes(parser), error, "leave the \"%.*s\" out", STR_ARG(text));
        parser_skip(parser);
        return;
    }
    diagnose_error(
        notes(parser), token_at(parser, 0)->span,
        "a setting (name = value) or a block (kind plugin { ... }) is expected, not \"%.*s\"",
        STR_ARG(str_slice(text, 0, 40)));
    parser_skip(parser);
    /* The rest of the line would only repeat it. */
    while (!token_at(parser, 0)->starts_line && kind_at(parser, 0) > TOKEN_PATH &&
           kind_at(parser, 0) != TOKEN_CLOSE_BRACE)
        parser_skip(parser);
}

struct ends { /* where the next setting and block of a body go */
    struct syntax_setting **settings;
    struct syntax_block **blocks;
};

static void add_setting(struct ends *ends, struct syntax_setting *setting)
{
    *ends->settings = setting;
    ends->settings = &setting->next;
}

static bool is_setting(const struct parser *parser)
{
    return kind_at(parser, 1) == TOKEN_IS ||
           (kind_at(parser, 1) == TOKEN_STRING && kind_at(parser, 2) == TOKEN_IS);
}

static bool is_colon_name(const struct token *token)
{
    return token->kind == TOKEN_JUNK && token->text.len > 1 && str_ends(token->text, STR(":"));
}

static void parse_statement(struct parser *parser, struct ends *ends)
{
    const struct token *token = token_at(parser, 0);
    size_t head;
    if (is_colon_name(token)) {
        add_setting(ends, parse_signless(parser));
    } else if (token->kind != TOKEN_PATH) {
        unexpected(parser);
    } else if (is_setting(parser)) {
        add_setting(ends, parse_setting(parser));
    } else if ((head = head_length(parser)) > 0) {
        struct syntax_block *block = parse_block(parser, head);
        *ends->blocks = block;
        ends->blocks = &block->next;
    } else {
        add_setting(ends, parse_signless(parser));
    }
}

/* Up to and with the closing brace. */
static void parse_body(struct parser *parser, struct syntax_block *block, uint32_t outer)
{
    struct ends ends = {&block->settings, &block->blocks};
    if (parser->depth++ >= CONFIG_DEPTH_MAX) {
        diagnose_error(notes(parser), block->span, "blocks are nested too deeply");
        parser->gave_up = true;
        parser->at = parser->count - 1;
    }
    while (kind_at(parser, 0) != TOKEN_CLOSE_BRACE) {
        if (kind_at(parser, 0) == TOKEN_END || outdented(parser, block, outer)) {
            never_closed(parser, block);
            parser->depth--;
            return;
        }
        parse_statement(parser, &ends);
    }
    parser->depth--;
    parser_skip(parser);
}

/* --- the top of a file ----------------------------------------------------------------- */

static void parse_let(struct parser *parser)
{
    const struct token *name = token_at(parser, 1);
    parser->at += 2;
    if (name->kind != TOKEN_VARIABLE || kind_at(parser, 0) != TOKEN_IS) {
        struct diagnostic *error =
            diagnose_error(notes(parser), name->span, "a let names what it sets");
        diagnose_hint(notes(parser), error, "write let $name = \"value\"");
        if (name->kind == TOKEN_PATH && kind_at(parser, 0) == TOKEN_IS) {
            parser_skip(parser);
            parse_value(parser);
        }
        return;
    }
    parser_skip(parser);
    struct let *let = context_take(parser->context, sizeof *let);
    *let = (struct let){.name = name->text, .span = name->span};
    let->value = parse_value(parser);
    let->order = parser->context->let_count++;
    for (const struct let *other = parser->context->lets; other; other = other->next)
        if (str_equal(other->name, let->name))
            diagnose_error(notes(parser), name->span,
                           "$%.*s is set a second time (first on line %u)", STR_ARG(name->text),
                           span_position(other->span).line);
    let->next = parser->context->lets;
    parser->context->lets = let;
    const struct syntax *value = let->value;
    bool is_literal = value->kind <= SYNTAX_TEXT || value->kind == SYNTAX_LIST ||
                      value->in_parentheses || value->kind == SYNTAX_CALL;
    if (!is_literal) {
        struct diagnostic *error = diagnose_error(
            notes(parser), value->span, "a let takes a literal or an expression in parentheses");
        diagnose_hint(notes(parser), error, "write let $%.*s = (%.*s)", STR_ARG(name->text),
                      STR_ARG(span_text(value->span)));
    }
}

static void parse_include(struct parser *parser)
{
    const struct token *path = token_at(parser, 1);
    parser_skip(parser);
    if (path->kind == TOKEN_STRING && parser->file->include) {
        parser_skip(parser);
        parser->file->include(parser->file, (struct include){path->span, path->text});
        return;
    }
    struct diagnostic *error =
        diagnose_error(notes(parser), path->span, "include takes a path in quotes");
    diagnose_hint(notes(parser), error, "write include \"conf.d/*.conf\"");
    while (kind_at(parser, 0) != TOKEN_END && !token_at(parser, 0)->starts_line)
        parser_skip(parser);
}

static void stray_setting(struct parser *parser, const struct syntax_setting *setting)
{
    struct diagnostic *error =
        diagnose_error(notes(parser), setting->span,
                       "the setting \"%.*s\" stands outside of any block", STR_ARG(setting->name));
    struct str owner = known_owner(parser->context, setting->name);
    if (owner.len)
        diagnose_hint(notes(parser), error, "did you mean it inside of %.*s?", STR_ARG(owner));
    else
        diagnose_hint(notes(parser), error, "settings live in blocks, such as agent { ... }");
}

static size_t lacking_braces(const struct parser *parser)
{
    size_t opened = 0, closed = 0;
    for (size_t i = 0; i < parser->count; i++) {
        opened += parser->tokens[i].kind == TOKEN_OPEN_BRACE;
        closed += parser->tokens[i].kind == TOKEN_CLOSE_BRACE;
    }
    return opened > closed ? opened - closed : 0;
}

static void parse_top(struct parser *parser)
{
    struct syntax_setting *stray = NULL;
    struct ends ends = {&stray, parser->file->blocks_end};
    if (word_at(parser, 0, STR("let")) && kind_at(parser, 1) != TOKEN_IS) {
        parse_let(parser);
    } else if (word_at(parser, 0, STR("include")) && kind_at(parser, 1) != TOKEN_IS) {
        parse_include(parser);
    } else if (kind_at(parser, 0) == TOKEN_CLOSE_BRACE) {
        diagnose_error(notes(parser), token_at(parser, 0)->span, "this \"}\" closes nothing");
        parser_skip(parser);
    } else {
        parse_statement(parser, &ends);
        parser->file->blocks_end = ends.blocks;
    }
    if (stray)
        stray_setting(parser, stray);
}

void parse_file(struct syntax_file *file)
{
    struct token_list tokens = lex(file->context, file->source);
    struct parser parser = {
        .context = file->context, .file = file, .tokens = tokens.at, .count = tokens.count};
    parser.lacking = lacking_braces(&parser);
    while (kind_at(&parser, 0) != TOKEN_END)
        parse_top(&parser);
}

/* --- looking at what was parsed -------------------------------------------------------- */

struct syntax_setting *syntax_find(const struct syntax_block *block, const char *name)
{
    for (struct syntax_setting *setting = block->settings; setting; setting = setting->next)
        if (str_equal(setting->name, str_from(name)))
            return setting;
    return NULL;
}

struct str syntax_describe(struct context *context, const struct syntax_block *block)
{
    struct str gap = block->plugin.len ? STR(" ") : STR("");
    if (block->has_label)
        return context_format(context, "%.*s%.*s%.*s \"%.*s\"", STR_ARG(block->kind), STR_ARG(gap),
                              STR_ARG(block->plugin), STR_ARG(block->label));
    return context_format(context, "%.*s%.*s%.*s", STR_ARG(block->kind), STR_ARG(gap),
                          STR_ARG(block->plugin));
}
