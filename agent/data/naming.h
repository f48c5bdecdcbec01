/* agent/data/naming.h - what an output calls the semantic fields, and which names are taken by that.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef WEIR_NAMING_H
#define WEIR_NAMING_H

#include "agent/data/encode.h"

struct target { /* where a slot is written */
    struct str name;   /* empty: not sent */
    struct str member; /* the same as it stands between a value and the next: ,"name": */
};
enum { NAMINGS = NAMES_HONEYCOMB + 1 };
extern const struct target naming_targets[NAMINGS][SLOT_COUNT];

static inline const struct target *naming_target(enum naming naming, enum slot slot)
{
    return &naming_targets[naming][slot];
}

struct claim { /* what a naming knows of a key */
    enum slot slot;   /* this key is where that slot is written */
    bool is_parent;   /* keys below it are written, or ECS says that it is an object */
};
struct claim naming_claim(enum naming naming, struct str key);

/* The first slot in the table that is written under the same name (two may share one). */
enum slot naming_first(enum naming naming, enum slot slot);

/* The same for whoever asks for every field of an event: most keys of users are told by their first letter and
 * their length. */
struct namebook {
    enum naming naming;
    uint64_t lengths[256];      /* of the names that begin with this byte: a bit each, for 64 and 0 the same */
    uint8_t first[SLOT_COUNT];  /* naming_first() */
    bool is_simple[SLOT_COUNT]; /* a text is written as it is, and by this slot alone */
};
const struct namebook *naming_book(enum naming naming);

static inline bool namebook_may_have(const struct namebook *book, struct str key)
{
    return key.len && book->lengths[(unsigned char)key.at[0]] >> (key.len & 63) & 1;
}

#endif
