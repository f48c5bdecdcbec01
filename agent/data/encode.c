/* agent/data/encode.c - an event to one JSON object.
 * SPDX-License-Identifier: Apache-2.0
 *
 * As it is: the line itself if nothing was edited, else its fields under their own keys. Under a
 * naming every slot is written once, where fields.def says, and the user's own fields give way to
 * that (encode_user.c). What slot and kind of a value tell how to write is put down at once.
 */
#include "agent/data/encode_write.h"

#include "agent/data/find.h"
#include "agent/data/plain.h"
#include "agent/data/severity.h"
#include "agent/data/slots.h"

/* The name of what the event itself knows. False: it has none here, or stands nested already. */
static bool write_asked_name(const struct writer *writer, enum slot slot)
{
    bool is_outcome = slot == SLOT_ERROR && writer->encoding->objects;
    bool may_stand_nested = writer->has_parents || is_outcome;
    const struct target *target =
        naming_target(is_outcome ? NAMES_ECS : writer->encoding->names, slot);
    if (target->name.len == 0 || (may_stand_nested && stands_nested(writer, target->name)))
        return false;
    buffer_add(writer->to, target->member);
    return true;
}

static inline bool write_name(const struct writer *writer, enum slot slot)
{
    if (UNLIKELY(writer->has_parents || slot == SLOT_ERROR))
        return write_asked_name(writer, slot);
    const struct slot_way *way = &writer->book->slots[slot];
    char *at = buffer_reserve(writer->to, MEMBER_ROOM);
    if (!at)
        return false;
    memcpy(at, way->member, MEMBER_ROOM);
    writer->to->len += way->member_len;
    return way->member_len > 0;
}

/* --- without asking
 * -------------------------------------------------------------------------------
 */

/* A member goes straight to where the next one stands if there is room for its name, for quotes or
 * the digits of a number, and for its text. */
enum { FIXED_ROOM = MEMBER_ROOM + 24 };

static inline bool is_doc_count(const struct writer *writer, const struct field *field)
{
    bool may_be = field->key.len && (field->key.at[0] == '_' || field->flags & FIELD_KEY_ESCAPED);
    return may_be && writer->encoding->doc_count &&
           str_equal(plain_key(writer, field), STR("_doc_count"));
}

static inline char *put_quoted(char *at, struct str body)
{
    *at++ = '"';
    at = bytes_put(at, body);
    *at++ = '"';
    return at;
}

static inline char *put_small_letters(char *at, struct str body)
{
    *at++ = '"';
    for (size_t i = 0; i < body.len; i++)
        *at++ = small_letter(body.at[i]);
    *at++ = '"';
    return at;
}

static inline char *put_integer(char *at, int64_t number)
{
    if (number < 0)
        *at++ = '-';
    return uint_put(at, number < 0 ? 0 - (uint64_t)number : (uint64_t)number);
}

/* ,"name":value of a field with a slot, where slot and kind tell all; null: ask write_slot(). room:
 * for the text. */
static inline char *put_slot(const struct writer *writer, const struct field *field, char *at,
                             size_t room)
{
    const struct slot_way *slot = &writer->book->slots[field->slot];
    const struct value *value = &field->value;
    char *behind = at + slot->member_len;
    enum way way = (enum way)slot->ways[value->kind];
    memcpy(at, slot->member, MEMBER_ROOM);
    switch (way) {
    case WAY_NONE:
        return at;
    case WAY_TIME:
        return writer->event->time_ns ? at : NULL;
    case WAY_CHECKED:
        if (!is_plain_text(value->text))
            return NULL;
        return value->text.len <= room ? put_quoted(behind, value->text) : NULL;
    case WAY_QUOTED:
        return value->text.len <= room ? put_quoted(behind, value->text) : NULL;
    case WAY_LOWER:
        return value->text.len <= LEVEL_BYTES_MAX && value->text.len <= room
                   ? put_small_letters(behind, value->text)
                   : NULL;
    case WAY_DIGITS:
        if (!is_plain_integer(value->text))
            return NULL;
        return value->text.len <= room ? bytes_put(behind, value->text) : NULL;
    case WAY_SPELLED:
        return value->text.len <= room ? bytes_put(behind, value->text) : NULL;
    case WAY_TRUTH:
        return bytes_put(behind, value->truth ? STR("true") : STR("false"));
    case WAY_INTEGER:
        return put_integer(behind, value->integer);
    case WAY_ASKED:
        break;
    }
    return NULL;
}

/* Nothing takes the place of this field of the user's, and it is in nobody's way. */
static inline bool is_free(const struct writer *writer, const struct field *field)
{
    if (is_doc_count(writer, field) || namebook_may_have(writer->book, field->key))
        return false;
    return (writer->objects == writer->objects_end && !names_nest(writer)) ||
           str_find(field->key, '.') == SIZE_MAX;
}

/* ,"key":value of a field of the user's; null: ask write_user(). */
static inline char *put_user(const struct writer *writer, const struct field *field, char *at,
                             size_t room)
{
    const struct value *value = &field->value;
    if (field->flags || value->kind < VALUE_NUMBER || field->key.len > room ||
        value->text.len > room - field->key.len || !is_free(writer, field) ||
        (value->kind == VALUE_TEXT && !is_plain_text(value->text)) ||
        (value->kind == VALUE_ARRAY && writer->encoding->array_texts))
        return NULL;
    *at++ = ',';
    at = put_quoted(at, field->key);
    *at++ = ':';
    bool is_bare = value->kind == VALUE_NUMBER || value->kind > VALUE_ESCAPED;
    return is_bare ? bytes_put(at, value->text) : put_quoted(at, value->text);
}

/* --- under a naming
 * ---------------------------------------------------------------------------------- */

/* Honeycomb takes a line's span for its parent, and the span itself for a span. */
static struct str slot_member(const struct writer *writer, enum slot slot)
{
    const struct event *event = writer->event;
    if (slot == SLOT_SPAN_ID && writer->encoding->names == NAMES_HONEYCOMB &&
        (event->slots[SLOT_PARENT_SPAN_ID] || event->flags & EVENT_ENDS_INVOCATION))
        return STR(",\"trace.span_id\":");
    return naming_target(writer->encoding->names, slot)->member;
}

static void write_slot(const struct writer *writer, const struct field *field)
{
    enum naming naming = writer->encoding->names;
    enum slot slot = (enum slot)field->slot;
    const struct target *target = naming_target(naming, slot);
    if (target->name.len == 0 || is_computed(writer, slot))
        return;
    enum slot first = naming_first(naming, slot);
    bool is_second = first != slot && writer->event->slots[first];
    if ((is_second && slot != SLOT_PARENT_SPAN_ID) || stands_nested(writer, target->name)) {
        write_label(writer, field);
        return;
    }
    buffer_add(writer->to, slot_member(writer, slot));
    write_slot_value(writer, slot, field);
}

/* --- the whole
 * --------------------------------------------------------------------------------------- */

static void write_outcome(const struct writer *writer)
{
    const struct event *event = writer->event;
    bool is_operation = event->slots[SLOT_HTTP_STATUS] || event->slots[SLOT_DURATION] ||
                        event->flags & EVENT_ENDS_INVOCATION;
    if (event->flags & EVENT_NO_ERROR)
        return;
    if (writer->encoding->names != NAMES_ECS && !writer->encoding->objects) {
        if (writer->is_error && write_name(writer, SLOT_ERROR))
            buffer_add(writer->to, STR("true"));
        return;
    }
    if (!writer->is_error && !is_operation)
        return;
    if (write_name(writer, SLOT_ERROR))
        buffer_add(writer->to, writer->is_error ? STR("\"failure\"") : STR("\"success\""));
}

static void write_severity(const struct writer *writer)
{
    const struct event *event = writer->event;
    if (has_severity_text(event) && !event->slots[SLOT_SEVERITY_TEXT] &&
        write_name(writer, SLOT_SEVERITY_TEXT))
        write_string(writer->to, STR(""), severity_word(event->severity));
    if (has_severity_number(event) && write_name(writer, SLOT_SEVERITY_NUMBER))
        buffer_uint(writer->to, event->severity);
}

static void write_sampling(const struct writer *writer)
{
    const struct event *event = writer->event;
    if (write_name(writer, SLOT_SAMPLING_WEIGHT))
        buffer_uint(writer->to, event->weight ? event->weight : 1);
    if (write_name(writer, SLOT_SAMPLING_REASON))
        encode_text(writer->to, event->reason);
    if (event->rule.len && write_name(writer, SLOT_SAMPLING_RULE))
        encode_text(writer->to, event->rule);
}

/* What the encoding asks to add, whatever the naming. */
static void write_extras(const struct writer *writer)
{
    const struct encoding *encoding = writer->encoding;
    if (encoding->sampling && writer->event->reason.len)
        write_sampling(writer);
    if (encoding->event_id && writer->event->id.len && write_name(writer, SLOT_EVENT_ID))
        encode_text(writer->to, writer->event->id);
    if (writer->encoding->doc_count && writer->event->weight > 1) {
        buffer_add(writer->to, STR(",\"_doc_count\":"));
        buffer_uint(writer->to, writer->event->weight);
    }
}

static inline bool is_dead(const uint8_t *dead, unsigned i)
{
    return dead[i / 8] >> (i % 8) & 1;
}

static bool is_skipped(const struct writer *writer, unsigned i)
{
    const struct field *field = &writer->event->fields[i];
    return field->flags & FIELD_REMOVED || (writer->dead && is_dead(writer->dead, i)) ||
           (field->slot == SLOT_NONE && is_doc_count(writer, field));
}

/* What has to be known of all fields before the first is written. */
static void look_ahead(struct writer *writer)
{
    const struct field *fields = writer->event->fields;
    unsigned count = writer->event->count;
    for (unsigned i = 0; i < count; i++) {
        if (LIKELY(fields[i].value.kind != VALUE_OBJECT) || fields[i].slot != SLOT_NONE ||
            fields[i].flags & FIELD_REMOVED)
            continue;
        writer->objects = writer->objects_end ? writer->objects : (uint16_t)i;
        writer->objects_end = (uint16_t)(i + 1);
        writer->has_parents |= namebook_may_have(writer->book, fields[i].key);
    }
    writer->is_error = event_is_error(writer->event, writer->scratch);
}

static void write_asked(const struct writer *writer, const struct field *field)
{
    if (field->slot != SLOT_NONE)
        write_slot(writer, field);
    else if (!is_doc_count(writer, field))
        write_user(writer, field);
}

/* Straight to where it goes, if that is all there is to it; else null. */
static inline char *put_field(const struct writer *writer, const struct field *field, char *at,
                              const char *end)
{
    size_t room = (size_t)(end - at);
    if (UNLIKELY(room < FIXED_ROOM))
        return NULL;
    if (field->slot == SLOT_NONE)
        return put_user(writer, field, at, room - FIXED_ROOM);
    return LIKELY(!writer->has_parents) ? put_slot(writer, field, at, room - FIXED_ROOM) : NULL;
}

static void write_fields(const struct writer *writer)
{
    struct buffer *to = writer->to;
    const struct field *fields = writer->event->fields;
    unsigned count = writer->event->count;
    const uint8_t *dead = writer->dead;
    if (!buffer_reserve(to, 1))
        return;
    char *at = to->at + to->len, *end = to->at + to->room;
    for (unsigned i = 0; i < count; i++) {
        const struct field *field = &fields[i];
        if (field->flags & FIELD_REMOVED || (dead && is_dead(dead, i)))
            continue;
        char *behind = put_field(writer, field, at, end);
        if (LIKELY(behind != NULL)) {
            at = behind;
            continue;
        }
        to->len = (size_t)(at - to->at);
        write_asked(writer, field);
        at = to->at + to->len;
        end = to->at + to->room;
    }
    to->len = (size_t)(at - to->at);
}

static void write_named(struct writer *writer)
{
    const struct event *event = writer->event;
    look_ahead(writer);
    if (event->time_ns && write_name(writer, SLOT_TIME))
        encode_time(writer->to, event->time_ns);
    write_fields(writer);
    if (event_is_bare(event) && write_name(writer, SLOT_BODY))
        encode_text(writer->to, event->bytes);
    write_severity(writer);
    write_outcome(writer);
}

/* Under their own keys; what write_extras() adds takes the place of a field of that name. */
static bool is_replaced(const struct writer *writer, const struct field *field)
{
    struct str key = plain_key(writer, field);
    if (!namebook_may_have(writer->book, key))
        return false;
    enum slot slot = naming_claim(NAMES_OTEL, key).slot;
    return slot != SLOT_TIME && slot != SLOT_ERROR && slot != SLOT_SEVERITY_NUMBER &&
           is_computed(writer, slot);
}

static void write_unnamed(const struct writer *writer)
{
    const struct event *event = writer->event;
    for (uint16_t i = 0; i < event->count; i++) {
        if (is_skipped(writer, i) || is_replaced(writer, &event->fields[i]))
            continue;
        write_own_key(writer, &event->fields[i]);
        write_own_value(writer, &event->fields[i]);
    }
    if (event_is_bare(event) && !find_key(event, STR("message"))) {
        buffer_add(writer->to, STR(",\"message\":"));
        encode_text(writer->to, event->bytes);
    }
}

/* Parsers may add a key twice; the last one wins. Quadratic for few fields only. */
static const uint8_t *find_dead(const struct event *event, struct arena *scratch)
{
    uint8_t *dead = arena_zeroed(scratch, event->count / 8u + 1);
    for (uint16_t i = 0; dead && i < event->count; i++) {
        for (uint16_t j = (uint16_t)(i + 1); j < event->count; j++) {
            const struct field *later = &event->fields[j];
            if (later->flags & FIELD_REMOVED || !str_equal(event->fields[i].key, later->key))
                continue;
            dead[i / 8] |= (uint8_t)(1 << i % 8);
            break;
        }
    }
    return dead;
}

/* The name of something that write_extras() may add. */
static bool is_extra(const struct writer *writer, const struct field *field)
{
    struct str key = plain_key(writer, field);
    switch (key.len ? key.at[0] : 0) {
    case '_':
        return str_equal(key, STR("_doc_count"));
    case 's':
        return str_starts(key, STR("sampling."));
    case 'w':
        return str_starts(key, STR("weir."));
    default:
        return false;
    }
}

/* The line itself, if nobody edited it and nothing in it has the name of an extra. */
static bool copy_line(const struct writer *writer)
{
    const struct event *event = writer->event;
    if ((event->flags & (EVENT_JSON | EVENT_EDITED)) != EVENT_JSON || event->count == 0)
        return false;
    for (uint16_t i = 0; i < event->count; i++)
        if (is_extra(writer, &event->fields[i]))
            return false;
    struct str object = str_trim(event->bytes);
    buffer_add(writer->to, (struct str){object.at, object.len - 1});
    return true;
}

void encode_event(struct buffer *to, const struct event *event, const struct encoding *encoding,
                  struct arena *scratch)
{
    bool is_as_is = encoding->names == NAMES_AS_IS;
    struct writer writer = {.to = to,
                            .event = event,
                            .encoding = encoding,
                            .book = naming_book(is_as_is ? NAMES_OTEL : encoding->names),
                            .scratch = scratch};
    size_t from = to->len;
    if (!is_as_is || !copy_line(&writer)) {
        if (!(event->flags & EVENT_JSON) && event->count > 1)
            writer.dead = find_dead(event, scratch);
        if (is_as_is)
            write_unnamed(&writer);
        else
            write_named(&writer);
    }
    write_extras(&writer);
    if (to->len == from)
        buffer_byte(to, '{');
    else
        to->at[from] = '{'; /* the first member's comma, or the brace of the line */
    buffer_byte(to, '}');
}
