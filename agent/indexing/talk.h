/* agent/indexing/talk.h - one errand to a search server: its steps, and what the answers said so far. For this room.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef WEIR_TALK_H
#define WEIR_TALK_H

#include "agent/indexing/indexing.h"

struct turn { /* where a step's functions work on */
    const struct indexing *indexing;
    struct errand *errand;
    struct indexing_errand *talk;
};

struct step {
    /* False: this step has nothing to ask. */
    bool (*ask)(const struct turn *turn, struct request *ret);
    /* errand->step was moved to the next one already. */
    void (*hear)(const struct turn *turn, const struct reply *reply);
};

void turn_end(const struct turn *turn); /* nothing more is asked */
/* In the errand's arena; a null at when it is full, which the engine takes for the end. */
struct str turn_format(const struct turn *turn, const char *format, ...) __attribute__((format(printf, 2, 3)));
void turn_send(struct request *ret, const char *method, struct str path, struct str body);

/* look.c */
extern const struct step step_who, step_privileges, step_pipeline;

#endif
