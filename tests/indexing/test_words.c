/* tests/indexing/test_words.c - mirrors agent/indexing/words.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/indexing/words.c"

#include "tests/check.h"

static void a_refusal_is_told_in_its_own_words(void)
{
    static const struct {
        int status;
        const char *body, *words;
    } cases[] = {
        {400, "{\"error\":{\"type\":\"a\",\"reason\":\"b\"},\"status\":400}", "a: b"},
        {400, "{\"error\":{\"type\":\"a\",\"reason\":\"b\",\"caused_by\":{\"reason\":\"c\"}}}",
         "a: b; caused by: c"},
        {400,
         "{\"error\":{\"type\":\"a\",\"reason\":\"b\",\"caused_by\":{\"reason\":\"c\","
         "\"caused_by\":{\"reason\":\"d\"}}}}",
         "a: b; caused by: d"},
        {405, "{\"error\":\"Incorrect HTTP method\",\"status\":405}", "Incorrect HTTP method"},
        {502, "<html>", "HTTP 502"},
        {500, "", "HTTP 500"},
        {404, "{}", "HTTP 404"},
    };
    struct arena arena;
    arena_init(&arena, 4096, 1 << 20);
    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct reply reply = {.status = cases[i].status, .body = str_from(cases[i].body)};
        CHECK_TEXT(words_of_reply(&reply, &arena), cases[i].words);
    }
    arena_clear(&arena);
}

CHECK_MAIN(TEST(a_refusal_is_told_in_its_own_words))
