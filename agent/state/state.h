/* agent/state/state.h - what the agent remembers: sources, verdicts, totals, output lengths; one journal.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The lane owns it in memory. state_commit() makes one blob of what changed since the last one and
 * gives it to the disk writer (writer.h), behind the output bytes that it stands for; a ticket is synced when
 * its blob is. Without a directory nothing is remembered, and everything else works alike.
 *
 *     state_open -> state_stream for every byte output -> state_start -> state_each_blob -> the writer's
 *     thread starts -> ... state_commit ... -> writer stopped -> state_close
 */
#ifndef WEIR_STATE_H
#define WEIR_STATE_H

#include "agent/state/ledger.h"
#include "agent/state/source.h"
#include "agent/state/writer.h"

struct clock;

struct state_output {
    struct str label;
    struct str was; /* an older label whose marks and totals it takes over; may be empty */
};

struct state_plan { /* borrowed for the life of the state */
    const struct files *files;
    const struct clock *clock;
    struct str directory; /* empty: remember nothing */
    const struct str *inputs; /* labels, in the engine's order */
    uint32_t input_count;
    uint32_t own_inputs; /* the last so many are the engine's own: the ledger does not show them */
    const struct state_output *outputs;
    uint32_t output_count;
    size_t writer_bytes; /* of output on its way to the disk; the bound of back-pressure */
};

/* Makes the directory (0700), locks it, reads the journal and mends it. SYSTEM_FAILED says which file
 * and what to do: another agent has it, read-only, full. Gives *ret. */
enum code state_open(const struct state_plan *plan, struct state **ret, struct why *why) CHECK_RESULT;
void state_close(struct state *state); /* null is allowed */

/* What was mended or forgotten at the start, one line each, for the log; empty when all was well. */
struct str state_mended(const struct state *state);
uint64_t state_agent_id(const struct state *state); /* minted once */
uint64_t state_new_serial(struct state *state);     /* never given before; journaled by the next commit */

/* Events of earlier runs that their sources no longer hold; they count as abandoned. Grows. */
uint64_t state_lost(const struct state *state);
struct ledger *state_ledger(struct state *state);
struct writer *state_writer(struct state *state);

/* Before state_start: the bytes of this output go to a stream. Returns the stream's number. */
uint32_t state_stream(struct state *state, uint32_t output, const struct byte_stream *to);
/* Opens the streams, cuts each back to the journaled length, and writes down that it did. */
enum code state_start(struct state *state, struct why *why) CHECK_RESULT;
/* Every verdict blob that the journal holds, oldest first. After state_start, before the writer runs. */
enum code state_each_blob(struct state *state,
                          void (*each)(void *context, struct str filter, struct str blob),
                          void *context, struct why *why) CHECK_RESULT;

/* Keeps a blob (<= BLOB_BYTES_MAX) for the filter of that path. Returns the ticket of the next commit. */
uint64_t state_remember(struct state *state, struct str filter, struct str blob);
/* A commit should be made now: a verdict or a birth waits for it, or much has changed. */
bool state_is_urgent(const struct state *state);

/* So many more events can be entered into open lists. False: no memory; try again later. */
bool state_reserve_open(struct state *state, uint32_t events) CHECK_RESULT;
/* Some source changed since the last commit. */
bool state_is_dirty(const struct state *state);

struct state_helpers { /* the lane's part in a commit */
    void *context;
    /* Smallest offset that a filter still needs of this source, UINT64_MAX: none. May be null. */
    uint64_t (*oldest)(void *context, const struct source *source);
    /* Let every filter save() through state_remember(): a snapshot is being made. May be null. */
    void (*save)(void *context);
};
/* Sends what changed to the writer. Returns its ticket; the last one when nothing changed; 0 when there was no room:
 * nothing happened, try again after writer_collect(). */
uint64_t state_commit(struct state *state, const struct state_helpers *helpers);
bool state_synced(const struct state *state, uint64_t ticket);

#endif
