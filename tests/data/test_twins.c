/* tests/data/test_twins.c - mirrors agent/data/twins.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/data/twins.c"

#include "tests/data/fixture.h"

static struct str written(const char *json)
{
    fixture_open();
    arena_reset(&fix.arena);
    buffer_reset(&fix.out);
    CHECK(twins_write(&fix.out, str_from(json), &fix.arena));
    CHECK(!twins_exist(buffer_str(&fix.out), &fix.arena));
    return buffer_str(&fix.out);
}

static bool exist(const char *json)
{
    fixture_open();
    arena_reset(&fix.arena);
    return twins_exist(str_from(json), &fix.arena);
}

static void twins_are_keys_of_one_object_alone(void)
{
    CHECK(exist("{\"a\":1,\"b\":2,\"a\":3}"));
    CHECK(exist("[0,{\"x\":[{\"a\":1 , \"a\" : 2}]}]"));
    CHECK(exist("{\"a\":1,\"\\u0061\":2}"));
    CHECK(exist("{\"\":1,\"\":2}"));
    CHECK(!exist("{\"a\":{\"a\":{\"a\":1}},\"b\":[{\"a\":1},{\"a\":2}]}"));
    CHECK(!exist("{\"a\":\"a\",\"b\":[\"a\",\"a\"],\"c\":\"b\"}"));
    CHECK(!exist("{\"a\":\"\\\",\\\"a\\\":\",\"\\\"a\":1,\"A\":{}}"));
    CHECK(!exist("\"a\""));
    CHECK(!exist("[]"));
}

static void the_last_of_twins_is_written_and_blanks_are_not(void)
{
    CHECK_TEXT(written("{\"a\":1,\"b\":2,\"a\":3}"), "{\"b\":2,\"a\":3}");
    CHECK_TEXT(written("{\"a\":1,\"a\":2,\"a\":3}"), "{\"a\":3}");
    CHECK_TEXT(written(" { \"a b\" : [ 1 , \" \\\" \" ] }\n"), "{\"a b\":[1,\" \\\" \"]}");
    CHECK_TEXT(written("{\"a\":{\"x\":1,\"x\":2},\"\\u0061\":{\"y\":1,\"y\":2}}"),
               "{\"\\u0061\":{\"y\":2}}");
    CHECK_TEXT(written("[{\"a\":[1,{\"b\":1,\"b\":2}],\"c\":0},{\"a\":1,\"a\":{}}]"),
               "[{\"a\":[1,{\"b\":2}],\"c\":0},{\"a\":{}}]");
}

static void twins_are_found_at_the_deepest_level(void)
{
    char json[8 * JSON_DEPTH_MAX] = "";
    size_t len = 0;
    for (int i = 1; i < JSON_DEPTH_MAX; i++)
        len += (size_t)snprintf(json + len, sizeof json - len, "{\"a\":");
    len += (size_t)snprintf(json + len, sizeof json - len, "{\"b\":1,\"b\":2}");
    for (int i = 1; i < JSON_DEPTH_MAX; i++)
        json[len++] = '}';
    CHECK(scan_is_valid((struct str){json, len}));
    CHECK(exist(json));
    CHECK_EQ(written(json).len, len - strlen("\"b\":1,"));
}

/* With an arena of every small size: twins are never taken for no twins. */
static void without_room_to_look_there_may_be_twins(void)
{
    struct str json = STR("{\"\\u0061\":1,\"a\":2}");
    for (size_t max = 32; max < 400; max += 16) {
        struct arena small;
        arena_init(&small, max, max);
        CHECK(twins_exist(json, &small));
        arena_clear(&small);
        fixture_open();
        buffer_reset(&fix.out);
        bool done = twins_write(&fix.out, json, &small);
        CHECK_TEXT(buffer_str(&fix.out), done ? "{\"a\":2}" : "");
        CHECK(done || max < 300);
        arena_clear(&small);
    }
}

CHECK_MAIN(TEST(twins_are_keys_of_one_object_alone),
           TEST(the_last_of_twins_is_written_and_blanks_are_not),
           TEST(twins_are_found_at_the_deepest_level),
           TEST(without_room_to_look_there_may_be_twins))
