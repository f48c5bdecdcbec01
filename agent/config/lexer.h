/* agent/config/lexer.h - a configuration text cut into tokens.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef WEIR_LEXER_H
#define WEIR_LEXER_H

#include "agent/config/context.h"

enum token_kind {
    TOKEN_END = 0,
    TOKEN_PATH,     /* word or path: auto, http.route, ."x-id", items[0].id */
    TOKEN_NUMBER,   /* with what hangs on it: 5 1.5 64KiB 250ms */
    TOKEN_STRING,   /* text is decoded */
    TOKEN_VARIABLE, /* $name; text is without the dollar sign */
    TOKEN_JUNK,     /* a run of characters that mean nothing without quotes: https://es-1:9200 */
    TOKEN_EQUAL,    /* ==: comparisons in the order of enum compare */
    TOKEN_NOT_EQUAL,
    TOKEN_LESS,
    TOKEN_AT_MOST,
    TOKEN_GREATER,
    TOKEN_AT_LEAST,
    TOKEN_MATCH, /* =~ */
    TOKEN_IS,    /* = */
    TOKEN_PLUS,
    TOKEN_MINUS,
    TOKEN_TIMES,
    TOKEN_OVER,
    TOKEN_MODULO,
    TOKEN_OPEN_BRACE,
    TOKEN_CLOSE_BRACE,
    TOKEN_OPEN_BRACKET,
    TOKEN_CLOSE_BRACKET,
    TOKEN_OPEN,
    TOKEN_CLOSE,
    TOKEN_COMMA,
    TOKEN_AND, /* & or &&: always a mistake, kept to go on */
    TOKEN_OR,  /* | or || */
    TOKEN_NOT, /* ! */
};

struct token {
    enum token_kind kind;
    bool starts_line; /* the first of its line */
    bool is_glued;    /* no blank in front of it */
    bool is_unclosed; /* STRING: took the rest of its line, or of the file */
    bool is_plain;    /* STRING: its bytes stand in the file as they are, one quote in front */
    struct span span;
    struct str text;  /* decoded */
};

struct token_list {
    struct token *at; /* ends with TOKEN_END */
    size_t count;
};

/* Mistakes inside tokens are diagnosed here, once. */
struct token_list lex(struct context *context, const struct source_text *source);

#endif
