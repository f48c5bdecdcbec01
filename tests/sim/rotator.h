/* tests/sim/rotator.h - whoever rotates and deletes the simulated logs, and what of them can still be read.
 * SPDX-License-Identifier: Apache-2.0
 *
 * It renames logs, copies and cuts them (copytruncate), deletes them, some while their writers go on, and knows of every
 * line whether it may be lost: only if no file with a name and no copy of the agent's had it when an agent started, and
 * no agent had the time that it is promised to need for a copy. It sees the disk and when the agent looked, no more.
 */
#ifndef WEIR_SIM_ROTATOR_H
#define WEIR_SIM_ROTATOR_H

#include "tests/sim/machine.h"

enum { ROTATED_MAX = 256, ROTATED_PATH = 64 };

/* What becomes of a line whose file has lost its last name. The agent's own looks are what counts. */
enum line_fate {
    LINE_NAMED = 0, /* its file has a name */
    LINE_DELETED,   /* and nobody has looked since */
    LINE_SEEN,      /* the agent looked, and may have left it for the next look */
    LINE_NOTICED,   /* the agent knows; its time runs */
    LINE_KEPT,      /* that time is over, or a copy has it: it must not be lost any more */
    LINE_EXCUSED,   /* it may be missing */
};

struct line_story {
    enum line_fate fate;
    int64_t since_ns;
};

struct rotated {
    char path[ROTATED_PATH];
    int64_t since_ns; /* it was there before this */
    uint32_t file;    /* the live name that it had */
};

struct rotator {
    struct world *world;
    uint64_t dice;
    struct rotated rotated[ROTATED_MAX]; /* what may be deleted */
    uint32_t rotated_count, names, lines_known;
    int64_t live_since_ns[WORLD_FILES]; /* the file under the live name is not younger */
    int64_t writers_until_ns[WORLD_FILES];
    bool is_followed[WORLD_FILES]; /* of deleted files whose writers go on: the agent had looked at them before */
    char cut_due[ROTATED_PATH]; /* a live file that was copied and not yet cut */
    uint32_t cut_file;
    int64_t cut_ns[WORLD_FILES]; /* when it was last cut */
    int64_t looked_ns;          /* the agent's last look in this life of it; 0: none */
    int64_t first_look_ns; /* of this life */
    bool is_known; /* the agent has written down what is there: the next start is not its first, when copies are logs too */
    bool is_up;
    struct line_story lines[WORLD_LINES_MAX];
    uint64_t deletions, copies, excused, by_copy; /* by_copy: lines that only a copy of the agent's still had at a start */
};

void rotator_init(struct rotator *rotator, struct world *world, uint64_t seed);
/* After a step of the world, and of the agent if it is up: `machine` is both. Perhaps does something. */
void rotator_step(struct rotator *rotator, struct machine *machine);
/* The agent is down, and the disk is as the next one finds it. */
void rotator_fell(struct rotator *rotator);
bool rotator_excuses(const struct rotator *rotator, uint32_t line);

#endif
