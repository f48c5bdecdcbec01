/* tests/sim/disk.c - what a simulated disk holds.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/sim/disk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/data/str.h"
#include "agent/must.h"
#include "tests/sim/clock.h"

void *sim_take(size_t size)
{
    void *block = calloc(1, size ? size : 1); /* not memory.h: a test may let that fail */
    MUST(block != NULL);
    return block;
}

/* --- contents ---------------------------------------------------------------------------- */

static void text_room(struct text *text, size_t wanted)
{
    if (wanted <= text->room)
        return;
    text->room = wanted * 2;
    text->at = realloc(text->at, text->room);
    MUST(text->at != NULL);
}

void text_cut(struct text *text, uint64_t size)
{
    text_room(text, size);
    if (size > text->len)
        memset(text->at + text->len, 0, size - text->len);
    text->len = size;
}

void text_write(struct text *text, uint64_t offset, const void *from, size_t size)
{
    if (size == 0)
        return;
    if (offset + size > text->len)
        text_cut(text, offset + size);
    memcpy(text->at + offset, from, size);
}

static struct change *change_add(struct inode *inode)
{
    struct change *change = sim_take(sizeof *change);
    *inode->changes_end = change;
    inode->changes_end = &change->next;
    return change;
}

static void change_free(struct change *change)
{
    free(change->bytes.at);
    free(change);
}

/* Takes out all changes, or only the writes: the size of a file lies in the file system's own
 * journal. */
static void changes_drop(struct inode *inode, bool cuts_too)
{
    struct change **at = &inode->changes;
    while (*at) {
        struct change *change = *at;
        if (change->is_cut && !cuts_too) {
            at = &change->next;
            continue;
        }
        *at = change->next;
        change_free(change);
    }
    inode->changes_end = at;
}

void inode_lose_writes(struct inode *inode)
{
    changes_drop(inode, false);
}

void inode_write(struct inode *inode, uint64_t offset, const void *from, size_t size)
{
    struct change *change = change_add(inode);
    change->offset = offset;
    text_write(&change->bytes, 0, from, size);
    text_write(&inode->seen, offset, from, size);
}

void inode_cut(struct inode *inode, uint64_t size)
{
    struct change *change = change_add(inode);
    change->is_cut = true;
    change->offset = size;
    text_cut(&inode->seen, size);
}

static void change_apply(struct inode *inode, const struct change *change, size_t size)
{
    if (change->is_cut)
        text_cut(&inode->safe, change->offset);
    else
        text_write(&inode->safe, change->offset, change->bytes.at, size);
}

void inode_sync(struct inode *inode)
{
    for (const struct change *change = inode->changes; change; change = change->next)
        change_apply(inode, change, change->bytes.len);
    changes_drop(inode, true);
}

/* Each write is kept, lost or torn. */
static void inode_crash(struct inode *inode, uint64_t *seed)
{
    for (const struct change *change = inode->changes; change; change = change->next) {
        uint64_t fate = sim_below(seed, 3);
        size_t size = change->bytes.len;
        if (fate != 0)
            change_apply(inode, change, fate == 1 && size ? sim_below(seed, size) : size);
    }
    changes_drop(inode, true);
    text_cut(&inode->seen, 0);
    text_write(&inode->seen, 0, inode->safe.at, inode->safe.len);
}

struct inode *inode_make(struct disk *disk, bool is_directory)
{
    struct inode *inode = sim_take(sizeof *inode);
    inode->changes_end = &inode->changes;
    inode->number = ++disk->inode_numbers;
    inode->born_ns = inode->modified_ns = ++disk->ticks;
    inode->is_directory = is_directory;
    inode->locked_by = -1;
    inode->next = disk->inodes;
    disk->inodes = inode;
    return inode;
}

/* --- names ------------------------------------------------------------------------------- */

static void name_set(struct name **names, const char *path, struct inode *inode)
{
    while (*names && strcmp((*names)->path, path) != 0)
        names = &(*names)->next;
    struct name *name = *names;
    if (!inode) {
        if (name)
            *names = name->next;
        free(name);
        return;
    }
    if (!name) {
        name = *names = sim_take(sizeof *name);
        snprintf(name->path, SIM_PATH_BYTES, "%s", path);
    }
    name->inode = inode;
}

static void names_free(struct name **names)
{
    while (*names) {
        struct name *name = *names;
        *names = name->next;
        free(name);
    }
}

struct inode *inode_at(const struct disk *disk, const char *path)
{
    const struct name *name = disk->seen;
    while (name && strcmp(name->path, path) != 0)
        name = name->next;
    return name ? name->inode : NULL;
}

void parent_of(const char *path, char to[SIM_PATH_BYTES])
{
    struct cut cut = str_cut_last(str_from(path), '/');
    str_z(cut.found ? cut.head : STR("."), to, SIM_PATH_BYTES);
    if (cut.found && cut.head.len == 0)
        str_z(STR("/"), to, SIM_PATH_BYTES);
}

bool directory_exists(const struct disk *disk, const char *path)
{
    const struct inode *inode = inode_at(disk, path);
    return strcmp(path, ".") == 0 || strcmp(path, "/") == 0 || (inode && inode->is_directory);
}

static void move_apply(struct name **names, const struct move *move)
{
    if (move->gone[0])
        name_set(names, move->gone, NULL);
    if (move->inode)
        name_set(names, move->path, move->inode);
}

void name_move(struct disk *disk, const char *gone, const char *path, struct inode *inode)
{
    struct move *move = sim_take(sizeof *move);
    snprintf(move->gone, SIM_PATH_BYTES, "%s", gone);
    snprintf(move->path, SIM_PATH_BYTES, "%s", path);
    move->inode = inode;
    move_apply(&disk->seen, move);
    *disk->moves_end = move;
    disk->moves_end = &move->next;
}

static void move_sync(struct disk *disk, struct move **at)
{
    struct move *move = *at;
    move_apply(&disk->safe, move);
    *at = move->next;
    if (disk->moves_end == &move->next)
        disk->moves_end = at;
    free(move);
}

void names_sync(struct disk *disk, const char *directory)
{
    struct move **at = &disk->moves;
    while (*at) {
        char parent[SIM_PATH_BYTES];
        parent_of((*at)->path[0] ? (*at)->path : (*at)->gone, parent);
        if (strcmp(parent, directory) == 0)
            move_sync(disk, at);
        else
            at = &(*at)->next;
    }
}

void directories_make(struct disk *disk, const char *path)
{
    if (directory_exists(disk, path))
        return;
    char parent[SIM_PATH_BYTES];
    parent_of(path, parent);
    directories_make(disk, parent);
    struct inode *inode = inode_make(disk, true);
    name_set(&disk->seen, path, inode);
    name_set(&disk->safe, path, inode);
}

/* --- the whole disk ---------------------------------------------------------------------- */

void disk_init(struct disk *disk)
{
    *disk = (struct disk){.moves_end = &disk->moves};
}

/* A journaling file system keeps changes of names in order: those up to some point survive. */
void disk_crash(struct disk *disk, uint64_t *seed)
{
    while (disk->moves && sim_chance(seed, 50))
        move_sync(disk, &disk->moves);
    while (disk->moves) {
        struct move *move = disk->moves;
        disk->moves = move->next;
        free(move);
    }
    disk->moves_end = &disk->moves;
    names_free(&disk->seen);
    for (const struct name *name = disk->safe; name; name = name->next)
        name_set(&disk->seen, name->path, name->inode);
    for (struct inode *inode = disk->inodes; inode; inode = inode->next)
        inode_crash(inode, seed);
}

void disk_sync_all(struct disk *disk)
{
    while (disk->moves)
        move_sync(disk, &disk->moves);
    for (struct inode *inode = disk->inodes; inode; inode = inode->next)
        inode_sync(inode);
}

void disk_clear(struct disk *disk)
{
    disk_sync_all(disk);
    names_free(&disk->seen);
    names_free(&disk->safe);
    while (disk->inodes) {
        struct inode *inode = disk->inodes;
        disk->inodes = inode->next;
        free(inode->seen.at);
        free(inode->safe.at);
        free(inode);
    }
}
