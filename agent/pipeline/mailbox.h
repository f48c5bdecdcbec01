/* agent/pipeline/mailbox.h - where two threads meet: a bounded ring of pointers.
 * SPDX-License-Identifier: Apache-2.0
 *
 * One thread puts, one thread takes; neither ever waits. What a pointer leads to belongs to whoever holds
 * it. There is no descriptor in here: whoever runs the consumer says how it is woken, so the
 * simulator, which runs both ends on one thread, gives no hook at all.
 */
#ifndef WEIR_MAILBOX_H
#define WEIR_MAILBOX_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "agent/why.h"

struct mailbox {
    void **slots;
    uint32_t mask;
    void (*wake)(void *context); /* null: nobody sleeps */
    void *context;
    _Alignas(64) atomic_uint taken; /* the consumer's line */
    atomic_bool sleeps;
    _Alignas(64) atomic_uint put; /* the producer's line */
};

/* room: most messages in it, rounded up to a power of two (2 in stress builds). */
enum code mailbox_init(struct mailbox *mailbox, uint32_t room, struct why *why) CHECK_RESULT;
void mailbox_clear(struct mailbox *mailbox);
/* Before the threads start. wake() is called by the producer after a put that finds the consumer asleep. */
void mailbox_on_put(struct mailbox *mailbox, void (*wake)(void *context), void *context);

/* Producer. False: full, nothing happened; try again later. */
bool mailbox_put(struct mailbox *mailbox, void *message) CHECK_RESULT;
bool mailbox_has_room(struct mailbox *mailbox);

/* Consumer. Null: empty. */
void *mailbox_take(struct mailbox *mailbox);
/* Announces sleep: the next put will call wake(). False: something is in here, do not sleep. */
bool mailbox_may_sleep(struct mailbox *mailbox);

/* Either end, a moment's truth. */
bool mailbox_is_empty(struct mailbox *mailbox);

#endif
