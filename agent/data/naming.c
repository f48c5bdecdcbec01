/* agent/data/naming.c - what an output calls the semantic fields.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Lookups go through one small hash table per naming, filled from fields.def at first use: two
 * threads encode, so that is done once.
 */
#include "agent/data/naming.h"

#include <pthread.h>
#include <xxhash.h>

#include "agent/data/alias.h"
#include "agent/must.h"

#define TEXT(text)                                                                                 \
    {                                                                                              \
        "" text, sizeof(text) - 1                                                                  \
    }
#define TARGET(text)                                                                               \
    {                                                                                              \
        TEXT(text), TEXT(",\"" text "\":")                                                         \
    }

enum { TABLE_SIZE = 1024 };

const struct target naming_targets[NAMINGS][SLOT_COUNT] = {
#define FIELD(slot, otel, ecs, honeycomb, type) [SLOT_##slot] = TARGET(otel),
    [NAMES_AS_IS] =
        {
#include "agent/data/fields.def"
        },
    [NAMES_OTEL] =
        {
#include "agent/data/fields.def"
        },
#undef FIELD
#define FIELD(slot, otel, ecs, honeycomb, type) [SLOT_##slot] = TARGET(ecs),
    [NAMES_ECS] =
        {
#include "agent/data/fields.def"
        },
#undef FIELD
#define FIELD(slot, otel, ecs, honeycomb, type) [SLOT_##slot] = TARGET(honeycomb),
    [NAMES_HONEYCOMB] =
        {
#include "agent/data/fields.def"
        },
#undef FIELD
};

/* The field sets of ECS and the roots that Elastic's own integrations use: always objects. */
static const struct str roots[] = {
    TEXT("agent"),       TEXT("as"),           TEXT("aws"),          TEXT("azure"),
    TEXT("client"),      TEXT("cloud"),        TEXT("container"),    TEXT("data_stream"),
    TEXT("destination"), TEXT("device"),       TEXT("dll"),          TEXT("dns"),
    TEXT("ecs"),         TEXT("email"),        TEXT("error"),        TEXT("event"),
    TEXT("faas"),        TEXT("file"),         TEXT("gcp"),          TEXT("geo"),
    TEXT("group"),       TEXT("hash"),         TEXT("host"),         TEXT("http"),
    TEXT("kubernetes"),  TEXT("labels"),       TEXT("log"),          TEXT("network"),
    TEXT("observer"),    TEXT("orchestrator"), TEXT("organization"), TEXT("os"),
    TEXT("package"),     TEXT("parent"),       TEXT("process"),      TEXT("registry"),
    TEXT("related"),     TEXT("rule"),         TEXT("server"),       TEXT("service"),
    TEXT("source"),      TEXT("span"),         TEXT("threat"),       TEXT("tls"),
    TEXT("trace"),       TEXT("transaction"),  TEXT("url"),          TEXT("user"),
    TEXT("user_agent"),  TEXT("vlan"),         TEXT("volume"),       TEXT("vulnerability"),
    TEXT("x509"),
};

struct entry {
    struct str key;
    struct claim claim;
};

static struct entry tables[NAMINGS][TABLE_SIZE];
static struct namebook books[NAMINGS];
static pthread_once_t filled = PTHREAD_ONCE_INIT;

static struct entry *find_place(enum naming naming, struct str key)
{
    size_t i = (size_t)XXH3_64bits(key.at, key.len) % TABLE_SIZE;
    while (tables[naming][i].key.at && !str_equal(tables[naming][i].key, key))
        i = (i + 1) % TABLE_SIZE;
    return &tables[naming][i];
}

static struct claim *claim_of(enum naming naming, struct str key)
{
    struct entry *entry = find_place(naming, key);
    entry->key = key;
    books[naming].ends[(unsigned char)key.at[0]] |= namebook_bit(key);
    return &entry->claim;
}

static enum way way_of_text(enum naming naming, enum slot slot, enum value_kind kind)
{
    bool is_ecs_level = slot == SLOT_SEVERITY_TEXT && naming == NAMES_ECS;
    if (slot == SLOT_SPAN_ID && naming == NAMES_HONEYCOMB) /* a span or its parent */
        return WAY_ASKED;
    switch ((int)kind) {
    case VALUE_STRING:
        return is_ecs_level ? WAY_LOWER : WAY_QUOTED;
    case VALUE_ESCAPED:
        return is_ecs_level ? WAY_ASKED : WAY_QUOTED;
    case VALUE_TEXT:
        return is_ecs_level ? WAY_ASKED : WAY_CHECKED;
    default:
        return WAY_ASKED;
    }
}

static enum way way_of_integer(enum naming naming, enum slot slot, enum value_kind kind)
{
    if (slot == SLOT_FAAS_MAX_MEMORY && (naming == NAMES_ECS || kind != VALUE_INTEGER))
        return WAY_ASKED; /* bytes or MB */
    if (kind == VALUE_NUMBER || kind == VALUE_STRING || kind == VALUE_TEXT)
        return WAY_DIGITS;
    return kind == VALUE_INTEGER ? WAY_INTEGER : WAY_ASKED;
}

static enum way way_of(enum naming naming, enum slot slot, enum value_kind kind)
{
    switch ((int)slot) {
    case SLOT_ERROR: /* the event's own, always */
        return WAY_NONE;
    case SLOT_TIME:
        return WAY_TIME;
    case SLOT_SEVERITY_NUMBER: /* the event's own, unless a filter took it out */
    case SLOT_SAMPLING_WEIGHT: /* or if a sampler saw it */
    case SLOT_SAMPLING_REASON:
    case SLOT_SAMPLING_RULE:
    case SLOT_EVENT_ID:
        return WAY_ASKED;
    default:
        break;
    }
    switch (slot_type(slot)) {
    case SLOT_TEXT:
        return way_of_text(naming, slot, kind);
    case SLOT_INTEGER:
        return way_of_integer(naming, slot, kind);
    case SLOT_FLOAT:
        return kind == VALUE_NUMBER ? WAY_SPELLED : WAY_ASKED;
    case SLOT_BOOL:
        return kind == VALUE_BOOL ? WAY_TRUTH : WAY_ASKED;
    case SLOT_IS_DURATION:
        return kind == VALUE_DURATION && naming == NAMES_ECS ? WAY_INTEGER : WAY_ASKED;
    case SLOT_IS_TIME:
        break;
    }
    return WAY_ASKED;
}

static void fill_way(enum naming naming, enum slot slot)
{
    struct slot_way *to = &books[naming].slots[slot];
    struct str member = naming_targets[naming][slot].member;
    bool is_sent = naming_targets[naming][slot].name.len > 0;
    bool is_own = books[naming].first[slot] == slot; /* no other slot has this name */
    MUST(member.len <= MEMBER_ROOM);
    memcpy(to->member, member.at, member.len);
    to->member_len = is_sent ? (uint8_t)member.len : 0;
    for (unsigned kind = 0; kind <= VALUE_ARRAY; kind++) {
        enum way way = is_own ? way_of(naming, slot, (enum value_kind)kind) : WAY_ASKED;
        to->ways[kind] = (uint8_t)(is_sent ? way : WAY_NONE);
    }
}

static void fill_slot(enum naming naming, enum slot slot)
{
    struct str name = naming_targets[naming][slot].name;
    if (name.len == 0)
        return;
    struct claim *claim = claim_of(naming, name);
    if (claim->slot == SLOT_NONE)
        claim->slot = slot;
    books[naming].first[slot] = (uint8_t)claim->slot;
    for (size_t i = 1; i < name.len; i++)
        if (name.at[i] == '.')
            claim_of(naming, str_slice(name, 0, i))->is_parent = true;
}

static void fill(void)
{
    for (unsigned naming = NAMES_OTEL; naming < NAMINGS; naming++) {
        books[naming].naming = (enum naming)naming;
        for (unsigned slot = 1; slot < SLOT_COUNT; slot++) {
            fill_slot((enum naming)naming, (enum slot)slot);
            fill_way((enum naming)naming, (enum slot)slot);
        }
        for (size_t i = 0; naming != NAMES_HONEYCOMB && i < COUNT(roots); i++)
            claim_of((enum naming)naming, roots[i])->is_parent = true;
        (void)claim_of((enum naming)naming, naming_targets[NAMES_ECS][SLOT_ERROR].name);
    }
}

struct claim naming_claim(enum naming naming, struct str key)
{
    pthread_once(&filled, fill);
    return find_place(naming, key)->claim;
}

enum slot naming_first(enum naming naming, enum slot slot)
{
    pthread_once(&filled, fill);
    return (enum slot)books[naming].first[slot];
}

const struct namebook *naming_book(enum naming naming)
{
    pthread_once(&filled, fill);
    return &books[naming];
}
