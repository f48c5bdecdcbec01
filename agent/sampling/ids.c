/* agent/sampling/ids.c - from an id to its open group.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/sampling/ids.h"

#include <string.h>

#include "agent/memory.h"
#include "agent/must.h"

enum { FIRST_ROOM = 256 }; /* powers of two */

static uint32_t tag_of(struct key key)
{
    return (uint32_t)(key_hash(key) >> 32);
}

/* The key's slot, or the empty one where it belongs. */
static uint32_t slot_of(const struct ids *ids, struct key key, uint32_t tag)
{
    uint32_t mask = ids->slot_room - 1;
    uint32_t at = tag & mask;
    while (ids->slots[at].id &&
           (ids->slots[at].tag != tag || !key_equal(ids->at[ids->slots[at].id - 1].key, key)))
        at = (at + 1) & mask;
    return at;
}

struct id *ids_find(const struct ids *ids, struct key key)
{
    if (!ids->slot_room)
        return NULL;
    uint32_t id = ids->slots[slot_of(ids, key, tag_of(key))].id;
    return id ? &ids->at[id - 1] : NULL;
}

static bool grow_slots(struct ids *ids)
{
    uint32_t room = ids->slot_room ? ids->slot_room * 2 : FIRST_ROOM;
    struct id_slot *slots = memory_make(room * sizeof *slots);
    if (!slots)
        return false;
    memset(slots, 0, room * sizeof *slots);
    for (uint32_t i = 0; i < ids->slot_room; i++) {
        if (!ids->slots[i].id)
            continue;
        uint32_t at = ids->slots[i].tag & (room - 1);
        while (slots[at].id)
            at = (at + 1) & (room - 1);
        slots[at] = ids->slots[i];
    }
    memory_free(ids->slots);
    ids->slots = slots;
    ids->slot_room = room;
    return true;
}

static bool grow(struct ids *ids)
{
    uint32_t room = ids->room ? ids->room * 2 : FIRST_ROOM;
    struct id *grown = memory_resize(ids->at, ids->room * sizeof *grown, room * sizeof *grown);
    if (!grown)
        return false;
    ids->at = grown;
    ids->room = room;
    return true;
}

struct id *ids_add(struct ids *ids, struct key key)
{
    if (ids->count >= ids->slot_room / 4 * 3 && !grow_slots(ids))
        return NULL;
    if (!ids->free && ids->used == ids->room && !grow(ids))
        return NULL;
    uint32_t place = ids->free;
    if (place)
        ids->free = ids->at[place - 1].next;
    else
        place = ++ids->used;
    uint32_t tag = tag_of(key);
    uint32_t at = slot_of(ids, key, tag);
    MUST(!ids->slots[at].id);
    ids->slots[at] = (struct id_slot){tag, place};
    ids->at[place - 1] = (struct id){.key = key};
    ids->count++;
    return &ids->at[place - 1];
}

void ids_remove(struct ids *ids, struct id *id)
{
    uint32_t mask = ids->slot_room - 1;
    uint32_t hole = slot_of(ids, id->key, tag_of(id->key));
    MUST(ids->slots[hole].id == (uint32_t)(id - ids->at) + 1);
    for (uint32_t at = (hole + 1) & mask; ids->slots[at].id; at = (at + 1) & mask) {
        /* What probed past the hole moves back into it, so that no search ends too early. */
        if (((at - ids->slots[at].tag) & mask) < ((at - hole) & mask))
            continue;
        ids->slots[hole] = ids->slots[at];
        hole = at;
    }
    ids->slots[hole] = (struct id_slot){0};
    id->next = ids->free;
    ids->free = (uint32_t)(id - ids->at) + 1;
    ids->count--;
}

size_t ids_bytes(const struct ids *ids)
{
    return ids->room * sizeof *ids->at + ids->slot_room * sizeof *ids->slots;
}

void ids_clear(struct ids *ids)
{
    memory_free(ids->at);
    memory_free(ids->slots);
    *ids = (struct ids){0};
}
