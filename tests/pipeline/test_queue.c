/* tests/pipeline/test_queue.c - mirrors agent/pipeline/queue.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/pipeline/queue.c"

#include "agent/sight/metrics.h"
#include "tests/pipeline/away.h"

static const char CONFIG[] = AWAY_INPUT AWAY_FAR "}\n" AWAY_FILE;
static struct away away;

static size_t queue_files(void)
{
    return away_drain(&away)->queue.spool.count;
}

static void what_a_dead_far_end_misses_waits_on_disk_and_arrives_when_it_is_back(void)
{
    away_open(&away, CONFIG);
    away_leave(&away);
    away_write(&away, "/logs/a.log", 200);
    away_wait(&away); /* in memory, then the breaker opens */
    away_write(&away, "/logs/a.log", 1000);
    away_wait(&away);
    CHECK(away_totals(&away)->queued >= 1000);
    CHECK_EQ(away_totals(&away)->delivered, 0);
    CHECK(output_is_balanced(away_totals(&away)));
    CHECK(queue_bytes(&away_drain(&away)->queue) > 400 * 1000);
    away_return(&away);
    away_arrive(&away);
    CHECK_EQ(away_totals(&away)->delivered, 1200);
    rig_steps(&away.rig, 100);
    CHECK(queue_files() <= 1);
    away_close(&away);
}

static void check_that_what_is_under_way_joins_the_queue(struct sim_habits absence)
{
    away_open(&away, CONFIG);
    away.rig.far.habits = absence;
    away_write(&away, "/logs/a.log", 200);
    away_wait(&away);
    away_write(&away, "/logs/a.log", 1000);
    away_wait(&away);
    CHECK_EQ(away_totals(&away)->queued + away_totals(&away)->in_flight, 1200);
    rig_kill(&away.rig);
    rig_start(&away.rig, CONFIG);
    const struct lane *lane = &away.rig.agent.lane;
    rig_steps(&away.rig, 5);
    const struct source *source = state_source(lane->state, 0);
    for (uint32_t id = 1; source && source->input != 0; id++)
        source = state_source(lane->state, id);
    CHECK(source && source->rewind == UINT64_C(1200) * 400);
    away.rig.far.habits = (struct sim_habits){0};
    away_arrive(&away);
    CHECK_EQ(away_totals(&away)->delivered, 1200);
    away_close(&away);
}

/* Else each start would read again all that was delivered elsewhere since it went away. */
static void what_was_under_way_joins_the_queue_so_the_next_start_begins_behind_it(void)
{
    check_that_what_is_under_way_joins_the_queue((struct sim_habits){.dead_url = "http"});
    check_that_what_is_under_way_joins_the_queue((struct sim_habits){.locks_out = true});
}

/* Though the output is owed what a filter holds: calling back what came from the queue would write
 * it there once a second.
 */
static void what_it_gave_to_probe_with_is_not_put_into_it_again(void)
{
    const struct str held = STR("{\"trace_id\":\"0af7651916cd43dd8448eb211c80319c\"}\n");
    away_open(&away, AWAY_INPUT
              "branch \"few\" { filter parse { }\n filter sample { wait = 1h }\n" AWAY_FAR
              "} }\n" AWAY_FILE);
    away_leave(&away);
    sim_files_append(away.rig.sim, "/logs/b.log", held);
    away_write(&away, "/logs/a.log", 200);
    rig_steps(&away.rig, 700);
    away_write(&away, "/logs/a.log", 200);
    rig_steps(&away.rig, 700);
    CHECK_EQ(away_totals(&away)->held, 1);
    CHECK_EQ(away_drain(&away)->live_in_flight, 0);
    CHECK(away_totals(&away)->in_flight > 0);
    uint64_t ordinal = away_drain(&away)->queue.spool.ordinal;
    rig_steps(&away.rig, 2000);
    CHECK_EQ(away_drain(&away)->queue.spool.ordinal, ordinal);
    away_return(&away);
    away_arrive(&away);
    CHECK_EQ(away_totals(&away)->delivered, 400);
    away_close(&away);
}

static void what_waits_is_seen_in_metrics_and_ledger(void)
{
    struct buffer text;
    buffer_init(&text, 1 << 20);
    away_open(&away, CONFIG);
    away_leave(&away);
    away_write(&away, "/logs/a.log", 100);
    away_wait(&away);
    away_write(&away, "/logs/a.log", 50);
    away_wait(&away);
    metrics_write(&away.rig.agent.lane, &text);
    char queued[64], metric[128];
    uint64_t probing = away_totals(&away)->in_flight; /* with the oldest of them */
    CHECK(probing > 0 && probing < 150);
    snprintf(queued, sizeof queued, "\"queued\":%u", (unsigned)(150 - probing));
    snprintf(metric, sizeof metric, "weir_output_queued_events{output=\"elk\"} %u",
             (unsigned)(150 - probing));
    CHECK(str_find_str(buffer_str(&text), str_from(metric)) != SIZE_MAX);
    CHECK(str_find_str(buffer_str(&text), STR("weir_output_queue_bytes{output=\"elk\"} ")) !=
          SIZE_MAX);
    CHECK(str_find_str(buffer_str(&text), STR("weir_output_dead_letter_bytes{output=\"elk\"} 0")) !=
          SIZE_MAX);
    buffer_reset(&text);
    ledger_write_json(rig_ledger(&away.rig), &text);
    CHECK(str_find_str(buffer_str(&text), str_from(queued)) != SIZE_MAX);
    CHECK(str_find_str(buffer_str(&text), STR("/queues")) ==
          SIZE_MAX); /* the engine's own source */
    buffer_clear(&text);
    away_close(&away);
}

static void kill_9_at_any_step_loses_nothing_of_it_and_sends_nothing_twice(void)
{
    for (int steps = 1; steps < 1500; steps += 37) {
        away_open(&away, CONFIG);
        away_leave(&away);
        away_write(&away, "/logs/a.log", 100);
        away_wait(&away);
        away_write(&away, "/logs/a.log", 300);
        rig_steps(&away.rig, steps);
        if (steps % 2) {
            rig_kill(&away.rig);
        } else {
            agent_close(&away.rig.agent);
            sim_files_crash(away.rig.sim);
        }
        away_return(&away);
        rig_start(&away.rig, CONFIG);
        CHECK(output_is_balanced(away_totals(&away)));
        rig_steps(&away.rig, 100);
        away_arrive(&away);
        CHECK_EQ(away_totals(&away)->delivered, 400);
        away_close(&away);
    }
}

static void a_source_that_was_deleted_meanwhile_is_missed_by_nobody(void)
{
    away_open(&away, CONFIG);
    const struct files *files = sim_files_port(away.rig.sim);
    away_leave(&away);
    away_write(&away, "/logs/a.log", 100);
    away_wait(&away);
    away_write(&away, "/logs/a.log", 500);
    away_wait(&away);
    CHECK_EQ(files->unlink(files->self, "/logs/a.log"), 0);
    rig_steps(&away.rig, 1500);
    rig_kill(&away.rig);
    away_return(&away);
    rig_start(&away.rig, CONFIG);
    away_arrive(&away);
    CHECK_EQ(away_totals(&away)->abandoned, 0);
    away_close(&away);
}

static void append_of_trace(unsigned trace, int line_bytes)
{
    char line[4096];
    CHECK((size_t)line_bytes < sizeof line);
    int len = snprintf(line, sizeof line, "{\"trace_id\":\"%032x\",\"message\":\"line %06u \"",
                       trace, away.written++);
    len += snprintf(line + len, sizeof line - (size_t)len, ",\"rest\":\"%0*d\"}\n",
                    line_bytes - len - 16, 0);
    sim_files_append(away.rig.sim, "/logs/a.log", (struct str){line, (size_t)len});
}

/* Its lines are read though the output takes none, so what a filter held of them goes on too. */
static void what_a_rotated_file_brings_does_not_pile_up_in_filters(void)
{
    enum { LINES = 16000, LINE_BYTES = 800 }; /* more than an agent so small holds */
    rig_settings = "memory = 16MiB";
    away_open(&away, "input tail \"logs\" { path = \"/logs/*.log*\" read_from = beginning }\n"
                     "filter parse { }\n filter sample { wait = 1s }\n" AWAY_FAR "}\n");
    const struct files *files = sim_files_port(away.rig.sim);
    away_leave(&away);
    for (unsigned i = 0; i < LINES; i++)
        append_of_trace(i + 1, LINE_BYTES);
    rig_steps(&away.rig, 1500);
    CHECK_EQ(away_totals(&away)->queued, 0); /* alone, it makes its source wait */
    CHECK(away_totals(&away)->in < LINES);
    CHECK_EQ(files->rename(files->self, "/logs/a.log", "/logs/a.log.1"), 0);
    append_of_trace(LINES + 1, LINE_BYTES); /* into the file that takes its place */
    /* as fast as it is read; by way of memory it would take twice that */
    rig_steps(&away.rig, 600);
    CHECK(away_totals(&away)->in >= LINES);
    CHECK_EQ(away_totals(&away)->held, 0);
    CHECK_EQ(away_totals(&away)->queued + away_totals(&away)->in_flight, away_totals(&away)->in);
    away_return(&away);
    away_arrive(&away);
    away_close(&away);
    rig_settings = "";
}

static void a_flipped_bit_costs_the_event_it_hit_which_is_counted_and_told_once(void)
{
    away_open(&away, CONFIG);
    away_leave(&away);
    away_write(&away, "/logs/a.log", 100);
    away_wait(&away);
    away_write(&away, "/logs/a.log", 500);
    away_wait(&away);
    sim_files_flip(away.rig.sim, "/state/queue-elk.0000000000000000.seg", 150000);
    away_return(&away);
    for (int i = 0; i < 3000 && away_totals(&away)->delivered < 599; i++)
        rig_step(&away.rig);
    CHECK_EQ(away_totals(&away)->delivered, 599);
    CHECK_EQ(away_totals(&away)->abandoned, 1);
    CHECK_EQ(away_totals(&away)->queued, 0);
    CHECK(output_is_balanced(away_totals(&away)));
    CHECK_EQ(rig_told_times("is damaged in 1 places"), 1);
    CHECK_EQ(rig_told_times("1 queued events could not be read back"), 1);
    rig_kill(&away.rig);
    rig_start(&away.rig, CONFIG);
    away_write(&away, "/logs/a.log", 1);
    rig_steps(&away.rig, 100);
    CHECK_EQ(away_totals(&away)->delivered, 600);
    away_close(&away);
}

static void a_torn_tail_is_lost_alone(void)
{
    static char text[1 << 20];
    away_open(&away, CONFIG);
    away_leave(&away);
    away_write(&away, "/logs/a.log", 100);
    away_wait(&away);
    away_write(&away, "/logs/a.log", 100);
    away_wait(&away);
    uint64_t queued = away_totals(&away)->queued;
    rig_kill(&away.rig);
    const char *path = "/state/queue-elk.0000000000000000.seg";
    struct str whole = sim_files_text(away.rig.sim, path);
    CHECK(whole.len > 1000 && whole.len < sizeof text);
    memcpy(text, whole.at, whole.len);
    sim_files_replace(away.rig.sim, path, (struct str){text, whole.len - 50});
    away_return(&away);
    rig_start(&away.rig, CONFIG);
    for (int i = 0; i < 3000 && away_totals(&away)->delivered < 199; i++)
        rig_step(&away.rig);
    CHECK(queued > 0);
    CHECK_EQ(away_totals(&away)->delivered, 199);
    CHECK_EQ(away_totals(&away)->abandoned, 1);
    CHECK(output_is_balanced(away_totals(&away)));
    away_close(&away);
}

static void files_that_others_removed_are_counted_as_lost(void)
{
    away_open(&away, CONFIG);
    const struct files *files = sim_files_port(away.rig.sim);
    away_leave(&away);
    away_write(&away, "/logs/a.log", 100);
    away_wait(&away);
    away_write(&away, "/logs/a.log", 100);
    away_wait(&away);
    uint64_t queued = away_totals(&away)->queued;
    rig_kill(&away.rig);
    CHECK_EQ(files->unlink(files->self, "/state/queue-elk.0000000000000000.seg"), 0);
    away_return(&away);
    rig_start(&away.rig, CONFIG);
    rig_steps(&away.rig, 300);
    CHECK_EQ(away_totals(&away)->delivered + away_totals(&away)->abandoned, 200);
    CHECK(away_totals(&away)->abandoned <= queued + 100);
    CHECK_EQ(away_totals(&away)->queued, 0);
    CHECK(output_is_balanced(away_totals(&away)));
    away_close(&away);
}

static void without_its_journal_what_waits_still_arrives_and_the_ledger_balances(void)
{
    away_open(&away, CONFIG);
    const struct files *files = sim_files_port(away.rig.sim);
    away_leave(&away);
    away_write(&away, "/logs/a.log", 100);
    away_wait(&away);
    away_write(&away, "/logs/a.log", 300);
    away_wait(&away);
    rig_kill(&away.rig);
    CHECK_EQ(files->unlink(files->self, "/state/journal"), 0);
    CHECK_EQ(files->unlink(files->self, "/logs/a.log"), 0);
    away_return(&away);
    rig_start(&away.rig, CONFIG);
    rig_steps(&away.rig, 500);
    CHECK_EQ(away_totals(&away)->delivered, 400);
    CHECK_EQ(away_totals(&away)->in, 400);
    CHECK(output_is_balanced(away_totals(&away)));
    away_close(&away);
}

static void a_full_queue_makes_inputs_wait_or_drops_the_oldest(void)
{
    static const char *const configs[] = {
        AWAY_INPUT AWAY_FAR "queue { size = 1MiB } }\n" AWAY_FILE,
        AWAY_INPUT AWAY_FAR "queue { size = 1MiB when_full = drop_oldest } }\n" AWAY_FILE,
    };
    for (int drops = 0; drops < 2; drops++) {
        away_open(&away, configs[drops]);
        away_leave(&away);
        away_write(&away, "/logs/a.log", 100);
        rig_steps(&away.rig, 800);
        away.line_bytes = 8000; /* more than fits into memory and queue together */
        away_write(&away, "/logs/a.log", 6000);
        rig_steps(&away.rig, 800);
        /* nothing is dropped of the segment that the probe was read from */
        CHECK(queue_bytes(&away_drain(&away)->queue) < (1 << 20) + (600 + 128) * 1024);
        CHECK(output_is_balanced(away_totals(&away)));
        CHECK_EQ(away_totals(&away)->evicted > 0, drops);
        CHECK_EQ(rig_lines(&away.rig, "/out/all") == 6100, drops);
        CHECK_EQ(rig_told_times("the queue is full"), 1);
        away_return(&away);
        for (int i = 0; i < 30000 && (away_totals(&away)->in < 6100 || away_totals(&away)->queued ||
                                      away_totals(&away)->in_flight);
             i++)
            rig_step(&away.rig);
        rig_steps(&away.rig, 100); /* the file's last bytes go with a later commit */
        CHECK_EQ(rig_lines(&away.rig, "/out/all"), 6100);
        CHECK_EQ(away_totals(&away)->delivered + away_totals(&away)->evicted, 6100);
        CHECK(drops || away_totals(&away)->evicted == 0);
        CHECK(output_is_balanced(away_totals(&away)));
        away_close(&away);
    }
}

static void on_a_full_disk_it_falls_back_to_holding_and_heals(void)
{
    away_open(&away, CONFIG);
    away_leave(&away);
    away_write(&away, "/logs/a.log", 100);
    away_wait(&away);
    struct sim_faults *faults = sim_files_faults(away.rig.sim);
    faults->is_limited = true;
    faults->room = 20000;
    away_write(&away, "/logs/a.log", 2000);
    rig_steps(&away.rig, 1000);
    CHECK(!queue_has_room(&away_drain(&away)->queue));
    CHECK_EQ(rig_told_times("No space left on device"), 1);
    faults->is_limited = false;
    rig_steps(&away.rig, 1000);
    away_wait(&away);
    away_return(&away);
    away_arrive(&away);
    away_close(&away);
}

static void a_renamed_output_takes_over_what_waited_for_the_old_one(void)
{
    away_open(&away, CONFIG);
    away_leave(&away);
    away_write(&away, "/logs/a.log", 100);
    away_wait(&away);
    away_write(&away, "/logs/a.log", 300);
    away_wait(&away);
    CHECK(away_totals(&away)->queued > 0);
    rig_kill(&away.rig);
    away_return(&away);
    rig_start(&away.rig, AWAY_INPUT "output elasticsearch \"new\" { url = \"http://far\" names = "
                                    "as_is was = \"elk\" }\n" AWAY_FILE);
    CHECK(away_totals(&away)->queued > 0);
    away_arrive(&away);
    away_close(&away);
}

CHECK_MAIN(TEST(what_a_dead_far_end_misses_waits_on_disk_and_arrives_when_it_is_back),
           TEST(what_was_under_way_joins_the_queue_so_the_next_start_begins_behind_it),
           TEST(what_it_gave_to_probe_with_is_not_put_into_it_again),
           TEST(what_waits_is_seen_in_metrics_and_ledger),
           TEST(kill_9_at_any_step_loses_nothing_of_it_and_sends_nothing_twice),
           TEST(a_source_that_was_deleted_meanwhile_is_missed_by_nobody),
           TEST(what_a_rotated_file_brings_does_not_pile_up_in_filters),
           TEST(a_flipped_bit_costs_the_event_it_hit_which_is_counted_and_told_once),
           TEST(a_torn_tail_is_lost_alone), TEST(files_that_others_removed_are_counted_as_lost),
           TEST(without_its_journal_what_waits_still_arrives_and_the_ledger_balances),
           TEST(a_full_queue_makes_inputs_wait_or_drops_the_oldest),
           TEST(on_a_full_disk_it_falls_back_to_holding_and_heals),
           TEST(a_renamed_output_takes_over_what_waited_for_the_old_one))
