/* filters/formats/inside.c - JSON inside a line: a logger's object within what the runtime wrote
 * around it. SPDX-License-Identifier: Apache-2.0
 *
 * The members are lifted to the top, so that a field has one name whether or not somebody wrapped
 * it. An encoded object has no key twice: of two alike the inner one stays, except for time and
 * invocation.
 */
#include "filters/formats/format.h"

#include <string.h>

/* The runtime knows these better than whoever logs inside it. */
static bool outer_wins(enum slot slot)
{
    return slot == SLOT_TIME || slot == SLOT_FAAS_INVOCATION_ID;
}

/* `message.` in front of a key that must not hide the outer one; a null at without room. */
static struct str inner_key(struct str key, struct arena *arena)
{
    static const char prefix[] = "message.";
    char *text = arena_take(arena, sizeof prefix - 1 + key.len);
    if (!text)
        return (struct str){0};
    memcpy(text, prefix, sizeof prefix - 1);
    memcpy(text + sizeof prefix - 1, key.at, key.len);
    return (struct str){text, sizeof prefix - 1 + key.len};
}

/* Adds a member; its twin, if there is one, stood outside. */
static void lift(struct reader *reader, struct field field)
{
    struct event *event = reader->event;
    enum slot slot = (enum slot)field.slot;
    struct field *twin = reader_find(reader, field.key);
    if (twin && outer_wins((enum slot)twin->slot)) {
        field.key = inner_key(field.key, reader->arena);
        field.name = 0;
        if (!field.key.at)
            return;
    } else if (twin) {
        field_take_out(event, twin);
    }
    field.slot = SLOT_NONE;
    if (event_add(event, field, reader->arena) && slot &&
        !(outer_wins(slot) && reader_has(reader, slot)))
        slot_give(event, slot, (uint16_t)(event->count - 1));
}

bool reader_object(struct reader *reader, struct str json)
{
    struct event part = {.bytes = json}, *event = reader->event;
    size_t wrong_at;
    if (scan_object(reader->inside, &part, reader->arena, &wrong_at) != SCAN_OK)
        return false;
    for (uint16_t i = 0; i < part.count; i++)
        if (!(part.fields[i].flags & FIELD_REMOVED))
            lift(reader, part.fields[i]);
    if (part.flags & EVENT_TIME_OWN && !(event->flags & EVENT_TIME_OWN)) {
        event->time_ns = part.time_ns;
        event->flags |= EVENT_TIME_OWN;
    }
    if (part.severity)
        event->severity = part.severity;
    return true;
}

void reader_message(struct reader *reader)
{
    struct event *event = reader->event;
    const struct field *body = event_slot(event, SLOT_BODY);
    if (!body || !(body->value.kind == VALUE_OBJECT || value_is_text(body->value)))
        return;
    struct str text = body->value.text;
    if (!text.len || *text.at != '{')
        return;
    if (body->value.kind == VALUE_ESCAPED)
        text = json_unescape(text, reader->arena);
    uint16_t outer = event->slots[SLOT_BODY];
    if (!text.at || !reader_object(reader, text))
        return;
    /* A message of its own replaces the text that held it. */
    if (event->slots[SLOT_BODY] != outer)
        event->fields[outer - 1].flags |= FIELD_REMOVED;
}
