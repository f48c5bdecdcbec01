/* agent/data/otlp.c - an event to a log record of OTLP, JSON encoding.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The event is encoded under OpenTelemetry's names first, so that slots, twins and invalid UTF-8
 * are treated as everywhere; the members of that object are then put where the protocol wants them.
 */
#include "agent/data/otlp.h"

#include "agent/data/scan.h"
#include "agent/limits.h"
#include "agent/must.h"

enum {
    TRACE_ID_DIGITS = 32,
    SPAN_ID_DIGITS = 16,
};

static const struct encoding encoding = {.names = NAMES_OTEL, .event_id = true, .sampling = true};

struct record {
    struct buffer *to;
    const struct event *event;
    struct arena *scratch;
    struct str service;
    struct str members; /* the event as one object */
    bool has_member, has_attribute;
};

static void write_name(struct record *record, struct str name)
{
    if (record->has_member)
        buffer_byte(record->to, ',');
    record->has_member = true;
    buffer_byte(record->to, '"');
    buffer_add(record->to, name);
    buffer_add(record->to, STR("\":"));
}

/* --- AnyValue ------------------------------------------------------------------------------------
 */

static void write_any(struct buffer *to, struct value value, unsigned depth);

static void write_key(struct buffer *to, struct member member)
{
    buffer_add(to, STR("{\"key\":\""));
    buffer_add(to, member.key); /* the body of a valid JSON string already */
    buffer_add(to, STR("\",\"value\":"));
}

static void write_values(struct buffer *to, struct value container, unsigned depth)
{
    struct member member;
    bool is_object = container.kind == VALUE_OBJECT;
    struct str between = {0};
    buffer_add(to, is_object ? STR("{\"kvlistValue\":{\"values\":[")
                             : STR("{\"arrayValue\":{\"values\":["));
    for (size_t at = 0; scan_next(container.text, &at, &member);) {
        buffer_add(to, between);
        between = STR(",");
        if (is_object)
            write_key(to, member);
        write_any(to, member.value, depth + 1);
        if (is_object)
            buffer_byte(to, '}');
    }
    buffer_add(to, STR("]}}"));
}

/* What fits into 64 bits is an integer; 1.0, 1e3 and what is larger are not. */
static void write_number(struct buffer *to, struct str number)
{
    int64_t integer;
    bool is_integer = str_to_int(number, &integer);
    buffer_add(to, is_integer ? STR("{\"intValue\":\"") : STR("{\"doubleValue\":"));
    buffer_add(to, number);
    buffer_add(to, is_integer ? STR("\"}") : STR("}"));
}

/* A value as it stands in the object that was encoded: a string, or the text of a container. */
static void write_string(struct buffer *to, struct value value, bool is_container)
{
    buffer_add(to, STR("{\"stringValue\":"));
    if (is_container)
        encode_text(to, value.text);
    else
        encode_value(to, value);
    buffer_byte(to, '}');
}

static void write_any(struct buffer *to, struct value value, unsigned depth)
{
    bool is_container = value.kind == VALUE_OBJECT || value.kind == VALUE_ARRAY;
    if (value.kind == VALUE_NULL)
        buffer_add(to, STR("{}")); /* an AnyValue that holds none */
    else if (value.kind == VALUE_BOOL)
        buffer_add(to, value.truth ? STR("{\"boolValue\":true}") : STR("{\"boolValue\":false}"));
    else if (value.kind == VALUE_NUMBER)
        write_number(to, value.text);
    else if (is_container && depth < OTLP_DEPTH_MAX)
        write_values(to, value, depth);
    else
        write_string(to, value, is_container);
}

/* --- members that a log record has
 * -------------------------------------------------------------------------- */

static void write_time(struct record *record, struct str name, int64_t time_ns)
{
    write_name(record, name);
    buffer_byte(record->to, '"');
    buffer_int(record->to, time_ns);
    buffer_byte(record->to, '"');
}

/* The digits of an id, and not all of them zero: anything else would be refused. */
static bool is_id(struct value value, size_t digits)
{
    bool is_zero = true;
    if (value.kind != VALUE_STRING || value.text.len != digits)
        return false;
    for (size_t i = 0; i < digits; i++) {
        char digit = value.text.at[i];
        bool is_hex = (digit >= '0' && digit <= '9') || (digit >= 'a' && digit <= 'f') ||
                      (digit >= 'A' && digit <= 'F');
        if (!is_hex)
            return false;
        is_zero &= digit == '0';
    }
    return !is_zero;
}

static void write_id(struct record *record, struct str name, struct value value)
{
    write_name(record, name);
    encode_value(record->to, value);
}

static void write_flags(struct record *record, struct value value)
{
    write_name(record, STR("flags"));
    buffer_add(record->to, value.text);
}

static bool is_flags(struct value value)
{
    int64_t flags;
    return value.kind == VALUE_NUMBER && str_to_int(value.text, &flags) && flags >= 0 &&
           flags <= UINT32_MAX;
}

/* True: it has a member of its own and stands there now. */
static bool write_own(struct record *record, struct member member)
{
    struct value value = member.value;
    if (str_equal(member.key, STR("timestamp")) && record->event->time_ns)
        return true;
    if (str_equal(member.key, STR("observed_timestamp"))) {
        struct value time = event_get_slot(record->event, SLOT_OBSERVED_TIME, record->scratch);
        if (time.kind == VALUE_TIME && time.integer > 0)
            write_time(record, STR("observedTimeUnixNano"), time.integer);
        return time.kind == VALUE_TIME && time.integer > 0;
    }
    if (str_equal(member.key, STR("severity_text")) && value.kind == VALUE_STRING) {
        write_id(record, STR("severityText"), value);
    } else if (str_equal(member.key, STR("body"))) {
        write_name(record, STR("body"));
        write_any(record->to, value, 0);
    } else if (str_equal(member.key, STR("trace_id")) && is_id(value, TRACE_ID_DIGITS)) {
        write_id(record, STR("traceId"), value);
    } else if (str_equal(member.key, STR("span_id")) && is_id(value, SPAN_ID_DIGITS)) {
        write_id(record, STR("spanId"), value);
    } else if (str_equal(member.key, STR("trace_flags")) && is_flags(value)) {
        write_flags(record, value);
    } else {
        return str_equal(member.key, STR("severity_number")) && record->event->severity;
    }
    return true;
}

/* --- the record
 * --------------------------------------------------------------------------------------------- */

static bool is_of_resource(const struct record *record, struct member member)
{
    return str_equal(member.key, STR("service.name")) && member.value.kind == VALUE_STRING &&
           str_equal(member.value.text, record->service);
}

static void write_attribute(struct record *record, struct member member)
{
    if (!record->has_attribute)
        write_name(record, STR("attributes"));
    buffer_byte(record->to, record->has_attribute ? ',' : '[');
    record->has_attribute = true;
    write_key(record->to, member);
    write_any(record->to, member.value, 0);
    buffer_byte(record->to, '}');
}

/* Two ways over the object: first what has a member of its own, then the attributes, which are one
 * array. A bit per member says what the first way took; what lies beyond the bits is looked at as
 * an attribute only. */
static void write_members(struct record *record, uint8_t *taken, size_t taken_room)
{
    struct member member;
    size_t index = 0;
    for (size_t at = 0; scan_next(record->members, &at, &member) && index < taken_room; index++)
        taken[index] = is_of_resource(record, member) || write_own(record, member);
    index = 0;
    for (size_t at = 0; scan_next(record->members, &at, &member); index++)
        if (index >= taken_room || !taken[index])
            write_attribute(record, member);
    if (record->has_attribute)
        buffer_byte(record->to, ']');
}

void otlp_write_record(struct buffer *to, const struct event *event, struct str service,
                       struct arena *scratch)
{
    uint8_t taken[FIELDS_MAX + 16];
    struct record record = {.to = to, .event = event, .scratch = scratch, .service = service};
    size_t start = to->len;
    encode_event(to, event, &encoding, scratch);
    if (to->full)
        return;
    record.members = arena_copy(scratch, (struct str){to->at + start, to->len - start});
    to->len = start;
    to->full |= !record.members.at;
    if (to->full)
        return;
    buffer_byte(to, '{');
    if (event->time_ns)
        write_time(&record, STR("timeUnixNano"), event->time_ns);
    if (event->severity && !(event->flags & EVENT_NO_SEVERITY_NUMBER)) {
        write_name(&record, STR("severityNumber"));
        buffer_uint(to, event->severity);
    }
    write_members(&record, taken, sizeof taken);
    buffer_byte(to, '}');
}

void otlp_open(struct buffer *to, struct str service)
{
    buffer_add(to,
               STR("{\"resourceLogs\":[{\"resource\":{\"attributes\":[{\"key\":\"service.name\","
                   "\"value\":{\"stringValue\":"));
    encode_text(to, service);
    buffer_add(to, STR("}}]},\"scopeLogs\":[{\"scope\":{\"name\":\"weir\",\"version\":"));
    encode_text(to, STR(WEIR_VERSION));
    buffer_add(to, STR("},\"logRecords\":["));
}

void otlp_close(struct buffer *to)
{
    buffer_add(to, STR("]}]}]}"));
}
