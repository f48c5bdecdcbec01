/* agent/data/event.h - one record: a time, a severity, its original bytes, and what was made of them.
 * SPDX-License-Identifier: Apache-2.0
 *
 * An event's bytes never change. A parser lays an index of fields over them (keys and values are
 * borrowed slices, or copies in the batch's arena); an edit replaces, adds, removes or renames an entry
 * of that index, never the bytes. A branch shares the index until it edits (copy on write).
 * Values stay as text until somebody asks: a JSON number that nobody touches keeps its spelling.
 *
 * Semantic fields have a slot (fields.def). Which other names anybody reads is known when the
 * pipeline is compiled (names.h), so nothing is looked up by name per event.
 */
#ifndef WEIR_EVENT_H
#define WEIR_EVENT_H

#include "agent/data/arena.h"

enum slot {
    SLOT_NONE = 0,
#define FIELD(slot, otel, ecs, honeycomb, type) SLOT_##slot,
#include "agent/data/fields.def"
#undef FIELD
    SLOT_COUNT
};

enum value_kind {
    VALUE_MISSING = 0,
    VALUE_NULL,
    VALUE_BOOL,     /* truth */
    VALUE_INTEGER,  /* integer */
    VALUE_FLOAT,    /* real */
    VALUE_TIME,     /* integer: ns since 1970 UTC */
    VALUE_DURATION, /* integer: ns */
    VALUE_NUMBER,   /* text: a JSON number as it was spelled */
    VALUE_TEXT,     /* text: any bytes; must be checked and escaped when written */
    VALUE_STRING,   /* text: body of a valid JSON string without any backslash: the bytes are the text */
    VALUE_ESCAPED,  /* text: body of a valid JSON string with backslashes */
    VALUE_OBJECT,   /* text: valid JSON, with its braces */
    VALUE_ARRAY,    /* text: valid JSON, with its brackets */
};

struct value {
    enum value_kind kind;
    union {
        struct str text;
        int64_t integer;
        double real;
        bool truth;
    };
};

enum { /* field flags */
    FIELD_REMOVED = 1,     /* not written, not found */
    FIELD_KEY_ESCAPED = 2, /* key holds JSON escapes */
    FIELD_TWINS = 4,       /* somewhere inside the value an object has one key twice: written the slow way */
    FIELD_KEY_TEXT = 8,    /* key is any bytes: must be checked and escaped when written */
};

struct field {
    struct str key;     /* without quotes */
    struct value value;
    uint16_t name;      /* names.h id, 0: nobody asks for this key */
    uint8_t slot;       /* enum slot this field is the source of, or SLOT_NONE */
    uint8_t flags;
};

/* Where an event came from and who is still owed it. Shared by all branch copies of one event; lives as
 * long as the batch. `owed` has a bit per output (the engine's output index). */
struct origin {
    struct source *source; /* null in tests, for made-up events, and where a record was read back */
    uint32_t source_id;    /* source_id() of it: what a record carries */
    uint64_t offset;       /* position in the source */
    uint32_t length;       /* bytes in the source, line end included */
    uint32_t index;        /* within what lies at that offset */
    uint64_t owed;         /* outputs that have no outcome for it yet */
    uint64_t fresh;        /* outputs for which it is counted for the first time */
    uint64_t seq;          /* entry in the source's open list, 0: not in it */
    bool is_counted;       /* in the figures of its function */
    struct function *function; /* that one, where it was counted in this pass; null: not known (agent/sight) */
};

enum fate {
    FATE_LIVE = 0,
    FATE_HELD,        /* a filter took it (copied) and will release it later */
    FATE_DROPPED,     /* by a rule the operator wrote */
    FATE_SAMPLED_OUT, /* by a sampler */
};

#define EVENT_ALL_FLAT UINT64_MAX /* of an event without an object among its fields */

enum { /* event flags */
    EVENT_SHARED = 1,       /* fields belong to another copy too: copy before editing */
    EVENT_PARSED = 2,       /* a format claimed it */
    EVENT_PARSE_FAILED = 4, /* it should have parsed and did not: part of `error` */
    EVENT_FAILED = 8,       /* the built-in `error` judgement found true by the parser (crash, timeout, OOM...) */
    EVENT_PARTIAL = 16,     /* the rest of an unterminated line */
    EVENT_JSON = 32,        /* bytes are one valid JSON object and fields index it in order */
    EVENT_EDITED = 64,      /* the index says something else than the bytes */
    EVENT_PLATFORM = 128,   /* a line of the function platform (START, REPORT...), not of the function */
    EVENT_ENDS_INVOCATION = 256,   /* REPORT: once for each invocation */
    EVENT_STARTS_INVOCATION = 512, /* START */
    EVENT_TIME_OWN = 1024,         /* time_ns was read from the event itself, not inherited */
    /* Taken out by a filter: still known to the judgement `error`, written under no name. */
    EVENT_NO_SEVERITY_TEXT = 2048,
    EVENT_NO_SEVERITY_NUMBER = 4096,
    EVENT_NO_ERROR = 8192,
};

struct event {
    struct str bytes;       /* the line, without its line end */
    int64_t time_ns;        /* since 1970 UTC; 0: not known yet */
    struct origin *origin;
    struct field *fields;   /* in the order they are written */
    uint16_t count, room;   /* used entries, entries there is room for */
    uint16_t flags;
    uint8_t severity;       /* OpenTelemetry SeverityNumber 1-24; 0: unspecified */
    uint8_t fate;           /* enum fate */
    uint32_t weight;        /* how many events this one stands for; 0 is read as 1 */
    uint32_t hops;          /* sampler stages it passed */
    uint64_t flat;          /* event_flat_bit() of slots that stand in no object among the fields; 0: unknown */
    struct str reason;      /* why it was kept; empty before a sampler saw it */
    struct str rule;        /* label of the rule that kept it */
    struct str id;          /* document id; empty until event_id() made it */
    uint16_t slots[SLOT_COUNT]; /* index into fields + 1; 0: no such field */
};

/* --- reading ------------------------------------------------------------------------------------- */

/* The field that fills a slot, or null. Only top-level sources; event_get() also finds nested ones. */
static inline const struct field *event_slot(const struct event *event, enum slot slot)
{
    return event->slots[slot] ? &event->fields[event->slots[slot] - 1] : NULL;
}

/* The bit of a slot in `flat`. Two slots may share one: a bit that is not set says nothing. */
static inline uint64_t event_flat_bit(enum slot slot)
{
    return UINT64_C(1) << ((unsigned)slot % 64);
}

struct path; /* a compiled field path: names.h */

/* The value at a path: the slot, or literal key first, then every dot split, longest literal first.
 * A typed slot gives its type (TIME, DURATION, INTEGER...). scratch: for unescaping. MISSING if none. */
struct value event_get(const struct event *event, const struct path *path, struct arena *scratch);
struct value event_get_slot(const struct event *event, enum slot slot, struct arena *scratch);

/* The text of a value as a person would write it (numbers by their spelling, JSON for containers).
 * False for MISSING and NULL. May borrow from the value. */
bool value_text(struct value value, struct arena *scratch, struct str *ret);
bool value_number(struct value value, double *ret);     /* numeric strings count */
bool value_integer(struct value value, int64_t *ret);

/* The built-in judgement `error`: severity at or above ERROR, a 5xx status, an exception, a timeout,
 * crash or out-of-memory of the runtime, a line that should parse and did not. */
bool event_is_error(const struct event *event, struct arena *scratch);

/* The severity as a word, "info"; empty: unspecified. */
struct str event_severity_word(const struct event *event);

/* --- editing (all copy the index first if it is shared; false: no room, the event is unchanged) ---- */

/* Replaces the field found at the path; else goes into an existing parent object; else adds the dotted
 * key. False also when the parent is no object (the caller counts). Borrowed text must outlive it. */
bool event_set(struct event *event, const struct path *path, struct value value, struct arena *arena);
bool event_remove(struct event *event, const struct path *path, struct arena *arena);
bool event_rename(struct event *event, const struct path *from, const struct path *to, struct arena *arena);
/* Makes the index the event's own, for filters that edit entries of it in place. */
bool event_own(struct event *event, struct arena *arena);
/* Sets the slot's field: replaces what fills it, or adds a field with the slot's OpenTelemetry name. */
bool event_set_slot(struct event *event, enum slot slot, struct value value, struct arena *arena);
/* Adds a field behind the others without looking for a twin; for parsers that build an index.
 * slot may be SLOT_NONE; the first field of a slot wins. */
bool event_add(struct event *event, struct field field, struct arena *arena);

/* What a path's or a slot's source is called in messages. */
const char *slot_name(enum slot slot); /* the OpenTelemetry name */
extern const struct str slot_keys[SLOT_COUNT]; /* the same */

#endif
