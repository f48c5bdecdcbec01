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
enum { NAMINGS = NAMES_HONEYCOMB + 1, MEMBER_ROOM = 48 };
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

/* How a slot's field is written, as far as slot and kind of the value tell, and no object of the user's has the
 * slot's name inside. */
enum way {
    WAY_ASKED = 0, /* more has to be known */
    WAY_NONE,      /* not at all: the event itself says it, or it is not sent */
    WAY_TIME,      /* the same where the event knows its time */
    WAY_QUOTED,    /* the body of a string, as it is */
    WAY_CHECKED,   /* text that may have to be escaped */
    WAY_LOWER,     /* the body of a string, in small letters */
    WAY_SPELLED,   /* a number as it is */
    WAY_DIGITS,    /* the same, if it is nothing but digits; else asked */
    WAY_INTEGER,   /* what the value holds as a number */
    WAY_TRUTH,
};

struct slot_way { /* one line of a cache */
    _Alignas(64) char member[MEMBER_ROOM]; /* ,"name": and zeros, to be copied as a whole */
    uint8_t member_len; /* 0: the slot is not sent */
    uint8_t ways[VALUE_ARRAY + 1]; /* enum way */
};

/* The same for whoever asks for every field of an event: most keys of users are told by their first and last
 * letter and their length. */
struct namebook {
    enum naming naming;
    uint64_t ends[256];        /* of the names that begin with this byte: namebook_bit() of each */
    uint8_t first[SLOT_COUNT]; /* naming_first() */
    struct slot_way slots[SLOT_COUNT];
};
const struct namebook *naming_book(enum naming naming);

/* Of a name that is not empty: a bit for its length and its last byte. */
static inline uint64_t namebook_bit(struct str key)
{
    return UINT64_C(1) << ((key.len + (unsigned char)key.at[key.len - 1]) & 63);
}

static inline bool namebook_may_have(const struct namebook *book, struct str key)
{
    return key.len && book->ends[(unsigned char)key.at[0]] & namebook_bit(key);
}

#endif
