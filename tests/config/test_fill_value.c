/* tests/config/test_fill_value.c - mirrors agent/config/fill_value.c: every kind of value into its
 * member. SPDX-License-Identifier: Apache-2.0
 */
#include "agent/config/fill_value.c"

#include "tests/config/loading.h"

#include "tests/check.h"

/* The output's object, from the settings given beside its url; null after a mistake. */
static const struct fake_http *http_of(struct loading *loading, const char *settings)
{
    char *text = arena_take(&loading->arena, 4096);
    snprintf(text, 4096, "input stdin { } output elasticsearch { %s }", settings);
    loading_text(loading, text);
    return loading->code == OK ? loading->config->nodes->next->object : NULL;
}

static void every_kind_fills_its_member(void)
{
    struct loading loading;
    loading_init(&loading);
    const struct fake_http *http = http_of(
        &loading,
        "url = [\"https://a\" \"https://b\"]  missing = '-'  compress = \"gzip\"  verify = off "
        "timeout = 1h  batch = 64KiB  retries = 0  key = trace.id  ratio = 0.25 "
        "headers = { X-One = \"1\", \"X Two\" = '2' }");
    CHECK_TEXT(buffer_str(&loading.said), "");
    CHECK_EQ(http->url.count, 2);
    CHECK_TEXT(http->url.texts[1], "https://b");
    CHECK_TEXT(http->missing, "-");
    CHECK_EQ(http->compress, 2);
    CHECK(!http->verify);
    CHECK_EQ(http->timeout_ns, INT64_C(3600000000000));
    CHECK_EQ(http->batch_bytes, 65536);
    CHECK_EQ(http->retries, 0);
    CHECK_TEXT(path_text(http->key), "trace.id");
    CHECK(http->ratio == 0.25);
    CHECK_EQ(http->headers.count, 2);
    CHECK_TEXT(http->headers.keys[1], "X Two");
    CHECK_TEXT(http->headers.texts[1], "2");
    loading_clear(&loading);
}

static void what_is_not_written_has_its_default(void)
{
    struct loading loading;
    loading_init(&loading);
    const struct fake_http *http = http_of(&loading, "url = \"https://a\"");
    CHECK_EQ(http->url.count, 1);
    CHECK_TEXT(http->missing, "none");
    CHECK_EQ(http->timeout_ns, INT64_C(30000000000));
    CHECK_EQ(http->batch_bytes, 5000000);
    CHECK_EQ(http->retries, 3);
    CHECK(http->verify && http->ratio == 0.5);
    CHECK(http->index && !http->key && !http->api_key.len);
    loading_clear(&loading);
}

static void an_old_name_still_works_with_a_warning(void)
{
    struct loading loading;
    loading_init(&loading);
    loading_text(&loading,
                 "input stdin { } filter sample { rate = 2 timeout = 5s } output stdout { }");
    CHECK_EQ(loading.code, OK);
    CHECK_EQ(loading.diagnostics.warnings, 1);
    CHECK_EQ(((struct fake_sample *)loading.config->nodes->next->object)->wait_ns,
             INT64_C(5000000000));
    loading_clear(&loading);
}

static void what_the_environment_brings_is_read_as_the_kind_of_the_setting(void)
{
    struct loading loading;
    loading_init(&loading);
    const struct fake_http *http =
        http_of(&loading, "url = env(\"URLS\")  api_key = env(\"SET\")  retries = env(\"NUMBER\") "
                          "timeout = env(\"NOT_SET\", \"5s\")");
    CHECK_TEXT(buffer_str(&loading.said), "");
    CHECK_EQ(http->url.count, 2);
    CHECK_TEXT(http->url.texts[1], "https://b:2");
    CHECK_TEXT(http->api_key, "from outside");
    CHECK_EQ(http->retries, 7);
    CHECK_EQ(http->timeout_ns, INT64_C(5000000000));
    loading_clear(&loading);
}

static void a_check_takes_an_unset_variable_as_it_comes(void)
{
    struct loading loading;
    loading_init(&loading);
    loading.lenient = true;
    CHECK(http_of(&loading, "url = env(\"NOT_SET\")") != NULL);
    CHECK_EQ(loading.diagnostics.warnings, 1);
    loading_clear(&loading);
}

static void no_message_shows_a_secret(void)
{
    static const char *const settings[] = {
        "url = \"u\" api_key = \"sEcReT\"",
        "url = \"u\" nonsense = 1 api_key = 'sEcReT'",
        "url = \"u\" api_key = \"sEcReT",
        "url = \"u\" batch = env(\"SET\")",
        "api_key = \"sEcReT\" } output kafkaa { password = \"sEcReT\"",
        "url = \"u\" api_key = sEcReT",
        "url = \"u\" api_key = 5sEcReT",
        "url = \"u\" api_key = [sEcReT]",
        "url = \"u\" api_key = env(\"NOT_SET\", \"sEcReT\") nonsense = 1",
        "url = \"http://me:sEcReT@far:1/x\" nonsense = 1",
        "url = \"me:sEcReT@far:1\" nonsense = 1",
        "url = 'http://far/x?a=b&token=sEcReT&c=d' nonsense = 1",
        "nonsense = { Authorization = \"Bearer sEcReT\" 'X-Api-Key' = \"sEcReT\" }",
        "nonsense = { sasl.oauthbearer.config = \"sEcReT\" }",
        "url = \"u\" api_key = <<END\nsEcReT\nEND\n nonsense = 1",
    };
    for (size_t i = 0; i < COUNT(settings); i++) {
        struct loading loading;
        loading_init(&loading);
        http_of(&loading, settings[i]);
        struct str said = buffer_str(&loading.said);
        bool shown = str_find_str(said, STR("sEcReT")) != SIZE_MAX ||
                     str_find_str(said, STR("from outside")) != SIZE_MAX;
        if (said.len == 0 || shown)
            fail_msg("%.*s", STR_ARG(said));
        loading_clear(&loading);
    }
}

CHECK_MAIN(TEST(every_kind_fills_its_member), TEST(what_is_not_written_has_its_default),
           TEST(an_old_name_still_works_with_a_warning),
           TEST(what_the_environment_brings_is_read_as_the_kind_of_the_setting),
           TEST(a_check_takes_an_unset_variable_as_it_comes), TEST(no_message_shows_a_secret))
