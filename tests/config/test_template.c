/* tests/config/test_template.c - mirrors agent/config/template.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/config/template.c"

#include "tests/config/events.h"

#include "tests/check.h"

static void writes(const char *template, enum template_alphabet alphabet, const char *json,
                   int64_t time_ns, const char *want)
{
    struct loading loading;
    loading_init(&loading);
    char *text = arena_take(&loading.arena, 4096);
    snprintf(text, 4096,
             "input stdin { } output elasticsearch { url = \"u\" missing = \"gone\" index = %s }",
             template);
    loading_text(&loading, text);
    CHECK_TEXT(buffer_str(&loading.said), "");
    struct event event = event_from(&loading, json);
    event.time_ns = time_ns;
    struct buffer to;
    buffer_init(&to, 4096);
    const struct fake_http *http = loading.config->nodes->next->object;
    template_write(http->index, &event, alphabet, &to, &loading.arena);
    CHECK_TEXT(buffer_str(&to), want);
    buffer_clear(&to);
    loading_clear(&loading);
}

static void fields_and_times_stand_in_braces(void)
{
    int64_t time = INT64_C(1709210096) * 1000000000; /* 2024-02-29T12:34:56Z */
    writes("\"logs-{.a}-{timestamp:%Y.%m.%d}\"", TEMPLATE_ANY, "{\"a\":\"Web/1\"}", time,
           "logs-Web/1-2024.02.29");
    writes("\"{timestamp:%F %H:%M:%S %j %y %s %%}\"", TEMPLATE_ANY, "{}", time,
           "2024-02-29 12:34:56 060 24 1709210096 %");
    writes("\"{{{.a}}}\"", TEMPLATE_ANY, "{\"a\":7}", 0, "{7}");
    writes("\"{.b}-{timestamp:%Y}\"", TEMPLATE_ANY, "{\"a\":7}", 0, "gone-gone");
    writes("\"plain\"", TEMPLATE_SAFE, "{}", 0, "plain");
}

static void iso_weeks_belong_to_their_own_year(void)
{
    static const struct {
        int64_t seconds;
        const char *want;
    } cases[] = {
        {1704067200, "2024-W01"}, /* 2024-01-01, a Monday */
        {1735603200, "2025-W01"}, /* 2024-12-31 */
        {1609459200, "2020-W53"}, /* 2021-01-01 */
        {1483228800, "2016-W52"}, /* 2017-01-01 */
        {-1, "1970-W01"},         /* 1969-12-31 */
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        writes("\"{timestamp:%G-W%V}\"", TEMPLATE_ANY, "{}", cases[i].seconds * 1000000000,
               cases[i].want);
}

static void what_fields_bring_in_is_made_safe(void)
{
    writes("\"Logs-{.a}\"", TEMPLATE_SAFE, "{\"a\":\"../ETC/Pass wd\"}", 0, "Logs-.__etc_pass_wd");
    writes("\"a.{.a}\"", TEMPLATE_SAFE, "{\"a\":\".b\"}", 0, "a._b");
}

static void a_template_without_braces_is_constant(void)
{
    struct loading loading;
    loading_init(&loading);
    loading_text(&loading, "input stdin { } output elasticsearch { url = \"u\" index = \"logs\" }");
    const struct fake_http *http = loading.config->nodes->next->object;
    CHECK(template_is_constant(http->index));
    loading_clear(&loading);
}

static void what_changes_is_a_star_in_its_pattern(void)
{
    static const struct {
        const char *template, *pattern;
    } cases[] = {{"logs", "logs"},
                 {"logs-{service.name}-prod", "logs-*-prod"},
                 {"{a}{b}-{timestamp:%Y}", "*-*"}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct loading loading;
        struct buffer pattern;
        char text[160];
        loading_init(&loading);
        snprintf(text, sizeof text,
                 "input stdin { } output elasticsearch { url = \"u\" index = \"%s\" }",
                 cases[i].template);
        loading_text(&loading, text);
        const struct fake_http *http = loading.config->nodes->next->object;
        buffer_init(&pattern, 4096);
        template_pattern(http->index, &pattern);
        CHECK_TEXT(buffer_str(&pattern), cases[i].pattern);
        buffer_clear(&pattern);
        loading_clear(&loading);
    }
}

CHECK_MAIN(TEST(what_changes_is_a_star_in_its_pattern), TEST(fields_and_times_stand_in_braces),
           TEST(iso_weeks_belong_to_their_own_year), TEST(what_fields_bring_in_is_made_safe),
           TEST(a_template_without_braces_is_constant))
