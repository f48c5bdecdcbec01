/* tests/sim/test_agent_honeycomb.c - the whole agent, simulated, with Honeycomb as far end.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Dead, slow, busy, lying, locked servers, lost answers, statuses that are too few, poisonous
 * events, crashes at every sync; then calm and a last start. Nothing is missing; what came twice
 * had no answer that the agent could have written down (honeycomb.h judges each event); samplerates
 * are the weights, and weighted counts are unbiased. WEIR_SEEDS says how many seeds; a failure
 * names its seed.
 */
#include <math.h>

#include "tests/sim/honeycomb.h"
#include "tests/sim/machine.h"

enum { SEEDS_DEFAULT = 20, LINES = 400, POISON = 13, MALFORMED = 29, RATE = 3 };

#define KEY "abcdefghij0123456789ab"
#define FAR "key = \"" KEY "\" flush = 200ms timeout = 3s compress = gzip"

static const char CONFIG[] =
    "agent { state = \"/state\" admin = off at_stop = keep }\n"
    "input tail \"logs\" { path = [\"/logs/*.log\" \"/logs/*.log.*\"] "
    "read_from = beginning filter parse { } }\n"
    "filter trace { }\n"
    "output honeycomb \"whole\" { url = \"https://whole\" dataset = \"whole\" batch_events = 25 "
    "marker = start " FAR " }\n"
    "branch \"few\" {\n"
    "  filter sample \"third\" { rule \"errors\" { when = error rate = 1 } rule \"rest\" "
    "{ rate = 3 } }\n"
    "  output file \"few\" { path = \"/out/few.ndjson\" }\n"
    "  output honeycomb \"sampled\" { url = [\"https://one\" \"https://two\"] dataset = \"few "
    "{event}\" "
    "batch_events = 7 " FAR " }\n"
    "}\n";

struct tally { /* per line: how often it stands there, and the weight it last came with */
    uint32_t whole[WORLD_LINES_MAX], sampled[WORLD_LINES_MAX], file[WORLD_LINES_MAX];
    uint32_t whole_dead[WORLD_LINES_MAX], sampled_dead[WORLD_LINES_MAX];
    uint64_t sampled_weight[WORLD_LINES_MAX], file_weight[WORLD_LINES_MAX];
};

static struct sim_honeycomb honeycomb;
static struct {
    uint64_t taken, twins;
    double error, variance; /* of the weighted counts of lines against the true ones */
} sums;

/* --- what stands where --------------------------------------------------------------------- */

static void add_weighted(struct str text, uint64_t weight, uint32_t *counts, uint64_t *weights)
{
    static uint32_t found[WORLD_LINES_MAX];
    memset(found, 0, sizeof found);
    world_add_tokens(text, found);
    for (uint32_t i = 0; i < WORLD_LINES_MAX; i++) {
        counts[i] += found[i];
        if (found[i])
            weights[i] = weight;
    }
}

static void tally_taken(void *context, const struct sim_event *event, struct str data)
{
    struct tally *tally = context;
    if (strcmp(event->dataset, "whole") == 0) {
        CHECK_EQ(event->weight, 1);
        world_add_tokens(data, tally->whole);
    } else {
        add_weighted(data, event->weight, tally->sampled, tally->sampled_weight);
    }
}

static void tally_file(const struct machine *machine, struct tally *tally)
{
    struct str rest = sim_files_text(machine->files, "/out/few.ndjson");
    while (rest.len) {
        struct cut line = str_cut(rest, '\n');
        struct cut weight = str_cut_str(line.head, STR("\"sampling.weight\":"));
        CHECK(weight.found);
        add_weighted(line.head, strtoull(weight.tail.at, NULL, 10), tally->file,
                     tally->file_weight);
        rest = line.tail;
    }
}

/* --- weather -----------------------------------------------------------------------------------
 */

static void set_weather(struct machine *machine, const struct sim_habits *habits)
{
    machine->far.habits = *habits;
    machine->far.habits.poison = " t13t";
    machine->far.habits.malformed = " t29t";
}

static void tell(const struct machine *machine)
{
    struct sim_pace pace = {machine->lane_steps, machine->writer_steps, machine->clock.mono_ns};
    sim_honeycomb_tell(&honeycomb, pace);
}

static void change_weather(struct machine *machine)
{
    tell(machine);
    if (sim_chance(&machine->dice, 8))
        set_weather(machine, &sim_weathers[sim_below(&machine->dice, SIM_WEATHERS)]);
    if (!sim_chance(&machine->dice, 5))
        return;
    for (int i = 0; i < 60 && !sim_files_has_crashed(machine->files); i++) {
        (void)machine_step(machine);
        tell(machine);
        sim_clock_pass(&machine->clock, 100 * SIM_MS);
    }
}

static void come_down(struct machine *machine)
{
    (void)machine;
    sim_honeycomb_fell(&honeycomb);
}

/* --- what must hold ------------------------------------------------------------------------------
 */

static bool is_bad(uint32_t line)
{
    return line == POISON || line == MALFORMED;
}

/* At least once each; the twin has judged what came more often. What is wrong with a line stands in
 * the dead letters. */
static void once_of(const struct machine *machine, uint32_t *counts, const uint32_t *dead,
                    const char *where)
{
    char what[128];
    for (uint32_t i = 0; i < machine->world.line_count; i++) {
        snprintf(what, sizeof what, "line %u stands %u times in %s, %u times in its dead letters",
                 i, counts[i], where, dead[i]);
        if (is_bad(i) ? counts[i] > 0 : dead[i] > 0)
            machine_failed(machine, what);
        counts[i] = counts[i] + dead[i] > 0;
    }
}

static void check_weights(const struct machine *machine, const struct tally *tally)
{
    static uint64_t weighted[WORLD_TRACES_MAX];
    const struct world *world = &machine->world;
    char what[128];
    memset(weighted, 0, sizeof weighted);
    for (uint32_t i = 0; i < world->line_count; i++) {
        uint64_t weight = tally->file_weight[i];
        uint32_t trace = world->lines[i].trace;
        weighted[trace] += weight;
        snprintf(what, sizeof what, "line %u weighs %llu in the file and %llu at Honeycomb", i,
                 (unsigned long long)weight, (unsigned long long)tally->sampled_weight[i]);
        if ((weight && weight != (world->trace_failed[trace] ? 1 : RATE)) ||
            (!is_bad(i) && tally->sampled_weight[i] != weight))
            machine_failed(machine, what);
    }
    /* Kept with 1 of 3: n lines are counted as 3n or as none, with the variance n^2 * (3 - 1). */
    for (uint32_t trace = 0; trace < world->trace_count; trace++) {
        double lines = world->trace_lines[trace];
        sums.error += (double)weighted[trace] - lines;
        sums.variance += world->trace_failed[trace] ? 0 : lines * lines * (RATE - 1);
    }
}

static void check_ledger(const struct machine *machine, uint32_t output, const uint32_t *counts)
{
    const struct output_totals *totals = &state_ledger(machine->agent.lane.state)->outputs[output];
    uint64_t lines = 0;
    for (uint32_t i = 0; i < machine->world.line_count; i++)
        lines += counts[i];
    if (totals->in != machine->world.line_count ||
        totals->delivered + totals->dead_lettered != lines ||
        totals->sampled_out + lines != totals->in)
        machine_failed(machine, "the ledger does not count what Honeycomb has");
}

static void run_seed(uint64_t seed)
{
    static struct machine machine;
    static struct tally tally;
    memset(&tally, 0, sizeof tally);
    machine_init(&machine, CONFIG, seed, LINES);
    sim_honeycomb_init(&honeycomb, &machine.far, KEY);
    honeycomb.taken = tally_taken;
    honeycomb.context = &tally;
    machine.weather = change_weather;
    machine.fell = come_down;
    set_weather(&machine, &sim_weathers[0]);
    machine_live(&machine);
    machine_finish(&machine);
    if (machine.far.violations)
        machine_failed(&machine, machine.far.violation);
    tally_file(&machine, &tally);
    machine_add_letters(&machine, "whole", tally.whole_dead);
    machine_add_letters(&machine, "sampled", tally.sampled_dead);
    once_of(&machine, tally.whole, tally.whole_dead, "dataset whole");
    once_of(&machine, tally.sampled, tally.sampled_dead, "the sampled datasets");
    machine_check_all(&machine, "dataset whole", tally.whole);
    machine_check_sample(&machine, "the file", tally.file);
    machine_check_same(&machine, "the sampled datasets", tally.sampled, tally.file);
    check_weights(&machine, &tally);
    check_ledger(&machine, 0, tally.whole);
    check_ledger(&machine, 2, tally.sampled);
    for (size_t i = 0; i < honeycomb.count; i++)
        sums.taken += honeycomb.events[i].times;
    sums.twins += honeycomb.twins;
    machine_clear(&machine);
}

static void nothing_is_missing_and_only_what_had_no_answer_comes_again_on_every_seed(void)
{
    machine_seeds(SEEDS_DEFAULT, run_seed);
    print_message("%llu events taken, %llu of them again\n", (unsigned long long)sums.taken,
                  (unsigned long long)sums.twins);
}

/* Beyond 4.5 standard deviations: once in 147,000 honest runs, and these are always the same. */
static void weighted_counts_are_those_of_all_lines(void)
{
    double deviations = sums.error / sqrt(sums.variance);
    print_message("weighted counts are off by %.0f lines, %.2f standard deviations\n", sums.error,
                  deviations);
    CHECK(fabs(deviations) < 4.5);
}

CHECK_MAIN(TEST(nothing_is_missing_and_only_what_had_no_answer_comes_again_on_every_seed),
           TEST(weighted_counts_are_those_of_all_lines))
