/* tests/data/test_walk.c - mirrors agent/data/walk.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/data/walk.c"

#include "tests/data/fixture.h"

static void members_are_walked_with_their_spans(void)
{
    struct str json = STR("{ \"a\" : [1, {\"x\":\"]\"}] ,\"b\\n\":\"\\\"}\", \"c\":null }");
    static const char *const keys[] = {"a", "b\\n", "c"};
    static const char *const values[] = {"[1, {\"x\":\"]\"}]", "\"\\\"}\"", "null"};
    struct member member;
    struct span span;
    size_t at = 0;
    for (int i = 0; i < 3; i++) {
        CHECK(walk_next(json, &at, &member, &span));
        CHECK_TEXT(member.key, keys[i]);
        CHECK_EQ(member.key_escaped, i == 1);
        CHECK_EQ(json.at[span.from], '"');
        CHECK_TEXT(str_slice(json, span.value, span.end - span.value), values[i]);
    }
    CHECK(!walk_next(json, &at, &member, &span));
    at = 0;
    CHECK(!walk_next(STR("{ }"), &at, &member, &span));
    CHECK(!walk_next(STR("[]"), &at, &member, &span));
}

static void the_last_of_twins_and_the_longest_literal_are_found(void)
{
    struct place place;
    CHECK(walk_member(STR("{\"a\":1,\"\\u0061\":2,\"b\":3}"), STR("a"), &place));
    CHECK_TEXT(place.value.text, "2");
    struct str json = STR("{\"a\":{\"b\":{\"c\":1},\"b.c\":2},\"a.b\":{\"c\":3}}");
    CHECK(walk_dotted(json, STR("a.b.c"), &place));
    CHECK_TEXT(place.value.text, "3");
    CHECK_TEXT(place.container, "{\"c\":3}");
    CHECK(walk_dotted(STR("{\"a\":{\"b\":{\"c\":1},\"b.c\":2}}"), STR("a.b.c"), &place));
    CHECK_TEXT(place.value.text, "2");
    CHECK(!walk_dotted(json, STR("a.b.c.d"), &place));
    CHECK(!walk_dotted(json, STR("a."), &place));
    CHECK(walk_index(STR("[ 5, [6] ,7]"), 1, &place) && place.value.kind == VALUE_ARRAY);
    CHECK(!walk_index(STR("[5]"), 1, &place));
    CHECK(!walk_index(STR("[]"), UINT32_MAX, &place));
}

static void escapes_say_the_text_that_they_stand_for(void)
{
    struct arena arena;
    arena_init(&arena, 1024, 4096);
    struct str body = STR("\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0000\\u00E9\\u20ac\\uD83D\\uDE00.");
    struct str text = STR("\"\\/\b\f\n\r\t\0\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80.");
    CHECK_STR(json_unescape(body, &arena), text);
    CHECK(body_equal(body, true, text));
    CHECK(!body_equal(body, true, str_slice(text, 0, text.len - 1)));
    CHECK(!body_equal(body, true, STR("")));
    CHECK(!body_equal(str_slice(body, 0, body.len - 1), true, text));
    CHECK_TEXT(json_unescape(STR("\\uDE00\\uD83D\\n"), &arena),
               UTF8_REPLACEMENT UTF8_REPLACEMENT "\n");
    struct str plain = STR("borrowed");
    CHECK(json_unescape(plain, &arena).at == plain.at);
    char escapes[5000];
    memset(escapes, '\\', sizeof escapes);
    CHECK(json_unescape((struct str){escapes, sizeof escapes}, &arena).at == NULL);
    arena_clear(&arena);
}

/* Each prefix stands in a block of its own size, so that a sanitizer sees a read behind it. */
static void text_that_is_cut_anywhere_is_never_left(void)
{
    struct str json =
        STR("{\"a\\u00e9\\\\\":[1,{\"b\":\"\\uD83D\\uDE00\"}],\"c\":\"\\\"\",\"d\":tru}");
    struct arena arena;
    arena_init(&arena, 1 << 12, 1 << 16);
    for (size_t len = 1; len <= json.len; len++) {
        struct str cut = fixture_line(str_slice(json, 0, len));
        struct member member;
        struct span span;
        struct place place;
        for (size_t at = 0; walk_next(cut, &at, &member, &span);) {
            CHECK(span.from <= span.value && span.value < span.end && span.end <= cut.len);
            CHECK(json_unescape(member.key, &arena).at != NULL);
        }
        for (size_t at = 0; at <= len; at++)
            CHECK(walk_skip(cut, at) <= cut.len);
        walk_dotted(cut, STR("c.d"), &place);
        CHECK(json_unescape(cut, &arena).at != NULL);
        body_equal(cut, true, json);
        free((void *)(uintptr_t)cut.at);
        arena_reset(&arena);
    }
    arena_clear(&arena);
}

CHECK_MAIN(TEST(members_are_walked_with_their_spans),
           TEST(the_last_of_twins_and_the_longest_literal_are_found),
           TEST(escapes_say_the_text_that_they_stand_for),
           TEST(text_that_is_cut_anywhere_is_never_left))
