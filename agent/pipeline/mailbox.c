/* agent/pipeline/mailbox.c - where two threads meet: a bounded ring of pointers.
 * SPDX-License-Identifier: Apache-2.0
 *
 * `put` and `taken` count on for ever and wrap; their difference is what lies in the ring.
 */
#include "agent/pipeline/mailbox.h"

#include "agent/memory.h"
#include "agent/must.h"

#include <stddef.h>

enum { ROOM_MAX = 1 << 20 };

static uint32_t room_for(uint32_t wanted)
{
#if defined(WEIR_STRESS)
    wanted = wanted < 2 ? wanted : 2;
#endif
    uint32_t room = 1;
    while (room < wanted)
        room *= 2;
    return room;
}

enum code mailbox_init(struct mailbox *mailbox, uint32_t room, struct why *why)
{
    MUST(room > 0 && room <= ROOM_MAX);
    room = room_for(room);
    mailbox->slots = memory_make(room * sizeof *mailbox->slots);
    if (!mailbox->slots)
        return fail(why, OVER_LIMIT, "no memory for a mailbox of %u messages", room);
    mailbox->mask = room - 1;
    mailbox->wake = NULL;
    mailbox->context = NULL;
    atomic_init(&mailbox->taken, 0);
    atomic_init(&mailbox->put, 0);
    atomic_init(&mailbox->sleeps, false);
    return OK;
}

void mailbox_clear(struct mailbox *mailbox)
{
    memory_free(mailbox->slots);
    mailbox->slots = NULL;
}

void mailbox_on_put(struct mailbox *mailbox, void (*wake)(void *context), void *context)
{
    mailbox->wake = wake;
    mailbox->context = context;
}

bool mailbox_has_room(struct mailbox *mailbox)
{
    unsigned put = atomic_load_explicit(&mailbox->put, memory_order_relaxed);
    unsigned taken = atomic_load_explicit(&mailbox->taken, memory_order_acquire);
    return put - taken <= mailbox->mask;
}

bool mailbox_put(struct mailbox *mailbox, void *message)
{
    MUST(message != NULL);
    if (!mailbox_has_room(mailbox))
        return false;
    unsigned put = atomic_load_explicit(&mailbox->put, memory_order_relaxed);
    mailbox->slots[put & mailbox->mask] = message;
    /* Sequentially consistent, like the pair in mailbox_may_sleep(): either the consumer sees the
     * message or this thread sees that it sleeps. */
    atomic_store(&mailbox->put, put + 1);
    if (mailbox->wake && atomic_load(&mailbox->sleeps) && atomic_exchange(&mailbox->sleeps, false))
        mailbox->wake(mailbox->context);
    return true;
}

void *mailbox_take(struct mailbox *mailbox)
{
    unsigned taken = atomic_load_explicit(&mailbox->taken, memory_order_relaxed);
    if (atomic_load_explicit(&mailbox->put, memory_order_acquire) == taken)
        return NULL;
    void *message = mailbox->slots[taken & mailbox->mask];
    atomic_store_explicit(&mailbox->taken, taken + 1, memory_order_release);
    return message;
}

bool mailbox_may_sleep(struct mailbox *mailbox)
{
    atomic_store(&mailbox->sleeps, true);
    if (atomic_load(&mailbox->put) == atomic_load_explicit(&mailbox->taken, memory_order_relaxed))
        return true;
    atomic_store(&mailbox->sleeps, false);
    return false;
}

bool mailbox_is_empty(struct mailbox *mailbox)
{
    return atomic_load_explicit(&mailbox->put, memory_order_acquire) ==
           atomic_load_explicit(&mailbox->taken, memory_order_acquire);
}
