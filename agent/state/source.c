/* agent/state/source.c - a source's marks and its open list.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The open list is linked in order of position, so its first entry gives the rewind. Entries of
 * this run come in order, so a new one is next to the one before it (open_near). An entry without
 * owed bits has left the list but keeps its slot until the journal says so (save.c), for the
 * journal names entries by slot.
 */
#include "agent/state/source.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "agent/limits.h"
#include "agent/memory.h"
#include "agent/state/inside.h"

enum { OWED_LOOK = 256 };

static inline struct open_entry *entry_at(const struct source *source, uint32_t slot)
{
    return open_used(&source->state->open, slot);
}

/* --- the table of sources ---------------------------------------------------------------- */

static struct source **bucket_of(const struct state *state, uint32_t input, struct str key)
{
    return &state->buckets[XXH3_64bits_withSeed(key.at, key.len, input) & state->bucket_mask];
}

struct source *source_find(const struct state *state, uint32_t input, struct str key)
{
    if (!state->buckets)
        return NULL;
    struct source *source = *bucket_of(state, input, key);
    while (source && (source->input != input || !str_equal(source->key, key)))
        source = source->same_hash;
    return source;
}

static bool grow_table(struct state *state)
{
    if (state->source_count < state->source_room)
        return true;
    uint32_t old = state->source_room, room = old ? 2 * old : 16;
    struct source **sources =
        memory_resize(state->sources, old * sizeof(void *), room * sizeof(void *));
    uint32_t *free_ids =
        memory_resize(state->free_ids, old * sizeof(uint32_t), room * sizeof(uint32_t));
    struct source **buckets = memory_make(2 * room * sizeof(void *));
    if (sources)
        state->sources = sources;
    if (free_ids)
        state->free_ids = free_ids;
    if (!sources || !free_ids || !buckets) {
        memory_free(buckets);
        return false;
    }
    for (uint32_t id = room; id-- > old;) {
        sources[id] = NULL;
        free_ids[state->free_count++] = id;
    }
    memory_free(state->buckets);
    memset(buckets, 0, 2 * room * sizeof(void *));
    state->buckets = buckets;
    state->bucket_mask = 2 * room - 1;
    state->source_room = room;
    for (uint32_t id = 0; id < old; id++) {
        struct source **bucket = bucket_of(state, sources[id]->input, sources[id]->key);
        sources[id]->same_hash = *bucket;
        *bucket = sources[id];
    }
    return true;
}

struct source *source_make(struct state *state, uint32_t input, struct str key)
{
    if (state->source_count >= SOURCES_MAX || !grow_table(state))
        return NULL;
    size_t marks_size = state->output_count * sizeof(uint64_t);
    struct source *source = memory_make(sizeof *source + marks_size + key.len);
    if (!source)
        return NULL;
    memset(source, 0, sizeof *source + marks_size);
    source->marks = (uint64_t *)(source + 1);
    char *key_at = (char *)source->marks + marks_size;
    if (key.len)
        memcpy(key_at, key.at, key.len);
    source->key = (struct str){key_at, key.len};
    source->state = state;
    source->input = input;
    source->outputs =
        state->output_count == OUTPUTS_MAX ? UINT64_MAX : (UINT64_C(1) << state->output_count) - 1;
    source->id = state->free_ids[--state->free_count];
    state->sources[source->id] = source;
    struct source **bucket = bucket_of(state, input, key);
    source->same_hash = *bucket;
    *bucket = source;
    state->source_count++;
    return source;
}

static void free_open_list(struct source *source)
{
    for (uint32_t slot = source->open_oldest; slot;) {
        struct open_entry *entry = entry_at(source, slot);
        for (uint64_t owed = entry->owed; owed; owed &= owed - 1)
            source->state->open_bits[__builtin_ctzll(owed)]--;
        uint32_t gone = slot;
        slot = entry->newer;
        open_remove(&source->state->open, gone);
    }
}

void source_free(struct source *source)
{
    struct state *state = source->state;
    struct source **at = bucket_of(state, source->input, source->key);
    while (*at != source)
        at = &(*at)->same_hash;
    *at = source->same_hash;
    state->leaving -= source->is_leaving;
    source_ready(source, false);
    free_open_list(source);
    state->sources[source->id] = NULL;
    state->free_ids[state->free_count++] = source->id;
    state->source_count--;
    memory_free((void *)(uintptr_t)source->id_prefix.at);
    memory_free((void *)(uintptr_t)source->note.at);
    memory_free(source);
}

struct source *state_source(const struct state *state, uint32_t id)
{
    return id < state->source_room ? state->sources[id] : NULL;
}

static bool keep_text(struct str *kept, struct str text)
{
    char *copy = memory_make(text.len);
    if (!copy)
        return false;
    if (text.len)
        memcpy(copy, text.at, text.len);
    memory_free((void *)(uintptr_t)kept->at);
    *kept = (struct str){copy, text.len};
    return true;
}

struct source *state_source_open(struct state *state, uint32_t input, struct str key,
                                 struct str id_prefix, void *mine)
{
    MUST(input < state->planned_inputs);
    if (key.len > SOURCE_KEY_BYTES_MAX || id_prefix.len > SOURCE_KEY_BYTES_MAX)
        return NULL;
    struct source *source = source_find(state, input, key);
    if (source && source->is_opened)
        return NULL;
    bool is_new = !source;
    if (is_new)
        source = source_make(state, input, key);
    if (!source)
        return NULL;
    if (!keep_text(&source->id_prefix, id_prefix)) {
        if (is_new)
            source_free(source);
        return NULL;
    }
    source->mine = mine;
    source->is_opened = true;
    if (is_new) {
        source->first_ticket = state->next_ticket;
        state->is_urgent = true; /* nothing with its ids may leave before its birth is on disk */
        source_mark_dirty(source);
    }
    return source;
}

void state_each_known(struct state *state, uint32_t input,
                      void (*each)(void *context, struct str key, struct str note, uint64_t resume),
                      void *context)
{
    for (uint32_t id = 0; id < state->source_room; id++) {
        const struct source *source = state->sources[id];
        if (source && source->is_known && source->input == input)
            each(context, source->key, source->note, source->rewind);
    }
}

bool state_remembers(const struct state *state, struct str key)
{
    for (uint32_t input = 0; input < state->input_count; input++)
        if (source_find(state, input, key))
            return true;
    return false;
}

void source_mark_dirty(struct source *source)
{
    if (source->is_dirty)
        return;
    source->is_dirty = true;
    source->dirty_next = source->state->dirty;
    source->state->dirty = source;
}

static uint64_t owed_of(const struct source *source)
{
    uint64_t owed = 0;
    uint32_t slot = source->open_oldest, last = source->open_newest;
    for (int i = 0; i < OWED_LOOK && slot; i++) {
        owed |= open_at(&source->state->open, slot)->owed;
        slot = open_at(&source->state->open, slot)->newer;
    }
    for (int i = 0; i < OWED_LOOK && last; i++) {
        owed |= open_at(&source->state->open, last)->owed;
        last = open_at(&source->state->open, last)->older;
    }
    return owed;
}

uint64_t state_leaving(const struct state *state)
{
    uint64_t owed = 0;
    for (uint32_t id = 0; id < state->source_room && state->leaving; id++)
        if (state->sources[id] && state->sources[id]->is_leaving)
            owed |= owed_of(state->sources[id]);
    return owed;
}

bool source_set_note(struct source *source, struct str note)
{
    return note.len <= NOTE_BYTES_MAX && keep_text(&source->note, note);
}

bool source_is_safe(const struct source *source)
{
    return state_synced(source->state, source->first_ticket);
}

/* --- marks and open list ----------------------------------------------------------------- */

uint64_t source_mark(const struct source *source, uint32_t output)
{
    return source->marks[output] > source->at ? source->marks[output] : source->at;
}

static bool lies_before(const struct open_entry *entry, uint64_t offset, uint32_t index)
{
    return entry->offset < offset || (entry->offset == offset && entry->index < index);
}

/* Puts an entry behind another one, or first (after 0). */
void source_link(struct source *source, uint32_t slot, uint32_t after)
{
    struct open_entry *entry = entry_at(source, slot);
    uint32_t *from_older = after ? &entry_at(source, after)->newer : &source->open_oldest;
    entry->older = after;
    entry->newer = *from_older;
    *from_older = slot;
    if (entry->newer)
        entry_at(source, entry->newer)->older = slot;
    else
        source->open_newest = slot;
    source->open_count++;
}

static void unlink_entry(struct source *source, uint32_t slot)
{
    struct open_entry *entry = entry_at(source, slot);
    if (entry->older)
        entry_at(source, entry->older)->newer = entry->newer;
    else
        source->open_oldest = entry->newer;
    if (entry->newer)
        entry_at(source, entry->newer)->older = entry->older;
    else
        source->open_newest = entry->older;
    if (source->open_next == slot)
        source->open_next = entry->newer;
    if (source->open_near == slot)
        source->open_near = entry->older;
    source->open_count--;
}

static inline void entry_changed(struct source *source, struct open_entry *entry, uint32_t slot)
{
    source_mark_dirty(source);
    if (entry->flags & OPEN_DIRTY)
        return;
    entry->flags |= OPEN_DIRTY;
    entry->dirty_next = source->open_dirty;
    source->open_dirty = slot;
}

/* The entry to put a position behind. */
static uint32_t place_before(const struct source *source, uint64_t offset, uint32_t index)
{
    uint32_t near = source->open_near ? source->open_near : source->open_newest;
    const struct open_entry *entry = near ? entry_at(source, near) : NULL;
    while (near && !lies_before(entry, offset, index)) {
        near = entry->older;
        entry = near ? entry_at(source, near) : NULL;
    }
    uint32_t next = near ? entry->newer : source->open_oldest;
    while (next) {
        entry = entry_at(source, next);
        if (!lies_before(entry, offset, index))
            break;
        near = next;
        next = entry->newer;
    }
    return near;
}

static uint64_t bit(uint32_t output)
{
    return UINT64_C(1) << output;
}

/* The event of an earlier run that was open is here again: it is in the lane's hands. */
static void take_open(struct source *source, struct origin *origin, uint32_t slot)
{
    struct open_entry *entry = entry_at(source, slot);
    origin->seq = open_seq(&source->state->open, slot);
    origin->owed |= entry->owed;
    if (!(entry->flags & OPEN_LOADED))
        return;
    entry->flags &= OPEN_FLAGS & ~OPEN_LOADED;
    for (uint64_t owed = entry->owed; owed; owed &= owed - 1)
        source->state->ledger.outputs[__builtin_ctzll(owed)].in_flight--;
}

void source_take_known(struct source *source, struct origin *origin)
{
    origin->owed = origin->fresh = origin->seq = 0;
    for (uint32_t i = 0; i < source->state->output_count; i++)
        if (origin->offset >= source->marks[i])
            origin->fresh |= bit(i);
    origin->fresh &= source->outputs;
    origin->owed = origin->fresh;
    uint32_t slot = source->open_next;
    while (slot && lies_before(entry_at(source, slot), origin->offset, origin->index))
        slot = entry_at(source, slot)->newer;
    source->open_next = slot;
    if (!slot)
        return;
    const struct open_entry *entry = entry_at(source, slot);
    if (entry->offset == origin->offset && entry->index == origin->index)
        take_open(source, origin, slot);
}

void source_take_batch(struct source *source, struct batch *batch)
{
    for (uint32_t i = 0; i < batch->count; i++)
        source_take(source, batch->events[i].origin);
}

static void owe_more(struct source *source, struct open_entry *entry, uint32_t slot, uint64_t owed)
{
    uint64_t more = owed & ~entry->owed;
    if (!more)
        return;
    entry->owed |= more;
    for (; more; more &= more - 1)
        source->state->open_bits[__builtin_ctzll(more)]++;
    entry_changed(source, entry, slot);
}

bool state_reserve_open(struct state *state, uint32_t events)
{
    return open_reserve(&state->open, events);
}

bool source_hold_open(struct source *source, struct origin *origin)
{
    struct state *state = source->state;
    struct open_entry *entry = origin->seq ? open_find(&state->open, origin->seq) : NULL;
    if (entry && entry->owed) {
        owe_more(source, entry, (uint32_t)origin->seq, origin->owed);
        return true;
    }
    if (!origin->owed)
        return true;
    uint32_t after = place_before(source, origin->offset, origin->index);
    uint32_t slot = open_add(&state->open);
    if (!slot)
        return false;
    entry = entry_at(source, slot);
    entry->offset = origin->offset;
    entry->index = origin->index;
    entry->source = source->id;
    source_link(source, slot, after);
    source->open_near = slot;
    origin->seq = open_seq(&state->open, slot);
    owe_more(source, entry, slot, origin->owed);
    return true;
}

bool source_settle(struct source *source, uint64_t seq, uint32_t output)
{
    struct state *state = source->state;
    struct open_entry *entry = open_find(&state->open, seq);
    if (!entry)
        return false;
    MUST(entry->source == source->id);
    if (!(entry->owed & bit(output)))
        return false;
    entry->owed &= ~bit(output);
    state->open_bits[output]--;
    entry_changed(source, entry, (uint32_t)seq);
    if (!entry->owed)
        unlink_entry(source, (uint32_t)seq);
    return true;
}

void source_count(struct source *source, const struct batch *batch)
{
    uint64_t end = batch->offset + batch->bytes;
    if (end <= source->read)
        return;
    struct input_totals *totals = &source->state->ledger.inputs[source->input];
    totals->bytes += batch->content
                         ? batch->content
                         : end - (batch->offset < source->read ? source->read : batch->offset);
    if (batch->offset >= source->read) {
        totals->events += batch->count;
        totals->lines += batch->lines;
        totals->blank += batch->blank;
        totals->cut_bytes += batch->cut_bytes;
        return;
    }
    for (uint32_t i = 0; i < batch->count;
         i++) { /* it went across the mark: what can be told apart */
        bool is_new = batch->events[i].origin->offset >= source->read;
        totals->events += is_new;
        totals->lines += is_new;
    }
}

/* An entry of an earlier run whose position was passed and not found: its source no longer holds
 * it. */
static void lose_entry(struct source *source, uint32_t slot)
{
    struct state *state = source->state;
    struct open_entry *entry = entry_at(source, slot);
    for (uint64_t owed = entry->owed; owed; owed &= owed - 1) {
        uint32_t output = (uint32_t)__builtin_ctzll(owed);
        state->open_bits[output]--;
        state->ledger.outputs[output].in_flight--;
        state->ledger.outputs[output].abandoned++;
    }
    entry->owed = 0;
    state->lost++;
    entry_changed(source, entry, slot);
    unlink_entry(source, slot);
}

/* Loses what earlier runs left open in [from, to) and the second reading did not come across. */
static uint64_t lose_between(struct source *source, uint64_t from, uint64_t to)
{
    uint64_t lost = 0;
    while (source->open_next && entry_at(source, source->open_next)->offset < to)
        source->open_next = entry_at(source, source->open_next)->newer;
    uint32_t slot = source->open_next ? source->open_next : source->open_newest;
    while (slot && entry_at(source, slot)->offset >= from) {
        const struct open_entry *entry = entry_at(source, slot);
        uint32_t older = entry->older;
        if (entry->offset < to && entry->flags & OPEN_LOADED) {
            lose_entry(source, slot);
            lost++;
        }
        slot = older;
    }
    return lost;
}

void source_advance(struct source *source, uint64_t offset)
{
    if (offset <= source->at)
        return;
    if (source->at < source->known_end)
        lose_between(source, source->at, offset);
    source->at = offset;
    if (source->read < offset)
        source->read = offset;
    source_mark_dirty(source);
}

uint64_t source_lose(struct source *source)
{
    return lose_between(source, 0, UINT64_MAX);
}

uint64_t source_oldest_open(const struct source *source)
{
    return source->open_oldest ? entry_at(source, source->open_oldest)->offset : UINT64_MAX;
}
