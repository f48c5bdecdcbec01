/* tests/pipeline/test_yard.c - mirrors agent/pipeline/yard.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/pipeline/yard.c"

#include "tests/pipeline/rig.h"

enum { TRACES = 50, LINES_OF_TRACE = 12, PADDING_BYTES = 100000 };

static const char CONFIG[] = "input tail { path = \"/logs/a\" filter parse { } }\n"
                             "filter sample { wait = 10s }\n"
                             "output file { path = \"/out/all\" }\n";

/* 60 MB of traces, none of which is over: more than what may be held. */
static void write_traces(struct rig *rig)
{
    static char line[PADDING_BYTES + 100], padding[PADDING_BYTES + 1];
    memset(padding, 'x', PADDING_BYTES);
    for (int i = 0; i < TRACES * LINES_OF_TRACE; i++) {
        snprintf(line, sizeof line, "{\"trace_id\":\"t%d\",\"n\":%d,\"message\":\"%s\"}\n",
                 i % TRACES, i, padding);
        sim_files_append(rig->sim, "/logs/a", str_from(line));
    }
}

static uint64_t counter_of(const struct rig *rig, const char *name)
{
    for (const struct counter *at = rig->agent.lane.pipeline.engine.counters; at; at = at->next)
        if (str_equal(str_from(at->name), str_from(name)))
            return at->value;
    return UINT64_MAX;
}

static struct yard *yard_of(struct rig *rig)
{
    return rig->agent.lane.pipeline.holders[0]->host.yard;
}

static void run_until_read(struct rig *rig)
{
    for (int i = 0; i < 20000 && rig_ledger(rig)->inputs[0].events < TRACES * LINES_OF_TRACE; i++)
        rig_step(rig);
    CHECK_EQ(rig_ledger(rig)->inputs[0].events, TRACES * LINES_OF_TRACE);
}

static void traces_above_the_budget_wait_on_disk_and_are_decided_at_their_end(void)
{
    struct rig rig;
    rig_open(&rig, CONFIG);
    write_traces(&rig);
    run_until_read(&rig);
    CHECK(counter_of(&rig, "sample_parked") > 0);
    CHECK_EQ(counter_of(&rig, "sample_traces_early"), 0);
    CHECK(spool_bytes(&yard_of(&rig)->spool) > 0);
    CHECK_EQ(rig_totals(&rig, 0)->held, TRACES * LINES_OF_TRACE);
    CHECK(rig_run_once(&rig));
    CHECK_EQ(rig_totals(&rig, 0)->delivered, TRACES * LINES_OF_TRACE);
    CHECK_EQ(rig_lines(&rig, "/out/all"), TRACES * LINES_OF_TRACE);
    CHECK(ledger_is_balanced(rig_ledger(&rig)));
    rig_steps(&rig, 10);
    CHECK_EQ(spool_bytes(&yard_of(&rig)->spool), 0);
    rig_close(&rig);
}

static void after_a_kill_what_was_parked_is_read_again_from_its_source(void)
{
    struct rig rig;
    rig_open(&rig, CONFIG);
    write_traces(&rig);
    run_until_read(&rig);
    CHECK(spool_bytes(&yard_of(&rig)->spool) > 0);
    rig_kill(&rig);
    rig_start(&rig, CONFIG);
    CHECK_EQ(spool_bytes(&yard_of(&rig)->spool), 0);
    CHECK(rig_run_once(&rig));
    CHECK_EQ(rig_totals(&rig, 0)->delivered, TRACES * LINES_OF_TRACE);
    CHECK_EQ(rig_lines(&rig, "/out/all"), TRACES * LINES_OF_TRACE);
    CHECK(ledger_is_balanced(rig_ledger(&rig)));
    rig_close(&rig);
}

static void a_place_comes_back_once_it_is_on_disk_and_its_file_goes_with_the_last(void)
{
    struct rig rig;
    static char words[8192];
    const struct str two = {memset(words, '2', sizeof words), sizeof words};
    struct arena arena, full;
    struct str got;
    uint64_t first, second;
    rig_open(&rig, CONFIG);
    arena_init(&arena, 4096, 1 << 20);
    arena_init(&full, 64, 64);
    struct yard *yard = yard_of(&rig);
    CHECK_EQ(yard_put(yard, STR("one"), &first), PARKED_HERE);
    CHECK_EQ(yard_put(yard, two, &second), PARKED_HERE);
    CHECK_EQ(yard_get(yard, second, &arena, &got), PARKED_LATER);
    rig.agent.lane.is_dirty = true;
    rig_steps(&rig, 100);
    uint32_t alarms = rig.agent.lane.pipeline.engine.alarms.count;
    CHECK_EQ(yard_get(yard, second, &full, &got), PARKED_LATER); /* the next batch has room */
    CHECK_EQ(rig.agent.lane.pipeline.engine.alarms.count, alarms);
    CHECK_EQ(yard_get(yard, second, &arena, &got), PARKED_HERE);
    CHECK_STR(got, two);
    CHECK_EQ(yard_get(yard, first, &arena, &got), PARKED_HERE);
    CHECK_STR(got, STR("one"));
    yard_forget(yard, first);
    rig_steps(&rig, 5);
    CHECK(spool_bytes(&yard->spool) > 0);
    yard_forget(yard, second);
    rig_steps(&rig, 5);
    CHECK_EQ(spool_bytes(&yard->spool), 0);
    CHECK_EQ(yard_put(yard, STR("three"), &first), PARKED_HERE);
    CHECK(first > second);
    arena_clear(&full);
    arena_clear(&arena);
    rig_close(&rig);
}

static void without_a_place_on_disk_nothing_is_parked(void)
{
    struct yard yard = {0};
    uint64_t place;
    CHECK_EQ(yard_put(&yard, STR("one"), &place), PARKED_LOST);
    yard_flush(&yard);
    yard_committed(&yard, 1);
    yard_collect(&yard);
    yard_close(&yard);
}

CHECK_MAIN(TEST(traces_above_the_budget_wait_on_disk_and_are_decided_at_their_end),
           TEST(after_a_kill_what_was_parked_is_read_again_from_its_source),
           TEST(a_place_comes_back_once_it_is_on_disk_and_its_file_goes_with_the_last),
           TEST(without_a_place_on_disk_nothing_is_parked))
