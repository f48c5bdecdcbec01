/* agent/config/parser.h - what the parser of blocks and the parser of values share.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef WEIR_PARSER_H
#define WEIR_PARSER_H

#include "agent/config/syntax.h"

struct parser {
    struct context *context;
    struct syntax_file *file; /* null for a value on its own */
    const struct token *tokens;
    size_t at, count;
    unsigned depth;
    bool in_list;      /* between [ and ]: `a -1` are two items */
    bool gave_up;      /* nested too deeply: what follows was not read */
    size_t lacking;    /* braces that are opened and never closed: indentation says where */
};

static inline const struct token *token_at(const struct parser *parser, size_t ahead)
{
    size_t at = parser->at + ahead;
    return &parser->tokens[at < parser->count ? at : parser->count - 1];
}

static inline enum token_kind kind_at(const struct parser *parser, size_t ahead)
{
    return token_at(parser, ahead)->kind;
}

static inline void parser_skip(struct parser *parser)
{
    if (parser->at + 1 < parser->count)
        parser->at++;
}

static inline bool word_at(const struct parser *parser, size_t ahead, struct str word)
{
    return kind_at(parser, ahead) == TOKEN_PATH && str_equal(token_at(parser, ahead)->text, word);
}

/* Never null: a SYNTAX_BROKEN stands for what was diagnosed. */
struct syntax *parse_value(struct parser *parser);

#endif
