/* tests/delivery/test_answer.c - mirrors agent/delivery/answer.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/delivery/answer.c"

#include "agent/must.h"
#include "tests/check.h"

static void only_whole_json_is_read(void)
{
    static const struct {
        const char *body;
        enum value_kind want;
    } cases[] = {
        {" {\"a\":1}\r\n", VALUE_OBJECT}, {"[]", VALUE_ARRAY},         {"", VALUE_MISSING},
        {"\"text\"", VALUE_MISSING},      {"{\"a\":1", VALUE_MISSING}, {"<html>", VALUE_MISSING},
        {"{} {}", VALUE_MISSING},         {"[1,]", VALUE_MISSING},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        CHECK_EQ(answer_read(str_from(cases[i].body)).kind, cases[i].want);
}

static void members_are_found_along_a_path(void)
{
    struct value object = answer_read(STR("{\"a\":{\"b\":{\"c\":\"x\"}},\"n\":7}"));
    CHECK_TEXT(answer_at(object, "a/b/c").text, "x");
    CHECK_TEXT(answer_at(object, "n").text, "7");
    CHECK_EQ(answer_at(object, "a/x/c").kind, VALUE_MISSING);
    CHECK_EQ(answer_at(object, "n/a").kind, VALUE_MISSING);
}

static void members_are_found_by_name(void)
{
    struct arena arena;
    arena_init(&arena, 4096, 1 << 16);
    struct value object = answer_read(STR("{\"error\":\"a \\\"b\\\"\",\"status\":401,\"n\":null}"));
    CHECK_TEXT(answer_text(object, STR("error"), &arena), "a \"b\"");
    CHECK_TEXT(answer_text(object, STR("status"), &arena), "401");
    CHECK_EQ(answer_text(object, STR("n"), &arena).len, 0);
    CHECK_EQ(answer_text(object, STR("detail"), &arena).len, 0);
    CHECK_EQ(answer_member(answer_read(STR("[1]")), STR("error")).kind, VALUE_MISSING);
    CHECK_TEXT(answer_status(502, &arena), "HTTP 502");
    CHECK(str_ends(answer_status(302, &arena), STR("give the final address in `url`")));
    arena_clear(&arena);
}

static void a_status_says_whether_the_request_heals_with_time(void)
{
    static const struct {
        int status;
        enum verdict verdict;
    } cases[] = {{400, REFUSED}, {413, TOO_LARGE}, {408, RETRY}, {429, RETRY}, {500, RETRY},
                 {503, RETRY},   {501, HOLD},      {301, HOLD},  {401, HOLD},  {403, HOLD},
                 {404, HOLD},    {415, HOLD},      {204, RETRY}};
    for (size_t i = 0; i < COUNT(cases); i++)
        CHECK_EQ(verdict_of_status(cases[i].status), cases[i].verdict);
}

static bool number_read(struct value item, struct arena *arena, uint8_t *ret, struct str *ret_words)
{
    (void)arena;
    *ret = item.kind == VALUE_NUMBER ? REFUSED : DELIVERED;
    *ret_words = item.text;
    return item.kind != VALUE_NULL;
}

static void an_answer_has_one_item_for_each_event(void)
{
    static const struct {
        const char *body;
        bool is_answer;
    } cases[] = {{"[1,true]", true}, {"[1]", false},      {"[1,2,3]", false},
                 {"[]", false},      {"[1,null]", false}, {"{\"a\":1,\"b\":2}", false}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        uint8_t items[2] = {0};
        struct str words[2] = {0};
        struct judgement judgement = {.items = items, .words = words, .count = 2};
        CHECK_EQ(answer_items(answer_read(str_from(cases[i].body)), &judgement, number_read),
                 cases[i].is_answer);
        CHECK(!cases[i].is_answer || (items[0] == REFUSED && items[1] == DELIVERED));
    }
}

static void a_repeated_item_is_known_without_reading(void)
{
    static const struct {
        const char *items;
        size_t count;
        bool repeats;
    } cases[] = {{"ab", 1, true},     {"ab,ab", 2, true},  {"ab,ab,", 2, false},
                 {"ab,ab", 1, false}, {"ab,ab", 3, false}, {"", 0, false},
                 {"", 1, false},      {"ab,ac", 2, false}, {"ab;ab", 2, false}};
    for (size_t i = 0; i < COUNT(cases); i++)
        CHECK_EQ(answer_repeats(str_from(cases[i].items), STR("ab,"), cases[i].count),
                 cases[i].repeats);
}

CHECK_MAIN(TEST(a_repeated_item_is_known_without_reading),
           TEST(an_answer_has_one_item_for_each_event),
           TEST(a_status_says_whether_the_request_heals_with_time), TEST(only_whole_json_is_read),
           TEST(members_are_found_by_name), TEST(members_are_found_along_a_path))
