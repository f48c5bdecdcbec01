/* tests/ports/test_port_broker_none.c - mirrors agent/ports/port_broker_none.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/ports/port_broker_none.c"

#include "tests/check.h"

static void there_is_no_port(void)
{
    CHECK(brokers_real() == NULL);
}

CHECK_MAIN(TEST(there_is_no_port))
