/* agent/data/alias.c - every spelling of every slot, and what its numbers count.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/data/alias.h"

#include "agent/must.h"

#define TEXT(text)                                                                                 \
    {                                                                                              \
        "" text, sizeof(text) - 1                                                                  \
    }

const struct alias aliases[] = {
#define NOT_ALIAS(key)          {TEXT(key), SLOT_NONE},
#define ALIAS(slot, key)        {TEXT(key), SLOT_##slot},
#define SCALED(slot, key, unit) {TEXT(key), SLOT_##slot},
#include "agent/data/aliases.def"
#define FIELD(slot, otel, ecs, honeycomb, type) {TEXT(otel), SLOT_##slot},
#include "agent/data/fields.def"
#undef FIELD
#define FIELD(slot, otel, ecs, honeycomb, type) {TEXT(ecs), SLOT_##slot},
#include "agent/data/fields.def"
#undef FIELD
#define FIELD(slot, otel, ecs, honeycomb, type) {TEXT(honeycomb), SLOT_##slot},
#include "agent/data/fields.def"
#undef FIELD
};
const size_t alias_count = COUNT(aliases);

const struct nested_alias nested_aliases[] = {
#define NESTED(slot, root, rest) {SLOT_##slot, TEXT(root), TEXT(rest)},
#include "agent/data/aliases.def"
};
const size_t nested_alias_count = COUNT(nested_aliases);

uint64_t alias_nested(struct str key)
{
    uint64_t slots = 0;
    for (size_t i = 0; i < nested_alias_count; i++)
        if (str_equal(nested_aliases[i].root, key))
            slots |= event_flat_bit(nested_aliases[i].slot);
    return slots;
}

static const struct scale {
    enum slot slot;
    struct str key;
    int64_t unit;
} scales[] = {
#define SCALED(slot, key, unit) {SLOT_##slot, TEXT(key), unit},
#include "agent/data/aliases.def"
};

int64_t alias_unit(enum slot slot, struct str key)
{
    if (slot != SLOT_DURATION && slot != SLOT_FAAS_MAX_MEMORY)
        return 1;
    for (size_t i = 0; i < COUNT(scales); i++)
        if (scales[i].slot == slot && str_equal(scales[i].key, key))
            return scales[i].unit;
    return slot == SLOT_DURATION
               ? 1000000
               : 1; /* a bare number of the operator's is in ms, as in duration_ms */
}

enum {
    TYPE_TEXT = SLOT_TEXT,
    TYPE_INTEGER = SLOT_INTEGER,
    TYPE_FLOAT = SLOT_FLOAT,
    TYPE_BOOL = SLOT_BOOL,
    TYPE_TIME = SLOT_IS_TIME,
    TYPE_DURATION = SLOT_IS_DURATION
};

const struct str slot_keys[SLOT_COUNT] = {
    [SLOT_NONE] = TEXT(""),
#define FIELD(slot, otel, ecs, honeycomb, type) [SLOT_##slot] = TEXT(otel),
#include "agent/data/fields.def"
#undef FIELD
};

const uint8_t slot_types[SLOT_COUNT] = {
    [SLOT_NONE] = TYPE_TEXT,
#define FIELD(slot, otel, ecs, honeycomb, type) [SLOT_##slot] = TYPE_##type,
#include "agent/data/fields.def"
#undef FIELD
};

static const struct spelling {
    struct str ecs, honeycomb;
} spellings[SLOT_COUNT] = {
    [SLOT_NONE] = {TEXT(""), TEXT("")},
#define FIELD(slot, otel, ecs, honeycomb, type) [SLOT_##slot] = {TEXT(ecs), TEXT(honeycomb)},
#include "agent/data/fields.def"
#undef FIELD
};

const char *slot_name(enum slot slot)
{
    return slot_keys[slot].at;
}

enum slot slot_of_name(struct str name)
{
    if (name.len == 0)
        return SLOT_NONE;
    if (str_equal(name, STR("duration")))
        return SLOT_DURATION;
    for (unsigned i = 1; i < SLOT_COUNT; i++)
        if (str_equal(slot_keys[i], name))
            return (enum slot)i;
    for (unsigned i = 1; i < SLOT_COUNT; i++)
        if (str_equal(spellings[i].ecs, name))
            return (enum slot)i;
    for (unsigned i = 1; i < SLOT_COUNT; i++)
        if (str_equal(spellings[i].honeycomb, name))
            return (enum slot)i;
    return SLOT_NONE;
}
