/* agent/data/edit.c - changing an event's index of fields.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Nested values are JSON text; changing one writes its outermost object anew into the arena.
 */
#include <string.h>

#include "agent/data/alias.h"
#include "agent/data/encode.h"
#include "agent/data/find.h"
#include "agent/data/slots.h"
#include "agent/data/twins.h"
#include "agent/must.h"

enum { ROOM_FIRST = 16, ROOM_MAX = UINT16_MAX - 1 };

/* An index of its own with room for `more` fields. */
static bool own_fields(struct event *event, uint16_t more, struct arena *arena)
{
    size_t want = (size_t)event->count + more;
    if (!(event->flags & EVENT_SHARED) && want <= event->room)
        return true;
    if (want > ROOM_MAX)
        return false;
    size_t room = want < ROOM_FIRST ? ROOM_FIRST : want + want / 2;
    if (room > ROOM_MAX)
        room = ROOM_MAX;
    struct field *fields = arena_take(arena, room * sizeof *fields);
    if (!fields)
        return false;
    if (event->count)
        memcpy(fields, event->fields, event->count * sizeof *fields);
    event->fields = fields;
    event->room = (uint16_t)room;
    event->flags &= (uint16_t)~EVENT_SHARED;
    return true;
}

bool event_own(struct event *event, struct arena *arena)
{
    return own_fields(event, 0, arena);
}

bool event_add(struct event *event, struct field field, struct arena *arena)
{
    if (!own_fields(event, 1, arena))
        return false;
    enum slot wanted = (enum slot)field.slot;
    uint16_t index = event->count++;
    event->fields[index] = field;
    event->fields[index].slot = SLOT_NONE;
    event->flags |= EVENT_EDITED;
    if (field.value.kind == VALUE_OBJECT)
        event->flat &= ~alias_nested(field.key);
    if (wanted == SLOT_NONE || event->slots[wanted])
        return true;
    enum slot slot = slot_claim(event, wanted, &field, NULL);
    if (slot != SLOT_NONE && !event->slots[slot])
        slot_give(event, slot, index);
    return true;
}

/* What the event itself knows of a slot that was set. */
static void learn(struct event *event, enum slot slot, struct value value)
{
    int64_t number;
    if (slot == SLOT_TIME && value_time(value, NULL, &number)) {
        event->time_ns = number;
        event->flags |= EVENT_TIME_OWN;
    }
    if (slot == SLOT_SEVERITY_TEXT) {
        event->severity = value_severity(value);
        event->flags &= (uint16_t) ~(EVENT_NO_SEVERITY_TEXT | EVENT_NO_SEVERITY_NUMBER);
    }
    if (slot == SLOT_SEVERITY_NUMBER)
        event->flags &= (uint16_t)~EVENT_NO_SEVERITY_NUMBER;
    if (slot == SLOT_ERROR)
        event->flags &= (uint16_t)~EVENT_NO_ERROR;
    if (slot == SLOT_SEVERITY_NUMBER && value_integer(value, &number) && number >= 0 &&
        number <= 24)
        event->severity = (uint8_t)number;
}

/* A value that comes from another field may have one key twice. */
static uint8_t twins_flag(struct value value, struct arena *arena)
{
    bool is_container = value.kind == VALUE_OBJECT || value.kind == VALUE_ARRAY;
    return is_container && twins_exist(value.text, arena) ? FIELD_TWINS : 0;
}

static bool add_key(struct event *event, struct str key, bool is_plain, struct value value,
                    struct arena *arena)
{
    struct field field = {.key = key, .value = value, .flags = twins_flag(value, arena)};
    field.flags |= is_plain ? 0 : FIELD_KEY_TEXT;
    return event_add(event, field, arena);
}

/* --- nested text
 * ----------------------------------------------------------------------------------- */

/* object[0, from) + key and value + object[to, end), in the arena. */
struct splice {
    struct str text;
    size_t from, to;
    struct str key;     /* written before the value, empty: the value alone */
    bool comma_before;  /* the value is a new member behind others */
    struct value value; /* MISSING: nothing is put in */
};

static void write_splice(struct buffer *to, const struct splice *splice)
{
    buffer_add(to, str_slice(splice->text, 0, splice->from));
    if (splice->comma_before)
        buffer_byte(to, ',');
    if (splice->key.len) {
        encode_text(to, splice->key);
        buffer_byte(to, ':');
    }
    if (splice->value.kind != VALUE_MISSING)
        encode_value(to, splice->value);
    buffer_add(to, str_skip(splice->text, splice->to));
}

/* Puts the spliced text in place of the field's. */
static bool apply_splice(struct event *event, struct field *field, const struct splice *splice,
                         struct arena *arena)
{
    struct buffer buffer;
    buffer_init(&buffer, SIZE_MAX / 2);
    write_splice(&buffer, splice);
    struct str text = buffer.full ? (struct str){NULL, 0} : arena_copy(arena, buffer_str(&buffer));
    buffer_clear(&buffer);
    if (!text.at)
        return false;
    field->value.text = text;
    field->flags |= twins_flag(splice->value, arena);
    event->flat &= ~alias_nested(field->key);
    event->flags |= EVENT_EDITED;
    return true;
}

/* Offset in the field's text of an offset in a container within it. */
static size_t outer(const struct spot *spot, size_t offset)
{
    return (size_t)(spot->place.container.at - spot->field->value.text.at) + offset;
}

static bool set_nested(struct event *event, const struct spot *spot, struct value value,
                       struct arena *arena)
{
    struct splice splice = {.text = spot->field->value.text,
                            .from = outer(spot, spot->place.span.value),
                            .to = outer(spot, spot->place.span.end),
                            .value = value};
    return apply_splice(event, spot->field, &splice, arena);
}

/* Takes the member out together with the comma behind it, or before it if it is the last. */
static bool remove_nested(struct event *event, const struct spot *spot, struct arena *arena)
{
    struct str in = spot->place.container;
    size_t from = spot->place.span.from, to = spot->place.span.end, at = to;
    struct member next;
    struct span span;
    if (walk_next(in, &at, &next, &span)) {
        to = span.from;
    } else {
        while (from > 1 && in.at[from - 1] != ',' && in.at[from - 1] <= ' ')
            from--;
        from -= from > 1 && in.at[from - 1] == ',';
    }
    struct splice splice = {
        .text = spot->field->value.text, .from = outer(spot, from), .to = outer(spot, to)};
    return apply_splice(event, spot->field, &splice, arena);
}

static bool is_empty(struct str object)
{
    size_t at = 0;
    struct member member;
    return !scan_next(object, &at, &member);
}

/* A new member at the end of the object that the spot leads to. */
static bool add_member(struct event *event, const struct spot *spot, struct str key,
                       struct value value, struct arena *arena)
{
    struct field *field = spot->field;
    struct str object = spot_value(spot).text;
    size_t end = (size_t)(object.at - field->value.text.at) + object.len - 1;
    struct splice splice = {.text = field->value.text,
                            .from = end,
                            .to = end,
                            .key = key,
                            .comma_before = !is_empty(object),
                            .value = value};
    return apply_splice(event, field, &splice, arena);
}

/* --- setting
 * ---------------------------------------------------------------------------------------- */

/* Makes the index the event's own and finds the field again in the copy. */
static bool own_spot(struct event *event, struct spot *spot, struct arena *arena)
{
    size_t index = (size_t)(spot->field - event->fields);
    if (!own_fields(event, 0, arena))
        return false;
    spot->field = &event->fields[index];
    return true;
}

static bool replace(struct event *event, struct spot *spot, struct value value, struct arena *arena)
{
    if (!own_spot(event, spot, arena))
        return false;
    if (spot->is_nested)
        return set_nested(event, spot, value, arena);
    spot->field->value = value;
    if (value.kind == VALUE_OBJECT)
        event->flat &= ~alias_nested(spot->field->key);
    spot->field->flags &= (uint8_t)~FIELD_TWINS;
    spot->field->flags |= twins_flag(value, arena);
    event->flags |= EVENT_EDITED;
    return true;
}

enum parent { NO_PARENT, PARENT_OBJECT, PARENT_OTHER };

/* What holds the key: the value at the longest prefix of it that exists. */
static enum parent find_parent(const struct event *event, struct str key, struct spot *ret,
                               struct str *ret_rest)
{
    for (size_t dot = key.len; dot-- > 1;) {
        if (key.at[dot] != '.' || !find_dotted(event, str_slice(key, 0, dot), ret) ||
            spot_value(ret).kind == VALUE_NULL)
            continue;
        *ret_rest = str_skip(key, dot + 1);
        return spot_value(ret).kind == VALUE_OBJECT ? PARENT_OBJECT : PARENT_OTHER;
    }
    return NO_PARENT;
}

bool event_set_slot(struct event *event, enum slot slot, struct value value, struct arena *arena)
{
    struct str key = str_from(slot_name(slot));
    struct spot spot = {.field = NULL};
    bool is_there = find_slot(event, slot, &spot) || (spot.field = find_key(event, key)) != NULL;
    if (is_there ? !replace(event, &spot, value, arena) : !add_key(event, key, true, value, arena))
        return false;
    struct field *field = event->slots[slot] ? NULL : find_key(event, key);
    if (field)
        slot_give(event, slot, (uint16_t)(field - event->fields));
    learn(event, slot, value);
    return true;
}

/* A number set as `duration_ms` counts milliseconds, whatever the key it replaces counts. */
static struct value in_slot_unit(const struct path *path, struct value value)
{
    double number;
    if (path->slot != SLOT_DURATION || path->is_duration || value.kind == VALUE_DURATION ||
        !value_number(value, &number) || !(number > -9e12 && number < 9e12))
        return value;
    return (struct value){.kind = VALUE_DURATION, .integer = (int64_t)(number * 1e6)};
}

bool event_set(struct event *event, const struct path *path, struct value value,
               struct arena *arena)
{
    struct spot spot;
    if (path->slot != SLOT_NONE && find_slot(event, path->slot, &spot))
        return event_set_slot(event, path->slot, in_slot_unit(path, value), arena);
    if (find_path(event, path, &spot))
        return replace(event, &spot, value, arena);
    if (path->count > 1) /* into an array, but there is none so long */
        return false;
    struct str rest, key = path->steps[0].dotted;
    switch (find_parent(event, key, &spot, &rest)) {
    case PARENT_OTHER:
        return false;
    case PARENT_OBJECT:
        return own_spot(event, &spot, arena) && add_member(event, &spot, rest, value, arena);
    case NO_PARENT:
        break;
    }
    if (path->slot != SLOT_NONE)
        return event_set_slot(event, path->slot, in_slot_unit(path, value), arena);
    return add_key(event, key, path->is_plain, value, arena);
}

/* --- removing and renaming
 * ---------------------------------------------------------------------------- */

static void forget_slot(struct event *event, struct field *field)
{
    if (field->slot != SLOT_NONE)
        event->slots[field->slot] = 0;
    field->slot = SLOT_NONE;
}

static bool find_any(const struct event *event, const struct path *path, struct spot *ret)
{
    if (path->slot != SLOT_NONE && find_slot(event, path->slot, ret))
        return true;
    return find_path(event, path, ret);
}

static bool remove_spot(struct event *event, struct spot *spot, struct arena *arena)
{
    if (!own_spot(event, spot, arena))
        return false;
    if (spot->is_nested)
        return remove_nested(event, spot, arena);
    forget_slot(event, spot->field);
    spot->field->flags |= FIELD_REMOVED;
    event->flags |= EVENT_EDITED;
    return true;
}

static bool says_severity(const struct event *event)
{
    struct spot spot;
    return find_slot(event, SLOT_SEVERITY_TEXT, &spot) ||
           find_slot(event, SLOT_SEVERITY_NUMBER, &spot);
}

/* What outputs would write of themselves, because the event knows it without the field. */
static unsigned hidden_with(enum slot slot)
{
    switch ((int)slot) {
    case SLOT_SEVERITY_TEXT:
        return EVENT_NO_SEVERITY_TEXT | EVENT_NO_SEVERITY_NUMBER;
    case SLOT_SEVERITY_NUMBER:
        return EVENT_NO_SEVERITY_NUMBER;
    case SLOT_ERROR:
        return EVENT_NO_ERROR;
    default:
        return 0;
    }
}

bool event_remove(struct event *event, const struct path *path, struct arena *arena)
{
    struct spot spot;
    unsigned hidden = hidden_with(path->slot);
    if (find_any(event, path, &spot)) {
        bool had_severity = says_severity(event), was_error = event_is_error(event, arena);
        if (!remove_spot(event, &spot, arena))
            return false;
        if (had_severity && !says_severity(event))
            hidden |= hidden_with(SLOT_SEVERITY_TEXT);
        if (was_error && !event_is_error(event, arena)) /* it must not be sampled away for that */
            hidden |= EVENT_FAILED;
    }
    event->flags |= (uint16_t)hidden;
    return true;
}

/* A top-level field takes the new name in its place. */
static void rename_field(struct event *event, struct field *field, const struct path *to)
{
    forget_slot(event, field);
    field->key = to->steps[0].dotted;
    field->flags &= (uint8_t) ~(FIELD_KEY_ESCAPED | FIELD_KEY_TEXT);
    field->flags |= to->is_plain ? 0 : FIELD_KEY_TEXT;
    field->name = 0;
    event->flags |= EVENT_EDITED;
    event->flat &= ~alias_nested(field->key);
    if (to->slot == SLOT_NONE)
        return;
    slot_give(event, to->slot, (uint16_t)(field - event->fields));
    learn(event, to->slot, field->value);
}

/* Takes the value out and sets it elsewhere, both on a draft: either everything happens or nothing.
 */
static bool move_value(struct event *event, struct spot *from, const struct path *to,
                       struct arena *arena)
{
    struct event draft = *event;
    struct value value = spot_value(from);
    draft.flags |= EVENT_SHARED;
    if (!remove_spot(&draft, from, arena) || !event_set(&draft, to, value, arena))
        return false;
    *event = draft;
    return true;
}

bool event_rename(struct event *event, const struct path *from, const struct path *to,
                  struct arena *arena)
{
    struct spot spot, old, parent;
    struct str rest;
    if (!find_any(event, from, &spot))
        return true;
    bool is_taken = find_any(event, to, &old);
    if (spot.is_nested || to->count > 1 || (is_taken && old.is_nested) ||
        find_parent(event, to->steps[0].dotted, &parent, &rest) != NO_PARENT)
        return move_value(event, &spot, to, arena);
    size_t old_index = is_taken ? (size_t)(old.field - event->fields) : 0;
    if (!own_spot(event, &spot, arena))
        return false;
    struct field *twin = is_taken ? &event->fields[old_index] : NULL;
    if (twin && twin != spot.field) {
        forget_slot(event, twin);
        twin->flags |= FIELD_REMOVED;
    }
    rename_field(event, spot.field, to);
    return true;
}
