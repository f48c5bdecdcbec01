/* tests/test_why.c - mirrors agent/why.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/why.c"

#include <errno.h>

#include "tests/check.h"

#undef fail /* cmocka has one of its own */

static void a_failure_returns_its_code_and_keeps_its_reason(void)
{
    struct why why = {.sys = 5};
    CHECK_EQ(fail(&why, BAD_CONFIG, "no \"%s\" in line %d", "path", 3), BAD_CONFIG);
    CHECK_EQ(why.code, BAD_CONFIG);
    CHECK_EQ(why.sys, 0);
    CHECK_TEXT(str_from(why.text), "no \"path\" in line 3");
}

static void a_failed_system_call_appends_what_the_system_says(void)
{
    struct why why = {0};
    CHECK_EQ(fail_sys(&why, ENOENT, "cannot open %s", "/a"), SYSTEM_FAILED);
    CHECK_EQ(why.code, SYSTEM_FAILED);
    CHECK_EQ(why.sys, ENOENT);
    CHECK_TEXT(str_from(why.text), "cannot open /a: No such file or directory");
}

static void a_reason_that_is_too_long_is_cut_at_its_size(void)
{
    char text[1000];
    struct why why;
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = 0;
    fail(&why, OVER_LIMIT, "%s", text);
    CHECK_EQ(strlen(why.text), sizeof why.text - 1);
    fail_sys(&why, EACCES, "%s", text);
    CHECK_EQ(strlen(why.text), sizeof why.text - 1);
    text[sizeof why.text - 4] = 0;
    fail_sys(&why, EACCES, "%s", text);
    CHECK_EQ(strlen(why.text), sizeof why.text - 1);
    CHECK_TEXT(str_skip(str_from(why.text), sizeof why.text - 4), ": P");
}

static void nobody_has_to_ask_for_the_reason(void)
{
    CHECK_EQ(fail(NULL, REMOTE_FAILED, "%d", 1), REMOTE_FAILED);
    CHECK_EQ(fail_sys(NULL, EIO, "%d", 1), SYSTEM_FAILED);
}

CHECK_MAIN(TEST(a_failure_returns_its_code_and_keeps_its_reason),
           TEST(a_failed_system_call_appends_what_the_system_says),
           TEST(a_reason_that_is_too_long_is_cut_at_its_size),
           TEST(nobody_has_to_ask_for_the_reason))
