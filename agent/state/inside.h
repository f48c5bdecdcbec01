/* agent/state/inside.h - the state itself, for the files of this room only.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef WEIR_INSIDE_H
#define WEIR_INSIDE_H

#include "agent/state/journal.h"
#include "agent/state/open.h"
#include "agent/state/state.h"

enum {
    MENDED_BYTES_MAX = 64 * 1024,
    GONE_INPUTS_MAX = 256,
    SAVED_RECORD_BYTES = 1 << 20, /* a snapshot is cut into records of about this size */
};

/* Sections of a record. Numbers stay as they are for ever; a reader skips those it does not know. */
enum section {
    SECTION_AGENT = 1,   /* agent id, next serial */
    SECTION_TABLE = 2,   /* labels of inputs and outputs: what the numbers in this record mean */
    SECTION_LEDGER = 3,  /* totals, absolute */
    SECTION_SOURCE = 4,  /* one source: marks, and what changed in its open list */
    SECTION_FORGET = 5,  /* a source is gone */
    SECTION_BLOB = 6,    /* a filter's verdicts */
    SECTION_STREAMS = 7, /* all output files: names and lengths */
    SECTION_STREAM = 8,  /* one output file more, opened before the next commit */
    SECTION_ASIDE = 9,   /* what waits on disk, per output */
};

enum { /* of SECTION_SOURCE */
    SOURCE_HAS_NOTE = 1,
    SOURCE_HAS_SENT = 2, /* how far ids may have been sent */
    SOURCE_HAS_TIME = 4, /* of the event before the rewind */
    SOURCE_LEAVES = 8,   /* what it holds may soon be gone */
};

struct known_file; /* stream.h */

struct state {
    const struct files *files;
    const struct clock *clock;
    struct arena run; /* labels, tables */
    const struct state_output *outputs;
    struct str *inputs; /* those of the plan first, then those that only the journal knows */
    uint32_t output_count, input_count, planned_inputs;
    int lock_fd;
    bool is_locked, is_kept; /* kept: there is a directory */

    uint64_t agent_id, next_serial;
    struct ledger ledger;
    struct output_totals *committed_outputs;
    uint64_t *open_bits; /* open positions per output */
    uint64_t lost;                   /* events that no source holds any more */

    struct source **sources; /* by id */
    uint32_t *free_ids;
    uint32_t source_room, source_count, free_count, leaving;
    struct source **buckets;
    uint32_t bucket_mask;
    struct open_table open;
    struct source *ready;       /* first of the ring */
    struct source *dirty;       /* chain */
    struct buffer blobs;        /* sections to be committed */
    struct buffer forgotten;
    bool wants_snapshot, is_urgent;
    uint64_t next_ticket, last_ticket; /* of the commit to come, of the last one made */
    uint64_t journal_bytes;            /* as far as committed */

    uint64_t snapshot_above;           /* journal_bytes */

    struct journal journal;
    struct writer *writer;
    struct known_file *known_files; /* as the journal names the streams' files */
    struct arena known_files_arena;
    struct buffer mended;
};

/* source.c */
struct source *source_find(const struct state *state, uint32_t input, struct str key);
struct source *source_make(struct state *state, uint32_t input, struct str key);
void source_free(struct source *source); /* its open entries too */
void source_mark_dirty(struct source *source);
uint64_t source_mark(const struct source *source, uint32_t output);
bool source_set_note(struct source *source, struct str note);
void source_link(struct source *source, uint32_t slot, uint32_t after);

/* A line about what was mended. */
void state_mend(struct state *state, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* save.c */
struct saver {
    struct state *state;
    struct buffer *to;
    size_t record;          /* where the open record begins */
    struct journal *straight; /* at the start: records go to the new journal one by one; else null */
    int wrong;
};
void saver_begin(struct saver *saver);
void saver_end(struct saver *saver); /* closes the record */
void save_changes(struct saver *saver);
void save_all(struct saver *saver); /* blobs from state->blobs */
void save_blob(struct saver *saver, struct str filter, struct str blob);

#endif
