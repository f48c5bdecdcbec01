/* tests/data/test_glob.c - path patterns.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/data/glob.c"

#include "tests/check.h"

static void names_match_as_in_a_shell(void)
{
    static const struct {
        const char *glob, *name;
        bool want;
    } cases[] = {
        {"*.log", "a.log", true},
        {"*.log", "a.log.1", false},
        {"*.log", ".log", false},
        {".*", ".log", true},
        {"a?c", "abc", true},
        {"a?c", "ac", false},
        {"*", "", true},
        {"**", "x", true},
        {"a*b*c", "aXbYbZc", true},
        {"a*b*c", "aXbYbZ", false},
        {"[a-c]x", "bx", true},
        {"[!a-c]x", "bx", false},
        {"[!a-c]x", "dx", true},
        {"[^a]x", "bx", true},
        {"[]]x", "]x", true},
        {"[a", "[a", true},
        {"[a", "a", false},
        {"[a-]x", "-x", true},
        {"app-[0-9][0-9].log", "app-07.log", true},
        {"", "", true},
        {"", "a", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (glob_name_matches(str_from(cases[i].glob), str_from(cases[i].name)) != cases[i].want)
            fail_msg("%s against %s", cases[i].glob, cases[i].name);
}

static void only_two_stars_cross_a_slash(void)
{
    static const struct {
        const char *glob, *path;
        bool want;
    } cases[] = {
        {"/var/log/*.log", "/var/log/a.log", true},
        {"/var/log/*.log", "/var/log/x/a.log", false},
        {"/var/*/a.log", "/var/log/a.log", true},
        {"/var/**/a.log", "/var/a.log", true},
        {"/var/**/a.log", "/var/x/y/z/a.log", true},
        {"/var/**/a.log", "/var/x/.y/a.log", false},
        {"/var/**/[ab]/**/*.log", "/var/1/a/2/3/x.log", true},
        {"/var/**/[ab]/**/*.log", "/var/1/c/2/3/x.log", false},
        {"**/x", "x", true},
        {"**/x", "a/b/x", true},
        {"/var/**", "/var/x", true},
        {"/var/**", "/var/x/y", false},
        {"a/b", "a/b/c", false},
        {"a/b/c", "a/b", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (glob_matches(str_from(cases[i].glob), str_from(cases[i].path)) != cases[i].want)
            fail_msg("%s against %s", cases[i].glob, cases[i].path);
}

static void a_name_made_to_be_slow_is_matched_in_time(void)
{
    char name[256];
    for (size_t i = 0; i < sizeof name; i++)
        name[i] = 'a';
    CHECK(!glob_name_matches(STR("*a*a*a*a*a*a*a*a*a*a*a*b"), (struct str){name, sizeof name}));
}

static void a_plain_text_is_no_pattern(void)
{
    CHECK(!glob_is_pattern(STR("/var/log/app.log")));
    CHECK(glob_is_pattern(STR("/var/log/app-?.log")) && glob_is_pattern(STR("[")));
}

CHECK_MAIN(TEST(names_match_as_in_a_shell), TEST(only_two_stars_cross_a_slash),
           TEST(a_name_made_to_be_slow_is_matched_in_time), TEST(a_plain_text_is_no_pattern))
