/* agent/state/source.h - a source's marks and its open list.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Per source the journal keeps: the read mark (how far it was ever read: input totals count above it only), a
 * mark per output (below it every event had its outcome or stands in the open list), the open list and
 * the rewind (where a restart reads again). Positions are (offset, index); marks are offsets.
 *
 * The lane, for each batch:   source_take() every event -> owed, fresh, seq
 *                             clear owed bits as outcomes come (source_settle() too, where seq is not 0)
 *                             source_hold_open() for what still has owed bits when the batch ends
 *                             source_count(), then source_advance() to where the batch ended
 * Only then may it commit. An outcome that comes later: source_settle(source, seq, output).
 * The functions that plugins see (source_mine ... source_note) stand in resume.h.
 */
#ifndef WEIR_SOURCE_H
#define WEIR_SOURCE_H

#include "agent/data/batch.h"
#include "agent/state/resume.h"
#include "agent/why.h"

struct state;

enum { SOURCE_MOMENTS = 16 };

struct moment { /* the event before this offset had this time */
    uint64_t offset;
    int64_t time_ns;
};

struct source {
    uint64_t known_end; /* from here on no output has seen anything: the greatest mark of earlier runs */
    uint64_t outputs;   /* bit per output of this run */
    uint64_t at;        /* everything below was taken in this run; starts at the rewind */
    uint64_t read;      /* the read mark */
    struct state *state;
    struct str key, id_prefix, note; /* owned */
    void *mine;                      /* the input's */
    uint32_t id, input;
    uint32_t open_oldest, open_newest, open_count; /* the open list in order of position; slots, 0: none */
    uint32_t open_near;  /* the entry made last: the next one's place is beside it */
    uint32_t open_next;  /* where the second reading of an earlier run stands in the list */
    uint32_t open_expected; /* while loading: how long the journal says the list is */
    uint32_t open_dirty; /* entries that changed since the last commit */
    uint64_t *marks;     /* of earlier runs, per output: the mark is max(marks[output], at) */
    uint64_t rewind;     /* as last committed or loaded */
    uint64_t rewind_synced; /* while that commit is on its way: one from before it, which the disk still may have */
    uint64_t saved_ticket;  /* that commit; 0: as loaded */
    uint64_t first_ticket; /* the commit that brings it into the journal */
    uint64_t reserved;     /* sent.c: nothing at or above it has left under an id of this source */
    uint64_t reserved_ticket; /* the commit that says so */
    uint64_t once_sent;    /* what earlier runs had reserved */
    bool is_known;       /* the journal remembered it */
    bool shares_ids;     /* others name its events alike */
    bool is_opened, is_ready, is_finished, is_dirty, note_changed;
    bool is_left;        /* another agent reads it: what is held of it goes nowhere */
    bool is_leaving; /* what it holds may soon be gone */
    struct source *same_hash;             /* next in the bucket */
    struct source *ready_next, *ready_prev; /* ring of those with bytes to read */
    struct source *dirty_next;
    struct moment moments[SOURCE_MOMENTS]; /* in order; where a rewind may be */
    uint32_t moment_count;
    int64_t rewind_ns; /* time of the event before the rewind; 0: not known */
    /* The lane's own, zero at the start but for lane_last_ns, which is rewind_ns then. */
    int64_t lane_time_ns, lane_last_ns; /* largest event time so far; time of the newest event */
    void *lane;
};

/* Called by the host. Null: SOURCES_MAX, no memory, or a key that is open already. */
struct source *state_source_open(struct state *state, uint32_t input, struct str key,
                                 struct str id_prefix, void *mine);
/* By number; null when there is none (any more). */
struct source *state_source(const struct state *state, uint32_t id);
/* What the journal remembers for an input. each() may open sources. */
void state_each_known(struct state *state, uint32_t input,
                      void (*each)(void *context, struct str key, struct str note, uint64_t resume),
                      void *context);
/* Of any input, also of one that is configured no more. */
bool state_remembers(const struct state *state, struct str key);
/* Those that said source_ready(true), in the order they said it. Null after the last. */
struct source *state_first_ready(const struct state *state);
struct source *state_next_ready(const struct state *state, const struct source *source);

/* It stands in the journal on disk: its birth is safe, events with its ids may leave. */
bool source_is_safe(const struct source *source);

void source_take_known(struct source *source, struct origin *origin);

/* Who is still owed this event, which was just read. Above an output's mark: owed and fresh. Open: owed again under
 * its old seq, not fresh (it leaves `in_flight`, where the load put it). Otherwise: not owed. */
static inline void source_take(struct source *source, struct origin *origin)
{
    if (origin->offset >= source->known_end) { /* nearly always */
        origin->owed = source->outputs;
        origin->fresh = source->outputs;
        origin->seq = 0;
    } else {
        source_take_known(source, origin);
    }
}
void source_take_batch(struct source *source, struct batch *batch);

/* Enters the event with its owed bits into the open list (adds bits where it is there already) and sets seq.
 * False: no memory; the event must not be left behind, stop the batch here and try again later. */
bool source_hold_open(struct source *source, struct origin *origin) CHECK_RESULT;
/* That output has its outcome. False: it was not open for that output. */
bool source_settle(struct source *source, uint64_t seq, uint32_t output);
/* Adds the batch to the input's totals, as far as it lies above the read mark. */
void source_count(struct source *source, const struct batch *batch);
/* Everything below offset was taken, and is settled or open. */
void source_advance(struct source *source, uint64_t offset);

/* --- moments.c: an event without a time takes that of the one before it, also when it is read again --- */

/* A batch began at this offset, and what came before it had this time. */
void source_note_moment(struct source *source, uint64_t offset, int64_t time_ns);
/* The latest noted moment at or before the offset; the ones before it are forgotten. Time 0: there is none. */
struct moment source_moment_before(struct source *source, uint64_t offset);

/* --- sent.c --- */

/* An event at this offset is about to leave under its id. Returns the ticket to wait for: the journal then says that
 * everything up to SENT_AHEAD_BYTES further may have been sent. */
uint64_t source_reserve(struct source *source, uint64_t offset);
/* The far end may know the id of an event at this offset from an earlier run, or from others: then that it has
 * it already is good news, otherwise two agents share an id. */
bool source_maybe_sent(const struct source *source, uint64_t offset);

/* Outputs at which sources that are leaving have something open: a bit each. Looks at the ends of their lists. */
uint64_t state_leaving(const struct state *state);

/* Oldest position that is open, UINT64_MAX: none. */
uint64_t source_oldest_open(const struct source *source);

#endif
