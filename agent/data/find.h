/* agent/data/find.h - where a path leads to in an event. For agent/data alone.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef WEIR_FIND_H
#define WEIR_FIND_H

#include "agent/data/path.h"
#include "agent/data/walk.h"

struct spot { /* a top-level field, or a value inside one */
    struct field *field;
    bool is_nested;
    struct place place; /* if nested */
};

/* The top-level field with this key, or null. */
struct field *find_key(const struct event *event, struct str key);

/* A dotted key: literal first, then what stands inside an object under a prefix of it. */
bool find_dotted(const struct event *event, struct str dotted, struct spot *ret);
/* By the path alone, no slot: literal key first, then every dot split. */
bool find_path(const struct event *event, const struct path *path, struct spot *ret);
/* What stands nested under one of a slot's names. */
bool find_inside(const struct event *event, enum slot slot, struct spot *ret);

/* What fills a slot: its field, else what stands nested. */
static inline bool find_slot(const struct event *event, enum slot slot, struct spot *ret)
{
    if (event->slots[slot]) {
        *ret = (struct spot){.field = &event->fields[event->slots[slot] - 1]};
        return true;
    }
    return !(event->flat & event_flat_bit(slot)) && find_inside(event, slot, ret);
}

static inline struct value spot_value(const struct spot *spot)
{
    return spot->is_nested ? spot->place.value : spot->field->value;
}

#endif
