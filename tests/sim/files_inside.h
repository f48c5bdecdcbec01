/* tests/sim/files_inside.h - the inside of the simulated files port: shared by the port and the world's hand.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef WEIR_SIM_FILES_INSIDE_H
#define WEIR_SIM_FILES_INSIDE_H

#include "tests/sim/disk.h"
#include "tests/sim/files.h"

enum {
    FDS = 1024,
    WATCHES = 256,
    NOTICES = 4096,
};

struct notice {
    int watch;
    char name[256];
};

struct descriptor {
    struct inode *inode;
    int flags;
};

struct sim_files {
    struct files port;
    struct sim_faults faults;
    struct disk disk;
    uint64_t seed, syncs;
    struct descriptor fds[FDS];
    char watches[WATCHES][SIM_PATH_BYTES];
    struct notice notices[NOTICES];
    unsigned notice_first, notice_count;
    bool overflowed, has_crashed, stdin_ended;
    struct text stdin_bytes, stdout_bytes;
    size_t stdin_at;
};

/* files.c: somebody watches it or its directory. */
void notice_inode(struct sim_files *sim, const struct inode *inode);
void notice_path(struct sim_files *sim, const char *path);

#endif
