/* agent/config/known.c - kinds of blocks, plugins, and what people call them elsewhere.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/config/known.h"

#include "agent/config/strings.h"

static const char *const kinds[] = {"agent", "input", "filter", "output", "branch", "test"};

bool known_kind(struct str word)
{
    for (size_t i = 0; i < COUNT(kinds); i++)
        if (str_equal(word, str_from(kinds[i])))
            return true;
    return false;
}

struct str known_kind_nearest(struct str word)
{
    struct nearest nearest = nearest_to(word);
    for (size_t i = 0; i < COUNT(kinds); i++)
        nearest_try(&nearest, str_from(kinds[i]));
    return nearest_found(&nearest);
}

const char *node_kind_name(enum node_kind kind)
{
    static const char *const names[] = {"input", "filter", "output", "branch"};
    return names[kind];
}

static bool has_setting(const struct setting *settings, struct str name)
{
    for (; settings && settings->name; settings++)
        if (str_equal(str_from(settings->name), name))
            return true;
    return false;
}

struct str known_owner(struct context *context, struct str setting)
{
    if (has_setting(agent_settings, setting))
        return STR("agent { ... }");
    static const enum node_kind order[] = {NODE_INPUT, NODE_OUTPUT, NODE_FILTER};
    for (size_t i = 0; i < COUNT(order); i++) {
        struct plugin plugin;
        for (size_t j = 0; (plugin = plugin_at(&context->options->plugins, order[i], j)).name; j++)
            if (has_setting(plugin.settings, setting))
                return context_format(context, "%s %s { ... }", node_kind_name(order[i]),
                                      plugin.name);
    }
    return STR("");
}

const char *known_thought(struct str kind, struct str word)
{
    static const struct {
        const char *kind, *word, *hint;
    } thoughts[] = {
        {"function", "contains", "write field =~ 'text'"},
        {"function", "starts_with", "write field =~ '^text'"},
        {"function", "ends_with", "write field =~ 'text$'"},
        {"function", "match", "write field =~ 'pattern'"},
        {"function", "matches", "write field =~ 'pattern'"},
        {"function", "regex", "write field =~ 'pattern'"},
        {"function", "is_null", "write not field exists"},
        {"function", "length", "write len(field)"},
        {"filter", "keep", "there is no keep filter: write drop { when = not (...) }"},
        {"filter", "grep", "write drop { when = ... }"},
        {"filter", "grok", "write parse { format = auto }: the formats are built in"},
        {"filter", "json", "write parse { format = json }"},
        {"filter", "mutate", "write set, rename or remove"},
        {"filter", "record_modifier", "write set, rename or remove"},
        {"filter", "throttle", "write sample { rate = N }: it keeps 1 in N"},
        {"input", "file", "files are read by: input tail { path = \"...\" }"},
        {"input", "files", "files are read by: input tail { path = \"...\" }"},
        {"input", "filestream", "files are read by: input tail { path = \"...\" }"},
        {"output", "es", "write output elasticsearch"},
        {"output", "elastic", "write output elasticsearch"},
        {"output", "opensearch", "write output elasticsearch: it speaks to OpenSearch too"},
        {"output", "console", "write output stdout"},
        {"output", "null", "write output discard"},
        {"output", "blackhole", "write output discard"},
        {"", "source", "write input"},
        {"", "sources", "write input"},
        {"", "inputs", "write input PLUGIN { ... }, once for each"},
        {"", "filters", "write filter PLUGIN { ... }, once for each"},
        {"", "outputs", "write output PLUGIN { ... }, once for each"},
        {"", "sink", "write output"},
        {"", "sinks", "write output"},
        {"", "transform", "write filter"},
        {"", "transforms", "write filter"},
        {"", "processor", "write filter"},
        {"", "processors", "write filter"},
        {"", "receiver", "write input"},
        {"", "receivers", "write input"},
        {"", "exporter", "write output"},
        {"", "exporters", "write output"},
        {"", "match", "write output, or branch { when = ... }"},
        {"", "service", "write agent { ... }"},
        {"", "global", "write agent { ... }"},
        {"", "pipeline",
         "leave it out: blocks stand at the top of the file, in the order events flow"},
        {"", "route", "write branch { when = ... }"},
        {"", "if", "write when = ... on the filter, branch or output"},
    };
    for (size_t i = 0; i < COUNT(thoughts); i++)
        if (str_equal(kind, str_from(thoughts[i].kind)) &&
            str_equal(word, str_from(thoughts[i].word)))
            return thoughts[i].hint;
    return NULL;
}
