/* tests/pipeline/test_lane.c - mirrors agent/pipeline/lane.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/pipeline/lane.c"

#include "agent/memory.h"
#include "tests/pipeline/rig.h"

enum { LINES = 100, STEPS_MAX = 20000 };

static const char FILES[] = "input tail { path = \"/logs/*.log\" read_from = beginning }\n"
                            "output file { path = \"/out/all\" }\n";

static void write_lines(struct rig *rig, const char *path, int count)
{
    char line[64];
    for (int i = 0; i < count; i++) {
        int len = snprintf(line, sizeof line, "line %d\n", i);
        sim_files_append(rig->sim, path, (struct str){line, (size_t)len});
    }
}

static void once_reads_every_file_to_its_end_balances_and_is_done(void)
{
    struct rig rig;
    rig_open(&rig, FILES);
    write_lines(&rig, "/logs/a.log", LINES);
    write_lines(&rig, "/logs/b.log", LINES);
    sim_files_append(rig.sim, "/logs/b.log", STR("no line end"));
    CHECK(!lane_is_done(&rig.agent.lane));
    CHECK(rig_run_once(&rig));
    CHECK_EQ(rig_lines(&rig, "/out/all"), 2 * LINES + 1);
    CHECK_EQ(rig_totals(&rig, 0)->delivered, 2 * LINES + 1);
    CHECK(ledger_is_balanced(rig_ledger(&rig)));
    CHECK_EQ(ledger_open(rig_ledger(&rig)) + ledger_failed(rig_ledger(&rig)), 0);
    rig_close(&rig);
}

static void once_commits_in_groups_while_it_reads_and_without_delay_at_the_end(void)
{
    enum { LINE = 8000, COUNT_MAX = 500, STEPS = 20 }; /* so many steps are 200 ms */
    static char line[LINE];
    struct rig rig;
    rig_open(&rig, "input tail { path = \"/logs/*.log\" read_from = beginning }\n"
                   "output discard { }\n");
    memset(line, 'a', sizeof line);
    line[LINE - 1] = '\n';
    for (int i = 0; i < COUNT_MAX; i++)
        sim_files_append(rig.sim, "/logs/a.log", (struct str){line, LINE});
    rig.agent.lane.mode = LANE_ONCE;
    uint64_t steps = 0, commits = rig.agent.lane.last_ticket;
    for (; steps < STEPS_MAX && !lane_is_done(&rig.agent.lane); steps++)
        rig_step(&rig);
    commits = rig.agent.lane.last_ticket - commits;
    CHECK_EQ(rig_totals(&rig, 0)->delivered, COUNT_MAX);
    CHECK(steps >= 2 * STEPS);
    CHECK(commits <= steps / STEPS + 4); /* the birth of the file, and what ends it */
    rig_close(&rig);
}

static void once_decides_what_is_held_when_the_streams_have_ended(void)
{
    struct rig rig;
    rig_run(&rig,
            "input stdin { filter parse { } }\n"
            "filter sample { rate = 1 }\n"
            "output file { path = \"/out/all\" }\n",
            "{\"trace_id\":\"4bf92f3577b34da6a3ce929d0e0e4736\",\"message\":\"a\"}\n"
            "{\"trace_id\":\"4bf92f3577b34da6a3ce929d0e0e4736\",\"message\":\"b\"}\n");
    CHECK(rig.agent.lane.decides);
    CHECK_EQ(rig_totals(&rig, 0)->held, 0);
    CHECK_EQ(rig_totals(&rig, 0)->delivered, 2);
    rig_close(&rig);
}

static void a_lane_that_was_told_to_stop_reads_nothing_more_and_is_done_when_all_is_on_disk(void)
{
    struct rig rig;
    rig_open(&rig, FILES);
    write_lines(&rig, "/logs/a.log", LINES);
    for (int i = 0; i < STEPS_MAX && rig_totals(&rig, 0)->delivered < LINES; i++)
        rig_step(&rig);
    CHECK_EQ(rig_totals(&rig, 0)->delivered, LINES);
    write_lines(&rig, "/logs/a.log", LINES);
    CHECK(!lane_is_done(&rig.agent.lane)); /* nobody asked it to end */
    lane_stop(&rig.agent.lane, false);
    for (int i = 0; i < STEPS_MAX && !lane_is_done(&rig.agent.lane); i++)
        rig_step(&rig);
    CHECK(lane_is_done(&rig.agent.lane));
    CHECK_EQ(rig_lines(&rig, "/out/all"), LINES);
    rig_close(&rig);
}

static void what_is_not_known_to_be_on_disk_is_revealed_as_in_flight(void)
{
    struct rig rig;
    rig_open(&rig, FILES);
    write_lines(&rig, "/logs/a.log", LINES);
    for (int i = 0; i < STEPS_MAX && rig_totals(&rig, 0)->delivered < LINES; i++) {
        (void)lane_step(&rig.agent.lane); /* the disk writer sleeps */
        sim_clock_pass(&rig.clock, SIM_MS);
    }
    lane_reveal(&rig.agent.lane, true);
    CHECK_EQ(rig_totals(&rig, 0)->delivered, 0);
    CHECK_EQ(rig_totals(&rig, 0)->in_flight, LINES);
    CHECK(ledger_is_balanced(rig_ledger(&rig)));
    lane_reveal(&rig.agent.lane, false);
    CHECK_EQ(rig_totals(&rig, 0)->delivered, LINES);
    CHECK(rig_run_once(&rig));
    lane_reveal(&rig.agent.lane, true);
    CHECK_EQ(rig_totals(&rig, 0)->delivered, LINES);
    rig_close(&rig);
}

static void more_held_than_its_share_stops_the_reading_until_it_has_left(void)
{
    enum { TRACES = 900, PADDING_BYTES = 100000 };
    static char line[PADDING_BYTES + 100];
    static char padding[PADDING_BYTES + 1];
    struct rig rig;
    rig_open(&rig, "input tail { path = \"/logs/a\" filter parse { } }\n"
                   "filter sample { wait = 1s }\noutput discard { }\n");
    memset(padding, 'x', PADDING_BYTES);
    for (int i = 0; i < TRACES; i++) {
        snprintf(line, sizeof line, "{\"trace_id\":\"t%d\",\"message\":\"%s\"}\n", i, padding);
        sim_files_append(rig.sim, "/logs/a", str_from(line));
    }
    const struct stage *holder = rig.agent.lane.pipeline.holders[0];
    uint64_t budget = rig.agent.lane.pipeline.engine.held_budget;
    for (int i = 0; i < STEPS_MAX && !rig.agent.lane.is_full; i++) {
        (void)lane_step(&rig.agent.lane); /* the disk writer hangs: no verdict gets to the disk */
        sim_clock_pass(&rig.clock, SIM_MS);
    }
    CHECK(rig.agent.lane.is_full);
    CHECK(rig.agent.lane.schedule.is_short);
    uint64_t read = rig_ledger(&rig)->inputs[0].events;
    for (int i = 0; i < 100; i++)
        (void)lane_step(&rig.agent.lane);
    CHECK_EQ(rig_ledger(&rig)->inputs[0].events, read);
    CHECK(read < TRACES);
    CHECK(holder->filter->held_bytes(holder->self) < budget + (1 << 20));
    rig_steps(&rig, 3000);
    CHECK_EQ(rig_totals(&rig, 0)->delivered, TRACES);
    CHECK(!rig.agent.lane.is_full);
    rig_close(&rig);
}

/* It is not read while too much is held, so nobody knows what time it is there. */
static void a_file_that_comes_while_too_much_is_held_does_not_keep_it_from_leaving(void)
{
    enum { TRACES = 900, PADDING_BYTES = 100000 };
    static char line[PADDING_BYTES + 100], padding[PADDING_BYTES + 1];
    struct rig rig;
    rig_open(&rig, "input tail { path = \"/logs/*\" filter parse { } }\n"
                   "filter sample { wait = 1s }\noutput discard { }\n");
    memset(padding, 'x', PADDING_BYTES);
    for (int i = 0; i < TRACES; i++) {
        snprintf(line, sizeof line, "{\"trace_id\":\"t%d\",\"message\":\"%s\"}\n", i, padding);
        sim_files_append(rig.sim, "/logs/a", str_from(line));
    }
    for (int i = 0; i < STEPS_MAX && !rig.agent.lane.is_full; i++) {
        (void)lane_step(&rig.agent.lane); /* the disk writer hangs: no verdict gets to the disk */
        sim_clock_pass(&rig.clock, SIM_MS);
    }
    CHECK(rig.agent.lane.is_full);
    sim_files_append(rig.sim, "/logs/b", STR("{\"trace_id\":\"new\"}\n"));
    for (int i = 0; i < 3000; i++) {
        (void)lane_step(&rig.agent.lane);
        sim_clock_pass(&rig.clock, SIM_MS);
    }
    CHECK(!schedule_knows_time(rig.agent.lane.state));
    rig_steps(&rig, 3000);
    CHECK_EQ(rig_totals(&rig, 0)->delivered, TRACES + 1);
    rig_close(&rig);
}

/* The only output takes no more, so what is due cannot leave. */
static void traces_that_are_due_and_may_not_leave_do_not_keep_the_lane_busy(void)
{
    enum { TRACES = 1200, PADDING_BYTES = 100000 };
    static char line[PADDING_BYTES + 100], padding[PADDING_BYTES + 1];
    struct rig rig;
    rig_open(&rig, "input tail { path = \"/logs/a\" filter parse { } }\n"
                   "filter sample { wait = 1s }\n"
                   "output elasticsearch { url = \"http://far\" flush = 10ms }\n");
    rig.far.habits.not_sent = 100;
    memset(padding, 'x', PADDING_BYTES);
    for (int i = 0; i < TRACES; i++) {
        snprintf(line, sizeof line, "{\"trace_id\":\"t%d\",\"message\":\"%s\"}\n", i, padding);
        sim_files_append(rig.sim, "/logs/a", str_from(line));
        rig_step(&rig);
    }
    rig_steps(&rig, 3 * TRACES);
    const struct stage *holder = rig.agent.lane.pipeline.holders[0];
    CHECK(rig_totals(&rig, 0)->held > 0);
    CHECK(holder->filter->due(holder->self) < rig.clock.wall_ns);
    int busy = 0;
    for (int i = 0; i < 100; i++) {
        struct lane_wait wait = lane_step(&rig.agent.lane);
        busy += wait.again || wait.until_ns <= rig.clock.mono_ns;
        rig_step(&rig);
    }
    CHECK(busy < 20);
    rig.far.habits.not_sent = 0;
    rig_steps(&rig, 20000);
    CHECK_EQ(rig_totals(&rig, 0)->delivered, TRACES);
    rig_close(&rig);
}

/* Every allocation of some passes fails, from the first, the second... on. What could not be put
 * into wire form goes out after the next start. */
static void without_memory_a_batch_waits_and_no_event_is_lost(void)
{
    static const char config[] =
        "input tail { path = \"/logs/*\" filter parse { } }\n"
        "branch { filter set { fields = { .a = 1 } } output file { path = \"/out/all\" } }\n"
        "output elasticsearch { url = \"http://far\" flush = 10ms }\n";
    bool has_waited = false;
    for (unsigned long n = 1; n < 80; n++) {
        struct rig rig;
        rig_open(&rig, config);
        rig_steps(&rig, 3);
        write_lines(&rig, "/logs/a.log", LINES);
        memory_fail_at(n);
        rig_steps(&rig, 120);
        has_waited |= rig.agent.lane.read.waits;
        memory_fail_at(0);
        rig_steps(&rig, 200);
        CHECK(!rig.agent.lane.read.waits);
        CHECK(ledger_is_balanced(rig_ledger(&rig)));
        rig_kill(&rig);
        rig_start(&rig, config);
        CHECK(rig_run_once(&rig));
        CHECK_EQ(rig_totals(&rig, 0)->delivered, LINES);
        CHECK_EQ(rig_totals(&rig, 1)->delivered, LINES);
        CHECK_EQ(rig.far.document_count, LINES);
        CHECK_EQ(rig_lines(&rig, "/out/all"), LINES);
        rig_close(&rig);
    }
    CHECK(has_waited);
}

static char documents[4096];

static void keep_document(void *context, struct str target, struct str document)
{
    (void)context, (void)target;
    size_t len = strlen(documents);
    snprintf(documents + len, sizeof documents - len, "%.*s\n", STR_ARG(document));
}

/* A line without a time takes that of the one before it, which the restart does not read again; one
 * with nothing before it takes the time of its first reading. */
static void lines_without_a_time_have_the_same_time_when_they_are_read_again(void)
{
    static const char config[] = "input tail { path = \"/logs/*\" filter parse { } }\n"
                                 "output elasticsearch { url = \"http://far\" flush = 10ms }\n";
    struct rig rig;
    rig_open(&rig, config);
    documents[0] = 0;
    rig.far.stored = keep_document;
    sim_files_append(rig.sim, "/logs/a",
                     STR("{\"time\":\"2025-12-31T10:00:00Z\",\"message\":\"timed\"}\n"));
    rig_steps(&rig, 200);
    CHECK(strstr(documents, "timed"));
    rig.far.habits.not_sent = 100;
    sim_files_append(rig.sim, "/logs/a", STR("after it\n"));
    sim_files_append(rig.sim, "/logs/b", STR("alone\n"));
    rig_steps(&rig, 200);
    CHECK_EQ(rig_totals(&rig, 0)->in_flight, 2);
    rig_kill(&rig);
    sim_clock_pass(&rig.clock, INT64_C(7200) * 1000 * SIM_MS);
    rig.far.habits.not_sent = 0;
    documents[0] = 0;
    rig_start(&rig, config);
    CHECK(rig_run_once(&rig));
    CHECK_EQ(rig_totals(&rig, 0)->delivered, 3);
    const char *after = strstr(documents, "\"@timestamp\":\"2025-12-31T10:00:00"),
               *alone = strstr(documents, "\"@timestamp\":\"2026-01-01T00:00:");
    CHECK(after && alone);
    rig_close(&rig);
}

static void progress_grows_while_something_moves_and_stands_still_afterwards(void)
{
    struct rig rig;
    rig_open(&rig, FILES);
    uint64_t before = lane_progress(&rig.agent.lane);
    write_lines(&rig, "/logs/a.log", LINES);
    CHECK(rig_run_once(&rig));
    uint64_t after = lane_progress(&rig.agent.lane);
    CHECK(after > before);
    for (int i = 0; i < 10; i++)
        rig_step(&rig);
    CHECK_EQ(lane_progress(&rig.agent.lane), after);
    rig_close(&rig);
}

CHECK_MAIN(TEST(once_reads_every_file_to_its_end_balances_and_is_done),
           TEST(once_commits_in_groups_while_it_reads_and_without_delay_at_the_end),
           TEST(once_decides_what_is_held_when_the_streams_have_ended),
           TEST(a_lane_that_was_told_to_stop_reads_nothing_more_and_is_done_when_all_is_on_disk),
           TEST(what_is_not_known_to_be_on_disk_is_revealed_as_in_flight),
           TEST(more_held_than_its_share_stops_the_reading_until_it_has_left),
           TEST(a_file_that_comes_while_too_much_is_held_does_not_keep_it_from_leaving),
           TEST(traces_that_are_due_and_may_not_leave_do_not_keep_the_lane_busy),
           TEST(without_memory_a_batch_waits_and_no_event_is_lost),
           TEST(lines_without_a_time_have_the_same_time_when_they_are_read_again),
           TEST(progress_grows_while_something_moves_and_stands_still_afterwards))
