/* tests/tidy/includes.c - who includes whom: dependencies point one way.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/tidy/tidy.h"

#include <string.h>

enum { HEADER_INCLUDES_MAX = 3 };

/* The longest prefix that fits says how high a file stands; it includes its own height and what is
 * below. Exceptions, each a thing that lives beside its users: the mailbox is a plain data
 * structure, endpoint.h is a part of what plugins see, two files of config look into the plugins'
 * tables. */
static const struct layer {
    const char *prefix;
    int height;
} layers[] = {
    {"agent/limits.h", 0},
    {"agent/memory", 0},
    {"agent/must", 0},
    {"agent/why", 0},
    {"agent/data/", 1},
    {"agent/config/", 1},
    {"agent/ports/", 1},
    {"agent/tracing/", 1},
    {"agent/pipeline/mailbox.", 1},
    {"agent/delivery/answer.h", 2},
    {"agent/delivery/cluster.h", 2},
    {"agent/delivery/endpoint.h", 2},
    {"agent/weir.h", 3},
    {"agent/config/known.c", 3},
    {"agent/config/rules.c", 3},
    {"agent/group/", 3},
    {"agent/sampling/", 3},
    {"agent/tailing/", 3},
    {"agent/honeycomb/", 3},
    {"agent/indexing/", 3},
    {"agent/builtin", 3},
    {"agent/plugins", 3},
    {"agent/state/", 2},
    {"agent/delivery/", 5},
    {"agent/pipeline/", 5},
    {"agent/sight/", 5},
    {"agent/command/", 6},
    {"agent/main.c", 7},
};

static const struct { /* libraries behind ports */
    const char *include, *instead;
} libraries[] = {
    {"<curl/", "the exchange port"},
    {"<librdkafka/", "the broker port"},
    {"<microhttpd", "the listener port"},
};

static int height_of(struct str path)
{
    const struct layer *best = NULL;
    for (size_t i = 0; i < sizeof layers / sizeof *layers; i++)
        if (str_starts(path, str_from(layers[i].prefix)) &&
            (!best || strlen(layers[i].prefix) > strlen(best->prefix)))
            best = &layers[i];
    return best ? best->height : -1;
}

static bool is_in_plugins(struct str path)
{
    return str_starts(path, STR("inputs/")) || str_starts(path, STR("filters/")) ||
           str_starts(path, STR("outputs/"));
}

/* The insides of `trace`, `sample`, `tail` and `elasticsearch` have rooms of their own under
 * agent/. */
static void check_plugin(const struct tidy_file *file, struct str what, size_t line)
{
    if (str_equal(what, STR("agent/weir.h")) || str_equal(what, STR("filters/formats/format.h")) ||
        str_starts(what, STR("agent/tracing/")) || str_starts(what, STR("agent/sampling/")) ||
        str_starts(what, STR("agent/tailing/")) || str_starts(what, STR("agent/group/")) ||
        str_starts(what, STR("agent/indexing/")) || str_starts(what, STR("agent/honeycomb/")))
        return;
    if (str_starts(file->path, STR("filters/formats/")) && str_starts(what, STR("agent/data/")))
        return; /* formats build the index of fields that plugins only read and edit */
    complain(file->path, line, "includes %.*s; a plugin includes agent/weir.h alone",
             STR_ARG(what));
}

static void check_agent(const struct tidy_file *file, struct str what, size_t line)
{
    int own = height_of(file->path), other = height_of(what);
    if (is_in_plugins(what))
        complain(file->path, line, "includes %.*s; the agent knows plugins by builtin.def alone",
                 STR_ARG(what));
    else if (own < 0)
        complain(file->path, line, "stands in no layer; give it one in tests/tidy/includes.c");
    else if (other < 0 || other > own)
        complain(file->path, line,
                 "includes %.*s, which stands above it; move what both need downwards",
                 STR_ARG(what));
}

static bool is_port(struct str path)
{
    return str_starts(str_cut_last(path, '/').tail, STR("port_"));
}

static void check_library(const struct tidy_file *file, struct str what, size_t line)
{
    for (size_t i = 0; i < sizeof libraries / sizeof *libraries; i++)
        if (str_starts(what, str_from(libraries[i].include)) && !is_port(file->path))
            complain(file->path, line, "includes %.*s; go through %s", STR_ARG(what),
                     libraries[i].instead);
}

void check_includes(const struct tree *tree, const struct tidy_file *file)
{
    (void)tree;
    bool is_agent = str_starts(file->path, STR("agent/")),
         is_header = str_ends(file->path, STR(".h"));
    size_t number = 0, ours = 0;
    if (!is_agent && !is_in_plugins(file->path))
        return;
    for (struct str rest = file->text; rest.len > 0;) {
        struct cut cut = str_cut(rest, '\n');
        rest = cut.tail;
        number++;
        if (!str_starts(cut.head, STR("#include ")))
            continue;
        struct str what = str_skip(cut.head, 9);
        check_library(file, what, number);
        if (!str_starts(what, STR("\"")))
            continue;
        what = str_cut(str_skip(what, 1), '"').head;
        if (str_ends(what, STR("formats.def")) && str_starts(file->path, STR("filters/")))
            continue; /* a table, not a header */
        ours++;
        if (is_agent)
            check_agent(file, what, number);
        else
            check_plugin(file, what, number);
        if (is_header && ours == HEADER_INCLUDES_MAX + 1 &&
            !str_equal(file->path, STR("agent/weir.h")))
            complain(file->path, number, "includes more than %d of ours; forward-declare",
                     HEADER_INCLUDES_MAX);
    }
}
