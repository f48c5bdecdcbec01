/* tests/command/test_agent.c - mirrors agent/command/agent.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/command/agent.c"

#include "agent/builtin.h"
#include "tests/check.h"
#include "tests/sim/clock.h"
#include "tests/sim/files.h"

static bool configure(struct agent *agent, const char *text, const struct files *files)
{
    struct diagnostics diagnostics;
    const struct config_source source = {.name = "-e", .text = str_from(text)};
    const struct config_options options = {
        .sources = &source,
        .source_count = 1,
        .files = files,
        .plugins = {builtin_inputs, builtin_filters, builtin_outputs}};
    *agent = (struct agent){0};
    return agent_configure(agent, &options, &diagnostics);
}

static enum code open_on(struct sim_files *sim, struct agent *agent, const char *config,
                         struct why *why)
{
    static struct sim_clock clock;
    sim_clock_init(&clock, 1);
    const struct agent_ports ports = {.clock = &clock.port, .files = sim_files_port(sim)};
    CHECK(configure(agent, config, ports.files));
    return agent_open(agent, &ports, why);
}

static void every_output_has_its_row_of_the_ledger_and_no_http_needs_no_delivery(void)
{
    struct sim_files *sim = sim_files_make(1);
    struct agent agent;
    struct why why = {0};
    sim_files_append(sim, "/out/.keep", STR(""));
    CHECK_OK(open_on(sim, &agent,
                     "input stdin { } output discard { } output file \"f\" { path = \"/out/f\" }",
                     &why),
             why);
    const struct pipeline *pipeline = &agent.lane.pipeline;
    CHECK(!agent.is_kept);
    CHECK(!agent.lane.delivery);
    CHECK_EQ(pipeline->drain_count, 2);
    for (uint16_t i = 0; i < 2; i++)
        CHECK(pipeline->drains[i].totals == &pipeline->ledger->outputs[i]);
    CHECK_TEXT(pipeline->ledger->output_names[1], "f");
    CHECK(!pipeline->drains[0].letters.is_open);
    agent_close(&agent);
    sim_files_free(sim);
}

static void a_second_agent_on_the_same_state_is_turned_away(void)
{
    static const char config[] = "agent { state = \"/state\" } input tail { path = \"/logs/x\" } "
                                 "output discard { }";
    struct sim_files *sim = sim_files_make(1);
    struct agent first, second;
    struct why why = {0};
    CHECK_OK(open_on(sim, &first, config, &why), why);
    CHECK(first.is_kept);
    CHECK_TEXT(first.state_path, "/state");
    CHECK(open_on(sim, &second, config, &why) != OK);
    CHECK(why.text[0]);
    agent_close(&second);
    agent_close(&first);
    CHECK_OK(open_on(sim, &first, config, &why), why);
    agent_close(&first);
    sim_files_free(sim);
}

CHECK_MAIN(TEST(every_output_has_its_row_of_the_ledger_and_no_http_needs_no_delivery),
           TEST(a_second_agent_on_the_same_state_is_turned_away))
