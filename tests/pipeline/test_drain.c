/* tests/pipeline/test_drain.c - mirrors agent/pipeline/drain.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/pipeline/drain.c"

#include "agent/sight/metrics.h"
#include "tests/pipeline/rig.h"

enum { EVENTS = 3 };

struct batch_of_three { /* events of no source, owed to output 0 */
    struct origin origins[EVENTS];
    struct event events[EVENTS];
    struct event *at[EVENTS];
    struct view view;
};

static void three_init(struct batch_of_three *three, struct arena *arena)
{
    *three = (struct batch_of_three){.view = {.at = three->at, .count = EVENTS, .arena = arena}};
    for (int i = 0; i < EVENTS; i++) {
        three->origins[i] = (struct origin){.owed = 1, .fresh = 1};
        three->events[i] = (struct event){
            .bytes = STR("hello"), .time_ns = 1, .origin = &three->origins[i], .id = STR("x")};
        three->at[i] = &three->events[i];
    }
}

static struct drain *open_drain(struct rig *rig, const char *output)
{
    char config[256];
    snprintf(config, sizeof config, "input stdin { }\noutput %s\n", output);
    rig_open(rig, config);
    return &rig->agent.lane.pipeline.drains[0];
}

static void live_events_are_delivered_and_ghosts_only_counted(void)
{
    struct rig rig;
    struct batch_of_three three;
    struct drain *drain = open_drain(&rig, "file { path = \"/out/all\" }");
    three_init(&three, &rig.agent.lane.batch);
    three.events[1].fate = FATE_DROPPED;
    three.events[2].fate = FATE_SAMPLED_OUT;
    CHECK(drain_has_room(drain));
    drain_take(drain, &three.view);
    CHECK_EQ(drain->totals->in, 3);
    CHECK_EQ(drain->totals->delivered, 1);
    CHECK_EQ(drain->totals->dropped, 1);
    CHECK_EQ(drain->totals->sampled_out, 1);
    CHECK_EQ(drain->fresh_events, 1);
    CHECK(output_is_balanced(drain->totals));
    for (int i = 0; i < EVENTS; i++)
        CHECK_EQ(three.origins[i].owed, 0);
    rig_close(&rig);
}

static void an_output_that_discards_needs_no_bundle(void)
{
    struct rig rig;
    struct batch_of_three three;
    struct drain *drain = open_drain(&rig, "discard { }");
    three_init(&three, &rig.agent.lane.batch);
    CHECK(drain_has_room(drain));
    drain_take(drain, &three.view);
    CHECK(!drain->bundle);
    CHECK_EQ(drain->totals->delivered, 3);
    CHECK_EQ(drain->fresh_events, 0);
    rig_close(&rig);
}

static void a_bundle_that_is_full_goes_to_the_writer_as_soon_as_there_is_another(void)
{
    struct rig rig;
    struct batch_of_three three;
    struct drain *drain = open_drain(&rig, "file { path = \"/out/all\" }");
    struct writer *writer = state_writer(rig.agent.lane.state);
    bool has_passed_on = false;
    CHECK(drain_has_room(drain));
    for (int i = 0; i < 100000 && !has_passed_on; i++) {
        size_t before = drain->bundle->bytes.len;
        three_init(&three, &rig.agent.lane.batch);
        drain_take(drain, &three.view);
        arena_reset(&rig.agent.lane.batch);
        has_passed_on = drain->bundle->bytes.len < before;
    }
    CHECK(has_passed_on);
    CHECK(writer_uncommitted_bytes(writer) >= BUNDLE_FULL);
    rig_close(&rig);
}

static void while_the_writer_is_behind_the_bundle_grows_and_there_is_no_room(void)
{
    struct rig rig;
    struct batch_of_three three;
    struct drain *drain = open_drain(&rig, "file { path = \"/out/all\" }");
    uint64_t taken = 0;
    while (drain_has_room(drain) && taken < 10000000) {
        three_init(&three, &rig.agent.lane.batch);
        drain_take(drain, &three.view);
        arena_reset(&rig.agent.lane.batch);
        taken += EVENTS;
    }
    CHECK(!drain_has_room(drain));
    size_t full = drain->bundle->bytes.len;
    three_init(&three, &rig.agent.lane.batch);
    drain_take(drain, &three.view); /* what was begun is finished */
    CHECK(drain->bundle->bytes.len > full);
    CHECK_EQ(drain->totals->delivered, taken + EVENTS);
    rig_close(&rig);
}

static void a_flush_gives_away_what_was_written_and_gives_back_what_is_empty(void)
{
    struct rig rig;
    struct batch_of_three three;
    struct drain *drain = open_drain(&rig, "file { path = \"/out/all\" }");
    struct writer *writer = state_writer(rig.agent.lane.state);
    CHECK(drain_has_room(drain));
    drain_flush(drain);
    CHECK(!drain->bundle);
    CHECK(!writer_has_uncommitted(writer));
    CHECK(drain_has_room(drain));
    three_init(&three, &rig.agent.lane.batch);
    drain_take(drain, &three.view);
    drain_flush(drain);
    CHECK(!drain->bundle);
    CHECK(writer_has_uncommitted(writer));
    (void)writer_step(writer, rig.clock.mono_ns);
    CHECK_EQ(rig_lines(&rig, "/out/all"), 3);
    rig_close(&rig);
}

/* Three events that are owed to this output alone. */
static void three_take(struct drain *drain, struct arena *arena)
{
    struct batch_of_three three;
    three_init(&three, arena);
    for (int i = 0; i < EVENTS; i++)
        three.origins[i].owed = three.origins[i].fresh = UINT64_C(1) << drain->index;
    drain_take(drain, &three.view);
    arena_reset(arena);
}

static void what_its_queue_cannot_take_now_waits_in_memory(void)
{
    struct rig rig;
    struct drain *drain = open_drain(
        &rig, "elasticsearch { url = \"http://far\" }\noutput file { path = \"/out/all\" }");
    struct drain *file = drain + 1;
    struct arena *arena = &rig.agent.lane.batch;
    drain->diverts = true;
    three_take(drain, arena);
    CHECK_EQ(drain->totals->queued, 3);
    drain_flush(drain);
    for (uint32_t i = 0; i < 10000000 && drain_has_room(file); i++)
        three_take(file, arena);
    CHECK(!drain_has_room(file)); /* nor has the disk writer for others */
    three_take(drain, arena);
    CHECK_EQ(drain->totals->queued, 3);
    CHECK_EQ(drain->totals->in_flight, 3);
    CHECK_EQ(drain->live_in_flight, 3);
    CHECK(output_is_balanced(drain->totals));
    rig_close(&rig);
}

static const char TO_ELASTICSEARCH[] =
    "input stdin { }\noutput elasticsearch { url = \"http://far\" names = as_is flush = 10ms }\n";

static void sent(struct rig *rig, const char *lines)
{
    sim_files_stdin(rig->sim, str_from(lines), true);
    CHECK(rig_run_once(rig));
    CHECK(ledger_is_balanced(rig_ledger(rig)));
}

static void nothing_leaves_before_the_journal_says_how_far(void)
{
    struct rig rig;
    rig_open(&rig, TO_ELASTICSEARCH);
    sim_files_stdin(rig.sim, STR("one\ntwo\n"), true);
    for (int i = 0; i < 50; i++) { /* the disk writer hangs */
        (void)lane_step(&rig.agent.lane);
        (void)delivery_step(rig.agent.lane.delivery, 0);
        sim_clock_pass(&rig.clock, 10 * SIM_MS);
    }
    CHECK_EQ(rig.far.requests, 0);
    CHECK_EQ(rig_totals(&rig, 0)->in_flight, 2);
    CHECK(rig_run_once(&rig));
    CHECK_EQ(rig.far.bulks, 1);
    CHECK_EQ(rig_totals(&rig, 0)->delivered, 2);
    rig_close(&rig);
}

static void an_id_that_a_stranger_used_is_a_dead_letter_and_told(void)
{
    struct rig rig;
    struct buffer metrics;
    char id[64];
    rig_open(&rig, TO_ELASTICSEARCH);
    snprintf(id, sizeof id, "%016llx-s1-4-4",
             (unsigned long long)state_agent_id(rig.agent.lane.state));
    sim_far_store(&rig.far, STR("logs-weir-default"), str_from(id));
    sent(&rig, "one\ntwo\nsix\n");
    CHECK_EQ(rig_totals(&rig, 0)->delivered, 2);
    CHECK_EQ(rig_totals(&rig, 0)->dead_lettered, 1);
    CHECK(rig_wrote(&rig, "/state/dead-elasticsearch.0000000000000000.seg", "has this id already"));
    CHECK(rig_wrote(&rig, "/state/dead-elasticsearch.0000000000000000.seg", "two"));
    buffer_init(&metrics, 1 << 20);
    metrics_write(&rig.agent.lane, &metrics);
    CHECK(str_find_str(
              buffer_str(&metrics),
              STR("weir_output_twins_total{output=\"elasticsearch\",kind=\"collision\"} 1")) !=
          SIZE_MAX);
    /* It was told: the alarm is up. */
    CHECK(!alarms_raise(&rig.agent.lane.pipeline.engine.alarms,
                        rig.agent.lane.pipeline.drains[0].host.path, STR("twin")));
    buffer_clear(&metrics);
    rig_close(&rig);
}

static void a_far_end_is_away_from_the_first_reason_for_it_to_the_end_of_the_last(void)
{
    static const struct {
        const char *key;
        bool is_alarm;
        int64_t away_since_ns;
    } notices[] =
        {
            {"hold 1a2b3c4d", true, 0}, /* one target of many */
            {"breaker", true, 2},       {"hold", true, 2},
            {"breaker", false, 2}, /* it answers: that nobody is let in */
            {"breaker", true, 2},       {"hold", false, 2},
            {"breaker", false, 0},      {"hold", true, 8},
            {"hold", false, 0},
        };
    struct rig rig;
    struct drain *drain = open_drain(&rig, "elasticsearch { url = \"http://far\" }");
    for (size_t i = 0; i < COUNT(notices); i++) {
        struct notice notice = {.is_alarm = notices[i].is_alarm};
        snprintf(notice.key, sizeof notice.key, "%s", notices[i].key);
        drain_hear(drain, &notice, (int64_t)i + 1);
        CHECK_EQ(drain->away_since_ns, notices[i].away_since_ns);
    }
    rig_close(&rig);
}

CHECK_MAIN(TEST(live_events_are_delivered_and_ghosts_only_counted),
           TEST(an_output_that_discards_needs_no_bundle),
           TEST(a_bundle_that_is_full_goes_to_the_writer_as_soon_as_there_is_another),
           TEST(while_the_writer_is_behind_the_bundle_grows_and_there_is_no_room),
           TEST(a_flush_gives_away_what_was_written_and_gives_back_what_is_empty),
           TEST(what_its_queue_cannot_take_now_waits_in_memory),
           TEST(nothing_leaves_before_the_journal_says_how_far),
           TEST(an_id_that_a_stranger_used_is_a_dead_letter_and_told),
           TEST(a_far_end_is_away_from_the_first_reason_for_it_to_the_end_of_the_last))
