/* tests/sim/test_agent.c - the whole agent, simulated: files in, crashes at every sync, files out.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The oracle knows only what the world wrote. WEIR_SEEDS says how many seeds; a failure names its
 * seed.
 */
#include "tests/sim/machine.h"

enum { SEEDS_DEFAULT = 20, LINES = 400 };

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

static void run_seed(uint64_t seed)
{
    static struct machine machine;
    static uint32_t all[WORLD_LINES_MAX], few[WORLD_LINES_MAX];
    memset(all, 0, sizeof all);
    memset(few, 0, sizeof few);
    machine_init(&machine, CONFIG, seed, LINES);
    machine_live(&machine);
    machine_finish(&machine);
    world_add_tokens(sim_files_text(machine.files, "/out/all.ndjson"), all);
    world_add_tokens(sim_files_text(machine.files, "/out/few.ndjson"), few);
    machine_check_all(&machine, "the file", all);
    machine_check_sample(&machine, "the file", few);
    machine_clear(&machine);
}

static void every_line_is_delivered_once_and_no_trace_is_split_on_every_seed(void)
{
    machine_seeds(SEEDS_DEFAULT, run_seed);
}

CHECK_MAIN(TEST(every_line_is_delivered_once_and_no_trace_is_split_on_every_seed))
