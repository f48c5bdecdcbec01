/* agent/pipeline/drain.h - one output as the lane sees it: where events leave the pipeline and are counted.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Three ways out: a far end's outbox, a byte stream's bundle on its way to the disk writer, or nowhere. An output with a
 * far end has a queue and dead letters on disk beside it, where there is a state directory.
 * The ledger's rule is kept here: in = outcomes + held + queued + in flight, at any moment.
 */
#ifndef WEIR_DRAIN_H
#define WEIR_DRAIN_H

#include "agent/delivery/delivery.h"
#include "agent/pipeline/letters.h"
#include "agent/pipeline/queue.h"

struct functions;
struct ledger;
struct output_totals;
struct bundle;
struct writer;

struct drain {
    struct host host;
    const struct output *plugin;
    void *self;
    struct str was;  /* the label whose state it takes over */
    unsigned index;  /* its bit in origin.owed */
    bool is_open;
    bool delivers; /* to a far end: has an outbox */
    bool diverts;  /* what comes now goes into the queue (room.h) */
    struct queue_settings queue_settings;
    struct dead_letter_settings letter_settings;
    struct queue queue;
    struct letters letters;
    struct payloads refused; /* came back, and their dead letters cannot be kept now */
    bool is_silent, is_locked_out; /* its breaker is open; it lets nothing in */
    int64_t away_since_ns;   /* mono: since when either of them; 0: neither */
    uint64_t live_in_flight; /* events that wait in memory or are under way, and did not come out of the queue */
    int64_t needed_since_ns; /* mono: since when it lacks what a leaving source may soon lose; 0: it does not */
    struct ledger *ledger;
    struct output_totals *totals; /* its own row of the ledger */
    struct functions *functions;
    struct outbox *outbox; /* outputs with a far end */
    struct writer *writer; /* byte streams */
    struct bundle *bundle;   /* being filled */
    uint32_t stream;
    uint64_t fresh_events;   /* written since the last commit */
    uint64_t unsynced_events, unsynced_ticket; /* committed, not yet known to be on disk */
};

/* Makes the places on disk: before the state starts, and after it. input: the engine's own one, for queues. */
enum code drain_keep(struct drain *drain, struct str directory, struct why *why) CHECK_RESULT;
enum code drain_keep_open(struct drain *drain, uint32_t input, struct why *why) CHECK_RESULT;

/* Takes the events of a view that are owed to this output; all of them satisfy its `when`. Live ones leave,
 * ghosts (dropped, sampled out) are only counted. Scratch comes from the view's arena. */
void drain_take(struct drain *drain, const struct view *view);
/* False: the lane must not read more now, or the queue takes over. */
bool drain_has_room(struct drain *drain);
/* Reads a piece of the queue into the outbox, as far as the live stream leaves it room. False: nothing to do. */
bool drain_read_queue(struct drain *drain, struct arena *arena);
/* Gives what was encoded or kept to the disk writer. Before every commit; then, with its ticket, the other. */
void drain_flush(struct drain *drain);
void drain_committed(struct drain *drain, uint64_t ticket);
/* Takes what came back from the far end: counts it, closes it, keeps dead letters; what has no outcome goes into the
 * queue. False: some record cannot be kept now, all others have their outcome; the drain wants the same payload again. */
bool drain_settle(struct drain *drain, struct payload *payload);
/* is_needed: what waits here in memory had better be on disk (its source may soon be gone, or goes on). After a while, or
 * when the far end is away, it is called back, into the queue; but not while all of it came from there. */
void drain_recall(struct drain *drain, struct delivery *delivery, int64_t mono_ns, bool is_needed);
/* What its delivery told of itself. */
void drain_hear(struct drain *drain, const struct notice *notice, int64_t mono_ns);
/* Closes the plugin. What was not flushed is given up; its events stay owed. */
void drain_close(struct drain *drain);

#endif
