/* tests/config/test_agent_block.c - mirrors agent/config/agent_block.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/config/agent_block.c"

#include "tests/config/loading.h"

#include "tests/check.h"

static void the_agent_block_stands_once_and_within_its_ranges(void)
{
    CHECK(says("agent { memory = 64MiB admin = \"0.0.0.0:80\" admin_hosts = \"h\" drain = 0s } "
               "input stdin { } output stdout { }",
               NULL));
    CHECK(says("agent { } agent { }", "a second agent block (the first is at -e:1:1)"));
    CHECK(says("agent { memory = 1MiB }", "memory is between 16MiB and 1TiB"));
    CHECK(says("agent { admin = on }", "text needs quotes"));
    CHECK(says("agent { at_stop = wait }", "at_stop is keep or decide"));
    CHECK(says("agent \"x\" { }", "takes no name"));
    CHECK(says("agent { input stdin { } }", "input cannot stand in the agent block"));
}

CHECK_MAIN(TEST(the_agent_block_stands_once_and_within_its_ranges))
