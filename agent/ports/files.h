/* agent/ports/files.h - the port to files, directories and their changes.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Every call returns 0 or a positive errno, except read and write which say how many bytes through ret.
 * Short reads and writes are normal. The seeded twin (tests/sim) tears, shortens, fills up and crashes.
 */
#ifndef WEIR_FILES_H
#define WEIR_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct file_facts {
    uint64_t device, inode, size;
    int64_t born_ns;     /* statx birth time, 0 where the file system has none */
    int64_t modified_ns;
    uint64_t links;      /* 0: unlinked while open */
    uint32_t owner;
    bool is_regular, is_directory, is_link;
};

enum { /* open flags */
    FILE_READ = 1,
    FILE_APPEND = 2, /* writing; positions are still given to write() */
    FILE_CREATE = 4, /* mode 0640 unless said */
    FILE_EXCLUSIVE = 8,
    FILE_PRIVATE = 16, /* mode 0600 (0700 for directories) */
    FILE_FOLLOW = 32,  /* follow a symbolic link; without it ELOOP */
};

struct files {
    void *self;
    uint32_t user; /* who we are: the owner whose symbolic links we follow */
    /* O_NONBLOCK | O_CLOEXEC always. Opening what is no regular file for reading gives EINVAL. */
    int (*open)(void *self, const char *path, int flags, int *ret_fd);
    void (*close)(void *self, int fd);
    int (*read)(void *self, int fd, void *to, size_t size, uint64_t offset, size_t *ret);
    /* From a pipe, a socket or a terminal (stdin) as well; never waits: EAGAIN when there is nothing now, and
     * 0 bytes at the end. The descriptor's own flags stay as they are: others may share them. */
    int (*read_pipe)(void *self, int fd, void *to, size_t size, size_t *ret);
    int (*write)(void *self, int fd, const void *from, size_t size, uint64_t offset, size_t *ret);
    /* To a pipe, a socket or a terminal (stdout), as read_pipe: EAGAIN when it takes nothing now. */
    int (*write_pipe)(void *self, int fd, const void *from, size_t size, size_t *ret);
    int (*sync)(void *self, int fd);                   /* fdatasync */
    int (*sync_directory)(void *self, const char *path); /* after create, rename, unlink */
    int (*truncate)(void *self, int fd, uint64_t size);
    int (*facts)(void *self, int fd, struct file_facts *ret);
    int (*facts_at)(void *self, const char *path, bool follow, struct file_facts *ret);
    int (*rename)(void *self, const char *from, const char *to);
    int (*unlink)(void *self, const char *path);
    int (*make_directory)(void *self, const char *path); /* 0700, parents too */
    /* Calls each() for every entry but . and ..; stops when it returns false. */
    int (*list)(void *self, const char *path, bool (*each)(void *context, const char *name), void *context);
    int (*lock)(void *self, int fd); /* exclusive, never waits: EWOULDBLOCK */
    /* Change notices. watch_fd: readable when there are any, -1: there are none, poll instead. */
    int (*watch_fd)(void *self);
    int (*watch)(void *self, const char *path, int *ret_watch); /* a directory or a file */
    void (*unwatch)(void *self, int watch);
    /* Next notice; false: none left. name is empty for a file's own changes. overflow: look at everything. */
    bool (*notice)(void *self, int *ret_watch, char name[256], bool *ret_overflow);
};

/* The production port: open(2) and friends, inotify. Every call makes another one with notices of its own, since a
 * notice is told once: whoever watches needs a port that nobody else watches with. Null: no memory. */
enum { FILES_POLL_ONLY = 1 };
const struct files *files_posix(int options);
void files_posix_close(const struct files *files); /* null is allowed */

#endif
