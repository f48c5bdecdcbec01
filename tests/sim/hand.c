/* tests/sim/hand.c - the world's hand on the simulated disk: what others write, read, rename and
 * delete. SPDX-License-Identifier: Apache-2.0
 */
#include <stdio.h>
#include <string.h>

#include "agent/must.h"
#include "tests/sim/files_inside.h"

void sim_files_sync_all(struct sim_files *sim)
{
    disk_sync_all(&sim->disk);
}

static bool is_named(const struct name *names, const struct inode *inode)
{
    while (names && names->inode != inode)
        names = names->next;
    return names != NULL;
}

/* Nobody can reach it any more. */
static bool is_dead(const struct sim_files *sim, const struct inode *inode)
{
    for (int fd = 0; fd < FDS; fd++)
        if (sim->fds[fd].inode == inode)
            return false;
    return !is_named(sim->disk.seen, inode) && !is_named(sim->disk.safe, inode);
}

/* Numbers come back: that of a dead file is the next one's, as on a real file system. */
static void take_number(struct sim_files *sim, struct inode *young)
{
    for (struct inode *at = sim->disk.inodes; at; at = at->next)
        if (at != young && at->number && !at->is_directory && is_dead(sim, at)) {
            young->number = at->number;
            at->number = 0;
            return;
        }
}

static struct inode *world_file(struct sim_files *sim, const char *path)
{
    struct inode *inode = inode_at(&sim->disk, path);
    if (inode)
        return inode;
    char parent[SIM_PATH_BYTES];
    parent_of(path, parent);
    directories_make(&sim->disk, parent);
    inode = inode_make(&sim->disk, false);
    take_number(sim, inode);
    name_move(&sim->disk, "", path, inode);
    names_sync(&sim->disk, parent);
    return inode;
}

static void world_changed(struct sim_files *sim, struct inode *inode)
{
    inode_sync(inode);
    inode->modified_ns = ++sim->disk.ticks;
    notice_inode(sim, inode);
}

struct inode *sim_files_hold(const struct sim_files *sim, const char *path)
{
    return inode_at(&sim->disk, path);
}

void sim_files_append_to(struct sim_files *sim, struct inode *inode, struct str bytes)
{
    inode_write(inode, inode->seen.len, bytes.at, bytes.len);
    world_changed(sim, inode);
}

void sim_files_append(struct sim_files *sim, const char *path, struct str bytes)
{
    sim_files_append_to(sim, world_file(sim, path), bytes);
}

void sim_files_replace(struct sim_files *sim, const char *path, struct str bytes)
{
    struct inode *inode = world_file(sim, path);
    inode_cut(inode, 0);
    inode_write(inode, 0, bytes.at, bytes.len);
    world_changed(sim, inode);
}

void sim_files_move(struct sim_files *sim, const char *from, const char *to)
{
    char parent[SIM_PATH_BYTES];
    struct inode *inode = inode_at(&sim->disk, from);
    MUST(inode != NULL);
    name_move(&sim->disk, from, to ? to : "", to ? inode : NULL);
    parent_of(from, parent);
    names_sync(&sim->disk, parent);
    notice_path(sim, from);
    if (to)
        notice_path(sim, to);
}

bool sim_files_is_safe(const struct sim_files *sim, const char *path)
{
    const struct inode *inode = inode_at(&sim->disk, path);
    const struct name *name = sim->disk.safe;
    while (name && strcmp(name->path, path) != 0)
        name = name->next;
    return inode && name && name->inode == inode && !inode->changes;
}

void sim_files_flip(struct sim_files *sim, const char *path, uint64_t offset)
{
    struct inode *inode = inode_at(&sim->disk, path);
    MUST(inode && offset < inode->seen.len);
    char flipped = (char)(inode->seen.at[offset] ^ (1 << (offset % 8)));
    inode_write(inode, offset, &flipped, 1);
    world_changed(sim, inode);
}

struct str sim_files_text(const struct sim_files *sim, const char *path)
{
    const struct inode *inode = inode_at(&sim->disk, path);
    if (!inode)
        return (struct str){NULL, 0};
    return (struct str){inode->seen.at ? inode->seen.at : "", inode->seen.len};
}

void sim_files_stdin(struct sim_files *sim, struct str bytes, bool ended)
{
    text_write(&sim->stdin_bytes, sim->stdin_bytes.len, bytes.at, bytes.len);
    sim->stdin_ended = sim->stdin_ended || ended;
}

struct str sim_files_stdout(const struct sim_files *sim)
{
    return (struct str){sim->stdout_bytes.at, sim->stdout_bytes.len};
}
