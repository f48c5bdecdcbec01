/* tests/sim/disk.h - what a simulated disk holds: contents and names, as they are seen and as they are safe.
 * SPDX-License-Identifier: Apache-2.0
 *
 * For tests/sim/files.c only; files.h tells how it behaves.
 */
#ifndef WEIR_SIM_DISK_H
#define WEIR_SIM_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SIM_PATH_BYTES = 512 };

struct text {
    char *at;
    size_t len, room;
};

struct change { /* of a file's content, seen and not on disk */
    struct change *next;
    uint64_t offset; /* of a write; the size of a truncation */
    bool is_cut;
    struct text bytes;
};

struct inode {
    struct inode *next;
    struct text seen, safe;
    struct change *changes, **changes_end;
    uint64_t number;
    int64_t born_ns, modified_ns;
    bool is_directory;
    int locked_by; /* fd, -1 */
};

struct name {
    struct name *next;
    char path[SIM_PATH_BYTES];
    struct inode *inode;
};

struct move { /* of names, seen and not on disk: `gone` leaves, `path` leads to inode */
    struct move *next;
    char gone[SIM_PATH_BYTES], path[SIM_PATH_BYTES];
    struct inode *inode;
};

struct disk {
    uint64_t inode_numbers;
    int64_t ticks; /* stands for time: births and modifications are told apart */
    struct inode *inodes;
    struct name *seen, *safe;
    struct move *moves, **moves_end;
};

void *sim_take(size_t size); /* zeroed; never null */
void text_write(struct text *text, uint64_t offset, const void *from, size_t size);
void text_cut(struct text *text, uint64_t size);

void disk_init(struct disk *disk);
void disk_clear(struct disk *disk);
/* Power is gone: of what is not safe some is kept, as the seed says. */
void disk_crash(struct disk *disk, uint64_t *seed);
void disk_sync_all(struct disk *disk);

struct inode *inode_make(struct disk *disk, bool is_directory);
void inode_write(struct inode *inode, uint64_t offset, const void *from, size_t size);
void inode_cut(struct inode *inode, uint64_t size);
void inode_sync(struct inode *inode);
void inode_lose_writes(struct inode *inode); /* a sync that failed: they count as clean */

struct inode *inode_at(const struct disk *disk, const char *path); /* null: none */
bool directory_exists(const struct disk *disk, const char *path);
void parent_of(const char *path, char to[SIM_PATH_BYTES]);
/* `gone` leaves and `path` leads to inode, at once; either may be empty. */
void name_move(struct disk *disk, const char *gone, const char *path, struct inode *inode);
void names_sync(struct disk *disk, const char *directory);
void directories_make(struct disk *disk, const char *path); /* safe at once */

#endif
