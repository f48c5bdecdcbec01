/* agent/command/agent.h - a whole agent: configuration, state, pipeline, delivery, wired together.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Opened on ports that the caller gives: the program gives the real ones and runs three threads (crew.h), the simulator
 * gives its twins and steps everything on one.
 */
#ifndef WEIR_AGENT_H
#define WEIR_AGENT_H

#include "agent/config/config.h"
#include "agent/pipeline/lane.h"
#include "agent/state/state.h"

struct brokers;
struct exchanges;

struct agent_ports {
    const struct clock *clock;
    const struct files *files;
    const struct files *(*input_files)(void *context, uint16_t input); /* null: `files` for all */
    void *context;
    const struct exchanges *(*exchanges)(struct why *why); /* asked only when an output needs the delivery thread */
    const struct brokers *brokers;                         /* null: none */
};

struct agent {
    struct arena run;
    struct names *names;
    struct config *config;
    struct lane lane;
    struct str *input_labels;
    struct state_output *output_labels;
    const struct exchanges *exchanges;
    struct str state_path;
    bool is_kept; /* has a state directory */
};

/* Reads and checks configurations; makes the diagnostics, in the agent's arena. False: they say why (exit 2). */
bool agent_configure(struct agent *agent, const struct config_options *options,
                     struct diagnostics *diagnostics);
/* Opens state, plugins, streams; nothing is read yet. agent_close() cleans up either way. */
enum code agent_open(struct agent *agent, const struct agent_ports *ports, struct why *why) CHECK_RESULT;
void agent_close(struct agent *agent);

#endif
