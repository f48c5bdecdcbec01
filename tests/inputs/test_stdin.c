/* tests/inputs/test_stdin.c - standard input, through a port that gives what the test wants.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "inputs/stdin.c"

#include <fcntl.h>

#include "tests/inputs/fake_host.h"
#include "tests/inputs/place.h"

static struct host host;
static struct standard input;
static struct files port;

static const char *given; /* what the pipe holds now */
static size_t given_len, most;
static bool is_closed;
static int failure;

static int give(void *self, int fd, void *to, size_t size, size_t *ret)
{
    (void)self;
    CHECK_EQ(fd, 0);
    if (failure)
        return failure;
    if (given_len == 0 && !is_closed)
        return EAGAIN;
    size = size < most ? size : most;
    size = size < given_len ? size : given_len;
    if (size)
        memcpy(to, given, size);
    given += size;
    given_len -= size;
    *ret = size;
    return 0;
}

static void begin(size_t line_max)
{
    port = *real_files();
    port.read_pipe = give;
    most = SIZE_MAX;
    is_closed = false;
    failure = 0;
    given_len = 0;
    memset(&input, 0, sizeof input);
    input.line_max_bytes = (int64_t)line_max;
    fake_init(&host, &input_stdin, &input, &port);
    fake_start(&host);
}

static void end(void)
{
    fake_stop(&host);
    fake_forget_events(&host);
}

static const char *after(const char *bytes, size_t size)
{
    given = bytes;
    given_len = size;
    fake_forget_events(&host);
    host.input->watch(host.self, &host, 1, false);
    (void)fake_read_all(&host, false);
    CHECK_EQ(given_len, 0);
    return fake_texts(&host);
}

static const char *after_text(const char *text)
{
    return after(text, strlen(text));
}

static const char *after_end(void)
{
    is_closed = true;
    return after_text("");
}

static void lines_come_when_they_are_whole(void)
{
    begin(1000);
    CHECK_TEXT(str_from(after_text("one\ntw")), "one|");
    CHECK_TEXT(str_from(after_text("")), "");
    CHECK_TEXT(str_from(after_text("o\r\n\nthree")), "two|");
    CHECK_EQ(host.first->offset, 4);
    CHECK_EQ(host.first->length, 5);
    CHECK_TEXT(str_from(after_end()), "three|");
    CHECK(!host.sources[0].is_used);
    CHECK_EQ(host.bytes, 15);
    CHECK_EQ(host.lines, 4);
    CHECK_EQ(host.blank, 1);
    CHECK_EQ(input_stdin.wakeup(&input), -1);
    CHECK_EQ(input_stdin.watch(&input, &host, 1, false), INT64_MAX);
    end();
}

static void an_empty_input_ends_at_once(void)
{
    begin(1000);
    CHECK_EQ(input_stdin.wakeup(&input), 0);
    CHECK_TEXT(str_from(after_end()), "");
    CHECK(!host.sources[0].is_used);
    end();
}

static void a_long_line_is_cut_however_it_comes(void)
{
    static const size_t sizes[] = {1, 2, 3, 7, 10, 11, 1000};
    for (size_t i = 0; i < COUNT(sizes); i++) {
        begin(10);
        most = sizes[i];
        CHECK_TEXT(str_from(after_text("ok\n0123456789abc")), "ok|");
        CHECK_TEXT(str_from(after_text("def\nnext\n0123456789\n")), "0123456789|next|0123456789|");
        CHECK_EQ(host.first->cut, 6);
        CHECK_EQ(host.first->length, 17);
        CHECK_EQ(host.first->next->offset, 20);
        CHECK_TEXT(str_from(after_text("0123456789xyz")), "");
        CHECK_TEXT(str_from(after_end()), "0123456789|");
        CHECK_EQ(host.cut_bytes, 9);
        CHECK_EQ(host.bytes, 49);
        end();
    }
}

static void more_lines_than_a_batch_has_room_for_are_kept(void)
{
    enum { LINES = 3 * BATCH_EVENTS_MAX };
    char *bytes = malloc(LINES * 2);
    assert_non_null(bytes);
    for (size_t i = 0; i < LINES * 2; i++)
        bytes[i] = i % 2 ? '\n' : 'x';
    begin(1000);
    after(bytes, LINES * 2);
    CHECK_EQ(host.count, LINES);
    free(bytes);
    end();
}

static void a_descriptor_that_cannot_be_read_ends_with_an_alarm(void)
{
    begin(1000);
    CHECK_TEXT(str_from(after_text("one\ntwo")), "one|");
    failure = EIO;
    CHECK_TEXT(str_from(after_text("")), "two|");
    CHECK(strstr(host.alarms, "standard input cannot be read") != NULL);
    CHECK(!host.sources[0].is_used);
    end();
}

static void a_real_pipe_and_a_real_file_are_read_without_waiting(void)
{
    int ends[2], kept = dup(0);
    char bytes[16];
    size_t got = 99;
    const struct files *files = real_files();
    CHECK_EQ(pipe(ends), 0);
    CHECK_EQ(dup2(ends[0], 0), 0);
    CHECK_EQ(files->read_pipe(files->self, 0, bytes, sizeof bytes, &got), EAGAIN);
    CHECK_EQ(write(ends[1], "abc", 3), 3);
    CHECK_EQ(files->read_pipe(files->self, 0, bytes, sizeof bytes, &got), 0);
    CHECK_EQ(got, 3);
    CHECK_EQ(close(ends[1]), 0);
    CHECK_EQ(files->read_pipe(files->self, 0, bytes, sizeof bytes, &got), 0);
    CHECK_EQ(got, 0);
    CHECK_EQ(close(ends[0]) | dup2(kept, 0) | close(kept), 0);
}

CHECK_MAIN(TEST(lines_come_when_they_are_whole), TEST(an_empty_input_ends_at_once),
           TEST(a_long_line_is_cut_however_it_comes),
           TEST(more_lines_than_a_batch_has_room_for_are_kept),
           TEST(a_descriptor_that_cannot_be_read_ends_with_an_alarm),
           TEST(a_real_pipe_and_a_real_file_are_read_without_waiting))
