/* tests/sim/test_agent.c - the whole agent, simulated: files in, crashes at every sync, files out.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The oracle knows only what the world wrote. WEIR_SEEDS says how many seeds; a failure names its
 * seed.
 */
#include "tests/sim/machine.h"

enum { SEEDS_DEFAULT = 20, SEEDS_OF_ONE_PARKED = 10, LINES = 400, PADDING = 24000 };

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
    "}\n";

static uint64_t parked;

/* More padding: more is held than fits into memory. */
static void run_world(uint64_t seed, uint32_t padding)
{
    static struct machine machine;
    static uint32_t all[WORLD_LINES_MAX], few[WORLD_LINES_MAX];
    memset(all, 0, sizeof all);
    memset(few, 0, sizeof few);
    machine_init(&machine, CONFIG, seed, LINES);
    machine.world.padding = padding;
    machine_live(&machine);
    machine_finish(&machine);
    machine_count_parked(&machine);
    parked += machine.parked;
    world_add_tokens(sim_files_text(machine.files, "/out/all.ndjson"), all);
    world_add_tokens(sim_files_text(machine.files, "/out/few.ndjson"), few);
    machine_check_all(&machine, "the file", all);
    machine_check_sample(&machine, "the file", few);
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
    print_message("%llu pieces were parked\n", (unsigned long long)parked);
    CHECK(parked > 0);
}

CHECK_MAIN(TEST(every_line_is_delivered_once_and_no_trace_is_split_on_every_seed),
           TEST(the_same_holds_for_traces_that_are_parked))
