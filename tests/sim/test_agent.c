/* tests/sim/test_agent.c - the whole agent, simulated: files in, crashes at every sync, files out.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The real configuration, lane, filters, journal and disk writer, on one thread and seeded twins of
 * the ports. The oracle knows only what the world wrote. WEIR_SEEDS says how many seeds; a failure
 * names its seed.
 */
#include <stdlib.h>

#include "agent/builtin.h"
#include "agent/command/agent.h"
#include "tests/check.h"
#include "tests/sim/world.h"

enum { SEEDS_DEFAULT = 20, LINES = 400, STEPS_MAX = 200000 };

static const char CONFIG[] = "agent { state = \"/state\" admin = off at_stop = keep }\n"
                             "input tail \"logs\" { path = [\"/logs/*.log\" \"/logs/*.log.*\"] "
                             "read_from = beginning filter parse { } }\n"
                             "filter trace { }\n"
                             "output file \"all\" { path = \"/out/all.ndjson\" }\n"
                             "branch \"few\" {\n"
                             "  filter sample \"third\" { rule \"errors\" { when = error rate = 1 "
                             "} rule \"rest\" { rate = 3 } }\n"
                             "  output file \"few\" { path = \"/out/few.ndjson\" }\n"
                             "}\n";

struct stage_set { /* one simulated machine */
    struct sim_files *files;
    struct sim_clock clock;
    struct world world;
    struct agent agent;
    bool is_up;
    uint64_t seed, dice;
    unsigned crashes;
};

static void seed_failed(const struct stage_set *set, const char *what)
{
    print_error("seed %llu, after %u crashes: %s\n", (unsigned long long)set->seed, set->crashes,
                what);
    if (getenv("WEIR_SEED"))
        print_message("%.*s\n", STR_ARG(sim_files_text(set->files, "/out/few.ndjson")));
    fail();
}

static bool start(struct stage_set *set, bool once)
{
    struct diagnostics diagnostics;
    struct why why = {0};
    const struct config_source source = {.name = "-e", .text = str_from(CONFIG)};
    const struct files *files = sim_files_port(set->files);
    const struct config_options options = {
        .sources = &source,
        .source_count = 1,
        .files = files,
        .plugins = {builtin_inputs, builtin_filters, builtin_outputs}};
    const struct agent_ports ports = {.clock = &set->clock.port, .files = files};
    set->agent = (struct agent){0};
    if (!agent_configure(&set->agent, &options, &diagnostics))
        seed_failed(set, "the configuration is wrong");
    enum code code = agent_open(&set->agent, &ports, &why);
    set->is_up = code == OK;
    set->agent.lane.mode = once ? LANE_ONCE : LANE_RUN;
    if (code != OK && !sim_files_has_crashed(set->files))
        seed_failed(set, why.text);
    if (!set->is_up)
        agent_close(&set->agent);
    return set->is_up;
}

static void go_down(struct stage_set *set)
{
    if (set->is_up)
        agent_close(&set->agent);
    set->is_up = false;
    sim_files_crash(set->files);
    sim_files_faults(set->files)->crash_in_syncs = 0;
    set->crashes++;
}

/* Lane and disk writer, in the order the dice say. */
static void step(struct stage_set *set)
{
    struct writer *writer = state_writer(set->agent.lane.state);
    if (sim_chance(&set->dice, 70))
        (void)lane_step(&set->agent.lane);
    if (sim_chance(&set->dice, 70))
        (void)writer_step(writer, set->clock.mono_ns);
}

static void live(struct stage_set *set)
{
    bool more = true;
    while (more) {
        if (!set->is_up) {
            if (sim_chance(&set->dice, 80))
                sim_files_faults(set->files)->crash_in_syncs = 1 + sim_below(&set->dice, 60);
            if (!start(set, false)) {
                go_down(set);
                continue;
            }
        }
        more = world_step(&set->world);
        for (int i = 0; i < 4 && !sim_files_has_crashed(set->files); i++)
            step(set);
        if (sim_files_has_crashed(set->files))
            go_down(set);
    }
}

static void finish(struct stage_set *set)
{
    go_down(set);
    sim_clock_pass(&set->clock, INT64_C(120) * 1000 * SIM_MS);
    if (!start(set, true))
        seed_failed(set, "it does not start");
    for (int i = 0; i < STEPS_MAX && !lane_is_done(&set->agent.lane); i++) {
        step(set);
        sim_clock_pass(&set->clock, 10 * SIM_MS);
    }
    if (!lane_is_done(&set->agent.lane))
        seed_failed(set, "it does not come to an end");
    if (!ledger_is_balanced(state_ledger(set->agent.lane.state)))
        seed_failed(set, "the ledger does not balance");
}

static void check_everything(struct stage_set *set, const uint32_t *counts)
{
    char what[96];
    for (uint32_t i = 0; i < set->world.line_count; i++) {
        if (counts[i] == 1)
            continue;
        snprintf(what, sizeof what, "line %u stands %u times in the output that gets all", i,
                 counts[i]);
        seed_failed(set, what);
    }
}

static void check_sample(struct stage_set *set, const uint32_t *counts)
{
    static uint32_t kept[WORLD_TRACES_MAX];
    const struct world *world = &set->world;
    char what[96];
    memset(kept, 0, sizeof kept);
    for (uint32_t i = 0; i < world->line_count; i++) {
        uint32_t trace = world->lines[i].trace;
        kept[trace] += counts[i];
        snprintf(what, sizeof what, "line %u (trace %u) stands %u times in the sample", i, trace,
                 counts[i]);
        if (counts[i] > 1 || (world->lines[i].is_error && counts[i] != 1))
            seed_failed(set, what);
    }
    for (uint32_t trace = 0; trace < world->trace_count; trace++) {
        snprintf(what, sizeof what, "trace %u is split: %u of %u lines", trace, kept[trace],
                 world->trace_lines[trace]);
        if (kept[trace] && kept[trace] != world->trace_lines[trace])
            seed_failed(set, what);
    }
}

static void run_seed(uint64_t seed)
{
    static struct stage_set set;
    static uint32_t counts[WORLD_LINES_MAX];
    set = (struct stage_set){.seed = seed, .dice = seed * 77 + 5};
    set.files = sim_files_make(seed);
    sim_clock_init(&set.clock, seed);
    sim_files_faults(set.files)->short_percent = (unsigned)(seed % 3) * 20;
    world_init(&set.world, set.files, &set.clock, seed, LINES);
    live(&set);
    finish(&set);
    world_count_tokens(sim_files_text(set.files, "/out/all.ndjson"), counts);
    check_everything(&set, counts);
    world_count_tokens(sim_files_text(set.files, "/out/few.ndjson"), counts);
    check_sample(&set, counts);
    agent_close(&set.agent);
    sim_files_free(set.files);
}

static void every_line_is_delivered_once_and_no_trace_is_split_on_every_seed(void)
{
    const char *wanted = getenv("WEIR_SEEDS"), *first = getenv("WEIR_SEED");
    unsigned long seeds = wanted ? strtoul(wanted, NULL, 10) : SEEDS_DEFAULT;
    unsigned long from = first ? strtoul(first, NULL, 10) : 1;
    for (unsigned long seed = from; seed < from + (first ? 1 : seeds); seed++)
        run_seed(seed);
    print_message("%lu seeds\n", first ? 1 : seeds);
}

CHECK_MAIN(TEST(every_line_is_delivered_once_and_no_trace_is_split_on_every_seed))
