/* agent/data/flatten.c - a JSON object to one without objects in it, within a far end's bounds.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/data/flatten.h"

#include <xxhash.h>

#include "agent/data/naming.h"
#include "agent/data/walk.h"
#include "agent/limits.h"

enum {
    MEMBER_BYTES_LEAST = 5,  /* "":1, */
    MEMBER_BYTES_BESIDE = 9, /* "":false, */
    RESERVED_FIELDS = 80,    /* kept free for the naming's own; a test holds it above SLOT_COUNT */
    RESERVED_BYTES = 32 << 10,
    TEXT_BYTES_LEAST = 256, /* shorter says nothing: rather leave fields out */
    KEY_BYTES = 64,         /* most names are shorter; it grows for those that are not */
    KEY_NUMBERS_MAX = 9,    /* a_2 to a_9 */
};

struct flat {
    struct buffer *to;
    const struct flat_bounds *bounds;
    struct arena *scratch;
    struct buffer key; /* of what is being written, with the names of the objects around it */
    uint64_t *taken;   /* hashes of the keys that are written; 0: free */
    size_t taken_mask;
    size_t start, text_max; /* begin of the object; of texts in this attempt */
    bool may_leave_out;     /* by size: the last attempt */
    uint32_t count;
    struct flat_cut cut;
};

/* False: it is there already. */
static bool key_take(struct flat *flat, struct str key)
{
    uint64_t hash = XXH3_64bits(key.at, key.len) | 1;
    size_t i = hash >> 1 & flat->taken_mask;
    while (flat->taken[i] && flat->taken[i] != hash)
        i = (i + 1) & flat->taken_mask;
    bool is_new = flat->taken[i] == 0;
    flat->taken[i] = hash;
    return is_new;
}

/* What two members would share a name is told apart by a number. */
static bool key_make_unique(struct flat *flat)
{
    size_t len = flat->key.len;
    bool is_new = key_take(flat, buffer_str(&flat->key));
    for (int i = 2; !is_new && i <= KEY_NUMBERS_MAX; i++) {
        flat->key.len = len;
        buffer_format(&flat->key, "_%d", i);
        is_new = key_take(flat, buffer_str(&flat->key));
    }
    return is_new && !flat->key.full;
}

/* The most bytes that a member can take: a control byte becomes six. */
static size_t member_bytes_max(const struct flat *flat, struct value value)
{
    size_t key = 6 * flat->key.len + MEMBER_BYTES_BESIDE;
    if (value.kind == VALUE_NUMBER)
        return key + value.text.len;
    if (value.kind == VALUE_BOOL)
        return key;
    return key + 6 * (value.text.len < flat->text_max ? value.text.len : flat->text_max);
}

static bool has_room(const struct flat *flat, struct value value)
{
    const struct flat_bounds *bounds = flat->bounds;
    if (!flat->may_leave_out && flat->count + RESERVED_FIELDS < bounds->fields_max)
        return true;
    bool is_ours = naming_claim(bounds->names, buffer_str(&flat->key)).slot != SLOT_NONE;
    uint32_t fields = is_ours ? 0 : RESERVED_FIELDS;
    size_t bytes = is_ours ? 0 : RESERVED_BYTES;
    if (flat->count + fields >= bounds->fields_max)
        return false;
    return !flat->may_leave_out ||
           flat->to->len - flat->start + member_bytes_max(flat, value) + bytes <
               bounds->object_max; /* its brace comes behind */
}

static void write_text(struct flat *flat, struct str text)
{
    if (text.len > flat->text_max) {
        size_t end = flat->text_max;
        while (end > 0 && ((unsigned char)text.at[end] & 0xC0) == 0x80)
            end--;
        text = str_slice(text, 0, end);
        flat->cut.texts++;
    }
    encode_text(flat->to, text);
}

static void write_value(struct flat *flat, struct value value)
{
    bool is_container = value.kind == VALUE_OBJECT || value.kind == VALUE_ARRAY;
    bool is_string = value.kind == VALUE_STRING || value.kind == VALUE_ESCAPED;
    if (!is_container && (!is_string || value.text.len <= flat->text_max)) {
        encode_value(flat->to, value);
        return;
    }
    struct str text = value.text;
    if (value.kind == VALUE_ESCAPED)
        text = json_unescape(text, flat->scratch);
    write_text(flat, text);
    flat->to->full |= !text.at;
}

static void write_member(struct flat *flat, struct value value)
{
    if (value.kind == VALUE_NULL)
        return;
    if (!has_room(flat, value) || !key_make_unique(flat)) {
        flat->cut.fields++;
        return;
    }
    if (flat->count++)
        buffer_byte(flat->to, ',');
    encode_text(flat->to, buffer_str(&flat->key));
    buffer_byte(flat->to, ':');
    write_value(flat, value);
}

static bool is_empty_object(struct str object)
{
    struct member member;
    size_t at = 0;
    return !scan_next(object, &at, &member);
}

static void write_members(struct flat *flat, struct str object, unsigned depth)
{
    struct member member;
    size_t around = flat->key.len;
    for (size_t at = 0; scan_next(object, &at, &member);) {
        struct str key = member.key_escaped ? json_unescape(member.key, flat->scratch) : member.key;
        flat->to->full |= !key.at;
        flat->key.len = around;
        flat->key.full = false;
        if (around)
            buffer_byte(&flat->key, '.');
        buffer_add(&flat->key, key);
        if (member.value.kind == VALUE_OBJECT && depth < FLATTEN_DEPTH_MAX &&
            !is_empty_object(member.value.text))
            write_members(flat, member.value.text, depth + 1);
        else
            write_member(flat, member.value);
    }
    flat->key.len = around;
}

static void attempt(struct flat *flat, struct str object)
{
    memset(flat->taken, 0, (flat->taken_mask + 1) * sizeof *flat->taken);
    flat->to->len = flat->start;
    flat->count = 0;
    flat->cut = (struct flat_cut){0};
    buffer_reset(&flat->key);
    buffer_byte(flat->to, '{');
    write_members(flat, object, 1);
    buffer_byte(flat->to, '}');
}

/* --- most events: nothing in them, or arrays at most -------------------------------------------
 */

bool flat_fits(size_t object_len, const struct flat_bounds *bounds)
{
    return object_len <= bounds->text_max && object_len <= bounds->object_max &&
           object_len / MEMBER_BYTES_LEAST + RESERVED_FIELDS < bounds->fields_max;
}

/* An object comes up, null goes, and a float may have no number in JSON. An array in a slot, or
 * with twins in it, is not written as it is. */
static inline bool is_flat(const struct field *field)
{
    enum { OTHERS = 1 << VALUE_MISSING | 1 << VALUE_NULL | 1 << VALUE_FLOAT | 1 << VALUE_OBJECT };
    bool is_array = field->value.kind == VALUE_ARRAY;
    return !(OTHERS >> field->value.kind & 1) &&
           (!is_array || (field->slot == SLOT_NONE && !(field->flags & FIELD_TWINS)));
}

bool event_is_flat(const struct event *event)
{
    const struct field *last = event->fields + event->count;
    for (const struct field *field = event->fields; field < last; field++)
        if (UNLIKELY(!is_flat(field)) && !(field->flags & FIELD_REMOVED))
            return false;
    return true;
}

/* Nothing in it that would have to change. Braces may stand in texts only. */
static bool has_braces(struct str object)
{
    return memchr(object.at + 1, '{', object.len - 1) || memchr(object.at, '[', object.len);
}

static void add_run(struct buffer *to, size_t start, struct str run)
{
    if (run.len && to->len > start + 1)
        buffer_byte(to, ',');
    buffer_add(to, run);
}

/* Copies a small object, its keys differ; arrays become their text, null goes. False: an object in
 * it has to come up, or it became too large. */
static bool copy_with_arrays(struct flat *flat, struct str object)
{
    struct member member;
    struct span span;
    struct str run = {NULL, 0};
    struct buffer *to = flat->to;
    to->len = flat->start;
    buffer_byte(to, '{');
    for (size_t at = 0; walk_next(object, &at, &member, &span);) {
        if (member.value.kind == VALUE_OBJECT)
            return false;
        if (member.value.kind != VALUE_ARRAY && member.value.kind != VALUE_NULL) {
            size_t from = run.len ? (size_t)(run.at - object.at) : span.from;
            run = (struct str){object.at + from, span.end - from};
            continue;
        }
        add_run(to, flat->start, run);
        run.len = 0;
        if (member.value.kind == VALUE_ARRAY) {
            add_run(to, flat->start, str_slice(object, span.from, span.value - span.from));
            encode_text(to, member.value.text);
        }
    }
    add_run(to, flat->start, run);
    buffer_byte(to, '}');
    return to->len - flat->start <= flat->bounds->object_max;
}

/* --- all others
 * --------------------------------------------------------------------------------- */

/* Room for as many keys as can be written, at most half full. */
static bool keys_make(struct flat *flat, size_t object_len)
{
    size_t most = object_len / MEMBER_BYTES_LEAST + 1, room = 64;
    if (most > flat->bounds->fields_max)
        most = flat->bounds->fields_max;
    while (room < 2 * most)
        room *= 2;
    flat->taken = arena_take(flat->scratch, room * sizeof *flat->taken);
    flat->taken_mask = room - 1;
    return flat->taken != NULL;
}

struct flat_cut flatten_object(struct buffer *to, size_t start, const struct flat_bounds *bounds,
                               struct arena *scratch)
{
    struct flat flat = {.to = to, .bounds = bounds, .scratch = scratch, .start = start};
    struct str written = {to->at + start, to->len - start};
    bool may_be_flat = flat_fits(written.len, bounds);
    if (to->full || (may_be_flat && !has_braces(written)))
        return flat.cut;
    struct str object = arena_copy(scratch, written);
    if (object.at && may_be_flat && copy_with_arrays(&flat, object))
        return flat.cut;
    buffer_init(&flat.key, LINE_BYTES_DEFAULT);
    if (!object.at || !keys_make(&flat, object.len) || !buffer_reserve(&flat.key, KEY_BYTES)) {
        to->full = true;
        return flat.cut;
    }
    for (flat.text_max = bounds->text_max; !to->full; flat.text_max /= 4) {
        flat.may_leave_out = flat.text_max / 4 < TEXT_BYTES_LEAST;
        attempt(&flat, object);
        if (flat.may_leave_out || to->len - start <= bounds->object_max)
            break;
    }
    buffer_clear(&flat.key);
    return flat.cut;
}
