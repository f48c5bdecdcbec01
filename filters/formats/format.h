/* filters/formats/format.h - the contract of a log format, and what all of them build on.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A format is one file here and one line in formats.def. It lays fields over a text that it borrows
 * from; it never fails an event: what it cannot read it says, and the text becomes the body.
 */
#ifndef WEIR_FORMAT_H
#define WEIR_FORMAT_H

#include "agent/data/severity.h"
#include "agent/data/slots.h"
#include "agent/weir.h"

enum { SHAPE_KEYS = 64 }; /* keys of a logfmt line that are foreseen in the next */

struct shape_key { /* a key as it was read in the line before */
    char text[32];
    uint8_t len, flags;
    uint16_t name;
};

enum { LABELS_MAX = 24 }; /* of platform lines */

struct reader { /* what reads one event; one per parse filter */
    const struct names *names;
    struct scanner *lines;  /* knows the shape of whole lines */
    struct scanner *inside; /* and that of JSON inside them */
    struct time_cache times;
    struct shape_key shape[SHAPE_KEYS];
    uint8_t label_after[LABELS_MAX + 1]; /* which label of a platform line followed which; the last: was the first */
    bool is_guessed; /* no operator said the format: doubt speaks for plain text */
    /* of the event at hand */
    struct event *event;
    struct arena *arena;
    const char *wrong; /* what is wrong with it, where a format says BROKEN */
    size_t wrong_at;
};

enum format_result {
    FORMAT_READ = 0,
    FORMAT_FOREIGN, /* it is none of mine after all, and I added nothing */
    FORMAT_BROKEN,  /* it is one of mine, and wrong; what stands before the wrong place is kept */
};

struct format {
    const char *name;
    bool (*claims)(struct str line);
    enum format_result (*read)(struct reader *reader, struct str text);
};

#define FORMAT(name) extern const struct format format_##name;
#include "filters/formats/formats.def"
#undef FORMAT

/* --- fields: all keep what fills the slot already
 * ------------------------------------------------- */

static inline bool reader_has(const struct reader *reader, enum slot slot)
{
    return reader->event->slots[slot] != 0;
}
struct field *reader_place_slowly(struct reader *reader, enum slot slot); /* makes room */

/* A new field that fills the slot, null if it is filled or there is no room. The value is the caller's to write, each
 * member by itself: a value that was just made and is copied whole waits for its own stores. It must be of a kind that
 * the slot takes: nobody looks again. */
static inline struct field *reader_place(struct reader *reader, enum slot slot)
{
    struct event *event = reader->event;
    if (event->slots[slot])
        return NULL;
    if (UNLIKELY(event->count >= event->room || event->flags & EVENT_SHARED))
        return reader_place_slowly(reader, slot);
    struct field *field = &event->fields[event->count++];
    field->key = slot_keys[slot];
    field->name = 0;
    field->slot = (uint8_t)slot;
    field->flags = 0;
    event->slots[slot] = event->count;
    event->flags |= EVENT_EDITED;
    return field;
}

/* One that stands in the line. */
static inline void reader_value(struct reader *reader, enum slot slot, const struct value *value)
{
    struct field *field = reader_place(reader, slot);
    if (field)
        field->value = *value;
}

/* INTEGER, TIME or DURATION. */
static inline void reader_integer(struct reader *reader, enum slot slot, enum value_kind kind, int64_t integer)
{
    struct field *field = reader_place(reader, slot);
    if (!field)
        return;
    field->value.kind = kind;
    field->value.integer = integer;
}

static inline void reader_spelled(struct reader *reader, enum slot slot, enum value_kind kind, struct str text)
{
    struct field *field = text.len ? reader_place(reader, slot) : NULL;
    if (!field)
        return;
    field->value.kind = kind;
    field->value.text = text;
}
/* An empty text is no field. */
static inline void reader_text(struct reader *reader, enum slot slot, struct str text)
{
    reader_spelled(reader, slot, VALUE_TEXT, text);
}
/* One in which nothing has to be escaped, not even in JSON. */
static inline void reader_word(struct reader *reader, enum slot slot, struct str word)
{
    reader_spelled(reader, slot, VALUE_STRING, word);
}
void reader_bool(struct reader *reader, enum slot slot, bool truth);
/* A field without a slot; the key lives for ever. */
void reader_extra(struct reader *reader, const char *key, struct value value);
/* A field of a key that stands in the text, which may be an alias of a slot. */
bool reader_field(struct reader *reader, struct field field); /* false: no room */

/* The field with this key, or null; keys as they stand in the line. */
struct field *reader_find(struct reader *reader, struct str key);
/* Makes a field an ordinary one that fills no slot; takes a field out. */
void field_leave(struct event *event, struct field *field);
void field_take_out(struct event *event, struct field *field);

/* Time and level of the event. False, and nothing done, if the text is none. */
bool reader_time(struct reader *reader, struct str text);
bool reader_level(struct reader *reader, struct str word);
void reader_failed(struct reader *reader); /* a crash, timeout or lack of memory of the runtime */

/* `198.50` to ns, given how many ns one is; false if it is no number as JSON spells them. */
bool duration_read(struct str number, int64_t unit_ns, int64_t *ret_ns);

/* JSON inside a line: its members become fields of the event. What they say of level and message
 * outranks what stands around them; time and invocation do not. False, and nothing done, if it is
 * no valid object. */
bool reader_object(struct reader *reader, struct str json);
/* The same for JSON inside the message of a line, as an object or as text. */
void reader_message(struct reader *reader);

/* --- text
 * ----------------------------------------------------------------------------------------- */

static inline bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}
/* True for 8-4-4-4-12 hex digits, the form of a request id. */
bool is_uuid(struct str text);
/* Length of a date and time at the start of a text (2024-01-02T03:04:05.678Z, 2024/01/02 03:04:05,
 * ...), or 0. */
size_t time_prefix(struct str text);
/* The level word that a text begins with or shouts near its beginning, or an empty str. */
struct str level_word(struct str text);
/* True if the text tells of a lack of memory, in any runtime's words. */
bool tells_no_memory(struct str text);
/* Takes the text up to a separator off rest; all of it where there is none. */
struct str take_until(struct str *rest, char separator);

/* --- shared between formats
 * ------------------------------------------------------------------------ */

/* A JSON line of the Telemetry API: {"time","type","record"}. False: it is none. */
bool lambda_event_read(struct reader *reader);
/* A line of an application on Lambda, or of the platform. */
enum format_result lambda_line_read(struct reader *reader, struct str text);
/* Access log of an API gateway in JSON: the keys mean something else there. False: it is none. */
bool gateway_event_read(struct reader *reader);
void plain_read(struct reader *reader, struct str text);
/* The level that a text shouts, where the event has none. */
void plain_level(struct reader *reader, struct str text);

#endif
