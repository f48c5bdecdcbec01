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

/* What a slot takes without slot_claim() being asked: strings, with nothing else learned from them. */
enum {
    TAKES_NOTHING = 0, /* SLOT_NONE */
    TAKES_STRINGS = 1,
    TAKES_FILLED = 2, /* not empty */
    TAKES_IDS = 4,    /* and with a first byte that no placeholder has */
    TAKES_ASKING = 8, /* only slot_claim() knows */
    TAKES_TIME = 16,  /* it will say yes to what time_parse_common() reads */
};
uint8_t slot_taking(enum slot slot);

/* By the first byte of a string: for which of these slot_claim() must be asked. */
extern const uint8_t slot_asking[256];

/* False: ask slot_claim(). The text is one that was scanned. */
static inline bool slot_takes(uint8_t taking, const struct value *value)
{
    if (value->kind != VALUE_STRING)
        return false;
    unsigned char first = (unsigned char)*value->text.at; /* of an empty one: its quote */
    return !(taking & (TAKES_ASKING | slot_asking[first]));
}

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
