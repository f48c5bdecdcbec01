/* tests/tailing/test_tailed.c - files that are truncated while they are followed.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/tailing/tailed.c"

#include <fcntl.h>

#include "tests/inputs/tail_host.h"

static void a_truncated_file_begins_anew_under_a_new_serial(void)
{
    begin("a.log");
    write_text("a.log", "one\ntwo\n");
    CHECK_SEEN(nudge(), "one|two|");
    write_text("a.log", "3\n");
    CHECK_SEEN(nudge(), "3|");
    CHECK_TEXT(str_from(host.first->key), "f2");
    CHECK_EQ(host.first->offset, 0);
    CHECK_CALM();
    end();
}

static void truncation_is_seen_though_the_file_grew_beyond_the_mark(void)
{
    begin("a.log");
    write_text("a.log", "one\ntwo\n");
    CHECK_SEEN(nudge(), "one|two|");
    write_text("a.log", "three\nfour\nfive\n");
    step();
    CHECK_SEEN(fake_texts(&host), "three|four|five|");
    CHECK_TEXT(str_from(host.first->key), "f2");
    end();
}

static void truncation_is_seen_though_the_file_is_as_long_as_it_was(void)
{
    const struct timespec later[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = 2000000000}};
    begin("a.log");
    write_text("a.log", "one\ntwo\n");
    CHECK_SEEN(nudge(), "one|two|");
    write_text("a.log", "six\nten\n");
    CHECK_EQ(utimensat(AT_FDCWD, at("a.log"), later, 0), 0);
    CHECK_SEEN(nudge(), "six|ten|");
    CHECK_TEXT(str_from(host.first->key), "f2");
    CHECK_CALM();
    end();
}

static void a_file_that_was_only_touched_is_not_read_again(void)
{
    const struct timespec later[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = 2000000000}};
    begin("a.log");
    write_text("a.log", "one\ntwo\n");
    CHECK_SEEN(nudge(), "one|two|");
    CHECK_EQ(utimensat(AT_FDCWD, at("a.log"), later, 0), 0);
    CHECK_SEEN(nudge(), "");
    CHECK_CALM();
    end();
}

static void unread_bytes_of_a_truncated_file_are_an_alarm(void)
{
    begin("a.log");
    write_text("a.log", "one\ntw");
    CHECK_SEEN(nudge(), "one|");
    write_text("a.log", "3\n");
    CHECK_SEEN(nudge(), "3|");
    CHECK_ALARM("truncated with 2 bytes unread");
    end();
}

static void a_file_rewritten_while_away_is_read_from_its_beginning(void)
{
    begin("a.log");
    write_text("a.log", "one\ntwo\n");
    CHECK_SEEN(nudge(), "one|two|");
    fake_stop(&host);
    write_text("a.log", "one\nTWO\nthree\n");
    fake_forget_events(&host);
    configure();
    fake_start(&host);
    CHECK_SEEN(step(), "one|TWO|three|");
    end();
}

static void a_file_in_utf16_is_told_of_once(void)
{
    begin("*.log");
    write_text("plain.log", "one\n");
    CHECK_SEEN(nudge(), "one|");
    CHECK_CALM();
    put("wide.log", "we", "\xFF\xFEo\0n\0e\0\n\0", 10);
    (void)nudge();
    CHECK_ALARM("wide.log is written in UTF-16");
    end();
}

CHECK_MAIN(TEST(a_file_in_utf16_is_told_of_once),
           TEST(a_truncated_file_begins_anew_under_a_new_serial),
           TEST(truncation_is_seen_though_the_file_grew_beyond_the_mark),
           TEST(truncation_is_seen_though_the_file_is_as_long_as_it_was),
           TEST(a_file_that_was_only_touched_is_not_read_again),
           TEST(unread_bytes_of_a_truncated_file_are_an_alarm),
           TEST(a_file_rewritten_while_away_is_read_from_its_beginning))
