/* tests/honeycomb/test_statuses.c - mirrors agent/honeycomb/statuses.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/honeycomb/statuses.c"

#include "tests/check.h"

enum { ITEMS_MAX = 8 };

static struct arena arena;
static uint8_t items[ITEMS_MAX];
static struct str words[ITEMS_MAX];

static bool is_read(const char *body, size_t count)
{
    struct judgement judgement = {.items = items, .words = words, .count = count, .arena = &arena};
    arena_reset(&arena);
    memset(items, RETRY, sizeof items);
    return statuses_read(str_from(body), &judgement);
}

static void an_answer_of_the_usual_spelling_is_known_at_once(void)
{
    static const struct {
        const char *body;
        size_t count;
        bool want;
    } cases[] = {
        {"[{\"status\":202}]", 1, true},
        {"[{\"status\":202},{\"status\":202}]", 2, true},
        {"[{\"status\":202},{\"status\":202}]", 1, false},
        {"[{\"status\":202}]", 2, false},
        {"[{\"status\":202},{\"status\":400}]", 2, false},
        {"[{\"status\":202};{\"status\":202}]", 2, false},
        {"[{\"status\":202},", 1, false},
        {"({\"status\":202})", 1, false},
        {"[]", 0, false},
        {"", 0, false},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        CHECK_EQ(all_are_accepted(str_from(cases[i].body), cases[i].count), cases[i].want);
}

static void every_event_gets_its_verdict(void)
{
    static const char *const bodies[] = {
        "[{\"status\":202},{\"status\":202},{\"status\":202}]",
        " [ {\"status\":202}, {\"status\":202}, {\"status\":202} ]\n",
        "[{\"status\":202},{\"status\":429},{\"status\":400,\"error\":\"no\"}]",
    };
    static const uint8_t want[][3] = {{DELIVERED, DELIVERED, DELIVERED},
                                      {DELIVERED, DELIVERED, DELIVERED},
                                      {DELIVERED, RETRY, REFUSED}};
    for (size_t i = 0; i < COUNT(bodies); i++) {
        CHECK(is_read(bodies[i], 3));
        CHECK(memcmp(items, want[i], 3) == 0);
    }
    CHECK_TEXT(words[2], "no");
}

static void an_answer_with_another_number_of_statuses_is_none(void)
{
    CHECK(!is_read("[{\"status\":202}]", 2));
    CHECK(!is_read("[{\"status\":202},{\"status\":202}]", 1));
    CHECK(!is_read("{\"status\":202}", 1));
    CHECK(!is_read("<html>", 1));
}

static int arena_open(void **state)
{
    (void)state;
    arena_init(&arena, 4096, 1 << 20);
    return 0;
}

static int arena_close(void **state)
{
    (void)state;
    arena_clear(&arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_answer_of_the_usual_spelling_is_known_at_once),
        TEST(every_event_gets_its_verdict),
        TEST(an_answer_with_another_number_of_statuses_is_none),
    };
    return cmocka_run_group_tests(tests, arena_open, arena_close);
}
