/* tests/state/test_save.c - mirrors agent/state/save.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/state/save.c"

#include "tests/state/fixture.h"

static void what_opened_and_settled_between_two_commits_is_not_written(void)
{
    struct fixture fixture;
    fixture_init(&fixture, 1);
    fixture_start(&fixture);
    struct source *source = state_source_open(fixture.state, 0, STR("f1"), STR(""), NULL);
    struct origin event = fixture_take(source, 0);
    fixture_settle(&event, 0);
    fixture_settle(&event, 1);
    CHECK_EQ(fixture.state->open.count, 1); /* its slot stays until the commit */
    struct buffer bytes;
    buffer_init(&bytes, 1 << 16);
    save_source(source, &bytes, false);
    CHECK_EQ(fixture.state->open.count, 0);
    CHECK_EQ(bytes.at[bytes.len - 1], 0);
    CHECK_EQ(bytes.at[bytes.len - 2], 0);
    buffer_clear(&bytes);
    fixture_clear(&fixture);
}

static void a_long_snapshot_is_cut_into_records(void)
{
    struct fixture fixture;
    fixture_init(&fixture, 2);
    fixture_start(&fixture);
    static char note[NOTE_BYTES_MAX];
    memset(note, 'n', sizeof note);
    for (unsigned i = 0; i < 1000; i++) {
        char key[16];
        snprintf(key, sizeof key, "f%u", i);
        source_note(state_source_open(fixture.state, 0, str_from(key), STR(""), NULL),
                    (struct str){note, sizeof note});
    }
    struct buffer bytes;
    buffer_init(&bytes, SNAPSHOT_BYTES_MAX);
    struct saver saver = {.state = fixture.state, .to = &bytes};
    saver_begin(&saver);
    save_all(&saver);
    CHECK(saver.record >= 3 * SAVED_RECORD_BYTES);
    CHECK(bytes.len - saver.record < SAVED_RECORD_BYTES + NOTE_BYTES_MAX);
    buffer_clear(&bytes);
    fixture_clear(&fixture);
}

CHECK_MAIN(TEST(what_opened_and_settled_between_two_commits_is_not_written),
           TEST(a_long_snapshot_is_cut_into_records))
