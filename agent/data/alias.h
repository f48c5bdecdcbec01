/* agent/data/alias.h - every spelling of every slot, and what its numbers count.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef WEIR_ALIAS_H
#define WEIR_ALIAS_H

#include "agent/data/event.h"

enum slot_type { SLOT_TEXT, SLOT_INTEGER, SLOT_FLOAT, SLOT_BOOL, SLOT_IS_TIME, SLOT_IS_DURATION };

extern const uint8_t slot_types[SLOT_COUNT];

static inline enum slot_type slot_type(enum slot slot)
{
    return (enum slot_type)slot_types[slot];
}

struct alias { /* a top-level key; SLOT_NONE: claims nothing */
    struct str key;
    enum slot slot;
};
/* In order of preference within a slot; a key that stands here twice belongs to the first. */
extern const struct alias aliases[];
extern const size_t alias_count;

struct nested_alias {
    enum slot slot;
    struct str root, rest;
};
extern const struct nested_alias nested_aliases[];
extern const size_t nested_alias_count;

/* event_flat_bit() of all slots that are looked for in an object under this key. */
uint64_t alias_nested(struct str key);

/* How many ns (DURATION) or bytes (FAAS_MAX_MEMORY) a number under this key counts; 1 for other slots. */
int64_t alias_unit(enum slot slot, struct str key);

/* The slot that an expression means by a name: OpenTelemetry's spelling, else ECS's, else Honeycomb's. */
enum slot slot_of_name(struct str name);

#endif
