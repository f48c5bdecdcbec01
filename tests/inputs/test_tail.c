/* tests/inputs/test_tail.c - what an operator sees of following files.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "inputs/tail.c"

#include "tests/inputs/tail_host.h"

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
    *(int *)setting_of("read_from") = 1; /* end */
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
    *(int *)setting_of("read_from") = 1; /* end */
    fake_start(&host);
    CHECK_SEEN(step(), "");
    append("old.log", "one\n");
    write_text("young.log", "two\n");
    fake_stop(&host);
    fake_forget_events(&host);
    *(int *)setting_of("read_from") = 1; /* end */
    fake_start(&host);
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
        place_make();
        prepare("a");
        *(int64_t *)setting_of("line_max") = (int64_t)bounds[i];
        fake_start(&host);
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

static void an_empty_file_has_no_events_and_no_source(void)
{
    begin("a");
    write_text("a", "");
    CHECK_SEEN(step(), "");
    CHECK_EQ(host.source_count, 0);
    CHECK_EQ(unlink(at("a")), 0);
    step();
    step();
    CHECK_EQ(sources_open(), 0);
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
           TEST(what_cannot_be_read_is_told_once_each_and_the_others_go_on),
           TEST(an_empty_file_has_no_events_and_no_source))
