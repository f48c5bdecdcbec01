/* tests/data/test_lines.c - splitting bytes into lines: every variant against the plainest loop
 * there is. SPDX-License-Identifier: Apache-2.0
 */
#include "agent/data/lines.c"

#include <stdlib.h>

#include "agent/limits.h"
#include "tests/check.h"

static const enum scan_variant variants[] = {SCAN_PLAIN, SCAN_SSE2, SCAN_AVX2, SCAN_BEST};

static struct arena arena;

static struct batch begin(void)
{
    arena_init(&arena, 65536, (size_t)64 << 20);
    return (struct batch){.arena = &arena};
}

static void end(void)
{
    arena_clear(&arena);
    CHECK(lines_use(SCAN_BEST));
}

static size_t find_naively(struct str bytes, uint32_t *ends)
{
    size_t count = 0;
    for (size_t i = 0; i < bytes.len; i++)
        if (bytes.at[i] == '\n')
            ends[count++] = (uint32_t)i;
    return count;
}

static void check_variant(struct str bytes, const uint32_t *want, size_t count, size_t room)
{
    uint32_t got[512];
    size_t from = 0, done = 0;
    while (from < bytes.len) {
        size_t found = lines_find(bytes, &from, got, room);
        CHECK(found <= room && done + found <= count);
        CHECK(memcmp(got, want + done, found * sizeof *got) == 0);
        done += found;
    }
    CHECK_EQ(done, count);
}

static void every_variant_finds_the_same_ends(void)
{
    enum { SIZE = 5000 };
    static uint32_t want[SIZE];
    char *bytes = malloc(SIZE); /* of its own, so that asan sees a look past its end */
    assert_non_null(bytes);
    srand(1);
    for (int round = 0; round < 400; round++) {
        size_t len = (size_t)rand() % SIZE;
        int one_in = 1 + rand() % 300;
        char *exact = bytes + SIZE - len;
        for (size_t i = 0; i < len; i++)
            exact[i] = (char)(rand() % one_in ? rand() : '\n');
        struct str all = {exact, len};
        size_t count = find_naively(all, want);
        for (size_t v = 0; v < COUNT(variants); v++)
            if (lines_use(variants[v]))
                check_variant(all, want, count, LINES_ROOM_MIN + (size_t)rand() % 400);
    }
    CHECK(lines_use(SCAN_BEST));
    free(bytes);
}

static void lines_become_events_and_blank_ones_are_counted(void)
{
    struct batch batch = begin();
    struct str bytes = STR("one\r\n\n\r\ntwo\nrest");
    CHECK_EQ(lines_split(&batch, bytes, 100, 1000), 12);
    CHECK_EQ(batch.count, 2);
    CHECK_EQ(batch.lines, 4);
    CHECK_EQ(batch.blank, 2);
    CHECK_TEXT(batch.events[0].bytes, "one");
    CHECK_TEXT(batch.events[1].bytes, "two");
    CHECK_EQ(batch.events[1].origin->offset, 108);
    CHECK_EQ(batch.events[1].origin->length, 4);
    end();
}

static void a_long_line_is_cut_and_says_so(void)
{
    struct batch batch = begin();
    CHECK_EQ(lines_split(&batch, STR("0123456789\r\nok\n"), 0, 4), 15);
    CHECK_EQ(batch.count, 2);
    CHECK_TEXT(batch.events[0].bytes, "0123");
    CHECK_EQ(batch.events[0].origin->length, 12);
    CHECK_EQ(batch.cut_bytes, 6);
    const struct field *cut = event_slot(&batch.events[0], SLOT_LOG_CUT);
    CHECK(cut && cut->value.integer == 6);
    CHECK(event_slot(&batch.events[1], SLOT_LOG_CUT) == NULL);
    end();
}

static void a_full_batch_stops_at_a_line(void)
{
    struct batch batch = begin();
    char bytes[2 * (BATCH_EVENTS_MAX + 5)];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = i % 2 ? '\n' : 'x';
    size_t used = lines_split(&batch, (struct str){bytes, sizeof bytes}, 0, 100);
    CHECK_EQ(batch.count, BATCH_EVENTS_MAX);
    CHECK_EQ(used, 2 * BATCH_EVENTS_MAX);
    CHECK_EQ(batch.lines, BATCH_EVENTS_MAX);
    end();
}

static void a_rest_is_marked(void)
{
    struct batch batch = begin();
    CHECK(lines_add(&batch, STR("rest"), 7, 5, 0));
    lines_mark_partial(&batch, &batch.events[0]);
    CHECK(batch.events[0].flags & EVENT_PARTIAL);
    const struct field *partial = event_slot(&batch.events[0], SLOT_LOG_PARTIAL);
    CHECK(partial && partial->value.kind == VALUE_BOOL && partial->value.truth);
    end();
}

CHECK_MAIN(TEST(every_variant_finds_the_same_ends),
           TEST(lines_become_events_and_blank_ones_are_counted),
           TEST(a_long_line_is_cut_and_says_so), TEST(a_full_batch_stops_at_a_line),
           TEST(a_rest_is_marked))
