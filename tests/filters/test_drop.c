/* tests/filters/test_drop.c - mirrors filters/drop.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "filters/drop.c"

#include "tests/filters/fake_host.h"

static void what_it_is_shown_is_dropped(void)
{
    struct host host;
    struct why why;
    host_init(&host);
    struct event event = {.bytes = STR("a")};
    CHECK_OK(filter_drop.open(NULL, &host, &why), why);
    host_pass(&host, &filter_drop, NULL, &event);
    CHECK_EQ(event.fate, FATE_DROPPED);
    CHECK(filter_drop.when_required);
    host_clear(&host);
}

CHECK_MAIN(TEST(what_it_is_shown_is_dropped))
