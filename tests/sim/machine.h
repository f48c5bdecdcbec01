/* tests/sim/machine.h - one simulated machine: a whole agent, the world it reads, the far end it sends to.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The real configuration, lane, filters, journal, disk writer and delivery, stepped on one thread in the order the
 * dice say, on seeded twins of the ports. Everything follows from the seed.
 */
#ifndef WEIR_SIM_MACHINE_H
#define WEIR_SIM_MACHINE_H

#include <stdlib.h>

#include "agent/builtin.h"
#include "agent/command/agent.h"
#include "tests/check.h"
#include "tests/sim/exchange.h"
#include "tests/sim/letters.h"
#include "tests/sim/world.h"

enum { MACHINE_STEPS_MAX = 200000 };

struct machine {
    const char *config;
    struct sim_files *files;
    struct sim_clock clock;
    struct sim_far far;
    const struct brokers *brokers; /* null: none */
    struct world world;
    struct agent agent;
    bool is_up;
    bool is_calm; /* nothing breaks: what an undisturbed run gives */
    uint64_t seed, dice;
    unsigned downs;
    uint64_t parked; /* pieces of traces, by all agents so far */
    uint64_t lane_steps, writer_steps; /* by all agents so far, but for one that the crash came in */
    void (*weather)(struct machine *machine); /* called after every step of the world; null: none */
    void (*fell)(struct machine *machine); /* it is down, and the disk as the next start finds it; null: none */
    void *context; /* of these two */
};

static struct sim_far *machine_far; /* exchanges() is asked without a context */

static inline const struct exchanges *machine_exchanges(struct why *why)
{
    (void)why;
    return &machine_far->port;
}

static inline void machine_failed(const struct machine *machine, const char *what)
{
    print_error("seed %llu, after %u downs: %s\n", (unsigned long long)machine->seed,
                machine->downs, what);
    fail();
}

static inline void machine_init(struct machine *machine, const char *config, uint64_t seed,
                                uint32_t lines)
{
    *machine = (struct machine){.config = config, .seed = seed, .dice = seed * 77 + 5};
    machine->files = sim_files_make(seed);
    sim_clock_init(&machine->clock, seed);
    sim_far_init(&machine->far, &machine->clock, seed);
    sim_files_faults(machine->files)->short_percent = (unsigned)(seed % 3) * 20;
    world_init(&machine->world, machine->files, &machine->clock, seed, lines);
}

static inline void machine_clear(struct machine *machine)
{
    if (machine->is_up)
        agent_close(&machine->agent);
    sim_far_clear(&machine->far);
    sim_files_free(machine->files);
}

static inline bool machine_start(struct machine *machine, bool once)
{
    struct diagnostics diagnostics;
    struct why why = {0};
    const struct config_source source = {.name = "-e", .text = str_from(machine->config)};
    const struct files *files = sim_files_port(machine->files);
    const struct config_options options = {
        .sources = &source,
        .source_count = 1,
        .files = files,
        .plugins = {builtin_inputs, builtin_filters, builtin_outputs}};
    const struct agent_ports ports = {.clock = &machine->clock.port,
                                      .files = files,
                                      .exchanges = machine_exchanges,
                                      .brokers = machine->brokers};
    machine_far = &machine->far;
    machine->agent = (struct agent){0};
    if (!agent_configure(&machine->agent, &options, &diagnostics))
        machine_failed(machine, "the configuration is wrong");
    enum code code = agent_open(&machine->agent, &ports, &why);
    machine->is_up = code == OK;
    machine->agent.lane.mode = once ? LANE_ONCE : LANE_RUN;
    if (code != OK && !sim_files_has_crashed(machine->files))
        machine_failed(machine, why.text);
    if (!machine->is_up)
        agent_close(&machine->agent);
    return machine->is_up;
}

static inline void machine_count_parked(struct machine *machine)
{
    const struct counter *at = machine->agent.lane.pipeline.engine.counters;
    for (; at; at = at->next)
        if (str_equal(str_from(at->name), STR("sample_parked")))
            machine->parked += at->value;
}

static inline void machine_close(struct machine *machine)
{
    if (!machine->is_up)
        return;
    machine_count_parked(machine);
    agent_close(&machine->agent);
    machine->is_up = false;
}

/* kill -9, or the machine stops. */
static inline void machine_down(struct machine *machine)
{
    sim_files_freeze(machine->files);
    machine_close(machine);
    if (sim_chance(&machine->dice, 50))
        sim_files_kill(machine->files);
    else
        sim_files_crash(machine->files);
    struct sim_faults *faults = sim_files_faults(machine->files);
    faults->crash_in_syncs = 0;
    faults->write_fail_percent = faults->sync_fail_percent = 0;
    machine->downs++;
    if (machine->fell)
        machine->fell(machine);
}

/* Lane, disk writer and delivery, in the order the dice say. True: the lane has more to do at once. */
static inline bool machine_step(struct machine *machine)
{
    struct lane *lane = &machine->agent.lane;
    bool again = false;
    if (sim_chance(&machine->dice, 70)) {
        again = lane_step(lane).again;
        machine->lane_steps++;
    }
    if (sim_chance(&machine->dice, 70)) {
        (void)writer_step(state_writer(lane->state), machine->clock.mono_ns);
        machine->writer_steps += !sim_files_has_crashed(machine->files);
    }
    if (lane->delivery && sim_chance(&machine->dice, 70))
        (void)delivery_step(lane->delivery, 0);
    return again;
}

/* SIGTERM, as agent/command/run.c does it: drain, end the delivery, commit what it settled. */
static inline void machine_stop(struct machine *machine, int64_t drain_ns)
{
    struct lane *lane = &machine->agent.lane;
    int64_t deadline_ns = machine->clock.mono_ns + drain_ns;
    lane_stop(lane, false);
    while (!lane_is_done(lane) && machine->clock.mono_ns < deadline_ns &&
           !sim_files_has_crashed(machine->files)) {
        (void)machine_step(machine);
        sim_clock_pass(&machine->clock, 20 * SIM_MS);
    }
    if (lane->delivery)
        delivery_stop(lane->delivery, machine->clock.mono_ns);
    bool has_ended = !lane->delivery;
    for (int i = 0; i < 50 && !(has_ended && lane_is_safe(lane)); i++) {
        (void)lane_step(lane);
        has_ended = has_ended || !delivery_step(lane->delivery, 0);
        (void)writer_step(state_writer(lane->state), machine->clock.mono_ns);
        sim_clock_pass(&machine->clock, 20 * SIM_MS);
    }
    machine_close(machine);
}

static inline void machine_come_up(struct machine *machine)
{
    if (!machine->is_calm && sim_chance(&machine->dice, 80))
        sim_files_faults(machine->files)->crash_in_syncs = 1 + sim_below(&machine->dice, 60);
    if (!machine_start(machine, false))
        machine_down(machine);
}

/* The world writes until it has written all; the agent comes and goes meanwhile. */
static inline void machine_live(struct machine *machine)
{
    bool more = true;
    while (more) {
        while (!machine->is_up)
            machine_come_up(machine);
        more = world_step(&machine->world);
        if (machine->weather)
            machine->weather(machine);
        for (int i = 0; i < 4 && !sim_files_has_crashed(machine->files); i++)
            (void)machine_step(machine);
        if (!machine->is_calm && sim_chance(&machine->dice, 1))
            machine_stop(machine, (int64_t)sim_below(&machine->dice, 5000) * SIM_MS);
        else if (!sim_files_has_crashed(machine->files))
            continue;
        machine_down(machine);
    }
}

/* The world has calmed down: a last start, to the end of everything. */
static inline void machine_finish(struct machine *machine)
{
    static const struct sim_habits calm = {.latency_ns = 50 * SIM_MS};
    struct lane *lane = &machine->agent.lane;
    const char *poison = machine->far.habits.poison, *malformed = machine->far.habits.malformed;
    machine->far.habits = calm;
    machine->far.habits.poison = poison; /* what is wrong with a document stays wrong */
    machine->far.habits.malformed = malformed;
    machine_down(machine);
    sim_clock_pass(&machine->clock, INT64_C(120) * 1000 * SIM_MS);
    if (!machine_start(machine, true))
        machine_failed(machine, "it does not start");
    for (int i = 0; i < MACHINE_STEPS_MAX && !lane_is_done(lane); i++)
        if (!machine_step(machine))
            sim_clock_pass(&machine->clock, 20 * SIM_MS);
    if (!lane_is_done(lane))
        machine_failed(machine, "it does not come to an end");
    if (!ledger_is_balanced(state_ledger(lane->state)))
        machine_failed(machine, "the ledger does not balance");
}

/* How many seeds WEIR_SEEDS asks for, from WEIR_SEED on (one, where only that is said), each run by `run`. */
static inline void machine_seeds(unsigned long seeds_default, void (*run)(uint64_t seed))
{
    const char *wanted = getenv("WEIR_SEEDS"), *first = getenv("WEIR_SEED");
    unsigned long seeds = wanted ? strtoul(wanted, NULL, 10) : first ? 1 : seeds_default;
    unsigned long from = first ? strtoul(first, NULL, 10) : 1;
    for (unsigned long seed = from; seed < from + seeds; seed++)
        run(seed);
    print_message("%lu seeds\n", seeds);
}

/* --- the oracle: it knows only what the world wrote ---------------------------------------------- */

/* Every line stands exactly once in `counts`. */
static inline void machine_check_all(const struct machine *machine, const char *where,
                                     const uint32_t *counts)
{
    char what[128];
    for (uint32_t i = 0; i < machine->world.line_count; i++) {
        if (counts[i] == 1)
            continue;
        snprintf(what, sizeof what, "line %u stands %u times in %s, which gets all", i, counts[i],
                 where);
        machine_failed(machine, what);
    }
}

/* No line twice, every error, whole traces only. */
static inline void machine_check_sample(const struct machine *machine, const char *where,
                                        const uint32_t *counts)
{
    static uint32_t kept[WORLD_TRACES_MAX];
    const struct world *world = &machine->world;
    char what[128];
    memset(kept, 0, sizeof kept);
    for (uint32_t i = 0; i < world->line_count; i++) {
        uint32_t trace = world->lines[i].trace;
        kept[trace] += counts[i];
        snprintf(what, sizeof what, "line %u (trace %u) stands %u times in the sample %s", i, trace,
                 counts[i], where);
        if (counts[i] > 1 || (world->lines[i].is_error && counts[i] != 1))
            machine_failed(machine, what);
    }
    for (uint32_t trace = 0; trace < world->trace_count; trace++) {
        snprintf(what, sizeof what, "trace %u is split in %s: %u of %u lines", trace, where,
                 kept[trace], world->trace_lines[trace]);
        if (kept[trace] && kept[trace] != world->trace_lines[trace])
            machine_failed(machine, what);
    }
}

/* Two places hold the same lines. */
static inline void machine_check_same(const struct machine *machine, const char *where,
                                      const uint32_t *counts, const uint32_t *wanted)
{
    char what[128];
    for (uint32_t i = 0; i < machine->world.line_count; i++) {
        if (counts[i] == wanted[i])
            continue;
        snprintf(what, sizeof what, "line %u (trace %u) stands %u times in %s instead of %u", i,
                 machine->world.lines[i].trace, counts[i], where, wanted[i]);
        machine_failed(machine, what);
    }
}

static inline void machine_add_letter(void *context, struct str words, const struct event *event)
{
    CHECK(words.len > 0);
    world_add_tokens(event->bytes, context);
}

/* Adds what the dead letters of an output hold, as world_add_tokens() does. */
static inline void machine_add_letters(struct machine *machine, const char *label, uint32_t *counts)
{
    struct sim_letters letters = {
        .sim = machine->files, .directory = "/state", .context = counts, .each = machine_add_letter};
    sim_letters_each(&letters, label);
}

#endif
