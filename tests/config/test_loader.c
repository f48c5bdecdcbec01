/* tests/config/test_loader.c - mirrors agent/config/loader.c: includes, lets, several sources.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/config/loader.c"

#include <stdlib.h>
#include <unistd.h>

#include "tests/config/events.h"

#include "tests/check.h"

static char directory[64];

static void put(const char *name, const char *text)
{
    char path[160];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static const struct files *the_files(void)
{
    static const struct files *files;
    if (!files)
        files = files_posix(FILES_POLL_ONLY);
    return files;
}

static void load_file(struct loading *loading, const char *name)
{
    char path[160];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    struct str copy = arena_copy(&loading->arena, (struct str){path, strlen(path) + 1});
    loading_run(loading, &(struct config_source){.name = copy.at}, 1, the_files());
}

static void includes_are_read_in_sorted_order_where_they_stand(void)
{
    struct loading loading;
    loading_init(&loading);
    put("main.conf", "include \"in/*.conf\"\noutput stdout \"last\" { }\n");
    put("in/20-b.conf", "filter set { fields = { .b = $b } }\n");
    put("in/10-a.conf", "let $b = \"from a\"\ninput stdin \"first\" { }\n");
    put("in/.hidden.conf", "nonsense");
    load_file(&loading, "main.conf");
    CHECK_TEXT(buffer_str(&loading.said), "");
    CHECK_TEXT(loading.config->nodes->label, "first");
    CHECK_TEXT(loading.config->nodes->next->label, "set");
    CHECK_TEXT(loading.config->nodes->next->next->label, "last");
    CHECK_EQ(loading.diagnostics.files, 3);
    loading_clear(&loading);
}

static uint64_t hash_with(const char *included)
{
    struct loading loading;
    loading_init(&loading);
    put("hashed.conf",
        "include \"in/30-c.conf\"\ninput stdin \"i\" { }\noutput stdout \"o\" { }\n");
    put("in/30-c.conf", included);
    load_file(&loading, "hashed.conf");
    CHECK_TEXT(buffer_str(&loading.said), "");
    uint64_t hash = loading.config->hash;
    loading_clear(&loading);
    return hash;
}

static void an_edited_file_gives_the_configuration_another_hash(void)
{
    uint64_t hash = hash_with("let $c = 1\n");
    CHECK(hash != 0 && hash == hash_with("let $c = 1\n"));
    CHECK(hash != hash_with("let $c = 2\n"));
}

static void a_file_that_includes_itself_is_told(void)
{
    struct loading loading;
    loading_init(&loading);
    put("loop.conf", "include \"loop2.conf\"\n");
    put("loop2.conf", "include \"loop.conf\"\n");
    load_file(&loading, "loop.conf");
    CHECK_EQ(loading.code, BAD_CONFIG);
    CHECK(str_find_str(buffer_str(&loading.said), STR("includes itself")) != SIZE_MAX);
    loading_clear(&loading);
}

static void a_file_brings_in_a_secret_without_its_last_newline(void)
{
    struct loading loading;
    loading_init(&loading);
    put("key", "s3cret\n");
    put("secret.conf",
        "input stdin { } output elasticsearch { url = \"u\" api_key = file(\"key\") }");
    load_file(&loading, "secret.conf");
    CHECK_TEXT(buffer_str(&loading.said), "");
    const struct fake_http *http = loading.config->nodes->next->object;
    CHECK_TEXT(http->api_key, "s3cret");
    loading_clear(&loading);
}

static void sources_follow_each_other(void)
{
    struct loading loading;
    loading_init(&loading);
    struct config_source sources[] = {{"-e", STR("let $x = (5 * 2) input stdin { }")},
                                      {"-e", STR("filter sample { rate = $x } output stdout { }")}};
    loading_run(&loading, sources, 2, NULL);
    CHECK_EQ(loading.code, OK);
    const struct fake_sample *sample = loading.config->nodes->next->object;
    struct value value;
    CHECK(expr_constant(sample->rate, &value));
    CHECK_EQ(value.integer, 10);
    loading_clear(&loading);
}

static void an_absent_file_is_told_by_name(void)
{
    struct loading loading;
    loading_init(&loading);
    loading_run(&loading, &(struct config_source){.name = "/nowhere/x.conf"}, 1, the_files());
    CHECK_EQ(loading.code, BAD_CONFIG);
    CHECK_TEXT(buffer_str(&loading.said),
               "error: /nowhere/x.conf cannot be opened: No such file or directory\n");
    loading_clear(&loading);
}

static void an_expression_stands_on_its_own(void)
{
    struct loading loading;
    loading_init(&loading);
    struct expr *expr = expr_from_text(STR(".a =~ '^x'"), loading.names, &loading.diagnostics);
    CHECK(expr != NULL);
    struct event event = event_from(&loading, "{\"a\":\"xy\"}");
    CHECK(expr_true(expr, &event, &loading.arena));
    expr_close(expr);
    CHECK(!expr_from_text(STR(".a =~ '^x' and"), loading.names, &loading.diagnostics));
    CHECK(!expr_from_text(STR(".a =~ '^x' and (1 + 1)"), loading.names, &loading.diagnostics));
    CHECK(loading.diagnostics.errors > 0);
    loading_clear(&loading);
}

static void deep_nesting_is_refused_not_followed(void)
{
    static char text[40000];
    static const char *const openers[] = {"(", "[", "not ", "-", "{ a = ", "branch { ", "f("};
    for (size_t i = 0; i < COUNT(openers); i++) {
        struct loading loading;
        loading_init(&loading);
        bool is_block = openers[i][0] == 'b';
        size_t len = (size_t)snprintf(text, sizeof text, is_block ? "" : "filter drop { when = ");
        while (len < 30000)
            len += (size_t)snprintf(text + len, sizeof text - len, "%s", openers[i]);
        loading_text(&loading, text);
        CHECK_EQ(loading.code, BAD_CONFIG);
        loading_clear(&loading);
    }
}

static void long_chains_of_terms_and_lets_do_no_harm(void)
{
    static char text[60000];
    struct loading loading;
    loading_init(&loading);
    size_t len =
        (size_t)snprintf(text, sizeof text, "input stdin { } output stdout { when = .a == 1");
    while (len < 50000)
        len += (size_t)snprintf(text + len, sizeof text - len, " or .a == 2");
    snprintf(text + len, sizeof text - len, " }");
    loading_text(&loading, text);
    CHECK_EQ(loading.code, OK);
    loading_clear(&loading);
    loading_init(&loading);
    len = (size_t)snprintf(text, sizeof text, "let $v0 = (.a)\n");
    for (int i = 1; i < 1000; i++)
        len += (size_t)snprintf(text + len, sizeof text - len, "let $v%d = ($v%d + 1)\n", i, i - 1);
    snprintf(text + len, sizeof text - len, "input stdin { } output stdout { when = $v999 == 1 }");
    loading_text(&loading, text);
    CHECK_EQ(loading.code, BAD_CONFIG);
    loading_clear(&loading);
}

int main(void)
{
    snprintf(directory, sizeof directory, "/tmp/weir-loader-XXXXXX");
    char inner[80];
    if (!mkdtemp(directory))
        return 1;
    snprintf(inner, sizeof inner, "mkdir %s/in", directory);
    if (system(inner) != 0)
        return 1;
    const struct CMUnitTest tests[] = {
        TEST(includes_are_read_in_sorted_order_where_they_stand),
        TEST(an_edited_file_gives_the_configuration_another_hash),
        TEST(a_file_that_includes_itself_is_told),
        TEST(a_file_brings_in_a_secret_without_its_last_newline),
        TEST(sources_follow_each_other),
        TEST(an_absent_file_is_told_by_name),
        TEST(an_expression_stands_on_its_own),
        TEST(deep_nesting_is_refused_not_followed),
        TEST(long_chains_of_terms_and_lets_do_no_harm),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    snprintf(inner, sizeof inner, "rm -r %s", directory);
    return failed + (system(inner) != 0);
}
