/* agent/delivery/payload.c - a run of records bound for one target of an output.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/delivery/payload.h"

#include "agent/memory.h"

enum {
    FIRST_PARCELS = 16,
    WORDS_CHUNK = 4096,
    WORDS_MAX = 16 << 20, /* of one payload; above it dead letters go without words */
};

struct payload *payload_make(uint32_t output, struct str target, size_t records_hint)
{
    MUST(target.len <= TARGET_BYTES_MAX);
    struct payload *payload = memory_make(sizeof *payload);
    if (!payload)
        return NULL;
    memset(payload, 0, sizeof *payload);
    payload->output = output;
    if (target.len)
        memcpy(payload->target, target.at, target.len);
    payload->target_len = (uint16_t)target.len;
    buffer_init(&payload->records, PAYLOAD_BYTES_MAX);
    arena_init(&payload->words, WORDS_CHUNK, WORDS_MAX);
    if (records_hint && !buffer_reserve(&payload->records, records_hint)) {
        payload_free(payload);
        return NULL;
    }
    return payload;
}

void payload_free(struct payload *payload)
{
    if (!payload)
        return;
    buffer_clear(&payload->records);
    arena_clear(&payload->words);
    memory_free(payload->parcels);
    memory_free(payload);
}

static bool parcels_reserve(struct payload *payload, uint32_t room)
{
    if (room <= payload->room)
        return true;
    size_t size = sizeof *payload->parcels;
    struct parcel *grown = memory_resize(payload->parcels, payload->count * size, room * size);
    if (!grown)
        return false;
    payload->parcels = grown;
    payload->room = room;
    return true;
}

bool payload_add(struct payload *payload, size_t at, bool maybe_sent)
{
    MUST(at < payload->records.len);
    if (payload->count == payload->room &&
        !parcels_reserve(payload, payload->room ? payload->room * 2 : FIRST_PARCELS))
        return false;
    payload->parcels[payload->count++] = (struct parcel){
        .at = (uint32_t)at,
        .size = (uint32_t)(payload->records.len - at),
        .maybe_sent = maybe_sent,
    };
    payload->open++;
    return true;
}

/* One line of printable text: the words go into logs, dead letters and pages. */
static const char *words_keep(struct arena *arena, struct str words)
{
    if (words.len > WORDS_BYTES_MAX)
        words.len = WORDS_BYTES_MAX;
    char *kept = words.len ? arena_take(arena, words.len + 1) : NULL;
    if (!kept)
        return NULL;
    for (size_t i = 0; i < words.len; i++)
        kept[i] = (unsigned char)words.at[i] < ' ' || words.at[i] == 127 ? ' ' : words.at[i];
    kept[words.len] = 0;
    return kept;
}

void payload_settle(struct payload *payload, uint32_t index, enum outcome outcome, struct str words)
{
    MUST(index < payload->count);
    struct parcel *parcel = &payload->parcels[index];
    MUST(parcel->outcome == OUTCOME_OPEN && outcome != OUTCOME_OPEN);
    MUST(payload->open > 0);
    parcel->outcome = (uint8_t)outcome;
    parcel->words = words_keep(&payload->words, words);
    payload->open--;
}

/* How many bytes of records the open parcels from the skip-th on have. */
static size_t bytes_to_move(const struct payload *payload, uint32_t skip)
{
    size_t bytes = 0;
    uint32_t seen = 0;
    for (uint32_t i = 0; i < payload->count; i++)
        if (payload->parcels[i].outcome == OUTCOME_OPEN && seen++ >= skip)
            bytes += payload->parcels[i].size;
    return bytes;
}

static uint64_t share_of(uint64_t whole, size_t part, size_t all)
{
    return all ? (uint64_t)((double)whole * (double)part / (double)all) : 0;
}

static void parcels_move(struct payload *from, struct payload *to, uint32_t skip)
{
    uint32_t seen = 0;
    for (uint32_t i = 0; i < from->count; i++) {
        if (from->parcels[i].outcome != OUTCOME_OPEN || seen++ < skip)
            continue;
        size_t at = to->records.len;
        buffer_add(&to->records, payload_record(from, i));
        bool is_added = payload_add(to, at, from->parcels[i].maybe_sent);
        MUST(is_added); /* both were reserved */
        to->parcels[to->count - 1].seq = from->parcels[i].seq;
        to->parcels[to->count - 1].source = from->parcels[i].source;
        from->parcels[i].outcome = OUTCOME_MOVED;
        from->open--;
    }
}

struct payload *payload_move(struct payload *payload, uint32_t skip)
{
    MUST(skip < payload->open);
    size_t bytes = bytes_to_move(payload, skip);
    struct payload *moved = payload_make(payload->output, payload_target(payload), bytes);
    if (!moved)
        return NULL;
    if (!parcels_reserve(moved, payload->open - skip)) {
        payload_free(moved);
        return NULL;
    }
    size_t all = payload->records.len;
    moved->ticket = payload->ticket;
    moved->charge = share_of(payload->charge, bytes, all);
    payload->charge -= moved->charge;
    moved->body_bytes = share_of(payload->body_bytes, bytes, all);
    moved->opened_ns = payload->opened_ns;
    moved->age = payload->age;
    moved->bound = payload->bound;
    moved->due_ns = payload->due_ns;
    moved->answered_then = payload->answered_then;
    moved->attempts = payload->attempts;
    moved->no_answers = payload->no_answers;
    moved->alone_max = payload->alone_max;
    parcels_move(payload, moved, skip);
    return moved;
}

void payloads_append(struct payloads *list, struct payload *payload)
{
    payload->next = NULL;
    if (list->last)
        list->last->next = payload;
    else
        list->first = payload;
    list->last = payload;
    list->count++;
}

void payloads_prepend(struct payloads *list, struct payload *payload)
{
    payload->next = list->first;
    list->first = payload;
    if (!list->last)
        list->last = payload;
    list->count++;
}

void payloads_insert(struct payloads *list, struct payload *payload)
{
    struct payload *before = NULL;
    for (struct payload *at = list->first; at && at->age < payload->age; at = at->next)
        before = at;
    if (!before) {
        payloads_prepend(list, payload);
        return;
    }
    payload->next = before->next;
    before->next = payload;
    if (list->last == before)
        list->last = payload;
    list->count++;
}

struct payload *payloads_take_first(struct payloads *list)
{
    struct payload *first = list->first;
    if (first)
        payloads_take(list, first);
    return first;
}

void payloads_take(struct payloads *list, struct payload *payload)
{
    struct payload *before = NULL;
    struct payload *at = list->first;
    while (at && at != payload) {
        before = at;
        at = at->next;
    }
    MUST(at == payload);
    if (before)
        before->next = payload->next;
    else
        list->first = payload->next;
    if (list->last == payload)
        list->last = before;
    payload->next = NULL;
    list->count--;
}
