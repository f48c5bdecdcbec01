/* agent/state/save.c - the state into the journal's records.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Every record begins with the labels that its numbers stand for, so each can be understood alone.
 */
#include "agent/limits.h"
#include "agent/state/inside.h"
#include "agent/state/pack.h"

static void save_head(const struct state *state, struct buffer *to)
{
    size_t section = pack_begin(to, SECTION_AGENT);
    pack_number(to, state->agent_id);
    pack_number(to, state->next_serial);
    pack_end(to, section);
    section = pack_begin(to, SECTION_TABLE);
    pack_number(to, state->input_count);
    for (uint32_t i = 0; i < state->input_count; i++)
        pack_text(to, state->inputs[i]);
    pack_number(to, state->output_count);
    for (uint32_t i = 0; i < state->output_count; i++)
        pack_text(to, state->outputs[i].label);
    pack_end(to, section);
}

static void save_ledger(const struct state *state, struct buffer *to)
{
    static const struct input_totals none;
    size_t section = pack_begin(to, SECTION_LEDGER);
    for (uint32_t i = 0; i < state->input_count; i++) {
        const struct input_totals *in =
            i < state->planned_inputs ? &state->ledger.inputs[i] : &none;
        pack_number(to, in->bytes);
        pack_number(to, in->lines);
        pack_number(to, in->events);
        pack_number(to, in->joined);
        pack_number(to, in->blank);
        pack_number(to, in->cut_bytes);
    }
    for (uint32_t i = 0; i < state->output_count; i++) {
        const struct output_totals *out = &state->ledger.outputs[i];
        pack_number(to, out->in);
        pack_number(to, out->delivered);
        pack_number(to, out->sampled_out);
        pack_number(to, out->dropped);
        pack_number(to, out->dead_lettered);
        pack_number(to, out->evicted);
        pack_number(to, out->abandoned);
    }
    pack_end(to, section);
    section = pack_begin(to, SECTION_ASIDE);
    for (uint32_t i = 0; i < state->output_count; i++)
        pack_number(to, state->ledger.outputs[i].queued);
    pack_end(to, section);
}

void saver_begin(struct saver *saver)
{
    saver->record = record_begin(saver->to);
    save_head(saver->state, saver->to);
}

void saver_end(struct saver *saver)
{
    if (saver->to->full)
        return;
    record_end(saver->to, saver->record);
    if (!saver->straight)
        return;
    if (!saver->wrong)
        saver->wrong = journal_new_add(saver->straight, buffer_str(saver->to));
    buffer_reset(saver->to);
}

static void cut_record(struct saver *saver)
{
    if (saver->to->full || saver->to->len - saver->record < SAVED_RECORD_BYTES)
        return;
    saver_end(saver);
    saver_begin(saver);
}

static void save_entry(struct buffer *to, uint32_t slot, struct open_entry *entry, uint64_t *offset)
{
    enum { NUMBERS = 4 };
    uint64_t step = entry->offset - *offset;
    char *at = buffer_reserve(to, NUMBERS * PACKED_NUMBER_MAX);
    if (at) {
        at = number_put(at, slot);
        at = number_put(at, (step << 1) ^ (0 - (step >> 63)));
        at = number_put(at, entry->index);
        to->len = (size_t)(number_put(at, entry->owed) - to->at);
    }
    *offset = entry->offset;
    entry->flags |= OPEN_WRITTEN;
}

/* Ends the chain of changes: writes it unless the whole list was written, and lets go of dead
 * entries. */
static void save_open_changes(struct source *source, struct buffer *to, bool whole)
{
    struct open_table *table = &source->state->open;
    uint64_t offset = 0;
    for (uint32_t slot = source->open_dirty; slot && !whole;) {
        struct open_entry *entry = open_used(table, slot);
        if (entry->owed)
            save_entry(to, slot, entry, &offset);
        slot = entry->dirty_next;
    }
    pack_number(to, 0);
    for (uint32_t slot = source->open_dirty; slot;) {
        struct open_entry *entry = open_used(table, slot);
        uint32_t next = entry->dirty_next;
        entry->flags &= OPEN_FLAGS & ~OPEN_DIRTY;
        if (!entry->owed) {
            if (entry->flags & OPEN_WRITTEN && !whole)
                pack_number(to, slot);
            open_remove(table, slot);
        }
        slot = next;
    }
    pack_number(to, 0);
    source->open_dirty = 0;
}

static void save_open_list(struct source *source, struct buffer *to)
{
    uint64_t offset = 0;
    for (uint32_t slot = source->open_oldest; slot;) {
        struct open_entry *entry = open_used(&source->state->open, slot);
        save_entry(to, slot, entry, &offset);
        slot = entry->newer;
    }
}

static void save_source(struct source *source, struct buffer *to, bool whole)
{
    bool has_note = whole ? source->note.len != 0 : source->note_changed;
    size_t section = pack_begin(to, SECTION_SOURCE);
    MUST(source->rewind <= source->read);
    pack_number(to, source->input);
    pack_text(to, source->key);
    pack_number(to, (has_note ? SOURCE_HAS_NOTE : 0u) | (source->reserved ? SOURCE_HAS_SENT : 0u) |
                        (source->rewind_ns ? SOURCE_HAS_TIME : 0u) |
                        (source->is_leaving ? SOURCE_LEAVES : 0u));
    pack_number(to, source->rewind);
    pack_number(to, source->read);
    for (uint32_t i = 0; i < source->state->output_count; i++)
        pack_number(to, source->read - source_mark(source, i));
    pack_number(to, source->open_count);
    if (has_note)
        pack_text(to, source->note);
    if (source->reserved)
        pack_number(to, source->reserved);
    if (source->rewind_ns)
        pack_number(to, (uint64_t)source->rewind_ns);
    if (whole)
        save_open_list(source, to);
    save_open_changes(source, to, whole);
    pack_end(to, section);
    source->note_changed = false;
}

/* Finished and all settled: it leaves the journal and memory. */
static bool forget_source(struct source *source, struct buffer *to)
{
    if (!source->is_finished || source->open_count)
        return false;
    struct open_table *table = &source->state->open;
    for (uint32_t slot = source->open_dirty; slot;) {
        uint32_t next = open_used(table, slot)->dirty_next;
        open_remove(table, slot);
        slot = next;
    }
    size_t section = pack_begin(to, SECTION_FORGET);
    pack_number(to, source->input);
    pack_text(to, source->key);
    pack_end(to, section);
    source_free(source);
    return true;
}

void save_changes(struct saver *saver)
{
    struct state *state = saver->state;
    save_ledger(state, saver->to);
    struct source *source = state->dirty;
    state->dirty = NULL;
    while (source) {
        struct source *next = source->dirty_next;
        source->is_dirty = false;
        source->saved_ticket = state->next_ticket;
        if (!forget_source(source, saver->to))
            save_source(source, saver->to, false);
        source = next;
    }
    buffer_add(saver->to, buffer_str(&state->blobs));
}

void save_blob(struct saver *saver, struct str filter, struct str blob)
{
    size_t section = pack_begin(saver->to, SECTION_BLOB);
    pack_text(saver->to, filter);
    pack_text(saver->to, blob);
    pack_end(saver->to, section);
    cut_record(saver);
}

static void save_blobs(struct saver *saver)
{
    struct unpack from = {.rest = buffer_str(&saver->state->blobs)}, body;
    uint8_t tag;
    while (unpack_section(&from, &tag, &body)) {
        struct str filter = unpack_text(&body);
        save_blob(saver, filter, unpack_text(&body));
    }
}

void save_all(struct saver *saver)
{
    struct state *state = saver->state;
    save_ledger(state, saver->to);
    state->dirty = NULL;
    for (uint32_t id = 0; id < state->source_room; id++) {
        struct source *source = state->sources[id];
        if (!source)
            continue;
        source->is_dirty = false;
        if (!saver->straight) /* at the start no commit brings it */
            source->saved_ticket = state->next_ticket;
        if (!forget_source(source, saver->to))
            save_source(source, saver->to, true);
        cut_record(saver);
    }
    save_blobs(saver);
}
