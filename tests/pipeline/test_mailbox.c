/* tests/pipeline/test_mailbox.c - mirrors agent/pipeline/mailbox.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/pipeline/mailbox.c"

#include <pthread.h>

#include "tests/check.h"

static int letters[64];

static struct mailbox mailbox_of(uint32_t room)
{
    struct mailbox mailbox;
    struct why why;
    CHECK_OK(mailbox_init(&mailbox, room, &why), why);
    return mailbox;
}

static void messages_come_out_in_the_order_they_went_in(void)
{
    struct mailbox mailbox = mailbox_of(4);
    for (int round = 0; round < 10; round++) {
        CHECK(mailbox_put(&mailbox, &letters[0]));
        CHECK(mailbox_put(&mailbox, &letters[1]));
        CHECK(mailbox_take(&mailbox) == &letters[0]);
        CHECK(mailbox_take(&mailbox) == &letters[1]);
        CHECK(mailbox_take(&mailbox) == NULL);
    }
    mailbox_clear(&mailbox);
}

static void a_full_mailbox_refuses_and_keeps_what_it_has(void)
{
    struct mailbox mailbox = mailbox_of(2);
    CHECK(mailbox_put(&mailbox, &letters[0]));
    CHECK(mailbox_put(&mailbox, &letters[1]));
    CHECK(!mailbox_has_room(&mailbox));
    CHECK(!mailbox_put(&mailbox, &letters[2]));
    CHECK(mailbox_take(&mailbox) == &letters[0]);
    CHECK(mailbox_put(&mailbox, &letters[2]));
    CHECK(mailbox_take(&mailbox) == &letters[1]);
    CHECK(mailbox_take(&mailbox) == &letters[2]);
    CHECK(mailbox_is_empty(&mailbox));
    mailbox_clear(&mailbox);
}

static void count_up(void *context)
{
    ++*(int *)context;
}

static void only_a_sleeping_consumer_is_woken_and_only_once(void)
{
    struct mailbox mailbox = mailbox_of(2);
    int woken = 0;
    mailbox_on_put(&mailbox, count_up, &woken);
    CHECK(mailbox_put(&mailbox, &letters[0]));
    CHECK_EQ(woken, 0);
    CHECK(!mailbox_may_sleep(&mailbox));
    CHECK(mailbox_take(&mailbox) != NULL);
    CHECK(mailbox_may_sleep(&mailbox));
    CHECK(mailbox_put(&mailbox, &letters[1]));
    CHECK(mailbox_put(&mailbox, &letters[2]));
    CHECK_EQ(woken, 1);
    mailbox_clear(&mailbox);
}

enum { MANY = 200000 };

static void *put_many(void *context)
{
    struct mailbox *mailbox = context;
    for (size_t i = 0; i < MANY; i++)
        while (!mailbox_put(mailbox, &letters[i % COUNT(letters)]))
            sched_yield();
    return NULL;
}

static void two_threads_lose_and_swap_nothing(void)
{
    struct mailbox mailbox = mailbox_of(16);
    pthread_t producer;
    CHECK_EQ(pthread_create(&producer, NULL, put_many, &mailbox), 0);
    for (size_t i = 0; i < MANY; i++) {
        void *got;
        while ((got = mailbox_take(&mailbox)) == NULL)
            sched_yield();
        CHECK(got == &letters[i % COUNT(letters)]);
    }
    pthread_join(producer, NULL);
    CHECK(mailbox_is_empty(&mailbox));
    mailbox_clear(&mailbox);
}

CHECK_MAIN(TEST(messages_come_out_in_the_order_they_went_in),
           TEST(a_full_mailbox_refuses_and_keeps_what_it_has),
           TEST(only_a_sleeping_consumer_is_woken_and_only_once),
           TEST(two_threads_lose_and_swap_nothing))
