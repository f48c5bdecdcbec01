/* tests/config/test_parser.c - mirrors agent/config/parser.c: blocks, lets and what ends them.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/config/parser.c"

#include "tests/config/loading.h"

#include "tests/check.h"

struct parsed {
    struct loading loading;
    struct context context;
    struct config_options options;
    struct syntax_block *blocks;
};

static void parse(struct parsed *parsed, const char *text)
{
    parsed->options = (struct config_options){.plugins = fake_plugins};
    loading_init(&parsed->loading);
    parsed->context = (struct context){.arena = &parsed->loading.arena,
                                       .diagnostics = &parsed->loading.diagnostics,
                                       .options = &parsed->options};
    parsed->blocks = NULL;
    struct syntax_file file = {.context = &parsed->context, .blocks_end = &parsed->blocks};
    file.source = source_add(&parsed->loading.diagnostics, "-e", str_from(text));
    parse_file(&file);
}

static void blocks_hold_settings_and_blocks(void)
{
    struct parsed parsed;
    parse(
        &parsed,
        "let $x = 5 input tail \"a\" { path = \"p\" rate = $x filter parse { } } output stdout{}");
    CHECK_EQ(parsed.loading.diagnostics.errors, 0);
    const struct syntax_block *input = parsed.blocks;
    CHECK_TEXT(input->kind, "input");
    CHECK_TEXT(input->plugin, "tail");
    CHECK_TEXT(input->label, "a");
    CHECK(syntax_find(input, "path") && syntax_find(input, "rate") &&
          !syntax_find(input, "filter"));
    CHECK_TEXT(input->blocks->plugin, "parse");
    CHECK_TEXT(syntax_describe(&parsed.context, input), "input tail \"a\"");
    CHECK_TEXT(syntax_describe(&parsed.context, input->next), "output stdout");
    CHECK_TEXT(parsed.context.lets->name, "x");
    loading_clear(&parsed.loading);
}

static void newlines_only_separate(void)
{
    struct parsed parsed;
    parse(&parsed, "input\ttail\r\n{ path\n=\n\"p\"\n}");
    CHECK_EQ(parsed.loading.diagnostics.errors, 0);
    const struct syntax_setting *path = syntax_find(parsed.blocks, "path");
    MUST(path != NULL);
    CHECK_TEXT(path->value->text, "p");
    loading_clear(&parsed.loading);
}

static void indentation_counts_only_where_braces_do_not_balance(void)
{
    struct parsed parsed;
    parse(&parsed, "branch \"x\" {\nfilter parse {\n}\noutput stdout {\n}\n}\n");
    CHECK_EQ(parsed.loading.diagnostics.errors, 0);
    CHECK_TEXT(parsed.blocks->blocks->next->kind, "output");
    loading_clear(&parsed.loading);
    parse(&parsed, "branch \"x\" {\nfilter parse {\noutput stdout {\n}\n}\n");
    CHECK_EQ(parsed.loading.diagnostics.errors, 1);
    loading_clear(&parsed.loading);
}

static void a_setting_is_understood_in_spite_of_its_sign(void)
{
    static const char *const texts[] = {"input x { path \"p\" }", "input x { path: \"p\" }",
                                        "input x { path == \"p\" }"};
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct parsed parsed;
        parse(&parsed, texts[i]);
        CHECK_EQ(parsed.loading.diagnostics.errors, 1);
        CHECK(syntax_find(parsed.blocks, "path") != NULL);
        loading_clear(&parsed.loading);
    }
}

CHECK_MAIN(TEST(blocks_hold_settings_and_blocks), TEST(newlines_only_separate),
           TEST(indentation_counts_only_where_braces_do_not_balance),
           TEST(a_setting_is_understood_in_spite_of_its_sign))
