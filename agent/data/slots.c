/* agent/data/slots.c - which values a slot takes, and what the event learns from them.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Keys such as `status`, `method` or `ip` mean a slot only when the value looks the part. What does
 * not fit stays a field of the user's under its own name.
 */
#include "agent/data/slots.h"

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

/* Loggers outside a trace write zeros, "-" or nothing. */
static bool is_id(struct str text)
{
    if (text.at[0] == 'u' || text.at[0] == 'n')
        return !str_equal(text, STR("undefined")) && !str_equal(text, STR("null"));
    for (size_t i = 0; i < text.len; i++)
        if (text.at[i] != '0' && text.at[i] != '-')
            return true;
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
        unsigned letter = (unsigned)((unsigned char)byte | 0x20) - 'a';
        bool is_separator = byte == '.' || byte == ':';
        has_separator |= is_separator;
        if (!is_separator && (byte < '0' || byte > '9') && letter > 5)
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

/* Text with something in it, or a number that stands for an identifier. */
static bool is_filled(struct value value)
{
    return (value_is_text(value) || value.kind == VALUE_NUMBER) && value.text.len > 0;
}

/* --- claims: the slot that a field fills, or SLOT_NONE
 * -------------------------------------------------- */

/* They are kept out of slot_claim(): it runs for half of all fields and ends in one jump to one of
 * these. */
#define CLAIM static __attribute__((noinline)) enum slot

CLAIM claim_time(struct event *event, struct value value, struct time_cache *cache)
{
    int64_t ns;
    if (value.kind == VALUE_OBJECT ? !object_time(value.text, &ns) : !value_time(value, cache, &ns))
        return SLOT_NONE;
    event->time_ns = ns;
    event->flags |= EVENT_TIME_OWN;
    return SLOT_TIME;
}

CLAIM claim_severity(struct event *event, struct value value)
{
    uint8_t severity = value_severity(value);
    if (severity == SEVERITY_NONE)
        return SLOT_NONE;
    event->severity = severity;
    return SLOT_SEVERITY_TEXT;
}

CLAIM claim_severity_number(struct event *event, struct value value)
{
    int64_t number;
    if (!value_integer(value, &number) || number < 1 || number > SEVERITY_MAX)
        return SLOT_NONE;
    if (event->severity == SEVERITY_NONE)
        event->severity = (uint8_t)number;
    return SLOT_SEVERITY_NUMBER;
}

/* `error` is a flag, an outcome, or the message itself. */
CLAIM claim_error(const struct field *field)
{
    struct value value = field->value;
    if (is_truth(value))
        return SLOT_ERROR;
    if (!value_is_text(value) || is_nothing(value.text))
        return SLOT_NONE;
    if (str_equal(value.text, STR("failure")) || str_equal(value.text, STR("success")) ||
        str_equal(value.text, STR("unknown")))
        return SLOT_ERROR;
    return str_equal(field->key, STR("error")) ? SLOT_EXCEPTION_MESSAGE : SLOT_NONE;
}

/* A trace of several lines, or an array of frames. One line is a message; `stack` may be a place.
 */
CLAIM claim_stack(const struct field *field)
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
CLAIM claim_body(const struct field *field)
{
    if (value_is_text(field->value))
        return SLOT_BODY;
    bool is_message = str_equal(field->key, STR("message")) || str_equal(field->key, STR("msg"));
    return is_message && field->value.kind != VALUE_NULL ? SLOT_BODY : SLOT_NONE;
}

CLAIM claim_integer(enum slot slot, const struct value *value, int64_t low, int64_t high)
{
    int64_t number;
    bool is_spelled = value->kind == VALUE_NUMBER || value->kind == VALUE_STRING;
    if (!(is_spelled && str_to_int(value->text, &number)) && !value_integer(*value, &number))
        return SLOT_NONE;
    return number >= low && number <= high ? slot : SLOT_NONE;
}

/* A number's spelling was validated when it was scanned; only its sign is still to be seen. */
CLAIM claim_number(enum slot slot, const struct value *value)
{
    double number;
    if (value->kind == VALUE_NUMBER)
        return value->text.at[0] != '-' ? slot : SLOT_NONE;
    return value_number(*value, &number) && number >= 0 ? slot : SLOT_NONE;
}

CLAIM claim_moment(enum slot slot, struct value value)
{
    int64_t ns;
    return value_time(value, NULL, &ns) ? slot : SLOT_NONE;
}

CLAIM claim_id(enum slot slot, struct value value)
{
    return is_filled(value) && is_id(value.text) ? slot : SLOT_NONE;
}

/* Slots whose text must look the part. */
CLAIM claim_text(enum slot slot, const struct field *field)
{
    struct str text = field->value.text;
    bool fits = is_filled(field->value);
    switch (fits ? (int)slot : SLOT_NONE) {
    case SLOT_EXCEPTION_MESSAGE:
    case SLOT_EXCEPTION_TYPE:
        fits = !is_nothing(text);
        break;
    case SLOT_HTTP_METHOD:
        fits = is_method(text);
        break;
    case SLOT_URL_PATH:
        fits = text.at[0] == '/' && str_find(text, '?') == SIZE_MAX;
        break;
    case SLOT_URL_FULL:
        fits = str_find_str(text, STR("://")) != SIZE_MAX;
        break;
    case SLOT_CLIENT_ADDRESS:
        fits = is_address(text) || str_equal(field->key, STR("client.address"));
        break;
    case SLOT_LOG_IOSTREAM:
        fits = str_equal(text, STR("stdout")) || str_equal(text, STR("stderr"));
        break;
    default:
        break;
    }
    return fits ? slot : SLOT_NONE;
}

static inline enum slot claim_by_type(enum slot slot, const struct value *value)
{
    switch (slot_type(slot)) {
    case SLOT_TEXT:
        return is_filled(*value) ? slot : SLOT_NONE;
    case SLOT_INTEGER:
        return claim_integer(slot, value, 0, INT64_MAX);
    case SLOT_FLOAT:
    case SLOT_IS_DURATION:
        return claim_number(slot, value);
    case SLOT_BOOL:
        return is_truth(*value) ? slot : SLOT_NONE;
    case SLOT_IS_TIME:
        return claim_moment(slot, *value);
    }
    return SLOT_NONE;
}

const uint8_t slot_asking[256] = {
    ['"'] = TAKES_FILLED, ['0'] = TAKES_IDS, ['-'] = TAKES_IDS,
    ['u'] = TAKES_IDS,    ['n'] = TAKES_IDS,
};

uint8_t slot_taking(enum slot slot)
{
    switch ((int)slot) {
    case SLOT_NONE:
        return TAKES_NOTHING;
    case SLOT_TIME:
        return TAKES_ASKING | TAKES_TIME;
    case SLOT_BODY:
    case SLOT_HTTP_REQUEST_BODY:
    case SLOT_LOG_GROUP:
    case SLOT_LOG_STREAM:
        return TAKES_STRINGS;
    case SLOT_TRACE_ID:
    case SLOT_SPAN_ID:
    case SLOT_PARENT_SPAN_ID:
    case SLOT_FAAS_INVOCATION_ID:
        return TAKES_STRINGS | TAKES_FILLED | TAKES_IDS;
    case SLOT_SEVERITY_TEXT:
    case SLOT_ERROR:
    case SLOT_EXCEPTION_MESSAGE:
    case SLOT_EXCEPTION_TYPE:
    case SLOT_EXCEPTION_STACKTRACE:
    case SLOT_HTTP_METHOD:
    case SLOT_URL_PATH:
    case SLOT_URL_FULL:
    case SLOT_CLIENT_ADDRESS:
    case SLOT_LOG_IOSTREAM:
        return TAKES_ASKING;
    default:
        return slot_type(slot) == SLOT_TEXT ? TAKES_STRINGS | TAKES_FILLED : TAKES_ASKING;
    }
}

enum slot slot_claim(struct event *event, enum slot slot, const struct field *field,
                     struct time_cache *cache)
{
    switch ((int)slot) {
    case SLOT_TIME:
        return claim_time(event, field->value, cache);
    case SLOT_SEVERITY_TEXT:
        return claim_severity(event, field->value);
    case SLOT_SEVERITY_NUMBER:
        return claim_severity_number(event, field->value);
    case SLOT_BODY:
        return claim_body(field);
    case SLOT_ERROR:
        return claim_error(field);
    case SLOT_EXCEPTION_STACKTRACE:
        return claim_stack(field);
    case SLOT_HTTP_STATUS:
        return claim_integer(slot, &field->value, 100, 599);
    case SLOT_HTTP_REQUEST_BODY:
        return field->value.kind != VALUE_NULL ? slot : SLOT_NONE;
    case SLOT_LOG_GROUP:
    case SLOT_LOG_STREAM:
        return value_is_text(field->value) || field->value.kind == VALUE_ARRAY ? slot : SLOT_NONE;
    case SLOT_TRACE_ID:
    case SLOT_SPAN_ID:
    case SLOT_PARENT_SPAN_ID:
    case SLOT_FAAS_INVOCATION_ID:
        return claim_id(slot, field->value);
    case SLOT_EXCEPTION_MESSAGE:
    case SLOT_EXCEPTION_TYPE:
    case SLOT_HTTP_METHOD:
    case SLOT_URL_PATH:
    case SLOT_URL_FULL:
    case SLOT_CLIENT_ADDRESS:
    case SLOT_LOG_IOSTREAM:
        return claim_text(slot, field);
    default:
        return claim_by_type(slot, &field->value);
    }
}
