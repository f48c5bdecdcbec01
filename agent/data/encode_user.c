/* agent/data/encode_user.c - fields that fill no slot, and how they give way to those that do.
 * SPDX-License-Identifier: Apache-2.0
 *
 *   - a key that a slot is written under, or that is an object there while the value is none,
 *     becomes labels.<key>, with underscores for its dots;
 *   - where dotted names are objects, so does a key below one that is a value;
 *   - an object under the name of a text becomes its JSON text;
 *   - a name that is already there nested is not written dotted as well.
 */
#include "agent/data/encode_write.h"

#include <stdio.h>

#include "agent/data/alias.h"
#include "agent/data/find.h"
#include "agent/data/severity.h"
#include "agent/data/slots.h"
#include "agent/data/twins.h"

void write_key(const struct writer *writer, struct str key)
{
    buffer_byte(writer->to, ',');
    encode_text(writer->to, key);
    buffer_byte(writer->to, ':');
}

void write_own_key(const struct writer *writer, const struct field *field)
{
    if (field->flags & FIELD_KEY_TEXT) {
        write_key(writer, field->key);
        return;
    }
    write_json_key(writer->to, field->key);
}

void write_own_value(const struct writer *writer, const struct field *field)
{
    struct value value = field->value;
    bool is_container = value.kind == VALUE_OBJECT || value.kind == VALUE_ARRAY;
    if (value.kind == VALUE_ARRAY && writer->encoding->array_texts) {
        encode_text(writer->to, value.text);
        return;
    }
    if (is_container && field->flags & FIELD_TWINS) {
        if (!twins_write(writer->to, value.text, writer->scratch))
            writer->to->full = true;
        return;
    }
    if (value.kind == VALUE_DURATION)
        value = (struct value){.kind = VALUE_FLOAT,
                               .real = (double)value.integer /
                                       (double)alias_unit(SLOT_DURATION, field->key)};
    encode_value(writer->to, value);
}

void write_as_text(const struct writer *writer, struct value value)
{
    struct str text;
    if (value.kind == VALUE_STRING || value.kind == VALUE_ESCAPED)
        encode_value(writer->to, value);
    else if (value_text(value, writer->scratch, &text))
        encode_text(writer->to, text);
    else
        buffer_add(writer->to, STR("null"));
}

bool is_computed(const struct writer *writer, enum slot slot)
{
    bool sampled = writer->encoding->sampling && writer->event->reason.len;
    switch ((int)slot) {
    case SLOT_TIME:
        return writer->event->time_ns != 0;
    case SLOT_SEVERITY_NUMBER:
        return !(writer->event->flags & EVENT_NO_SEVERITY_NUMBER);
    case SLOT_ERROR:
        return true;
    case SLOT_SAMPLING_WEIGHT:
    case SLOT_SAMPLING_REASON:
    case SLOT_SAMPLING_RULE:
        return sampled;
    case SLOT_EVENT_ID:
        return writer->encoding->event_id && writer->event->id.len;
    default:
        return false;
    }
}

/* The name leads to something in there, or cannot be there because of a value on the way. */
static bool is_in_way(struct str object, struct str name)
{
    struct place place;
    if (walk_dotted(object, name, &place))
        return true;
    for (size_t dot = 1; dot < name.len; dot++)
        if (name.at[dot] == '.' && walk_dotted(object, str_slice(name, 0, dot), &place) &&
            place.value.kind != VALUE_OBJECT && place.value.kind != VALUE_NULL)
            return true;
    return false;
}

bool stands_nested(const struct writer *writer, struct str name)
{
    for (uint16_t i = writer->objects; i < writer->objects_end; i++) {
        const struct field *field = &writer->event->fields[i];
        if (field->value.kind == VALUE_OBJECT && field->slot == SLOT_NONE &&
            !(field->flags & FIELD_REMOVED) && field->key.len < name.len &&
            name.at[field->key.len] == '.' && str_starts(name, field->key) &&
            is_in_way(field->value.text, str_skip(name, field->key.len + 1)))
            return true;
    }
    return false;
}

static bool is_alike_but_for_dots(struct str a, struct str b)
{
    if (a.len != b.len || str_equal(a, b))
        return false;
    for (size_t i = 0; i < a.len; i++)
        if (a.at[i] != b.at[i] &&
            !((a.at[i] == '.' && b.at[i] == '_') || (a.at[i] == '_' && b.at[i] == '.')))
            return false;
    return true;
}

/* How many fields have had this label before, or have it by themselves. */
static unsigned label_twins(const struct writer *writer, const struct field *field,
                            struct str label)
{
    const struct event *event = writer->event;
    unsigned twins = find_key(event, label) || stands_nested(writer, label);
    for (const struct field *other = event->fields; other < field; other++)
        twins += !(other->flags & FIELD_REMOVED) && is_alike_but_for_dots(other->key, field->key);
    return twins;
}

/* "labels." and the key, dots as underscores: labels are flat. "_2" where that is taken. Without
 * memory a null at. */
static struct str label_key(const struct writer *writer, const struct field *field)
{
    enum { SUFFIX_BYTES = 12 };
    struct str key = plain_key(writer, field);
    struct str label = {NULL, sizeof "labels." - 1 + key.len};
    char *at = arena_take(writer->scratch, label.len + SUFFIX_BYTES);
    if (!at)
        return (struct str){NULL, 0};
    char *end = bytes_put(at, STR("labels."));
    for (size_t i = 0; i < key.len; i++)
        *end++ = key.at[i] == '.' ? '_' : key.at[i];
    label.at = at;
    unsigned twins = label_twins(writer, field, label);
    if (twins)
        label.len += (size_t)snprintf(end, SUFFIX_BYTES, "_%u", twins + 1);
    return label;
}

void write_label(const struct writer *writer, const struct field *field)
{
    struct str key = label_key(writer, field);
    writer->to->full |= !key.at;
    write_key(writer, key);
    if (field->value.kind == VALUE_OBJECT)
        write_as_text(writer, field->value);
    else
        write_own_value(writer, field);
}

/* An array of objects is mapped as an object is. */
static bool is_like_object(struct value value)
{
    size_t at = 0;
    struct member first;
    if (value.kind == VALUE_ARRAY && scan_next(value.text, &at, &first))
        return first.value.kind == VALUE_OBJECT;
    return value.kind == VALUE_OBJECT || value.kind == VALUE_NULL;
}

/* A slot is written under this name (that of the first slot that has it). */
static bool is_written(const struct writer *writer, enum slot slot)
{
    const struct event *event = writer->event;
    if (is_computed(writer, slot) || (slot == SLOT_BODY && event_is_bare(event)) ||
        (slot == SLOT_SEVERITY_TEXT && has_severity_text(event)))
        return true;
    for (uint16_t i = 0; i < event->count; i++)
        if (!(event->fields[i].flags & FIELD_REMOVED) &&
            writer->book->first[event->fields[i].slot] == slot)
            return true;
    return false;
}

/* A field of the user's under a name that a slot would be written under. */
static void write_reserved(const struct writer *writer, const struct field *field, enum slot slot)
{
    bool is_text = slot_type(slot) == SLOT_TEXT || field->value.kind == VALUE_NULL;
    if (!is_text || is_written(writer, slot)) {
        write_label(writer, field);
        return;
    }
    write_own_key(writer, field);
    write_as_text(writer, field->value);
}

static struct claim claim_of(const struct writer *writer, struct str key)
{
    struct claim claim = {.slot = SLOT_NONE};
    if (!namebook_may_have(writer->book, key))
        return claim;
    claim = naming_claim(writer->book->naming, key);
    if (writer->encoding->objects && claim.slot == SLOT_ERROR)
        claim.slot = SLOT_NONE; /* it stands elsewhere */
    if (writer->encoding->objects && str_equal(key, naming_target(NAMES_ECS, SLOT_ERROR)->name))
        claim.slot = SLOT_ERROR;
    return claim;
}

/* A value stands on the way to this key: the user's own, or a slot's, be it in another event. */
static bool is_under_value(const struct writer *writer, struct str key)
{
    for (size_t dot = 1; dot < key.len; dot++) {
        if (key.at[dot] != '.')
            continue;
        struct str above = str_slice(key, 0, dot);
        struct claim claim = claim_of(writer, above);
        const struct field *field = claim.is_parent ? NULL : find_key(writer->event, above);
        if (!claim.is_parent && claim.slot != SLOT_NONE)
            return true;
        if (field && field->slot == SLOT_NONE && !is_like_object(field->value))
            return true;
    }
    return false;
}

void write_user(const struct writer *writer, const struct field *field)
{
    struct str key = plain_key(writer, field);
    struct claim claim = claim_of(writer, key);
    if (stands_nested(writer, key) || (claim.is_parent && !is_like_object(field->value)) ||
        (names_nest(writer) && is_under_value(writer, key))) {
        write_label(writer, field);
    } else if (claim.slot != SLOT_NONE) {
        write_reserved(writer, field, claim.slot);
    } else {
        write_own_key(writer, field);
        write_own_value(writer, field);
    }
}
