/* tests/config/test_known.c - mirrors agent/config/known.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/config/known.c"

#include "tests/config/loading.h"

#include "tests/check.h"

static void other_tools_words_are_understood(void)
{
    CHECK(says("source stdin { }", "write input"));
    CHECK(says("input stdin { } filter grok { } output stdout { }", "parse { format = auto }"));
    CHECK(says("input stdin { } output opensearch { }", "write output elasticsearch"));
    CHECK(known_thought(STR("filter"), STR("nothing like it")) == NULL);
    CHECK(known_kind(STR("branch")) && !known_kind(STR("rule")));
    CHECK_TEXT(known_kind_nearest(STR("ouput")), "output");
}

static void the_owner_of_a_setting_is_found(void)
{
    struct loading loading;
    loading_init(&loading);
    struct config_options options = {.plugins = fake_plugins};
    struct context context = {.arena = &loading.arena, .options = &options};
    CHECK_TEXT(known_owner(&context, STR("memory")), "agent { ... }");
    CHECK_TEXT(known_owner(&context, STR("compress")), "output elasticsearch { ... }");
    CHECK_TEXT(known_owner(&context, STR("nonsense")), "");
    loading_clear(&loading);
}

CHECK_MAIN(TEST(other_tools_words_are_understood), TEST(the_owner_of_a_setting_is_found))
