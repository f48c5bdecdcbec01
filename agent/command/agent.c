/* agent/command/agent.c - a whole agent, wired together.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/command/agent.h"

#include <stdio.h>
#include <unistd.h>

#include "agent/command/foresight.h"
#include "agent/command/layout.h"
#include "agent/pipeline/yard.h"
#include "agent/ports/exchange.h"
#include "agent/state/state.h"

enum { RUN_ARENA_CHUNK = 64 * 1024, RUN_ARENA_MAX = 64 << 20 };
enum {
    BATCH_ARENA_CHUNK = 1 << 20
}; /* an ordinary batch and what is made of it: nothing asked of the heap */

bool agent_configure(struct agent *agent, const struct config_options *options,
                     struct diagnostics *diagnostics)
{
    struct config_options filled = *options;
    arena_init(&agent->run, RUN_ARENA_CHUNK, RUN_ARENA_MAX);
    diagnostics_init(diagnostics, &agent->run);
    agent->names = names_make(&agent->run);
    if (!agent->names)
        return false;
    filled.names = agent->names;
    if (config_load(&filled, &agent->run, diagnostics, &agent->config, NULL) != OK)
        return false;
    foresee_memory(agent->config, diagnostics);
    foresee_files(agent->config, diagnostics);
    return diagnostics->errors == 0;
}

static enum code name_all(struct agent *agent, struct why *why)
{
    const struct config *config = agent->config;
    agent->input_labels = arena_zeroed(&agent->run, (config->inputs + 1) * sizeof(struct str));
    agent->output_labels =
        arena_zeroed(&agent->run, (config->outputs + 1) * sizeof(struct state_output));
    if (!agent->input_labels || !agent->output_labels)
        return fail(why, OVER_LIMIT, "the configuration does not fit into its memory");
    struct pipeline *pipeline = &agent->lane.pipeline;
    for (uint16_t i = 0; i < pipeline->entry_count; i++)
        agent->input_labels[i] = pipeline->entries[i].host.label;
    agent->input_labels[pipeline->entry_count] = STR("/queues"); /* no label has a slash */
    for (uint16_t i = 0; i < pipeline->drain_count; i++)
        agent->output_labels[i] = (struct state_output){.label = pipeline->drains[i].host.label,
                                                        .was = pipeline->drains[i].was};
    return OK;
}

static enum code open_state(struct agent *agent, const struct agent_ports *ports, struct why *why)
{
    enum code code = name_all(agent, why);
    if (code != OK)
        return code;
    struct state_plan plan = {.files = ports->files,
                              .clock = ports->clock,
                              .directory = layout_state(agent->config, &agent->run),
                              .inputs = agent->input_labels,
                              .input_count = agent->lane.pipeline.entry_count + 1u,
                              .own_inputs = 1,
                              .outputs = agent->output_labels,
                              .output_count = agent->lane.pipeline.drain_count,
                              .writer_bytes = layout_share(agent->config, LAYOUT_WRITER)};
    code = state_open(&plan, &agent->lane.state, why);
    if (code != OK)
        return code;
    agent->is_kept = plan.directory.len > 0;
    agent->lane.pipeline.engine.state = agent->lane.state;
    agent->state_path = plan.directory;
    return OK;
}

/* --- outputs
 * ------------------------------------------------------------------------------------------ */

/* By requests or through a broker: those that the delivery thread serves. */
static bool is_delivered(const struct drain *drain)
{
    return drain->plugin->request || drain->plugin->broker;
}

static unsigned delivered_outputs(const struct pipeline *pipeline)
{
    unsigned count = 0;
    for (uint16_t i = 0; i < pipeline->drain_count; i++)
        count += is_delivered(&pipeline->drains[i]);
    return count;
}

static enum code wire_delivered(struct agent *agent, struct drain *drain, unsigned of,
                                struct why *why)
{
    char title[160];
    host_title(&drain->host, title, sizeof title);
    struct delivery_output output = {.output = drain->plugin,
                                     .self = drain->self,
                                     .label = arena_copy(&agent->run, str_from(title)),
                                     .index = drain->index,
                                     .memory_bytes =
                                         layout_share(agent->config, LAYOUT_PAYLOADS) / of,
                                     .brokers = agent->lane.pipeline.engine.brokers};
    enum code code = agent->is_kept ? drain_keep(drain, agent->state_path, why) : OK;
    return code == OK ? delivery_add(agent->lane.delivery, &output, &drain->outbox, why) : code;
}

static enum code wire_outputs(struct agent *agent, const struct agent_ports *ports, struct why *why)
{
    struct lane *lane = &agent->lane;
    unsigned count = delivered_outputs(&lane->pipeline);
    if (count) {
        agent->exchanges = ports->exchanges(why);
        if (!agent->exchanges)
            return why->code;
        lane->delivery = delivery_make(agent->exchanges, ports->clock);
        if (!lane->delivery)
            return fail(why, OVER_LIMIT, "no memory for the delivery of %u outputs", count);
    }
    enum code code = OK;
    for (uint16_t i = 0; i < lane->pipeline.drain_count && code == OK; i++) {
        struct drain *drain = &lane->pipeline.drains[i];
        drain->ledger = lane->pipeline.ledger;
        drain->totals = &drain->ledger->outputs[i];
        drain->functions = lane->pipeline.functions;
        drain->writer = state_writer(lane->state);
        if (is_delivered(drain))
            code = wire_delivered(agent, drain, count, why);
        else if (drain->plugin->stream)
            drain->stream = state_stream(lane->state, i, drain->plugin->stream(drain->self));
    }
    return code;
}

/* --- all of it
 * ----------------------------------------------------------------------------------------- */

static void load_blob(void *context, struct str filter, struct str blob)
{
    struct pipeline *pipeline = context;
    for (uint16_t i = 0; i < pipeline->holder_count; i++) {
        struct stage *stage = pipeline->holders[i];
        if (stage->filter->load && str_equal(stage->host.path, filter))
            stage->filter->load(stage->self, blob);
    }
    for (uint16_t i = 0; i < pipeline->drain_count; i++) {
        struct drain *drain = &pipeline->drains[i];
        if (drain->plugin->load && str_equal(drain->host.path, filter))
            drain->plugin->load(drain->self, blob);
    }
}

static void tell_what_was_mended(const struct state *state)
{
    struct cut line = {.tail = state_mended(state), .found = true};
    while (line.found && line.tail.len) {
        line = str_cut(line.tail, '\n');
        log_line(LOG_WARN, "state", "%.*s", STR_ARG(line.head));
    }
}

/* Every filter that holds may park on disk what memory does not hold. */
static enum code name_yards(struct agent *agent, struct why *why)
{
    struct pipeline *pipeline = &agent->lane.pipeline;
    enum code code = OK;
    for (uint16_t i = 0; i < pipeline->holder_count && code == OK; i++) {
        struct host *host = &pipeline->holders[i]->host;
        host->yard = arena_zeroed(&agent->run, sizeof *host->yard);
        if (!host->yard)
            return fail(why, OVER_LIMIT, "the configuration does not fit into its memory");
        if (agent->is_kept && i < OUTPUTS_MAX)
            code = yard_name(host->yard, host, agent->state_path, why);
    }
    return code;
}

static enum code open_yards(struct agent *agent, struct why *why)
{
    struct pipeline *pipeline = &agent->lane.pipeline;
    enum code code = OK;
    for (uint16_t i = 0; i < pipeline->holder_count && code == OK; i++)
        if (agent->is_kept && i < OUTPUTS_MAX)
            code = yard_open(pipeline->holders[i]->host.yard, why);
    return code;
}

static enum code start(struct agent *agent, struct why *why)
{
    struct lane *lane = &agent->lane;
    enum code code = state_start(lane->state, why);
    tell_what_was_mended(lane->state);
    for (uint16_t i = 0; i < lane->pipeline.drain_count && code == OK; i++)
        if (lane->pipeline.drains[i].delivers && agent->is_kept)
            code = drain_keep_open(&lane->pipeline.drains[i], lane->pipeline.entry_count, why);
    if (code == OK)
        code = open_yards(agent, why);
    if (code == OK)
        code = state_each_blob(lane->state, load_blob, &lane->pipeline, why);
    if (code == OK)
        pipeline_save_outputs(&lane->pipeline);
    if (code == OK)
        code = pipeline_open_inputs(&lane->pipeline, why);
    return code;
}

enum code agent_open(struct agent *agent, const struct agent_ports *ports, struct why *why)
{
    struct lane *lane = &agent->lane;
    struct pipeline *pipeline = &lane->pipeline;
    pipeline->engine = (struct engine){.run = &agent->run,
                                       .names = agent->names,
                                       .files = ports->files,
                                       .clock = ports->clock,
                                       .brokers = ports->brokers,
                                       .config_hash = agent->config->hash,
                                       .now_ns = ports->clock->wall_ns(ports->clock->self)};
    arena_init(&lane->batch, BATCH_ARENA_CHUNK, layout_share(agent->config, LAYOUT_BATCH));
    arena_init(&lane->scratch, BATCH_ARENA_CHUNK, layout_share(agent->config, LAYOUT_BATCH));
    enum code code = pipeline_build(pipeline, agent->config, why);
    if (code != OK)
        return code;
    pipeline->engine.held_budget = layout_share(agent->config, LAYOUT_HELD) /
                                   (pipeline->holder_count ? pipeline->holder_count : 1);
    for (uint16_t i = 0; i < pipeline->entry_count; i++)
        if (ports->input_files)
            pipeline->entries[i].host.files = ports->input_files(ports->context, i);
    pipeline->functions = functions_make();
    if (!pipeline->functions)
        return fail(why, OVER_LIMIT, "no memory for the figures of functions");
    code = open_state(agent, ports, why);
    if (code == OK) {
        pipeline->ledger = state_ledger(lane->state);
        pipeline->engine.directory = agent->is_kept ? agent->state_path : STR("");
        code = pipeline_open(pipeline, why);
    }
    if (code == OK)
        code = name_yards(agent, why);
    if (code == OK)
        code = wire_outputs(agent, ports, why);
    return code == OK ? start(agent, why) : code;
}

void agent_close(struct agent *agent)
{
    struct lane *lane = &agent->lane;
    pipeline_close(&lane->pipeline);
    delivery_free(lane->delivery);
    if (agent->exchanges)
        agent->exchanges->close(agent->exchanges->self);
    state_close(lane->state);
    functions_free(lane->pipeline.functions);
    alarms_clear(&lane->pipeline.engine.alarms);
    arena_clear(&lane->batch);
    arena_clear(&lane->scratch);
    if (agent->config)
        config_close(agent->config);
    arena_clear(&agent->run);
}
