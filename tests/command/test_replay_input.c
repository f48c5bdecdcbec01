/* tests/command/test_replay_input.c - mirrors agent/command/replay_input.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/command/replay_input.c"

#include "tests/pipeline/away.h"

static struct away away;

static struct host *host_of_away(void)
{
    return &away.rig.agent.lane.pipeline.entries[0].host;
}

/* Opens one file as a replay does. */
static void open_one(struct replay *replay, struct replay_file *file)
{
    struct why why = {0};
    *replay = (struct replay){.files = file, .count = 1};
    CHECK_OK(replay_open(replay, host_of_away(), &why), why);
}

static struct batch read_some(struct replay *replay, struct arena *arena, enum read_result want)
{
    struct replay_file *file = &replay->files[0];
    struct batch batch = {.arena = arena, .source = file->source};
    CHECK_EQ(replay_read(replay, file->source, &batch, true), want);
    return batch;
}

static void an_archives_line_gives_back_id_weight_reason_and_rule(void)
{
    static const char text[] =
        "{\"timestamp\":\"2026-01-01T00:00:00Z\",\"body\":\"hello\",\"sampling.weight\":7,"
        "\"sampling.reason\":\"rate\",\"sampling.rule\":\"rest\",\"weir.event_id\":\"a-f1-0-4e\"}\n"
        "no event\n"
        "{\"body\":\"whole, unsampled, without an end\"}";
    struct replay replay;
    struct replay_file file = {.path = "/out/archive", .fd = -1};
    struct arena arena;
    arena_init(&arena, 1 << 16, 64 << 20);
    away_open(&away, AWAY_INPUT AWAY_FILE);
    sim_files_append(away.rig.sim, "/out/archive", str_from(text));
    open_one(&replay, &file);
    struct batch batch = read_some(&replay, &arena, READ_SOME);
    struct batch rest = read_some(&replay, &arena, READ_AT_END);
    CHECK_EQ(batch.count, 1);
    CHECK_EQ(rest.count, 1);
    CHECK_EQ(file.at, file.size);
    CHECK_EQ(replay.unreadable, 1);
    const struct event *event = &batch.events[0];
    CHECK_TEXT(event->id, "a-f1-0-4e");
    CHECK_EQ(event->weight, 7);
    CHECK_TEXT(event->reason, "rate");
    CHECK_TEXT(event->rule, "rest");
    CHECK_EQ(event->time_ns, INT64_C(1767225600) * 1000000000);
    CHECK_EQ(event->slots[SLOT_EVENT_ID] + event->slots[SLOT_SAMPLING_WEIGHT], 0);
    CHECK_EQ(rest.events[0].id.len, 0);
    replay_close(&replay);
    arena_clear(&arena);
    away_close(&away);
}

static void dead_letters_come_back_as_they_were(void)
{
    static const char path[] = "/state/dead-elk.0000000000000000.seg";
    struct replay replay;
    struct replay_file file = {.path = path, .fd = -1};
    struct arena arena;
    arena_init(&arena, 1 << 16, 64 << 20);
    away_open(&away, AWAY_INPUT AWAY_FAR "refused_hold = off }\n" AWAY_FILE);
    away.rig.far.habits.poison = "line 00";
    away_write(&away, "/logs/a.log", 20);
    rig_steps(&away.rig, 200);
    open_one(&replay, &file);
    CHECK_EQ(replay.busy, 1); /* the agent still writes it */
    replay_close(&replay);
    rig_steps(&away.rig, 1100);
    file = (struct replay_file){.path = path, .fd = -1};
    open_one(&replay, &file);
    CHECK(file.is_segment && file.source);
    struct batch batch = read_some(&replay, &arena, READ_AT_END);
    CHECK_EQ(batch.count, 20);
    CHECK(batch.events[3].origin->source == file.source);
    CHECK(batch.events[3].id.len > 0);
    CHECK(str_starts(batch.events[3].bytes, STR("line 000003")));
    source_advance(file.source, file.at);
    (void)replay_watch(&replay, host_of_away(), 0, true);
    CHECK(file.is_done);
    CHECK(sim_files_text(away.rig.sim, path).at == NULL);
    replay_close(&replay);
    arena_clear(&arena);
    away_close(&away);
}

static void dead_letters_that_were_not_all_read_are_kept_aside(void)
{
    static const char path[] = "/state/dead-elk.0000000000000000.seg";
    struct replay_file file = {.path = path, .fd = -1};
    struct replay replay;
    struct arena arena;
    arena_init(&arena, 1 << 16, 64 << 20);
    away_open(&away, AWAY_INPUT AWAY_FAR "refused_hold = off }\n" AWAY_FILE);
    away.rig.far.habits.poison = "line 00";
    away_write(&away, "/logs/a.log", 20);
    rig_steps(&away.rig, 1300);
    struct str text = sim_files_text(away.rig.sim, path);
    CHECK(text.len > 1000);
    sim_files_flip(away.rig.sim, path, text.len / 2);
    open_one(&replay, &file);
    struct batch batch = read_some(&replay, &arena, READ_AT_END);
    CHECK_EQ(batch.count, 19);
    CHECK_EQ(replay.unreadable, 1);
    source_advance(file.source, file.at);
    (void)replay_watch(&replay, host_of_away(), 0, true);
    CHECK(sim_files_text(away.rig.sim, path).at == NULL);
    CHECK(sim_files_text(away.rig.sim, "/state/dead-elk.0000000000000000.seg.damaged").at != NULL);
    replay_close(&replay);
    arena_clear(&arena);
    away_close(&away);
}

CHECK_MAIN(TEST(an_archives_line_gives_back_id_weight_reason_and_rule),
           TEST(dead_letters_come_back_as_they_were),
           TEST(dead_letters_that_were_not_all_read_are_kept_aside))
