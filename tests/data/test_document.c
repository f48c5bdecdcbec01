/* tests/data/test_document.c - mirrors agent/data/document.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/data/document.c"

#include "agent/must.h"

#include "tests/check.h"

static void only_a_whole_object_is_a_document(void)
{
    CHECK_EQ(document_read(STR(" {\"a\":1}\n")).kind, VALUE_OBJECT);
    CHECK_EQ(document_read(STR("[]")).kind, VALUE_MISSING);
    CHECK_EQ(document_read(STR("{\"a\":1")).kind, VALUE_MISSING);
    CHECK_EQ(document_read(STR("<html>")).kind, VALUE_MISSING);
    CHECK_EQ(document_read(STR("")).kind, VALUE_MISSING);
}

static void members_are_found_along_a_path(void)
{
    struct arena arena;
    arena_init(&arena, 4096, 65536);
    struct value root = document_read(STR("{\"a\":{\"b\":{\"c\":\"x\\n\"}},\"n\":7,\"l\":[1]}"));
    CHECK_TEXT(document_text(document_at(root, "a/b/c"), &arena), "x\n");
    CHECK_TEXT(document_text(document_at(root, "n"), &arena), "7");
    CHECK_EQ(document_at(root, "a/x/c").kind, VALUE_MISSING);
    CHECK_EQ(document_at(root, "n/a").kind, VALUE_MISSING);
    CHECK_EQ(document_member(root, STR("l")).kind, VALUE_ARRAY);
    CHECK_EQ(document_text(document_at(root, "z"), &arena).len, 0);
    arena_clear(&arena);
}

static uint64_t hash_of(const char *text)
{
    return document_hash(document_read(str_from(text)), " _meta version ");
}

static void what_says_the_same_has_the_same_hash(void)
{
    static const char *const same[] = {
        "{\"a\":{\"b\":[1,2],\"c\":true}}",
        "{ \"a\" : { \"c\":true, \"b\" : [ 1, 2 ] } }",
        "{\"_meta\":{\"x\":1},\"a\":{\"version\":9,\"b\":[1,2],\"c\":true}}",
    };
    static const char *const other[] = {
        "{\"a\":{\"b\":[2,1],\"c\":true}}",     "{\"a\":{\"b\":[1,2],\"c\":false}}",
        "{\"a\":{\"b\":[1,2],\"c\":\"true\"}}", "{\"a\":{\"b\":[\"1\",2],\"c\":true}}",
        "{\"a\":{\"b\":[1,2]},\"c\":true}",     "{\"a\":{\"b\":[1,2],\"c\":true,\"d\":{}}}",
        "{\"a\":{\"b\":[[1],2],\"c\":true}}",   "{\"a\":{\"c\":[1,2],\"b\":true}}",
        "{\"a\":{\"b\":[1,2],\"c\":null}}",
    };
    for (size_t i = 1; i < COUNT(same); i++)
        CHECK(hash_of(same[i]) == hash_of(same[0]));
    for (size_t i = 0; i < COUNT(other); i++)
        CHECK(hash_of(other[i]) != hash_of(same[0]));
}

CHECK_MAIN(TEST(only_a_whole_object_is_a_document), TEST(members_are_found_along_a_path),
           TEST(what_says_the_same_has_the_same_hash))
