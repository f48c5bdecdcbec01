/* agent/data/slots.h - which values a slot takes, and what the event learns from them.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef WEIR_SLOTS_H
#define WEIR_SLOTS_H

#include "agent/data/event.h"
#include "agent/data/time.h"

/* The slot that a field with one of its aliases fills: that slot if the value fits, for keys that mean two
 * things perhaps another, else SLOT_NONE. A time and a severity are stored in the event. cache may be null. */
enum slot slot_claim(struct event *event, enum slot slot, const struct field *field, struct time_cache *cache);

/* Makes fields[index] the source of a slot; the one before it becomes an ordinary field. */
static inline void slot_give(struct event *event, enum slot slot, uint16_t index)
{
    if (event->slots[slot])
        event->fields[event->slots[slot] - 1].slot = SLOT_NONE;
    event->fields[index].slot = (uint8_t)slot;
    event->slots[slot] = (uint16_t)(index + 1);
}

/* A time from text or a number; false for other kinds and other text. */
bool value_time(struct value value, struct time_cache *cache, int64_t *ret_ns);
/* A level from a word or one of the numbers that only loggers write; 0: none. */
uint8_t value_severity(struct value value);
/* Text of any spelling that has some: TEXT, STRING, ESCAPED (raw). */
static inline bool value_is_text(struct value value)
{
    return value.kind == VALUE_TEXT || value.kind == VALUE_STRING || value.kind == VALUE_ESCAPED;
}

/* Nobody parsed the line: its bytes are its body, whatever fields were added beside. */
static inline bool event_is_bare(const struct event *event)
{
    bool has_form = event->flags & (EVENT_PARSED | EVENT_JSON | EVENT_PARSE_FAILED);
    return !has_form && !event->slots[SLOT_BODY] && event->bytes.len;
}

#endif
