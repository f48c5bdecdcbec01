/* tests/sim/test_series.c - two agents in series over a simulated broker: weights stay true.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A sidecar keeps one trace in 3 and ships to a topic; an aggregator keeps one in 4 of what comes.
 * What its events stand for must add up, on average over the seeds, to what was written: lines, and
 * a number that each line carries.
 */
#include <jansson.h>
#include <math.h>

#include "tests/sim/broker.h"
#include "tests/sim/machine.h"

enum { SEEDS_DEFAULT = 200, TRACES = 1000, LINES_MAX = 5, ERROR_PERCENT = 3 };

static const char SIDECAR[] =
    "agent { state = \"/state\" admin = off }\n"
    "input tail \"logs\" { path = \"/logs/*.log\" read_from = beginning filter parse { } }\n"
    "filter trace { }\n"
    "filter sample \"first\" { rule \"e\" { when = error rate = 1 } rule \"r\" { rate = 3 } }\n"
    "output kafka \"k\" { brokers = [\"k-1:9092\"] topic = \"t\" flush = 10ms }\n";

static const char AGGREGATOR[] =
    "agent { state = \"/state\" admin = off }\n"
    "input kafka \"in\" { brokers = [\"k-1:9092\"] topics = [\"t\"] filter parse { } }\n"
    "filter trace { }\n"
    "filter sample \"second\" { rule \"e\" { when = error rate = 1 } rule \"r\" { rate = 4 } }\n"
    "output file \"out\" { path = \"/out/out.ndjson\" }\n";

struct sums {
    double lines, value;
};

static struct sums write_logs(struct sim_files *files, uint64_t seed)
{
    struct sums sums = {0};
    uint64_t dice = seed * 1000003 + 17;
    for (unsigned trace = 0; trace < TRACES; trace++) {
        char line[256];
        uint64_t id = sim_below(&dice, UINT64_MAX), lines = 1 + sim_below(&dice, LINES_MAX);
        for (uint64_t i = 0; i < lines; i++) {
            uint64_t value = sim_below(&dice, 1000);
            int len =
                snprintf(line, sizeof line,
                         "{\"time\":\"2026-01-01T00:00:%02u.000Z\",\"level\":\"%s\",\"trace_id\":"
                         "\"%016llx%016x\",\"value\":%u}\n",
                         trace / 20, sim_chance(&dice, ERROR_PERCENT) ? "ERROR" : "INFO",
                         (unsigned long long)id, trace, (unsigned)value);
            sim_files_append(files, "/logs/a.log", (struct str){line, (size_t)len});
            sums.lines += 1;
            sums.value += (double)value;
        }
    }
    return sums;
}

/* What the events stand for; their number in ret_kept. */
static struct sums read_events(struct str text, unsigned *ret_kept)
{
    struct sums sums = {0};
    while (text.len) {
        struct cut line = str_cut(text, '\n');
        text = line.tail;
        json_t *event = json_loadb(line.head.at, line.head.len, JSON_REJECT_DUPLICATES, NULL);
        CHECK(json_is_object(event));
        const json_t *said = json_object_get(event, "sampling.weight");
        double weight = json_is_integer(said) ? (double)json_integer_value(said) : 1;
        CHECK(weight == 1 || weight == 3 || weight == 4 || weight == 12);
        sums.lines += weight;
        sums.value += weight * (double)json_integer_value(json_object_get(event, "value"));
        ++*ret_kept;
        json_decref(event);
    }
    return sums;
}

static void run_machine(struct machine *machine, const char *config, uint64_t seed,
                        struct sim_cluster *cluster)
{
    machine_init(machine, config, seed, 0);
    machine->brokers = &cluster->port;
}

struct errors { /* relative, over all seeds */
    double sum, squares, count;
    const char *what;
};

static void errors_add(struct errors *errors, double got, double true_value)
{
    double error = got / true_value - 1;
    errors->sum += error;
    errors->squares += error * error;
    errors->count++;
}

/* The 99.9 % confidence interval of the mean error must hold zero. */
static void errors_check(const struct errors *errors)
{
    double mean = errors->sum / errors->count;
    double deviation =
        sqrt((errors->squares / errors->count - mean * mean) * errors->count / (errors->count - 1));
    double half = 3.29 * deviation / sqrt(errors->count);
    print_message("%s: %.0f seeds, mean error %+.3f %%, 99.9 %% interval [%+.3f %%, %+.3f %%], one "
                  "run's deviation %.2f %%\n",
                  errors->what, errors->count, mean * 100, (mean - half) * 100, (mean + half) * 100,
                  deviation * 100);
    CHECK(errors->count < 20 || fabs(mean) <= half);
}

static struct errors line_errors = {.what = "lines"}, value_errors = {.what = "their values"};

static void run_seed(uint64_t seed)
{
    static struct machine sidecar, aggregator;
    static struct sim_cluster cluster;
    unsigned kept = 0;
    run_machine(&sidecar, SIDECAR, seed, &cluster);
    sim_cluster_init(&cluster, &sidecar.clock, seed);
    struct sums written = write_logs(sidecar.files, seed);
    machine_finish(&sidecar);
    size_t shipped = sim_stored(&cluster, "t");
    run_machine(&aggregator, AGGREGATOR, seed + 1, &cluster);
    machine_finish(&aggregator);
    struct sums got = read_events(sim_files_text(aggregator.files, "/out/out.ndjson"), &kept);
    if ((double)shipped >= written.lines * 0.6 || kept >= shipped || kept == 0)
        machine_failed(&aggregator, "the samplers do not sample");
    errors_add(&line_errors, got.lines, written.lines);
    errors_add(&value_errors, got.value, written.value);
    machine_clear(&sidecar);
    machine_clear(&aggregator);
    sim_cluster_clear(&cluster);
}

static void sums_weighted_through_two_samplers_are_unbiased(void)
{
    machine_seeds(SEEDS_DEFAULT, run_seed);
    errors_check(&line_errors);
    errors_check(&value_errors);
}

CHECK_MAIN(TEST(sums_weighted_through_two_samplers_are_unbiased))
