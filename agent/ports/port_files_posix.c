/* agent/ports/port_files_posix.c - files from the kernel, changes from inotify.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/ports/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "agent/memory.h"
#include "agent/must.h"

enum {
    NOTICE_BYTES = 16 * 1024, /* some hundred notices per read */
    PATH_BYTES = 4096,        /* PATH_MAX of Linux */
    PIPE_BYTES = 4096, /* PIPE_BUF: what a pipe that polls as writable takes without waiting */
    NS_PER_S = 1000000000,
};

static const uint32_t NOTICE_MASK = IN_MODIFY | IN_CREATE | IN_DELETE | IN_MOVED_FROM |
                                    IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF | IN_CLOSE_WRITE;

struct port {
    struct files files;
    int fd; /* -1: poll */
    size_t len, at;
    _Alignas(struct inotify_event) char bytes[NOTICE_BYTES];
};

static int open_flags(int flags)
{
    int wanted = O_NONBLOCK | O_CLOEXEC | O_NOCTTY;
    if (flags & FILE_APPEND)
        wanted |= flags & FILE_READ ? O_RDWR : O_WRONLY;
    if (flags & FILE_CREATE)
        wanted |= O_CREAT;
    if (flags & FILE_EXCLUSIVE)
        wanted |= O_EXCL;
    if (!(flags & FILE_FOLLOW))
        wanted |= O_NOFOLLOW;
    return wanted;
}

static int files_open(void *self, const char *path, int flags, int *ret_fd)
{
    (void)self;
    int fd = open(path, open_flags(flags), flags & FILE_PRIVATE ? 0600 : 0640);
    if (fd < 0)
        return errno;
    struct stat facts;
    int wrong = fstat(fd, &facts) != 0 ? errno : 0;
    /* A FIFO or a device would block, or answer for ever. What is only written to may be one. */
    if (!wrong && !S_ISREG(facts.st_mode) && flags & FILE_READ)
        wrong = EINVAL;
    if (wrong) {
        close(fd);
        return wrong;
    }
    *ret_fd = fd;
    return 0;
}

static void files_close(void *self, int fd)
{
    (void)self;
    close(fd); /* Linux closes it whatever it answers; nothing unsynced is trusted to it */
}

/* What read(2) or its kin answered, as the port says it. */
static int moved(ssize_t bytes, size_t *ret)
{
    if (bytes < 0)
        return errno;
    *ret = (size_t)bytes;
    return 0;
}

static int files_read(void *self, int fd, void *to, size_t size, uint64_t offset, size_t *ret)
{
    (void)self;
    return moved(TEMP_FAILURE_RETRY(pread(fd, to, size, (off_t)offset)), ret);
}

static int files_write(void *self, int fd, const void *from, size_t size, uint64_t offset,
                       size_t *ret)
{
    (void)self;
    return moved(TEMP_FAILURE_RETRY(pwrite(fd, from, size, (off_t)offset)), ret);
}

static bool is_ready_for(int fd, short events)
{
    struct pollfd asked = {.fd = fd, .events = events};
    return poll(&asked, 1, 0) > 0; /* an error or a hang-up is something to read or write too */
}

static int files_read_pipe(void *self, int fd, void *to, size_t size, size_t *ret)
{
    (void)self;
    if (!is_ready_for(fd, POLLIN))
        return EAGAIN;
    return moved(TEMP_FAILURE_RETRY(read(fd, to, size)), ret);
}

static int files_write_pipe(void *self, int fd, const void *from, size_t size, size_t *ret)
{
    (void)self;
    struct stat facts;
    bool is_file = fstat(fd, &facts) == 0 && S_ISREG(facts.st_mode);
    if (!is_file && !is_ready_for(fd, POLLOUT))
        return EAGAIN;
    return moved(
        TEMP_FAILURE_RETRY(write(fd, from, is_file || size < PIPE_BYTES ? size : PIPE_BYTES)), ret);
}

static int files_sync(void *self, int fd)
{
    (void)self;
    return fdatasync(fd) == 0 ? 0 : errno;
}

static int files_sync_directory(void *self, const char *path)
{
    (void)self;
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return errno;
    int wrong = fsync(fd) == 0 ? 0 : errno;
    close(fd);
    return wrong == EINVAL ? 0 : wrong; /* a file system that has nothing to sync there */
}

static int files_truncate(void *self, int fd, uint64_t size)
{
    (void)self;
    return ftruncate(fd, (off_t)size) == 0 ? 0 : errno;
}

static int64_t time_ns(struct statx_timestamp at)
{
    return at.tv_sec * NS_PER_S + at.tv_nsec;
}

static int facts_of(int at, const char *path, int flags, struct file_facts *ret)
{
    struct statx facts;
    unsigned wanted = STATX_BASIC_STATS | STATX_BTIME;
    if (statx(at, path, flags | AT_STATX_SYNC_AS_STAT, wanted, &facts) != 0)
        return errno;
    *ret = (struct file_facts){
        .device = makedev(facts.stx_dev_major, facts.stx_dev_minor),
        .inode = facts.stx_ino,
        .size = facts.stx_size,
        .born_ns = facts.stx_mask & STATX_BTIME ? time_ns(facts.stx_btime) : 0,
        .modified_ns = time_ns(facts.stx_mtime),
        .links = facts.stx_nlink,
        .owner = facts.stx_uid,
        .is_regular = S_ISREG(facts.stx_mode),
        .is_directory = S_ISDIR(facts.stx_mode),
        .is_link = S_ISLNK(facts.stx_mode),
    };
    return 0;
}

static int files_facts(void *self, int fd, struct file_facts *ret)
{
    (void)self;
    return facts_of(fd, "", AT_EMPTY_PATH, ret);
}

static int files_facts_at(void *self, const char *path, bool follow, struct file_facts *ret)
{
    (void)self;
    return facts_of(AT_FDCWD, path, follow ? 0 : AT_SYMLINK_NOFOLLOW, ret);
}

static int files_rename(void *self, const char *from, const char *to)
{
    (void)self;
    return rename(from, to) == 0 ? 0 : errno;
}

static int files_unlink(void *self, const char *path)
{
    (void)self;
    return unlink(path) == 0 ? 0 : errno;
}

static int make_one(const char *path)
{
    return mkdir(path, 0700) == 0 || errno == EEXIST ? 0 : errno;
}

static int files_make_directory(void *self, const char *path)
{
    (void)self;
    char part[PATH_BYTES];
    size_t len = strlen(path);
    if (len == 0 || len >= sizeof part)
        return len ? ENAMETOOLONG : ENOENT;
    memcpy(part, path, len + 1);
    for (size_t i = 1; i < len; i++) {
        if (part[i] != '/')
            continue;
        part[i] = '\0';
        (void)make_one(
            part); /* a parent that cannot be made may be there all the same: the last one tells */
        part[i] = '/';
    }
    int wrong = make_one(part);
    struct stat facts;
    if (!wrong && (stat(path, &facts) != 0 || !S_ISDIR(facts.st_mode)))
        wrong = ENOTDIR;
    return wrong;
}

static int files_list(void *self, const char *path, bool (*each)(void *context, const char *name),
                      void *context)
{
    (void)self;
    DIR *directory = opendir(path);
    if (!directory)
        return errno;
    int wrong = 0;
    for (;;) {
        errno = 0;
        const struct dirent *entry = readdir(directory);
        if (!entry) {
            wrong = errno;
            break;
        }
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if (!each(context, entry->d_name))
            break;
    }
    closedir(directory);
    return wrong;
}

static int files_lock(void *self, int fd)
{
    (void)self;
    return flock(fd, LOCK_EX | LOCK_NB) == 0 ? 0 : errno;
}

static int files_watch_fd(void *self)
{
    return ((const struct port *)self)->fd;
}

static int files_watch(void *self, const char *path, int *ret_watch)
{
    const struct port *port = self;
    if (port->fd < 0)
        return ENOSYS;
    int watch = inotify_add_watch(port->fd, path, NOTICE_MASK);
    if (watch < 0)
        return errno;
    *ret_watch = watch;
    return 0;
}

static void files_unwatch(void *self, int watch)
{
    const struct port *port = self;
    if (port->fd >= 0)
        inotify_rm_watch(port->fd, watch);
}

static bool fill_notices(struct port *port)
{
    if (port->fd < 0)
        return false;
    ssize_t got = read(port->fd, port->bytes, sizeof port->bytes);
    port->at = 0;
    port->len = got > 0 ? (size_t)got : 0;
    return port->len > 0;
}

static bool files_notice(void *self, int *ret_watch, char name[256], bool *ret_overflow)
{
    struct port *port = self;
    if (port->at >= port->len && !fill_notices(port))
        return false;
    struct inotify_event
        event; /* the kernel pads names so that events are aligned; a copy needs no trust */
    MUST(port->len - port->at >= sizeof event);
    memcpy(&event, port->bytes + port->at, sizeof event);
    const char *text = port->bytes + port->at + sizeof event;
    port->at += sizeof event + event.len;
    snprintf(name, 256, "%.*s", (int)strnlen(text, event.len), text);
    *ret_watch = event.wd;
    *ret_overflow = (event.mask & IN_Q_OVERFLOW) != 0;
    return true;
}

const struct files *files_posix(int options)
{
    static const struct files calls = {
        .open = files_open,
        .close = files_close,
        .read = files_read,
        .read_pipe = files_read_pipe,
        .write = files_write,
        .write_pipe = files_write_pipe,
        .sync = files_sync,
        .sync_directory = files_sync_directory,
        .truncate = files_truncate,
        .facts = files_facts,
        .facts_at = files_facts_at,
        .rename = files_rename,
        .unlink = files_unlink,
        .make_directory = files_make_directory,
        .list = files_list,
        .lock = files_lock,
        .watch_fd = files_watch_fd,
        .watch = files_watch,
        .unwatch = files_unwatch,
        .notice = files_notice,
    };
    struct port *port = memory_make(sizeof *port);
    if (!port)
        return NULL;
    port->files = calls;
    port->files.self = port;
    port->files.user = (uint32_t)geteuid();
    port->fd = options & FILES_POLL_ONLY ? -1 : inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    port->at = port->len = 0; /* where inotify cannot be had: poll */
    return &port->files;
}

void files_posix_close(const struct files *files)
{
    if (!files)
        return;
    struct port *port = files->self;
    if (port->fd >= 0)
        close(port->fd);
    memory_free(port);
}
