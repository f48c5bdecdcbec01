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
}

static void parts_leave_something_for_the_libraries(void)
{
    const struct config config = {.agent.memory_bytes = 160 << 20};
    uint64_t sum = layout_share(&config, LAYOUT_BATCH) + layout_share(&config, LAYOUT_HELD) +
                   layout_share(&config, LAYOUT_PAYLOADS) + layout_share(&config, LAYOUT_WRITER);
    CHECK_EQ(sum, 150 << 20);
}

CHECK_MAIN(TEST(a_pipeline_of_standard_input_alone_keeps_no_state_unless_it_is_told_where),
           TEST(files_are_remembered_in_the_default_place_of_who_runs_it),
           TEST(parts_leave_something_for_the_libraries))
