/* agent/state/load.c - the journal's records into the state.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Records come oldest first; each says what changed, in absolute values where it can, so that one
 * that is missing in the middle costs what it said and no more. What still does not add up is
 * mended towards reading again: an event too often is better than one too few.
 */
#include "agent/state/load.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/memory.h"
#include "agent/state/stream.h"

#define NOT_OURS UINT32_MAX

enum { SERIALS_SKIPPED = 1 << 20 };

void state_mend(struct state *state, const char *format, ...)
{
    char line[400];
    va_list args;
    va_start(args, format);
    int len = vsnprintf(line, sizeof line, format, args);
    va_end(args);
    if (len > 0)
        buffer_add(&state->mended, str_from(line));
    buffer_byte(&state->mended, '\n');
}

/* --- whose numbers these are ------------------------------------------------------------- */

static uint32_t input_of(struct state *state, struct str label)
{
    for (uint32_t i = 0; i < state->input_count; i++)
        if (str_equal(state->inputs[i], label))
            return i;
    if (state->input_count >= state->planned_inputs + GONE_INPUTS_MAX)
        return NOT_OURS;
    struct str kept = arena_copy(&state->run, label);
    if (!kept.at)
        return NOT_OURS;
    state->inputs[state->input_count] = kept;
    return state->input_count++;
}

static bool holds(const struct str *labels, uint32_t count, struct str label)
{
    for (uint32_t i = 0; i < count; i++)
        if (str_equal(labels[i], label))
            return true;
    return false;
}

/* By its label; else by an output's `was`, unless the journal knows that output under its own
 * label. */
static uint32_t output_of(const struct state *state, const struct str *labels, uint32_t count,
                          struct str label)
{
    for (uint32_t i = 0; i < state->output_count; i++)
        if (str_equal(state->outputs[i].label, label))
            return i;
    for (uint32_t i = 0; i < state->output_count; i++)
        if (str_equal(state->outputs[i].was, label) &&
            !holds(labels, count, state->outputs[i].label))
            return i;
    return NOT_OURS;
}

static void load_table(struct load *load, struct unpack *from)
{
    struct str labels[OUTPUTS_MAX];
    uint64_t inputs = unpack_number(from);
    load->input_count = load->output_count = 0;
    for (uint64_t i = 0; i < inputs && !from->failed && i < LOAD_INPUTS_MAX; i++)
        load->inputs[load->input_count++] = input_of(load->state, unpack_text(from));
    uint64_t outputs = unpack_number(from);
    if (from->failed || inputs > LOAD_INPUTS_MAX || outputs > OUTPUTS_MAX) {
        from->failed = true;
        return;
    }
    for (uint32_t i = 0; i < outputs; i++)
        labels[i] = unpack_text(from);
    for (uint32_t i = 0; i < outputs; i++)
        load->outputs[i] = output_of(load->state, labels, (uint32_t)outputs, labels[i]);
    load->output_count = (uint32_t)outputs;
}

static uint64_t owed_of(const struct load *load, uint64_t theirs)
{
    uint64_t ours = 0;
    for (uint32_t i = 0; i < load->output_count; i++)
        if (theirs >> i & 1 && load->outputs[i] != NOT_OURS)
            ours |= UINT64_C(1) << load->outputs[i];
    return ours;
}

/* --- sections ---------------------------------------------------------------------------- */

static void load_agent(struct load *load, struct unpack *from)
{
    uint64_t agent_id = unpack_number(from), next_serial = unpack_number(from);
    if (from->failed)
        return;
    load->has_agent = true;
    load->state->agent_id = agent_id;
    if (next_serial > load->state->next_serial)
        load->state->next_serial = next_serial;
}

static void load_ledger(struct load *load, struct unpack *from)
{
    struct ledger *ledger = &load->state->ledger;
    for (uint32_t i = 0; i < load->input_count; i++) {
        struct input_totals in = {
            unpack_number(from), unpack_number(from), unpack_number(from),
            unpack_number(from), unpack_number(from), unpack_number(from),
        };
        if (!from->failed && load->inputs[i] < ledger->input_count)
            ledger->inputs[load->inputs[i]] = in;
    }
    for (uint32_t i = 0; i < load->output_count; i++) {
        struct output_totals out = {
            .in = unpack_number(from),
            .delivered = unpack_number(from),
            .sampled_out = unpack_number(from),
            .dropped = unpack_number(from),
            .dead_lettered = unpack_number(from),
            .evicted = unpack_number(from),
            .abandoned = unpack_number(from),
        };
        if (!from->failed && load->outputs[i] != NOT_OURS)
            ledger->outputs[load->outputs[i]] = out;
    }
}

static void load_aside(struct load *load, struct unpack *from)
{
    for (uint32_t i = 0; i < load->output_count; i++) {
        uint64_t queued = unpack_number(from);
        if (!from->failed && load->outputs[i] != NOT_OURS)
            load->state->ledger.outputs[load->outputs[i]].queued = queued;
    }
}

static void load_open_list(struct load *load, struct source *source, struct unpack *from)
{
    struct open_table *table = &load->state->open;
    uint64_t offset = 0, slot;
    while ((slot = unpack_number(from)) != 0) {
        uint64_t step = unpack_number(from);
        offset += (step >> 1) ^ (0 - (step & 1)); /* zigzag: entries come nearly in order */
        uint64_t index = unpack_number(from), owed = unpack_number(from);
        struct open_entry *entry =
            from->failed || slot > OPEN_LIST_MAX ? NULL : open_claim(table, (uint32_t)slot);
        if (!entry) {
            from->failed = true;
            return;
        }
        entry->source = source->id;
        entry->offset = offset;
        entry->index = (uint32_t)index;
        entry->owed = owed_of(load, owed);
        entry->flags = OPEN_USED | OPEN_WRITTEN | OPEN_LOADED;
    }
    while ((slot = unpack_number(from)) != 0) {
        const struct open_entry *entry =
            slot > OPEN_LIST_MAX ? NULL : open_at(table, (uint32_t)slot);
        if (entry && entry->source == source->id)
            open_remove(table, (uint32_t)slot);
    }
}

static void load_marks(struct load *load, struct source *source, struct unpack *from)
{
    for (uint32_t i = 0; i < load->state->output_count; i++)
        source->marks[i] = source->read; /* an output that is new starts now */
    for (uint32_t i = 0; i < load->output_count; i++) {
        uint64_t behind = unpack_number(from);
        if (load->outputs[i] != NOT_OURS && behind <= source->read)
            source->marks[load->outputs[i]] = source->read - behind;
    }
}

struct named { /* how a section names its source */
    uint32_t input;
    struct str key;
};

static bool load_name(const struct load *load, struct unpack *from, struct named *ret)
{
    uint64_t input = unpack_number(from);
    ret->key = unpack_text(from);
    if (from->failed || input >= load->input_count || load->inputs[input] == NOT_OURS)
        return false;
    ret->input = load->inputs[input];
    return true;
}

static void load_source(struct load *load, struct unpack *from)
{
    struct named named;
    if (!load_name(load, from, &named))
        return;
    uint64_t flags = unpack_number(from), rewind = unpack_number(from), read = unpack_number(from);
    from->failed = from->failed || rewind > read;
    if (from->failed)
        return;
    struct source *source = source_find(load->state, named.input, named.key);
    if (!source)
        source = source_make(load->state, named.input, named.key);
    if (!source) {
        load->out_of_memory = true;
        return;
    }
    source->is_known = true;
    if (flags & SOURCE_LEAVES)
        source_leaves(source);
    source->rewind = rewind;
    source->read = read;
    load_marks(load, source, from);
    source->open_expected = (uint32_t)unpack_number(from);
    struct str note = flags & SOURCE_HAS_NOTE ? unpack_text(from) : STR("");
    from->failed = from->failed || note.len > NOTE_BYTES_MAX;
    if (flags & SOURCE_HAS_NOTE && !from->failed && !source_set_note(source, note))
        load->out_of_memory = true;
    if (flags & SOURCE_HAS_SENT)
        source->reserved = unpack_number(from);
    source->rewind_ns = flags & SOURCE_HAS_TIME ? (int64_t)unpack_number(from) : 0;
    load_open_list(load, source, from);
}

static void forget_entries(struct state *state, const struct source *source)
{
    for (uint32_t slot = 1; slot <= open_slots(&state->open); slot++) {
        const struct open_entry *entry = open_at(&state->open, slot);
        if (entry && entry->source == source->id)
            open_remove(&state->open, slot);
    }
}

static void load_forget(struct load *load, struct unpack *from)
{
    struct named named;
    if (!load_name(load, from, &named))
        return;
    struct source *source = source_find(load->state, named.input, named.key);
    if (!source)
        return;
    if (source->open_expected) /* only where the record that settled them is missing */
        forget_entries(load->state, source);
    source_free(source);
}

static void load_stream(struct load *load, struct unpack *from)
{
    struct state *state = load->state;
    struct stream_file file;
    if (!stream_unpack(from, &file)) {
        from->failed = true;
        return;
    }
    struct known_file *known = arena_zeroed(&state->known_files_arena, sizeof *known);
    if (!known) {
        load->out_of_memory = true;
        return;
    }
    known->file = file;
    known->file.label = arena_copy(&state->known_files_arena, file.label);
    known->file.path = arena_copy(&state->known_files_arena, file.path);
    if (!known->file.label.at || !known->file.path.at) {
        load->out_of_memory = true;
        return;
    }
    known->next = state->known_files;
    state->known_files = known;
}

static void load_streams(struct load *load, struct unpack *from)
{
    arena_reset(&load->state->known_files_arena);
    load->state->known_files = NULL;
    while (from->rest.len && !from->failed)
        load_stream(load, from);
}

void load_record(void *context, struct str payload)
{
    static void (*const loaders[])(struct load *, struct unpack *) = {
        [SECTION_AGENT] = load_agent,   [SECTION_TABLE] = load_table,
        [SECTION_LEDGER] = load_ledger, [SECTION_SOURCE] = load_source,
        [SECTION_FORGET] = load_forget, [SECTION_STREAMS] = load_streams,
        [SECTION_STREAM] = load_stream, [SECTION_ASIDE] = load_aside,
    };
    struct load *load = context;
    struct unpack record = {.rest = payload}, body;
    uint8_t tag;
    while (unpack_section(&record, &tag, &body)) {
        if (tag < COUNT(loaders) && loaders[tag])
            loaders[tag](load, &body);
        load->broken += body.failed;
    }
    load->broken += record.failed;
}

/* --- after the last record --------------------------------------------------------------- */

static int by_position(const void *left, const void *right, void *context)
{
    const struct open_table *table = context;
    const struct open_entry *a = open_at(table, *(const uint32_t *)left);
    const struct open_entry *b = open_at(table, *(const uint32_t *)right);
    if (a->source != b->source)
        return a->source < b->source ? -1 : 1;
    if (a->offset != b->offset)
        return a->offset < b->offset ? -1 : 1;
    return (a->index > b->index) - (a->index < b->index);
}

/* A record with changes of this list is missing. What lies between the rewind and the marks is read
 * and given out again: nothing is lost, some of it comes twice. */
static void mend_source(struct source *source)
{
    struct state *state = source->state;
    state_mend(
        state,
        "input \"%.*s\": the journal lost part of what was open in %.*s; reading it again from "
        "%llu for every output",
        STR_ARG(state->inputs[source->input]), STR_ARG(source->key),
        (unsigned long long)source->rewind);
    for (uint32_t i = 0; i < state->output_count; i++)
        source->marks[i] = source->rewind;
    forget_entries(state, source);
}

static void count_open_lists(struct state *state)
{
    for (uint32_t slot = 1; slot <= open_slots(&state->open); slot++) {
        const struct open_entry *entry = open_at(&state->open, slot);
        if (entry && state_source(state, entry->source))
            state_source(state, entry->source)->open_count++;
    }
    for (uint32_t id = 0; id < state->source_room; id++) {
        struct source *source = state->sources[id];
        if (!source)
            continue;
        if (source->open_count != source->open_expected)
            mend_source(source);
        source->open_count = 0;
    }
}

static bool link_open_lists(struct state *state)
{
    uint32_t *slots = memory_make((state->open.count + 1) * sizeof *slots), count = 0;
    if (!slots)
        return false;
    for (uint32_t slot = 1; slot <= open_slots(&state->open); slot++) {
        const struct open_entry *entry = open_at(&state->open, slot);
        if (!entry)
            continue;
        if (entry->owed && state_source(state, entry->source))
            slots[count++] = slot;
        else
            open_remove(&state->open, slot); /* owed to outputs that are gone */
    }
    qsort_r(slots, count, sizeof *slots, by_position, &state->open);
    for (uint32_t i = 0; i < count; i++) {
        const struct open_entry *entry = open_at(&state->open, slots[i]);
        struct source *source = state_source(state, entry->source);
        source_link(source, slots[i], source->open_newest);
        for (uint64_t owed = entry->owed; owed; owed &= owed - 1)
            state->open_bits[__builtin_ctzll(owed)]++;
    }
    memory_free(slots);
    open_loaded(&state->open);
    return true;
}

/* A record that is missing may have reserved more: where the journal was damaged nothing is known,
 * and a torn end may be a whole record that went bad. */
static uint64_t once_sent(const struct source *source, const struct load *load)
{
    const struct journal *journal = &load->state->journal;
    if (load->broken || journal->damaged_places)
        return UINT64_MAX;
    return source->reserved + (journal->torn_bytes ? SENT_AHEAD_BYTES : 0);
}

static void begin_sources(struct load *load)
{
    struct state *state = load->state;
    for (uint32_t id = 0; id < state->source_room; id++) {
        struct source *source = state->sources[id];
        if (!source)
            continue;
        source->at = source->rewind;
        source->lane_last_ns = source->rewind_ns;
        source->known_end = source->read;
        source->open_next = source->open_oldest;
        source->once_sent = once_sent(source, load);
    }
}

static void begin_ledger(struct load *load, bool was_damaged)
{
    struct state *state = load->state;
    for (uint32_t i = 0; i < state->output_count; i++) {
        struct output_totals *output = &state->ledger.outputs[i];
        output->in_flight = state->open_bits[i];
        if (output_is_balanced(output))
            continue;
        output->in = output->delivered + output->sampled_out + output->dropped +
                     output->dead_lettered + output->evicted + output->abandoned + output->queued +
                     output->in_flight;
        if (!was_damaged)
            state_mend(state, "output \"%.*s\": the journal's totals did not add up",
                       STR_ARG(state->outputs[i].label));
    }
}

bool load_finish(struct load *load)
{
    struct state *state = load->state;
    if (load->out_of_memory)
        return false;
    if (load->broken)
        state_mend(state, "journal: %llu entries make no sense and were left out",
                   (unsigned long long)load->broken);
    bool was_damaged = load->broken || state->journal.damaged_places;
    if (was_damaged || state->journal.torn_bytes)
        state->next_serial += SERIALS_SKIPPED; /* what is missing may have given some */
    count_open_lists(state);
    if (!link_open_lists(state))
        return false;
    begin_sources(load);
    begin_ledger(load, was_damaged);
    return true;
}
