/* tests/sim/test_agent_elasticsearch.c - the whole agent, simulated, with Elasticsearch as far end.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Dead, slow, lying, locked servers, lost answers, poisonous documents, crashes at every sync; then
 * calm and a last start. The index then holds exactly what an undisturbed run gives it. WEIR_SEEDS
 * says how many seeds; a failure names its seed.
 */
#include "tests/sim/machine.h"

enum { SEEDS_DEFAULT = 20, LINES = 400 };

#define FAR "names = as_is flush = 200ms timeout = 3s"

static const char CONFIG[] =
    "agent { state = \"/state\" admin = off at_stop = keep }\n"
    "input tail \"logs\" { path = [\"/logs/*.log\" \"/logs/*.log.*\"] "
    "read_from = beginning filter parse { } }\n"
    "filter trace { }\n"
    "output file \"all\" { path = \"/out/all.ndjson\" }\n"
    "output elasticsearch \"whole\" { url = \"http://whole\" index = \"whole\" " FAR " }\n"
    "branch \"few\" {\n"
    "  filter sample \"third\" { rule \"errors\" { when = error rate = 1 } rule \"rest\" { rate = "
    "3 "
    "} }\n"
    "  output file \"few\" { path = \"/out/few.ndjson\" }\n"
    "  output elasticsearch \"sampled\" { url = [\"http://one\" \"http://two\"] index = "
    "\"sampled\" "
    "batch_events = 7 " FAR " }\n"
    "}\n";

struct tally { /* how often each line stands somewhere */
    uint32_t whole[WORLD_LINES_MAX], sampled[WORLD_LINES_MAX];
    uint32_t all_file[WORLD_LINES_MAX], few_file[WORLD_LINES_MAX];
    uint32_t whole_dead[WORLD_LINES_MAX], sampled_dead[WORLD_LINES_MAX];
};

static void tally_stored(void *context, struct str target, struct str document)
{
    struct tally *tally = context;
    world_add_tokens(document, str_equal(target, STR("whole")) ? tally->whole : tally->sampled);
}

/* The disk says EIO now and then, or is well again. */
static void change_disk(struct machine *machine)
{
    struct sim_faults *faults = sim_files_faults(machine->files);
    bool is_bad = sim_chance(&machine->dice, 50);
    faults->write_fail_percent = is_bad ? 30 : 0;
    faults->sync_fail_percent = is_bad ? 20 : 0;
}

/* Now and then it changes; now and then nothing is written for a while. */
static void change_weather(struct machine *machine)
{
    if (sim_chance(&machine->dice, 8)) {
        machine->far.habits = sim_weathers[sim_below(&machine->dice, SIM_WEATHERS)];
        machine->far.habits.poison = " t13t";
        machine->far.habits.malformed = " t29t";
    }
    if (sim_chance(&machine->dice, 3))
        change_disk(machine);
    if (!sim_chance(&machine->dice, 5))
        return;
    for (int i = 0; i < 60 && !sim_files_has_crashed(machine->files); i++) {
        (void)machine_step(machine);
        sim_clock_pass(&machine->clock, 100 * SIM_MS);
    }
}

static void run(struct machine *machine, struct tally *tally)
{
    memset(tally, 0, sizeof *tally);
    machine->far.stored = tally_stored;
    machine->far.context = tally;
    machine->far.habits.poison = " t13t";
    machine->far.habits.malformed = " t29t";
    machine_live(machine);
    machine_finish(machine);
    if (machine->far.violations)
        machine_failed(machine, machine->far.violation);
    struct sim_files *files = machine->files;
    world_add_tokens(sim_files_text(files, "/out/all.ndjson"), tally->all_file);
    world_add_tokens(sim_files_text(files, "/out/few.ndjson"), tally->few_file);
    machine_add_letters(machine, "whole", tally->whole_dead);
    machine_add_letters(machine, "sampled", tally->sampled_dead);
}

/* What is wrong with a line stands in the dead letters and nowhere else. */
static void check_dead(const struct machine *machine, uint32_t *stored, const uint32_t *dead,
                       const char *where)
{
    char what[128];
    for (uint32_t i = 0; i < machine->world.line_count; i++) {
        bool is_poison = i == 13 || i == 29;
        snprintf(what, sizeof what, "line %u stands %u times in %s, %u times in its dead letters",
                 i, stored[i], where, dead[i]);
        if (is_poison ? stored[i] : dead[i])
            machine_failed(machine, what);
        stored[i] += dead[i];
    }
}

static void check_ledger(const struct machine *machine, uint32_t output, const uint32_t *stored)
{
    const struct output_totals *totals = &state_ledger(machine->agent.lane.state)->outputs[output];
    char what[160];
    uint64_t lines = 0;
    for (uint32_t i = 0; i < machine->world.line_count; i++)
        lines += stored[i];
    if (totals->in == machine->world.line_count &&
        totals->delivered + totals->dead_lettered == lines &&
        totals->sampled_out + lines == totals->in)
        return;
    snprintf(what, sizeof what,
             "the ledger of output %u says in %llu, delivered %llu, dead %llu, sampled out %llu; "
             "the far end has %llu",
             output, (unsigned long long)totals->in, (unsigned long long)totals->delivered,
             (unsigned long long)totals->dead_lettered, (unsigned long long)totals->sampled_out,
             (unsigned long long)lines);
    machine_failed(machine, what);
}

static void run_seed(uint64_t seed)
{
    static struct machine machine;
    static struct tally tally, undisturbed;
    machine_init(&machine, CONFIG, seed, LINES);
    machine.is_calm = true;
    run(&machine, &undisturbed);
    machine_clear(&machine);

    machine_init(&machine, CONFIG, seed, LINES);
    machine.weather = change_weather;
    run(&machine, &tally);
    check_dead(&machine, tally.whole, tally.whole_dead, "index whole");
    check_dead(&machine, tally.sampled, tally.sampled_dead, "index sampled");
    machine_check_all(&machine, "the file", tally.all_file);
    machine_check_all(&machine, "index whole", tally.whole);
    machine_check_sample(&machine, "index sampled", tally.sampled);
    machine_check_same(&machine, "the sample's file", tally.few_file, undisturbed.few_file);
    machine_check_same(&machine, "index sampled", tally.sampled, undisturbed.few_file);
    check_ledger(&machine, 1, tally.whole);
    check_ledger(&machine, 3, tally.sampled);
    machine_clear(&machine);
}

static void the_index_holds_what_an_undisturbed_run_gives_it_on_every_seed(void)
{
    machine_seeds(SEEDS_DEFAULT, run_seed);
}

CHECK_MAIN(TEST(the_index_holds_what_an_undisturbed_run_gives_it_on_every_seed))
