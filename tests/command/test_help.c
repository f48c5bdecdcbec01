/* tests/command/test_help.c - mirrors agent/command/help.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/command/help.c"

#include "tests/check.h"

static void there_is_a_manual_of_every_plugin_and_of_the_agent_block(void)
{
    struct buffer text;
    buffer_init(&text, HELP_BYTES_MAX);
    CHECK(print_manuals(&text, STR("agent")));
    CHECK(str_find_str(buffer_str(&text), STR("memory  (size, 16MiB to 1TiB, default 128MiB)")) !=
          SIZE_MAX);
    CHECK(!print_manuals(&text, STR("nonsense")));
    struct plugin plugin;
    for (enum node_kind kind = NODE_INPUT; kind <= NODE_OUTPUT; kind++)
        for (size_t i = 0; (plugin = plugin_at(&lists, kind, i)).name; i++)
            CHECK(print_manuals(&text, str_from(plugin.name)));
    CHECK(!text.full);
    buffer_clear(&text);
}

static void every_plugin_has_a_section_in_the_reference(void)
{
    static const char *const rooms[] = {"inputs", "filters", "outputs"};
    for (enum node_kind kind = NODE_INPUT; kind <= NODE_OUTPUT; kind++) {
        struct buffer text;
        buffer_init(&text, HELP_BYTES_MAX);
        CHECK(print_reference(&text, str_from(rooms[kind])));
        struct plugin plugin;
        for (size_t i = 0; (plugin = plugin_at(&lists, kind, i)).name; i++)
            CHECK(str_find_str(buffer_str(&text), str_from(plugin.name)) != SIZE_MAX);
        buffer_clear(&text);
    }
    CHECK(!print_reference(&(struct buffer){.max = 1}, STR("dashboards")));
}

static void wrong_arguments_exit_with_2(void)
{
    char *nonsense[] = {(char[]){"help"}, (char[]){"nonsense"}, NULL};
    char *option[] = {(char[]){"help"}, (char[]){"--reference"}, NULL};
    CHECK_EQ(command_help(2, nonsense), EXIT_CONFIG);
    CHECK_EQ(command_help(2, option), EXIT_CONFIG);
}

CHECK_MAIN(TEST(there_is_a_manual_of_every_plugin_and_of_the_agent_block),
           TEST(every_plugin_has_a_section_in_the_reference), TEST(wrong_arguments_exit_with_2))
