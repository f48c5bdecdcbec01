/* tests/config/test_test_block.c - mirrors agent/config/test_block.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/config/test_block.c"

#include "tests/config/loading.h"

#include "tests/check.h"

#define RUN "input stdin \"in\" { } output stdout \"out\" { } "

static void a_test_block_is_parsed_fully(void)
{
    CHECK(says(RUN "test \"t\" { given \"in\" = 'x' given \"in\" = 'y' chance = keep "
                   "expect \"out\" { kept = true reason = \"r\" rule = \"r\" weight = 10 "
                   "fields = { http.response.status_code = 400 } } }",
               NULL));
    CHECK(says(RUN "test { given \"in\" = 'x' expect \"out\" { } }", "a test needs a name"));
    CHECK(says(RUN "test \"t\" { expect \"out\" { } }", "a test needs lines"));
    CHECK(says(RUN "test \"t\" { given \"in\" = 'x' }", "needs a block expect"));
    CHECK(
        says(RUN "test \"t\" { given \"i\" = 'x' expect \"out\" { } }", "there is no input \"i\""));
    CHECK(says(RUN "test \"t\" { given = 'x' expect \"out\" { } }",
               "which input is given these lines?"));
    CHECK(
        says(RUN "test \"t\" { given \"in\" = 'x' expect \"oat\" { } }", "did you mean \"out\"?"));
}

CHECK_MAIN(TEST(a_test_block_is_parsed_fully))
