/* agent/sight/functions.h - what each function did, counted before anything is sampled away.
 * SPDX-License-Identifier: Apache-2.0
 *
 * These figures are exact since the process started. Names are chosen by strangers: behind FUNCTIONS_MAX of them
 * the rest counts as "other".
 */
#ifndef WEIR_FUNCTIONS_H
#define WEIR_FUNCTIONS_H

#include "agent/data/event.h"
#include "agent/limits.h"
#include "agent/sight/histogram.h"

struct kept { /* what one output was given of a function */
    uint64_t lines, invocations, weight; /* weight: invocations that the kept ones stand for */
};

struct function {
    struct str name;
    uint64_t lines, invocations, errors, cold_starts, timeouts;
    double billed_ms;
    double memory_used_mb, memory_size_mb; /* largest seen */
    struct histogram duration, init;
    struct kept kept[OUTPUTS_MAX];
};

struct functions;

struct functions *functions_make(void); /* null: no memory */
void functions_free(struct functions *functions);
/* An event that nothing was taken from yet. An invocation failed when any of its events is an error. */
void functions_count(struct functions *functions, const struct event *event, struct arena *scratch);
/* An event that an output takes. */
void functions_kept(struct functions *functions, const struct event *event, unsigned output, struct arena *scratch);
size_t functions_list(const struct functions *functions, const struct function *const **ret);

#endif
