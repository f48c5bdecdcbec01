/* agent/data/record.c - the neutral record: an event that can leave its batch.
 * SPDX-License-Identifier: Apache-2.0
 *
 * header | fields | id, reason, rule | the original bytes | what edits added
 *
 * A field is an entry of 20 bytes: where its key and its value stand, or the number itself. Places
 * are counted from the first original byte; behind the last one comes what edits added. Entries are
 * as long as each other, so that a record is written and read without a decision per byte. Numbers
 * are little-endian.
 */
#include "agent/data/record.h"

#include "agent/limits.h"

enum { MARK = 0x5752, VERSION = 2 }; /* "RW" */
enum {
    FLAGS_KEPT = FIELD_KEY_ESCAPED | FIELD_TWINS | FIELD_KEY_TEXT,
    RECORD_SIZE_MAX = INT32_MAX,
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
enum {
    ENTRY_KEY = 0,
    ENTRY_VALUE = 8,
    ENTRY_KIND = 16,
    ENTRY_SIZE = 20,
    ENTRY_TAIL = FLAGS_KEPT << 16 | 0xFF00, /* slot and flags in the last four bytes */
    ENTRY_FLAGS = FLAGS_KEPT | KEY_OF_SLOT,
};
static const uint32_t ENTRY_WRONG = ~(uint32_t)(ENTRY_TAIL | ENTRY_FLAGS << 16 | 0xFF);
_Static_assert(offsetof(struct field, slot) == offsetof(struct field, name) + 2 &&
                   offsetof(struct field, flags) == offsetof(struct field, name) + 3,
               "slot and flags are copied at once");
_Static_assert(sizeof(struct header) == 104, "no padding: the layout is on disk");
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "records are little-endian");
_Static_assert((FLAGS_KEPT & KEY_OF_SLOT) == 0, "they share a byte");

static bool has_text(enum value_kind kind)
{
    return kind >= VALUE_NUMBER;
}

/* --- writing
 * ----------------------------------------------------------------------------------------- */

/* The text stands in the original bytes, from this place on. */
static inline bool stands_at(struct str bytes, struct str text, size_t place)
{
    return place <= bytes.len && text.len <= bytes.len - place;
}

static inline size_t place_in(struct str bytes, struct str text)
{
    return (size_t)((uintptr_t)text.at - (uintptr_t)bytes.at);
}

static inline bool is_own_key(const struct field *field)
{
    struct str own = slot_keys[field->slot];
    return field->key.at == own.at && field->key.len == own.len;
}

struct writing {
    struct str bytes;
    char *added, *end; /* where the next text goes, and where there is no room any more */
    size_t place;      /* of the next text */
    bool is_short;     /* of room */
};

static inline uint64_t entry_word(size_t place, size_t len)
{
    return (uint32_t)place | (uint64_t)len << 32;
}

static inline uint64_t put_added(struct writing *writing, struct str text)
{
    size_t place = writing->place;
    if (UNLIKELY(text.len > (size_t)(writing->end - writing->added))) {
        writing->is_short = true;
        return 0;
    }
    writing->added = bytes_put(writing->added, text);
    writing->place = place + text.len;
    return entry_word(place, text.len);
}

static inline uint64_t put_text(struct writing *writing, struct str text)
{
    size_t place = place_in(writing->bytes, text);
    if (LIKELY(stands_at(writing->bytes, text, place)))
        return entry_word(place, text.len);
    return put_added(writing, text);
}

static inline uint64_t put_value(struct writing *writing, const struct value *value)
{
    if (LIKELY(has_text(value->kind)))
        return put_text(writing, value->text);
    if (value->kind == VALUE_BOOL)
        return value->truth;
    uint64_t bits = 0;
    if (value->kind >= VALUE_INTEGER)
        memcpy(&bits, &value->integer, sizeof bits); /* or a float's */
    return bits;
}

static inline void put_field(struct writing *writing, const struct field *field, uint32_t tail,
                             char *entry)
{
    uint32_t kind = (uint32_t)field->value.kind | (tail >> 8 & ENTRY_TAIL);
    uint64_t key = 0, value;
    if (is_own_key(field))
        kind |= (uint32_t)KEY_OF_SLOT << 16;
    else
        key = put_text(writing, field->key);
    value = put_value(writing, &field->value);
    memcpy(entry + ENTRY_KEY, &key, sizeof key);
    memcpy(entry + ENTRY_VALUE, &value, sizeof value);
    memcpy(entry + ENTRY_KIND, &kind, sizeof kind);
}

/* Name, slot and flags, from the lowest byte on. */
static inline uint32_t tail_of(const struct field *field)
{
    uint32_t tail;
    memcpy(&tail, &field->name, sizeof tail);
    return tail;
}

/* Entries and added texts; the header and what is between stand already. */
static void put_fields(struct writing *writing, const struct event *event, char *entry)
{
    const struct field *field = event->fields;
    for (unsigned left = event->count; left > 0; left--, field++) {
        uint32_t tail = tail_of(field);
        if (tail & (uint32_t)FIELD_REMOVED << 24)
            continue;
        put_field(writing, field, tail, entry);
        entry += ENTRY_SIZE;
    }
}

static uint16_t count_kept(const struct event *event)
{
    const struct field *field = event->fields;
    unsigned removed = 0;
    for (unsigned left = event->count; left > 0; left--, field++)
        removed += field->flags & FIELD_REMOVED;
    _Static_assert(FIELD_REMOVED == 1, "summed up as it stands");
    return (uint16_t)(event->count - removed);
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
        .count = count_kept(event),
        .id_size = (uint16_t)event->id.len,
        .reason_size = (uint16_t)event->reason.len,
        .rule_size = (uint16_t)event->rule.len,
        .flags = (uint16_t)(event->flags & ~EVENT_SHARED),
        .severity = event->severity,
        .fate = event->fate,
        .is_counted = origin->is_counted,
    };
}

static size_t added_len(struct str bytes, struct str text)
{
    return stands_at(bytes, text, place_in(bytes, text)) ? 0 : text.len;
}

/* How long the texts are that stand in none of the original bytes. */
static size_t measure_added(const struct event *event)
{
    size_t size = 0;
    for (unsigned i = 0; i < event->count; i++) {
        const struct field *field = &event->fields[i];
        if (field->flags & FIELD_REMOVED)
            continue;
        if (!is_own_key(field))
            size += added_len(event->bytes, field->key);
        if (has_text(field->value.kind))
            size += added_len(event->bytes, field->value.text);
    }
    return size;
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

/* Behind the header. False: the added texts need more room than there is. */
static bool write_rest(char *at, char *end, const struct event *event, struct header *header)
{
    char *entries = at, *texts = at + header->count * (size_t)ENTRY_SIZE;
    struct writing writing = {.bytes = event->bytes, .end = end, .place = event->bytes.len};
    texts = bytes_put(bytes_put(bytes_put(texts, event->id), event->reason), event->rule);
    writing.added = bytes_put(texts, event->bytes);
    put_fields(&writing, event, entries);
    header->added_size = (uint32_t)(writing.place - event->bytes.len);
    return !writing.is_short;
}

bool record_write(struct buffer *to, const struct event *event)
{
    if (to->full || !fits(event))
        return false;
    struct header header = head_of(event);
    size_t fixed = sizeof header + header.count * (size_t)ENTRY_SIZE + event->id.len +
                   event->reason.len + event->rule.len + event->bytes.len;
    size_t more = fixed; /* mostly there is room for all that is added, too */
    for (;;) {
        char *at = more <= RECORD_SIZE_MAX ? buffer_reserve(to, more) : NULL;
        if (!at) {
            to->full = false;
            return false;
        }
        if (write_rest(at + sizeof header, to->at + to->room, event, &header)) {
            header.size = (uint32_t)fixed + header.added_size;
            memcpy(at, &header, sizeof header);
            to->len += header.size;
            return true;
        }
        MUST(more == fixed);
        more = fixed + measure_added(event);
    }
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
    return (uint32_t)place + (place >> 32) > texts_size;
}

/* Fills a field from its entry. False: there is no such field. */
static inline bool read_entry(const char *entry, struct str texts, struct field *ret)
{
    uint64_t key = load(entry + ENTRY_KEY), value = load(entry + ENTRY_VALUE);
    uint32_t word, tail;
    memcpy(&word, entry + ENTRY_KIND, sizeof word);
    unsigned kind = word & 0xFF, slot = word >> 8 & 0xFF;
    if (UNLIKELY(kind > VALUE_ARRAY || slot >= SLOT_COUNT || word & ENTRY_WRONG))
        return false;
    if (word & (uint32_t)KEY_OF_SLOT << 16)
        ret->key = slot_keys[slot];
    else if (LIKELY(!is_outside(key, texts.len)))
        ret->key = text_at(texts.at, key);
    else
        return false;
    ret->value.kind = (enum value_kind)kind;
    if (has_text((enum value_kind)kind)) {
        if (UNLIKELY(is_outside(value, texts.len)))
            return false;
        ret->value.text = text_at(texts.at, value);
    } else if (kind == VALUE_BOOL) {
        ret->value.truth = value & 1;
    } else {
        memcpy(&ret->value.integer, &value, sizeof value);
    }
    tail = (word & ENTRY_TAIL) << 8; /* no name */
    memcpy(&ret->name, &tail, sizeof tail);
    return true;
}

static bool read_fields(const char *entry, struct str texts, struct event *event)
{
    struct field *fields = event->fields;
    uint16_t *slots = event->slots;
    unsigned count = event->count;
    for (unsigned i = 0; i < count; entry += ENTRY_SIZE) {
        struct field *field = &fields[i++];
        if (!read_entry(entry, texts, field))
            return false;
        slots[field->slot] = (uint16_t)i;
    }
    slots[SLOT_NONE] = 0;
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
