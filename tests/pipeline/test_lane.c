/* tests/pipeline/test_lane.c - mirrors agent/pipeline/lane.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/pipeline/lane.c"

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
    CHECK(ledger_is_settled(rig_ledger(&rig)));
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
    enum { TRACES = 600, PADDING_BYTES = 100000 };
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
           TEST(once_decides_what_is_held_when_the_streams_have_ended),
           TEST(a_lane_that_was_told_to_stop_reads_nothing_more_and_is_done_when_all_is_on_disk),
           TEST(what_is_not_known_to_be_on_disk_is_revealed_as_in_flight),
           TEST(more_held_than_its_share_stops_the_reading_until_it_has_left),
           TEST(progress_grows_while_something_moves_and_stands_still_afterwards))
