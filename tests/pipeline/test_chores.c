/* tests/pipeline/test_chores.c - mirrors agent/pipeline/chores.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/pipeline/chores.c"

#include "agent/memory.h"
#include "tests/pipeline/rig.h"

static void an_agent_with_nothing_to_do_gives_its_buffers_back_once(void)
{
    struct rig rig;
    char line[] = "{\"message\":\"some text to have something in the buffers\"}\n";
    rig_open(&rig, "input tail { path = \"/logs/a\" }\noutput file { path = \"/out/all\" }\n");
    for (int i = 0; i < 5000; i++)
        sim_files_append(rig.sim, "/logs/a", str_from(line));
    rig_steps(&rig, 200);
    CHECK_EQ(rig_totals(&rig, 0)->delivered, 5000);
    size_t before = memory_in_use();
    sim_clock_pass(&rig.clock, REST_AFTER_NS);
    rig_steps(&rig, 3);
    CHECK(rig.agent.lane.chores.is_resting);
    CHECK(memory_in_use() + 100000 < before);
    sim_files_append(rig.sim, "/logs/a", str_from(line));
    sim_clock_pass(&rig.clock, REST_AFTER_NS);
    rig_steps(&rig, 100);
    CHECK_EQ(rig_totals(&rig, 0)->delivered, 5001);
    rig_close(&rig);
}

static void too_many_targets_are_told_once_and_once_when_there_is_room_again(void)
{
    struct rig rig;
    char line[64];
    rig_open(&rig,
             "input tail { path = \"/logs/a\" filter parse { } }\noutput elasticsearch { url = "
             "\"http://far\" index = \"i-{name}\" flush = 10ms }\n");
    rig_listen();
    for (int i = 0; i < TARGETS_MAX + 20; i++) {
        snprintf(line, sizeof line, "{\"name\":\"n%d\"}\n", i);
        sim_files_append(rig.sim, "/logs/a", str_from(line));
    }
    rig_steps(&rig, 3000);
    CHECK_EQ(rig_totals(&rig, 0)->delivered, TARGETS_MAX + 20);
    CHECK_EQ(rig_told_times("more than 256 targets"), 1);
    CHECK_EQ(rig_told_times("has room again"), 0);
    sim_clock_pass(&rig.clock, INT64_C(25) * 3600 * 1000 * SIM_MS);
    rig_steps(&rig, 10);
    sim_files_append(rig.sim, "/logs/a", STR("{\"name\":\"tomorrow\"}\n"));
    rig_steps(&rig, 3000);
    CHECK_EQ(rig_told_times("has room again"), 1);
    log_capture(NULL, NULL);
    rig_close(&rig);
}

static void what_nobody_can_read_again_is_told_once_and_counted(void)
{
    static const char config[] =
        "input tail { path = \"/logs/*\" }\noutput elasticsearch { url = \"http://far\" }\n";
    struct rig rig;
    rig_open(&rig, config);
    rig.far.habits.not_sent = 100;
    sim_files_append(rig.sim, "/logs/a", STR("one\ntwo\n"));
    rig_steps(&rig, 200);
    CHECK_EQ(rig_totals(&rig, 0)->in_flight, 2);
    rig_kill(&rig);
    const struct files *files = sim_files_port(rig.sim);
    CHECK_EQ(files->unlink(files->self, "/logs/a"), 0);
    rig_listen();
    rig_start(&rig, config);
    rig_steps(&rig, 500);
    CHECK_EQ(rig_told_times("2 events that an earlier run had read"), 1);
    CHECK_EQ(rig_totals(&rig, 0)->abandoned, 2);
    CHECK_EQ(rig_totals(&rig, 0)->in_flight, 0);
    CHECK(ledger_is_balanced(rig_ledger(&rig)));
    rig_kill(&rig);
    rig_listen();
    rig_start(&rig, config); /* it is no news any more */
    rig_steps(&rig, 100);
    CHECK_EQ(rig_told_times("an earlier run"), 0);
    CHECK_EQ(rig_totals(&rig, 0)->abandoned, 2);
    log_capture(NULL, NULL);
    rig_close(&rig);
}

static void output_files_are_opened_anew_when_asked(void)
{
    struct rig rig;
    rig_open(&rig, "input tail { path = \"/logs/a\" }\noutput file { path = \"/out/all\" }\n");
    const struct files *files = sim_files_port(rig.sim);
    sim_files_append(rig.sim, "/logs/a", STR("one\n"));
    rig_steps(&rig, 300);
    CHECK_EQ(files->rename(files->self, "/out/all", "/out/all.old"), 0);
    lane_reopen(&rig.agent.lane);
    rig_steps(&rig, 10);
    CHECK(!rig.agent.lane.chores.wants_reopen);
    sim_files_append(rig.sim, "/logs/a", STR("two\n"));
    rig_steps(&rig, 300);
    CHECK_EQ(rig_lines(&rig, "/out/all.old"), 1);
    CHECK_EQ(rig_lines(&rig, "/out/all"), 1);
    rig_close(&rig);
}

CHECK_MAIN(TEST(an_agent_with_nothing_to_do_gives_its_buffers_back_once),
           TEST(too_many_targets_are_told_once_and_once_when_there_is_room_again),
           TEST(what_nobody_can_read_again_is_told_once_and_counted),
           TEST(output_files_are_opened_anew_when_asked))
