/* tests/inputs/test_tail.c - following real files through everything that happens to them.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "inputs/tail.c"

#include "tests/inputs/fake_host.h"
#include "tests/inputs/place.h"

static struct host host;
static struct tail tail;
static struct str globs[4], excludes[4];
static char glob_texts[4][256];

static const int64_t SECOND = 1000 * NS_PER_MS;

/* What the settings would fill. */
static void configure(void)
{
    tail = (struct tail){.line_max_bytes = 1 << 20, .poll_ns = SECOND, .file_path = true};
    tail.path = (struct list){.count = 0, .texts = globs};
    tail.exclude = (struct list){.count = 0, .texts = excludes};
    for (size_t i = 0; i < COUNT(glob_texts) && glob_texts[i][0]; i++)
        globs[tail.path.count++] = str_from(glob_texts[i]);
}

static void prepare(const char *glob)
{
    memset(glob_texts, 0, sizeof glob_texts);
    snprintf(glob_texts[0], sizeof glob_texts[0], "%s/%s", place, glob);
    configure();
    fake_init(&host, &input_tail, &tail, real_files());
}

static void begin(const char *glob)
{
    place_make();
    prepare(glob);
    fake_start(&host);
}

static void restart(void)
{
    fake_stop(&host);
    fake_forget_events(&host);
    configure();
    fake_start(&host);
}

static void end(void)
{
    fake_stop(&host);
    fake_forget_events(&host);
    place_remove();
}

/* Time enough for a whole look, then what was read since the last call. */
static const char *step(void)
{
    fake_forget_events(&host);
    fake_step(&host, 20 * SECOND, false);
    return fake_texts(&host);
}

/* Only what notices tell. */
static const char *nudge(void)
{
    fake_forget_events(&host);
    fake_step(&host, 1, false);
    return fake_texts(&host);
}

#define CHECK_SEEN(call, want) CHECK_TEXT(str_from(call), want)
#define CHECK_ALARM(text)      CHECK(strstr(host.alarms, text) != NULL)
#define CHECK_CALM()           CHECK_TEXT(str_from(host.alarms), "")

static void lines_come_as_they_are_written(void)
{
    begin("*.log");
    write_text("a.log", "one\ntwo\nthr");
    CHECK_SEEN(step(), "one|two|");
    CHECK_EQ(host.first->offset, 0);
    CHECK_EQ(host.first->length, 4);
    CHECK_TEXT(str_from(host.first->path), at("a.log"));
    append("a.log", "ee\n\nfour\r\n\r\n");
    CHECK_SEEN(nudge(), "three|four|");
    CHECK_EQ(host.first->offset, 8);
    CHECK_EQ(host.first->length, 6);
    CHECK_EQ(host.lines, 6);
    CHECK_EQ(host.blank, 2);
    CHECK_EQ(host.bytes, 23);
    CHECK_SEEN(nudge(), "");
    write_text("b.log", "born later\n");
    CHECK_SEEN(nudge(), "born later|");
    CHECK_CALM();
    end();
}

static void nul_bytes_are_kept(void)
{
    begin("*");
    put("a", "w", "x\0y\n\0\n", 6);
    fake_step(&host, 1, false);
    CHECK_EQ(host.count, 2);
    CHECK_EQ(host.first->len, 3);
    CHECK_EQ(host.first->text[1], 0);
    CHECK_EQ(host.first->next->len, 1);
    end();
}

static void at_the_end_is_for_files_of_the_first_start_only(void)
{
    place_make();
    prepare("*.log");
    write_text("old.log", "old\n");
    write_text("empty.log", "");
    tail.read_from = READ_FROM_END;
    fake_start(&host);
    CHECK_SEEN(step(), "");
    append("old.log", "new\n");
    CHECK_SEEN(nudge(), "new|");
    write_text("young.log", "young\n");
    CHECK_SEEN(nudge(), "young|");
    append("empty.log", "first\n");
    CHECK_SEEN(nudge(), "first|");
    end();
}

static void an_end_that_is_remembered_is_not_sought_again(void)
{
    place_make();
    prepare("*.log");
    write_text("old.log", "old\n");
    tail.read_from = READ_FROM_END;
    fake_start(&host);
    CHECK_SEEN(step(), "");
    append("old.log", "one\n");
    write_text("young.log", "two\n");
    restart();
    tail.read_from = READ_FROM_END;
    step();
    CHECK_EQ(host.count, 2);
    end();
}

static void once_takes_an_unterminated_line_and_its_rest_is_partial(void)
{
    begin("a");
    write_text("a", "one\ntw");
    fake_step(&host, 1, true);
    CHECK_SEEN(fake_texts(&host), "one|tw|");
    append("a", "o\nthree\nfou");
    restart();
    fake_step(&host, 1, true);
    CHECK_SEEN(fake_texts(&host), "o|three|fou|");
    CHECK(host.first->flags & EVENT_PARTIAL);
    CHECK(!(host.first->next->flags & EVENT_PARTIAL));
    append("a", "\r\n");
    restart();
    fake_step(&host, 1, true);
    CHECK_SEEN(fake_texts(&host), "");
    CHECK_EQ(host.blank, 0);
    CHECK_EQ(host.bytes, 19);
    end();
}

static void a_second_reading_ends_where_the_first_did(void)
{
    begin("a");
    host.keeps_rewind = true;
    write_text("a", "one\ntw");
    fake_step(&host, 1, true);
    append("a", "o\nthree\n");
    restart();
    fake_step(&host, 1, true);
    CHECK_SEEN(fake_texts(&host), "one|tw|o|three|");
    restart();
    fake_step(&host, 1, false);
    CHECK_SEEN(fake_texts(&host), "one|tw|o|three|");
    CHECK_EQ(host.bytes, 14);
    CHECK_EQ(host.lines, 4);
    end();
}

/* --- long lines
 * --------------------------------------------------------------------------------------- */

static char *long_text(size_t size)
{
    char *text = malloc(size + 1);
    assert_non_null(text);
    for (size_t i = 0; i < size; i++)
        text[i] = (char)('a' + i % 23);
    text[size] = '\0';
    return text;
}

static void a_line_longer_than_a_read_is_kept_whole(void)
{
    begin("a");
    char *text = long_text(READ_BYTES * 3);
    write_text("a", "before\n");
    append("a", text);
    CHECK_SEEN(step(), "before|");
    append("a", "\r\nafter\n");
    step();
    CHECK_EQ(host.count, 2);
    CHECK_EQ(host.first->len, READ_BYTES * 3);
    CHECK(strcmp(host.first->text, text) == 0);
    CHECK_EQ(host.first->length, READ_BYTES * 3 + 2);
    CHECK_EQ(host.cut_bytes, 0);
    CHECK_TEXT(str_from(host.first->next->text), "after");
    free(text);
    end();
}

static void the_rest_of_a_line_above_the_bound_is_counted(void)
{
    static const size_t bounds[] = {1024, READ_BYTES, 1 << 20};
    for (size_t i = 0; i < COUNT(bounds); i++) {
        size_t more = i == 2 ? (size_t)5 << 20 : 100;
        begin("a");
        tail.line_max_bytes = (int64_t)bounds[i];
        char *text = long_text(bounds[i] + more);
        write_text("a", text);
        append("a", "\r\nafter\n");
        step();
        CHECK_EQ(host.count, 2);
        CHECK_EQ(host.first->len, bounds[i]);
        CHECK_EQ(host.first->cut, more);
        CHECK_EQ(host.first->length, bounds[i] + more + 2);
        CHECK_EQ(host.cut_bytes, more);
        CHECK_EQ(host.lines, 2);
        CHECK(host.arena_bytes_max < bounds[i] + 2 * READ_BYTES + 65536);
        free(text);
        end();
    }
}

static void a_hundred_megabytes_without_an_end_cost_one_line(void)
{
    begin("a");
    enum { PIECE = 1 << 20, PIECES = 100 };
    char *text = long_text(PIECE);
    for (int i = 0; i < PIECES; i++)
        append("a", text);
    CHECK_SEEN(step(), "");
    append("a", "\nafter\n");
    step();
    CHECK_EQ(host.count, 2);
    CHECK_EQ(host.first->len, PIECE);
    CHECK_EQ(host.first->cut, (uint64_t)PIECE * (PIECES - 1));
    CHECK(host.arena_bytes_max < PIECE + 2 * READ_BYTES);
    restart();
    CHECK_SEEN(step(), "");
    free(text);
    end();
}

/* --- rotation
 * ----------------------------------------------------------------------------------------- */

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
    CHECK_EQ(tail.follows.count, 0);
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
    CHECK_EQ(tail.follows.count, 1);
    CHECK_SEEN(step(), "3|");
    CHECK_EQ(tail.follows.count, 0);
    CHECK(!host.sources[0].is_used);
    fclose(writer);
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

/* --- truncation
 * --------------------------------------------------------------------------------------- */

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

/* --- restarts
 * ------------------------------------------------------------------------------------------ */

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

/* --- what is no log file
 * --------------------------------------------------------------------------------- */

static void what_cannot_be_read_is_told_once_each_and_the_others_go_on(void)
{
    begin("*");
    make_directory("directory");
    CHECK_EQ(mkfifo(at("fifo"), 0600) | symlink("nowhere", at("dangling")), 0);
    write_text("packed.gz", "\x1f\x8b\x08");
    write_text("good", "good\n");
    CHECK_EQ(symlink("good", at("link")), 0);
    write_text("secret", "x\n");
    CHECK_EQ(chmod(at("secret"), 0), 0);
    bool is_root = geteuid() == 0; /* who can read everything */
    step();
    CHECK_EQ(host.count, is_root ? 2 : 1);
    CHECK_ALARM("directory is a directory");
    CHECK_ALARM("fifo is no regular file");
    CHECK_ALARM("dangling is a link that leads nowhere");
    CHECK_ALARM("packed.gz is compressed");
    if (!is_root)
        CHECK_ALARM("secret cannot be read: Permission denied");
    size_t told = host.alarm_len;
    step();
    CHECK_EQ(host.alarm_len, told);
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
    CHECK_EQ(tail.follows.count, 1);
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
    CHECK(tail.follows.open_count <= FOLLOW_OPEN_MAX);
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

static void an_empty_file_has_no_events_and_no_source(void)
{
    begin("a");
    write_text("a", "");
    CHECK_SEEN(step(), "");
    CHECK_EQ(host.source_count, 0);
    CHECK_EQ(unlink(at("a")), 0);
    step();
    step();
    CHECK_EQ(tail.follows.count, 0);
    end();
}

CHECK_MAIN(TEST(lines_come_as_they_are_written), TEST(nul_bytes_are_kept),
           TEST(at_the_end_is_for_files_of_the_first_start_only),
           TEST(an_end_that_is_remembered_is_not_sought_again),
           TEST(once_takes_an_unterminated_line_and_its_rest_is_partial),
           TEST(a_second_reading_ends_where_the_first_did),
           TEST(a_line_longer_than_a_read_is_kept_whole),
           TEST(the_rest_of_a_line_above_the_bound_is_counted),
           TEST(a_hundred_megabytes_without_an_end_cost_one_line),
           TEST(a_renamed_file_is_drained_then_the_new_one_read),
           TEST(a_rotation_is_followed_through_a_chain_of_names),
           TEST(a_file_moved_out_of_sight_is_read_by_its_descriptor),
           TEST(a_deleted_file_is_read_to_its_end_and_finished),
           TEST(an_inode_that_comes_back_is_another_file),
           TEST(a_truncated_file_begins_anew_under_a_new_serial),
           TEST(truncation_is_seen_though_the_file_grew_beyond_the_mark),
           TEST(unread_bytes_of_a_truncated_file_are_an_alarm),
           TEST(copytruncate_moves_the_serial_to_the_copy),
           TEST(a_copy_waits_for_the_cut_and_is_not_read_twice),
           TEST(what_only_looked_like_a_copy_is_read_in_the_end),
           TEST(a_restart_goes_on_where_it_was), TEST(a_rotation_while_away_is_drained),
           TEST(copytruncate_while_away_loses_nothing_of_the_copy),
           TEST(a_file_rewritten_while_away_is_read_from_its_beginning),
           TEST(a_file_gone_while_away_is_forgotten),
           TEST(a_directory_that_is_not_mounted_forgets_nothing),
           TEST(a_note_that_cannot_be_read_is_an_alarm),
           TEST(what_cannot_be_read_is_told_once_each_and_the_others_go_on),
           TEST(two_names_of_one_file_are_one_source),
           TEST(a_directory_that_comes_later_is_found_by_polling),
           TEST(many_files_are_read_with_few_open), TEST(an_empty_file_has_no_events_and_no_source))
