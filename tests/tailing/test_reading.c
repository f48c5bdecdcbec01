/* tests/tailing/test_reading.c - reading one file through ports that give little at a time, or
 * fail. SPDX-License-Identifier: Apache-2.0
 */
#include "agent/tailing/reading.c"

#include "agent/limits.h"
#include "tests/inputs/place.h"

static struct files slow; /* the real port, at most `most` bytes a read */
static size_t most;
static int next_failure;

static int read_little(void *self, int fd, void *to, size_t size, uint64_t offset, size_t *ret)
{
    int wrong = next_failure;
    next_failure = 0;
    if (wrong)
        return wrong;
    return real_files()->read(self, fd, to, size < most ? size : most, offset, ret);
}

static struct follows table;
static struct follow *file;
static struct arena arena;
static struct reading how;

static void begin(const char *text)
{
    place_make();
    write_text("a", text);
    slow = *real_files();
    slow.read = read_little;
    most = SIZE_MAX;
    follows_init(&table, &slow);
    struct file_facts facts;
    CHECK_EQ(slow.facts_at(slow.self, at("a"), false, &facts), 0);
    struct birth birth = {.device = facts.device,
                          .inode = facts.inode,
                          .born_ns = facts.born_ns,
                          .path = str_from(at("a"))};
    file = follows_add(&table, &birth);
    assert_non_null(file);
    CHECK_EQ(follow_open(&table, file), 0);
    how = (struct reading){&slow, 1 << 20, READ_BYTES, UINT64_MAX, false};
    arena_init(&arena, 1 << 16, (size_t)64 << 20);
}

static void end(void)
{
    arena_clear(&arena);
    follows_clear(&table);
    place_remove();
}

static char seen[1 << 16];
static struct batch batch;
static int failed_with;

static enum reading_result step(void)
{
    arena_reset(&arena);
    batch = (struct batch){.arena = &arena};
    uint64_t offset = file->offset;
    enum reading_result result = reading_step(&how, file, &batch, &failed_with);
    CHECK_EQ(batch.offset, offset);
    CHECK(result == READING_TRUNCATED || batch.offset + batch.bytes == file->offset);
    for (uint32_t i = 0; i < batch.count; i++) {
        const struct event *event = &batch.events[i];
        size_t len = strlen(seen);
        snprintf(seen + len, sizeof seen - len, "%s%.*s|", event->flags & EVENT_PARTIAL ? "+" : "",
                 STR_ARG(event->bytes));
    }
    return result;
}

static enum reading_result read_all(void)
{
    enum reading_result result;
    seen[0] = '\0';
    int steps = 0;
    do {
        result = step();
        CHECK(++steps < 10000);
    } while (result == READING_MORE);
    return result;
}

static void any_size_of_read_gives_the_same_events(void)
{
    static const size_t sizes[] = {1, 2, 3, 4, 5, 7, 8, 13, 64, 1000};
    for (size_t i = 0; i < COUNT(sizes); i++)
        for (size_t j = 0; j < COUNT(sizes); j++) {
            begin("one\r\n\ntwo\nthree and more of it\r\n\r\nfour\nfi");
            how.read_bytes = sizes[i];
            most = sizes[j];
            CHECK_EQ(read_all(), READING_AT_END);
            CHECK_TEXT(str_from(seen), "one|two|three and more of it|four|");
            CHECK_EQ(file->offset, 39);
            append("a", "ve\nsix");
            CHECK_EQ(read_all(), READING_AT_END);
            CHECK_TEXT(str_from(seen), "five|");
            how.final = true;
            CHECK_EQ(read_all(), READING_AT_END);
            CHECK_TEXT(str_from(seen), "six|");
            append("a", "th\nseven");
            CHECK_EQ(read_all(), READING_AT_END);
            CHECK_TEXT(str_from(seen), "+th|seven|");
            append("a", "\n\neight\n");
            how.final = false;
            CHECK_EQ(read_all(), READING_AT_END);
            CHECK_TEXT(str_from(seen), "eight|");
            CHECK_EQ(batch.cut_bytes, 0);
            end();
        }
}

static void any_size_of_read_cuts_alike(void)
{
    static const size_t sizes[] = {1, 3, 8, 20, 64, 1000};
    for (size_t i = 0; i < COUNT(sizes); i++) {
        begin("0123456789abcdef\r\nshort\n0123456789\n");
        how.read_bytes = sizes[i];
        how.line_max = 10;
        CHECK_EQ(read_all(), READING_AT_END);
        CHECK_TEXT(str_from(seen), "0123456789|short|0123456789|");
        end();
    }
}

static void an_earlier_end_is_an_end_again(void)
{
    begin("one\ntwo\nthree\n");
    how.until = 6; /* an unterminated line was an event there */
    seen[0] = '\0';
    CHECK_EQ(step(), READING_MORE);
    CHECK_TEXT(str_from(seen), "one|tw|");
    how.until = UINT64_MAX;
    CHECK_EQ(read_all(), READING_AT_END);
    CHECK_TEXT(str_from(seen), "+o|three|");
    end();
}

static void a_file_that_is_no_longer_what_was_read_is_truncated(void)
{
    static const struct {
        const char *text;
        enum reading_result want;
    } cases[] = {
        {"one\ntwo\nmore\n", READING_AT_END},    {"one\n", READING_TRUNCATED},
        {"one\nTWO\nmore\n", READING_TRUNCATED}, {"", READING_TRUNCATED},
        {"One\ntwo\nmore\n", READING_TRUNCATED},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        begin("one\ntwo\n");
        CHECK_EQ(read_all(), READING_AT_END);
        file->size = 8;
        CHECK(follow_renew_head(&slow, file));
        write_text("a", cases[i].text);
        CHECK_EQ(read_all(), cases[i].want);
        CHECK_TEXT(str_from(seen), cases[i].want == READING_AT_END ? "more|" : "");
        end();
    }
}

static void a_failing_read_loses_nothing(void)
{
    begin("one\n");
    next_failure = EIO;
    CHECK_EQ(step(), READING_FAILED);
    CHECK_EQ(failed_with, EIO);
    CHECK_EQ(read_all(), READING_AT_END);
    CHECK_TEXT(str_from(seen), "one|");
    end();
}

static void a_batch_without_room_for_a_line_says_so(void)
{
    begin("one\n");
    arena_clear(&arena);
    arena_init(&arena, 64, 64);
    CHECK_EQ(step(), READING_FAILED);
    CHECK_EQ(failed_with, ENOMEM);
    CHECK_EQ(file->offset, 0);
    end();
}

static void more_lines_than_a_batch_has_room_for_come_in_the_next(void)
{
    begin("");
    for (int i = 0; i < 3; i++) {
        char lines[2 * 10000];
        for (size_t j = 0; j < sizeof lines; j++)
            lines[j] = j % 2 ? '\n' : 'x';
        put("a", "a", lines, sizeof lines);
    }
    size_t events = 0;
    enum reading_result result;
    do {
        seen[0] = '\0';
        result = step();
        events += batch.count;
    } while (result == READING_MORE);
    CHECK_EQ(events, 30000);
    end();
}

CHECK_MAIN(TEST(any_size_of_read_gives_the_same_events), TEST(any_size_of_read_cuts_alike),
           TEST(an_earlier_end_is_an_end_again),
           TEST(a_file_that_is_no_longer_what_was_read_is_truncated),
           TEST(a_failing_read_loses_nothing), TEST(a_batch_without_room_for_a_line_says_so),
           TEST(more_lines_than_a_batch_has_room_for_come_in_the_next))
