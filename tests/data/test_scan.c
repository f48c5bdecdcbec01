/* tests/data/test_scan.c - mirrors agent/data/scan.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/data/scan.c"

#include "tests/data/fixture.h"

static const enum scan_variant variants[] = {SCAN_PLAIN, SCAN_SSE2, SCAN_AVX2};

/* Runs a test body once for every variant that this processor has. */
#define EACH_VARIANT(v)                                                                            \
    for (size_t v = 0; v < COUNT(variants); v++)                                                   \
        if (scan_use(variants[v]))

static void fields_are_indexed_in_order(void)
{
    EACH_VARIANT(v)
    {
        struct event event =
            scanned("{\"a\":1,\"b\":\"x\",\"c\":{\"d\":[1,2]},\"e\":null,\"f\":true}");
        CHECK_EQ(event.count, 5);
        CHECK_TEXT(event.fields[0].key, "a");
        CHECK_EQ(event.fields[0].value.kind, VALUE_NUMBER);
        CHECK_TEXT(event.fields[1].value.text, "x");
        CHECK_TEXT(event.fields[2].value.text, "{\"d\":[1,2]}");
        CHECK_EQ(event.fields[3].value.kind, VALUE_NULL);
        CHECK(event.fields[4].value.truth);
        CHECK(event.flags & EVENT_JSON);
    }
}

static void a_second_line_of_the_same_shape_gives_the_same_index(void)
{
    for (int i = 0; i < 3; i++) {
        struct event event = scanned(
            "{\"level\": \"info\", \"n\": {\"x\": 1, \"y\": [ {\"z\":1} ]}, \"msg\": \"m\"}");
        CHECK_EQ(event.count, 3);
        CHECK_EQ(event.severity, 9);
        CHECK_TEXT(slot_text(&event, SLOT_BODY), "m");
        CHECK_TEXT(event.fields[1].value.text, "{\"x\": 1, \"y\": [ {\"z\":1} ]}");
    }
}

static void the_last_of_twins_wins(void)
{
    for (int i = 0; i < 2; i++) { /* learned, then foretold */
        uint64_t before = fix.scanner ? scanner_duplicates(fix.scanner) : 0;
        struct event event = scanned("{\"a\":1,\"b\":2,\"a\":3}");
        CHECK_EQ(event.count, 3);
        CHECK(event.fields[0].flags & FIELD_REMOVED);
        CHECK(!(event.fields[2].flags & FIELD_REMOVED));
        CHECK(event.flags & EVENT_EDITED);
        CHECK_EQ(scanner_duplicates(fix.scanner), before + 1);
    }
}

static void keys_match_after_unescaping(void)
{
    struct event event = scanned("{\"\\u006dsg\":\"a\",\"x\":1,\"ms\\u0067\":\"b\"}");
    CHECK_TEXT(slot_text(&event, SLOT_BODY), "b");
    CHECK(event.fields[0].flags & FIELD_REMOVED);
}

static void twins_inside_an_object_flag_its_field(void)
{
    for (int i = 0; i < 2; i++) {
        struct event event = scanned("{\"o\":{\"k\":1,\"l\":[{\"k\":1,\"k\":2}]},\"p\":{\"k\":1}}");
        CHECK(event.fields[0].flags & FIELD_TWINS);
        CHECK(!(event.fields[1].flags & FIELD_TWINS));
    }
}

static void a_line_cut_short_keeps_the_fields_before_the_cut(void)
{
    struct event event =
        scanned_str(STR("{\"level\":\"error\",\"a\":1,\"b\":\"unfinish"), SCAN_INVALID);
    CHECK_EQ(event.count, 2);
    CHECK_EQ(event.severity, 17);
    CHECK(!(event.flags & EVENT_JSON));
}

static void every_cut_of_a_line_is_refused_and_read_within_its_bounds(void)
{
    struct str line =
        STR("{\"time\":\"2023-01-02T03:04:05Z\",\"level\":\"warn\",\"n\":-1.5e+3,\"o\":{\"k\":["
            "true,null]},"
            "\"msg\":\"caf\xC3\xA9 \\ud83d\\ude00 and some more text to fill a block\",\"z\":0}");
    EACH_VARIANT(v)
    {
        for (size_t len = 0; len <= line.len; len++) {
            struct str cut = fixture_line(str_slice(line, 0, len));
            scanned_str(cut, len == line.len ? SCAN_OK : SCAN_INVALID);
            free((char *)(uintptr_t)cut.at);
        }
    }
}

static bool same_fields(const struct event *a, const struct event *b)
{
    if (a->count != b->count || memcmp(a->slots, b->slots, sizeof a->slots) != 0)
        return false;
    for (uint16_t i = 0; i < a->count; i++) {
        const struct field *one = &a->fields[i], *other = &b->fields[i];
        if (!str_equal(one->key, other->key) || one->value.kind != other->value.kind ||
            (one->value.kind > VALUE_BOOL && !str_equal(one->value.text, other->value.text)))
            return false;
    }
    return true;
}

static void what_stands_behind_a_line_is_no_part_of_it(void)
{
    static const struct str behind[] = {{"\n\",\"z\":0}", 10}, {"\r\n\"}", 4}, {"\0\":1}", 5},
                                        {"\",\"z\":0}", 9},    {" \n\"}", 4},  {"\\\"}", 3}};
    struct str line =
        STR("{\"time\":\"2023-01-02T03:04:05Z\",\"level\":\"warn\",\"n\":-1.5e+3,\"o\":{"
            "\"k\":[true,null]},\"msg\":\"some text to fill a block\",\"a}b\":12,\"z\":0}");
    char text[512];
    EACH_VARIANT(v)
    {
        scanned_str(line, SCAN_OK); /* its keys are foretold from here on */
        for (size_t i = 0; i < line.len * COUNT(behind); i++) {
            size_t len = i / COUNT(behind);
            struct str after = behind[i % COUNT(behind)], *alone = &(struct str){text, len + 1};
            memset(text, '"', sizeof text);
            memcpy(text, line.at, len);
            text[len] = '}';
            memcpy(text + len + 1, after.at, after.len);
            arena_reset(&fix.arena);
            struct str others = arena_copy(&fix.arena, (struct str){text, sizeof text});
            struct event event = {.bytes = fixture_line(*alone)};
            struct event among = {.bytes = str_slice(others, 0, alone->len)};
            size_t error_at = 0, error_among = 0;
            CHECK_EQ(scan_object(fix.scanner, &event, &fix.arena, &error_at),
                     scan_object(fix.scanner, &among, &fix.arena, &error_among));
            CHECK_EQ(error_at, error_among);
            CHECK(same_fields(&event, &among));
            free((char *)(uintptr_t)event.bytes.at);
        }
    }
}

/* What stands behind an escape is looked at apart from what stands before it. */
static void invalid_utf8_before_an_escape_is_not_forgotten(void)
{
    static const enum scan_variant kinds[] = {SCAN_PLAIN, SCAN_SSE2, SCAN_AVX2};
    static const char text[] = "[\"0123456789\xac\xac 0123456789 0123456789\\u0061 and more of the "
                               "same text, up to a block and on\"]";
    for (size_t i = 0; i < COUNT(kinds); i++)
        if (scan_use(kinds[i]))
            CHECK(!scan_is_valid(str_from(text)));
    CHECK(scan_use(SCAN_BEST));
}

static void invalid_utf8_becomes_a_replacement_and_is_said(void)
{
    struct event event = scanned("{\"msg\":\"a\xFFz\",\"x\":1}");
    CHECK_TEXT(slot_text(&event, SLOT_BODY), "a\xEF\xBF\xBDz");
    CHECK_TEXT(got_text(&event, "parse.error"), "invalid UTF-8 was replaced");
}

static void the_best_alias_fills_a_slot(void)
{
    struct event event = scanned("{\"msg\":\"b\",\"message\":\"a\",\"text\":\"c\"}");
    CHECK_TEXT(slot_text(&event, SLOT_BODY), "a");
    CHECK_EQ(event.fields[0].slot, SLOT_NONE);
}

static void times_and_levels_are_read(void)
{
    struct event event = scanned("{\"ts\":1700000000.25,\"level\":50}");
    CHECK_EQ(event.time_ns, 1700000000250000000);
    CHECK_EQ(event.severity, 17);
    event = scanned("{\"time\":12,\"status\":\"ok\"}");
    CHECK_EQ(event.time_ns, 0);
    CHECK_EQ(event.slots[SLOT_HTTP_STATUS], 0);
    event = scanned("{\"log\":{\"level\":\"error\"}}");
    CHECK_EQ(event.severity, 17);
    event = scanned("{\"short_message\":\"x\",\"level\":3}");
    CHECK_EQ(event.severity, 17);
}

static void what_is_no_object_is_said_to_be_none(void)
{
    scanned_str(STR(" [1,2] "), SCAN_NOT_OBJECT);
    scanned_str(STR("\"text\""), SCAN_NOT_OBJECT);
    scanned_str(STR(""), SCAN_INVALID);
    scanned_str(STR("{} x"), SCAN_INVALID);
    scanned_str(STR(" {} "), SCAN_OK);
}

static void depth_is_bounded(void)
{
    char text[2 * JSON_DEPTH_MAX + 2];
    memset(text, '[', JSON_DEPTH_MAX);
    memset(text + JSON_DEPTH_MAX, ']', JSON_DEPTH_MAX);
    CHECK(scan_is_valid((struct str){text, 2 * JSON_DEPTH_MAX}));
    memset(text, '[', JSON_DEPTH_MAX + 1);
    memset(text + JSON_DEPTH_MAX + 1, ']', JSON_DEPTH_MAX + 1);
    CHECK(!scan_is_valid((struct str){text, 2 * JSON_DEPTH_MAX + 2}));
}

/* Counts the members of the line's first field, kept or walked. */
static size_t count_members(const struct event *event, bool *ret_kept)
{
    struct members members;
    scanner_members(fix.scanner, event->fields[0].value.text, &members);
    const struct member *member;
    size_t count = 0;
    *ret_kept = members.next != NULL;
    while ((member = members_next(&members)) != NULL)
        count += member->key.len > 0;
    return count;
}

static void members_are_kept_while_there_is_room_for_all(void)
{
    EACH_VARIANT(v)
    {
        for (size_t want = 0; want < KEPT_MEMBERS_MAX + 4; want++) {
            char line[2048] = "{\"o\":{";
            bool is_kept;
            for (size_t i = 0; i < want; i++)
                snprintf(line + strlen(line), 32, "%s\"k%zu\":{}", i ? "," : "", i);
            strcat(line, "},\"p\":[{\"x\":1}]}");
            struct event event = scanned(line);
            CHECK_EQ(count_members(&event, &is_kept), want);
            CHECK_EQ(is_kept, want + 2 < KEPT_MEMBERS_MAX);
        }
    }
}

/* Lines of the same keys share a byte; other keys, another order or keys off the tree have another
 * or none. */
static void a_mark_belongs_to_the_very_keys_of_a_line(void)
{
    uint8_t *mark = NULL;
    fixture_open();
    (void)scanned(
        "{\"mark\":1,\"b\":\"text that makes the line long enough for a block of its own\"}");
    mark = scanner_mark(fix.scanner);
    CHECK(mark != NULL);
    if (!mark)
        return;
    CHECK_EQ(*mark, 0);
    *mark = 7;
    (void)scanned("{\"mark\":{\"b\":[2]},\"b\":null}");
    CHECK(scanner_mark(fix.scanner) == mark && *mark == 7);
    (void)scanned("{\"mark\":1,\"b\":2,\"c\":3}");
    CHECK(scanner_mark(fix.scanner) != mark);
    (void)scanned("{\"b\":1,\"mark\":2}");
    CHECK(scanner_mark(fix.scanner) != mark);
    (void)scanned("{\"m\\u0061rk\":1,\"b\":2}");
    CHECK(scanner_mark(fix.scanner) == NULL);
    (void)scanned("{}");
    CHECK(scanner_mark(fix.scanner) == NULL);
    (void)scanned_str(STR("{\"mark\":1,\"b\":2"), SCAN_INVALID);
    CHECK(scanner_mark(fix.scanner) == NULL);
}

CHECK_MAIN(TEST(a_mark_belongs_to_the_very_keys_of_a_line),
           TEST(members_are_kept_while_there_is_room_for_all), TEST(fields_are_indexed_in_order),
           TEST(invalid_utf8_before_an_escape_is_not_forgotten),
           TEST(a_second_line_of_the_same_shape_gives_the_same_index), TEST(the_last_of_twins_wins),
           TEST(keys_match_after_unescaping), TEST(twins_inside_an_object_flag_its_field),
           TEST(a_line_cut_short_keeps_the_fields_before_the_cut),
           TEST(every_cut_of_a_line_is_refused_and_read_within_its_bounds),
           TEST(what_stands_behind_a_line_is_no_part_of_it),
           TEST(invalid_utf8_becomes_a_replacement_and_is_said), TEST(the_best_alias_fills_a_slot),
           TEST(times_and_levels_are_read), TEST(what_is_no_object_is_said_to_be_none),
           TEST(depth_is_bounded))
