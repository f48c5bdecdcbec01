/* tests/tailing/test_rescue.c - deleted files whose events have no outcome yet.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/tailing/rescue.c"

#include <dirent.h>

#include "tests/inputs/tail_host.h"

/* A tail of *.log with a state directory beside it, whose events get no outcome. */
static void begin_open(void)
{
    begin("*.log");
    snprintf(host.directory, sizeof host.directory, "%s/state", place);
    CHECK_EQ(mkdir(host.directory, 0700), 0);
    host.keeps_rewind = true;
}

static void events_are_open(bool is_open)
{
    for (uint32_t i = 0; i < host.source_count; i++)
        host.sources[i].is_open = is_open;
}

static size_t copies(void)
{
    size_t count = 0;
    DIR *directory = opendir(host.directory);
    CHECK(directory != NULL);
    for (struct dirent *entry; (entry = readdir(directory)) != NULL;)
        count += entry->d_name[0] != '.';
    closedir(directory);
    return count;
}

static void what_is_open_of_a_deleted_file_is_read_again_by_the_next_start(void)
{
    begin_open();
    write_text("a.log", "one\ntwo\n");
    CHECK_SEEN(step(), "one|two|");
    events_are_open(true);
    CHECK_EQ(unlink(at("a.log")), 0);
    step(); /* notices it */
    CHECK_EQ(copies(), 0);
    step();
    CHECK_EQ(copies(), 1);
    restart();
    CHECK_SEEN(step(), "one|two|");
    CHECK_TEXT(str_from(host.first->path), at("a.log")); /* not the copy's */
    CHECK_EQ(host.first->offset, 0);
    CHECK_CALM();
    end();
}

static void the_copy_goes_when_nothing_of_it_is_open(void)
{
    begin_open();
    write_text("a.log", "one\n");
    step();
    events_are_open(true);
    CHECK_EQ(unlink(at("a.log")), 0);
    step();
    step();
    CHECK_EQ(copies(), 1);
    restart();
    CHECK_SEEN(step(), "one|");
    CHECK_EQ(copies(), 1);
    events_are_open(false);
    step();
    CHECK_EQ(copies(), 0);
    CHECK_EQ(sources_open(), 0);
    CHECK_CALM();
    end();
}

static void a_deleted_file_with_nothing_open_is_not_copied(void)
{
    begin_open();
    write_text("a.log", "one\n");
    step();
    CHECK_EQ(unlink(at("a.log")), 0);
    step();
    step();
    CHECK_EQ(copies(), 0);
    CHECK_EQ(sources_open(), 0);
    end();
}

static void what_its_writer_appends_after_the_deletion_comes_along(void)
{
    begin_open();
    write_text("a.log", "one\n");
    FILE *writer = fopen(at("a.log"), "a");
    CHECK(writer != NULL);
    step();
    events_are_open(true);
    CHECK_EQ(unlink(at("a.log")), 0);
    step();
    step();
    CHECK(fputs("late\n", writer) >= 0 && fflush(writer) == 0);
    CHECK_SEEN(step(), "late|");
    step();
    fclose(writer);
    restart();
    CHECK_SEEN(step(), "one|late|");
    CHECK_CALM();
    end();
}

static void a_stop_copies_what_was_deleted_a_moment_ago(void)
{
    begin_open();
    write_text("a.log", "one\n");
    step();
    events_are_open(true);
    CHECK_EQ(unlink(at("a.log")), 0);
    step(); /* too early for a copy */
    CHECK_EQ(copies(), 0);
    restart();
    CHECK_SEEN(step(), "one|");
    CHECK_CALM();
    end();
}

static void without_a_state_directory_nothing_is_copied(void)
{
    begin("*.log");
    write_text("a.log", "one\n");
    step();
    events_are_open(true);
    CHECK_EQ(unlink(at("a.log")), 0);
    step();
    step();
    CHECK_EQ(sources_open(), 1); /* its descriptor keeps it */
    CHECK_CALM();
    end();
}

static void a_copy_that_cannot_be_made_is_told_once(void)
{
    begin_open();
    write_text("a.log", "one\n");
    step();
    events_are_open(true);
    CHECK_EQ(rmdir(host.directory), 0);
    CHECK_EQ(unlink(at("a.log")), 0);
    step();
    step();
    step();
    CHECK_EQ(host.alarm_count, 1);
    CHECK(strstr(host.alarms, "was deleted and cannot be copied") != NULL);
    end();
}

static void only_what_would_be_read_again_is_copied(void)
{
    enum { LINES = 40000 };
    static char text[LINES * 10 + 1];
    struct stat facts;
    begin_open();
    for (unsigned i = 0; i < LINES; i++)
        snprintf(text + (size_t)i * 10, 11, "line%05u\n", i % 100000);
    write_text("a.log", text);
    step();
    events_are_open(true);
    host.sources[0].resume = (LINES - 2) * 10;
    CHECK_EQ(unlink(at("a.log")), 0);
    step();
    step();
    CHECK_EQ(stat(at("state/tail-f1.copy"), &facts), 0);
    CHECK_EQ(facts.st_size, LINES * 10);
    CHECK(facts.st_blocks * 512 < facts.st_size / 2); /* a hole before it */
    host.sources[0].resume = (LINES - 2) * 10;
    host.sources[0].at = host.sources[0].resume;
    restart();
    CHECK_SEEN(step(), "line39998|line39999|");
    end();
}

static void a_backlog_beyond_all_bounds_is_not_copied_and_told(void)
{
    begin_open();
    write_text("a.log", "one\n");
    step();
    events_are_open(true);
    CHECK_EQ(truncate(at("a.log"), (off_t)RESCUED_BYTES_MAX + 100),
             0); /* a hole: no disk is needed */
    CHECK_EQ(unlink(at("a.log")), 0);
    step();
    step();
    CHECK_EQ(copies(), 0);
    CHECK_EQ(host.alarm_count, 1);
    CHECK(strstr(host.alarms, "more than is kept of deleted files") != NULL);
    end();
}

/* A log with an open event was deleted and copied; its writer still has it open. */
static FILE *begin_with_writer(void)
{
    begin_open();
    write_text("a.log", "one\n");
    FILE *writer = fopen(at("a.log"), "a");
    CHECK(writer != NULL);
    step();
    events_are_open(true);
    CHECK_EQ(unlink(at("a.log")), 0);
    step();
    fake_step(&host, SECOND, false); /* copied */
    return writer;
}

static void its_writer_is_waited_for_though_nothing_of_it_is_open(void)
{
    FILE *writer = begin_with_writer();
    CHECK_EQ(copies(), 1);
    events_are_open(false);
    fake_step(&host, SECOND, false);
    CHECK_EQ(sources_open(), 1);
    CHECK(fputs("late\n", writer) >= 0 && fclose(writer) == 0);
    CHECK_SEEN(step(), "late|");
    step();
    CHECK_EQ(sources_open(), 0);
    CHECK_EQ(copies(), 0);
    end();
}

static void a_copy_begins_where_the_journal_on_disk_would_read_again(void)
{
    char got[9];
    begin_open();
    write_text("a.log", "one\ntwo\n");
    step();
    events_are_open(true);
    host.sources[0].resume = 4;      /* the commit that is on its way */
    host.sources[0].next_resume = 0; /* what a crash now would find */
    host.sources[0].has_next_resume = true;
    CHECK_EQ(unlink(at("a.log")), 0);
    step();
    step();
    FILE *copy = fopen(at("state/tail-f1.copy"), "r");
    CHECK(copy != NULL);
    CHECK_EQ(fread(got, 1, sizeof got, copy), 8);
    fclose(copy);
    CHECK(memcmp(got, "one\ntwo\n", 8) == 0);
    end();
}

/* Its writer appended, and the agent read that and was killed before the copy had it. */
static void a_copy_that_lacks_the_last_bytes_is_read_to_its_end_once(void)
{
    FILE *writer = begin_with_writer();
    CHECK(fputs("late\n", writer) >= 0 && fclose(writer) == 0);
    CHECK_SEEN(step(), "late|");
    restart();
    CHECK_EQ(truncate(at("state/tail-f1.copy"), 4), 0);
    CHECK_SEEN(step(), "one|");
    CHECK(!host.sources[0].was_lost);
    CHECK_SEEN(step(), "");
    CHECK(host.sources[0].was_lost);
    CHECK_EQ(sources_open(), 1);
    CHECK_EQ(host.source_count, 1);
    CHECK_CALM();
    end();
}

/* What its writer appended later was read and settled, and needed no copy. */
static void a_copy_that_ends_before_the_rewind_is_of_no_use(void)
{
    FILE *writer = begin_with_writer();
    events_are_open(false);
    CHECK(fputs("late\n", writer) >= 0 && fclose(writer) == 0);
    fake_step(&host, SECOND, false);
    CHECK_EQ(host.sources[0].at, 9);
    host.sources[0].resume = 9;
    restart();
    CHECK_EQ(truncate(at("state/tail-f1.copy"), 4), 0);
    CHECK_SEEN(step(), "");
    CHECK_EQ(sources_open(), 0);
    CHECK_CALM();
    restart();
    CHECK_EQ(copies(), 0);
    end();
}

static void a_file_that_is_deleted_and_made_anew_at_once_is_copied_as_soon(void)
{
    begin_open();
    write_text("a.log", "one\n");
    step();
    events_are_open(true);
    CHECK_EQ(unlink(at("a.log")), 0);
    write_text("a.log", "two\n"); /* before anybody looked: the notices lead to this one */
    CHECK_SEEN(nudge(), "two|");
    fake_step(&host, 60 * MILLISECOND, false); /* noticed */
    CHECK_EQ(copies(), 0);
    fake_step(&host, SECOND, false);
    CHECK_EQ(copies(), 1);
    end();
}

static bool stands(const char *name)
{
    struct stat facts;
    return stat(at(name), &facts) == 0;
}

static void a_start_removes_copies_that_belong_to_nobody(void)
{
    static const char *const gone[] = {"state/tail-f1.part", "state/tail-f7.part",
                                       "state/tail-fabc.copy"};
    static const char *const kept[] = {
        "state/journal",       "state/tail-f1.copy", "state/tail-.part",     "state/tail-fx.copy",
        "state/tail-f7.parts", "state/tail-f.part",  "state/my-tail-f7.part"};
    begin_open();
    write_text("a.log", "one\n");
    step();
    for (size_t i = 0; i < COUNT(gone); i++)
        write_text(gone[i], "x");
    for (size_t i = 0; i < COUNT(kept); i++)
        write_text(kept[i], "x");
    restart();
    for (size_t i = 0; i < COUNT(gone); i++)
        CHECK(!stands(gone[i]));
    for (size_t i = 0; i < COUNT(kept); i++)
        CHECK(stands(kept[i]));
    CHECK_CALM();
    end();
}

static void what_an_earlier_try_left_is_not_part_of_a_copy(void)
{
    struct stat facts;
    begin_open();
    write_text("a.log", "one\n");
    step();
    events_are_open(true);
    write_text("state/tail-f1.part", "much longer than the file ever was");
    CHECK_EQ(unlink(at("a.log")), 0);
    step();
    step();
    CHECK_EQ(stat(at("state/tail-f1.copy"), &facts), 0);
    CHECK_EQ(facts.st_size, 4);
    end();
}

CHECK_MAIN(TEST(what_is_open_of_a_deleted_file_is_read_again_by_the_next_start),
           TEST(the_copy_goes_when_nothing_of_it_is_open),
           TEST(a_deleted_file_with_nothing_open_is_not_copied),
           TEST(what_its_writer_appends_after_the_deletion_comes_along),
           TEST(a_stop_copies_what_was_deleted_a_moment_ago),
           TEST(without_a_state_directory_nothing_is_copied),
           TEST(a_copy_that_cannot_be_made_is_told_once),
           TEST(only_what_would_be_read_again_is_copied),
           TEST(a_backlog_beyond_all_bounds_is_not_copied_and_told),
           TEST(its_writer_is_waited_for_though_nothing_of_it_is_open),
           TEST(a_copy_begins_where_the_journal_on_disk_would_read_again),
           TEST(a_copy_that_lacks_the_last_bytes_is_read_to_its_end_once),
           TEST(a_copy_that_ends_before_the_rewind_is_of_no_use),
           TEST(a_file_that_is_deleted_and_made_anew_at_once_is_copied_as_soon),
           TEST(a_start_removes_copies_that_belong_to_nobody),
           TEST(what_an_earlier_try_left_is_not_part_of_a_copy))
