/* tests/command/test_check.c - mirrors agent/command/check.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/command/check.c"

#include "tests/check.h"

static int check(const char *first, const char *second, const char *third)
{
    char words[3][128];
    const char *const texts[] = {first, second, third};
    char *argv[5] = {(char[]){"check"}};
    int argc = 1;
    for (size_t i = 0; i < 3 && texts[i]; i++)
        argv[argc++] = str_z(str_from(texts[i]), words[i], sizeof words[i]);
    return command_check(argc, argv);
}

static void a_wrong_command_line_exits_with_2(void)
{
    CHECK_EQ(check(NULL, NULL, NULL), EXIT_CONFIG);
    CHECK_EQ(check("pipeline.conf", NULL, NULL), EXIT_CONFIG);
    CHECK_EQ(check("--nonsense", NULL, NULL), EXIT_CONFIG);
    CHECK_EQ(check("-e", "input stdin { }", "--format=xml"), EXIT_CONFIG);
}

static void a_wrong_configuration_exits_with_2(void)
{
    CHECK_EQ(check("-e", "input {", NULL), EXIT_CONFIG);
    CHECK_EQ(check("-c", "/nowhere/pipeline.conf", NULL), EXIT_CONFIG);
    CHECK_EQ(check("-e", "", "--format=json"), EXIT_CONFIG);
}

static void a_mistake_that_only_the_plugin_knows_is_one_too(void)
{
    CHECK_EQ(check("-e", "input stdin { } output stdout { }", NULL), EXIT_DONE);
    CHECK_EQ(check("-e", "input tail { path = \"\" } output stdout { }", NULL), EXIT_CONFIG);
}

static void a_far_end_with_a_fault_exits_with_1(void)
{
    CHECK_EQ(check("--connect", "-e",
                   "input stdin { } output elasticsearch { url = [\"http://127.0.0.1:1\"] }"),
             EXIT_NO);
    CHECK_EQ(check("--connect", "-e", "input stdin { } output discard { }"), EXIT_DONE);
    CHECK_EQ(check("--connect", "-e", "input {"), EXIT_CONFIG);
}

CHECK_MAIN(TEST(a_far_end_with_a_fault_exits_with_1), TEST(a_wrong_command_line_exits_with_2),
           TEST(a_wrong_configuration_exits_with_2),
           TEST(a_mistake_that_only_the_plugin_knows_is_one_too))
