/* tests/sim/honeycomb.h - a strict Honeycomb behind the simulated exchange port.
 * SPDX-License-Identifier: Apache-2.0
 *
 * It takes batches as the API does and nothing that the API would not, and knows of every event how often it took it and
 * whether the agent had heard of that. There are no ids at Honeycomb, so a second copy counts twice: it is a violation
 * unless the answer to the first one got lost, was none, or had been heard too late for the agent to write that down.
 */
#ifndef WEIR_SIM_HONEYCOMB_H
#define WEIR_SIM_HONEYCOMB_H

#include "tests/sim/exchange.h"

enum { HONEYCOMB_EVENTS_MAX = 16384, HONEYCOMB_ID_MAX = 96, HONEYCOMB_DATASET_MAX = 256, HONEYCOMB_DATASETS = 8 };

enum answer_state {
    ANSWER_NONE = 0,  /* it may come again */
    ANSWER_UNDER_WAY, /* it must not: the first copy is not given up */
    ANSWER_HEARD,     /* nor now; after a crash it may */
    ANSWER_ON_ITS_WAY, /* to the lane, through mailboxes that may have two places only */
    ANSWER_SETTLED,    /* the lane knows */
    ANSWER_COMMITTED,  /* in a commit by now */
    ANSWER_SAFE,      /* never again */
};

struct sim_pace { /* how far an agent is: steps of its lane and of its disk writer */
    uint64_t lane, writer;
    int64_t now_ns;
};

struct sim_event { /* as Honeycomb has it */
    char id[HONEYCOMB_ID_MAX], dataset[HONEYCOMB_DATASET_MAX];
    uint64_t weight, request;
    uint32_t times;
    bool is_spoilt; /* what says so is no answer */
    enum answer_state answer;
    struct sim_pace since;
};

struct sim_dataset {
    char name[HONEYCOMB_DATASET_MAX]; /* empty: the next one */
    int64_t silent_until_ns;          /* as a 429 asked for, once it was heard */
};

struct sim_honeycomb {
    struct sim_far *far;
    const char *key;
    struct sim_event events[HONEYCOMB_EVENTS_MAX];
    size_t count;
    struct sim_dataset datasets[HONEYCOMB_DATASETS];
    uint64_t batches, markers, twins;
    /* Called with every event that is taken: its data as JSON. */
    void (*taken)(void *context, const struct sim_event *event, struct str data);
    void *context;
};

void sim_honeycomb_init(struct sim_honeycomb *honeycomb, struct sim_far *far, const char *key);
void sim_honeycomb_tell(struct sim_honeycomb *honeycomb, struct sim_pace pace); /* the agent got so far */
void sim_honeycomb_fell(struct sim_honeycomb *honeycomb); /* the agent is down */

/* For the port: a request sets out, its answer (0: the connection breaks), and whether the agent got it. */
void sim_honeycomb_begin(struct sim_honeycomb *honeycomb, const struct exchange *exchange);
int sim_honeycomb_serve(struct sim_honeycomb *honeycomb, struct exchange *exchange, uint64_t request,
                        struct buffer *reply);
void sim_honeycomb_end(struct sim_honeycomb *honeycomb, const struct exchange *exchange, uint64_t request,
                       bool is_heard);

#endif
