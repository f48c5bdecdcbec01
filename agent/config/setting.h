/* agent/config/setting.h - a plugin's settings table: parser, default, range, secrecy and manual in one row.
 * SPDX-License-Identifier: Apache-2.0
 *
 *     static const struct setting settings[] = {
 *         TEXT_SETTING(struct http, url, .required = true, .help = "Where batches go."),
 *         DURATION_SETTING(struct http, timeout_ns, .def = "30s", .min = "1ms", .max = "1h", .help = "Longest wait."),
 *         {0},
 *     };
 *
 * The macro checks the member's type: binding a `int timeout_ns` to DURATION does not compile. Settings
 * live in the run arena and never change.
 */
#ifndef WEIR_SETTING_H
#define WEIR_SETTING_H

#include <stddef.h>

#include "agent/data/names.h"

struct expr;     /* expr.h */
struct template; /* template.h */

enum setting_kind {
    SETTING_NONE = 0,
    SETTING_TEXT,     /* struct str */
    SETTING_NUMBER,   /* int64_t */
    SETTING_FLOAT,    /* double */
    SETTING_DURATION, /* int64_t, ns: 250ms 5s 2h 7d */
    SETTING_SIZE,     /* int64_t, bytes: 5MB 64KiB */
    SETTING_BOOL,     /* bool */
    SETTING_CHOICE,   /* int, a value of `choices` */
    SETTING_FIELD,    /* struct path * (null if not set) */
    SETTING_EXPR,     /* struct expr * (null if not set) */
    SETTING_TEMPLATE, /* struct template * (null if not set) */
    SETTING_LIST,     /* struct list: of `item` kind */
    SETTING_MAP,      /* struct map: path or text keys, values of `item` kind */
    SETTING_SECRET,   /* struct str; never printed back */
    SETTING_BLOCKS,   /* struct blocks: sub-blocks such as `rule "x" { }`, each with its own table */
};

struct choice {
    const char *word;
    int value;
};

struct list {
    size_t count;
    union { /* by the item kind */
        struct str *texts;
        int64_t *numbers;
        struct path **fields;
        struct expr **exprs;
    };
};

struct map {
    size_t count;
    struct str *keys;      /* as written, unquoted */
    struct path **paths;   /* compiled, where the table says key_is_field */
    struct str *texts;     /* item TEXT or SECRET */
    struct path **fields;  /* item FIELD */
    struct expr **exprs;   /* item EXPR */
};

struct block_value { /* one parsed sub-block */
    struct str label; /* empty if none */
    void *object;     /* of the sub-table's size, filled */
    const char *where; /* "file:line:column" */
};
struct blocks {
    size_t count;
    struct block_value *at;
};

struct setting {
    const char *name;
    enum setting_kind kind;
    size_t offset;
    const char *help; /* one or more sentences; ends with a full stop */
    const char *def;  /* as it would be written in a file (TEXT and TEMPLATE may leave out the quotes); null: zero */
    const char *min, *max; /* as written; both inclusive; of an EXPR: a number is wanted, checked where it is constant */
    const struct choice *choices; /* of CHOICE; of TEXT: words that need no quotes, such as off */
    enum setting_kind item;       /* of LIST and MAP */
    const struct setting *blocks; /* of BLOCKS: the sub-block's table */
    size_t blocks_size;           /* of BLOCKS: sizeof its struct */
    const char *renamed_from;     /* an older spelling that still works */
    const char *example;          /* shown in the reference */
    bool required, secret, key_is_field, label_required;
    bool condition;   /* EXPR: must be true or false (rows called `when` always are) */
    bool words;       /* TEXT: bare words need no quotes, such as labels of inputs in `from` */
    bool any_allowed; /* EXPR: may ask the other events of the trace with any(EXPR) */
};

#define SETTING_MEMBER(object, member, type) \
    (offsetof(object, member) + 0 * sizeof(&((object *)0)->member == (type *)0))

#define SETTING_ROW(object, member, type, kind_, ...) \
    {.name = #member, .kind = kind_, .offset = SETTING_MEMBER(object, member, type), __VA_ARGS__}

#define TEXT_SETTING(o, m, ...)     SETTING_ROW(o, m, struct str, SETTING_TEXT, __VA_ARGS__)
#define NUMBER_SETTING(o, m, ...)   SETTING_ROW(o, m, int64_t, SETTING_NUMBER, __VA_ARGS__)
#define FLOAT_SETTING(o, m, ...)    SETTING_ROW(o, m, double, SETTING_FLOAT, __VA_ARGS__)
/* The member is called `<name>_ns` or `<name>_bytes`; the setting's name has no unit suffix. */
#define DURATION_SETTING(o, m, ...) \
    {.name = #m, .kind = SETTING_DURATION, .offset = SETTING_MEMBER(o, m##_ns, int64_t), __VA_ARGS__}
#define SIZE_SETTING(o, m, ...) \
    {.name = #m, .kind = SETTING_SIZE, .offset = SETTING_MEMBER(o, m##_bytes, int64_t), __VA_ARGS__}
#define BOOL_SETTING(o, m, ...)     SETTING_ROW(o, m, bool, SETTING_BOOL, __VA_ARGS__)
#define CHOICE_SETTING(o, m, words, ...) \
    SETTING_ROW(o, m, int, SETTING_CHOICE, .choices = words, __VA_ARGS__)
#define FIELD_SETTING(o, m, ...)    SETTING_ROW(o, m, struct path *, SETTING_FIELD, __VA_ARGS__)
#define EXPR_SETTING(o, m, ...)     SETTING_ROW(o, m, struct expr *, SETTING_EXPR, __VA_ARGS__)
#define TEMPLATE_SETTING(o, m, ...) SETTING_ROW(o, m, struct template *, SETTING_TEMPLATE, __VA_ARGS__)
#define LIST_SETTING(o, m, item_, ...) SETTING_ROW(o, m, struct list, SETTING_LIST, .item = item_, __VA_ARGS__)
#define MAP_SETTING(o, m, item_, ...) SETTING_ROW(o, m, struct map, SETTING_MAP, .item = item_, __VA_ARGS__)
#define SECRET_SETTING(o, m, ...) SETTING_ROW(o, m, struct str, SETTING_SECRET, .secret = true, __VA_ARGS__)
#define BLOCKS_SETTING(o, m, table, object, ...) \
    SETTING_ROW(o, m, struct blocks, SETTING_BLOCKS, .blocks = table, .blocks_size = sizeof(object), __VA_ARGS__)

#endif
