/* tests/config/test_lexer.c - mirrors agent/config/lexer.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/config/lexer.c"

#include "tests/config/loading.h"

#include "tests/check.h"

static struct token_list tokens_of(struct loading *loading, struct context *context,
                                   struct str text)
{
    loading_init(loading);
    *context = (struct context){.arena = &loading->arena, .diagnostics = &loading->diagnostics};
    return lex(context, source_add(&loading->diagnostics, "-e", text));
}

static void words_paths_and_numbers_hold_together(void)
{
    static const struct {
        const char *text;
        enum token_kind kinds[6]; /* without the end */
    } cases[] = {
        {"a.b-c.@d", {TOKEN_PATH}},
        {"items[0].id[12]", {TOKEN_PATH}},
        {".\"x y\".z", {TOKEN_PATH}},
        {"a [0]", {TOKEN_PATH, TOKEN_OPEN_BRACKET, TOKEN_NUMBER, TOKEN_CLOSE_BRACKET}},
        {"a - b", {TOKEN_PATH, TOKEN_MINUS, TOKEN_PATH}},
        {"64KiB 1.5 1e-3 5s", {TOKEN_NUMBER, TOKEN_NUMBER, TOKEN_NUMBER, TOKEN_NUMBER}},
        {"5-3", {TOKEN_NUMBER, TOKEN_MINUS, TOKEN_NUMBER}},
        {"$name='x'", {TOKEN_VARIABLE, TOKEN_IS, TOKEN_STRING}},
        {"<= =~ != == =", {TOKEN_AT_MOST, TOKEN_MATCH, TOKEN_NOT_EQUAL, TOKEN_EQUAL, TOKEN_IS}},
        {"https://es-1:9200/x", {TOKEN_JUNK}},
        {"127.0.0.1:4319 }", {TOKEN_JUNK, TOKEN_CLOSE_BRACE}},
        {"# only a comment", {TOKEN_END}},
        {"a # b\nc", {TOKEN_PATH, TOKEN_PATH}},
        {"a.", {TOKEN_JUNK}},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct loading loading;
        struct context context;
        struct token_list tokens = tokens_of(&loading, &context, str_from(cases[i].text));
        for (size_t j = 0; j < tokens.count - 1; j++)
            if (tokens.at[j].kind != cases[i].kinds[j])
                fail_msg("%s: token %zu is %d", cases[i].text, j, tokens.at[j].kind);
        CHECK_EQ(tokens.at[tokens.count - 1].kind, TOKEN_END);
        loading_clear(&loading);
    }
}

static void strings_are_decoded_raw_or_of_many_lines(void)
{
    static const struct {
        const char *text, *want;
    } cases[] = {
        {"\"a\\tb\"", "a\tb"},
        {"'a\\tb'", "a\\tb"},
        {"<<END\none\n  two\nEND\n", "one\n  two"},
        {"<<E\n  E", ""},
        {"<<E rest is ignored\nENDE\n E\nx", "ENDE"},
        {"\"\"", ""},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct loading loading;
        struct context context;
        struct token_list tokens = tokens_of(&loading, &context, str_from(cases[i].text));
        CHECK_EQ(tokens.at[0].kind, TOKEN_STRING);
        CHECK_TEXT(tokens.at[0].text, cases[i].want);
        CHECK_EQ(loading.diagnostics.errors, 0);
        loading_clear(&loading);
    }
}

static void nul_bytes_and_a_mark_of_byte_order_do_no_harm(void)
{
    struct loading loading;
    struct context context;
    struct token_list tokens = tokens_of(&loading, &context,
                                         STR("\xEF\xBB\xBF"
                                             "a\0b"));
    CHECK_EQ(tokens.at[0].kind, TOKEN_JUNK);
    CHECK_EQ(tokens.at[tokens.count - 1].kind, TOKEN_END);
    loading_clear(&loading);
}

CHECK_MAIN(TEST(words_paths_and_numbers_hold_together),
           TEST(strings_are_decoded_raw_or_of_many_lines),
           TEST(nul_bytes_and_a_mark_of_byte_order_do_no_harm))
