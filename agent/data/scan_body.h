/* agent/data/scan_body.h - the scanner itself, compiled once per variant. For scan.c alone.
 * SPDX-License-Identifier: Apache-2.0
 *
 * V(name) is the name in this variant, SCAN_TARGET what its processor can do. Every function takes the
 * place it is at and returns the place behind what it read, or null when that is not valid.
 */

SCAN_TARGET static inline const char *V(blank)(struct scan *scan, const char *at)
{
    if (LIKELY(at < scan->end && (unsigned char)*at > ' '))
        return at;
    return scan_blank(scan, at);
}

/* Behind the first quote to behind the last. */
SCAN_TARGET static inline const char *V(string)(struct scan *scan, const char *at, bool *escaped)
{
    const char *from = at;
    bool high = false;
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
    if (UNLIKELY(high) && !scan_utf8(scan, from, at))
        return NULL;
    return at + 1;
}

SCAN_TARGET static inline const char *V(number)(struct scan *scan, const char *at)
{
    const char *first = at + (*at == '-');
    const char *behind = V(digits)(first, scan->end);
    if (UNLIKELY(behind == first || (*first == '0' && behind - first > 1)))
        return scan_fail(scan, behind == first ? behind : first + 1);
    if (behind < scan->end && *behind == '.') {
        const char *fraction = behind + 1;
        behind = V(digits)(fraction, scan->end);
        if (behind == fraction)
            return scan_fail(scan, behind);
    }
    if (UNLIKELY(behind < scan->end && (*behind == 'e' || *behind == 'E')))
        return scan_exponent(scan, behind + 1);
    return behind;
}

SCAN_TARGET static inline const char *V(literal)(struct scan *scan, const char *at, struct str word)
{
    if ((size_t)(scan->end - at) < word.len || memcmp(at, word.at, word.len) != 0)
        return scan_fail(scan, at);
    return at + word.len;
}

/* A key that the shape did not foretell. */
SCAN_TARGET static const char *V(new_key)(struct scan *scan, const char *from, struct frame *frame,
                                          struct key *key)
{
    if (from >= scan->end || *from != '"')
        return scan_fail(scan, from);
    *key = (struct key){.name = 0};
    const char *at = V(string)(scan, from + 1, &key->is_escaped);
    if (!at)
        return NULL;
    key->text = (struct str){from + 1, (size_t)(at - from) - 2};
    at = V(blank)(scan, at);
    if (at >= scan->end || *at != ':')
        return scan_fail(scan, at);
    at = V(blank)(scan, at + 1);
    scan_new_key(scan, frame, key, (struct str){from, (size_t)(at - from)});
    return at;
}

/* A key and its colon. */
SCAN_TARGET static inline const char *V(key)(struct scan *scan, const char *at, struct frame *frame,
                                             struct key *key)
{
    if (UNLIKELY(frame->node == SHAPE_NONE))
        return V(new_key)(scan, at, frame, key);
    const struct shape_node *nodes = scan->scanner->shape.nodes;
    for (uint16_t id = nodes[frame->node].child; id; id = nodes[id].sibling) {
        const struct shape_node *node = &nodes[id];
        if (!V(match)(node, at, scan->end))
            continue;
        frame->node = id;
        *key = (struct key){.text = {at + 1, node->key_len}, .name = node->name,
                            .slot = node->slot, .rank = node->rank, .is_twin = node->is_twin};
        return at + node->token_len;
    }
    return V(new_key)(scan, at, frame, key);
}

SCAN_TARGET static const char *V(object)(struct scan *scan, const char *at, uint16_t node, unsigned depth);
SCAN_TARGET static const char *V(array)(struct scan *scan, const char *at, uint16_t node, unsigned depth);

SCAN_TARGET static const char *V(container)(struct scan *scan, const char *at, uint16_t node,
                                            unsigned depth)
{
    if (depth == JSON_DEPTH_MAX)
        return scan_fail(scan, at);
    if (*at == '[')
        return V(array)(scan, at + 1, node, depth + 1);
    uint16_t inner = node == SHAPE_NONE ? SHAPE_NONE : shape_inner(&scan->scanner->shape, node);
    return V(object)(scan, at + 1, inner, depth + 1);
}

/* Any value. node: the key it belongs to. ret: its kind and text. */
SCAN_TARGET static inline const char *V(value)(struct scan *scan, const char *at, uint16_t node,
                                               unsigned depth, struct value *ret)
{
    if (at >= scan->end)
        return scan_fail(scan, at);
    const char *behind;
    bool escaped = false;
    switch (*at) {
    case '"':
        behind = V(string)(scan, at + 1, &escaped);
        if (UNLIKELY(!behind))
            return NULL;
        ret->kind = escaped ? VALUE_ESCAPED : VALUE_STRING;
        ret->text = (struct str){at + 1, (size_t)(behind - at) - 2};
        return behind;
    case '-': case '0': case '1': case '2': case '3': case '4':
    case '5': case '6': case '7': case '8': case '9':
        behind = V(number)(scan, at);
        ret->kind = VALUE_NUMBER;
        break;
    case '{': case '[':
        ret->kind = *at == '{' ? VALUE_OBJECT : VALUE_ARRAY;
        behind = V(container)(scan, at, node, depth);
        break;
    case 't':
        *ret = (struct value){.kind = VALUE_BOOL, .truth = true};
        return V(literal)(scan, at, STR("true"));
    case 'f':
        *ret = (struct value){.kind = VALUE_BOOL, .truth = false};
        return V(literal)(scan, at, STR("false"));
    case 'n':
        *ret = (struct value){.kind = VALUE_NULL};
        return V(literal)(scan, at, STR("null"));
    default:
        return scan_fail(scan, at);
    }
    if (UNLIKELY(!behind))
        return NULL;
    ret->text = (struct str){at, (size_t)(behind - at)};
    return behind;
}

SCAN_TARGET static const char *V(array)(struct scan *scan, const char *at, uint16_t node, unsigned depth)
{
    struct value value;
    at = V(blank)(scan, at);
    if (at < scan->end && *at == ']')
        return at + 1;
    for (;;) {
        at = V(value)(scan, at, node, depth, &value);
        if (!at)
            return NULL;
        at = V(blank)(scan, at);
        if (at >= scan->end || (*at != ',' && *at != ']'))
            return scan_fail(scan, at);
        if (*at == ']')
            return at + 1;
        at = V(blank)(scan, at + 1);
    }
}

SCAN_TARGET static const char *V(object)(struct scan *scan, const char *at, uint16_t node, unsigned depth)
{
    struct frame frame = {.node = node};
    struct value value;
    struct key key;
    at = V(blank)(scan, at);
    if (at < scan->end && *at == '}')
        return at + 1;
    for (;;) {
        at = V(key)(scan, at, &frame, &key);
        if (!at)
            return NULL;
        scan->has_twins |= key.is_twin;
        scan->may_have_twins |= key.may_be_twin;
        at = V(value)(scan, at, frame.node, depth, &value);
        if (!at)
            return NULL;
        at = V(blank)(scan, at);
        if (at >= scan->end || (*at != ',' && *at != '}'))
            return scan_fail(scan, at);
        if (*at == '}')
            return at + 1;
        at = V(blank)(scan, at + 1);
    }
}

/* Any value at all, at the top. */
SCAN_TARGET static const char *V(any)(struct scan *scan, const char *at, struct value *ret)
{
    return V(value)(scan, at, SHAPE_NONE, 0, ret);
}

/* One member of the event itself. */
SCAN_TARGET static inline const char *V(field)(struct scan *scan, const char *at, struct frame *frame)
{
    struct event *event = scan->event;
    struct key key;
    at = V(key)(scan, at, frame, &key);
    if (UNLIKELY(!at) || (UNLIKELY(event->count == event->room) && !scan_more_fields(scan)))
        return NULL;
    struct field *field = &event->fields[event->count];
    scan->top_twins |= key.is_twin | key.may_be_twin;
    field->key = key.text;
    field->name = key.name;
    field->slot = SLOT_NONE;
    field->flags = key.is_escaped ? FIELD_KEY_ESCAPED : 0;
    at = V(value)(scan, at, frame->node, 1, &field->value);
    if (UNLIKELY(!at))
        return NULL;
    event->count++;
    if (UNLIKELY(scan->has_newline | scan->has_twins | scan->may_have_twins))
        scan_mark_container(scan, field);
    if (key.slot != SLOT_NONE)
        scan_fill(scan, (uint16_t)(event->count - 1), (enum slot)key.slot, key.rank);
    return at;
}

/* The object at the top: `at` is behind its brace. */
SCAN_TARGET static const char *V(fields)(struct scan *scan, const char *at)
{
    struct frame frame = {.node = SHAPE_ROOT};
    at = V(blank)(scan, at);
    if (at < scan->end && *at == '}')
        return at + 1;
    for (;;) {
        at = V(field)(scan, at, &frame);
        if (UNLIKELY(!at))
            return NULL;
        at = V(blank)(scan, at);
        if (UNLIKELY(at >= scan->end || (*at != ',' && *at != '}')))
            return scan_fail(scan, at);
        if (*at == '}')
            return at + 1;
        at = V(blank)(scan, at + 1);
    }
}
