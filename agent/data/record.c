/* agent/data/record.c - the neutral record: an event that can leave its batch.
 * SPDX-License-Identifier: Apache-2.0
 *
 * header | fields | id, reason, rule | the original bytes | what edits added
 *
 * A field is two bytes (flags and kind, slot) and then its key and value. Text stands as where it
 * starts and how long it is: the start counted from the end of the text before it, so that in a
 * line nobody edited each costs two bytes. Places are counted from the first original byte; behind
 * the last one comes what edits added. Numbers are little-endian; this is checked before writing
 * and after reading.
 */
#include "agent/data/record.h"

#include "agent/limits.h"

enum { MARK = 0x5752, VERSION = 1 }; /* "RW" */
enum {
    FLAGS_KEPT = FIELD_KEY_ESCAPED | FIELD_TWINS | FIELD_KEY_TEXT,
    FIELD_BYTES_MAX = 2 + 2 * 2 * 10, /* four numbers of at most ten bytes */
    FIELD_BYTES_MIN = 4,
};

struct header {
    uint32_t size; /* of everything */
    uint16_t mark, version;
    uint64_t offset, seq, owed, fresh;
    int64_t time_ns;
    uint32_t source, length, index, weight, hops;
    uint32_t fields_size, bytes_size, added_size;
    uint16_t id_size, reason_size, rule_size;
    uint16_t count, flags;
    uint8_t severity, fate, is_counted, spare[3];
};
_Static_assert(sizeof(struct header) == 96, "no padding: the layout is on disk");
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "records are little-endian");
_Static_assert(VALUE_ARRAY < 16 && FLAGS_KEPT < 16, "kind and flags share a byte");

/* --- writing
 * ----------------------------------------------------------------------------------------- */

struct writing {
    struct buffer *to;
    struct str bytes;
    uint64_t place; /* behind the text before */
    uint64_t added; /* bytes that stand in none of the original ones */
};

static void put_byte(struct writing *writing, unsigned byte)
{
    writing->to->at[writing->to->len++] = (char)byte;
}

/* Seven bits to a byte, the lowest first. */
static void put_number(struct writing *writing, uint64_t number)
{
    for (; number >= 0x80; number >>= 7)
        put_byte(writing, (unsigned)(number | 0x80) & 0xFF);
    put_byte(writing, (unsigned)number);
}

static void put_fixed(struct writing *writing, const void *number)
{
    memcpy(writing->to->at + writing->to->len, number, 8);
    writing->to->len += 8;
}

static bool is_within(struct str text, struct str bytes)
{
    uintptr_t at = (uintptr_t)text.at, from = (uintptr_t)bytes.at;
    return text.len && at >= from && at + text.len <= from + bytes.len;
}

static void put_text(struct writing *writing, struct str text)
{
    uint64_t place = writing->place;
    if (is_within(text, writing->bytes)) {
        place = (uint64_t)(text.at - writing->bytes.at);
    } else if (text.len) {
        place = writing->bytes.len + writing->added;
        writing->added += text.len;
    }
    int64_t step = (int64_t)(place - writing->place);
    put_number(writing, (uint64_t)step << 1 ^ (uint64_t)(step >> 63));
    put_number(writing, text.len);
    writing->place = place + text.len;
}

static bool has_text(enum value_kind kind)
{
    return kind >= VALUE_NUMBER;
}

static void put_field(struct writing *writing, const struct field *field)
{
    const struct value *value = &field->value;
    put_byte(writing, (unsigned)value->kind | ((unsigned)field->flags & FLAGS_KEPT) << 4);
    put_byte(writing, field->slot);
    put_text(writing, field->key);
    if (has_text(value->kind))
        put_text(writing, value->text);
    else if (value->kind == VALUE_BOOL)
        put_byte(writing, value->truth);
    else if (value->kind >= VALUE_INTEGER)
        put_fixed(writing,
                  value->kind == VALUE_FLOAT ? (const void *)&value->real : &value->integer);
}

/* The texts that put_text() counted as added, in the same order. */
static void add_texts(struct buffer *to, const struct event *event)
{
    for (uint16_t i = 0; i < event->count; i++) {
        const struct field *field = &event->fields[i];
        if (field->flags & FIELD_REMOVED)
            continue;
        if (!is_within(field->key, event->bytes))
            buffer_add(to, field->key);
        if (has_text(field->value.kind) && !is_within(field->value.text, event->bytes))
            buffer_add(to, field->value.text);
    }
}

static struct header head_of(const struct event *event)
{
    static const struct origin nowhere = {.source_id = UINT32_MAX};
    const struct origin *origin = event->origin ? event->origin : &nowhere;
    return (struct header){
        .mark = MARK,
        .version = VERSION,
        .offset = origin->offset,
        .seq = origin->seq,
        .owed = origin->owed,
        .fresh = origin->fresh,
        .time_ns = event->time_ns,
        .source = origin->source_id,
        .length = origin->length,
        .index = origin->index,
        .weight = event->weight,
        .hops = event->hops,
        .bytes_size = (uint32_t)event->bytes.len,
        .id_size = (uint16_t)event->id.len,
        .reason_size = (uint16_t)event->reason.len,
        .rule_size = (uint16_t)event->rule.len,
        .flags = (uint16_t)(event->flags & ~EVENT_SHARED),
        .severity = event->severity,
        .fate = event->fate,
        .is_counted = origin->is_counted,
    };
}

/* Header and fields; the sizes go into the header. */
static bool write_index(struct writing *writing, const struct event *event, struct header *header)
{
    size_t from = writing->to->len;
    if (!buffer_reserve(writing->to, sizeof *header + event->count * (size_t)FIELD_BYTES_MAX))
        return false;
    writing->to->len += sizeof *header;
    for (uint16_t i = 0; i < event->count; i++) {
        if (event->fields[i].flags & FIELD_REMOVED)
            continue;
        put_field(writing, &event->fields[i]);
        header->count++;
    }
    header->fields_size = (uint32_t)(writing->to->len - from - sizeof *header);
    header->added_size = (uint32_t)writing->added;
    return true;
}

static bool fits(const struct event *event)
{
    return event->bytes.len < UINT32_MAX / 4 && event->id.len <= UINT16_MAX &&
           event->reason.len <= UINT16_MAX && event->rule.len <= UINT16_MAX;
}

bool record_write(struct buffer *to, const struct event *event)
{
    size_t from = to->len;
    struct writing writing = {.to = to, .bytes = event->bytes};
    struct header header = head_of(event);
    bool was_full = to->full;
    if (was_full || !fits(event) || !write_index(&writing, event, &header)) {
        to->full = was_full;
        return false;
    }
    buffer_add(to, event->id);
    buffer_add(to, event->reason);
    buffer_add(to, event->rule);
    buffer_add(to, event->bytes);
    add_texts(to, event);
    size_t size = to->len - from;
    if (to->full || size > UINT32_MAX / 2) {
        to->len = from;
        to->full = false;
        return false;
    }
    header.size = (uint32_t)size;
    memcpy(to->at + from, &header, sizeof header);
    return true;
}

/* --- reading
 * ----------------------------------------------------------------------------------------- */

/* What a record says of itself agrees with itself and with the bytes there are. */
static bool read_header(struct str bytes, struct header *ret)
{
    if (bytes.len < sizeof *ret)
        return false;
    memcpy(ret, bytes.at, sizeof *ret);
    uint64_t sum = sizeof *ret + (uint64_t)ret->fields_size + ret->id_size + ret->reason_size +
                   ret->rule_size + ret->bytes_size + ret->added_size;
    return ret->mark == MARK && ret->version == VERSION && ret->size == sum &&
           ret->size <= bytes.len && (uint64_t)ret->count * FIELD_BYTES_MIN <= ret->fields_size;
}

static struct str take(struct str *rest, size_t size)
{
    struct str taken = str_slice(*rest, 0, size);
    *rest = str_skip(*rest, size);
    return taken;
}

bool record_peek(struct str bytes, struct record *ret)
{
    struct header header;
    if (!read_header(bytes, &header))
        return false;
    *ret = (struct record){
        .size = header.size,
        .source = header.source,
        .length = header.length,
        .index = header.index,
        .offset = header.offset,
        .seq = header.seq,
        .owed = header.owed,
        .time_ns = header.time_ns,
        .weight = header.weight,
        .id = str_slice(bytes, sizeof header + header.fields_size, header.id_size),
    };
    return true;
}

struct reading {
    struct str fields; /* not read yet */
    struct str texts;  /* the original bytes and what was added */
    uint64_t place;
    bool damaged;
};

static unsigned get_byte(struct reading *reading)
{
    struct str byte = take(&reading->fields, 1);
    reading->damaged |= byte.len == 0;
    return byte.len ? (unsigned char)byte.at[0] : 0;
}

static uint64_t get_number(struct reading *reading)
{
    uint64_t number = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        unsigned byte = get_byte(reading);
        number |= (uint64_t)(byte & 0x7F) << shift;
        if (byte < 0x80)
            return number;
    }
    reading->damaged = true;
    return 0;
}

static void get_fixed(struct reading *reading, void *number)
{
    struct str fixed = take(&reading->fields, 8);
    reading->damaged |= fixed.len < 8;
    if (fixed.len == 8)
        memcpy(number, fixed.at, 8);
}

static struct str get_text(struct reading *reading)
{
    uint64_t step = get_number(reading), size = get_number(reading);
    uint64_t place = reading->place + (step >> 1 ^ (0 - (step & 1)));
    if (place > reading->texts.len || size > reading->texts.len - place) {
        reading->damaged = true;
        return STR("");
    }
    reading->place = place + size;
    return str_slice(reading->texts, place, size);
}

static struct field get_field(struct reading *reading)
{
    unsigned kind_and_flags = get_byte(reading);
    struct field field = {.flags = (uint8_t)(kind_and_flags >> 4),
                          .value = {.kind = (enum value_kind)(kind_and_flags & 15)}};
    field.slot = (uint8_t)get_byte(reading);
    field.key = get_text(reading);
    if (has_text(field.value.kind))
        field.value.text = get_text(reading);
    else if (field.value.kind == VALUE_BOOL)
        field.value.truth = get_byte(reading) & 1;
    else if (field.value.kind == VALUE_FLOAT)
        get_fixed(reading, &field.value.real);
    else if (field.value.kind >= VALUE_INTEGER)
        get_fixed(reading, &field.value.integer);
    reading->damaged |=
        field.slot >= SLOT_COUNT || field.value.kind > VALUE_ARRAY || field.flags & ~FLAGS_KEPT;
    return field;
}

static bool read_fields(struct reading *reading, struct event *event, struct arena *arena)
{
    event->fields = arena_take(arena, event->room * sizeof *event->fields);
    if (!event->fields)
        return false;
    for (uint16_t i = 0; i < event->count; i++) {
        event->fields[i] = get_field(reading);
        if (reading->damaged)
            return false;
        if (event->fields[i].slot != SLOT_NONE)
            event->slots[event->fields[i].slot] = (uint16_t)(i + 1);
    }
    return reading->fields.len == 0;
}

static struct origin *read_origin(const struct header *header, struct arena *arena)
{
    struct origin *origin = arena_take(arena, sizeof *origin);
    if (origin)
        *origin = (struct origin){.source_id = header->source,
                                  .offset = header->offset,
                                  .length = header->length,
                                  .index = header->index,
                                  .owed = header->owed,
                                  .fresh = header->fresh,
                                  .seq = header->seq,
                                  .is_counted = header->is_counted & 1};
    return origin;
}

bool record_read(struct str bytes, struct event *ret, struct arena *arena)
{
    enum { SPARE = 4 }; /* what is read back is often stamped with a trace id */
    struct header header;
    if (!read_header(bytes, &header) || header.count > UINT16_MAX - SPARE)
        return false;
    struct event event = {.time_ns = header.time_ns,
                          .count = header.count,
                          .room = (uint16_t)(header.count + SPARE),
                          .flags = header.flags,
                          .severity = header.severity,
                          .fate = header.fate,
                          .weight = header.weight,
                          .hops = header.hops};
    struct str rest = str_slice(bytes, sizeof header, header.size - sizeof header);
    struct reading reading = {.fields = take(&rest, header.fields_size)};
    event.id = take(&rest, header.id_size);
    event.reason = take(&rest, header.reason_size);
    event.rule = take(&rest, header.rule_size);
    event.bytes = str_slice(rest, 0, header.bytes_size);
    reading.texts = rest;
    event.origin = read_origin(&header, arena);
    if (!event.origin || !read_fields(&reading, &event, arena))
        return false;
    *ret = event;
    return true;
}
