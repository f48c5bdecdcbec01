/* agent/config/config.h - a configuration, read and checked: the tree that the pipeline is compiled from.
 * SPDX-License-Identifier: Apache-2.0
 *
 * GRAMMAR.md says what may be written. Objects (a plugin's `self`) are zeroed, filled from the settings and
 * live in the arena, as everything here does. Nothing is opened and no plugin code runs.
 */
#ifndef WEIR_CONFIG_H
#define WEIR_CONFIG_H

#include "agent/config/diagnostic.h"
#include "agent/config/setting.h"
#include "agent/why.h"

struct files;
struct input;
struct filter;
struct output;
struct regex;
struct syntax_block;

enum at_stop { AT_STOP_AUTO = 0, AT_STOP_KEEP, AT_STOP_DECIDE };

struct agent_block {
    struct str state; /* empty: the default place */
    int64_t memory_bytes;
    int64_t drain_ns;
    int at_stop; /* enum at_stop */
    int64_t give_up_ns;
    struct str admin; /* "address:port" or "off" */
    struct list admin_hosts;
    bool admin_given; /* else its default may be taken with a warning */
    struct span span; /* of the block; nowhere when there is none */
};
extern const struct setting agent_settings[];

enum when_full { QUEUE_BLOCKS = 0, QUEUE_DROPS_OLDEST };

struct queue_settings {
    int64_t size_bytes;
    int when_full; /* enum when_full */
};

struct dead_letter_settings {
    int64_t size_bytes;
};

/* What a plugin is to its configuration. */
struct plugin {
    const char *name, *summary;
    const struct setting *settings;
    size_t size;
    bool label_wanted, when_required;
    bool delivers; /* an output with a far end that may be away */
    bool holds;    /* a filter that holds events until their trace is whole */
    bool keyed_by_trace; /* an output whose `key` is the trace's id unless it is set */
    const void *itself; /* the struct input, filter or output */
};

enum node_kind { NODE_INPUT = 0, NODE_FILTER, NODE_OUTPUT, NODE_BRANCH };

/* One block, in file order. An input's events enter where the input stands and flow down. */
struct node {
    enum node_kind kind;
    union { /* by kind; a branch has none */
        const struct input *input;
        const struct filter *filter;
        const struct output *output;
    };
    struct str name;  /* of the plugin; "branch" */
    struct str label; /* the plugin's name, "branch", where none was written */
    bool has_label;   /* one was written */
    void *object;     /* plugin->size bytes */
    const struct expr *when; /* null: always */
    struct list from; /* labels of inputs (texts); count 0: all */
    struct str was;   /* of outputs: the label whose state this one takes over */
    struct queue_settings queue; /* of outputs that deliver */
    struct dead_letter_settings dead_letters;
    struct node *children; /* of inputs: filters; of branches: filters, outputs, branches */
    struct node *next;     /* in the same block */
    const char *where;     /* "file:line:column" */
    struct span span;
    struct plugin plugin;             /* a null name for a branch */
    const struct syntax_block *block; /* as it was written */
};
/* Of a setting's value in the node's block, or of the node where the setting is not written. */
struct span node_span(const struct node *node, const char *setting);
/* The value of a node's setting, written or not; null: its plugin has none of that name and kind. */
const void *node_setting(const struct node *node, const char *name, enum setting_kind kind);

struct test_given {
    struct str input; /* label */
    struct str lines;
    const char *where;
    struct test_given *next;
};

struct test_expect {
    struct str output; /* label */
    bool kept;
    struct str reason, rule;
    struct expr *weight;
    struct map fields; /* paths and constant expressions */
    const char *where;
    struct test_expect *next;
};

enum test_chance { CHANCE_HASH = 0, CHANCE_KEEP, CHANCE_DROP };

struct test {
    struct str name;
    int chance; /* enum test_chance: what the 1-in-N dice say */
    struct test_given *givens;
    struct test_expect *expects;
    const char *where;
    struct span span;
    struct test *next;
};

struct unset { /* a value that env() has none for; only where the options are lenient */
    struct span span;
    struct unset *next;
};

struct config {
    struct agent_block agent;
    struct node *nodes; /* in file order, across includes */
    struct test *tests;
    unsigned inputs, outputs;
    struct regex *regexes; /* outside the arena */
    struct unset *unsets;
    uint64_t hash;         /* of all that was read: one that was edited has another */
};

struct config_source {
    const char *name; /* a path, or "-e" */
    struct str text;  /* of -e; its `at` is null for a file */
};

struct plugin_lists { /* each ends with a null: builtin.h, or a test's own */
    const struct input *const *inputs;
    const struct filter *const *filters;
    const struct output *const *outputs;
};
/* agent/plugins.c: the one at an index of a kind's list; a null name behind the last. */
struct plugin plugin_at(const struct plugin_lists *lists, enum node_kind kind, size_t index);

struct config_options {
    const struct config_source *sources;
    size_t source_count;
    const struct files *files;
    const char *(*env)(const char *name); /* null: getenv */
    struct plugin_lists plugins;
    struct names *names; /* every path that is read is compiled into it */
    bool lenient;        /* `check`: an unset env() is a warning */
};

/* BAD_CONFIG: the diagnostics say what; OVER_LIMIT: the arena was full. On failure nothing is left to close.
 * Why may be null. */
enum code config_load(const struct config_options *options, struct arena *arena,
                      struct diagnostics *diagnostics, struct config **ret, struct why *why) CHECK_RESULT;
/* What is written there lacks a value that a start will have: nothing else can be said of it. */
bool config_is_unset(const struct config *config, struct span written);
/* Gives back what is not in the arena (compiled regular expressions). */
void config_close(struct config *config);

/* One expression on its own, such as `agent tap 'EXPR'`, in the diagnostics' arena; null after a mistake.
 * Close with expr_close(). */
struct expr *expr_from_text(struct str text, struct names *names, struct diagnostics *diagnostics);
void expr_close(struct expr *expr);

/* As if the setting were not written: its member becomes the default. False: it is required, a block, or there was no
 * room. */
bool setting_reset(const struct setting *row, void *object, struct names *names, struct diagnostics *diagnostics);

/* What `agent help` and the reference say beside a plugin's own table: `when`, `from` and `was` where a
 * kind of block takes them; null for inputs. */
const struct setting *common_settings(enum node_kind kind);
/* And of outputs that deliver to a far end. */
const struct setting *keeping_settings(void);
const char *node_kind_name(enum node_kind kind); /* "input" */

/* Whether a table is fit to be used: names, helps, defaults and ranges that parse, nothing that the engine reads
 * itself. A mistake in it is ours, so this is asked by tests. */
enum code settings_check(const struct setting *table, struct why *why) CHECK_RESULT;

/* Texts of secrets in a plugin's object, so that nothing prints them: calls each() with every one. */
void settings_secrets(const struct setting *table, const void *object,
                      void (*each)(void *context, struct str secret), void *context);

#endif
