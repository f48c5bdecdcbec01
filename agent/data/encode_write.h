/* agent/data/encode_write.h - between the files that write an event: where they are, how a member is written.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Every member begins with its comma; the first one's becomes the brace of the object when all are written.
 */
#ifndef WEIR_ENCODE_WRITE_H
#define WEIR_ENCODE_WRITE_H

#include "agent/data/naming.h"
#include "agent/data/scan.h"

struct writer {
    struct buffer *to;
    const struct event *event;
    const struct encoding *encoding;
    const struct namebook *book;   /* as they are: of OpenTelemetry, which the extras are called by */
    struct arena *scratch;
    const uint8_t *dead;           /* bit per field: a later one has its key; null: none */
    uint16_t objects, objects_end; /* the user's objects stand between these indexes */
    bool has_parents;              /* names of the naming may stand nested in one of those */
    bool is_error;
};

static inline bool is_quoted(enum value_kind kind)
{
    return kind == VALUE_STRING || kind == VALUE_ESCAPED;
}

static inline char small_letter(char byte)
{
    return byte >= 'A' && byte <= 'Z' ? (char)(byte | 0x20) : byte;
}

/* Dotted names are objects in objects. */
static inline bool names_nest(const struct writer *writer)
{
    return writer->encoding->names == NAMES_ECS || writer->encoding->objects;
}

/* ,"name":"body" of a name that is known, and of a string that is valid. */
static inline void write_string(struct buffer *to, struct str member, struct str body)
{
    char *at = buffer_reserve(to, member.len + body.len + 2);
    if (!at)
        return;
    at = bytes_put(at, member);
    *at++ = '"';
    at = bytes_put(at, body);
    *at++ = '"';
    to->len = (size_t)(at - to->at);
}

enum { LEVEL_BYTES_MAX = 32 };

/* Digits that need no rewriting. */
static inline bool is_plain_integer(struct str text)
{
    if (text.len == 0 || text.len > 18 || (text.at[0] == '0' && text.len > 1))
        return false;
    for (size_t i = 0; i < text.len; i++)
        if (text.at[i] < '0' || text.at[i] > '9')
            return false;
    return true;
}

/* ,"key": of a key that came as JSON. */
static inline void write_json_key(struct buffer *to, struct str key)
{
    char *at = buffer_reserve(to, key.len + 4);
    if (!at)
        return;
    *at++ = ',';
    *at++ = '"';
    at = bytes_put(at, key);
    *at++ = '"';
    *at++ = ':';
    to->len = (size_t)(at - to->at);
}

/* The key as text; its body where there is no memory to unescape it. */
static inline struct str plain_key(const struct writer *writer, const struct field *field)
{
    struct str key = field->key;
    if (UNLIKELY(field->flags & FIELD_KEY_ESCAPED))
        key = json_unescape(key, writer->scratch);
    return key.at ? key : field->key;
}

/* What the event knows of its severity, whatever fields say so. */
static inline bool has_severity_text(const struct event *event)
{
    return event->severity && !(event->flags & EVENT_NO_SEVERITY_TEXT);
}

static inline bool has_severity_number(const struct event *event)
{
    return event->severity && !(event->flags & EVENT_NO_SEVERITY_NUMBER);
}

/* --- encode_slot.c: what a slot says, in the form of the naming ------------------------------------- */

void write_slot_value(const struct writer *writer, enum slot slot, const struct field *field);

/* --- encode_user.c: fields that fill no slot ---------------------------------------------------------- */

/* ,"key": of whatever key. */
void write_key(const struct writer *writer, struct str key);
void write_own_key(const struct writer *writer, const struct field *field);
/* A value as it is, in one line and with unique keys. */
void write_own_value(const struct writer *writer, const struct field *field);
void write_as_text(const struct writer *writer, struct value value);
/* Out of the way, under labels: text of whatever it is, if that is an object. */
void write_label(const struct writer *writer, const struct field *field);
void write_user(const struct writer *writer, const struct field *field);
/* True if an object among the fields holds this dotted name, or a value where it would need an object. */
bool stands_nested(const struct writer *writer, struct str name);
/* Slots whose value the event itself knows, written behind the fields (the time before them). */
bool is_computed(const struct writer *writer, enum slot slot);

#endif
