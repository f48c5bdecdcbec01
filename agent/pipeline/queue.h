/* agent/pipeline/queue.h - an output's own place on disk, used only when the output falls behind.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A spool that is read through a source of its own: marks, open list and rewind of what was taken out again and has no
 * outcome yet stand in the journal like those of a file. An event in here is counted as queued from the moment it is put in
 * until it is read; what a damaged file lost is counted as abandoned, for ordinals have no gaps.
 */
#ifndef WEIR_QUEUE_H
#define WEIR_QUEUE_H

#include "agent/config/config.h"
#include "agent/pipeline/host.h"
#include "agent/state/spool.h"

struct ledger;
struct source;
struct view;

struct queue {
    struct spool spool;
    struct source *source; /* by which it is read */
    struct state *state;
    struct host *host;     /* its output's, for alarms */
    struct ledger *ledger;
    uint32_t output;
    uint64_t size_max;
    bool drops_oldest;
    bool is_open;
    uint64_t synced; /* what stands below is on disk */
    struct {         /* what the next synced commit will say */
        uint64_t ticket, tail, at, rewind;
    } coming;
};

/* Before the state starts; `was`: an older label, whose files are taken over. */
enum code queue_name(struct queue *queue, struct str directory, struct str was, struct why *why) CHECK_RESULT;
/* After it. input: the number of the engine's own input that queues are sources of. */
enum code queue_open(struct queue *queue, uint32_t input, struct why *why) CHECK_RESULT;
void queue_close(struct queue *queue); /* zeroed is allowed */

/* It takes a batch now; the oldest are dropped for it where that was asked for. */
bool queue_has_room(struct queue *queue);
/* It may grow by so much. */
bool queue_fits(const struct queue *queue, uint64_t bytes);
/* Takes an event in; its origin is the caller's to settle. False: it does not fit. */
bool queue_put(struct queue *queue, const struct event *event);
/* The same for the record of one that was under way, also above the size: memory bounds how many there are. False: the
 * disk takes it later. */
bool queue_take_back(struct queue *queue, struct str record);

/* There is something to read. */
bool queue_has_more(const struct queue *queue);
/* What is read now was read in an earlier run: no new load, so it comes first. */
bool queue_is_resuming(const struct queue *queue);
/* Reads a piece: a view of events that are owed to the output, taken and not fresh. The caller gives each an outcome or
 * holds it open. False: nothing came of it now. */
bool queue_read(struct queue *queue, struct arena *arena, struct view *ret);

void queue_flush(struct queue *queue);                      /* before a commit */
void queue_committed(struct queue *queue, uint64_t ticket); /* after it */
void queue_collect(struct queue *queue);                    /* when the writer was heard: removes what is done */
uint64_t queue_bytes(const struct queue *queue);

#endif
