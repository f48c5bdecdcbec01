/* tests/sim/test_agent_files.c - the whole agent, simulated: logs that are renamed, copied, cut and
 * deleted. SPDX-License-Identifier: Apache-2.0
 *
 * The agent is killed and crashed at every sync meanwhile, and away for a while now and then; one
 * destination is away most of the time. Everything is everywhere once, whole traces only, but for
 * the lines that the rotator excuses (rotator.h): those may be missing, and nothing else.
 * WEIR_SEEDS says how many seeds; a failure names its seed.
 */
#include "tests/sim/machine.h"
#include "tests/sim/rotator.h"

enum { SEEDS_DEFAULT = 40, LINES = 400 };

#define LOGS                                                                                       \
    "agent { state = \"/state\" memory = 16MiB admin = off at_stop = keep }\n"                     \
    "input tail \"logs\" { path = [\"/logs/*.log\" \"/logs/*.log.*\"] "                            \
    "read_from = beginning filter parse { } }\n"                                                   \
    "filter trace { }\n"                                                                           \
    "output file \"all\" { path = \"/out/all.ndjson\" }\n"

/* Everything has its outcome within a group commit: copies are made late and given up soon. */
static const char SWIFT[] = LOGS;

static const char HELD[] =
    LOGS "output elasticsearch \"far\" { url = \"http://far\" index = \"far\" names = as_is "
         "flush = 200ms timeout = 3s batch_events = 25 }\n"
         "branch \"few\" {\n"
         "  filter sample \"third\" { wait = 8s rule \"errors\" { when = error rate = 1 } "
         "rule \"rest\" { rate = 3 } }\n"
         "  output file \"few\" { path = \"/out/few.ndjson\" }\n"
         "}\n";

static struct rotator rotator;
static uint32_t far_counts[WORLD_LINES_MAX];
static struct {
    uint64_t lines, excused, missing, by_copy, deletions, copies;
} sums;

static void count_stored(void *context, struct str target, struct str document)
{
    (void)target;
    world_add_tokens(document, context);
}

static void change_weather(struct machine *machine)
{
    static const struct sim_habits weathers[] = {
        {.latency_ns = 50 * SIM_MS},
        {.dead_url = "far"},
        {.dead_url = "far"},
        {.lost_answer = 20, .busy = 20, .latency_ns = 100 * SIM_MS},
    };
    if (sim_chance(&machine->dice, 8))
        machine->far.habits = weathers[sim_below(&machine->dice, COUNT(weathers))];
    rotator_step(&rotator, machine);
}

/* Nobody starts it again at once: logs are written and deleted meanwhile. */
static void stay_down(struct machine *machine)
{
    rotator_fell(&rotator);
    if (!sim_chance(&machine->dice, 30))
        return;
    for (uint64_t i = sim_below(&machine->dice, 10); i > 0; i--) {
        (void)world_step(&machine->world);
        rotator_step(&rotator, machine);
    }
}

static void check_once(const struct machine *machine, const char *where, const uint32_t *counts)
{
    char what[128];
    for (uint32_t i = 0; i < machine->world.line_count; i++) {
        bool may_miss = rotator_excuses(&rotator, i);
        sums.missing += may_miss && counts[i] == 0;
        if (counts[i] == 1 || (counts[i] == 0 && may_miss))
            continue;
        snprintf(what, sizeof what, "line %u of file %u stands %u times in %s", i,
                 machine->world.lines[i].file, counts[i], where);
        machine_failed(machine, what);
    }
}

/* Of a trace of which anything was kept all is there that may not be missing; and every error is.
 */
static void check_traces(const struct machine *machine, const uint32_t *counts)
{
    static bool kept[WORLD_TRACES_MAX];
    const struct world *world = &machine->world;
    char what[128];
    memset(kept, 0, sizeof kept);
    for (uint32_t i = 0; i < world->line_count; i++)
        kept[world->lines[i].trace] |= counts[i] > 0;
    for (uint32_t i = 0; i < world->line_count; i++) {
        struct world_line line = world->lines[i];
        bool is_wanted = (line.is_error || kept[line.trace]) && !rotator_excuses(&rotator, i);
        if (counts[i] <= 1 && (counts[i] == 1 || !is_wanted))
            continue;
        snprintf(what, sizeof what, "line %u of file %u (trace %u, %s) stands %u times in a sample",
                 i, line.file, line.trace, line.is_error ? "an error" : "no error", counts[i]);
        machine_failed(machine, what);
    }
}

static void run_seed(uint64_t seed)
{
    static struct machine machine;
    static uint32_t all[WORLD_LINES_MAX], few[WORLD_LINES_MAX];
    memset(all, 0, sizeof all);
    memset(few, 0, sizeof few);
    memset(far_counts, 0, sizeof far_counts);
    bool is_swift = seed % 3 == 0;
    machine_init(&machine, is_swift ? SWIFT : HELD, seed, LINES);
    rotator_init(&rotator, &machine.world, seed);
    machine.far.stored = count_stored;
    machine.far.context = far_counts;
    machine.weather = change_weather;
    machine.fell = stay_down;
    machine_live(&machine);
    machine_finish(&machine);
    if (machine.far.violations)
        machine_failed(&machine, machine.far.violation);
    world_add_tokens(sim_files_text(machine.files, "/out/all.ndjson"), all);
    world_add_tokens(sim_files_text(machine.files, "/out/few.ndjson"), few);
    check_once(&machine, "the file", all);
    if (!is_swift)
        check_once(&machine, "the index", far_counts);
    check_traces(&machine, is_swift ? all : few);
    sums.lines += machine.world.line_count;
    sums.excused += rotator.excused;
    sums.by_copy += rotator.by_copy;
    sums.deletions += rotator.deletions;
    sums.copies += rotator.copies;
    machine_clear(&machine);
}

static void nothing_is_lost_or_doubled_by_rotation_and_deletion_on_every_seed(void)
{
    machine_seeds(SEEDS_DEFAULT, run_seed);
    print_message("%llu lines, %llu deletions, %llu copies and cuts; %llu lines could be missing, "
                  "and were %llu times; %llu were only in the agent's copies at a start\n",
                  (unsigned long long)sums.lines, (unsigned long long)sums.deletions,
                  (unsigned long long)sums.copies, (unsigned long long)sums.excused,
                  (unsigned long long)sums.missing, (unsigned long long)sums.by_copy);
    CHECK(getenv("WEIR_SEED") || (sums.by_copy > 0 && sums.copies > 0));
}

CHECK_MAIN(TEST(nothing_is_lost_or_doubled_by_rotation_and_deletion_on_every_seed))
