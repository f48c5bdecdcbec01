/* tests/sight/test_admin.c - mirrors agent/sight/admin.c; tests/end_to_end/admin.py asks a running
 * agent. SPDX-License-Identifier: Apache-2.0
 */
#include "agent/sight/admin.h"

#include "agent/must.h"
#include "tests/check.h"

static void only_addresses_localhost_and_listed_names_are_allowed_as_host(void)
{
    struct str listed[] = {STR("weir.example")};
    const struct list hosts = {.count = 1, .texts = listed};
    static const struct {
        const char *host;
        bool allowed;
    } cases[] = {
        {"127.0.0.1:4319", true}, {"[::1]:4319", true},      {"localhost", true},
        {"LOCALHOST:1", true},    {"weir.example", true},    {"weir.example:4319", true},
        {"evil.example", false},  {"127.0.0.1.evil", false}, {"", false},
        {"[::1", true},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        CHECK_EQ(admin_host_is_allowed(str_from(cases[i].host), &hosts), cases[i].allowed);
}

CHECK_MAIN(TEST(only_addresses_localhost_and_listed_names_are_allowed_as_host))
