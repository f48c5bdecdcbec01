/* tests/tailing/test_copies.c - copytruncate, before our eyes and while we were away.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/tailing/copies.c"

#include "tests/inputs/tail_host.h"

static void copy(const char *from, const char *to)
{
    char command[1200];
    snprintf(command, sizeof command, "cp %s %s", at(from), at(to));
    CHECK_EQ(system(command), 0);
}

static void copytruncate_moves_the_serial_to_the_copy(void)
{
    static const char *const seen_globs[] = {"a.log", "a.log*"};
    for (size_t i = 0; i < COUNT(seen_globs); i++) {
        begin(seen_globs[i]);
        write_text("a.log", "one\ntwo\n");
        CHECK_SEEN(nudge(), "one|two|");
        append("a.log", "unread\n");
        copy("a.log", "a.log.1");
        write_text("a.log", "3\n");
        nudge();
        CHECK_EQ(host.count, 2);
        step();
        CHECK_SEEN(fake_texts(&host), "");
        append("a.log", "4\n");
        CHECK_SEEN(nudge(), "4|");
        CHECK_CALM();
        end();
    }
}

static void a_copy_waits_for_the_cut_and_is_not_read_twice(void)
{
    begin("a.log*");
    write_text("a.log", "one\ntwo\n");
    CHECK_SEEN(nudge(), "one|two|");
    copy("a.log", "a.log.1");
    CHECK_SEEN(nudge(), "");
    CHECK_SEEN(step(), "");
    write_text("a.log", "3\n");
    CHECK_SEEN(nudge(), "3|");
    CHECK_SEEN(step(), "");
    append("a.log.1", "belongs to the copy\n");
    CHECK_SEEN(nudge(), "belongs to the copy|");
    CHECK_TEXT(str_from(host.first->key), "f1");
    CHECK_CALM();
    end();
}

static void what_only_looked_like_a_copy_is_read_in_the_end(void)
{
    begin("*.log");
    write_text("a.log", "banner\n");
    CHECK_SEEN(nudge(), "banner|");
    write_text("b.log", "banner\n");
    CHECK_SEEN(nudge(), "");
    append("b.log", "other\n");
    CHECK_SEEN(nudge(), "banner|other|");
    write_text("c.log", "banner\n");
    CHECK_SEEN(step(), "");
    CHECK_SEEN(step(), "");
    CHECK_SEEN(step(), "");
    CHECK_SEEN(step(), "banner|");
    end();
}

static void copytruncate_while_away_loses_nothing_of_the_copy(void)
{
    static const char *const seen_globs[] = {"a.log", "a.log*"};
    for (size_t i = 0; i < COUNT(seen_globs); i++) {
        begin(seen_globs[i]);
        write_text("a.log", "one\n");
        CHECK_SEEN(nudge(), "one|");
        append("a.log", "two\n");
        copy("a.log", "a.log.1");
        write_text("a.log", "3\n");
        restart();
        step();
        CHECK_EQ(host.count, 2);
        CHECK_CALM();
        end();
    }
}

CHECK_MAIN(TEST(copytruncate_moves_the_serial_to_the_copy),
           TEST(a_copy_waits_for_the_cut_and_is_not_read_twice),
           TEST(what_only_looked_like_a_copy_is_read_in_the_end),
           TEST(copytruncate_while_away_loses_nothing_of_the_copy))
