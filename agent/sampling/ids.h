/* agent/sampling/ids.h - from an id to its open group.
 * SPDX-License-Identifier: Apache-2.0
 *
 * An open-addressing table of tags in front of the ids themselves, so that a look-up touches one cache line of the
 * table and one id.
 */
#ifndef WEIR_IDS_H
#define WEIR_IDS_H

#include "agent/sampling/key.h"

struct group;

struct id {
    struct key key;
    struct group *group;
    int64_t opened_ns; /* an invocation's START; meaningful while is_open */
    uint32_t next;     /* + 1: the group's next id, or the next free one */
    bool is_open;
};

struct id_slot { /* id 0: empty */
    uint32_t tag, id;
};

struct ids {
    struct id *at;
    struct id_slot *slots;
    uint32_t count, used, room; /* ids in use, ever used, that fit */
    uint32_t slot_room;
    uint32_t free; /* + 1 */
};

struct id *ids_find(const struct ids *ids, struct key key);
/* A new id of a key that is not there yet; null: no memory. May move all ids. */
struct id *ids_add(struct ids *ids, struct key key);
void ids_remove(struct ids *ids, struct id *id);
size_t ids_bytes(const struct ids *ids);
void ids_clear(struct ids *ids);

#endif
