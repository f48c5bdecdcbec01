/* agent/data/slots.c - which values a slot takes, and what the event learns from them.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Keys such as `status`, `method` or `ip` mean a slot only when the value looks the part. What does
 * not fit stays a field of the user's under its own name.
 */
#include "agent/data/slots.h"

#include <string.h>

#include "agent/data/alias.h"
#include "agent/data/severity.h"
#include "agent/data/walk.h"
#include "agent/must.h"

bool value_time(struct value value, struct time_cache *cache, int64_t *ret_ns)
{
    if (value.kind == VALUE_TIME) {
        *ret_ns = value.integer;
        return true;
    }
    if (value.kind == VALUE_NUMBER)
        return time_parse_number(value.text, ret_ns);
    return value_is_text(value) && time_parse(value.text, cache, ret_ns);
}

uint8_t value_severity(struct value value)
{
    int64_t number;
    if (value_is_text(value))
        return severity_from_word(value.text);
    return value_integer(value, &number) ? severity_from_number(number) : SEVERITY_NONE;
}

/* {"seconds":..,"nanos":..} of Google, {"epochSecond":..,"nanoOfSecond":..} of log4j2. */
static bool object_time(struct str object, int64_t *ret_ns)
{
    struct place seconds, nanos;
    int64_t whole, part = 0;
    if (!walk_member(object, STR("seconds"), &seconds) &&
        !walk_member(object, STR("epochSecond"), &seconds))
        return false;
    if (walk_member(object, STR("nanos"), &nanos) ||
        walk_member(object, STR("nanoOfSecond"), &nanos))
        if (!value_integer(nanos.value, &part))
            return false;
    return value_integer(seconds.value, &whole) &&
           !__builtin_mul_overflow(whole, 1000000000, &whole) &&
           !__builtin_add_overflow(whole, part, ret_ns);
}

static bool claim_time(struct event *event, struct value value, struct time_cache *cache)
{
    int64_t ns;
    if (value.kind == VALUE_OBJECT ? !object_time(value.text, &ns) : !value_time(value, cache, &ns))
        return false;
    event->time_ns = ns;
    event->flags |= EVENT_TIME_OWN;
    return true;
}

static bool claim_severity(struct event *event, struct value value)
{
    uint8_t severity = value_severity(value);
    if (severity == SEVERITY_NONE)
        return false;
    event->severity = severity;
    return true;
}

static bool claim_severity_number(struct event *event, struct value value)
{
    int64_t number;
    if (!value_integer(value, &number) || number < 1 || number > SEVERITY_MAX)
        return false;
    if (event->severity == SEVERITY_NONE)
        event->severity = (uint8_t)number;
    return true;
}

/* Loggers outside a trace write zeros, "-" or nothing. */
static bool is_id(struct str text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.at[i] != '0' && text.at[i] != '-')
            return !str_equal(text, STR("undefined")) && !str_equal(text, STR("null"));
    return false;
}

static bool is_method(struct str text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.at[i] < 'A' || text.at[i] > 'Z')
            return false;
    return text.len >= 3 && text.len <= 16;
}

static bool is_address(struct str text)
{
    bool has_separator = false;
    for (size_t i = 0; i < text.len; i++) {
        char byte = text.at[i];
        has_separator |= byte == '.' || byte == ':';
        if (!strchr("0123456789abcdefABCDEF.:", byte) || byte == '\0')
            return false;
    }
    return has_separator && text.len >= 2;
}

static bool is_truth(struct value value)
{
    return value.kind == VALUE_BOOL ||
           (value_is_text(value) &&
            (str_equal(value.text, STR("true")) || str_equal(value.text, STR("false"))));
}

/* What loggers write in an error field when there was none. */
static bool is_nothing(struct str text)
{
    static const struct str words[] = {{"", 0},      {"-", 1},    {"null", 4}, {"nil", 3},
                                       {"<nil>", 5}, {"none", 4}, {"None", 4}};
    for (size_t i = 0; i < COUNT(words); i++)
        if (str_equal(text, words[i]))
            return true;
    return false;
}

/* `error` is a flag, an outcome, or the message itself. */
static enum slot claim_error(struct value value)
{
    if (is_truth(value))
        return SLOT_ERROR;
    if (!value_is_text(value) || is_nothing(value.text))
        return SLOT_NONE;
    if (str_equal(value.text, STR("failure")) || str_equal(value.text, STR("success")) ||
        str_equal(value.text, STR("unknown")))
        return SLOT_ERROR;
    return SLOT_EXCEPTION_MESSAGE;
}

/* A trace of several lines, or an array of frames. One line is a message; `stack` may be a place.
 */
static enum slot claim_stack(const struct field *field)
{
    struct value value = field->value;
    if (value.kind == VALUE_ARRAY && value.text.len > 2)
        return SLOT_EXCEPTION_STACKTRACE;
    if (!value_is_text(value) || value.text.len == 0)
        return SLOT_NONE;
    if (value.kind != VALUE_STRING)
        return SLOT_EXCEPTION_STACKTRACE;
    return str_equal(field->key, STR("stack")) ? SLOT_NONE : SLOT_EXCEPTION_MESSAGE;
}

/* A message may be anything under the keys that mean nothing else. */
static bool is_body(const struct field *field)
{
    if (value_is_text(field->value))
        return true;
    return field->value.kind != VALUE_NULL &&
           (str_equal(field->key, STR("message")) || str_equal(field->key, STR("msg")));
}

static bool text_fits(enum slot slot, const struct field *field)
{
    struct str text = field->value.text;
    switch ((int)slot) {
    case SLOT_TRACE_ID:
    case SLOT_SPAN_ID:
    case SLOT_PARENT_SPAN_ID:
    case SLOT_FAAS_INVOCATION_ID:
        return is_id(text);
    case SLOT_EXCEPTION_MESSAGE:
    case SLOT_EXCEPTION_TYPE:
        return !is_nothing(text);
    case SLOT_HTTP_METHOD:
        return is_method(text);
    case SLOT_URL_PATH:
        return text.at[0] == '/' && str_find(text, '?') == SIZE_MAX;
    case SLOT_URL_FULL:
        return str_find_str(text, STR("://")) != SIZE_MAX;
    case SLOT_CLIENT_ADDRESS:
        return is_address(text) || str_equal(field->key, STR("client.address"));
    case SLOT_LOG_IOSTREAM:
        return str_equal(text, STR("stdout")) || str_equal(text, STR("stderr"));
    default:
        return true;
    }
}

static bool claim_text(enum slot slot, const struct field *field)
{
    struct value value = field->value;
    if (slot == SLOT_BODY)
        return is_body(field);
    if (slot == SLOT_HTTP_REQUEST_BODY)
        return value.kind != VALUE_NULL;
    if (slot == SLOT_LOG_GROUP || slot == SLOT_LOG_STREAM)
        return value_is_text(value) || value.kind == VALUE_ARRAY;
    if (!value_is_text(value) && value.kind != VALUE_NUMBER)
        return false;
    return value.text.len > 0 && text_fits(slot, field);
}

static bool claim_integer(struct event *event, enum slot slot, struct value value)
{
    int64_t number;
    if (slot == SLOT_SEVERITY_NUMBER)
        return claim_severity_number(event, value);
    if (!value_integer(value, &number))
        return false;
    return slot == SLOT_HTTP_STATUS ? number >= 100 && number <= 599 : number >= 0;
}

static bool claim_number(struct value value)
{
    double number;
    return value_number(value, &number) && number >= 0;
}

enum slot slot_claim(struct event *event, enum slot slot, const struct field *field,
                     struct time_cache *cache)
{
    struct value value = field->value;
    int64_t ns;
    bool fits = false;
    if (slot == SLOT_ERROR)
        return claim_error(value);
    if (slot == SLOT_EXCEPTION_STACKTRACE)
        return claim_stack(field);
    if (slot == SLOT_SEVERITY_TEXT)
        return claim_severity(event, value) ? slot : SLOT_NONE;
    switch (slot_type(slot)) {
    case SLOT_TEXT:
        fits = claim_text(slot, field);
        break;
    case SLOT_INTEGER:
        fits = claim_integer(event, slot, value);
        break;
    case SLOT_FLOAT:
    case SLOT_IS_DURATION:
        fits = value.kind == VALUE_DURATION || claim_number(value);
        break;
    case SLOT_BOOL:
        fits = is_truth(value);
        break;
    case SLOT_IS_TIME:
        fits = slot == SLOT_TIME ? claim_time(event, value, cache) : value_time(value, cache, &ns);
        break;
    }
    return fits ? slot : SLOT_NONE;
}

void slot_give(struct event *event, enum slot slot, uint16_t index)
{
    if (event->slots[slot])
        event->fields[event->slots[slot] - 1].slot = SLOT_NONE;
    event->fields[index].slot = (uint8_t)slot;
    event->slots[slot] = (uint16_t)(index + 1);
}
