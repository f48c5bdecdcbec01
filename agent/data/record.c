/* agent/data/record.c - the neutral record: an event that can leave its batch.
 * SPDX-License-Identifier: Apache-2.0
 *
 * header | fields | id, reason, rule | the original bytes | what edits added
 *
 * A field is an entry of 20 bytes: where its key and its value stand, or the number itself. Places
 * are counted from the first original byte; behind the last one comes what edits added. Entries are
 * as long as each other, so that a record is written and read without a decision per byte, and its
 * places are checked with one decision in all. Numbers are little-endian; this is checked before
 * writing and after reading.
 */
#include "agent/data/record.h"

#include "agent/data/naming.h"
#include "agent/limits.h"

enum { MARK = 0x5752, VERSION = 2 }; /* "RW" */
enum {
    FLAGS_KEPT = FIELD_KEY_ESCAPED | FIELD_TWINS | FIELD_KEY_TEXT,
    KEY_OF_SLOT = 128, /* of an entry: the key is the slot's own name, which stands nowhere else */
};

struct header {
    uint32_t size; /* of everything */
    uint16_t mark, version;
    uint64_t offset, seq, owed, fresh;
    int64_t time_ns;
    uint64_t flat;
    uint32_t source, length, index, weight, hops;
    uint32_t spare, bytes_size, added_size;
    uint16_t id_size, reason_size, rule_size;
    uint16_t count, flags;
    uint8_t severity, fate, is_counted, zeros[3];
};
/* An entry: key and value as where they start (32 bits) and how long they are (32 bits), or a
 * number's 64 bits; then kind, slot and flags in a byte each, and a zero. */
enum { ENTRY_KEY = 0, ENTRY_VALUE = 8, ENTRY_KIND = 16, ENTRY_SIZE = 20 };
_Static_assert(sizeof(struct header) == 104, "no padding: the layout is on disk");
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "records are little-endian");
_Static_assert((FLAGS_KEPT & KEY_OF_SLOT) == 0, "they share a byte");

static bool has_text(enum value_kind kind)
{
    return kind >= VALUE_NUMBER;
}

static struct str slot_key(unsigned slot)
{
    return naming_target(NAMES_OTEL, (enum slot)slot)->name;
}

/* --- writing
 * ----------------------------------------------------------------------------------------- */

struct writing {
    struct buffer *to;
    struct str bytes;
    size_t added; /* bytes that stand in none of the original ones */
};

/* What edits added is put behind everything that was written so far. */
static __attribute__((noinline)) uint64_t add_text(struct writing *writing, struct str text)
{
    size_t place = writing->bytes.len + writing->added;
    writing->added += text.len;
    buffer_add(writing->to, text);
    return (uint32_t)place | (uint64_t)text.len << 32;
}

/* bytes: those of the writing, which no store into the record makes it load again. */
static inline uint64_t put_text(struct writing *writing, struct str bytes, struct str text)
{
    size_t place = (size_t)((uintptr_t)text.at - (uintptr_t)bytes.at);
    if (LIKELY(place <= bytes.len && text.len <= bytes.len - place))
        return place | (uint64_t)text.len << 32;
    return text.len ? add_text(writing, text) : 0;
}

static inline uint64_t put_value(struct writing *writing, struct str bytes,
                                 const struct value *value)
{
    if (has_text(value->kind))
        return put_text(writing, bytes, value->text);
    if (value->kind == VALUE_BOOL)
        return value->truth;
    uint64_t bits = 0;
    if (value->kind >= VALUE_INTEGER)
        memcpy(&bits, &value->integer, sizeof bits); /* or a float's */
    return bits;
}

/* The entry is put at an offset: what is added may move the buffer. */
static inline void put_field(struct writing *writing, struct str bytes, const struct field *field,
                             size_t at)
{
    struct str own = slot_key(field->slot);
    bool is_own = field->slot != SLOT_NONE && field->key.at == own.at && field->key.len == own.len;
    unsigned flags = (field->flags & FLAGS_KEPT) | (is_own ? KEY_OF_SLOT : 0);
    uint32_t kind = (uint32_t)field->value.kind | (uint32_t)field->slot << 8 | flags << 16;
    uint64_t key = is_own ? 0 : put_text(writing, bytes, field->key);
    uint64_t value = put_value(writing, bytes, &field->value);
    char *entry = writing->to->at + at;
    memcpy(entry + ENTRY_KEY, &key, sizeof key);
    memcpy(entry + ENTRY_VALUE, &value, sizeof value);
    memcpy(entry + ENTRY_KIND, &kind, sizeof kind);
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
        .flat = event->flat,
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

static uint16_t count_kept(const struct event *event)
{
    unsigned removed = 0;
    for (uint16_t i = 0; i < event->count; i++)
        removed += event->fields[i].flags & FIELD_REMOVED;
    _Static_assert(FIELD_REMOVED == 1, "summed up as it stands");
    return (uint16_t)(event->count - removed);
}

static char *append(char *to, struct str text)
{
    if (text.len)
        memcpy(to, text.at, text.len);
    return to + text.len;
}

/* Everything whose size is known, with the entries left blank. */
static bool write_fixed(struct buffer *to, const struct event *event, uint16_t count)
{
    size_t index_size = sizeof(struct header) + count * (size_t)ENTRY_SIZE;
    size_t size =
        index_size + event->id.len + event->reason.len + event->rule.len + event->bytes.len;
    char *at = buffer_reserve(to, size);
    if (!at)
        return false;
    at = append(at + index_size, event->id);
    at = append(at, event->reason);
    at = append(at, event->rule);
    append(at, event->bytes);
    to->len += size;
    return true;
}

static void write_fields(struct writing *writing, const struct event *event, size_t at)
{
    const struct field *end = event->fields + event->count;
    for (const struct field *field = event->fields; field < end; field++) {
        if (field->flags & FIELD_REMOVED)
            continue;
        put_field(writing, event->bytes, field, at);
        at += ENTRY_SIZE;
    }
}

static bool fits(const struct event *event)
{
    return event->bytes.len < UINT32_MAX / 4 && event->id.len <= UINT16_MAX &&
           event->reason.len <= UINT16_MAX && event->rule.len <= UINT16_MAX;
}

size_t record_size_least(const struct event *event)
{
    return sizeof(struct header) + (size_t)event->count * ENTRY_SIZE + event->bytes.len;
}

bool record_write(struct buffer *to, const struct event *event)
{
    size_t from = to->len;
    if (to->full || !fits(event))
        return false;
    struct header header = head_of(event);
    struct writing writing = {.to = to, .bytes = event->bytes};
    header.count = count_kept(event);
    if (write_fixed(to, event, header.count))
        write_fields(&writing, event, from + sizeof header);
    size_t size = to->len - from;
    if (to->full || size > UINT32_MAX / 2) {
        to->len = from;
        to->full = false;
        return false;
    }
    header.size = (uint32_t)size;
    header.added_size = (uint32_t)writing.added;
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
    uint64_t sum = sizeof *ret + ret->count * (size_t)ENTRY_SIZE + ret->id_size + ret->reason_size +
                   ret->rule_size + (uint64_t)ret->bytes_size + ret->added_size;
    return ret->mark == MARK && ret->version == VERSION && ret->size == sum &&
           ret->size <= bytes.len;
}

static struct str take(const char **at, size_t size)
{
    struct str taken = {*at, size};
    *at += size;
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
        .id = {bytes.at + sizeof header + header.count * (size_t)ENTRY_SIZE, header.id_size},
    };
    return true;
}

static uint64_t load(const char *at)
{
    uint64_t number;
    memcpy(&number, at, sizeof number);
    return number;
}

static inline struct str text_at(const char *texts, uint64_t place)
{
    return (struct str){texts + (uint32_t)place, (size_t)(place >> 32)};
}

static inline bool is_outside(uint64_t place, size_t texts_size)
{
    return (place & UINT32_MAX) + (place >> 32) > texts_size;
}

/* Fills a field from its entry. False: there is no such field; its places are looked at all the
 * same. */
static inline bool read_entry(const char *entry, struct str texts, struct field *ret)
{
    uint64_t key = load(entry + ENTRY_KEY), value = load(entry + ENTRY_VALUE);
    unsigned kind = (unsigned char)entry[ENTRY_KIND];
    unsigned slot = (unsigned char)entry[ENTRY_KIND + 1];
    unsigned flags = (unsigned char)entry[ENTRY_KIND + 2];
    bool is_text = has_text((enum value_kind)kind);
    unsigned wrong_key = is_outside(key, texts.len), wrong_value = is_outside(value, texts.len);
    unsigned is_damaged = (unsigned)(kind > VALUE_ARRAY) | (unsigned)(slot >= SLOT_COUNT) |
                          (flags & ~(unsigned)(FLAGS_KEPT | KEY_OF_SLOT)) | wrong_key |
                          ((unsigned)is_text & wrong_value);
    if (UNLIKELY(is_damaged))
        return false;
    ret->key = flags & KEY_OF_SLOT ? slot_key(slot) : text_at(texts.at, key);
    ret->value.kind = (enum value_kind)kind;
    if (is_text)
        ret->value.text = text_at(texts.at, value);
    else if (kind == VALUE_BOOL)
        ret->value.truth = value & 1;
    else
        memcpy(&ret->value.integer, &value, sizeof value);
    ret->name = 0;
    ret->slot = (uint8_t)slot;
    ret->flags = (uint8_t)(flags & FLAGS_KEPT);
    return true;
}

static bool read_fields(const char *entries, struct str texts, struct event *event)
{
    struct field *fields = event->fields;
    unsigned count = event->count;
    for (unsigned i = 0; i < count; i++, entries += ENTRY_SIZE) {
        if (!read_entry(entries, texts, &fields[i]))
            return false;
        event->slots[fields[i].slot] = (uint16_t)(i + 1);
    }
    event->slots[SLOT_NONE] = 0;
    return true;
}

static struct origin origin_of(const struct header *header)
{
    return (struct origin){.source_id = header->source,
                           .offset = header->offset,
                           .length = header->length,
                           .index = header->index,
                           .owed = header->owed,
                           .fresh = header->fresh,
                           .seq = header->seq,
                           .is_counted = header->is_counted & 1};
}

static struct event event_of(const struct header *header, struct origin *origin)
{
    return (struct event){.time_ns = header->time_ns,
                          .flat = header->flat,
                          .origin = origin,
                          .flags = header->flags,
                          .severity = header->severity,
                          .fate = header->fate,
                          .weight = header->weight,
                          .hops = header->hops};
}

bool record_read_ghost(struct str bytes, struct event *ret, struct arena *arena)
{
    struct header header;
    struct origin *origin = arena_take(arena, sizeof *origin);
    if (!origin || !read_header(bytes, &header))
        return false;
    *origin = origin_of(&header);
    *ret = event_of(&header, origin);
    return true;
}

bool record_read(struct str bytes, struct event *ret, struct arena *arena)
{
    enum { SPARE = 4 }; /* what is read back is often stamped with a trace id */
    struct header header;
    if (!read_header(bytes, &header) || header.count > UINT16_MAX - SPARE)
        return false;
    uint16_t room = (uint16_t)(header.count + SPARE);
    struct origin *origin = arena_take(arena, sizeof *origin + room * sizeof(struct field));
    if (!origin)
        return false;
    *origin = origin_of(&header);
    const char *entries = bytes.at + sizeof header;
    const char *at = entries + header.count * (size_t)ENTRY_SIZE;
    *ret = event_of(&header, origin);
    ret->fields = (struct field *)(origin + 1);
    ret->count = header.count;
    ret->room = room;
    ret->id = take(&at, header.id_size);
    ret->reason = take(&at, header.reason_size);
    ret->rule = take(&at, header.rule_size);
    ret->bytes = (struct str){at, header.bytes_size};
    return read_fields(entries, (struct str){at, (size_t)header.bytes_size + header.added_size},
                       ret);
}
