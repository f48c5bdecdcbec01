/* agent/state/state.c - what the agent remembers.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A start always writes the journal anew: that cuts a torn end, leaves damage behind, changes the
 * tables of inputs and outputs to those of this configuration, and shows at once whether the
 * directory can be written.
 */
#include "agent/state/state.h"

#include <errno.h>
#include <stdio.h>

#include "agent/memory.h"
#include "agent/ports/clock.h"
#include "agent/state/load.h"
#include "agent/state/pack.h"
#include "agent/state/stream.h"

enum {
    RUN_BYTES_MAX = 4 << 20,
    RUN_CHUNK_BYTES = 16 * 1024,
    KNOWN_FILES_BYTES_MAX = 64 << 20,
    BLOBS_BYTES_MAX = 64 << 20,
    URGENT_BYTES = 1 << 20, /* of output or verdicts since the last commit */
    TICKET_OF_START = 1,
};

/* --- opening ----------------------------------------------------------------------------- */

static enum code fail_directory(const char *directory, int wrong, struct why *why)
{
    switch (wrong) {
    case EROFS:
    case EACCES:
    case EPERM:
        return fail_sys(why, wrong,
                        "the state directory %.100s cannot be written; make it writable or set "
                        "agent { state = ... }",
                        directory);
    case ENOSPC:
    case EDQUOT:
        return fail_sys(why, wrong,
                        "no room for the journal in the state directory %.100s; free some space",
                        directory);
    default:
        return fail_sys(why, wrong, "using the state directory %.120s", directory);
    }
}

static enum code lock_directory(struct state *state, const char *directory, struct why *why)
{
    const struct files *files = state->files;
    char path[JOURNAL_PATH_BYTES];
    int len = snprintf(path, sizeof path, "%s/lock", directory);
    if (len < 0 || (size_t)len >= sizeof path)
        return fail(why, BAD_CONFIG, "the state directory's path is too long: %.100s...",
                    directory);
    int wrong = files->make_directory(files->self, directory);
    if (!wrong)
        wrong = files->open(files->self, path, FILE_READ | FILE_APPEND | FILE_CREATE | FILE_PRIVATE,
                            &state->lock_fd);
    if (wrong)
        return fail_directory(directory, wrong, why);
    state->is_locked = true;
    wrong = files->lock(files->self, state->lock_fd);
    if (wrong == EWOULDBLOCK)
        return fail(why, SYSTEM_FAILED,
                    "another agent is running on the state directory %.100s; stop it, or give this "
                    "one its own with agent { state = ... }",
                    directory);
    return wrong ? fail_sys(why, wrong, "locking %.120s", path) : OK;
}

static void tell_damage(struct state *state, const struct load *load)
{
    const struct journal *journal = &state->journal;
    if (journal->damaged_places)
        state_mend(state,
                   "journal %.200s: %llu damaged bytes in %llu places were skipped; going on with "
                   "every whole record",
                   journal->path, (unsigned long long)journal->damaged_bytes,
                   (unsigned long long)journal->damaged_places);
    if (journal->torn_bytes)
        state_mend(state, "journal %.200s: the last %llu bytes were not whole and were cut off",
                   journal->path, (unsigned long long)journal->torn_bytes);
    if (journal->head_is_damaged)
        state_mend(state, "journal %.200s: its head was damaged", journal->path);
    if (journal->had_file && !load->has_agent)
        state_mend(state,
                   "journal %.200s: nothing in it could be read; beginning anew, with a new "
                   "agent id",
                   journal->path);
}

static enum code load_journal(struct state *state, const char *directory, struct why *why)
{
    enum code code = lock_directory(state, directory, why);
    if (code == OK)
        code = journal_open(&state->journal, state->files, directory, why);
    if (code != OK)
        return code;
    struct load *load = memory_make(sizeof *load);
    if (!load)
        return fail(why, OVER_LIMIT, "no memory to read the journal");
    *load = (struct load){.state = state};
    code = journal_read(&state->journal, load_record, load, why);
    if (code == OK)
        tell_damage(state, load);
    if (code == OK && !load_finish(load))
        code = fail(why, OVER_LIMIT, "no memory for what the journal %.120s holds",
                    state->journal.path);
    memory_free(load);
    return code;
}

static enum code take_plan(struct state *state, const struct state_plan *plan, struct why *why)
{
    arena_init(&state->run, RUN_CHUNK_BYTES, RUN_BYTES_MAX);
    arena_init(&state->known_files_arena, RUN_CHUNK_BYTES, KNOWN_FILES_BYTES_MAX);
    buffer_init(&state->blobs, BLOBS_BYTES_MAX);
    buffer_init(&state->mended, MENDED_BYTES_MAX);
    MUST(plan->output_count <= OUTPUTS_MAX);
    uint32_t rooms = plan->input_count + GONE_INPUTS_MAX;
    struct str *inputs = arena_zeroed(&state->run, rooms * sizeof *inputs);
    struct str *names = arena_zeroed(&state->run, (plan->output_count + 1) * sizeof *names);
    struct ledger *ledger = &state->ledger;
    ledger->inputs = arena_zeroed(&state->run, (plan->input_count + 1) * sizeof *ledger->inputs);
    ledger->outputs = arena_zeroed(&state->run, (plan->output_count + 1) * sizeof *ledger->outputs);
    state->open_bits = arena_zeroed(&state->run, OUTPUTS_MAX * sizeof *state->open_bits);
    state->committed_outputs =
        arena_zeroed(&state->run, OUTPUTS_MAX * sizeof *state->committed_outputs);
    if (!inputs || !names || !ledger->inputs || !ledger->outputs || !state->open_bits ||
        !state->committed_outputs)
        return fail(why, OVER_LIMIT, "no memory for the state of %u inputs", plan->input_count);
    for (uint32_t i = 0; i < plan->input_count; i++)
        inputs[i] = plan->inputs[i];
    for (uint32_t i = 0; i < plan->output_count; i++)
        names[i] = plan->outputs[i].label;
    state->inputs = ledger->input_names = inputs;
    ledger->output_names = names;
    state->input_count = state->planned_inputs = plan->input_count;
    ledger->input_count = plan->input_count - plan->own_inputs;
    ledger->output_count = state->output_count = plan->output_count;
    state->outputs = plan->outputs;
    return OK;
}

static enum code open_state(struct state *state, const struct state_plan *plan, struct why *why)
{
    enum code code = take_plan(state, plan, why);
    if (code == OK && plan->directory.len) {
        char directory[JOURNAL_PATH_BYTES];
        str_z(plan->directory, directory, sizeof directory);
        code = load_journal(state, directory, why);
    }
    if (code != OK)
        return code;
    while (!state->agent_id)
        state->clock->random(state->clock->self, &state->agent_id, sizeof state->agent_id);
    if (!state->next_serial)
        state->next_serial = 1;
    state->writer = writer_make(state->files, &state->journal, plan->writer_bytes);
    return state->writer ? OK : fail(why, OVER_LIMIT, "no memory for the disk writer");
}

enum code state_open(const struct state_plan *plan, struct state **ret, struct why *why)
{
    struct state *state = memory_make(sizeof *state);
    if (!state)
        return fail(why, OVER_LIMIT, "no memory for the state");
    memset(state, 0, sizeof *state);
    state->files = plan->files;
    state->clock = plan->clock;
    state->is_kept = plan->directory.len != 0;
    state->next_ticket = TICKET_OF_START + 1;
    state->last_ticket = TICKET_OF_START;
    enum code code = open_state(state, plan, why);
    if (code != OK) {
        state_close(state);
        return code;
    }
    *ret = state;
    return OK;
}

void state_close(struct state *state)
{
    if (!state)
        return;
    writer_free(state->writer);
    for (uint32_t id = 0; id < state->source_room; id++)
        if (state->sources[id])
            source_free(state->sources[id]);
    open_clear(&state->open);
    memory_free(state->sources);
    memory_free(state->free_ids);
    memory_free(state->buckets);
    journal_close(&state->journal);
    if (state->is_locked)
        state->files->close(state->files->self, state->lock_fd);
    buffer_clear(&state->blobs);
    buffer_clear(&state->mended);
    arena_clear(&state->known_files_arena);
    arena_clear(&state->run);
    memory_free(state);
}

struct str state_mended(const struct state *state)
{
    return buffer_str(&state->mended);
}

uint64_t state_agent_id(const struct state *state)
{
    return state->agent_id;
}

uint64_t state_new_serial(struct state *state)
{
    state->is_urgent = true;
    return state->next_serial++;
}

struct ledger *state_ledger(struct state *state)
{
    return &state->ledger;
}

uint64_t state_lost(const struct state *state)
{
    return state->lost;
}

struct writer *state_writer(struct state *state)
{
    return state->writer;
}

/* A big state is not written again before as much was appended to it. */
static void count_journal(struct state *state, size_t bytes, bool is_snapshot)
{
    state->journal_bytes = bytes + (is_snapshot ? 0 : state->journal_bytes);
    if (is_snapshot)
        state->snapshot_above = bytes > JOURNAL_BYTES / 2 ? 2 * bytes : JOURNAL_BYTES;
    state->wants_snapshot = state->is_kept && state->journal_bytes > state->snapshot_above;
}

/* --- starting ---------------------------------------------------------------------------- */

uint32_t state_stream(struct state *state, uint32_t output, const struct byte_stream *to)
{
    MUST(output < state->output_count);
    return writer_add_stream(state->writer, state->outputs[output].label, to);
}

static bool is_of(const struct state *state, const struct stream *stream,
                  const struct stream_file *file)
{
    struct str label = file->label;
    if (stream->is_segmented)
        return stream_has_segment(stream, file);
    if (str_equal(stream->label, label))
        return true;
    for (uint32_t i = 0; i < state->output_count; i++)
        if (str_equal(state->outputs[i].label, stream->label))
            return state->outputs[i].was.len && str_equal(state->outputs[i].was, label);
    return false;
}

static enum code open_streams(struct state *state, struct why *why)
{
    uint32_t count = writer_stream_count(state->writer);
    enum code code = OK;
    for (uint32_t i = 0; i < count; i++) {
        const struct stream *stream = writer_stream(state->writer, i);
        for (const struct known_file *at = state->known_files; at && code == OK; at = at->next)
            if (is_of(state, stream, &at->file))
                code = stream_cut(stream, &at->file, &state->mended, why);
    }
    for (uint32_t i = 0; i < count && code == OK; i++)
        if (!writer_stream(state->writer, i)->is_segmented) /* those open with their first bytes */
            code = stream_open(writer_stream(state->writer, i), why);
    return code;
}

static void each_blob_of(struct str payload,
                         void (*each)(void *context, struct str filter, struct str blob),
                         void *context)
{
    struct unpack record = {.rest = payload}, body;
    uint8_t tag;
    while (unpack_section(&record, &tag, &body)) {
        if (tag != SECTION_BLOB)
            continue;
        struct str filter = unpack_text(&body), blob = unpack_text(&body);
        if (!body.failed)
            each(context, filter, blob);
    }
}

static void copy_blob(void *context, struct str filter, struct str blob)
{
    save_blob(context, filter, blob);
}

static void copy_blobs(void *context, struct str payload)
{
    each_blob_of(payload, copy_blob, context);
}

/* The whole state, with the verdicts as they stand in the old journal: no filter has read them yet.
 */
static enum code write_anew(struct state *state, struct buffer *to, struct why *why)
{
    struct journal *journal = &state->journal;
    struct saver saver = {.state = state, .to = to, .straight = journal};
    saver.wrong = journal_new_begin(journal);
    saver_begin(&saver);
    save_all(&saver);
    enum code code = saver.wrong ? OK : journal_read(journal, copy_blobs, &saver, why);
    if (code != OK)
        return code;
    writer_pack_streams(state->writer, to);
    saver_end(&saver);
    if (!saver.wrong && to->full)
        saver.wrong = ENOMEM;
    if (!saver.wrong)
        saver.wrong = journal_new_finish(journal);
    if (!saver.wrong)
        return OK;
    journal_new_drop(journal);
    return fail_directory(journal->directory, saver.wrong, why);
}

enum code state_start(struct state *state, struct why *why)
{
    enum code code = open_streams(state, why);
    if (code != OK || !state->is_kept)
        return code;
    struct buffer bytes;
    buffer_init(&bytes, SNAPSHOT_BYTES_MAX);
    code = write_anew(state, &bytes, why);
    buffer_clear(&bytes);
    arena_clear(&state->known_files_arena);
    state->known_files = NULL;
    count_journal(state, state->journal.end, true);
    return code;
}

struct blob_reader {
    void (*each)(void *context, struct str filter, struct str blob);
    void *context;
};

static void read_blobs(void *context, struct str payload)
{
    const struct blob_reader *reader = context;
    each_blob_of(payload, reader->each, reader->context);
}

enum code state_each_blob(struct state *state,
                          void (*each)(void *context, struct str filter, struct str blob),
                          void *context, struct why *why)
{
    struct blob_reader reader = {each, context};
    return journal_read(&state->journal, read_blobs, &reader, why);
}

/* --- committing -------------------------------------------------------------------------- */

uint64_t state_remember(struct state *state, struct str filter, struct str blob)
{
    MUST(blob.len <= BLOB_BYTES_MAX);
    size_t before = state->blobs.len;
    size_t section = pack_begin(&state->blobs, SECTION_BLOB);
    pack_text(&state->blobs, filter);
    pack_text(&state->blobs, blob);
    pack_end(&state->blobs, section);
    state->is_urgent = true;
    if (state->blobs.full) { /* the filter itself still knows it: let it save() everything */
        state->blobs.full = false;
        state->blobs.len = before;
        state->wants_snapshot = true;
    }
    return state->next_ticket;
}

bool state_is_urgent(const struct state *state)
{
    return state->is_urgent || writer_uncommitted_bytes(state->writer) >= URGENT_BYTES;
}

bool state_is_dirty(const struct state *state)
{
    return state->dirty != NULL;
}

bool state_synced(const struct state *state, uint64_t ticket)
{
    return ticket <= TICKET_OF_START || ticket <= writer_synced(state->writer);
}

static bool totals_changed(const struct state *state)
{
    return memcmp(state->committed_outputs, state->ledger.outputs,
                  state->output_count * sizeof *state->ledger.outputs) != 0;
}

static bool has_changes(const struct state *state)
{
    return state->dirty || state->is_urgent || state->wants_snapshot || state->blobs.len ||
           writer_has_uncommitted(state->writer) || totals_changed(state);
}

static void find_rewind(struct source *source, const struct state_helpers *helpers)
{
    source->rewind_synced = source_next_resume(source);
    if (!source->is_opened)
        return; /* as it was loaded */
    uint64_t rewind = source->at, oldest = source_oldest_open(source);
    rewind = oldest < rewind ? oldest : rewind;
    if (helpers->oldest)
        oldest = helpers->oldest(helpers->context, source);
    rewind = oldest < rewind ? oldest : rewind;
    struct moment moment = {rewind, source->lane_last_ns};
    if (rewind < source->at)
        moment = source_moment_before(source, rewind);
    source->rewind = moment.offset;
    source->rewind_ns = moment.time_ns;
}

static void find_rewinds(struct state *state, const struct state_helpers *helpers, bool all)
{
    if (!all) {
        for (struct source *source = state->dirty; source; source = source->dirty_next)
            find_rewind(source, helpers);
        return;
    }
    for (uint32_t id = 0; id < state->source_room; id++)
        if (state->sources[id])
            find_rewind(state->sources[id], helpers);
}

static void fill(struct state *state, struct bundle *bundle, const struct state_helpers *helpers,
                 bool is_snapshot)
{
    struct saver saver = {.state = state, .to = &bundle->bytes};
    find_rewinds(state, helpers, is_snapshot);
    saver_begin(&saver);
    if (is_snapshot) {
        buffer_reset(&state->blobs);
        if (helpers->save)
            helpers->save(helpers->context);
        save_all(&saver);
    } else {
        save_changes(&saver);
    }
    bundle->at = saver.record;
}

uint64_t state_commit(struct state *state, const struct state_helpers *helpers)
{
    if (!has_changes(state))
        return state->last_ticket;
    struct bundle *bundle = writer_take_commit(state->writer);
    if (!bundle)
        return 0;
    bool is_snapshot = state->wants_snapshot;
    fill(state, bundle, helpers, is_snapshot);
    if (bundle->bytes
            .full) { /* no memory: what was marked as written is not; a snapshot says it all */
        buffer_clear(&bundle->bytes);
        writer_give_back(state->writer, bundle);
        state->wants_snapshot = true;
        return 0;
    }
    count_journal(state, bundle->bytes.len, is_snapshot);
    bundle->ticket = state->last_ticket = state->next_ticket++;
    writer_commit(state->writer, bundle, is_snapshot);
    buffer_reset(&state->blobs);
    memcpy(state->committed_outputs, state->ledger.outputs,
           state->output_count * sizeof *state->ledger.outputs);
    state->is_urgent = false;
    return state->last_ticket;
}
