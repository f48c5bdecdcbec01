/* agent/config/term.h - a compiled expression: a tree of typed nodes. Internal to this room.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What can be known before the first event is worked out while compiling: constants are folded, literals
 * stand parsed beside their comparison, patterns are compiled.
 */
#ifndef WEIR_TERM_H
#define WEIR_TERM_H

#include "agent/config/expr.h"
#include "agent/config/regex.h"
#include "agent/config/syntax.h"

enum type { /* what is known about a value before it is there */
    TYPE_ANY = 0,
    TYPE_TEXT,
    TYPE_NUMBER,
    TYPE_BOOL,
    TYPE_DURATION,
    TYPE_TIME,
};

enum term_op {
    TERM_CONSTANT = 0,
    TERM_FIELD,
    TERM_ERROR,  /* the built-in judgement */
    TERM_ASK,    /* any(): the bit of the other events */
    TERM_NOT,
    TERM_AND,
    TERM_OR,
    TERM_EXISTS,
    TERM_COMPARE,         /* two values */
    TERM_COMPARE_LITERAL, /* one value and `literals` */
    TERM_IN,              /* one value and a set of `literals` */
    TERM_MATCH,
    TERM_ARITHMETIC,
    TERM_IF,
    TERM_COALESCE,
    TERM_CALL,
};

struct number {
    bool is_integer;
    int64_t integer;
    double real; /* always set */
};

struct literal {
    struct value value;
    struct str text; /* its spelling */
    bool is_number, is_bool;
    struct number number;
};

struct term {
    enum term_op op;
    enum syntax_op operator; /* of comparisons and arithmetic */
    enum type type;
    bool is_constant;
    unsigned ask; /* bit of any() */
    size_t count; /* of args, or of literals for TERM_IN */
    struct term **args;
    struct path *path;
    const struct regex *regex;
    struct literal *literals;
    const struct function *function;
    struct span span;
};

struct run {
    const struct event *event;
    struct arena *scratch;
    uint32_t any;
};

struct function {
    const char *name;
    uint8_t least, most; /* arguments */
    enum type argument;  /* of the first; ANY takes all */
    enum type result;
    struct value (*call)(const struct value *args, size_t count, struct arena *scratch);
};
enum { ARGUMENTS_MAX = 16 };

/* functions.c */
const struct function *function_find(struct str name);
struct str function_nearest(struct str name);

/* run.c */
bool term_true(const struct term *term, const struct run *run);
struct value term_value(const struct term *term, const struct run *run);
bool number_of(struct value value, struct number *ret);
struct literal literal_of(struct value value, struct arena *arena);

struct expr {
    struct term *root;
    struct str text;
    const struct expr **any;
    unsigned any_count;
    struct regex *regexes; /* only of an expression on its own */
};

/* compile.c: what is asked of an expression by the setting it is for. */
struct expr_wanted {
    bool condition, number, any_allowed;
};
/* Null after a mistake (diagnosed). */
struct expr *expr_compile(struct context *context, const struct syntax *value, struct expr_wanted wanted);
/* A field, with a warning where it looks like a misspelt slot; null after a mistake. */
struct path *field_compile(struct context *context, struct str text, struct span span);

/* template.c: null after a mistake. value is a SYNTAX_TEXT. */
struct template *template_compile(struct context *context, const struct syntax *value);

/* types.c: what can be said of types before the first event; false: diagnosed. */
enum type path_type(const struct path *path);
const char *type_name(enum type type); /* "a number" */
bool check_comparison(struct context *context, const struct syntax *syntax, const struct term *left,
                      const struct term *right);
bool check_condition(struct context *context, const struct term *term);
bool check_and(struct context *context, const struct term *and);

/* outside.c: what a variable, env() or file() stands for, else the value itself. */
const struct syntax *value_resolve(struct context *context, const struct syntax *value,
                                   const struct setting *row, enum setting_kind kind);

#endif
