/* agent/tailing/tailing.c - finding the files to tail, and what became of them.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/tailing/tailing.h"

#include <errno.h>
#include <string.h>

#include "agent/tailing/copies.h"
#include "agent/tailing/rescue.h"

#define NS_PER_MS INT64_C(1000000)

/* After a rename or deletion, before looking at everything. */
static const int64_t SETTLE_NS = 50 * NS_PER_MS;
/* An unlinked file that grew no more for this long is finished. */
static const int64_t FINISH_NS = 5000 * NS_PER_MS;
/* Most that is open of a deleted file has its outcome by then; the rest is worth a copy. */
static const int64_t RESCUE_NS = 1000 * NS_PER_MS;
/* A copy that nothing was cut for by then is a file of its own. */
static const int64_t COPY_NS = 60000 * NS_PER_MS;
/* Where there are notices, everything is looked at this many times less often. */
enum { POLLS_PER_PASS = 10 };

static const struct files *ports(const struct tailing *tailing)
{
    return tailing->follows.files;
}

/* It is found under this name. Where the old name still is the same inode, it has two. */
static void name_seen(struct tailing *tailing, struct follow *follow, struct str path)
{
    struct file_facts facts;
    const struct files *files = ports(tailing);
    if (str_equal(follow->birth.path, path) ||
        (files->facts_at(files->self, follow->birth.path.at, true, &facts) == 0 &&
         birth_is_inode(&follow->birth, &facts)))
        return;
    (void)follow_rename(follow, path);
    follow->is_rotated = true;
    if (follow->source)
        source_leaves(follow->source);
}

/* It was known before this run. */
static void recall(struct tailing *tailing, struct follow *follow, const struct file_facts *facts)
{
    if (!tailed_open(tailing, follow))
        return;
    struct birth_probe probe = follow_probe(ports(tailing), follow->fd, &follow->birth);
    enum birth_match match = birth_match(&follow->birth, facts, probe, follow->birth.path);
    uint64_t size_noted = follow->birth.check_offset;
    if (!tailed_resume(tailing, follow))
        return;
    follow->is_truncated = match != BIRTH_SAME;
    follow->size = follow->is_truncated ? size_noted : facts->size;
    follow->note_due = true;
    (void)tailed_check(tailing, follow, facts);
}

/* The inode of a remembered file under a device number that was dealt anew. */
static struct follow *find_renumbered(struct tailing *tailing, const struct follow *young,
                                      const struct file_facts *facts)
{
    for (uint32_t i = 0; i < tailing->follows.count; i++) {
        struct follow *old = tailing->follows.all[i];
        if (!old->is_remembered || old->birth.inode != facts->inode)
            continue;
        struct birth_probe probe = follow_probe(ports(tailing), young->fd, &old->birth);
        if (birth_match(&old->birth, facts, probe, young->birth.path) == BIRTH_SAME)
            return old;
    }
    return NULL;
}

static bool is_compressed(const struct tailing *tailing, const struct follow *follow)
{
    static const struct str magics[] = {{"\x1f\x8b", 2},
                                        {"\x28\xb5\x2f\xfd", 4},
                                        {"\xfd"
                                         "7zXZ",
                                         5},
                                        {"BZh", 3}};
    char bytes[16]; /* more than the longest */
    size_t got = 0;
    (void)follow_read(ports(tailing), follow->fd, (struct span_read){bytes, sizeof bytes, 0}, &got);
    for (size_t i = 0; i < COUNT(magics); i++)
        if (str_starts((struct str){bytes, got}, magics[i]))
            return true;
    return false;
}

static bool has_name(const struct tailing *tailing, struct str path)
{
    for (uint32_t i = 0; i < tailing->follows.count; i++)
        if (str_equal(tailing->follows.all[i]->birth.path, path))
            return true;
    return false;
}

/* An inode that is not followed yet. */
static void adopt(struct tailing *tailing, struct str path, const struct file_facts *facts)
{
    struct birth birth = {
        .device = facts->device, .inode = facts->inode, .born_ns = facts->born_ns, .path = path};
    if (tailing->has_looked && has_name(tailing, path))
        tailing->finder.pass_wanted = true; /* what became of the one that had this name? */
    struct follow *follow = follows_add(&tailing->follows, &birth);
    if (!follow)
        return; /* no memory now: the next pass finds it again */
    follow->pass = tailing->finder.pass;
    if (!tailed_open(tailing, follow)) {
        follows_remove(&tailing->follows, follow);
        return;
    }
    if (is_compressed(tailing, follow)) {
        host_alarm(tailing->host, path.at, "%s is compressed and not read; exclude it", path.at);
        follows_remove(&tailing->follows, follow);
        return;
    }
    struct follow *old = find_renumbered(tailing, follow, facts);
    if (old) {
        follow_give(follow, old);
        follows_remove(&tailing->follows, follow);
        follow_move(&tailing->follows, old, facts);
        recall(tailing, old, facts);
        return;
    }
    (void)follow_renew_head(ports(tailing), follow);
    tailing->has_undecided = true;
}

static void found(void *context, struct str path, bool matches)
{
    struct tailing *tailing = context;
    struct file_facts facts;
    const char *refusal = finder_refusal(ports(tailing), path.at, &facts);
    if (refusal) {
        if (refusal[0] && matches)
            host_alarm(tailing->host, path.at, "%s %s", path.at, refusal);
        tailing->finder.pass_wanted |= refusal[0] == '\0'; /* who had this name? */
        return;
    }
    struct follow *follow = follows_find(&tailing->follows, &facts);
    if (!follow) {
        if (matches)
            adopt(tailing, path, &facts);
        return;
    }
    follow->pass = tailing->finder.pass;
    follow->is_away = false;
    name_seen(tailing, follow, path);
    tailing->has_undecided |= !follow->source;
    if (follow->is_remembered)
        recall(tailing, follow, &facts);
    else
        (void)tailed_check(tailing, follow, &facts);
}

static void trouble(void *context, struct str path, int sys)
{
    struct tailing *tailing = context;
    host_alarm(tailing->host, path.at, "directory %s cannot be listed: %s; its files are not seen",
               path.at, strerror(sys));
}

/* Unlinked, but its writer may still have it open: finished when it has not grown for a while. */
static void unlinked(struct tailing *tailing, struct follow *follow, const struct file_facts *facts)
{
    bool has_grown = facts->size != follow->size;
    bool is_new = !follow->is_unlinked;
    follow->is_unlinked = true;
    if (is_new && follow->source)
        source_leaves(follow->source);
    tailing->unlinked++;
    if (is_new)
        follow->rescue_ns = tailing->mono_ns + RESCUE_NS;
    if (is_new || has_grown)
        follow->due_ns = tailing->mono_ns + FINISH_NS;
    bool is_copy = facts->links > 0; /* of the last run; its writer knows nothing of it */
    follow->is_finishing = tailing->once || is_copy || tailing->mono_ns >= follow->due_ns;
    if (!tailed_check(tailing, follow, facts))
        return;
    if (is_copy && follow->source && follow->offset >= facts->size)
        (void)source_lose(follow->source); /* what had not been copied */
    bool is_needed =
        follow->source && (follow->offset < facts->size || source_is_open(follow->source));
    bool is_new_to_us = !follow->source && facts->size > 0; /* it was empty when it was seen */
    tailing->has_undecided |= is_new_to_us;
    if (!is_needed && !is_new_to_us && follow->is_finishing)
        tailed_drop(tailing, follow);
    else if (is_needed && tailing->mono_ns >= follow->rescue_ns)
        tailing->has_more_to_copy |= rescue_step(tailing, follow);
}

/* No name that matches led to it. */
static void look_unseen(struct tailing *tailing, struct follow *follow)
{
    const struct files *files = ports(tailing);
    struct file_facts facts, named;
    bool is_open = follow->fd >= 0 && files->facts(files->self, follow->fd, &facts) == 0;
    bool is_named = files->facts_at(files->self, follow->birth.path.at, true, &named) == 0 &&
                    birth_is_inode(&follow->birth, &named);
    if (is_open && (facts.links == 0 || follow->has_copy)) {
        unlinked(tailing, follow, &facts);
    } else if (is_open || (is_named && !follow->is_remembered)) {
        tailing->missing += !is_named && !follow->is_away;
        (void)tailed_check(tailing, follow, is_open ? &facts : &named);
    } else if (is_named) {
        recall(tailing, follow, &named);
    } else {
        tailing->missing += !follow->is_away;
    }
}

static void sweep(struct tailing *tailing)
{
    tailing->missing = tailing->unlinked = 0;
    tailing->has_more_to_copy = false;
    for (uint32_t i = tailing->follows.count; i-- > 0;) {
        struct follow *follow = tailing->follows.all[i];
        if (follow->source && follow->note_due)
            tailed_note(tailing, follow);
        if (follow->pass != tailing->finder.pass)
            look_unseen(tailing, follow);
    }
}

static bool can_be_listed(const struct tailing *tailing, struct str path)
{
    struct cut cut = str_cut_last(path, '/');
    char directory[BIRTH_PATH_BYTES];
    struct file_facts facts;
    const struct files *files = ports(tailing);
    str_z(cut.found ? str_slice(path, 0, cut.head.len + 1) : STR("."), directory, sizeof directory);
    return files->facts_at(files->self, directory, true, &facts) == 0 && facts.is_directory;
}

/* Deleted, but what is open of it was copied. */
static bool recall_copy(struct tailing *tailing, struct follow *follow)
{
    struct file_facts facts;
    if (!rescue_recall(tailing, follow, &facts))
        return false;
    if (tailed_resume(tailing, follow)) {
        source_leaves(follow->source);
        unlinked(tailing, follow, &facts);
    }
    return true;
}

/* All names were looked at and it has none of them. */
static void settle_missing(struct tailing *tailing)
{
    for (uint32_t i = tailing->follows.count; i-- > 0;) {
        struct follow *follow = tailing->follows.all[i];
        if (follow->pass == tailing->finder.pass || follow->is_unlinked || follow->is_away)
            continue;
        struct file_facts facts;
        bool is_named = ports(tailing)->facts_at(ports(tailing)->self, follow->birth.path.at, true,
                                                 &facts) == 0 &&
                        birth_is_inode(&follow->birth, &facts);
        follow->is_away = follow->fd >= 0 || !can_be_listed(tailing, follow->birth.path);
        if (is_named || follow->is_away)
            continue;
        if (!follow->is_remembered || !recall_copy(tailing, follow))
            tailed_lose(tailing, follow, follow->size, "removed");
    }
}

static void look_everywhere(struct tailing *tailing)
{
    finder_pass(&tailing->finder, false);
    sweep(tailing);
    if (tailing->missing) {
        finder_pass(&tailing->finder, true);
        settle_missing(tailing);
    }
    bool has_notices =
        ports(tailing)->watch_fd(ports(tailing)->self) >= 0 && !tailing->finder.is_incomplete;
    bool is_slow = has_notices && !tailing->unlinked;
    tailing->finder.pass_wanted = false;
    tailing->passed_ns = tailing->mono_ns;
    int64_t pause_ns = tailing->poll_ns * (is_slow ? POLLS_PER_PASS : 1);
    tailing->pass_at_ns = tailing->mono_ns + (tailing->has_more_to_copy ? SETTLE_NS : pause_ns);
}

/* What read() found written anew. */
static void begin_truncated_anew(struct tailing *tailing)
{
    tailing->has_truncated = false;
    for (uint32_t i = tailing->follows.count; i-- > 0;) {
        struct follow *follow = tailing->follows.all[i];
        struct file_facts facts;
        if (follow->is_truncated && follow->fd >= 0 &&
            ports(tailing)->facts(ports(tailing)->self, follow->fd, &facts) == 0)
            (void)tailed_check(tailing, follow, &facts);
    }
}

static bool is_undecided(struct tailing *tailing, struct follow *follow)
{
    return !follow->source && !follow->is_remembered && follow_open(&tailing->follows, follow) == 0;
}

/* What those without a source are by now: they are compared with each other as well. */
static void look_undecided(struct tailing *tailing)
{
    for (uint32_t i = 0; i < tailing->follows.count; i++) {
        struct follow *follow = tailing->follows.all[i];
        struct file_facts facts;
        if (is_undecided(tailing, follow) &&
            ports(tailing)->facts(ports(tailing)->self, follow->fd, &facts) == 0) {
            follow->size = facts.size;
            follow->modified_ns = facts.modified_ns;
            (void)follow_renew_head(ports(tailing), follow);
        }
    }
}

/* Empty ones wait for their first bytes, what may be a copy for its original's cut. */
static void decide(struct tailing *tailing)
{
    bool is_first =
        tailing->is_first_start && !tailing->has_looked; /* then copies are files as well */
    tailing->has_undecided = false;
    look_undecided(tailing);
    for (uint32_t i = tailing->follows.count; i-- > 0;) {
        struct follow *follow = tailing->follows.all[i];
        if (!is_undecided(tailing, follow) || follow->size == 0)
            continue;
        bool may_wait = !is_first && !tailing->once && !follow->is_unlinked;
        if (may_wait && copies_suspect(&tailing->follows, follow)) {
            tailing->has_truncated = true; /* perhaps: its original may have been cut by now */
            if (follow->due_ns == 0)
                follow->due_ns = tailing->mono_ns + COPY_NS;
            if (tailing->mono_ns < follow->due_ns) {
                tailing->has_undecided = true;
                continue;
            }
        }
        tailed_start(tailing, follow);
    }
}

static void remember(void *context, struct str key, struct str note, uint64_t resume)
{
    struct tailing *tailing = context;
    struct birth birth;
    tailing->is_first_start = false;
    if (!birth_read(note, &birth)) {
        host_alarm(tailing->host, "note",
                   "what is remembered of %.*s cannot be read: its file is new to us",
                   STR_ARG(key));
        return;
    }
    struct follow *follow = follows_add(&tailing->follows, &birth);
    if (!follow)
        return;
    follow->is_remembered = true;
    follow->resume = resume;
}

void tailing_open(struct tailing *tailing, struct host *host)
{
    tailing->host = host;
    tailing->is_first_start = true;
    buffer_init(&tailing->note, NOTE_BYTES_MAX);
    follows_init(&tailing->follows, host_files(host));
    struct finder_sink sink = {tailing, found, trouble};
    finder_init(&tailing->finder, host_files(host), sink);
    host_each_known(host, remember, tailing);
    rescue_tidy(tailing);
}

/* What was deleted a moment ago, and is open still. */
static void rescue_all(struct tailing *tailing)
{
    for (uint32_t i = 0; i < tailing->follows.count; i++) {
        struct follow *follow = tailing->follows.all[i];
        if (!follow->is_unlinked || !follow->source ||
            (follow->offset >= follow->size && !source_is_open(follow->source)))
            continue;
        while (rescue_step(tailing, follow)) {
        }
    }
}

void tailing_close(struct tailing *tailing)
{
    rescue_all(tailing);
    finder_clear(&tailing->finder);
    follows_clear(&tailing->follows);
    if (tailing->note.max)
        buffer_clear(&tailing->note);
}

int64_t tailing_watch(struct tailing *tailing, int64_t mono_ns, bool once)
{
    tailing->mono_ns = mono_ns;
    tailing->once = once;
    finder_notices(&tailing->finder);
    if (tailing->finder.pass_wanted && tailing->pass_at_ns > tailing->passed_ns + SETTLE_NS)
        tailing->pass_at_ns = tailing->passed_ns + SETTLE_NS;
    if (!tailing->has_looked || mono_ns >= tailing->pass_at_ns)
        look_everywhere(tailing);
    if (tailing->has_truncated)
        begin_truncated_anew(tailing);
    if (tailing->has_undecided)
        decide(tailing);
    if (tailing->has_truncated)
        begin_truncated_anew(tailing);
    tailing->has_looked = true;
    int64_t soon = mono_ns + tailing->poll_ns;
    return tailing->has_undecided && soon < tailing->pass_at_ns ? soon : tailing->pass_at_ns;
}
