/* tests/command/test_foresight.c - mirrors agent/command/foresight.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/command/foresight.c"

#include <stdlib.h>
#include <unistd.h>

#include "agent/command/agent.h"
#include "agent/must.h"
#include "tests/command/trial.h"

static void memory_that_cannot_hold_what_is_promised_is_refused(void)
{
    static const struct {
        const char *text, *says;
    } cases[] = {
        {"agent { memory = 16MiB } input tail { path = \"/x\" line_max = 8MiB } output discard { }",
         "-e:1:62: error: a line of 8 MiB does not fit into what a batch may take: 4 of the "
         "agent's 16 MiB"},
        {"agent { memory = 16MiB } input stdin { } filter sample { rate = 2 trace_bytes_max = 8MiB "
         "} output discard { }",
         "error: no trace can grow to 8 MiB: this sampler may hold 5 of the agent's 16 MiB"},
        {"agent { memory = 32MiB } input stdin { } filter sample \"a\" { rate = 2 } branch { "
         "filter "
         "sample \"b\" { rate = 2 trace_bytes_max = 8MiB } output discard { } }",
         "this sampler may hold 5 of"},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        CHECK(strstr(trial_says(cases[i].text), cases[i].says));
}

static void what_the_hint_says_is_enough(void)
{
    const char *said = trial_says(
        "agent { memory = 16MiB } input tail { path = \"/x\" line_max = 8MiB } output discard { }");
    CHECK(strstr(said, "lower it, or write agent { memory = 65MiB }"));
    CHECK_TEXT(str_from(trial_says("agent { memory = 65MiB } input tail { path = \"/x\" line_max = "
                                   "8MiB } output discard { }")),
               "");
}

static void defaults_fit_into_the_smallest_memory(void)
{
    CHECK_TEXT(str_from(trial_says(
                   "agent { memory = 16MiB } input tail { path = \"/x\" } filter sample { rate = 2 "
                   "} output elasticsearch { }")),
               "");
}

static void files_are_written_once_and_not_read_back(void)
{
    CHECK(strstr(trial_says("input stdin { } output file \"a\" { path = \"/x\" } branch { output "
                            "file \"b\" { path = \"/x\" } }"),
                 "error: output \"a\" writes this file already"));
    CHECK(strstr(trial_says("input tail \"t\" { path = \"/logs/*.log\" } output file { path = "
                            "\"/logs/out.log\" }"),
                 "warning: input \"t\" reads this file"));
    CHECK_TEXT(str_from(trial_says("input tail \"t\" { path = \"/logs/*.log\" exclude = "
                                   "[\"out.log\"] } output file { path = \"/logs/out.log\" }")),
               "");
}

/* Runs a configuration once, so that its labels stand in the journal. */
static void leave_state(const char *directory, const char *blocks)
{
    static struct agent agent;
    struct diagnostics diagnostics;
    struct why why = {0};
    char text[512];
    snprintf(text, sizeof text, "agent { state = \"%s\" } %s", directory, blocks);
    const struct config_source source = {.name = "-e", .text = str_from(text)};
    const struct files *files = files_posix(FILES_POLL_ONLY);
    const struct config_options options = {
        .sources = &source,
        .source_count = 1,
        .files = files,
        .plugins = {builtin_inputs, builtin_filters, builtin_outputs}};
    const struct agent_ports ports = {.clock = clock_posix(), .files = files};
    agent = (struct agent){0};
    CHECK(agent_configure(&agent, &options, &diagnostics));
    CHECK_OK(agent_open(&agent, &ports, &why), why);
    agent_close(&agent);
    files_posix_close(files);
}

static void state_under_a_label_that_is_gone_is_told(void)
{
    char directory[] = "/tmp/weir-foresight-XXXXXX", text[512], command[64];
    CHECK(mkdtemp(directory) != NULL);
    leave_state(directory,
                "input tail \"logs\" { path = \"/nowhere/x\" } output discard \"old\" { }");
    snprintf(text, sizeof text,
             "agent { state = \"%s\" } input tail \"files\" { path = "
             "\"/nowhere/x\" } output discard "
             "\"new\" { }",
             directory);
    const char *said = trial_says(text);
    CHECK(strstr(said, "warning: output \"old\" is gone from the configuration"));
    CHECK(strstr(said, "write was = \"old\" in it"));
    CHECK(strstr(said, "warning: input \"logs\" is gone from the configuration"));
    snprintf(text, sizeof text,
             "agent { state = \"%s\" } input tail \"logs\" { path = "
             "\"/nowhere/x\" } output discard "
             "\"new\" { was = \"old\" }",
             directory);
    CHECK_TEXT(str_from(trial_says(text)), "");
    snprintf(command, sizeof command, "rm -rf %s", directory);
    CHECK_EQ(system(command), 0);
}

CHECK_MAIN(TEST(memory_that_cannot_hold_what_is_promised_is_refused),
           TEST(what_the_hint_says_is_enough), TEST(defaults_fit_into_the_smallest_memory),
           TEST(files_are_written_once_and_not_read_back),
           TEST(state_under_a_label_that_is_gone_is_told))
