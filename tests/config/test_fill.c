/* tests/config/test_fill.c - mirrors agent/config/fill.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/config/fill.c"

#include "tests/config/loading.h"

#include "tests/check.h"

#define WITH(settings) "input stdin { } filter sample { " settings " } output stdout { }"

static void every_row_is_filled_once(void)
{
    CHECK(says(WITH("rate = 2 wait = 5s"), NULL));
    CHECK(says(WITH("rate = 2 rate = 3"), "rate stands here a second time"));
    CHECK(says(WITH("rate = 2 wait = 5s timeout = 6s"), "a second time"));
    CHECK(says(WITH("rte = 2"), "did you mean \"rate\"? (all settings: agent help sample)"));
    CHECK(says(WITH("rate \"x\" = 2"), "rate takes no label"));
    CHECK(says("input tail { pth = \"x\" } output stdout { }", "did you mean \"path\"?"));
    CHECK(!says("input tail { pth = \"x\" } output stdout { }", "needs path"));
}

static void sub_blocks_have_their_own_table(void)
{
    CHECK(says(WITH("rule \"a\" { rate = 1 } rule \"b\" { rate = 2 }"), NULL));
    CHECK(says(WITH("rule { rate = 1 }"), "rule needs a label"));
    CHECK(says(WITH("rule \"a\" { }"), "rule \"a\" needs rate"));
    CHECK(
        says(WITH("rule \"a\" { rate = 1 wait = 5s }"), "unknown setting \"wait\" in rule \"a\""));
    CHECK(says(WITH("rule = 5"), "rule is a block"));
    CHECK(says(WITH("rate { }"), "rate is a setting"));
    CHECK(says(WITH("rules \"a\" { rate = 1 }"), "did you mean \"rule\"?"));
    CHECK(says(WITH("rule tenth { rate = 1 }"), "rule takes a label in quotes"));
}

static void what_the_engine_reads_stands_beside_the_plugins_own(void)
{
    CHECK(says(WITH("rate = 2 when = error from = [stdin]"), NULL));
    CHECK(says("input stdin { filter parse { from = [stdin] } } output stdout { }",
               "unknown setting \"from\""));
    CHECK(says("input stdin { when = error } output stdout { }", "unknown setting \"when\""));
}

CHECK_MAIN(TEST(every_row_is_filled_once), TEST(sub_blocks_have_their_own_table),
           TEST(what_the_engine_reads_stands_beside_the_plugins_own))
