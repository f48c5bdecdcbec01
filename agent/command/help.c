/* agent/command/help.c - agent help: the plugins, one plugin's manual, the reference pages.
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdio.h>

#include "agent/builtin.h"
#include "agent/command/command.h"
#include "agent/command/manual.h"
#include "agent/config/strings.h"

enum { HELP_BYTES_MAX = 4 << 20 };

static const struct plugin_lists lists = {builtin_inputs, builtin_filters, builtin_outputs};

static struct manual manual_of(enum node_kind kind, struct plugin plugin)
{
    return (struct manual){.kind = kind,
                           .name = plugin.name,
                           .summary = plugin.summary,
                           .settings = plugin.settings,
                           .delivers = plugin.delivers,
                           .when_required = plugin.when_required};
}

static const struct manual agent_manual = {
    .name = "agent",
    .summary = "Settings of the whole program; the block may be left out.",
    .settings = agent_settings,
    .is_agent = true,
};

static void print_list(struct buffer *to, enum node_kind kind)
{
    struct plugin plugin;
    buffer_format(to, "\n%ss\n", node_kind_name(kind));
    for (size_t i = 0; (plugin = plugin_at(&lists, kind, i)).name; i++)
        buffer_format(to, "  %-14s %s\n", plugin.name, plugin.summary);
}

static void print_overview(struct buffer *to)
{
    buffer_format(to, "weir %s: inputs read, filters shape, outputs send.\n", WEIR_VERSION);
    for (enum node_kind kind = NODE_INPUT; kind <= NODE_OUTPUT; kind++)
        print_list(to, kind);
    buffer_format(to, "\nagent help NAME shows the settings of one; agent help agent those of the "
                      "agent block.\n");
}

static bool print_manuals(struct buffer *to, struct str name)
{
    struct plugin plugin;
    bool found = str_equal(name, STR("agent"));
    if (found)
        manual_print(to, &agent_manual);
    for (enum node_kind kind = NODE_INPUT; kind <= NODE_OUTPUT; kind++)
        for (size_t i = 0; (plugin = plugin_at(&lists, kind, i)).name; i++) {
            if (!str_equal(name, str_from(plugin.name)))
                continue;
            struct manual manual = manual_of(kind, plugin);
            if (found)
                buffer_byte(to, '\n');
            manual_print(to, &manual);
            found = true;
        }
    return found;
}

static bool print_reference(struct buffer *to, struct str room)
{
    static const char *const titles[] = {"Inputs", "Filters", "Outputs"};
    struct plugin plugin;
    for (enum node_kind kind = NODE_INPUT; kind <= NODE_OUTPUT; kind++) {
        if (!str_equal_case(room, str_from(titles[kind])))
            continue;
        buffer_format(to,
                      "# %s\n\nGenerated from the settings tables: `agent help --reference %.*s`. "
                      "`agent help NAME` says the same.\n",
                      titles[kind], STR_ARG(room));
        for (size_t i = 0; (plugin = plugin_at(&lists, kind, i)).name; i++) {
            struct manual manual = manual_of(kind, plugin);
            manual_markdown(to, &manual);
        }
        manual_common_markdown(to, kind);
        return true;
    }
    return false;
}

static struct str nearest_plugin(struct str name)
{
    struct plugin plugin;
    struct nearest nearest = nearest_to(name);
    for (enum node_kind kind = NODE_INPUT; kind <= NODE_OUTPUT; kind++)
        for (size_t i = 0; (plugin = plugin_at(&lists, kind, i)).name; i++)
            nearest_try(&nearest, str_from(plugin.name));
    return nearest_found(&nearest);
}

static int unknown(struct str name)
{
    struct str near = nearest_plugin(name);
    fprintf(stderr, "agent help: there is no plugin \"%.*s\"", STR_ARG(name));
    if (near.len)
        fprintf(stderr, "; did you mean \"%.*s\"?", STR_ARG(near));
    fprintf(stderr, "\nagent help lists them all\n");
    return EXIT_CONFIG;
}

static int usage(void)
{
    fprintf(stderr, "usage: agent help [NAME | --reference inputs|filters|outputs]\n");
    return EXIT_CONFIG;
}

int command_help(int argc, char **argv)
{
    struct buffer text;
    buffer_init(&text, HELP_BYTES_MAX);
    int exit_code = EXIT_DONE;
    if (argc <= 1)
        print_overview(&text);
    else if (argc == 3 && str_equal(str_from(argv[1]), STR("--reference")))
        exit_code = print_reference(&text, str_from(argv[2])) ? EXIT_DONE : usage();
    else if (argc != 2 || argv[1][0] == '-')
        exit_code = usage();
    else if (!print_manuals(&text, str_from(argv[1])))
        exit_code = unknown(str_from(argv[1]));
    if (text.len && (fwrite(text.at, 1, text.len, stdout) != text.len || fflush(stdout) != 0))
        exit_code = EXIT_OTHER;
    buffer_clear(&text);
    return exit_code;
}
