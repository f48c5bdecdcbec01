/* agent/data/find.c - where a path leads to in an event.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/data/find.h"

#include "agent/data/alias.h"

struct field *find_key(const struct event *event, struct str key)
{
    for (uint16_t i = 0; i < event->count; i++) {
        struct field *field = &event->fields[i];
        if (field->flags & FIELD_REMOVED)
            continue;
        if (field->flags & FIELD_KEY_ESCAPED ? body_equal(field->key, true, key)
                                             : str_equal(field->key, key))
            return field;
    }
    return NULL;
}

/* One look at all fields tells nearly always that none of them is, or could hold, what is asked
 * for. */
static bool may_hold(const struct event *event, struct str dotted)
{
    for (uint16_t i = 0; i < event->count; i++) {
        struct str key = event->fields[i].key;
        if (event->fields[i].flags & FIELD_KEY_ESCAPED || key.len == 0)
            return true;
        if (key.len <= dotted.len && key.at[0] == dotted.at[0] && str_starts(dotted, key))
            return true;
    }
    return false;
}

bool find_dotted(const struct event *event, struct str dotted, struct spot *ret)
{
    *ret = (struct spot){.field = NULL};
    if (!may_hold(event, dotted))
        return false;
    ret->field = find_key(event, dotted);
    if (ret->field)
        return true;
    for (size_t dot = dotted.len; dot-- > 1;) {
        if (dotted.at[dot] != '.')
            continue;
        ret->field = find_key(event, str_slice(dotted, 0, dot));
        ret->is_nested = true;
        if (ret->field && ret->field->value.kind == VALUE_OBJECT &&
            walk_dotted(ret->field->value.text, str_skip(dotted, dot + 1), &ret->place))
            return true;
    }
    return false;
}

static bool find_step(struct value inside, const struct step *step, struct place *ret)
{
    if (step->dotted.len)
        return inside.kind == VALUE_OBJECT && walk_dotted(inside.text, step->dotted, ret);
    return inside.kind == VALUE_ARRAY && walk_index(inside.text, step->index, ret);
}

bool find_path(const struct event *event, const struct path *path, struct spot *ret)
{
    if (!find_dotted(event, path->steps[0].dotted, ret))
        return false;
    for (uint16_t i = 1; i < path->count; i++) {
        if (!find_step(spot_value(ret), &path->steps[i], &ret->place))
            return false;
        ret->is_nested = true;
    }
    return true;
}

static bool find_nested(struct field *field, enum slot slot, struct spot *ret)
{
    for (size_t i = 0; i < nested_alias_count; i++) {
        const struct nested_alias *alias = &nested_aliases[i];
        if (alias->slot != slot || !str_equal(alias->root, field->key))
            continue;
        *ret = (struct spot){.field = field, .is_nested = true};
        if (walk_dotted(field->value.text, alias->rest, &ret->place) &&
            ret->place.value.kind != VALUE_NULL)
            return true;
    }
    return false;
}

bool find_inside(const struct event *event, enum slot slot, struct spot *ret)
{
    for (uint16_t i = 0; i < event->count; i++) {
        struct field *field = &event->fields[i];
        if (field->value.kind == VALUE_OBJECT && !(field->flags & FIELD_REMOVED) &&
            find_nested(field, slot, ret))
            return true;
    }
    return false;
}
