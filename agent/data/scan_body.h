/* agent/data/scan_body.h - the scanner itself, compiled once per variant. For scan.c alone.
 * SPDX-License-Identifier: Apache-2.0
 *
 * V(name) is the name in this variant, SCAN_TARGET what its processor can do. What runs for every value is
 * inlined, for a call costs as much as the work, and what seldom runs is not. Every function takes the
 * place it is at and returns the place behind what it read, or null when that is not valid.
 * Lines of the vector variants end with a brace that closes (variant_for()). So whoever took any other byte has one
 * more to look at, and AT_END() is false there without looking; behind a closed object is_inside() looks.
 */

SCAN_INLINE const char *V(blank)(struct scan *scan, const char *at)
{
    if (LIKELY(!AT_END(scan, at) && (unsigned char)*at > ' '))
        return at;
    return scan_blank(scan, at);
}

/* Behind the first quote to behind the last. */
SCAN_TARGET static const char *V(string)(struct scan *scan, const char *at, bool *escaped)
{
    const char *from = at;
    uint32_t high = 0;
    for (;;) {
        at = V(stop)(at, scan->end, &high);
        if (LIKELY(at < scan->end && *at == '"'))
            break;
        if (at == scan->end || *at != '\\')
            return scan_fail(scan, at);
        *escaped = true;
        at = scan_escape(scan, at);
        if (!at)
            return NULL;
    }
    if (UNLIKELY(high != 0) && !scan_utf8(scan, from, at))
        return NULL;
    return at + 1;
}

/* A value with escapes or more than ASCII in it, or at the end of the line. */
SCAN_TARGET static __attribute__((noinline)) const char *
V(odd_string)(struct scan *scan, const char *from, struct value *ret)
{
    bool escaped = false;
    const char *behind = V(string)(scan, from, &escaped);
    if (!behind)
        return NULL;
    ret->kind = escaped ? VALUE_ESCAPED : VALUE_STRING;
    ret->text = (struct str){from, (size_t)(behind - from) - 1};
    return behind;
}

SCAN_INLINE const char *V(number)(struct scan *scan, const char *at)
{
    const char *first = at + (*at == '-');
    const char *behind = V(digits)(first, scan->last);
    if (UNLIKELY(behind == first || (*first == '0' && behind - first > 1)))
        return scan_fail(scan, behind == first ? behind : first + 1);
    if (!AT_END(scan, behind) && *behind == '.') {
        const char *fraction = behind + 1;
        behind = V(digits)(fraction, scan->last);
        if (behind == fraction)
            return scan_fail(scan, behind);
    }
    if (UNLIKELY(!AT_END(scan, behind) && (*behind | 0x20) == 'e'))
        return scan_exponent(scan, behind + 1);
    return behind;
}

SCAN_INLINE const char *V(literal)(struct scan *scan, const char *at, struct str word)
{
    if ((size_t)(scan->end - at) < word.len || memcmp(at, word.at, word.len) != 0)
        return scan_fail(scan, at);
    return at + word.len;
}

/* The member that the shape foretells behind `node`, or null. */
SCAN_INLINE struct shape_node *V(foretold)(const struct scan *scan, const char *at, struct shape_node *node)
{
    struct shape_node *next = node->child;
    while (next && !V(match)(next, at, scan->last))
        next = next->sibling;
    return next;
}

/* A key that it did not: `from` is its quote, or the comma before it unless it is the first of its object. */
SCAN_TARGET static const char *V(new_key)(struct scan *scan, const char *from, struct shape_node *node)
{
    const char *key = *from == ',' ? V(blank)(scan, from + 1) : from;
    if (AT_END(scan, key) || *key != '"')
        return scan_fail(scan, key);
    scan->key = (struct key){.name = 0};
    const char *at = V(string)(scan, key + 1, &scan->key.is_escaped);
    if (!at)
        return NULL;
    scan->key.text = (struct str){key + 1, (size_t)(at - key) - 2};
    at = V(blank)(scan, at);
    if (AT_END(scan, at) || *at != ':')
        return scan_fail(scan, at);
    at = V(blank)(scan, at + 1);
    scan_new_key(scan, node, (struct str){from, (size_t)(at - from)});
    return at;
}

/* Behind the brace of an object to its first key, or to the brace that closes it. */
SCAN_INLINE const char *V(first)(struct scan *scan, const char *at)
{
    at = V(blank)(scan, at);
    return AT_END(scan, at) || (*at != '"' && *at != '}') ? scan_fail(scan, at) : at;
}

/* Behind a member to the comma before the next one, or to the brace behind the last. */
SCAN_INLINE const char *V(separator)(struct scan *scan, const char *at)
{
    if (LIKELY(!AT_END(scan, at) && *at == ','))
        return at;
    at = V(blank)(scan, at);
    return AT_END(scan, at) || (*at != ',' && *at != '}') ? scan_fail(scan, at) : at;
}

SCAN_TARGET static const char *V(object)(struct scan *scan, const char *at, struct shape_node *node, unsigned depth);
SCAN_TARGET static const char *V(odd_object)(struct scan *scan, const char *at, unsigned depth);
SCAN_TARGET static const char *V(array)(struct scan *scan, const char *at, struct shape_node *node, unsigned depth);

SCAN_INLINE const char *V(container)(struct scan *scan, const char *at, struct shape_node *node, unsigned depth)
{
    if (UNLIKELY(depth == JSON_DEPTH_MAX))
        return scan_fail(scan, at);
    if (*at == '[')
        return V(array)(scan, at + 1, node, depth + 1);
    struct kept_member *kept = depth > 1 ? NULL : scan_keep(scan);
    struct shape_node *inner = LIKELY(node != NULL) ? shape_inner(&scan->scanner->shape, node) : NULL;
    const char *behind = LIKELY(inner != NULL) ? V(object)(scan, at + 1, inner, depth + 1)
                                               : V(odd_object)(scan, at + 1, depth + 1);
    if (kept) {
        kept->member.value = (struct value){.kind = VALUE_OBJECT, .text = {.at = at, .len = 0}};
        kept->next = scan->kept;
    }
    return is_inside(scan, behind, depth);
}

SCAN_INLINE const char *V(word)(struct scan *scan, const char *at, struct value *ret)
{
    bool is_true = *at == 't';
    *ret = (struct value){.kind = *at == 'n' ? VALUE_NULL : VALUE_BOOL, .truth = is_true};
    if (*at == 'n')
        return V(literal)(scan, at, STR("null"));
    return is_true ? V(literal)(scan, at, STR("true")) : V(literal)(scan, at, STR("false"));
}

/* A value that does not begin with a quote here: there may be blanks before it. */
SCAN_INLINE const char *V(unquoted)(struct scan *scan, const char *at, struct shape_node *node,
                                    unsigned depth, struct value *ret)
{
    at = V(blank)(scan, at);
    if (AT_END(scan, at))
        return scan_fail(scan, at);
    const char *behind;
    if (LIKELY((unsigned char)(*at - '0') < 10) || *at == '-') {
        ret->kind = VALUE_NUMBER;
        behind = V(number)(scan, at);
    } else if (*at == '{' || *at == '[') {
        ret->kind = *at == '{' ? VALUE_OBJECT : VALUE_ARRAY;
        behind = V(container)(scan, at, node, depth);
    } else if (*at == '"') {
        return V(odd_string)(scan, at + 1, ret);
    } else {
        return V(word)(scan, at, ret);
    }
    if (LIKELY(behind != NULL))
        ret->text = (struct str){at, (size_t)(behind - at)};
    return behind;
}

/* Any value. node: the key it belongs to. ret: its kind and text. */
SCAN_INLINE const char *V(value)(struct scan *scan, const char *at, struct shape_node *node,
                                 unsigned depth, struct value *ret)
{
    if (AT_END(scan, at) || *at != '"')
        return V(unquoted)(scan, at, node, depth, ret);
    const char *quote = V(closing)(at + 1, scan->last);
    if (UNLIKELY(!quote))
        return V(odd_string)(scan, at + 1, ret);
    ret->kind = VALUE_STRING;
    ret->text = (struct str){at + 1, (size_t)(quote - at) - 1};
    return quote + 1;
}

SCAN_TARGET static const char *V(array)(struct scan *scan, const char *at, struct shape_node *node, unsigned depth)
{
    struct value value;
    at = V(blank)(scan, at);
    if (!AT_END(scan, at) && *at == ']')
        return at + 1;
    for (;;) {
        at = V(value)(scan, at, node, depth, &value);
        if (!at)
            return NULL;
        at = V(blank)(scan, at);
        if (AT_END(scan, at) || (*at != ',' && *at != ']'))
            return scan_fail(scan, at);
        if (*at == ']')
            return at + 1;
        at = V(blank)(scan, at + 1);
    }
}

/* One member of an object inside the event, with the comma before it. */
SCAN_INLINE const char *V(member)(struct scan *scan, const char *from, struct shape_node **node, unsigned depth)
{
    struct kept_member *kept = scan_keep(scan);
    struct shape_node *next = LIKELY(*node != NULL) ? V(foretold)(scan, from, *node) : NULL;
    const char *at;
    if (LIKELY(next != NULL)) {
        at = from + next->token_len; /* there may be more blanks than were foretold */
        scan->met |= next->is_twin;  /* MET_TWINS */
        kept->member.key = (struct str){from + next->key_at, next->key_len};
        kept->member.key_escaped = false;
        kept->mark = &next->mark;
    } else {
        at = V(new_key)(scan, from, *node);
        if (!at)
            return NULL;
        next = scan->node;
        if (scan->key.may_be_twin)
            scan->met |= next ? MET_TWINS : MET_SUSPECTS;
        kept->member.key = scan->key.text;
        kept->member.key_escaped = scan->key.is_escaped;
        kept->mark = next ? &next->mark : NULL;
    }
    *node = next;
    at = V(value)(scan, at, next, depth, &kept->member.value);
    kept->next = scan->kept;
    return at;
}

/* `at` is behind its brace; node: the root of its keys, or null. */
SCAN_TARGET static const char *V(object)(struct scan *scan, const char *at, struct shape_node *node, unsigned depth)
{
    at = V(first)(scan, at);
    if (UNLIKELY(!at || *at == '}'))
        return at ? at + 1 : NULL;
    do {
        at = V(member)(scan, at, &node, depth);
        if (UNLIKELY(!at))
            return NULL;
        at = V(separator)(scan, at);
    } while (LIKELY(at != NULL) && *at == ',');
    return LIKELY(at != NULL) ? at + 1 : NULL;
}

/* One whose keys are off the tree, as are those around it. */
SCAN_TARGET static __attribute__((noinline)) const char *V(odd_object)(struct scan *scan, const char *at, unsigned depth)
{
    struct bloom outer = scan->bloom;
    scan->bloom = (struct bloom){{0}};
    at = V(object)(scan, at, NULL, depth);
    scan->bloom = outer;
    return at;
}

/* Any value at all, at the top. */
SCAN_TARGET static const char *V(any)(struct scan *scan, const char *at, struct value *ret)
{
    return V(value)(scan, at, NULL, 0, ret);
}

/* The field of a foretold key whose value fills a slot: as its source if it fits, else perhaps of another one. */
SCAN_INLINE void V(fill_slot)(struct scan *scan, const struct shape_node *node, struct field *field)
{
    struct event *event = scan->event;
    if (LIKELY(!event->slots[node->slot])) {
        bool fits = slot_takes(node->taking, &field->value);
        if (!fits && node->taking == (TAKES_ASKING | TAKES_TIME) && field->value.kind == VALUE_STRING &&
            time_parse_common(field->value.text, &scan->scanner->time, &event->time_ns)) {
            event->flags |= EVENT_TIME_OWN;
            fits = true;
        }
        if (LIKELY(fits)) {
            field->slot = node->slot;
            event->slots[node->slot] = (uint16_t)(event->count + 1); /* the field is not counted yet */
            return;
        }
    }
    scan_ask_slot(scan, node, field);
}

/* A member of the event itself whose key was not foretold. */
SCAN_TARGET static __attribute__((noinline)) const char *
V(new_field)(struct scan *scan, const char *from, struct shape_node *before, struct field *field)
{
    const char *at = V(new_key)(scan, from, before);
    struct key key = scan->key; /* an object in the value overwrites the scan's, and its node */
    struct shape_node *node = scan->node;
    if (at)
        at = V(value)(scan, at, node, 1, &field->value);
    scan->node = node;
    if (!at)
        return NULL;
    field->key = key.text;
    field->name = key.name;
    field->slot = SLOT_NONE;
    field->flags = key.is_escaped ? FIELD_KEY_ESCAPED : 0;
    scan->top_twins |= key.may_be_twin;
    if (field->value.kind >= VALUE_OBJECT)
        scan_note_container(scan, field, alias_nested(field->key));
    if (key.slot)
        scan_fill(scan, field, (enum slot)key.slot, key.rank);
    return at;
}

/* One member of the event itself, with the comma before it. */
SCAN_INLINE const char *V(field)(struct scan *scan, const char *from, struct shape_node **node, struct field *field)
{
    struct shape_node *next = LIKELY(*node != NULL) ? V(foretold)(scan, from, *node) : NULL;
    const char *at;
    if (UNLIKELY(!next)) {
        at = V(new_field)(scan, from, *node, field);
        *node = scan->node;
        return at;
    }
    *node = next;
    at = from + next->token_len; /* there may be more blanks than were foretold */
    field->key = (struct str){from + next->key_at, next->key_len};
    field->name = next->name;
    field->slot = SLOT_NONE;
    field->flags = 0;
    at = V(value)(scan, at, next, 1, &field->value);
    if (UNLIKELY(!at))
        return NULL;
    if (UNLIKELY(field->value.kind >= VALUE_OBJECT))
        scan_note_container(scan, field, next->nested);
    if (next->taking != TAKES_NOTHING)
        V(fill_slot)(scan, next, field);
    return at;
}

/* The object at the top: `at` is behind its brace. */
SCAN_TARGET static const char *V(fields)(struct scan *scan, const char *at)
{
    struct event *event = scan->event;
    struct shape_node *node = scan->scanner->shape.nodes;
    struct field *field = NULL, *end = NULL; /* of the room for them */
    at = V(first)(scan, at);
    if (UNLIKELY(!at || *at == '}'))
        return at ? at + 1 : NULL;
    do {
        if (UNLIKELY(field == end)) {
            if (!scan_more_fields(scan))
                return NULL;
            field = event->fields + event->count;
            end = event->fields + event->room;
        }
        at = V(field)(scan, at, &node, field);
        if (UNLIKELY(!at))
            return NULL;
        event->count++;
        field++;
        at = V(separator)(scan, at);
    } while (LIKELY(at != NULL) && *at == ',');
    if (UNLIKELY(!at))
        return NULL;
    scan->scanner->leaf = node;
    return at + 1;
}
