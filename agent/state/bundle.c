/* agent/state/bundle.c - what the lane and the disk writer hand each other, and queues of it.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/state/bundle.h"

#include "agent/limits.h"
#include "agent/memory.h"

void chain_put(struct chain *chain, struct bundle *bundle)
{
    bundle->next = NULL;
    chain->room += bundle->bytes.room;
    if (chain->last)
        chain->last->next = bundle;
    else
        chain->first = bundle;
    chain->last = bundle;
}

struct bundle *chain_take(struct chain *chain)
{
    struct bundle *bundle = chain->first;
    if (!bundle)
        return NULL;
    chain->first = bundle->next;
    chain->room -= bundle->bytes.room;
    if (!chain->first)
        chain->last = NULL;
    return bundle;
}

/* As many as the mailbox takes. */
bool chain_send(struct chain *chain, struct mailbox *to)
{
    while (chain->first && mailbox_has_room(to))
        MUST(mailbox_put(to, chain_take(chain)));
    return !chain->first;
}

struct bundle *bundle_make(enum bundle_kind kind)
{
    struct bundle *bundle = memory_make(sizeof *bundle);
    if (!bundle)
        return NULL;
    *bundle = (struct bundle){.kind = (uint8_t)kind};
    buffer_init(&bundle->bytes, SNAPSHOT_BYTES_MAX);
    return bundle;
}

void bundle_free(struct bundle *bundle)
{
    if (!bundle)
        return;
    buffer_clear(&bundle->bytes);
    memory_free(bundle->news);
    memory_free(bundle);
}

void chain_free(struct chain *chain)
{
    while (chain->first)
        bundle_free(chain_take(chain));
}
