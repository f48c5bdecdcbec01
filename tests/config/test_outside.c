/* tests/config/test_outside.c - mirrors agent/config/outside.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/config/outside.c"

#include "tests/config/loading.h"

#include "tests/check.h"

#define WITH(lets, value)                                                                          \
    lets "input stdin { } filter sample { rate = " value " } output stdout { }"

static void lets_are_literals_or_expressions_that_see_those_above(void)
{
    CHECK(says(WITH("let $n = 5 ", "$n"), NULL));
    CHECK(says(WITH("let $n = 5 let $m = ($n * 2) ", "$m + $n"), NULL));
    CHECK(says(WITH("", "$n") " let $n = 5", NULL));
    CHECK(says(WITH("let $m = ($n) let $n = 5 ", "$m"), "nothing sets $n above this let"));
    CHECK(says(WITH("let $n = ($n + 1) ", "$n"), "nothing sets $n above this let"));
    CHECK(says(WITH("let $n = 5 let $n = 6 ", "$n"), "$n is set a second time"));
    CHECK(says(WITH("let $n = .a + 1 ", "$n"), "let $n = (.a + 1)"));
    CHECK(says(WITH("let $number = 5 ", "$numbr"), "did you mean $number?"));
}

static void the_environment_is_asked_by_name(void)
{
    CHECK(says(WITH("", "env(NUMBER)"), "env takes the name of a variable in quotes"));
    CHECK(says(WITH("", "env(\"NOT_SET\")"), "the environment has no NOT_SET"));
    CHECK(says(WITH("", "file(\"/nowhere\")"), "/nowhere files cannot be read here"));
}

static void paths_are_seen_from_the_file_that_names_them(void)
{
    struct loading loading;
    loading_init(&loading);
    struct context context = {.arena = &loading.arena};
    CHECK_TEXT(str_from(outside_path(&context, "/etc/weir/a.conf", STR("b.conf"))),
               "/etc/weir/b.conf");
    CHECK_TEXT(str_from(outside_path(&context, "a.conf", STR("b.conf"))), "b.conf");
    CHECK_TEXT(str_from(outside_path(&context, "/etc/a.conf", STR("/b.conf"))), "/b.conf");
    loading_clear(&loading);
}

static void a_directory_is_no_file_to_read(void)
{
    struct loading loading;
    struct why why;
    struct str text;
    loading_init(&loading);
    const struct config_options options = {.files = files_posix(FILES_POLL_ONLY)};
    struct context context = {.arena = &loading.arena, .options = &options};
    CHECK_EQ(outside_read(&context, "/tmp", &text, &why), BAD_CONFIG);
    CHECK_TEXT(str_from(why.text), "is no file that can be read");
    files_posix_close(options.files);
    loading_clear(&loading);
}

CHECK_MAIN(TEST(lets_are_literals_or_expressions_that_see_those_above),
           TEST(the_environment_is_asked_by_name),
           TEST(paths_are_seen_from_the_file_that_names_them), TEST(a_directory_is_no_file_to_read))
