/* tests/state/test_news.c - mirrors agent/state/news.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/state/news.c"

#include "tests/check.h"

static void a_failure_says_where_what_and_what_to_do(void)
{
    static const struct {
        const char *path;
        int sys;
        bool healed;
        const char *want;
    } cases[] = {
        {"out/a", ENOSPC, false,
         "cannot write out/a: No space left on device (free some space; nothing is lost, inputs "
         "wait)"},
        {"out/a", EROFS, false,
         "cannot write out/a: Read-only file system (the file system became read-only; nothing is "
         "lost, inputs wait)"},
        {"", EPIPE, false, "cannot write standard output: Broken pipe (its reader has gone)"},
        {"out/a", EIO, false,
         "cannot write out/a: Input/output error (trying again; nothing is lost, inputs wait)"},
        {"out/a", ENOSPC, true, "writing out/a works again"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct writer_news news = news_of(3, cases[i].path, cases[i].sys, cases[i].healed);
        CHECK_TEXT(str_from(news.text), cases[i].want);
        CHECK_EQ(news.stream, 3);
    }
}

CHECK_MAIN(TEST(a_failure_says_where_what_and_what_to_do))
