/* tests/sim/test_agent_kafka.c - whole agents, simulated, with Kafka as far end and as source.
 * SPDX-License-Identifier: Apache-2.0
 *
 * One agent ships while the broker refuses, forgets to answer, fails and dies, and crashes at every
 * sync itself; nothing is lost and no trace is split. Then two members of a group read it all,
 * come, go and crash: nothing is lost, and no member gives out twice what it gave out before, but
 * for what it had not committed when another one went on from its last commit.
 */
#include "tests/sim/broker.h"
#include "tests/sim/letters.h"
#include "tests/sim/machine.h"

enum { SEEDS_DEFAULT = 20, LINES = 300, ROUNDS = 400, MEMBERS = 2, DRY = 97 };

#define FAR "brokers = [\"k-1:9092\"] names = as_is flush = 200ms"

static const char SENDER[] =
    "agent { state = \"/state\" admin = off at_stop = keep }\n"
    "input tail \"logs\" { path = [\"/logs/*.log\" \"/logs/*.log.*\"] "
    "read_from = beginning filter parse { } }\n"
    "filter trace { }\n"
    "output kafka \"whole\" { topic = \"whole\" batch_events = 20 " FAR " }\n"
    "branch \"few\" {\n"
    "  filter sample \"third\" { rule \"errors\" { when = error rate = 1 } rule \"rest\" "
    "{ rate = 3 } }\n"
    "  output kafka \"sampled\" { topic = \"sampled\" " FAR " }\n"
    "}\n";

static const char READER[] =
    "agent { state = \"/state\" admin = off at_stop = keep }\n"
    "input kafka \"in\" { brokers = [\"k-1:9092\"] topics = [\"whole\"] handover = 500ms "
    "filter parse { } }\n"
    "filter trace { }\n"
    "output file \"all\" { path = \"/out/all.ndjson\" }\n";

static struct sim_cluster cluster;

static const struct sim_broker_habits weathers[] = {
    {.latency_ns = 50 * SIM_MS},
    {.lost_answers = 40, .latency_ns = 100 * SIM_MS},
    {.given_up = 20, .latency_ns = 100 * SIM_MS},
    {.fatal = 5000, .latency_ns = 50 * SIM_MS},
    {.queue_max = 5, .latency_ns = 20 * SIM_MS},
    {.denied = "whole"},
    {.missing = "sampled"},
    {.is_down = true},
    {.locks_out = true},
};

static void change_weather(struct machine *machine)
{
    if (sim_chance(&machine->dice, 8))
        cluster.habits = weathers[sim_below(&machine->dice, COUNT(weathers))];
    cluster.habits.poison = " t13t";
}

static void tally_topic(const char *name, uint32_t *counts)
{
    const struct sim_topic *topic = sim_topic(&cluster, name);
    memset(counts, 0, WORLD_LINES_MAX * sizeof *counts);
    for (unsigned p = 0; p < SIM_PARTITIONS; p++)
        for (size_t i = 0; i < topic->partitions[p].count; i++)
            world_add_tokens(topic->partitions[p].records[i].value, counts);
}

static void tally_letter(void *context, struct str words, const struct event *event)
{
    CHECK_TEXT(words, "invalid record");
    world_add_tokens(event->bytes, context);
}

static void tally_letters(struct machine *machine, const char *label, uint32_t *counts)
{
    struct sim_letters letters = {
        .sim = machine->files, .directory = "/state", .context = counts, .each = tally_letter};
    memset(counts, 0, WORLD_LINES_MAX * sizeof *counts);
    sim_letters_each(&letters, label);
}

/* At least once each: what is there twice was in flight at a crash or given up without an answer.
 */
static uint32_t once_of(uint32_t *counts)
{
    uint32_t twins = 0;
    for (uint32_t i = 0; i < WORLD_LINES_MAX; i++) {
        twins += counts[i] > 1 ? counts[i] - 1 : 0;
        counts[i] = counts[i] > 0;
    }
    return twins;
}

static uint64_t sent, twins;

static void check_sent(struct machine *machine)
{
    static uint32_t whole[WORLD_LINES_MAX], sampled[WORLD_LINES_MAX], dead[WORLD_LINES_MAX];
    tally_topic("whole", whole);
    tally_topic("sampled", sampled);
    tally_letters(machine, "whole", dead);
    sent += machine->world.line_count;
    twins += once_of(whole) + once_of(sampled);
    if (whole[13] || (machine->world.line_count > 13 && !dead[13]))
        machine_failed(machine, "the poison is not among the dead letters, or not only");
    whole[13] = machine->world.line_count > 13;
    machine_check_all(machine, "the topic", whole);
    tally_letters(machine, "sampled", dead);
    sampled[13] |= dead[13] > 0;
    machine_check_sample(machine, "the topic", sampled);
}

/* The members come, go in peace and die; then the first reads the rest alone. */
static void read_by_members(struct machine *members, uint64_t seed)
{
    uint64_t dice = seed * 31 + 7;
    for (int round = 0; round < ROUNDS; round++) {
        struct machine *member = &members[sim_below(&dice, MEMBERS)];
        cluster.member = (unsigned)(member - members) + 1;
        if (!member->is_up && sim_chance(&dice, 20))
            machine_come_up(member);
        if (!member->is_up)
            continue;
        for (int i = 0; i < 10 && !sim_files_has_crashed(member->files); i++) {
            (void)machine_step(member);
            sim_clock_pass(&member->clock, 20 * SIM_MS);
        }
        bool stops = sim_chance(&dice, 2);
        if (stops)
            machine_stop(member, 2000 * SIM_MS);
        if (stops || sim_files_has_crashed(member->files) || sim_chance(&dice, 2))
            machine_down(member);
    }
    for (int i = MEMBERS - 1; i > 0; i--)
        machine_down(&members[i]);
    cluster.member = 1;
    cluster.habits.dry = 0;
    machine_finish(&members[0]);
}

static void tally_loose(const char *name, uint32_t *counts)
{
    const struct sim_topic *topic = sim_topic(&cluster, name);
    memset(counts, 0, WORLD_LINES_MAX * sizeof *counts);
    for (unsigned p = 0; p < SIM_PARTITIONS; p++) {
        const struct sim_partition *partition = &topic->partitions[p];
        for (size_t i = partition->loose.from; i < partition->loose.to; i++)
            world_add_tokens(partition->records[i].value, counts);
    }
}

static void check_read(struct machine *members, const struct machine *sender)
{
    static uint32_t wanted[WORLD_LINES_MAX], all[WORLD_LINES_MAX], own[WORLD_LINES_MAX];
    static uint32_t loose[WORLD_LINES_MAX];
    char what[128];
    tally_topic("whole", wanted);
    tally_loose("whole", loose);
    memset(all, 0, sizeof all);
    for (unsigned m = 0; m < MEMBERS; m++) {
        memset(own, 0, sizeof own);
        world_add_tokens(sim_files_text(members[m].files, "/out/all.ndjson"), own);
        for (uint32_t i = 0; i < sender->world.line_count; i++) {
            snprintf(what, sizeof what, "member %u gave out line %u %u times, the topic has it %u",
                     m, i, own[i], wanted[i]);
            if (own[i] > wanted[i] && !loose[i])
                machine_failed(&members[m], what);
            all[i] += own[i];
        }
    }
    for (uint32_t i = 0; i < sender->world.line_count; i++) {
        snprintf(what, sizeof what, "line %u came %u times, the topic has it %u times", i, all[i],
                 wanted[i]);
        if (all[i] < wanted[i])
            machine_failed(&members[0], what);
    }
}

static void run_seed(uint64_t seed)
{
    static struct machine sender, members[MEMBERS];
    machine_init(&sender, SENDER, seed, LINES);
    sim_cluster_init(&cluster, &sender.clock, seed);
    sender.brokers = &cluster.port;
    sender.weather = change_weather;
    machine_live(&sender);
    cluster.habits = (struct sim_broker_habits){.poison = " t13t"};
    machine_finish(&sender);
    check_sent(&sender);
    cluster.habits.failed_commits = (unsigned)(seed % 3) * 10;
    cluster.habits.dry = seed % 2 ? DRY : 0;
    for (unsigned m = 0; m < MEMBERS; m++) {
        machine_init(&members[m], READER, seed * MEMBERS + m, 0);
        members[m].brokers = &cluster.port;
    }
    read_by_members(members, seed);
    check_read(members, &sender);
    for (unsigned m = 0; m < MEMBERS; m++)
        machine_clear(&members[m]);
    machine_clear(&sender);
    sim_cluster_clear(&cluster);
}

static void nothing_is_lost_on_the_way_to_the_broker_or_from_it_on_every_seed(void)
{
    machine_seeds(SEEDS_DEFAULT, run_seed);
    print_message("%llu lines sent, %llu records more than once\n", (unsigned long long)sent,
                  (unsigned long long)twins);
}

CHECK_MAIN(TEST(nothing_is_lost_on_the_way_to_the_broker_or_from_it_on_every_seed))
