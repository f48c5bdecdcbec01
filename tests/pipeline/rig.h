/* tests/pipeline/rig.h - a whole agent on a simulated disk, for the tests of this room.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef WEIR_RIG_H
#define WEIR_RIG_H

#include <string.h>

#include "agent/builtin.h"
#include "agent/command/agent.h"
#include "tests/check.h"
#include "tests/sim/clock.h"
#include "tests/sim/exchange.h"
#include "tests/sim/files.h"

struct rig {
    struct sim_files *sim;
    struct sim_clock clock;
    struct sim_far far; /* what an `elasticsearch` output sends to */
    struct agent agent;
};

static struct sim_far *rig_far;

static inline const struct exchanges *rig_exchanges(struct why *why)
{
    (void)why;
    return &rig_far->port;
}

static const char *rig_settings = ""; /* more of the agent block */

/* The agent starts on what there is. The configuration is given without the agent block. */
static inline void rig_start(struct rig *rig, const char *config)
{
    static char text[4096];
    struct diagnostics diagnostics;
    struct why why = {0};
    rig->agent = (struct agent){0};
    snprintf(text, sizeof text, "agent { state = \"/state\" admin = off %s }\n%s", rig_settings, config);
    const struct config_source source = {.name = "-e", .text = str_from(text)};
    const struct files *files = sim_files_port(rig->sim);
    const struct config_options options = {
        .sources = &source,
        .source_count = 1,
        .files = files,
        .plugins = {builtin_inputs, builtin_filters, builtin_outputs}};
    const struct agent_ports ports = {
        .clock = &rig->clock.port, .files = files, .exchanges = rig_exchanges};
    if (!agent_configure(&rig->agent, &options, &diagnostics)) {
        struct buffer said;
        buffer_init(&said, 1 << 20);
        diagnostics_print(&diagnostics, &said, 0);
        print_error("%.*s", STR_ARG(buffer_str(&said)));
        fail();
    }
    CHECK_OK(agent_open(&rig->agent, &ports, &why), why);
}

static inline void rig_open(struct rig *rig, const char *config)
{
    *rig = (struct rig){.sim = sim_files_make(1)};
    sim_clock_init(&rig->clock, 1);
    sim_far_init(&rig->far, &rig->clock, 1);
    rig_far = &rig->far;
    sim_files_append(rig->sim, "/out/.keep", STR(""));
    rig_start(rig, config);
}

/* kill -9; rig_start() brings it up again. */
static inline void rig_kill(struct rig *rig)
{
    agent_close(&rig->agent);
    sim_files_kill(rig->sim);
}

static inline void rig_close(struct rig *rig)
{
    agent_close(&rig->agent);
    sim_far_clear(&rig->far);
    sim_files_free(rig->sim);
}

/* One step of the lane, one of the disk writer, one of the delivery, ten milliseconds. */
static inline void rig_step(struct rig *rig)
{
    (void)lane_step(&rig->agent.lane);
    (void)writer_step(state_writer(rig->agent.lane.state), rig->clock.mono_ns);
    if (rig->agent.lane.delivery)
        (void)delivery_step(rig->agent.lane.delivery, 0);
    sim_clock_pass(&rig->clock, 10 * SIM_MS);
}

static inline void rig_steps(struct rig *rig, int count)
{
    for (int i = 0; i < count; i++)
        rig_step(rig);
}

/* As --once does: false when it does not come to its end. */
static inline bool rig_run_once(struct rig *rig)
{
    rig->agent.lane.mode = LANE_ONCE;
    for (int i = 0; i < 20000 && !lane_is_done(&rig->agent.lane); i++)
        rig_step(rig);
    return lane_is_done(&rig->agent.lane);
}

/* Standard input is these lines, and they are run through the configuration to the end. */
static inline void rig_run(struct rig *rig, const char *config, const char *lines)
{
    rig_open(rig, config);
    sim_files_stdin(rig->sim, str_from(lines), true);
    CHECK(rig_run_once(rig));
    CHECK(ledger_is_balanced(state_ledger(rig->agent.lane.state)));
}

static inline struct ledger *rig_ledger(struct rig *rig)
{
    return state_ledger(rig->agent.lane.state);
}

static inline const struct output_totals *rig_totals(struct rig *rig, uint32_t output)
{
    return &rig_ledger(rig)->outputs[output];
}

static inline size_t rig_lines(struct rig *rig, const char *path)
{
    struct str text = sim_files_text(rig->sim, path);
    size_t count = 0;
    for (size_t i = 0; i < text.len; i++)
        count += text.at[i] == '\n';
    return count;
}

/* --- what the operator was told, since rig_listen() ------------------------------------------ */

static struct buffer rig_told;

static inline void rig_hear(void *context, const char *line)
{
    (void)context;
    buffer_add(&rig_told, str_from(line));
    buffer_byte(&rig_told, '\n');
}

static inline void rig_listen(void)
{
    if (rig_told.max)
        buffer_clear(&rig_told);
    buffer_init(&rig_told, 1 << 20);
    log_capture(rig_hear, NULL);
}

/* How many lines of it hold this text. */
static inline size_t rig_told_times(const char *text)
{
    struct cut line = {.tail = buffer_str(&rig_told), .found = true};
    size_t count = 0;
    while (line.found) {
        line = str_cut(line.tail, '\n');
        count += str_find_str(line.head, str_from(text)) != SIZE_MAX;
    }
    return count;
}

static inline bool rig_wrote(struct rig *rig, const char *path, const char *text)
{
    return str_find_str(sim_files_text(rig->sim, path), str_from(text)) != SIZE_MAX;
}

#endif
