/* tests/tailing/test_tailing.c - rotation, deletion and restarts, on real files.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/tailing/tailing.c"

#include <fcntl.h>

#include "tests/inputs/tail_host.h"

static void a_renamed_file_is_drained_then_the_new_one_read(void)
{
    begin("a.log");
    write_text("a.log", "1\n");
    CHECK_SEEN(nudge(), "1|");
    append("a.log", "2\n");
    move("a.log", "a.log.1");
    write_text("a.log", "3\n");
    append("a.log.1", "4\n");
    step();
    CHECK_EQ(host.count, 3);
    append("a.log.1", "late\n");
    CHECK_SEEN(step(), "late|");
    CHECK_TEXT(str_from(host.first->path), at("a.log.1"));
    append("a.log", "5\n");
    CHECK_SEEN(nudge(), "5|");
    CHECK_CALM();
    end();
}

static void a_rotation_is_followed_through_a_chain_of_names(void)
{
    begin("a.log*");
    for (int i = 0; i < 6; i++) {
        char name[32], next[32], text[32];
        for (int n = 4; n >= 0; n--) {
            snprintf(name, sizeof name, n ? "a.log.%d" : "a.log", n);
            snprintf(next, sizeof next, "a.log.%d", n + 1);
            if (access(at(name), F_OK) == 0)
                move(name, next);
        }
        snprintf(text, sizeof text, "%d\n", i);
        write_text("a.log", text);
        snprintf(text, sizeof text, "%d|", i);
        CHECK_SEEN(i % 2 ? nudge() : step(), text);
    }
    CHECK_SEEN(step(), "");
    CHECK_CALM();
    end();
}

static void a_file_moved_out_of_sight_is_read_by_its_descriptor(void)
{
    begin("a.log");
    make_directory("elsewhere");
    write_text("a.log", "1\n");
    CHECK_SEEN(nudge(), "1|");
    move("a.log", "elsewhere/x");
    append("elsewhere/x", "2\n");
    CHECK_SEEN(step(), "2|");
    append("elsewhere/x", "3\n");
    CHECK_SEEN(step(), "3|");
    CHECK_EQ(unlink(at("elsewhere/x")), 0);
    step();
    step();
    CHECK_EQ(sources_open(), 0);
    CHECK_CALM();
    end();
}

static void a_deleted_file_is_read_to_its_end_and_finished(void)
{
    begin("a.log");
    write_text("a.log", "1\n");
    CHECK_SEEN(nudge(), "1|");
    FILE *writer = fopen(at("a.log"), "a");
    assert_non_null(writer);
    CHECK_EQ(unlink(at("a.log")), 0);
    fputs("2\n", writer);
    fflush(writer);
    fake_forget_events(&host);
    fake_step(&host, SECOND, false);
    CHECK_SEEN(fake_texts(&host), "2|");
    fputs("3", writer);
    fflush(writer);
    fake_forget_events(&host);
    fake_step(&host, SECOND, false);
    CHECK_SEEN(fake_texts(&host), "");
    CHECK_EQ(sources_open(), 1);
    CHECK_SEEN(step(), "3|");
    CHECK_SEEN(step(), ""); /* once nothing of it is open */
    CHECK_EQ(sources_open(), 0);
    CHECK(!host.sources[0].is_used);
    fclose(writer);
    CHECK_CALM();
    end();
}

static void a_file_that_was_seen_empty_and_is_then_written_and_deleted_is_read(void)
{
    begin("*.log");
    write_text("a.log", "");
    CHECK_SEEN(step(), "");
    append("a.log", "one\n");
    CHECK_EQ(unlink(at("a.log")), 0);
    const char *first = step();
    if (first[0] == '\0') /* noticed now, read then */
        first = step();
    CHECK_SEEN(first, "one|");
    step();
    step();
    CHECK_EQ(sources_open(), 0);
    CHECK_CALM();
    end();
}

static void an_inode_that_comes_back_is_another_file(void)
{
    begin("*.log");
    write_text("a.log", "first\n");
    CHECK_SEEN(step(), "first|");
    fake_stop(&host);
    CHECK_EQ(unlink(at("a.log")), 0);
    write_text("a.log",
               "other text, longer\n"); /* often the same inode number, always another birth time */
    fake_forget_events(&host);
    configure();
    fake_start(&host);
    CHECK_SEEN(step(), "other text, longer|");
    end();
}

static void a_restart_goes_on_where_it_was(void)
{
    begin("*.log");
    write_text("a.log", "one\n");
    write_text("b.log", "uno\n");
    step();
    append("a.log", "two\n");
    restart();
    CHECK_SEEN(step(), "two|");
    CHECK_TEXT(str_from(host.first->path), at("a.log"));
    restart();
    CHECK_SEEN(step(), "");
    CHECK_CALM();
    end();
}

static void a_rotation_while_away_is_drained(void)
{
    begin("a.log");
    write_text("a.log", "one\n");
    CHECK_SEEN(nudge(), "one|");
    append("a.log", "two\n");
    move("a.log", "a.log.1");
    write_text("a.log", "three\n");
    restart();
    step();
    CHECK_EQ(host.count, 2);
    CHECK_SEEN(step(), "");
    CHECK_CALM();
    end();
}

static void a_file_gone_while_away_is_forgotten(void)
{
    begin("a.log");
    write_text("a.log", "one\n");
    CHECK_SEEN(nudge(), "one|");
    host.sources[0].resume = 0; /* it was read, but not all of it has an outcome */
    fake_stop(&host);
    CHECK_EQ(unlink(at("a.log")), 0);
    configure();
    fake_start(&host);
    CHECK_SEEN(step(), "");
    CHECK_ALARM("removed with 4 bytes unread");
    CHECK(!host.sources[0].is_used);
    end();
}

static void a_directory_that_is_not_mounted_forgets_nothing(void)
{
    begin("in/*.log");
    make_directory("in");
    write_text("in/a.log", "one\n");
    CHECK_SEEN(step(), "one|");
    move("in", "away");
    restart();
    CHECK_SEEN(step(), "");
    move("away", "in");
    append("in/a.log", "two\n");
    CHECK_SEEN(step(), "two|");
    CHECK_CALM();
    end();
}

static void a_note_that_cannot_be_read_is_an_alarm(void)
{
    begin("a");
    write_text("a", "one\n");
    CHECK_SEEN(nudge(), "one|");
    host.sources[0].note_len = 5;
    restart();
    CHECK_SEEN(step(), "one|");
    CHECK_ALARM("what is remembered of f1");
    end();
}

static void two_names_of_one_file_are_one_source(void)
{
    begin("*.log");
    write_text("a.log", "one\n");
    CHECK_EQ(link(at("a.log"), at("b.log")) | symlink("a.log", at("c.log")), 0);
    CHECK_SEEN(step(), "one|");
    CHECK_EQ(unlink(at("a.log")), 0);
    append("b.log", "two\n");
    CHECK_SEEN(step(), "two|");
    CHECK_EQ(sources_open(), 1);
    end();
}

static void a_directory_that_comes_later_is_found_by_polling(void)
{
    begin("later/*.log");
    CHECK_SEEN(nudge(), "");
    make_directory("later");
    write_text("later/a.log", "one\n");
    fake_step(&host, SECOND, false);
    CHECK_SEEN(fake_texts(&host), "one|");
    append("later/a.log", "two\n");
    CHECK_SEEN(nudge(), "two|");
    end();
}

static int descriptors_open(void)
{
    int count = 0;
    for (int fd = 0; fd < 4096; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

static void many_files_are_read_with_few_open(void)
{
    enum { FILES = FOLLOW_OPEN_MAX * 2 };
    begin("*.log");
    char name[32], text[32];
    for (int i = 0; i < FILES; i++) {
        snprintf(name, sizeof name, "%d.log", i);
        snprintf(text, sizeof text, "%d\n", i);
        write_text(name, text);
    }
    step();
    CHECK_EQ(host.count, FILES);
    CHECK(descriptors_open() <= FOLLOW_OPEN_MAX + 32);
    for (int i = 0; i < FILES; i++) {
        snprintf(name, sizeof name, "%d.log", i);
        append(name, "more\n");
    }
    step();
    CHECK_EQ(host.count, FILES);
    move("0.log", "0.old");
    append("0.old", "even more\n");
    CHECK_SEEN(step(), "even more|");
    CHECK_CALM();
    end();
}

CHECK_MAIN(TEST(a_renamed_file_is_drained_then_the_new_one_read),
           TEST(a_rotation_is_followed_through_a_chain_of_names),
           TEST(a_file_moved_out_of_sight_is_read_by_its_descriptor),
           TEST(a_deleted_file_is_read_to_its_end_and_finished),
           TEST(a_file_that_was_seen_empty_and_is_then_written_and_deleted_is_read),
           TEST(an_inode_that_comes_back_is_another_file), TEST(a_restart_goes_on_where_it_was),
           TEST(a_rotation_while_away_is_drained), TEST(a_file_gone_while_away_is_forgotten),
           TEST(a_directory_that_is_not_mounted_forgets_nothing),
           TEST(a_note_that_cannot_be_read_is_an_alarm), TEST(two_names_of_one_file_are_one_source),
           TEST(a_directory_that_comes_later_is_found_by_polling),
           TEST(many_files_are_read_with_few_open))
