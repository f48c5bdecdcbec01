/* tests/ports/test_port_files_posix.c - mirrors agent/ports/port_files_posix.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/ports/port_files_posix.c"

#include <stdlib.h>

#include "tests/check.h"

static char room[PATH_BYTES];

static const char *in_room(const char *name)
{
    static char paths[4][2 * PATH_BYTES];
    static unsigned turn;
    char *path = paths[turn++ % COUNT(paths)];
    snprintf(path, sizeof paths[0], "%s/%s", room, name);
    return path;
}

static const struct files *port(void)
{
    static const struct files *files;
    if (!files) {
        files = files_posix(0);
        snprintf(room, sizeof room, "%s/weir-files-XXXXXX",
                 getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
        CHECK(mkdtemp(room) != NULL);
    }
    return files;
}

static int made(const struct files *files, const char *name)
{
    int fd = -1;
    CHECK_EQ(files->open(files->self, in_room(name), FILE_READ | FILE_APPEND | FILE_CREATE, &fd),
             0);
    return fd;
}

static void what_was_written_at_a_position_is_read_there(void)
{
    const struct files *files = port();
    int fd = made(files, "a");
    size_t done = 0;
    char got[8] = {0};
    CHECK_EQ(files->write(files->self, fd, "abc", 3, 5, &done), 0);
    CHECK_EQ(done, 3);
    CHECK_EQ(files->read(files->self, fd, got, sizeof got, 4, &done), 0);
    CHECK_EQ(done, 4);
    CHECK_EQ(memcmp(got, "\0abc", 4), 0);
    CHECK_EQ(files->sync(files->self, fd), 0);
    CHECK_EQ(files->truncate(files->self, fd, 6), 0);
    struct file_facts facts;
    CHECK_EQ(files->facts(files->self, fd, &facts), 0);
    CHECK_EQ(facts.size, 6);
    CHECK(facts.is_regular && facts.links == 1);
    files->close(files->self, fd);
}

static void a_directory_a_fifo_and_a_link_are_not_read(void)
{
    const struct files *files = port();
    int fd;
    CHECK_EQ(files->make_directory(files->self, in_room("deep/er")), 0);
    CHECK_EQ(files->make_directory(files->self, in_room("deep/er")), 0);
    CHECK_EQ(files->open(files->self, in_room("deep"), FILE_READ, &fd), EINVAL);
    CHECK_EQ(mkfifo(in_room("fifo"), 0600), 0);
    CHECK_EQ(files->open(files->self, in_room("fifo"), FILE_READ, &fd), EINVAL);
    files->close(files->self, made(files, "target"));
    CHECK_EQ(symlink("target", in_room("link")), 0);
    CHECK_EQ(files->open(files->self, in_room("link"), FILE_READ, &fd), ELOOP);
    CHECK_EQ(files->open(files->self, in_room("link"), FILE_READ | FILE_FOLLOW, &fd), 0);
    files->close(files->self, fd);
    struct file_facts facts;
    CHECK_EQ(files->facts_at(files->self, in_room("link"), false, &facts), 0);
    CHECK(facts.is_link);
}

static void a_lock_is_refused_to_the_second_descriptor(void)
{
    const struct files *files = port();
    int first = made(files, "locked"), second = made(files, "locked");
    CHECK_EQ(files->lock(files->self, first), 0);
    CHECK_EQ(files->lock(files->self, second), EWOULDBLOCK);
    files->close(files->self, first);
    CHECK_EQ(files->lock(files->self, second), 0);
    files->close(files->self, second);
}

static void an_inode_keeps_its_number_through_a_rename(void)
{
    const struct files *files = port();
    int fd = made(files, "old");
    struct file_facts before, after;
    CHECK_EQ(files->facts(files->self, fd, &before), 0);
    CHECK_EQ(files->rename(files->self, in_room("old"), in_room("new")), 0);
    CHECK_EQ(files->sync_directory(files->self, room), 0);
    CHECK_EQ(files->facts_at(files->self, in_room("new"), false, &after), 0);
    CHECK(before.inode == after.inode && before.device == after.device);
    CHECK_EQ(files->unlink(files->self, in_room("new")), 0);
    CHECK_EQ(files->facts_at(files->self, in_room("new"), false, &after), ENOENT);
    CHECK_EQ(files->facts(files->self, fd, &after), 0);
    CHECK_EQ(after.links, 0);
    files->close(files->self, fd);
}

static bool count_one(void *context, const char *name)
{
    *(int *)context += strcmp(name, "one") == 0 || strcmp(name, "two") == 0;
    return true;
}

static void a_directory_is_listed_without_its_dots(void)
{
    const struct files *files = port();
    CHECK_EQ(files->make_directory(files->self, in_room("listed")), 0);
    files->close(files->self, made(files, "listed/one"));
    files->close(files->self, made(files, "listed/two"));
    int count = 0;
    CHECK_EQ(files->list(files->self, in_room("listed"), count_one, &count), 0);
    CHECK_EQ(count, 2);
    CHECK_EQ(files->list(files->self, in_room("absent"), count_one, &count), ENOENT);
}

static void a_change_in_a_watched_directory_is_noticed_by_name(void)
{
    const struct files *files = port();
    int watch, seen;
    char name[256];
    bool overflow;
    CHECK_EQ(files->make_directory(files->self, in_room("watched")), 0);
    if (files->watch_fd(files->self) < 0)
        SKIP_TEST("inotify cannot be had here");
    CHECK_EQ(files->watch(files->self, in_room("watched"), &watch), 0);
    CHECK(!files->notice(files->self, &seen, name, &overflow));
    files->close(files->self, made(files, "watched/born"));
    CHECK(files->notice(files->self, &seen, name, &overflow));
    CHECK_EQ(seen, watch);
    CHECK_TEXT(str_from(name), "born");
    files->unwatch(files->self, watch);
}

static void a_pipe_never_makes_the_caller_wait(void)
{
    const struct files *files = port();
    int ends[2];
    char bytes[2 * PIPE_BYTES] = {0};
    size_t done = 0, sum = 0;
    CHECK_EQ(pipe(ends), 0);
    CHECK_EQ(files->read_pipe(files->self, ends[0], bytes, sizeof bytes, &done), EAGAIN);
    int wrong = 0;
    for (int i = 0; i < 1000 && !wrong; i++) {
        wrong = files->write_pipe(files->self, ends[1], bytes, sizeof bytes, &done);
        sum += wrong ? 0 : done;
    }
    CHECK_EQ(wrong, EAGAIN);
    CHECK(sum > 0);
    CHECK_EQ(files->read_pipe(files->self, ends[0], bytes, sizeof bytes, &done), 0);
    CHECK_EQ(done, sizeof bytes);
    close(ends[0]);
    close(ends[1]);
}

static void a_port_that_polls_says_so(void)
{
    const struct files *files = files_posix(FILES_POLL_ONLY);
    int watch;
    CHECK_EQ(files->watch_fd(files->self), -1);
    CHECK_EQ(files->watch(files->self, "/", &watch), ENOSYS);
    memory_free(files->self);
}

CHECK_MAIN(TEST(what_was_written_at_a_position_is_read_there),
           TEST(a_directory_a_fifo_and_a_link_are_not_read),
           TEST(a_lock_is_refused_to_the_second_descriptor),
           TEST(an_inode_keeps_its_number_through_a_rename),
           TEST(a_directory_is_listed_without_its_dots),
           TEST(a_change_in_a_watched_directory_is_noticed_by_name),
           TEST(a_pipe_never_makes_the_caller_wait), TEST(a_port_that_polls_says_so))
