/* tests/sim/files.c - the seeded twin of the files port.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/sim/files.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/must.h"
#include "tests/sim/clock.h"
#include "tests/sim/files_inside.h"

enum { FIRST_FD = 3, USER = 1000 };

/* --- notices ----------------------------------------------------------------------------- */

static void notice_put(struct sim_files *sim, int watch, const char *name)
{
    if (sim->notice_count == NOTICES) {
        sim->overflowed = true;
        return;
    }
    struct notice *notice = &sim->notices[(sim->notice_first + sim->notice_count++) % NOTICES];
    notice->watch = watch;
    snprintf(notice->name, sizeof notice->name, "%.255s", name);
}

void notice_path(struct sim_files *sim, const char *path)
{
    char parent[SIM_PATH_BYTES];
    parent_of(path, parent);
    const char *slash = strrchr(path, '/');
    for (int watch = 0; watch < WATCHES; watch++) {
        if (strcmp(sim->watches[watch], path) == 0)
            notice_put(sim, watch, "");
        else if (sim->watches[watch][0] && strcmp(sim->watches[watch], parent) == 0)
            notice_put(sim, watch, slash ? slash + 1 : path);
    }
}

void notice_inode(struct sim_files *sim, const struct inode *inode)
{
    for (const struct name *name = sim->disk.seen; name; name = name->next)
        if (name->inode == inode)
            notice_path(sim, name->path);
}

/* --- the port ---------------------------------------------------------------------------- */

static int writable(const struct sim_files *sim)
{
    if (sim->has_crashed)
        return EIO;
    return sim->faults.is_read_only ? EROFS : 0;
}

static struct inode *inode_of(const struct sim_files *sim, int fd)
{
    MUST(fd >= FIRST_FD && fd < FDS);
    MUST(sim->fds[fd].inode != NULL);
    return sim->fds[fd].inode;
}

static int make_file(struct sim_files *sim, const char *path, struct inode **ret)
{
    char parent[SIM_PATH_BYTES];
    parent_of(path, parent);
    int wrong = writable(sim);
    if (wrong)
        return wrong;
    if (!directory_exists(&sim->disk, parent))
        return ENOENT;
    *ret = inode_make(&sim->disk, false);
    name_move(&sim->disk, "", path, *ret);
    notice_path(sim, path);
    return 0;
}

static int sim_open(void *self, const char *path, int flags, int *ret_fd)
{
    struct sim_files *sim = self;
    struct inode *inode = inode_at(&sim->disk, path);
    MUST(strlen(path) < SIM_PATH_BYTES);
    if (sim->has_crashed)
        return EIO;
    if (inode && inode->is_directory)
        return flags & FILE_READ ? EINVAL : EISDIR;
    if (inode && flags & FILE_EXCLUSIVE)
        return EEXIST;
    int wrong = !inode && !(flags & FILE_CREATE) ? ENOENT : 0;
    if (!wrong && flags & FILE_APPEND)
        wrong = writable(sim);
    if (!wrong && !inode)
        wrong = make_file(sim, path, &inode);
    for (int fd = FIRST_FD; fd < FDS && !wrong; fd++) {
        if (sim->fds[fd].inode)
            continue;
        sim->fds[fd] = (struct descriptor){inode, flags};
        *ret_fd = fd;
        return 0;
    }
    return wrong ? wrong : EMFILE;
}

static void sim_close(void *self, int fd)
{
    struct sim_files *sim = self;
    if (sim->fds[fd].inode && sim->fds[fd].inode->locked_by == fd)
        sim->fds[fd].inode->locked_by = -1;
    sim->fds[fd].inode = NULL;
}

static size_t shortened(struct sim_files *sim, size_t size)
{
    if (size > 1 && sim_chance(&sim->seed, sim->faults.short_percent))
        return 1 + sim_below(&sim->seed, size - 1);
    return size;
}

static int sim_read(void *self, int fd, void *to, size_t size, uint64_t offset, size_t *ret)
{
    struct sim_files *sim = self;
    const struct inode *inode = inode_of(sim, fd);
    if (sim->has_crashed)
        return EIO;
    size_t left = offset < inode->seen.len ? inode->seen.len - (size_t)offset : 0;
    size = shortened(sim, size < left ? size : left);
    if (size)
        memcpy(to, inode->seen.at + offset, size);
    *ret = size;
    return 0;
}

/* How much of a write fits on the disk. */
static int granted(struct sim_files *sim, size_t *size)
{
    int wrong = writable(sim);
    if (wrong || *size == 0)
        return wrong;
    if (sim_chance(&sim->seed, sim->faults.write_fail_percent))
        return EIO;
    *size = shortened(sim, *size);
    if (!sim->faults.is_limited)
        return 0;
    if (sim->faults.room == 0)
        return ENOSPC;
    *size = *size < sim->faults.room ? *size : (size_t)sim->faults.room;
    sim->faults.room -= *size;
    return 0;
}

static int sim_write(void *self, int fd, const void *from, size_t size, uint64_t offset,
                     size_t *ret)
{
    struct sim_files *sim = self;
    struct inode *inode = inode_of(sim, fd);
    MUST(sim->fds[fd].flags & FILE_APPEND);
    int wrong = granted(sim, &size);
    if (wrong)
        return wrong;
    inode_write(inode, offset, from, size);
    inode->modified_ns = ++sim->disk.ticks;
    notice_inode(sim, inode);
    *ret = size;
    return 0;
}

static int sim_read_pipe(void *self, int fd, void *to, size_t size, size_t *ret)
{
    struct sim_files *sim = self;
    MUST(fd == 0);
    size_t left = sim->stdin_bytes.len - sim->stdin_at;
    if (left == 0 && !sim->stdin_ended)
        return EAGAIN;
    *ret = shortened(sim, size < left ? size : left);
    if (*ret)
        memcpy(to, sim->stdin_bytes.at + sim->stdin_at, *ret);
    sim->stdin_at += *ret;
    return 0;
}

static int sim_write_pipe(void *self, int fd, const void *from, size_t size, size_t *ret)
{
    struct sim_files *sim = self;
    MUST(fd == 1);
    if (sim->has_crashed)
        return EIO;
    *ret = shortened(sim, size);
    text_write(&sim->stdout_bytes, sim->stdout_bytes.len, from, *ret);
    return 0;
}

/* True: the crash comes here, before anything is on disk or (the other half of the seeds) after. */
static bool crashes(struct sim_files *sim, bool *ret_before)
{
    sim->syncs++;
    *ret_before = false;
    if (sim->faults.crash_in_syncs == 0 || --sim->faults.crash_in_syncs > 0)
        return false;
    sim->has_crashed = true;
    *ret_before = sim_chance(&sim->seed, 50);
    return true;
}

static int sim_sync(void *self, int fd)
{
    struct sim_files *sim = self;
    struct inode *inode = inode_of(sim, fd);
    bool before;
    if (sim->has_crashed)
        return EIO;
    bool now = crashes(sim, &before);
    if (before)
        return EIO;
    if (!now && sim_chance(&sim->seed, sim->faults.sync_fail_percent)) {
        inode_lose_writes(inode); /* clean, the kernel thinks from here on */
        return EIO;
    }
    inode_sync(inode);
    return now ? EIO : 0;
}

static int sim_sync_directory(void *self, const char *path)
{
    struct sim_files *sim = self;
    bool before;
    if (sim->has_crashed)
        return EIO;
    bool now = crashes(sim, &before);
    if (before)
        return EIO;
    if (!now && sim_chance(&sim->seed, sim->faults.sync_fail_percent))
        return EIO;
    names_sync(&sim->disk, path);
    return now ? EIO : 0;
}

static int sim_truncate(void *self, int fd, uint64_t size)
{
    struct sim_files *sim = self;
    struct inode *inode = inode_of(sim, fd);
    int wrong = writable(sim);
    if (wrong)
        return wrong;
    inode_cut(inode, size);
    inode->modified_ns = ++sim->disk.ticks;
    notice_inode(sim, inode);
    return 0;
}

static void facts_of(const struct sim_files *sim, const struct inode *inode, struct file_facts *ret)
{
    uint64_t links = 0;
    for (const struct name *name = sim->disk.seen; name; name = name->next)
        links += name->inode == inode;
    *ret = (struct file_facts){
        .device = 1,
        .inode = inode->number,
        .size = inode->seen.len,
        .born_ns = inode->born_ns,
        .modified_ns = inode->modified_ns,
        .links = links,
        .owner = USER,
        .is_regular = !inode->is_directory,
        .is_directory = inode->is_directory,
    };
}

static int sim_facts(void *self, int fd, struct file_facts *ret)
{
    const struct sim_files *sim = self;
    if (sim->has_crashed)
        return EIO;
    facts_of(sim, inode_of(sim, fd), ret);
    return 0;
}

/* A directory may be called with a slash at its end. */
static const char *as_named(const char *path, char to[SIM_PATH_BYTES])
{
    snprintf(to, SIM_PATH_BYTES, "%s", path);
    size_t len = strlen(to);
    if (len > 1 && to[len - 1] == '/')
        to[len - 1] = '\0';
    return to;
}

static int sim_facts_at(void *self, const char *path, bool follow, struct file_facts *ret)
{
    const struct sim_files *sim = self;
    char name[SIM_PATH_BYTES];
    (void)follow; /* there are no links in here */
    const struct inode *inode = inode_at(&sim->disk, as_named(path, name));
    if (sim->has_crashed)
        return EIO;
    if (!inode)
        return ENOENT;
    facts_of(sim, inode, ret);
    return 0;
}

static int sim_rename(void *self, const char *from, const char *to)
{
    struct sim_files *sim = self;
    struct inode *inode = inode_at(&sim->disk, from);
    int wrong = writable(sim);
    if (wrong)
        return wrong;
    if (!inode)
        return ENOENT;
    MUST(!inode->is_directory);
    name_move(&sim->disk, from, to, inode);
    notice_path(sim, from);
    notice_path(sim, to);
    return 0;
}

static int sim_unlink(void *self, const char *path)
{
    struct sim_files *sim = self;
    int wrong = writable(sim);
    if (wrong)
        return wrong;
    if (!inode_at(&sim->disk, path))
        return ENOENT;
    name_move(&sim->disk, path, "", NULL);
    notice_path(sim, path);
    return 0;
}

static int sim_make_directory(void *self, const char *path)
{
    struct sim_files *sim = self;
    const struct inode *inode = inode_at(&sim->disk, path);
    if (inode)
        return inode->is_directory ? 0 : ENOTDIR;
    int wrong = writable(sim);
    if (!wrong)
        directories_make(&sim->disk, path);
    return wrong;
}

static int sim_list(void *self, const char *path, bool (*each)(void *context, const char *name),
                    void *context)
{
    struct sim_files *sim = self;
    char directory[SIM_PATH_BYTES];
    if (!directory_exists(&sim->disk, as_named(path, directory)))
        return ENOENT;
    const struct name *next;
    for (const struct name *name = sim->disk.seen; name; name = next) {
        char parent[SIM_PATH_BYTES];
        parent_of(name->path, parent);
        const char *slash = strrchr(name->path, '/');
        next = name->next; /* each() may remove what it is told of */
        if (strcmp(parent, directory) == 0 && !each(context, slash ? slash + 1 : name->path))
            break;
    }
    return 0;
}

static int sim_lock(void *self, int fd)
{
    struct sim_files *sim = self;
    struct inode *inode = inode_of(sim, fd);
    if (inode->locked_by >= 0 && inode->locked_by != fd)
        return EWOULDBLOCK;
    inode->locked_by = fd;
    return 0;
}

static int sim_watch_fd(void *self)
{
    (void)self;
    return 0; /* "there are notices": nobody waits on it, the simulator steps */
}

static int sim_watch(void *self, const char *path, int *ret_watch)
{
    struct sim_files *sim = self;
    if (!inode_at(&sim->disk, path) && !directory_exists(&sim->disk, path))
        return ENOENT;
    for (int watch = 0; watch < WATCHES; watch++) {
        if (sim->watches[watch][0])
            continue;
        snprintf(sim->watches[watch], SIM_PATH_BYTES, "%s", path);
        *ret_watch = watch;
        return 0;
    }
    return ENOSPC;
}

static void sim_unwatch(void *self, int watch)
{
    struct sim_files *sim = self;
    sim->watches[watch][0] = '\0';
}

static bool sim_notice(void *self, int *ret_watch, char name[256], bool *ret_overflow)
{
    struct sim_files *sim = self;
    *ret_overflow = sim->overflowed;
    if (sim->overflowed) {
        sim->overflowed = false;
        sim->notice_count = 0;
        name[0] = '\0';
        return true;
    }
    if (!sim->notice_count)
        return false;
    const struct notice *notice = &sim->notices[sim->notice_first];
    *ret_watch = notice->watch;
    memcpy(name, notice->name, sizeof notice->name);
    sim->notice_first = (sim->notice_first + 1) % NOTICES;
    sim->notice_count--;
    return true;
}

/* --- the test's side --------------------------------------------------------------------- */

struct sim_files *sim_files_make(uint64_t seed)
{
    struct sim_files *sim = sim_take(sizeof *sim);
    disk_init(&sim->disk);
    sim->seed = seed;
    sim->port = (struct files){
        .self = sim,
        .user = USER,
        .open = sim_open,
        .close = sim_close,
        .read = sim_read,
        .read_pipe = sim_read_pipe,
        .write = sim_write,
        .write_pipe = sim_write_pipe,
        .sync = sim_sync,
        .sync_directory = sim_sync_directory,
        .truncate = sim_truncate,
        .facts = sim_facts,
        .facts_at = sim_facts_at,
        .rename = sim_rename,
        .unlink = sim_unlink,
        .make_directory = sim_make_directory,
        .list = sim_list,
        .lock = sim_lock,
        .watch_fd = sim_watch_fd,
        .watch = sim_watch,
        .unwatch = sim_unwatch,
        .notice = sim_notice,
    };
    return sim;
}

void sim_files_free(struct sim_files *sim)
{
    disk_clear(&sim->disk);
    free(sim->stdin_bytes.at);
    free(sim->stdout_bytes.at);
    free(sim);
}

const struct files *sim_files_port(struct sim_files *sim)
{
    return &sim->port;
}

struct sim_faults *sim_files_faults(struct sim_files *sim)
{
    return &sim->faults;
}

void sim_files_freeze(struct sim_files *sim)
{
    sim->has_crashed = true;
}

bool sim_files_has_crashed(const struct sim_files *sim)
{
    return sim->has_crashed;
}

uint64_t sim_files_sync_count(const struct sim_files *sim)
{
    return sim->syncs;
}

void sim_files_kill(struct sim_files *sim)
{
    for (int fd = 0; fd < FDS; fd++)
        if (sim->fds[fd].inode)
            sim_close(sim, fd);
    memset(sim->watches, 0, sizeof sim->watches);
    sim->notice_count = 0;
    sim->overflowed = sim->has_crashed = false;
    sim->faults.crash_in_syncs = 0;
}

void sim_files_crash(struct sim_files *sim)
{
    sim_files_kill(sim);
    disk_crash(&sim->disk, &sim->seed);
}
