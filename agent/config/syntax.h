/* agent/config/syntax.h - a configuration as it was written: blocks, settings, values.
 * SPDX-License-Identifier: Apache-2.0
 *
 * One grammar serves all values (GRAMMAR.md): what a value means is decided by the setting it is for.
 */
#ifndef WEIR_SYNTAX_H
#define WEIR_SYNTAX_H

#include "agent/config/lexer.h"

enum syntax_kind {
    SYNTAX_BROKEN = 0, /* was diagnosed: fits everywhere */
    SYNTAX_NUMBER,     /* text: as written, with its unit */
    SYNTAX_TEXT,       /* text: decoded */
    SYNTAX_PATH,       /* text: as written: a word or a field */
    SYNTAX_VARIABLE,   /* text: name */
    SYNTAX_LIST,       /* items */
    SYNTAX_MAP,        /* items with keys */
    SYNTAX_CALL,       /* text: name; items: arguments */
    SYNTAX_UNARY,      /* op, one item */
    SYNTAX_BINARY,     /* op, two items */
};

enum syntax_op {
    OP_NONE = 0,
    OP_NOT,
    OP_NEGATE,
    OP_EXISTS,
    OP_OR,
    OP_AND,
    OP_EQUAL, /* the comparisons in the order of their tokens */
    OP_NOT_EQUAL,
    OP_LESS,
    OP_AT_MOST,
    OP_GREATER,
    OP_AT_LEAST,
    OP_MATCH,
    OP_IN,
    OP_NOT_IN,
    OP_PLUS,
    OP_MINUS,
    OP_TIMES,
    OP_OVER,
    OP_MODULO,
};

struct syntax {
    enum syntax_kind kind;
    enum syntax_op op;
    struct span span;
    struct span op_span;
    struct str text;
    struct syntax *items; /* first child */
    struct syntax *next;  /* next in the same parent */
    struct str key;       /* in a map: as written, unquoted */
    struct span key_span;
    bool in_parentheses;
    bool from_outside; /* what env() or file() brought in */
    bool is_plain; /* TEXT: byte n of it stands at span.at + 1 + n */
};

struct syntax_setting {
    struct str name, label; /* only `given "x" = ...` has a label */
    struct span span;       /* of the name */
    struct syntax *value;   /* never null */
    struct syntax_setting *next;
};

struct syntax_block {
    struct str kind, plugin, label;
    bool has_label;
    struct span span;       /* from the kind to the label */
    struct span kind_span, plugin_span, label_span, open_span;
    struct syntax_setting *settings;
    struct syntax_block *blocks;
    struct syntax_block *next;
};

struct include {
    struct span span; /* of the path */
    struct str path;
};

/* What a file holds goes to these, in order; include() reads another file in between. */
struct syntax_file {
    struct context *context;
    struct syntax_block **blocks_end;
    void (*include)(struct syntax_file *file, struct include include);
    unsigned depth; /* of includes */
    const struct source_text *source;
    const struct syntax_file *outer; /* the file that includes this one */
};

void parse_file(struct syntax_file *file);
/* A text that is one value and nothing else, such as a default or what env() brought in. */
struct syntax *parse_value_text(struct context *context, const struct source_text *source);

/* The setting of that name, or null. */
struct syntax_setting *syntax_find(const struct syntax_block *block, const char *name);
/* `output honeycomb "events"`: for messages. */
struct str syntax_describe(struct context *context, const struct syntax_block *block);
size_t syntax_count(const struct syntax *items);

#endif
