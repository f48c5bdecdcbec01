/* inputs/tail.c - follow files by globs, through rotation, truncation and deletion.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The finder tells of paths; an inode that is not followed yet is first undecided (it may be a copy
 * in the making), then a source with a serial of its own. What was known from an earlier run is
 * recognized by its birth.
 */
#include "agent/weir.h"

#include <errno.h>
#include <string.h>

#define NS_PER_MS INT64_C(1000000)

enum { READ_FROM_BEGINNING, READ_FROM_END };

static const int64_t SETTLE_NS =
    50 * NS_PER_MS; /* after a rename or deletion, before looking at everything */
static const int64_t FINISH_NS =
    5000 * NS_PER_MS; /* an unlinked file that grew no more for this long is finished */
static const int64_t COPY_NS =
    60000 * NS_PER_MS; /* a copy that nothing was cut for by then is a file of its own */
enum { PASSES_WITH_NOTICES = 10 };

struct tail {
    struct list path, exclude;
    int read_from;
    int64_t line_max_bytes, poll_ns;
    bool file_path;

    struct host *host;
    struct follows follows;
    struct finder finder;
    struct buffer note;
    int64_t mono_ns, pass_at_ns, passed_ns;
    uint32_t missing, unlinked; /* seen by the last sweep */
    bool once, is_first_start, has_looked, has_undecided, has_truncated;
};

static const struct choice places[] = {
    {"beginning", READ_FROM_BEGINNING}, {"end", READ_FROM_END}, {0}};

static const struct setting settings[] = {
    LIST_SETTING(struct tail, path, SETTING_TEXT, .required = true,
                 .example = "[\"/var/log/app/*.log\"]",
                 .help = "Files to read: * and ? within a name, [a-z], ** for any directories."),
    LIST_SETTING(struct tail, exclude, SETTING_TEXT, .example = "[\"*.gz\"]",
                 .help = "Files to leave out; a pattern without a slash means the file's name."),
    CHOICE_SETTING(
        struct tail, read_from, places, .def = "beginning",
        .help =
            "Where to begin in files that are there when this input runs for the first time. Files "
            "born later are read from their beginning."),
    SIZE_SETTING(
        struct tail, line_max, .def = "1MiB", .min = "1KiB", .max = "64MiB",
        .help = "Longest line that is kept whole; the rest of a longer one is counted and cut."),
    DURATION_SETTING(
        struct tail, poll, .def = "1s", .min = "10ms", .max = "1h",
        .help =
            "How often to look where the system gives no notice of changes, and for directories "
            "that do not exist yet. Where it does, everything is looked at every ten of these."),
    BOOL_SETTING(struct tail, file_path, .def = "true",
                 .help = "Say in log.file.path which file an event came from."),
    {0},
};

static const struct files *ports(const struct tail *tail)
{
    return tail->follows.files;
}

/* --- sources
 * ---------------------------------------------------------------------------------------- */

static void note_birth(struct tail *tail, struct follow *follow)
{
    buffer_reset(&tail->note);
    birth_write(&follow->birth, &tail->note);
    if (tail->note.full)
        return; /* no memory now: the next note says it all again */
    source_note(follow->source, buffer_str(&tail->note));
    follow->note_due = false;
}

static bool open_source(struct tail *tail, struct follow *follow)
{
    char key[BIRTH_KEY_BYTES];
    struct str name = birth_key(follow->birth.serial, key);
    follow->source = source_open(tail->host, name, name, follow);
    if (!follow->source) {
        host_alarm(tail->host, "sources", "too many files: %s is not read; narrow the globs of %s",
                   follow->birth.path.at, host_where(tail->host));
        return false;
    }
    host_recovered(tail->host, follow->birth.path.at, "%s is read now", follow->birth.path.at);
    uint64_t resume = source_resume(follow->source);
    follow->offset = resume > follow->birth.start ? resume : follow->birth.start;
    follow->scanned = follow->offset;
    follow->is_remembered = false;
    return true;
}

static void ready_if_grown(struct tail *tail, struct follow *follow)
{
    bool is_last_line = tail->once || follow->is_finishing; /* an unterminated one counts now */
    if (follow->size > (is_last_line ? follow->offset : follow->scanned))
        source_ready(follow->source, true);
}

static void drop(struct tail *tail, struct follow *follow)
{
    if (follow->source)
        source_finish(follow->source);
    follows_remove(&tail->follows, follow);
}

/* What was seen of the file and is not read, for good. */
static void drop_unread(struct tail *tail, struct follow *follow, uint64_t size, const char *fate)
{
    if (follow->is_remembered && !open_source(tail, follow))
        return;
    uint64_t seen = size > follow->birth.check_offset ? size : follow->birth.check_offset;
    uint64_t read = follow->source ? source_read_until(follow->source) : UINT64_MAX;
    seen = read != UINT64_MAX && read > seen ? read : seen;
    if (follow->source && seen > follow->offset)
        host_alarm(tail->host, follow->birth.path.at,
                   "%s was %s with %llu bytes unread: they are lost", follow->birth.path.at, fate,
                   (unsigned long long)(seen - follow->offset));
    drop(tail, follow);
}

/* A new file, decided: minted a serial. */
static void start(struct tail *tail, struct follow *follow)
{
    bool at_end = tail->is_first_start && !tail->has_looked && tail->read_from == READ_FROM_END;
    follow->birth.serial = host_new_serial(tail->host);
    follow->birth.start = at_end ? follow->size : 0;
    follow->birth.head_len = 0; /* what it had when it was first seen may be long gone */
    (void)follow_renew_head(ports(tail), follow);
    if (!open_source(tail, follow))
        return;
    note_birth(tail, follow);
    ready_if_grown(tail, follow);
}

/* --- truncation
 * ------------------------------------------------------------------------------------- */

/* The inode begins anew as another file; a copy of what it was goes on under the old serial. */
static void truncated(struct tail *tail, struct follow *follow, uint64_t size_before)
{
    struct birth birth = {.device = follow->birth.device,
                          .inode = follow->birth.inode,
                          .born_ns = follow->birth.born_ns,
                          .path = follow->birth.path};
    struct follow *anew = follows_add(&tail->follows, &birth);
    if (!anew)
        return; /* no memory now: it stays truncated and is found so again */
    anew->pass = follow->pass;
    anew->size = follow->size;
    follow_give(follow, anew);
    if (copies_take(&tail->follows, follow)) {
        follow->pass = tail->finder.pass;
        note_birth(tail, follow);
        ready_if_grown(tail, follow);
    } else {
        drop_unread(tail, follow, size_before, "truncated");
    }
    start(tail, anew);
}

/* --- what stands at a path
 * --------------------------------------------------------------------------- */

/* False: it was truncated, and the follow may be gone. */
static bool check_size(struct tail *tail, struct follow *follow, const struct file_facts *facts)
{
    /* written anew and grown again: nobody knows how long it had been */
    uint64_t before = follow->is_truncated ? follow->scanned : follow->size;
    follow->size = facts->size;
    if (!follow->source)
        return true;
    if (follow->is_truncated || facts->size < follow->offset ||
        facts->size < follow->birth.check_offset) {
        truncated(tail, follow, before);
        return false;
    }
    if (facts->size < follow->scanned)
        follow->scanned = follow->offset; /* the unfinished line is not what it was */
    if (follow->birth.head_len == 0)
        (void)follow_renew_head(ports(tail), follow); /* so that a copy of it is known for one */
    ready_if_grown(tail, follow);
    return true;
}

/* It is found under this name. Where the old name still is the same inode, it has two. */
static void name_seen(struct tail *tail, struct follow *follow, struct str path)
{
    struct file_facts facts;
    const struct files *files = ports(tail);
    if (str_equal(follow->birth.path, path) ||
        (files->facts_at(files->self, follow->birth.path.at, true, &facts) == 0 &&
         birth_is_inode(&follow->birth, &facts)))
        return;
    (void)follow_rename(follow, path);
}

static bool open_or_alarm(struct tail *tail, struct follow *follow)
{
    int wrong = follow_open(&tail->follows, follow);
    const char *path = follow->birth.path.at;
    if (wrong == ESTALE || wrong == ENOENT)
        tail->finder.pass_wanted = true;
    else if (wrong)
        host_alarm(tail->host, path, "%s cannot be read: %s", path, strerror(wrong));
    follow->has_failed |= wrong != 0;
    return wrong == 0;
}

/* It was known before this run. */
static void recall(struct tail *tail, struct follow *follow, const struct file_facts *facts)
{
    if (!open_or_alarm(tail, follow))
        return;
    struct birth_probe probe = follow_probe(ports(tail), follow->fd, &follow->birth);
    enum birth_match match = birth_match(&follow->birth, facts, probe, follow->birth.path);
    uint64_t size_noted = follow->birth.check_offset;
    if (!open_source(tail, follow))
        return;
    follow->is_truncated = match != BIRTH_SAME;
    follow->size = follow->is_truncated ? size_noted : facts->size;
    follow->note_due = true;
    (void)check_size(tail, follow, facts);
}

/* The inode of a remembered file under a device number that was dealt anew. */
static struct follow *find_renumbered(struct tail *tail, const struct follow *young,
                                      const struct file_facts *facts)
{
    for (uint32_t i = 0; i < tail->follows.count; i++) {
        struct follow *old = tail->follows.all[i];
        if (!old->is_remembered || old->birth.inode != facts->inode)
            continue;
        struct birth_probe probe = follow_probe(ports(tail), young->fd, &old->birth);
        if (birth_match(&old->birth, facts, probe, young->birth.path) == BIRTH_SAME)
            return old;
    }
    return NULL;
}

static bool is_compressed(const struct tail *tail, const struct follow *follow)
{
    static const struct str magics[] = {{"\x1f\x8b", 2},
                                        {"\x28\xb5\x2f\xfd", 4},
                                        {"\xfd"
                                         "7zXZ",
                                         5},
                                        {"BZh", 3}};
    char bytes[6];
    size_t got = 0;
    (void)follow_read(ports(tail), follow->fd, (struct span_read){bytes, sizeof bytes, 0}, &got);
    for (size_t i = 0; i < COUNT(magics); i++)
        if (str_starts((struct str){bytes, got}, magics[i]))
            return true;
    return false;
}

/* An inode that is not followed yet. */
static void adopt(struct tail *tail, struct str path, const struct file_facts *facts)
{
    struct birth birth = {
        .device = facts->device, .inode = facts->inode, .born_ns = facts->born_ns, .path = path};
    struct follow *follow = follows_add(&tail->follows, &birth);
    if (!follow)
        return; /* no memory now: the next pass finds it again */
    follow->pass = tail->finder.pass;
    if (!open_or_alarm(tail, follow)) {
        follows_remove(&tail->follows, follow);
        return;
    }
    if (is_compressed(tail, follow)) {
        host_alarm(tail->host, path.at, "%s is compressed and not read; exclude it", path.at);
        follows_remove(&tail->follows, follow);
        return;
    }
    struct follow *old = find_renumbered(tail, follow, facts);
    if (old) {
        follow_give(follow, old);
        follows_remove(&tail->follows, follow);
        follow_move(&tail->follows, old, facts);
        recall(tail, old, facts);
        return;
    }
    (void)follow_renew_head(ports(tail), follow);
    tail->has_undecided = true;
}

static void found(void *context, struct str path, bool matches)
{
    struct tail *tail = context;
    struct file_facts facts;
    const char *refusal = finder_refusal(ports(tail), path.at, &facts);
    if (refusal) {
        if (refusal[0] && matches)
            host_alarm(tail->host, path.at, "%s %s", path.at, refusal);
        tail->finder.pass_wanted |= refusal[0] == '\0'; /* who had this name? */
        return;
    }
    struct follow *follow = follows_find(&tail->follows, &facts);
    if (!follow) {
        if (matches)
            adopt(tail, path, &facts);
        return;
    }
    follow->pass = tail->finder.pass;
    follow->is_away = false;
    name_seen(tail, follow, path);
    tail->has_undecided |= !follow->source;
    if (follow->is_remembered)
        recall(tail, follow, &facts);
    else
        (void)check_size(tail, follow, &facts);
}

static void trouble(void *context, struct str path, int sys)
{
    struct tail *tail = context;
    host_alarm(tail->host, path.at, "directory %s cannot be listed: %s; its files are not seen",
               path.at, strerror(sys));
}

/* --- looking everywhere
 * ------------------------------------------------------------------------------ */

/* Unlinked, but its writer may still have it open: finished when it has not grown for a while. */
static void unlinked(struct tail *tail, struct follow *follow, const struct file_facts *facts)
{
    bool has_grown = facts->size != follow->size;
    bool is_new = !follow->is_unlinked;
    follow->is_unlinked = true;
    tail->unlinked++;
    if (is_new || has_grown)
        follow->due_ns = tail->mono_ns + FINISH_NS;
    follow->is_finishing = tail->once || tail->mono_ns >= follow->due_ns;
    if (!check_size(tail, follow, facts))
        return;
    if (follow->is_finishing && (!follow->source || follow->offset >= facts->size))
        drop(tail, follow);
}

/* No name that matches led to it. */
static void look_unseen(struct tail *tail, struct follow *follow)
{
    const struct files *files = ports(tail);
    struct file_facts facts, named;
    bool is_open = follow->fd >= 0 && files->facts(files->self, follow->fd, &facts) == 0;
    bool is_named = files->facts_at(files->self, follow->birth.path.at, true, &named) == 0 &&
                    birth_is_inode(&follow->birth, &named);
    if (is_open && facts.links == 0) {
        unlinked(tail, follow, &facts);
    } else if (is_open || (is_named && !follow->is_remembered)) {
        tail->missing += !is_named && !follow->is_away;
        (void)check_size(tail, follow, is_open ? &facts : &named);
    } else if (is_named) {
        recall(tail, follow, &named);
    } else {
        tail->missing += !follow->is_away;
    }
}

static void sweep(struct tail *tail)
{
    tail->missing = tail->unlinked = 0;
    for (uint32_t i = tail->follows.count; i-- > 0;) {
        struct follow *follow = tail->follows.all[i];
        if (follow->source && follow->note_due)
            note_birth(tail, follow);
        if (follow->pass != tail->finder.pass)
            look_unseen(tail, follow);
    }
}

static bool can_be_listed(const struct tail *tail, struct str path)
{
    struct cut cut = str_cut_last(path, '/');
    char directory[BIRTH_PATH_BYTES];
    struct file_facts facts;
    const struct files *files = ports(tail);
    str_z(cut.found ? str_slice(path, 0, cut.head.len + 1) : STR("."), directory, sizeof directory);
    return files->facts_at(files->self, directory, true, &facts) == 0 && facts.is_directory;
}

/* All names were looked at and it has none of them. */
static void settle_missing(struct tail *tail)
{
    for (uint32_t i = tail->follows.count; i-- > 0;) {
        struct follow *follow = tail->follows.all[i];
        if (follow->pass == tail->finder.pass || follow->is_unlinked || follow->is_away)
            continue;
        struct file_facts facts;
        bool is_named =
            ports(tail)->facts_at(ports(tail)->self, follow->birth.path.at, true, &facts) == 0 &&
            birth_is_inode(&follow->birth, &facts);
        follow->is_away = follow->fd >= 0 || !can_be_listed(tail, follow->birth.path);
        if (!is_named && !follow->is_away)
            drop_unread(tail, follow, follow->size, "removed");
    }
}

static void look_everywhere(struct tail *tail)
{
    finder_pass(&tail->finder, false);
    sweep(tail);
    if (tail->missing) {
        finder_pass(&tail->finder, true);
        settle_missing(tail);
    }
    bool has_notices = ports(tail)->watch_fd(ports(tail)->self) >= 0 && !tail->finder.is_incomplete;
    bool is_slow = has_notices && !tail->unlinked;
    tail->finder.pass_wanted = false;
    tail->passed_ns = tail->mono_ns;
    tail->pass_at_ns = tail->mono_ns + tail->poll_ns * (is_slow ? PASSES_WITH_NOTICES : 1);
}

/* What read() found written anew. */
static void begin_truncated_anew(struct tail *tail)
{
    tail->has_truncated = false;
    for (uint32_t i = tail->follows.count; i-- > 0;) {
        struct follow *follow = tail->follows.all[i];
        struct file_facts facts;
        if (follow->is_truncated && follow->fd >= 0 &&
            ports(tail)->facts(ports(tail)->self, follow->fd, &facts) == 0)
            (void)check_size(tail, follow, &facts);
    }
}

static bool is_undecided(struct tail *tail, struct follow *follow)
{
    return !follow->source && !follow->is_remembered && follow_open(&tail->follows, follow) == 0;
}

/* What those without a source are by now: they are compared with each other as well. */
static void look_undecided(struct tail *tail)
{
    for (uint32_t i = 0; i < tail->follows.count; i++) {
        struct follow *follow = tail->follows.all[i];
        struct file_facts facts;
        if (is_undecided(tail, follow) &&
            ports(tail)->facts(ports(tail)->self, follow->fd, &facts) == 0) {
            follow->size = facts.size;
            (void)follow_renew_head(ports(tail), follow);
        }
    }
}

/* Empty ones wait for their first bytes, what may be a copy for its original's cut. */
static void decide(struct tail *tail)
{
    bool is_first = tail->is_first_start && !tail->has_looked; /* then copies are files as well */
    tail->has_undecided = false;
    look_undecided(tail);
    for (uint32_t i = tail->follows.count; i-- > 0;) {
        struct follow *follow = tail->follows.all[i];
        if (!is_undecided(tail, follow) || follow->size == 0)
            continue;
        bool may_wait = !is_first && !tail->once && !follow->is_unlinked;
        if (may_wait && copies_suspect(&tail->follows, follow)) {
            tail->has_truncated = true; /* perhaps: its original may have been cut by now */
            if (follow->due_ns == 0)
                follow->due_ns = tail->mono_ns + COPY_NS;
            if (tail->mono_ns < follow->due_ns) {
                tail->has_undecided = true;
                continue;
            }
        }
        start(tail, follow);
    }
}

/* --- what the engine calls
 * ---------------------------------------------------------------------------- */

static void remember(void *context, struct str key, struct str note, uint64_t resume)
{
    struct tail *tail = context;
    struct birth birth;
    tail->is_first_start = false;
    if (!birth_read(note, &birth)) {
        host_alarm(tail->host, "note",
                   "what is remembered of %.*s cannot be read: its file is new to us",
                   STR_ARG(key));
        return;
    }
    struct follow *follow = follows_add(&tail->follows, &birth);
    if (!follow)
        return;
    follow->is_remembered = true;
    follow->resume = resume;
}

static enum code tail_open(void *self, struct host *host, struct why *why)
{
    struct tail *tail = self;
    tail->host = host;
    tail->is_first_start = true;
    buffer_init(&tail->note, NOTE_BYTES_MAX);
    follows_init(&tail->follows, host_files(host));
    for (size_t i = 0; i < tail->path.count; i++)
        if (tail->path.texts[i].len == 0)
            return fail(why, BAD_CONFIG, "%s: an empty path names no file", host_where(host));
    struct finder_sink sink = {tail, found, trouble};
    finder_init(&tail->finder, host_files(host), sink);
    tail->finder.paths = &tail->path;
    tail->finder.excludes = &tail->exclude;
    host_each_known(host, remember, tail);
    return OK;
}

static int64_t tail_watch(void *self, struct host *host, int64_t mono_ns, bool once)
{
    struct tail *tail = self;
    (void)host;
    tail->mono_ns = mono_ns;
    tail->once = once;
    finder_notices(&tail->finder);
    if (tail->finder.pass_wanted && tail->pass_at_ns > tail->passed_ns + SETTLE_NS)
        tail->pass_at_ns = tail->passed_ns + SETTLE_NS;
    if (!tail->has_looked || mono_ns >= tail->pass_at_ns)
        look_everywhere(tail);
    if (tail->has_truncated)
        begin_truncated_anew(tail);
    if (tail->has_undecided)
        decide(tail);
    if (tail->has_truncated)
        begin_truncated_anew(tail);
    tail->has_looked = true;
    int64_t soon = mono_ns + tail->poll_ns;
    return tail->has_undecided && soon < tail->pass_at_ns ? soon : tail->pass_at_ns;
}

static int tail_wakeup(void *self)
{
    const struct tail *tail = self;
    return ports(tail)->watch_fd(ports(tail)->self);
}

/* One field for all events of the batch; whoever edits an event makes an index of its own. The path
 * is a copy, since a finished file goes before its last batch. */
static void name_file(struct batch *batch, uint32_t first, struct str path)
{
    struct field *field = batch->count > first ? arena_take(batch->arena, sizeof *field) : NULL;
    struct str copy = field ? arena_copy(batch->arena, path) : (struct str){NULL, 0};
    if (!copy.at)
        return;
    *field = (struct field){.key = str_from(slot_name(SLOT_LOG_FILE_PATH)),
                            .value = {.kind = VALUE_TEXT, .text = copy},
                            .slot = SLOT_LOG_FILE_PATH};
    for (uint32_t i = first; i < batch->count; i++) {
        struct event *event = &batch->events[i];
        if (event->count) { /* cut or partial: it has fields already */
            (void)event_set_slot(event, SLOT_LOG_FILE_PATH, field->value, batch->arena);
            continue;
        }
        event->fields = field;
        event->count = event->room = 1;
        event->slots[SLOT_LOG_FILE_PATH] = 1;
        event->flags |= EVENT_SHARED | EVENT_EDITED;
    }
}

static enum read_result tail_read(void *self, struct source *source, struct batch *batch,
                                  bool final)
{
    struct tail *tail = self;
    struct follow *follow = source_mine(source);
    struct reading reading = {ports(tail), (size_t)tail->line_max_bytes, READ_BYTES,
                              source_read_until(source), final || follow->is_finishing};
    uint32_t first = batch->count;
    int sys = 0;
    if (!open_or_alarm(tail, follow))
        return READ_AT_END;
    enum reading_result result = reading_step(&reading, follow, batch, &sys);
    if (result == READING_FAILED)
        host_alarm(tail->host, follow->birth.path.at, "%s cannot be read: %s",
                   follow->birth.path.at, strerror(sys));
    follow->is_truncated |= result == READING_TRUNCATED;
    if (tail->file_path)
        name_file(batch, first, follow->birth.path);
    if (follow->birth.head_len < BIRTH_HEAD_BYTES)
        (void)follow_renew_head(ports(tail), follow);
    tail->has_truncated |= follow->is_truncated;
    if (batch->bytes || follow->note_due)
        note_birth(tail, follow);
    if (result == READING_MORE)
        return READ_SOME;
    if (result != READING_AT_END || !follow->is_finishing)
        return READ_AT_END;
    follows_remove(&tail->follows, follow);
    return READ_ENDED;
}

static void tail_close(void *self)
{
    struct tail *tail = self;
    finder_clear(&tail->finder);
    follows_clear(&tail->follows);
    buffer_clear(&tail->note);
}

const struct input input_tail = {
    .name = "tail",
    .summary = "Follow files by globs, through rotation, truncation and deletion.",
    .settings = settings,
    .size = sizeof(struct tail),
    .open = tail_open,
    .watch = tail_watch,
    .wakeup = tail_wakeup,
    .read = tail_read,
    .close = tail_close,
};
