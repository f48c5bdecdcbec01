/* tests/sim/test_agent_queue.c - the whole agent, simulated: destinations that are away for long.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Of two servers and a file one server is away most of the time; disks fail, the agent is killed,
 * stopped and crashed at every sync meanwhile. In some worlds lines are so long that a queue has
 * several files, or is full and makes inputs wait, or drops what is oldest. Then calm and a last
 * start: everything is everywhere once, but for what the ledger says was dropped. WEIR_SEEDS says
 * how many seeds; a failure names its seed.
 */
#include "tests/sim/machine.h"

enum { SEEDS_DEFAULT = 20, LINES = 300, PADDING = 6000 };

#define FAR "names = as_is flush = 200ms timeout = 3s batch_events = 25"

/* Two outputs; what the second one does when its queue is full. */
#define CONFIG(when_full)                                                                          \
    "agent { state = \"/state\" admin = off }\n"                                                   \
    "input tail \"logs\" { path = [\"/logs/*.log\" \"/logs/*.log.*\"] "                            \
    "read_from = beginning filter parse { } }\n"                                                   \
    "output file \"all\" { path = \"/out/all.ndjson\" }\n"                                         \
    "output elasticsearch \"one\" { url = \"http://one\" index = \"one\" " FAR                     \
    " queue { size = 1MiB } }\n"                                                                   \
    "output elasticsearch \"two\" { url = \"http://two\" index = \"two\" " FAR                     \
    " queue { size = 1MiB when_full = " when_full " } }\n"

enum kind { SMALL, BLOCKS, DROPS, KINDS };

static const struct {
    const char *config;
    uint32_t padding;
} kinds[KINDS] = {
    [SMALL] = {CONFIG("block"), 0},
    [BLOCKS] = {CONFIG("block"), PADDING},
    [DROPS] = {CONFIG("drop_oldest"), PADDING},
};

struct tally { /* how often each line stands somewhere */
    uint32_t one[WORLD_LINES_MAX], two[WORLD_LINES_MAX], file[WORLD_LINES_MAX];
};

static uint64_t most_queued; /* of this seed */
static uint32_t most_files;
static bool was_full;

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
    for (uint16_t i = 0; i < machine->agent.lane.pipeline.drain_count; i++) {
        const struct queue *queue = &machine->agent.lane.pipeline.drains[i].queue;
        if (queue->spool.count > most_files)
            most_files = queue->spool.count;
        was_full |= queue->is_open && !queue_fits(queue, 0);
    }
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

static unsigned queued_seeds, several_seeds, full_seeds, dropped_seeds;

static void check_totals(const struct machine *machine, uint32_t output, uint64_t missing)
{
    const struct output_totals *totals = &state_ledger(machine->agent.lane.state)->outputs[output];
    char what[160];
    if (totals->in == machine->world.line_count && totals->queued == 0 &&
        totals->delivered + totals->evicted == totals->in && totals->evicted >= missing)
        return;
    snprintf(what, sizeof what,
             "%llu of %u lines are missing at output %u; its ledger says in %llu, delivered %llu, "
             "evicted %llu, abandoned %llu",
             (unsigned long long)missing, machine->world.line_count, output,
             (unsigned long long)totals->in, (unsigned long long)totals->delivered,
             (unsigned long long)totals->evicted, (unsigned long long)totals->abandoned);
    machine_failed(machine, what);
}

/* No line twice. All that are missing were dropped from the queue; something else that was may have
 * been taken before, without an answer. */
static void check_dropping(const struct machine *machine, const uint32_t *counts)
{
    char what[80];
    uint64_t missing = 0;
    for (uint32_t i = 0; i < machine->world.line_count; i++) {
        missing += counts[i] == 0;
        snprintf(what, sizeof what, "line %u stands %u times in index two", i, counts[i]);
        if (counts[i] > 1)
            machine_failed(machine, what);
    }
    check_totals(machine, 2, missing);
    dropped_seeds += missing > 0;
}

static void run_seed(uint64_t seed)
{
    static struct machine machine;
    static struct tally tally;
    enum kind kind = (enum kind)(seed % KINDS);
    memset(&tally, 0, sizeof tally);
    most_queued = most_files = 0;
    was_full = false;
    machine_init(&machine, kinds[kind].config, seed, LINES);
    machine.world.padding = kinds[kind].padding;
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
    check_totals(&machine, 0, 0);
    check_totals(&machine, 1, 0);
    if (kind == DROPS) {
        check_dropping(&machine, tally.two);
    } else {
        machine_check_all(&machine, "index two", tally.two);
        check_totals(&machine, 2, 0);
        CHECK_EQ(state_ledger(machine.agent.lane.state)->outputs[2].evicted, 0);
    }
    queued_seeds += most_queued > 0;
    several_seeds += most_files > 2;
    full_seeds += was_full;
    machine_clear(&machine);
}

static void what_waited_on_disk_is_everywhere_once_on_every_seed(void)
{
    machine_seeds(SEEDS_DEFAULT, run_seed);
    print_message("%u of them used a queue, %u several files of one, %u filled one, %u dropped\n",
                  queued_seeds, several_seeds, full_seeds, dropped_seeds);
    CHECK(queued_seeds > 0);
    CHECK(getenv("WEIR_SEED") || getenv("WEIR_SEEDS") || (several_seeds > 0 && dropped_seeds > 0));
}

CHECK_MAIN(TEST(what_waited_on_disk_is_everywhere_once_on_every_seed))
