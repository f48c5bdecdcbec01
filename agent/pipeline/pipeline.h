/* agent/pipeline/pipeline.h - a configuration, compiled: stages in arms, with their plugins open.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The main arm holds what stands at the top level; an input's own filters are an arm that goes on into the main
 * arm where the input stands; a branch is an arm of its own that ends with itself.
 */
#ifndef WEIR_PIPELINE_H
#define WEIR_PIPELINE_H

#include "agent/pipeline/drain.h"
#include "agent/sight/functions.h"
#include "agent/pipeline/spare.h"

struct config;
struct node;

enum stage_kind { STAGE_FILTER, STAGE_OUTPUT, STAGE_BRANCH };

struct stage {
    enum stage_kind kind;
    struct host host;
    const struct expr *when; /* null: always */
    uint64_t from;           /* a bit per input; 0: all */
    uint64_t below;          /* outputs that an event standing here can still reach on this path */
    void *self;
    const struct filter *filter;
    struct drain *drain; /* of an output */
    struct arm *branch;
    struct arm *arm; /* the one it stands in */
    struct stage *next;
    bool is_open;
    bool is_asked_below; /* of a holder: a `when` further down is asked of ghosts */
};

struct arm {
    struct stage *first;
    struct stage *then; /* where events go on after the last stage, null: they end here */
    bool edits;         /* has filters: events are copied when they enter (a branch) */
};

struct entry { /* an input and where its events enter */
    const struct input *plugin;
    void *self;
    struct host host;
    struct arm arm; /* its own filters, possibly none */
    uint64_t below; /* outputs that its events can reach */
    uint16_t index;
    int64_t watch_at_ns; /* mono: when it wants to look again */
    bool is_open;
};

struct pipeline {
    struct engine engine; /* what hosts share */
    struct ledger *ledger;
    struct functions *functions;
    struct arm main;
    struct entry *entries;
    uint16_t entry_count;
    struct drain *drains;
    uint16_t drain_count;
    struct stage **holders; /* filters that hold events, in the order of the pipeline */
    uint16_t holder_count;
    struct stage **rememberers; /* filters that need something read again after a restart */
    uint16_t rememberer_count;
    struct spare spare;        /* of the pass under way */
    size_t stage_count, event_bytes; /* what a pass takes of it: for each stage, for each event */
    size_t copies;             /* of one event: in each branch that edits, and in front of them */
    int64_t before_ns; /* time of the event before the batch under way; 0: not known yet */
    bool is_replay; /* the batch under way was read in an earlier run */
};

/* Builds the tree; nothing is opened. pipeline->engine must be filled in as far as open() callbacks use it. */
enum code pipeline_build(struct pipeline *pipeline, const struct config *config, struct why *why) CHECK_RESULT;
/* Opens outputs and filters; then, once remembered state was loaded, the inputs. why says which block failed.
 * pipeline_close() cleans up however far that went. */
enum code pipeline_open(struct pipeline *pipeline, struct why *why) CHECK_RESULT;
enum code pipeline_open_inputs(struct pipeline *pipeline, struct why *why) CHECK_RESULT;
/* Lets every output say what it wants to be remembered. */
void pipeline_save_outputs(struct pipeline *pipeline);
void pipeline_close(struct pipeline *pipeline);
/* One at a time, for who wants to know of every mistake. */
enum code pipeline_open_drain(struct drain *drain, struct why *why) CHECK_RESULT;
enum code pipeline_open_filter(struct stage *stage, struct why *why) CHECK_RESULT; /* OK for other stages */
/* Calls each() for every stage, those of inputs first, then in file order; stops at the first failure. */
enum code pipeline_each_stage(struct pipeline *pipeline,
                              enum code (*each)(void *context, struct stage *stage), void *context);

/* Takes the memory that a pass of so many events of this source (null: released ones) needs before it begins: its
 * events then leave it settled or open. False: there is none now. */
bool flow_prepare(struct pipeline *pipeline, const struct source *source, uint32_t count) CHECK_RESULT;
/* Runs a view from a stage to the end of its path. */
void flow_run(struct pipeline *pipeline, struct stage *stage, struct view *view);
/* Runs the view of an input's fresh batch: its own filters, then the main arm. */
void flow_enter(struct pipeline *pipeline, struct entry *entry, struct view *view);
/* Lets a holding filter put out what is due. Returns false when nothing was. */
bool flow_release(struct pipeline *pipeline, struct stage *holder, int64_t stream_ns, struct arena *arena);

#endif
