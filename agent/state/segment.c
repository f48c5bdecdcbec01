/* agent/state/segment.c - the bytes of queues, dead letters and parked traces.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/state/segment.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "agent/data/alias.h"
#include "agent/data/record.h"
#include "agent/state/pack.h"

enum { VERSION = 1 };

static const char magic[8] = {'w', 'e', 'i', 'r', '-', 's', 'e', 'g'};
/* No UTF-8 text holds these bytes, so resynchronising seldom stops inside a record. */
static const char mark[4] = {'\xf7', '\xc0', '\xfe', '\xc1'};

struct front { /* of a file */
    char magic[8];
    uint32_t version, size; /* size: of the body behind it */
    uint64_t check;         /* of the body */
};
_Static_assert(sizeof(struct front) == SEGMENT_FRONT_BYTES, "the layout is on disk");

struct entry_head {
    char mark[4];
    uint32_t about_size, record_size;
    uint32_t ordinal_low, ordinal_high;
    uint32_t check_low, check_high;
};
_Static_assert(sizeof(struct entry_head) == SEGMENT_ENTRY_HEAD_BYTES, "the layout is on disk");
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "segments are little-endian");

/* --- the head ---------------------------------------------------------------------------- */

size_t segment_head_write(struct buffer *to, const struct segment_head *head)
{
    size_t from = to->len;
    struct front front = {.version = VERSION};
    memcpy(front.magic, magic, sizeof magic);
    buffer_add(to, (struct str){(const char *)&front, sizeof front});
    pack_number(to, (uint64_t)head->kind);
    pack_number(to, head->base);
    pack_number(to, head->ordinal);
    pack_number(to, (uint64_t)head->made_ns);
    pack_text(to, head->label);
    pack_number(to, SLOT_COUNT);
    for (int slot = 1; slot < SLOT_COUNT; slot++)
        pack_text(to, str_from(slot_name((enum slot)slot)));
    if (to->full)
        return 0;
    struct str body = str_skip(buffer_str(to), from + sizeof front);
    front.size = (uint32_t)body.len;
    front.check = XXH3_64bits(body.at, body.len);
    memcpy(to->at + from, &front, sizeof front);
    return to->len - from;
}

static bool front_read(struct str bytes, struct front *ret)
{
    if (bytes.len < sizeof *ret)
        return false;
    memcpy(ret, bytes.at, sizeof *ret);
    return memcmp(ret->magic, magic, sizeof magic) == 0 && ret->version == VERSION &&
           ret->size <= SEGMENT_HEAD_BYTES_MAX - sizeof *ret;
}

size_t segment_head_size(struct str front_bytes)
{
    struct front front;
    return front_read(front_bytes, &front) ? sizeof front + front.size : 0;
}

static void read_slots(struct unpack *from, struct segment_head *ret)
{
    uint64_t count = unpack_number(from);
    ret->slots_differ = count != SLOT_COUNT;
    memset(ret->slots, SLOT_NONE, sizeof ret->slots);
    from->failed = from->failed || count > sizeof ret->slots;
    for (uint64_t slot = 1; slot < count && !from->failed; slot++) {
        ret->slots[slot] = (uint8_t)slot_of_name(unpack_text(from)); /* one that is gone: none */
        ret->slots_differ |= ret->slots[slot] != slot;
    }
}

bool segment_head_read(struct str bytes, struct segment_head *ret)
{
    struct front front;
    if (!front_read(bytes, &front) || bytes.len - sizeof front < front.size)
        return false;
    struct str body = str_slice(bytes, sizeof front, front.size);
    if (XXH3_64bits(body.at, body.len) != front.check)
        return false;
    struct unpack from = {.rest = body};
    ret->kind = (enum segment_kind)unpack_number(&from);
    ret->base = unpack_number(&from);
    ret->ordinal = unpack_number(&from);
    ret->made_ns = (int64_t)unpack_number(&from);
    ret->label = unpack_text(&from);
    read_slots(&from, ret);
    return !from.failed;
}

/* --- entries ----------------------------------------------------------------------------- */

static uint64_t check_of(const struct entry_head *head, uint64_t position, struct str payload)
{
    const uint64_t about[] = {position, (uint64_t)head->ordinal_high << 32 | head->ordinal_low,
                              (uint64_t)head->record_size << 32 | head->about_size};
    return XXH3_64bits_withSeed(payload.at, payload.len, XXH3_64bits(about, sizeof about));
}

size_t segment_entry_begin(struct buffer *to, struct str about)
{
    struct entry_head head = {.about_size = (uint32_t)about.len};
    size_t begun = to->len;
    memcpy(head.mark, mark, sizeof mark);
    buffer_add(to, (struct str){(const char *)&head, sizeof head});
    buffer_add(to, about);
    return begun;
}

bool segment_entry_end(struct buffer *to, size_t begun, uint64_t position, uint64_t ordinal)
{
    struct entry_head head;
    size_t size = to->len - begun;
    if (to->full || size > SEGMENT_ENTRY_BYTES_MAX) {
        to->len = begun;
        to->full = false;
        return false;
    }
    memcpy(&head, to->at + begun, sizeof head);
    head.record_size = (uint32_t)(size - sizeof head - head.about_size);
    head.ordinal_low = (uint32_t)ordinal;
    head.ordinal_high = (uint32_t)(ordinal >> 32);
    uint64_t check = check_of(&head, position, str_skip(buffer_str(to), begun + sizeof head));
    head.check_low = (uint32_t)check;
    head.check_high = (uint32_t)(check >> 32);
    memcpy(to->at + begun, &head, sizeof head);
    return true;
}

enum look { LOOK_WHOLE, LOOK_SHORT, LOOK_DAMAGED };

/* What stands at the beginning of these bytes. Short: ret->size says how many it would need. */
static enum look look_at(struct str bytes, uint64_t position, struct segment_entry *ret)
{
    struct entry_head head;
    ret->size = sizeof head;
    size_t marked = bytes.len < sizeof mark ? bytes.len : sizeof mark;
    if (memcmp(bytes.at, mark, marked) != 0)
        return LOOK_DAMAGED;
    if (bytes.len < sizeof head)
        return LOOK_SHORT;
    memcpy(&head, bytes.at, sizeof head);
    uint64_t size = sizeof head + (uint64_t)head.about_size + head.record_size;
    if (size > SEGMENT_ENTRY_BYTES_MAX)
        return LOOK_DAMAGED;
    ret->size = (size_t)size;
    if (bytes.len < size)
        return LOOK_SHORT;
    struct str payload = str_slice(bytes, sizeof head, ret->size - sizeof head);
    uint64_t check = (uint64_t)head.check_high << 32 | head.check_low;
    if (check_of(&head, position, payload) != check)
        return LOOK_DAMAGED;
    ret->position = position;
    ret->ordinal = (uint64_t)head.ordinal_high << 32 | head.ordinal_low;
    ret->about = str_slice(payload, 0, head.about_size);
    ret->record = str_skip(payload, head.about_size);
    return LOOK_WHOLE;
}

/* Steps over what is no entry, to the next place where one may begin. */
static void step_over(struct segment_walk *walk)
{
    struct str rest = str_skip(walk->bytes, walk->at + 1);
    const char *found = rest.len ? memchr(rest.at, mark[0], rest.len) : NULL;
    size_t next = found ? (size_t)(found - walk->bytes.at) : walk->bytes.len;
    walk->damaged_bytes += next - walk->at;
    walk->damaged_places += !walk->in_damage;
    walk->in_damage = true;
    walk->at = next;
}

bool segment_walk_next(struct segment_walk *walk, struct segment_entry *ret)
{
    walk->wanted = 0;
    while (walk->at < walk->bytes.len) {
        enum look look = look_at(str_skip(walk->bytes, walk->at), walk->position + walk->at, ret);
        if (look == LOOK_WHOLE) {
            walk->in_damage = false;
            walk->at += ret->size;
            return true;
        }
        if (look == LOOK_SHORT && !walk->is_end) {
            walk->wanted = ret->size;
            return false;
        }
        step_over(walk);
    }
    return false;
}

static void map_slots(const struct segment_head *head, struct event *event)
{
    memset(event->slots, 0, sizeof event->slots);
    for (uint16_t i = 0; i < event->count; i++) {
        struct field *field = &event->fields[i];
        field->slot = head->slots[field->slot];
        if (field->slot != SLOT_NONE && !event->slots[field->slot])
            event->slots[field->slot] = (uint16_t)(i + 1);
    }
}

bool segment_event(const struct segment_head *head, struct str record, struct event *ret,
                   struct arena *arena)
{
    if (!record_read(record, ret, arena))
        return false;
    if (head->slots_differ)
        map_slots(head, ret);
    return true;
}
