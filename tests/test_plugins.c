/* tests/test_plugins.c - mirrors agent/plugins.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/plugins.c"

#include "tests/config/plugins.h"

#include "tests/check.h"

static void each_kind_has_its_list_and_an_end(void)
{
    CHECK_TEXT(str_from(plugin_at(&fake_plugins, NODE_INPUT, 1).name), "tail");
    CHECK(plugin_at(&fake_plugins, NODE_INPUT, 1).itself == &fake_tail);
    CHECK(plugin_at(&fake_plugins, NODE_FILTER, 3).label_wanted);
    CHECK_EQ(plugin_at(&fake_plugins, NODE_OUTPUT, 0).size, sizeof(struct fake_http));
    CHECK(plugin_at(&fake_plugins, NODE_OUTPUT, 2).keyed_by_trace);
    CHECK(plugin_at(&fake_plugins, NODE_OUTPUT, 3).name == NULL);
    CHECK(plugin_at(&(struct plugin_lists){0}, NODE_INPUT, 0).name == NULL);
}

CHECK_MAIN(TEST(each_kind_has_its_list_and_an_end))
