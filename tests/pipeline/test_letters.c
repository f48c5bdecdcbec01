/* tests/pipeline/test_letters.c - mirrors agent/pipeline/letters.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/pipeline/letters.c"

#include <errno.h>

#include "tests/pipeline/away.h"
#include "tests/sim/letters.h"

static const char CONFIG[] = AWAY_INPUT AWAY_FAR "}\n" AWAY_FILE;
static struct away away;

struct found {
    unsigned count;
    struct buffer words, ids;
};

static void find(void *context, struct str words, const struct event *event)
{
    struct found *found = context;
    found->count++;
    buffer_reset(&found->words);
    buffer_add(&found->words, words);
    CHECK(event->id.len > 0);
}

static unsigned letters_found(struct found *found)
{
    struct sim_letters letters = {
        .sim = away.rig.sim, .directory = "/state", .context = found, .each = find};
    found->count = 0;
    sim_letters_each(&letters, "elk");
    return found->count;
}

static void a_refused_event_is_kept_whole_with_the_far_ends_own_words(void)
{
    struct found found = {0};
    buffer_init(&found.words, 4096);
    away_open(&away, CONFIG);
    away.rig.far.habits.poison = "line 000003";
    away_write(&away, "/logs/a.log", 10);
    rig_steps(&away.rig, 200);
    CHECK_EQ(away_totals(&away)->dead_lettered, 1);
    CHECK_EQ(away_totals(&away)->delivered, 9);
    CHECK_EQ(letters_found(&found), 1);
    CHECK(str_find_str(buffer_str(&found.words), STR("document_parsing_exception")) != SIZE_MAX);
    rig_kill(&away.rig);
    rig_start(&away.rig, CONFIG);
    rig_steps(&away.rig, 100);
    CHECK_EQ(letters_found(&found), 1);
    CHECK_EQ(away_totals(&away)->dead_lettered, 1);
    buffer_clear(&found.words);
    away_close(&away);
}

static void a_file_is_closed_when_it_is_quiet_so_that_others_can_have_it(void)
{
    static const char path[] = "/state/dead-elk.0000000000000000.seg";
    away_open(&away, CONFIG);
    const struct files *files = sim_files_port(away.rig.sim);
    int fd;
    away.rig.far.habits.poison = "line 00000";
    away_write(&away, "/logs/a.log", 1);
    rig_steps(&away.rig, 300);
    CHECK_EQ(files->open(files->self, path, FILE_READ, &fd), 0);
    CHECK_EQ(files->lock(files->self, fd), EWOULDBLOCK);
    rig_steps(&away.rig, 1100); /* nothing happens meanwhile */
    CHECK_EQ(files->lock(files->self, fd), 0);
    files->close(files->self, fd);
    away_write(&away, "/logs/b.log", 1);
    rig_steps(&away.rig, 300);
    CHECK_EQ(away_drain(&away)->letters.spool.count, 2);
    CHECK_EQ(away_totals(&away)->dead_lettered, 2);
    away_close(&away);
}

static void full_dead_letters_hold_the_output_until_somebody_makes_room(void)
{
    static const char config[] =
        AWAY_INPUT AWAY_FAR "refused_hold = off dead_letters { size = 64KiB } }\n" AWAY_FILE;
    away_open(&away, config);
    const struct files *files = sim_files_port(away.rig.sim);
    struct found found = {0};
    buffer_init(&found.words, 4096);
    away.rig.far.habits.poison = "line 000";
    away_write(&away, "/logs/a.log", 400);
    rig_steps(&away.rig, 2000);
    uint64_t kept = away_totals(&away)->dead_lettered;
    CHECK(kept > 50 && kept < 200);
    CHECK_EQ(letters_found(&found), kept);
    CHECK_EQ(away_totals(&away)->delivered, 0);
    CHECK(!drain_has_room(away_drain(&away)));
    CHECK(output_is_balanced(away_totals(&away)));
    CHECK_EQ(rig_told_times("dead letters fill their 65536 bytes"), 1);
    CHECK_EQ(rig_lines(&away.rig, "/out/all"), 400); /* the other output goes on */
    away.rig.far.habits.poison = NULL;
    CHECK_EQ(files->unlink(files->self, "/state/dead-elk.0000000000000000.seg"), 0);
    rig_steps(&away.rig, 2000);
    CHECK(away_totals(&away)->dead_lettered > kept);
    CHECK_EQ(rig_told_times("there is room for its dead letters again"), 1);
    CHECK(output_is_balanced(away_totals(&away)));
    buffer_clear(&found.words);
    away_close(&away);
}

static void what_was_delivered_with_a_letter_that_cannot_be_kept_is_settled(void)
{
    static const char config[] =
        AWAY_INPUT AWAY_FAR "refused_hold = off dead_letters { size = 64KiB } }\n" AWAY_FILE;
    away_open(&away, config);
    away.rig.far.habits.poison = "line 000";
    away_write(&away, "/logs/a.log", 400);
    rig_steps(&away.rig, 2000); /* they are full */
    struct payload *payload = payload_make(0, STR("t"), 64);
    struct drain *drain = away_drain(&away);
    CHECK(payload != NULL);
    for (size_t i = 0; i < 3; i++) {
        buffer_add(&payload->records, STR("record"));
        CHECK(payload_add(payload, i * 6, false));
    }
    payload_settle(payload, 0, OUTCOME_DELIVERED, STR(""));
    payload_settle(payload, 1, OUTCOME_DEAD_LETTERED, STR("no"));
    payload_settle(payload, 2, OUTCOME_DELIVERED, STR(""));
    drain->totals->in += 3;
    drain->totals->in_flight += 3;
    CHECK(!drain_settle(drain, payload));
    CHECK_EQ(away_totals(&away)->delivered, 2);
    CHECK(!drain_settle(drain, payload)); /* once, however often it is asked */
    CHECK_EQ(away_totals(&away)->delivered, 2);
    CHECK(output_is_balanced(away_totals(&away)));
    payload_free(payload);
    away_close(&away);
}

static void what_stands_beside_a_record_comes_back(void)
{
    struct buffer bytes;
    struct letter letter = {.words = STR("no"), .time_ns = -5}, back;
    buffer_init(&bytes, 256);
    letter_write(&bytes, &letter);
    CHECK(letter_read(buffer_str(&bytes), &back));
    CHECK_TEXT(back.words, "no");
    CHECK_EQ(back.time_ns, -5);
    CHECK(!letter_read(STR("\x09no"), &back));
    buffer_clear(&bytes);
}

CHECK_MAIN(TEST(a_refused_event_is_kept_whole_with_the_far_ends_own_words),
           TEST(a_file_is_closed_when_it_is_quiet_so_that_others_can_have_it),
           TEST(full_dead_letters_hold_the_output_until_somebody_makes_room),
           TEST(what_was_delivered_with_a_letter_that_cannot_be_kept_is_settled),
           TEST(what_stands_beside_a_record_comes_back))
