/* agent/data/encode_slot.c - what a slot says, in the form that a naming gives it.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/data/encode_write.h"

#include "agent/data/alias.h"
#include "agent/data/scan.h"
#include "agent/data/severity.h"
#include "agent/data/slots.h"

static void write_severity_text(const struct writer *writer, struct value value)
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
    char lower[LEVEL_BYTES_MAX];
    size_t len = text.len < sizeof lower ? text.len : sizeof lower;
    for (size_t i = 0; i < len; i++)
        lower[i] = small_letter(text.at[i]);
    encode_text(writer->to, (struct str){lower, len});
}

/* Frames in an array become the lines that they are. */
static void write_lines(const struct writer *writer, struct str array)
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

static void write_text(const struct writer *writer, enum slot slot, const struct field *field)
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

static bool has_spelling(enum value_kind kind)
{
    return kind == VALUE_NUMBER || kind == VALUE_STRING || kind == VALUE_TEXT;
}

static void write_integer(const struct writer *writer, enum slot slot, const struct field *field)
{
    if (has_spelling(field->value.kind) && slot != SLOT_FAAS_MAX_MEMORY &&
        is_plain_integer(field->value.text)) {
        buffer_add(writer->to, field->value.text);
        return;
    }
    bool is_mb = slot == SLOT_FAAS_MAX_MEMORY && writer->encoding->names == NAMES_ECS;
    struct value value = event_get_slot(writer->event, slot, writer->scratch);
    if (value.kind != VALUE_INTEGER)
        write_own_value(writer, field);
    else
        buffer_int(writer->to, is_mb ? value.integer / 1048576 : value.integer);
}

static void write_number(const struct writer *writer, const struct field *field)
{
    double number;
    bool is_number = field->value.kind == VALUE_NUMBER;
    if (is_number || (value_is_text(field->value) && str_to_float(field->value.text, &number)))
        buffer_add(writer->to, field->value.text); /* one that was quoted keeps its spelling */
    else
        write_own_value(writer, field);
}

static void write_duration(const struct writer *writer, const struct field *field)
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

void write_slot_value(const struct writer *writer, enum slot slot, const struct field *field)
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
