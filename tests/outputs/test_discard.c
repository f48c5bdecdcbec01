/* tests/outputs/test_discard.c - mirrors outputs/discard.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "outputs/discard.c"

#include "tests/check.h"

static void it_takes_and_does_nothing(void)
{
    CHECK(output_discard.discards);
    CHECK(!output_discard.stream && !output_discard.endpoint && !output_discard.encode);
}

CHECK_MAIN(TEST(it_takes_and_does_nothing))
