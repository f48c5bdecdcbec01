/* tests/sim/test_agent_queue.c - the whole agent, simulated: destinations that are away for long.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Of two servers and a file one server is away most of the time; disks fail, the agent is killed,
 * stopped and crashed at every sync meanwhile. Then calm and a last start: everything is
 * everywhere once. WEIR_SEEDS says how many seeds; a failure names its seed.
 */
#include "tests/sim/machine.h"

enum { SEEDS_DEFAULT = 20, LINES = 300 };

#define FAR "names = as_is flush = 200ms timeout = 3s batch_events = 25"

static const char CONFIG[] =
    "agent { state = \"/state\" admin = off }\n"
    "input tail \"logs\" { path = [\"/logs/*.log\" \"/logs/*.log.*\"] "
    "read_from = beginning filter parse { } }\n"
    "output file \"all\" { path = \"/out/all.ndjson\" }\n"
    "output elasticsearch \"one\" { url = \"http://one\" index = \"one\" " FAR " }\n"
    "output elasticsearch \"two\" { url = \"http://two\" index = \"two\" " FAR " }\n";

struct tally { /* how often each line stands somewhere */
    uint32_t one[WORLD_LINES_MAX], two[WORLD_LINES_MAX], file[WORLD_LINES_MAX];
};

static uint64_t most_queued; /* of this seed */

static void tally_stored(void *context, struct str target, struct str document)
{
    struct tally *tally = context;
    world_add_tokens(document, str_equal(target, STR("one")) ? tally->one : tally->two);
}

static void look_at_queues(const struct machine *machine)
{
    const struct ledger *ledger = state_ledger(machine->agent.lane.state);
    for (uint32_t i = 0; i < ledger->output_count; i++)
        if (ledger->outputs[i].queued > most_queued)
            most_queued = ledger->outputs[i].queued;
    if (!ledger_is_balanced(ledger))
        machine_failed(machine, "the ledger does not balance");
}

/* One goes, or the other comes back; either way some seconds pass. */
static void change_weather(struct machine *machine)
{
    static const struct sim_habits weathers[] = {
        {.dead_url = "one", .latency_ns = 50 * SIM_MS},
        {.dead_url = "two", .latency_ns = 50 * SIM_MS},
        {.dead_url = "http"},
        {.locks_out = true, .latency_ns = 50 * SIM_MS},
        {.lost_answer = 20, .reset = 20, .latency_ns = 100 * SIM_MS},
        {.latency_ns = 50 * SIM_MS},
    };
    look_at_queues(machine);
    if (!sim_chance(&machine->dice, 6))
        return;
    machine->far.habits = weathers[sim_below(&machine->dice, COUNT(weathers))];
    uint64_t steps = 20 + sim_below(&machine->dice, 150);
    for (uint64_t i = 0; i < steps && !sim_files_has_crashed(machine->files); i++) {
        (void)machine_step(machine);
        sim_clock_pass(&machine->clock, 100 * SIM_MS);
    }
}

static unsigned queued_seeds;

static void run_seed(uint64_t seed)
{
    static struct machine machine;
    static struct tally tally;
    memset(&tally, 0, sizeof tally);
    most_queued = 0;
    machine_init(&machine, CONFIG, seed, LINES);
    machine.far.stored = tally_stored;
    machine.far.context = &tally;
    machine.weather = change_weather;
    machine_live(&machine);
    machine_finish(&machine);
    if (machine.far.violations)
        machine_failed(&machine, machine.far.violation);
    world_add_tokens(sim_files_text(machine.files, "/out/all.ndjson"), tally.file);
    machine_check_all(&machine, "the file", tally.file);
    machine_check_all(&machine, "index one", tally.one);
    machine_check_all(&machine, "index two", tally.two);
    const struct ledger *ledger = state_ledger(machine.agent.lane.state);
    for (uint32_t i = 0; i < ledger->output_count; i++)
        if (ledger->outputs[i].delivered != machine.world.line_count || ledger->outputs[i].queued)
            machine_failed(&machine, "the ledger does not say that all was delivered");
    queued_seeds += most_queued > 0;
    machine_clear(&machine);
}

static void what_waited_on_disk_is_everywhere_once_on_every_seed(void)
{
    machine_seeds(SEEDS_DEFAULT, run_seed);
    print_message("%u of them used a queue\n", queued_seeds);
    CHECK(queued_seeds > 0);
}

CHECK_MAIN(TEST(what_waited_on_disk_is_everywhere_once_on_every_seed))
