/* agent/pipeline/lane.h - the lane: sources through the filters to the outputs, one batch at a time.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A state machine: the agent's main thread steps it (the simulator too). It owns the state, the pipeline
 * and every plugin; it meets the delivery thread and the disk writer in mailboxes only.
 */
#ifndef WEIR_LANE_H
#define WEIR_LANE_H

#include "agent/pipeline/chores.h"
#include "agent/pipeline/pipeline.h"
#include "agent/pipeline/schedule.h"

struct delivery;

enum lane_mode {
    LANE_RUN = 0,  /* until told to stop */
    LANE_ONCE,     /* to the end of every source, then decide what is held, deliver and stop */
    LANE_STOPPING, /* reads nothing more; gives outputs until the deadline */
};

struct reading_batch { /* what was read last */
    struct batch batch;
    enum read_result result;
    bool waits; /* there was no memory for its pass: it runs before anything else is read */
};

struct lane {
    struct pipeline pipeline;
    struct state *state;
    struct delivery *delivery; /* null: no HTTP output */
    struct schedule schedule;
    struct arena batch;        /* what was read and became of it; reset after every pass */
    struct arena scratch;      /* what is released, or came back from a far end */
    struct reading_batch read;
    enum lane_mode mode;
    bool decides;              /* what is held is decided now: the streams have ended */
    int64_t stream_ns;         /* when every source had last said what time it is there */
    bool is_idle;              /* nothing to read and nothing under way, as of the last step */
    int64_t recall_at_ns;      /* mono: the next look at what leaving sources owe */
    int64_t commit_at_ns;      /* mono: the next commit that nobody is waiting for */
    uint64_t last_ticket;      /* of the newest commit */
    bool is_dirty;             /* something changed since then */
    bool is_full;              /* an output or a filter takes no more now: inputs need not wake anybody */
    bool is_cut_off;           /* whoever read standard output has gone: the run ends */
    struct chores chores;
};

struct lane_wait { /* what the caller does next */
    bool again;        /* step again at once */
    int64_t until_ns;  /* mono: step then at the latest */
};

struct lane_wait lane_step(struct lane *lane);
/* Nothing is held, in flight, unread or unsynced: a --once run or a drain is complete. */
bool lane_is_done(const struct lane *lane);
/* The journal on disk says all that the lane knows. */
bool lane_is_safe(const struct lane *lane);
/* No more reading; `decides`: what is held is decided, else it stays open for the next start. */
void lane_stop(struct lane *lane, bool decides);
/* Output files are opened anew at their paths, soon: others renamed them. */
void lane_reopen(struct lane *lane);
/* The ledger as it is safe to say: what is not known to be on disk counts as in flight. */
void lane_reveal(struct lane *lane, bool revealed);
/* A sum that grows whenever anything moves: bytes read, outcomes, syncs. */
uint64_t lane_progress(const struct lane *lane);

#endif
