/* tests/sim/files.h - the seeded twin of the files port: a file system in memory that can fail and crash.
 * SPDX-License-Identifier: Apache-2.0
 *
 * It keeps what a program sees apart from what is on disk. A write, a truncation, a new or changed name is seen
 * at once and is on disk after a sync of the file or of the directory. At a crash each unsynced write is kept, lost
 * or torn as the seed says, and the unsynced names up to some point are kept. After a failed sync the writes
 * count as clean though they are not on disk, as on Linux.
 *
 *     struct sim_files *sim = sim_files_make(seed);
 *     const struct files *files = sim_files_port(sim);   -> the code under test
 *     sim_files_faults(sim)->crash_in_syncs = 7;         -> at the 7th sync everything stops (EIO)
 *     ... until sim_files_has_crashed(sim); drop the code's state; sim_files_crash(sim); start it again
 */
#ifndef WEIR_SIM_FILES_H
#define WEIR_SIM_FILES_H

#include "agent/data/str.h"
#include "agent/ports/files.h"

struct sim_files;
struct inode;

struct sim_faults {           /* all zero: a disk that works */
    unsigned short_percent;   /* reads and writes that move less than asked */
    unsigned sync_fail_percent; /* syncs that say EIO */
    unsigned write_fail_percent; /* writes that say EIO and do nothing */
    bool is_read_only;        /* whatever writes says EROFS */
    bool is_limited;          /* only `room` more bytes fit: then ENOSPC */
    uint64_t room;
    uint64_t crash_in_syncs;  /* at this sync of file or directory, 1 is the next; 0: never */
};

struct sim_files *sim_files_make(uint64_t seed);
void sim_files_free(struct sim_files *sim);
const struct files *sim_files_port(struct sim_files *sim);
struct sim_faults *sim_files_faults(struct sim_files *sim);

/* The program is as good as dead: nothing that it does from here on has an effect (EIO). */
void sim_files_freeze(struct sim_files *sim);
bool sim_files_has_crashed(const struct sim_files *sim);
/* The machine stops: descriptors and locks are gone, and of what was not synced only some is left. */
void sim_files_crash(struct sim_files *sim);
/* kill -9: descriptors and locks are gone, files stay as they were seen. */
void sim_files_kill(struct sim_files *sim);
/* Everything seen is on disk. */
void sim_files_sync_all(struct sim_files *sim);
uint64_t sim_files_sync_count(const struct sim_files *sim);

/* The world's hand: what others write and read. Absent files are made, on disk at once; directories too. */
void sim_files_append(struct sim_files *sim, const char *path, struct str bytes);
void sim_files_replace(struct sim_files *sim, const char *path, struct str bytes); /* in place: same inode */
void sim_files_flip(struct sim_files *sim, const char *path, uint64_t offset);     /* one bit, seen and on disk */
/* A writer's descriptor: it reaches the file whatever becomes of its names. Null: no such file. */
struct inode *sim_files_hold(const struct sim_files *sim, const char *path);
void sim_files_append_to(struct sim_files *sim, struct inode *inode, struct str bytes);
void sim_files_move(struct sim_files *sim, const char *from, const char *to); /* null `to`: it is deleted */
bool sim_files_is_safe(const struct sim_files *sim, const char *path); /* name and content are on disk as seen */
/* What is seen now, borrowed until the next write; a null at: no such file. */
struct str sim_files_text(const struct sim_files *sim, const char *path);
void sim_files_stdin(struct sim_files *sim, struct str bytes, bool ended); /* appends to descriptor 0 */
struct str sim_files_stdout(const struct sim_files *sim);

#endif
