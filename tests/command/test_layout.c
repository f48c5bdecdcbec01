/* tests/command/test_layout.c - mirrors agent/command/layout.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/command/layout.c"

#include "tests/command/trial.h"

static void check_directory(const char *text, const char *want)
{
    struct trial trial;
    trial_begin(&trial, text);
    CHECK_TEXT(layout_state(trial.rehearsal.config, &trial.arena), want);
    trial_end(&trial);
}

static void a_pipeline_of_standard_input_alone_keeps_no_state_unless_it_is_told_where(void)
{
    check_directory("input stdin { } output discard { }", "");
    check_directory("agent { state = \"/s\" } input stdin { } output discard { }", "/s");
}

static void files_are_remembered_in_the_default_place_of_who_runs_it(void)
{
    static const char config[] = "input stdin { } input tail { path = \"/x\" } output discard { }";
    setenv("HOME", "/home/me", 1);
    setenv("XDG_STATE_HOME", "/home/me/states", 1);
    check_directory(config, geteuid() == 0 ? "/var/lib/weir" : "/home/me/states/weir");
    setenv("XDG_STATE_HOME", "", 1);
    check_directory(config, geteuid() == 0 ? "/var/lib/weir" : "/home/me/.local/state/weir");
    setenv("STATE_DIRECTORY", "/var/lib/shop:/var/lib/more", 1);
    check_directory(config, "/var/lib/shop");
    setenv("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:9001", 1);
    check_directory(config, "/tmp/weir");
    unsetenv("AWS_LAMBDA_RUNTIME_API");
    unsetenv("STATE_DIRECTORY");
}

static void parts_leave_something_for_the_libraries(void)
{
    const struct config config = {.agent.memory_bytes = 160 << 20};
    uint64_t sum = layout_share(&config, LAYOUT_BATCH) + layout_share(&config, LAYOUT_HELD) +
                   layout_share(&config, LAYOUT_PAYLOADS) + layout_share(&config, LAYOUT_WRITER);
    CHECK_EQ(sum, 140 << 20);
    CHECK_EQ(layout_share(&config, LAYOUT_HELD), 82 << 20);
}

static uint64_t give_mib(const void *self)
{
    return *(const uint64_t *)self << 20;
}

static void what_libraries_take_is_set_aside_first_wherever_their_outputs_stand(void)
{
    static const struct output output = {.library_bytes = give_mib}, other = {0};
    uint64_t ten = 10, twenty = 20;
    struct node inner = {.kind = NODE_OUTPUT, .output = &output, .object = &ten};
    struct node last = {.kind = NODE_OUTPUT, .output = &other};
    struct node branch = {.kind = NODE_BRANCH, .children = &inner, .next = &last};
    struct node first = {
        .kind = NODE_OUTPUT, .output = &output, .object = &twenty, .next = &branch};
    struct config config = {.agent.memory_bytes = 190 << 20, .nodes = &first};
    CHECK_EQ(layout_share(&config, LAYOUT_WRITER), 10 << 20);
    CHECK_EQ(layout_memory_for(&config, LAYOUT_WRITER, 10 << 20), 190 << 20);
    CHECK_EQ(layout_memory_for(&config, LAYOUT_HELD, 82 << 20), 190 << 20);
    config.agent.memory_bytes = 30 << 20;
    CHECK_EQ(layout_share(&config, LAYOUT_PAYLOADS), 0);
}

CHECK_MAIN(TEST(a_pipeline_of_standard_input_alone_keeps_no_state_unless_it_is_told_where),
           TEST(files_are_remembered_in_the_default_place_of_who_runs_it),
           TEST(parts_leave_something_for_the_libraries),
           TEST(what_libraries_take_is_set_aside_first_wherever_their_outputs_stand))
