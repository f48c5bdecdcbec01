/* tests/command/test_replay.c - mirrors agent/command/replay.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/command/replay.c"

#include "tests/check.h"
#include "tests/sim/files.h"

static void a_command_line_names_a_configuration_and_an_output(void)
{
    static const struct {
        const char *words[6];
        int want;
        size_t paths;
    } cases[] = {
        {{"replay", "-c", "f", "--to", "elk", NULL}, EXIT_DONE, 0},
        {{"replay", "--to", "elk", "-c", "f", "a.seg"}, EXIT_DONE, 1},
        {{"replay", "-c", "f", NULL, NULL, NULL}, EXIT_CONFIG, 0},
        {{"replay", "--to", "elk", NULL, NULL, NULL}, EXIT_CONFIG, 0},
        {{"replay", "--too", "elk", "-c", "f", NULL}, EXIT_CONFIG, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct order order = {0};
        char copies[6][16], *words[7] = {NULL};
        int count = 0;
        for (; count < 6 && cases[i].words[count]; count++)
            words[count] = strcpy(copies[count], cases[i].words[count]);
        CHECK_EQ(read_order(count, words, &order), cases[i].want);
        if (cases[i].want == EXIT_DONE)
            CHECK_EQ(order.path_count, cases[i].paths);
    }
}

static void the_dead_letters_of_one_output_are_found_in_order(void)
{
    struct sim_files *sim = sim_files_make(1);
    struct arena arena;
    struct replay replay = {0};
    struct listing listing = {.replay = &replay, .arena = &arena, .directory = STR("/state")};
    arena_init(&arena, 1 << 16, 1 << 20);
    sim_files_append(sim, "/state/dead-elk.0000000000000100.seg", STR("x"));
    sim_files_append(sim, "/state/dead-elk.0000000000000000.seg", STR("x"));
    sim_files_append(sim, "/state/dead-elk.0000000000000050.seg.damaged", STR("x"));
    sim_files_append(sim, "/state/dead-elk2.0000000000000000.seg", STR("x"));
    sim_files_append(sim, "/state/queue-elk.0000000000000000.seg", STR("x"));
    list_letters(&listing, sim_files_port(sim), STR("elk"));
    CHECK_EQ(replay.count, 2);
    CHECK_TEXT(str_from(replay.files[0].path), "/state/dead-elk.0000000000000000.seg");
    CHECK_TEXT(str_from(replay.files[1].path), "/state/dead-elk.0000000000000100.seg");
    arena_clear(&arena);
    sim_files_free(sim);
}

static void the_dead_letters_of_what_an_output_was_are_found_as_well(void)
{
    static struct agent agent;
    struct sim_files *sim = sim_files_make(1);
    struct replay replay = {0};
    struct node output = {.kind = NODE_OUTPUT, .label = STR("new"), .was = STR("old")};
    struct config config = {.nodes = &output, .agent.state = STR("/state")};
    const struct order order = {.to = STR("new")};
    arena_init(&agent.run, 1 << 16, 1 << 20);
    agent.config = &config;
    sim_files_append(sim, "/state/dead-old.0000000000000000.seg", STR("x"));
    sim_files_append(sim, "/state/dead-new.0000000000000000.seg", STR("x"));
    sim_files_append(sim, "/state/replay-new/dead-new.0000000000000000.seg", STR("x"));
    CHECK(find_files(&agent, &order, sim_files_port(sim), &replay));
    CHECK_EQ(replay.count, 3);
    CHECK_TEXT(str_from(replay.files[1].path), "/state/dead-old.0000000000000000.seg");
    output.was = STR("");
    config.agent.state = STR("/state");
    replay = (struct replay){0};
    CHECK(find_files(&agent, &order, sim_files_port(sim), &replay));
    CHECK_EQ(replay.count, 2);
    arena_clear(&agent.run);
    sim_files_free(sim);
}

CHECK_MAIN(TEST(the_dead_letters_of_what_an_output_was_are_found_as_well),
           TEST(a_command_line_names_a_configuration_and_an_output),
           TEST(the_dead_letters_of_one_output_are_found_in_order))
