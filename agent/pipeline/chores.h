/* agent/pipeline/chores.h - what the lane looks after beside events: losses, targets, files to open anew, idle memory.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef WEIR_CHORES_H
#define WEIR_CHORES_H

#include <stdbool.h>
#include <stdint.h>

struct lane;

struct chores {
    uint64_t lost_told;   /* events whose loss was told */
    int64_t lost_told_ns; /* mono; 0: never */
    int64_t busy_ns;      /* mono: when something moved last */
    int64_t give_back_ns; /* mono: when memory is given back next */
    bool is_resting;      /* idle memory was given back */
    bool wants_reopen;    /* output files are to be opened anew at their paths */
};

/* Once per step of the lane. moved: the step did something. Returns when it wants to be called again (mono). */
int64_t chores_step(struct lane *lane, bool moved, int64_t mono_ns);

#endif
