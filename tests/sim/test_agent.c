/* tests/sim/test_agent.c - the whole agent, simulated: files in, crashes at every sync, files out.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The oracle knows only what the world wrote. WEIR_SEEDS says how many seeds; a failure names its
 * seed.
 */
#include "agent/pipeline/yard.h"
#include "tests/sim/machine.h"

enum {
    SEEDS_DEFAULT = 20,
    SEEDS_OF_ONE_PARKED = 10,
    LINES = 400,
    PADDING = 24000,
    YARD_SEGMENT = 512 << 10
};

static const char CONFIG[] =
    "agent { state = \"/state\" memory = 16MiB admin = off at_stop = keep }\n"
    "input tail \"logs\" { path = [\"/logs/*.log\" \"/logs/*.log.*\"] "
    "read_from = beginning filter parse { } }\n"
    "filter trace { }\n"
    "output file \"all\" { path = \"/out/all.ndjson\" }\n"
    "branch \"few\" {\n"
    "  filter sample \"third\" { rule \"errors\" { when = error rate = 1 "
    "} rule \"rest\" { rate = 3 } }\n"
    "  output file \"few\" { path = \"/out/few.ndjson\" }\n"
    "  output file \"errors\" { path = \"/out/errors.ndjson\" when = error }\n"
    "}\n";

static uint64_t parked;
static uint32_t most_files;

/* Held with all others, and turned away from it afterwards: what is no error. */
static void check_errors(struct machine *machine)
{
    static uint32_t errors[WORLD_LINES_MAX], wanted[WORLD_LINES_MAX];
    uint64_t count = 0;
    memset(errors, 0, sizeof errors);
    world_add_tokens(sim_files_text(machine->files, "/out/errors.ndjson"), errors);
    for (uint32_t i = 0; i < machine->world.line_count; i++) {
        wanted[i] = machine->world.lines[i].is_error;
        count += wanted[i];
    }
    machine_check_same(machine, "the file of errors", errors, wanted);
    const struct output_totals *totals = &state_ledger(machine->agent.lane.state)->outputs[2];
    if (totals->in != count || totals->delivered != count)
        machine_failed(machine, "the ledger does not say that errors were delivered, and no more");
}

/* What is parked fills several files. */
static void cut_yards_small(struct machine *machine)
{
    const struct pipeline *pipeline = &machine->agent.lane.pipeline;
    for (uint16_t i = 0; i < pipeline->holder_count; i++) {
        struct yard *yard = pipeline->holders[i]->host.yard;
        yard->spool.segment_bytes = YARD_SEGMENT;
        if (yard->file_count > most_files)
            most_files = yard->file_count;
    }
}

/* More padding: more is held than fits into memory. */
static void run_world(uint64_t seed, uint32_t padding)
{
    static struct machine machine;
    static uint32_t all[WORLD_LINES_MAX], few[WORLD_LINES_MAX];
    memset(all, 0, sizeof all);
    memset(few, 0, sizeof few);
    machine_init(&machine, CONFIG, seed, LINES);
    machine.world.padding = padding;
    machine.weather = cut_yards_small;
    machine_live(&machine);
    machine_finish(&machine);
    machine_count_parked(&machine);
    parked += machine.parked;
    world_add_tokens(sim_files_text(machine.files, "/out/all.ndjson"), all);
    world_add_tokens(sim_files_text(machine.files, "/out/few.ndjson"), few);
    machine_check_all(&machine, "the file", all);
    machine_check_sample(&machine, "the file", few);
    check_errors(&machine);
    machine_clear(&machine);
}

static void run_seed(uint64_t seed)
{
    run_world(seed, 0);
}

static void every_line_is_delivered_once_and_no_trace_is_split_on_every_seed(void)
{
    machine_seeds(SEEDS_DEFAULT, run_seed);
}

static void run_parked_seed(uint64_t seed)
{
    if (seed % SEEDS_OF_ONE_PARKED == 1 || getenv("WEIR_SEED"))
        run_world(seed, PADDING);
}

static void the_same_holds_for_traces_that_are_parked(void)
{
    parked = 0;
    machine_seeds(SEEDS_DEFAULT, run_parked_seed);
    print_message("%llu pieces were parked, in up to %u files\n", (unsigned long long)parked,
                  most_files);
    CHECK(parked > 0 && most_files > 1);
}

CHECK_MAIN(TEST(every_line_is_delivered_once_and_no_trace_is_split_on_every_seed),
           TEST(the_same_holds_for_traces_that_are_parked))
