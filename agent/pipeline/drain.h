/* agent/pipeline/drain.h - one output as the lane sees it: where events leave the pipeline and are counted.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Three ways out: an HTTP output's outbox, a byte stream's bundle on its way to the disk writer, or nowhere.
 * The ledger's rule is kept here: in = outcomes + held + queued + in flight, at any moment.
 */
#ifndef WEIR_DRAIN_H
#define WEIR_DRAIN_H

#include "agent/delivery/delivery.h"
#include "agent/pipeline/host.h"
#include "agent/sight/functions.h"

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
    bool keeps_dead; /* there is a state directory to keep dead letters in */
    struct ledger *ledger;
    struct output_totals *totals; /* its own row of the ledger */
    struct functions *functions;
    struct outbox *outbox;   /* HTTP outputs */
    struct writer *writer;   /* byte streams and dead letters */
    struct bundle *bundle;   /* being filled */
    uint32_t stream, dead_stream;
    uint64_t fresh_events;   /* written since the last commit */
    uint64_t unsynced_events, unsynced_ticket; /* committed, not yet known to be on disk */
};

/* Takes the events of a view that are owed to this output; all of them satisfy its `when`. Live ones leave,
 * ghosts (dropped, sampled out) are only counted. Scratch comes from the view's arena. */
void drain_take(struct drain *drain, const struct view *view);
/* False: the lane must not read more now. */
bool drain_has_room(struct drain *drain);
/* Gives what was encoded to the disk writer. Before every commit. */
void drain_flush(struct drain *drain);
/* Keeps a refused event with the destination's words, and counts it. */
void drain_dead_letter(struct drain *drain, const struct event *event, struct str words,
                       struct arena *scratch);
/* Takes what came back from the far end: counts it, closes it, keeps dead letters. */
void drain_settle(struct drain *drain, const struct payload *payload, struct arena *scratch);
/* Closes the plugin. What was not flushed is given up; its events stay owed. */
void drain_close(struct drain *drain);

#endif
