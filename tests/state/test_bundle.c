/* tests/state/test_bundle.c - mirrors agent/state/bundle.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/state/bundle.c"

#include "tests/check.h"

static void a_chain_sends_what_the_mailbox_takes_and_keeps_the_rest_in_order(void)
{
    struct mailbox mailbox;
    struct chain chain = {0};
    struct bundle *made[3];
    CHECK_EQ(mailbox_init(&mailbox, 2, NULL), OK);
    for (size_t i = 0; i < COUNT(made); i++) {
        made[i] = bundle_make(BUNDLE_BYTES);
        MUST(made[i] != NULL);
        chain_put(&chain, made[i]);
    }
    CHECK(!chain_send(&chain, &mailbox));
    CHECK(mailbox_take(&mailbox) == made[0]);
    CHECK(chain_send(&chain, &mailbox));
    CHECK(mailbox_take(&mailbox) == made[1]);
    CHECK(mailbox_take(&mailbox) == made[2]);
    for (size_t i = 0; i < COUNT(made); i++)
        chain_put(&chain, made[i]);
    chain_free(&chain);
    CHECK(chain_take(&chain) == NULL);
    mailbox_clear(&mailbox);
}

CHECK_MAIN(TEST(a_chain_sends_what_the_mailbox_takes_and_keeps_the_rest_in_order))
