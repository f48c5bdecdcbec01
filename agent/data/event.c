/* agent/data/event.c - reading an event: paths, slots and the judgement `error`.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/data/event.h"

#include "agent/data/alias.h"
#include "agent/data/find.h"
#include "agent/data/severity.h"
#include "agent/data/slots.h"

static struct value missing(void)
{
    return (struct value){.kind = VALUE_MISSING};
}

static struct value of_integer(enum value_kind kind, int64_t integer)
{
    return (struct value){.kind = kind, .integer = integer};
}

/* Number times unit as ns or bytes; what does not fit stays as it was. */
static struct value scaled(struct value value, enum value_kind kind, int64_t unit)
{
    double number;
    int64_t whole;
    if (value_integer(value, &whole) && !__builtin_mul_overflow(whole, unit, &whole))
        return of_integer(kind, whole);
    if (!value_number(value, &number) || number * (double)unit >= 9.2e18 ||
        number * (double)unit <= -9.2e18)
        return value;
    number *= (double)unit;
    return of_integer(kind, (int64_t)(number + (number < 0 ? -0.5 : 0.5)));
}

static struct value as_bool(struct value value)
{
    if (!value_is_text(value))
        return value;
    bool is_true = str_equal(value.text, STR("true")) || str_equal(value.text, STR("failure"));
    return (struct value){.kind = VALUE_BOOL, .truth = is_true};
}

/* What a slot's source says, in the type of the slot. */
static struct value typed(enum slot slot, struct str key, struct value value)
{
    double number;
    int64_t ns;
    switch (slot_type(slot)) {
    case SLOT_INTEGER:
        return scaled(value, VALUE_INTEGER,
                      value.kind == VALUE_INTEGER ? 1 : alias_unit(slot, key));
    case SLOT_FLOAT:
        return value_number(value, &number) ? (struct value){.kind = VALUE_FLOAT, .real = number}
                                            : value;
    case SLOT_BOOL:
        return as_bool(value);
    case SLOT_IS_TIME:
        return value_time(value, NULL, &ns) ? of_integer(VALUE_TIME, ns) : value;
    case SLOT_IS_DURATION:
        if (value.kind == VALUE_DURATION)
            return value;
        return scaled(value, VALUE_DURATION, alias_unit(slot, key));
    case SLOT_TEXT:
        break;
    }
    return value;
}

/* Slots that the event knows without any field. */
static struct value known(const struct event *event, enum slot slot, struct arena *scratch)
{
    bool is_sampled = event->reason.len > 0;
    switch ((int)slot) {
    case SLOT_BODY:
        return event_is_bare(event) ? (struct value){.kind = VALUE_TEXT, .text = event->bytes}
                                    : missing();
    case SLOT_TIME:
        return event->time_ns ? of_integer(VALUE_TIME, event->time_ns) : missing();
    case SLOT_SEVERITY_NUMBER:
        return event->severity && !(event->flags & EVENT_NO_SEVERITY_NUMBER)
                   ? of_integer(VALUE_INTEGER, event->severity)
                   : missing();
    case SLOT_ERROR:
        return (struct value){.kind = VALUE_BOOL, .truth = event_is_error(event, scratch)};
    case SLOT_SAMPLING_WEIGHT:
        return is_sampled ? of_integer(VALUE_INTEGER, event->weight ? event->weight : 1)
                          : missing();
    case SLOT_SAMPLING_REASON:
        return is_sampled ? (struct value){.kind = VALUE_TEXT, .text = event->reason} : missing();
    case SLOT_SAMPLING_RULE:
        return event->rule.len ? (struct value){.kind = VALUE_TEXT, .text = event->rule}
                               : missing();
    case SLOT_EVENT_ID:
        return event->id.len ? (struct value){.kind = VALUE_TEXT, .text = event->id} : missing();
    default:
        return missing();
    }
}

struct value event_get_slot(const struct event *event, enum slot slot, struct arena *scratch)
{
    struct value value = known(event, slot, scratch);
    struct spot spot;
    if (value.kind != VALUE_MISSING || !find_slot(event, slot, &spot))
        return value;
    if (!spot.is_nested)
        return typed(slot, spot.field->key, spot.field->value);
    struct str key = slot == SLOT_DURATION ? STR("event.duration") : STR("");
    return typed(slot, key, spot.place.value);
}

struct value event_get(const struct event *event, const struct path *path, struct arena *scratch)
{
    if (path->slot != SLOT_NONE) {
        struct value value = event_get_slot(event, path->slot, scratch);
        if (value.kind == VALUE_DURATION && !path->is_duration)
            return (struct value){.kind = VALUE_FLOAT, .real = (double)value.integer / 1e6};
        if (value.kind != VALUE_MISSING)
            return value;
    }
    struct spot spot;
    return find_path(event, path, &spot) ? spot_value(&spot) : missing();
}

static bool is_server_error(const struct event *event)
{
    struct spot spot;
    int64_t status;
    return find_slot(event, SLOT_HTTP_STATUS, &spot) && value_integer(spot_value(&spot), &status) &&
           status >= 500 && status <= 599;
}

static bool says_error(const struct event *event)
{
    struct spot spot;
    if (!find_slot(event, SLOT_ERROR, &spot))
        return false;
    struct value value = as_bool(spot_value(&spot));
    return value.kind == VALUE_BOOL && value.truth;
}

static bool has_exception(const struct event *event)
{
    struct spot spot;
    return find_slot(event, SLOT_EXCEPTION_MESSAGE, &spot) ||
           find_slot(event, SLOT_EXCEPTION_TYPE, &spot) ||
           find_slot(event, SLOT_EXCEPTION_STACKTRACE, &spot);
}

struct str event_severity_word(const struct event *event)
{
    return severity_word(event->severity);
}

/* None of the slots that tell of an error is filled, and nothing among the fields could hide them.
 */
static inline bool is_without_signs(const struct event *event)
{
    uint64_t signs = event_flat_bit(SLOT_HTTP_STATUS) | event_flat_bit(SLOT_ERROR) |
                     event_flat_bit(SLOT_EXCEPTION_MESSAGE) | event_flat_bit(SLOT_EXCEPTION_TYPE) |
                     event_flat_bit(SLOT_EXCEPTION_STACKTRACE);
    const uint16_t *slots = event->slots;
    unsigned filled = slots[SLOT_HTTP_STATUS] | slots[SLOT_ERROR] | slots[SLOT_EXCEPTION_MESSAGE] |
                      slots[SLOT_EXCEPTION_TYPE] | slots[SLOT_EXCEPTION_STACKTRACE];
    return !filled && (event->flat & signs) == signs;
}

bool event_is_error(const struct event *event, struct arena *scratch)
{
    (void)scratch;
    if (event->severity >= SEVERITY_ERROR || event->flags & (EVENT_FAILED | EVENT_PARSE_FAILED))
        return true;
    if (is_without_signs(event))
        return false;
    return is_server_error(event) || says_error(event) || has_exception(event);
}
