/* inputs/tail.c - follow files by globs, through rotation, truncation and deletion.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/tailing/survey.h"
#include "agent/tailing/tailing.h"
#include "agent/weir.h"

enum { READ_FROM_BEGINNING, READ_FROM_END };

struct tail {
    struct list path, exclude;
    int read_from;
    int64_t line_max_bytes, poll_ns;
    bool file_path;

    struct tailing tailing;
};

static const struct choice places[] = {
    {"beginning", READ_FROM_BEGINNING}, {"end", READ_FROM_END}, {0}};

static const struct setting settings[] = {
    LIST_SETTING(struct tail, path, SETTING_TEXT, .required = true,
                 .example = "[\"/var/log/app/*.log\"]",
                 .help = "Files to read: * and ? within a name, [a-z], ** for any directories."),
    LIST_SETTING(struct tail, exclude, SETTING_TEXT, .example = "[\"*.gz\"]",
                 .help = "Files to leave out; a pattern without a slash means the file's name."),
    CHOICE_SETTING(struct tail, read_from, places, .def = "beginning",
                   .help = "Where to begin in files that are there when this input runs for the "
                           "first time. Files born later are read from their beginning."),
    SIZE_SETTING(struct tail, line_max, .def = "1MiB", .min = "1KiB", .max = "64MiB",
                 .help = "Longest line that is kept whole; the rest of a longer one is counted "
                         "and cut."),
    DURATION_SETTING(struct tail, poll, .def = "1s", .min = "10ms", .max = "1h",
                     .help = "How often to look where the system gives no notice of changes, and "
                             "for directories that do not exist yet. Where it does, everything "
                             "is looked at every ten of these."),
    BOOL_SETTING(struct tail, file_path, .def = "true",
                 .help = "Say in log.file.path which file an event came from."),
    {0},
};

static enum code tail_check(void *self, struct host *host, struct why *why)
{
    const struct tail *tail = self;
    for (size_t i = 0; i < tail->path.count; i++)
        if (tail->path.texts[i].len == 0)
            return fail(why, BAD_CONFIG, "%s: an empty text in `path` names no file",
                        host_where(host));
    return OK;
}

static void tail_look(const void *self, struct host *host, struct errand *errand)
{
    const struct tail *tail = self;
    survey_tell(&tail->path, &tail->exclude, host_files(host), errand);
}

static enum code tail_open(void *self, struct host *host, struct why *why)
{
    struct tail *tail = self;
    (void)why;
    tail->tailing.line_max = (size_t)tail->line_max_bytes;
    tail->tailing.poll_ns = tail->poll_ns;
    tail->tailing.from_end = tail->read_from == READ_FROM_END;
    tail->tailing.names_files = tail->file_path;
    tail->tailing.finder.paths = &tail->path;
    tail->tailing.finder.excludes = &tail->exclude;
    tailing_open(&tail->tailing, host);
    return OK;
}

static int64_t tail_watch(void *self, struct host *host, int64_t mono_ns, bool once)
{
    struct tail *tail = self;
    (void)host;
    return tailing_watch(&tail->tailing, mono_ns, once);
}

static int tail_wakeup(void *self)
{
    const struct tail *tail = self;
    const struct files *files = tail->tailing.follows.files;
    return files->watch_fd(files->self);
}

static enum read_result tail_read(void *self, struct source *source, struct batch *batch,
                                  bool final)
{
    struct tail *tail = self;
    return tailed_read(&tail->tailing, source_mine(source), batch, final);
}

static void tail_close(void *self)
{
    struct tail *tail = self;
    tailing_close(&tail->tailing);
}

const struct input input_tail = {
    .name = "tail",
    .summary = "Follow files by globs, through rotation, truncation and deletion.",
    .settings = settings,
    .size = sizeof(struct tail),
    .check = tail_check,
    .look = tail_look,
    .open = tail_open,
    .watch = tail_watch,
    .wakeup = tail_wakeup,
    .read = tail_read,
    .close = tail_close,
};
