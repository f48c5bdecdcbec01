/* tests/sampling/test_simulated.c - lives of a sampler, seeded, beside an oracle.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A seed makes traces: gateway lines, invocations that name their trace first, last or never,
 * chains of invocations, late lines, late errors, ties found after the verdicts. They are read from
 * three sources in the order of time, while the journal syncs now and then and the process is
 * killed now and then and comes back with another rate, reading again from the last synced rewind.
 */
#include <math.h>

#include "tests/sampling/oracle.h"

/* --- one life after another -------------------------------------------------------------- */

static const struct expr always = {.constant = 1}, error = {.contains = "ERROR"};
static const struct expr rates[] = {
    {.constant = 2}, {.constant = 3}, {.constant = 5}, {.constant = 10}};

struct marks {           /* what the journal knows about reading */
    int next[SOURCES];   /* first event to read */
    bool closed[EVENTS]; /* has its outcome */
};

static struct {
    struct marks now, written, synced; /* in memory, handed to the journal, on disk */
    struct outcome left[EVENTS];       /* the first time that it went beyond recall */
    int crashes, again;
    bool looks_across; /* decided traces are held together again after a restart */
} life;

static void open_sampler(void)
{
    const struct expr *rate = &rates[roll(COUNT(rates))];
    oracle.rate = (uint32_t)rate->constant;
    world_rule("errors", &error, &always);
    world_open(rate);
    world.sampler.looks_across = life.looks_across;
}

/* A group commit: what came out so far has its outcome; a source goes on from what is open or held.
 */
static void write_marks(void)
{
    life.written = life.now;
    for (int source = 0; source < SOURCES; source++) {
        uint64_t oldest = stakes_oldest(&world.sampler.groups.holdings.stakes, (uint32_t)source);
        if (oldest < (uint64_t)life.written.next[source])
            life.written.next[source] = (int)oldest;
    }
}

static void sync_journal(void)
{
    world.synced = world.blob_count;
    life.synced = life.written;
    memcpy(oracle.durable, oracle.judged, sizeof oracle.durable);
}

static void crash(void)
{
    life.crashes++;
    while (world.blob_count > world.synced)
        free(world.blobs[--world.blob_count].at);
    world_restart();
    oracle_restart();
    open_sampler();
    world_load();
    life.now = life.written = life.synced;
}

static int number_of(const char *text)
{
    return atoi(strchr(text, ' ') + 1);
}

static void check_outcome(const struct came_out *out)
{
    int i = number_of(out->text);
    const struct outcome *want = &oracle.expected[i];
    CHECK(want->is_known);
    CHECK_EQ(out->is_out, want->is_out);
    if (!out->is_out) {
        CHECK_EQ(out->weight, want->weight);
        assert_string_equal(out->reason, want->reason);
        assert_string_equal(out->trace, want->name == NOBODY ? "" : ids[want->name]);
    }
    if (life.left[i].is_known &&
        !life.left[i].is_out) { /* it was sent before: it must be sent alike */
        life.again++;
        CHECK(!out->is_out);
        CHECK_EQ(out->weight, life.left[i].weight);
        assert_string_equal(out->reason, life.left[i].reason);
        /* An invocation that named its trace only after its verdict may be read again by that name.
         */
        CHECK(want->name == life.left[i].name || life.left[i].name == NOBODY);
    }
    life.left[i] = *want;
    life.now.closed[i] = true;
}

static void look_at_what_came_out(void)
{
    for (size_t i = 0; i < world.out_count; i++)
        check_outcome(&world.out[i]);
    world.out_count = 0;
}

static void release_at(int64_t now_ns)
{
    oracle_advance(now_ns);
    world_release(now_ns);
    look_at_what_came_out();
}

static void read_one(int i)
{
    const struct happening *event = &events[i];
    release_at(event->at_ns);
    life.now.next[event->source] = i + 1;
    oracle_arrive(i);
    world_take(
        (struct line){.text = event->text,
                      .trace = event->trace == NOBODY ? NULL : ids[event->trace],
                      .invocation = event->invocation == NOBODY ? NULL : ids[event->invocation],
                      .flags = event->flags,
                      .source = event->source,
                      .offset = (uint64_t)i});
    look_at_what_came_out();
}

/* The next event in time that its source has not read yet; positions are numbers of events. */
static int next_event(void)
{
    for (int i = 0; i < event_count; i++)
        if (i >= life.now.next[events[i].source])
            return i;
    return NOBODY;
}

static void live(uint64_t seed, bool has_late_ties, unsigned crashes_in_1000)
{
    happen_all(seed, has_late_ties);
    memset(&life, 0, sizeof life);
    life.looks_across = !has_late_ties && seed % 3 == 0;
    memset(&oracle, 0, sizeof oracle);
    world_init();
    world.holds_back = true;
    oracle_restart();
    open_sampler();
    for (int i; (i = next_event()) != NOBODY;) {
        read_one(i);
        if (roll(4) == 0)
            write_marks();
        if (roll(8) == 0)
            sync_journal();
        if (roll(1000) < crashes_in_1000)
            crash();
    }
    for (int round = 0; round < 2; round++) {
        release_at(INT64_MAX);
        sync_journal();
    }
    release_at(INT64_MAX);
}

static void check_promises(void)
{
    int fate[IDS];
    memset(fate, 0, sizeof fate);
    for (int i = 0; i < event_count; i++) {
        const struct outcome *left = &life.left[i];
        CHECK(left->is_known && life.now.closed[i]);
        if (events[i].is_error) { /* no keep event is lost */
            CHECK(!left->is_out && left->weight == 1);
            continue;
        }
        if (!events[i].is_simple)
            continue;
        int own = left->is_out ? -1 : (int)left->weight; /* no trace is split */
        CHECK(fate[events[i].owner] == 0 || fate[events[i].owner] == own);
        fate[events[i].owner] = own;
    }
    CHECK_EQ(world.sampler.groups.holdings.events, 0);
    CHECK_EQ(world.sampler.leaving_bytes, 0);
}

static void every_outcome_is_as_defined_and_no_crash_changes_what_left(void)
{
    int crashes = 0, again = 0, count = 0;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        bool has_late_ties = seed % 2;
        live(seed, has_late_ties, seed % 4 < 2 ? 20 : 0);
        check_promises();
        crashes += life.crashes;
        again += life.again;
        count += event_count;
        world_clear();
    }
    print_message("%d seeds, %d events, %d crashes, %d events sent again alike\n", SEEDS, count,
                  crashes, again);
    CHECK(crashes > 300 && again > 300);
}

/* Of SEEDS ratios of weights to events. */
static void check_unbiased(const char *what, double sum, double squares)
{
    double mean = sum / SEEDS;
    double error_of_mean = sqrt((squares / SEEDS - mean * mean) / (SEEDS - 1));
    print_message(
        "%ssum of weights / true count = %.4f, 99.9 %% confidence %.4f to %.4f, %d seeds\n", what,
        mean, mean - 3.29 * error_of_mean, mean + 3.29 * error_of_mean, SEEDS);
    CHECK(fabs(mean - 1) < 3.29 * error_of_mean);
    CHECK(error_of_mean < 0.03);
}

static void the_weights_are_unbiased(void)
{
    double sum = 0, squares = 0;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        double weights = 0;
        live(seed + 1000, false, seed % 2 ? 10 : 0);
        for (int i = 0; i < event_count; i++)
            weights += life.left[i].is_out ? 0 : life.left[i].weight;
        double ratio = weights / event_count;
        sum += ratio;
        squares += ratio * ratio;
        world_clear();
    }
    check_unbiased("", sum, squares);
}

/* What a first sampler kept goes through a second one, as it would through Kafka: weight and hops
 * travel along. */
static double weigh_through_two(unsigned seed)
{
    enum { TRACES = 500, LINES = 3 };
    static struct came_out between[TRACES * LINES];
    size_t count = 0;
    double weights = 0;
    dice = seed;
    id_count = 0;
    for (int stage = 0; stage < 2; stage++) {
        world_init();
        world_open(&rates[stage + 1]);
        for (size_t i = 0; stage == 0 && i < TRACES * LINES; i++) {
            id_count = i % LINES ? id_count : 0;
            const char *id = ids[i % LINES ? 0 : new_id(true)];
            world_take((struct line){.text = "line", .trace = id});
        }
        for (size_t i = 0; stage == 1 && i < count; i++)
            world_take((struct line){.text = "line",
                                     .trace = between[i].trace,
                                     .weight = between[i].weight,
                                     .hops = between[i].hops});
        world_release(INT64_MAX);
        count = 0;
        weights = 0;
        for (size_t i = 0; i < world.out_count; i++)
            if (!world.out[i].is_out) {
                between[count++] = world.out[i];
                weights += world.out[i].weight;
                CHECK_EQ(world.out[i].weight, stage ? 15 : 3);
                CHECK_EQ(world.out[i].hops, stage + 1);
            }
        world_clear();
    }
    return weights / (TRACES * LINES);
}

static void the_weights_are_unbiased_through_two_samplers(void)
{
    double sum = 0, squares = 0;
    for (unsigned seed = 1; seed <= SEEDS; seed++) {
        double ratio = weigh_through_two(seed);
        sum += ratio;
        squares += ratio * ratio;
    }
    check_unbiased("through two samplers: ", sum, squares);
}

CHECK_MAIN(TEST(every_outcome_is_as_defined_and_no_crash_changes_what_left),
           TEST(the_weights_are_unbiased), TEST(the_weights_are_unbiased_through_two_samplers))
