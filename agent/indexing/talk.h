/* agent/indexing/talk.h - one errand to a search server: its steps. For this room alone.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef WEIR_TALK_H
#define WEIR_TALK_H

#include "agent/indexing/indexing.h"

struct paper;

struct turn { /* what a step's functions work on */
    const struct indexing *indexing;
    struct errand *errand;
    struct indexing_errand *talk;
    const struct paper *paper; /* the step's; null for others */
};

struct step {
    /* False: this step has nothing to ask. */
    bool (*ask)(const struct turn *turn, struct request *ret);
    /* errand->step was moved to the next one already. */
    void (*hear)(const struct turn *turn, const struct reply *reply);
};

void turn_end(const struct turn *turn);   /* nothing more is asked */
void turn_again(const struct turn *turn); /* back to the first paper; those that are done are passed over */
/* In the errand's arena; a null at when it is full, which the engine takes for the end. */
struct str turn_format(const struct turn *turn, const char *format, ...) __attribute__((format(printf, 2, 3)));
struct str turn_path(const struct turn *turn, const char *prefix, struct str name);
struct str turn_words(const struct turn *turn, const struct reply *reply); /* short */
void turn_send(struct request *ret, const char *method, struct str path, struct str body);
void turn_unauthorized(const struct turn *turn, const struct reply *reply); /* 401: tells and ends */

/* look.c, cover.c */
extern const struct step step_who, step_privileges, step_pipeline, step_cover;
/* May the cluster be asked to keep a template (and policies) for us? */
bool turn_bootstraps(const struct turn *turn);

#endif
