/* agent/data/encode.c - an event to one JSON object.
 * SPDX-License-Identifier: Apache-2.0
 *
 * As it is: the line itself if nothing was edited, else its fields under their own keys. Under a
 * naming every slot is written once, where fields.def says, and the user's own fields give way to
 * that:
 *   - a key that a slot is written under, or that is an object there while the value is none,
 * becomes labels.<key>;
 *   - an object under the name of a text becomes its JSON text;
 *   - a name that is already there nested is not written dotted as well.
 */
#include "agent/data/encode.h"

#include <string.h>

#include "agent/data/alias.h"
#include "agent/data/find.h"
#include "agent/data/naming.h"
#include "agent/data/severity.h"
#include "agent/data/slots.h"
#include "agent/data/twins.h"
#include "agent/must.h"

struct writer {
    struct buffer *to;
    const struct event *event;
    const struct encoding *encoding;
    struct arena *scratch;
    const uint8_t *dead; /* bit per field: a later one has its key; null: none */
    bool has_member;
    uint16_t objects, objects_end; /* the user's objects stand between these indexes */
    bool is_error;
    uint8_t writes[SLOT_COUNT]; /* by naming_first(): a slot with this name is written */
};

static void separate(struct writer *writer)
{
    if (writer->has_member)
        buffer_byte(writer->to, ',');
    writer->has_member = true;
}

static void write_key(struct writer *writer, struct str key)
{
    separate(writer);
    encode_text(writer->to, key);
    buffer_byte(writer->to, ':');
}

static void write_own_key(struct writer *writer, const struct field *field)
{
    if (field->flags & FIELD_KEY_TEXT) {
        write_key(writer, field->key);
        return;
    }
    separate(writer);
    encode_value(writer->to, (struct value){.kind = VALUE_STRING, .text = field->key});
    buffer_byte(writer->to, ':');
}

/* A value as it is, in one line and with unique keys. */
static void write_own_value(struct writer *writer, const struct field *field)
{
    struct value value = field->value;
    bool is_container = value.kind == VALUE_OBJECT || value.kind == VALUE_ARRAY;
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

static void write_as_text(struct writer *writer, struct value value)
{
    struct str text;
    if (value.kind == VALUE_STRING || value.kind == VALUE_ESCAPED)
        encode_value(writer->to, value);
    else if (value_text(value, writer->scratch, &text))
        encode_text(writer->to, text);
    else
        buffer_add(writer->to, STR("null"));
}

/* --- slots
 * ------------------------------------------------------------------------------------------- */

static void write_severity_text(struct writer *writer, struct value value)
{
    struct str text;
    if (value_is_text(value) && writer->encoding->names != NAMES_ECS) {
        write_as_text(writer, value);
        return;
    }
    if (!value_is_text(value) || !value_text(value, writer->scratch, &text)) {
        encode_text(writer->to, severity_word(writer->event->severity));
        return;
    }
    char lower[32];
    size_t len = text.len < sizeof lower ? text.len : sizeof lower;
    for (size_t i = 0; i < len; i++)
        lower[i] = text.at[i] >= 'A' && text.at[i] <= 'Z' ? (char)(text.at[i] | 0x20) : text.at[i];
    encode_text(writer->to, (struct str){lower, len});
}

/* Frames in an array become the lines that they are. */
static void write_lines(struct writer *writer, struct str array)
{
    struct member member;
    struct str line;
    const char *between = "";
    buffer_byte(writer->to, '"');
    for (size_t at = 0; scan_next(array, &at, &member);) {
        buffer_add(writer->to, str_from(between));
        between = "\\n";
        if (member.value.kind == VALUE_STRING || member.value.kind == VALUE_ESCAPED)
            buffer_add(writer->to, member.value.text);
        else if (value_text(member.value, writer->scratch, &line))
            encode_text_body(writer->to, line);
    }
    buffer_byte(writer->to, '"');
}

static void write_text(struct writer *writer, enum slot slot, const struct field *field)
{
    struct value value = field->value;
    if (slot == SLOT_SEVERITY_TEXT)
        write_severity_text(writer, value);
    else if (slot == SLOT_EXCEPTION_STACKTRACE && value.kind == VALUE_ARRAY)
        write_lines(writer, value.text);
    else if ((slot == SLOT_LOG_GROUP || slot == SLOT_LOG_STREAM) && value.kind == VALUE_ARRAY)
        write_own_value(writer, field);
    else
        write_as_text(writer, value);
}

static void write_integer(struct writer *writer, enum slot slot, const struct field *field)
{
    bool is_mb = slot == SLOT_FAAS_MAX_MEMORY && writer->encoding->names == NAMES_ECS;
    struct value value = event_get_slot(writer->event, slot, writer->scratch);
    if (value.kind != VALUE_INTEGER)
        write_own_value(writer, field);
    else
        buffer_int(writer->to, is_mb ? value.integer / 1048576 : value.integer);
}

static void write_number(struct writer *writer, const struct field *field)
{
    double number;
    if (value_is_text(field->value) && str_to_float(field->value.text, &number))
        buffer_add(writer->to, field->value.text); /* a number that was quoted keeps its spelling */
    else
        write_own_value(writer, field);
}

static void write_duration(struct writer *writer, const struct field *field)
{
    bool is_ecs = writer->encoding->names == NAMES_ECS;
    if (!is_ecs && field->value.kind == VALUE_NUMBER &&
        alias_unit(SLOT_DURATION, field->key) ==
            1000000) { /* in ms already: it keeps its spelling */
        buffer_add(writer->to, field->value.text);
        return;
    }
    struct value value = event_get_slot(writer->event, SLOT_DURATION, writer->scratch);
    if (value.kind != VALUE_DURATION)
        write_own_value(writer, field);
    else if (is_ecs)
        buffer_int(writer->to, value.integer);
    else
        encode_value(writer->to, value);
}

static void write_slot_value(struct writer *writer, enum slot slot, const struct field *field)
{
    struct value value;
    switch (slot_type(slot)) {
    case SLOT_TEXT:
        write_text(writer, slot, field);
        break;
    case SLOT_INTEGER:
        write_integer(writer, slot, field);
        break;
    case SLOT_FLOAT:
        write_number(writer, field);
        break;
    case SLOT_IS_DURATION:
        write_duration(writer, field);
        break;
    case SLOT_BOOL:
    case SLOT_IS_TIME:
        value = event_get_slot(writer->event, slot, writer->scratch);
        encode_value(writer->to, value);
        break;
    }
}

/* Slots whose value the event itself knows, written behind the fields (the time before them). */
static bool is_computed(const struct writer *writer, enum slot slot)
{
    bool sampled = writer->encoding->sampling && writer->event->reason.len;
    switch ((int)slot) {
    case SLOT_TIME:
        return writer->event->time_ns != 0;
    case SLOT_SEVERITY_NUMBER:
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

/* --- the user's fields
 * -------------------------------------------------------------------------------- */

/* True if an object among the fields holds this dotted name. */
static bool stands_nested(const struct writer *writer, struct str name)
{
    struct place place;
    for (uint16_t i = writer->objects; i < writer->objects_end; i++) {
        const struct field *field = &writer->event->fields[i];
        if (field->value.kind == VALUE_OBJECT && field->slot == SLOT_NONE &&
            !(field->flags & FIELD_REMOVED) && field->key.len < name.len &&
            name.at[field->key.len] == '.' && str_starts(name, field->key) &&
            walk_dotted(field->value.text, str_skip(name, field->key.len + 1), &place))
            return true;
    }
    return false;
}

/* The name of what the event itself knows. False: it has none here, or stands nested already. */
static bool write_name(struct writer *writer, enum slot slot)
{
    const struct target *target = naming_target(writer->encoding->names, slot);
    if (target->name.len == 0 || stands_nested(writer, target->name))
        return false;
    separate(writer);
    buffer_add(writer->to, target->quoted);
    return true;
}

/* Out of the way, under labels: text of whatever it is, if that is an object. */
static void write_label(struct writer *writer, const struct field *field)
{
    struct buffer key;
    buffer_init(&key, SIZE_MAX / 2);
    buffer_add(&key, STR("labels."));
    buffer_add(&key, field->flags & FIELD_KEY_ESCAPED ? json_unescape(field->key, writer->scratch)
                                                      : field->key);
    if (find_key(writer->event, buffer_str(&key)) || stands_nested(writer, buffer_str(&key)))
        buffer_add(&key, STR("_2"));
    write_key(writer, buffer_str(&key));
    buffer_clear(&key);
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

/* A field of the user's under a name that a slot would be written under. */
static void write_reserved(struct writer *writer, const struct field *field, enum slot slot)
{
    if (writer->writes[slot] || (slot_type(slot) != SLOT_TEXT && field->value.kind != VALUE_NULL)) {
        write_label(writer, field);
        return;
    }
    write_own_key(writer, field);
    write_as_text(writer, field->value);
}

static void write_user(struct writer *writer, const struct field *field)
{
    struct str key = field->key;
    if (field->flags & FIELD_KEY_ESCAPED)
        key = json_unescape(key, writer->scratch);
    struct claim claim = naming_claim(writer->encoding->names, key);
    if (stands_nested(writer, key) || (claim.is_parent && !is_like_object(field->value))) {
        write_label(writer, field);
    } else if (claim.slot != SLOT_NONE) {
        write_reserved(writer, field, claim.slot);
    } else {
        write_own_key(writer, field);
        write_own_value(writer, field);
    }
}

/* Honeycomb takes a line's span for its parent, and the span itself for a span. */
static struct str slot_quoted(const struct writer *writer, enum slot slot)
{
    const struct event *event = writer->event;
    if (slot == SLOT_SPAN_ID && writer->encoding->names == NAMES_HONEYCOMB &&
        (event->slots[SLOT_PARENT_SPAN_ID] || event->flags & EVENT_ENDS_INVOCATION))
        return STR("\"trace.span_id\":");
    return naming_target(writer->encoding->names, slot)->quoted;
}

static void write_slot(struct writer *writer, const struct field *field)
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
    separate(writer);
    buffer_add(writer->to, slot_quoted(writer, slot));
    write_slot_value(writer, slot, field);
}

/* --- the whole
 * --------------------------------------------------------------------------------------- */

static void write_outcome(struct writer *writer)
{
    const struct event *event = writer->event;
    bool is_operation = event->slots[SLOT_HTTP_STATUS] || event->slots[SLOT_DURATION] ||
                        event->flags & EVENT_ENDS_INVOCATION;
    if (writer->encoding->names != NAMES_ECS) {
        if (writer->is_error && write_name(writer, SLOT_ERROR))
            buffer_add(writer->to, STR("true"));
        return;
    }
    if (!writer->is_error && !is_operation)
        return;
    if (write_name(writer, SLOT_ERROR))
        buffer_add(writer->to, writer->is_error ? STR("\"failure\"") : STR("\"success\""));
}

static void write_severity(struct writer *writer)
{
    const struct event *event = writer->event;
    if (event->severity == SEVERITY_NONE)
        return;
    if (!event->slots[SLOT_SEVERITY_TEXT] && write_name(writer, SLOT_SEVERITY_TEXT))
        encode_text(writer->to, severity_word(event->severity));
    if (write_name(writer, SLOT_SEVERITY_NUMBER))
        buffer_uint(writer->to, event->severity);
}

static void write_sampling(struct writer *writer)
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
static void write_extras(struct writer *writer)
{
    if (is_computed(writer, SLOT_SAMPLING_WEIGHT))
        write_sampling(writer);
    if (is_computed(writer, SLOT_EVENT_ID) && write_name(writer, SLOT_EVENT_ID))
        encode_text(writer->to, writer->event->id);
    if (writer->encoding->doc_count && writer->event->weight > 1) {
        separate(writer);
        buffer_add(writer->to, STR("\"_doc_count\":"));
        buffer_uint(writer->to, writer->event->weight);
    }
}

static bool is_skipped(const struct writer *writer, uint16_t i)
{
    const struct field *field = &writer->event->fields[i];
    if (field->flags & FIELD_REMOVED || (writer->dead && writer->dead[i / 8] >> (i % 8) & 1))
        return true;
    return writer->encoding->doc_count && str_equal(field->key, STR("_doc_count"));
}

static void plan(struct writer *writer)
{
    const struct event *event = writer->event;
    for (uint16_t i = 0; i < event->count; i++) {
        const struct field *field = &event->fields[i];
        if (field->flags & FIELD_REMOVED)
            continue;
        if (field->value.kind == VALUE_OBJECT && field->slot == SLOT_NONE) {
            writer->objects = writer->objects_end ? writer->objects : i;
            writer->objects_end = (uint16_t)(i + 1);
        }
        writer->writes[naming_first(writer->encoding->names, (enum slot)field->slot)] = 1;
    }
    for (unsigned slot = 1; slot < SLOT_COUNT; slot++)
        writer->writes[slot] |= is_computed(writer, (enum slot)slot);
    writer->writes[SLOT_BODY] |= event_is_bare(event);
    writer->writes[SLOT_SEVERITY_TEXT] |= event->severity != SEVERITY_NONE;
    writer->is_error = event_is_error(event, writer->scratch);
}

static void write_named(struct writer *writer)
{
    const struct event *event = writer->event;
    plan(writer);
    if (is_computed(writer, SLOT_TIME) && write_name(writer, SLOT_TIME))
        encode_time(writer->to, event->time_ns);
    for (uint16_t i = 0; i < event->count; i++) {
        if (is_skipped(writer, i))
            continue;
        if (event->fields[i].slot != SLOT_NONE)
            write_slot(writer, &event->fields[i]);
        else
            write_user(writer, &event->fields[i]);
    }
    if (event_is_bare(event) && write_name(writer, SLOT_BODY))
        encode_text(writer->to, event->bytes);
    write_severity(writer);
    write_outcome(writer);
}

/* Under their own keys; what write_extras() adds takes the place of a field of that name. */
static void write_unnamed(struct writer *writer)
{
    const struct event *event = writer->event;
    for (uint16_t i = 0; i < event->count; i++) {
        const struct field *field = &event->fields[i];
        enum slot slot = naming_claim(NAMES_OTEL, field->key).slot;
        bool is_replaced = slot != SLOT_TIME && slot != SLOT_ERROR &&
                           slot != SLOT_SEVERITY_NUMBER && is_computed(writer, slot);
        if (is_replaced || is_skipped(writer, i))
            continue;
        write_own_key(writer, field);
        write_own_value(writer, field);
    }
    if (event_is_bare(event) && !find_key(event, STR("message"))) {
        write_key(writer, STR("message"));
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

/* The line itself. Nothing in it can have the name of an extra: those fields have slots. */
static bool copy_line(struct writer *writer)
{
    const struct event *event = writer->event;
    if ((event->flags & (EVENT_JSON | EVENT_EDITED)) != EVENT_JSON)
        return false;
    struct str object = str_trim(event->bytes);
    buffer_add(writer->to, str_slice(object, 0, object.len - 1));
    writer->has_member = event->count > 0;
    return true;
}

void encode_event(struct buffer *to, const struct event *event, const struct encoding *encoding,
                  struct arena *scratch)
{
    struct writer writer = {.to = to, .event = event, .encoding = encoding, .scratch = scratch};
    bool is_copy = encoding->names == NAMES_AS_IS && copy_line(&writer);
    if (!is_copy) {
        buffer_byte(to, '{');
        if (!(event->flags & EVENT_JSON) && event->count > 1)
            writer.dead = find_dead(event, scratch);
        if (encoding->names == NAMES_AS_IS)
            write_unnamed(&writer);
        else
            write_named(&writer);
    }
    write_extras(&writer);
    buffer_byte(to, '}');
}
