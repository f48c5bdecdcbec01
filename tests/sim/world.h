/* tests/sim/world.h - the world around a simulated agent: functions that write logs, files that rotate.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Everything follows from the seed. Every line carries a token "t<number>t" of its own, so that an oracle that
 * knows nothing of the agent can find it again in whatever the agent wrote.
 */
#ifndef WEIR_SIM_WORLD_H
#define WEIR_SIM_WORLD_H

#include "tests/sim/clock.h"
#include "tests/sim/files.h"

enum { WORLD_FILES = 3, WORLD_LINES_MAX = 4096, WORLD_TRACES_MAX = 1024, WORLD_OPEN_MAX = 8,
       WORLD_PADDING_MAX = 32000 };

struct world_line {
    uint32_t trace;
    uint8_t file;
    bool is_error;
};

struct world_invocation {
    uint32_t trace, lines_left, request;
    bool is_open, has_started;
};

struct world {
    struct sim_files *files;
    struct sim_clock *clock;
    uint64_t seed, trace_seed; /* another one gives other trace ids */
    struct world_line lines[WORLD_LINES_MAX];
    uint32_t line_count, trace_count, requests;
    struct world_invocation open[WORLD_FILES][WORLD_OPEN_MAX];
    uint32_t rotations[WORLD_FILES];
    bool is_rotated; /* by somebody else: it rotates nothing itself */
    bool trace_failed[WORLD_TRACES_MAX]; /* has a line that is an error */
    uint32_t trace_lines[WORLD_TRACES_MAX];
    uint32_t lines_wanted;
    uint32_t padding; /* bytes that every line is longer */
    struct inode *writers[WORLD_FILES]; /* who still writes to the file it had opened; null: by its name */
};

void world_init(struct world *world, struct sim_files *files, struct sim_clock *clock, uint64_t seed,
                uint32_t lines_wanted);
/* Writes a few lines, now and then rotates a file, and lets a little time pass. False: it has ended and every
 * invocation is closed. */
bool world_step(struct world *world);

/* Adds to counts how often each line's token stands in a text. counts has WORLD_LINES_MAX entries. */
void world_add_tokens(struct str text, uint32_t *counts);

#endif
