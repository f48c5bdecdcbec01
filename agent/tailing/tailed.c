/* agent/tailing/tailed.c - one followed file as a source.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/tailing/tailing.h"

#include <errno.h>
#include <string.h>

#include "agent/data/plain.h"
#include "agent/tailing/copies.h"
#include "agent/tailing/rescue.h"

static const struct files *ports(const struct tailing *tailing)
{
    return tailing->follows.files;
}

void tailed_note(struct tailing *tailing, struct follow *follow)
{
    buffer_reset(&tailing->note);
    birth_write(&follow->birth, &tailing->note);
    if (tailing->note.full)
        return; /* no memory now: the next note says it all again */
    source_note(follow->source, buffer_str(&tailing->note));
    follow->note_due = false;
}

bool tailed_resume(struct tailing *tailing, struct follow *follow)
{
    char key[BIRTH_KEY_BYTES];
    struct str name = birth_key(follow->birth.serial, key);
    follow->source = source_open(tailing->host, name, name, follow);
    if (!follow->source) {
        host_alarm(tailing->host, "sources",
                   "too many files: %s is not read; narrow the globs of %s", follow->birth.path.at,
                   host_where(tailing->host));
        return false;
    }
    host_recovered(tailing->host, follow->birth.path.at, "%s is read now", follow->birth.path.at);
    if (follow->is_rotated)
        source_leaves(follow->source);
    uint64_t resume = source_resume(follow->source);
    follow->offset = resume > follow->birth.start ? resume : follow->birth.start;
    follow->scanned = follow->offset;
    follow->is_remembered = false;
    return true;
}

static void ready_if_grown(struct tailing *tailing, struct follow *follow)
{
    bool is_last_line = tailing->once || follow->is_finishing; /* an unterminated one counts now */
    if (follow->size > (is_last_line ? follow->offset : follow->scanned))
        source_ready(follow->source, true);
}

void tailed_drop(struct tailing *tailing, struct follow *follow)
{
    if (follow->source) {
        source_leaves(follow->source); /* what is open of it can be read nowhere else */
        source_finish(follow->source);
    }
    rescue_forget(tailing, follow);
    follows_remove(&tailing->follows, follow);
}

void tailed_lose(struct tailing *tailing, struct follow *follow, uint64_t size, const char *fate)
{
    if (follow->is_remembered && !tailed_resume(tailing, follow))
        return;
    uint64_t seen = size > follow->birth.check_offset ? size : follow->birth.check_offset;
    uint64_t read = follow->source ? source_read_until(follow->source) : UINT64_MAX;
    seen = read != UINT64_MAX && read > seen ? read : seen;
    if (follow->source && seen > follow->offset)
        host_alarm(tailing->host, follow->birth.path.at,
                   "%s was %s with %llu bytes unread: they are lost", follow->birth.path.at, fate,
                   (unsigned long long)(seen - follow->offset));
    tailed_drop(tailing, follow);
}

/* Its lines would come through, and nobody could read them. */
static void warn_of_encoding(struct tailing *tailing, const struct follow *follow)
{
    char mark[2];
    size_t got = 0;
    int wrong = follow->fd < 0 ? EBADF
                               : follow_read(ports(tailing), follow->fd,
                                             (struct span_read){mark, sizeof mark, 0}, &got);
    bool is_utf16 = !wrong && got == sizeof mark &&
                    (memcmp(mark, "\xFF\xFE", 2) == 0 || memcmp(mark, "\xFE\xFF", 2) == 0);
    if (is_utf16)
        host_alarm(
            tailing->host, follow->birth.path.at,
            "%s is written in UTF-16: its lines are kept as they are, without time, level or "
            "fields; let its program write UTF-8",
            follow->birth.path.at);
}

void tailed_start(struct tailing *tailing, struct follow *follow)
{
    bool at_end = tailing->is_first_start && !tailing->has_looked && tailing->from_end;
    follow->birth.serial = host_new_serial(tailing->host);
    follow->birth.start = at_end ? follow->size : 0;
    follow->birth.head_len = 0; /* what it had when it was first seen may be long gone */
    (void)follow_renew_head(ports(tailing), follow);
    if (!tailed_resume(tailing, follow))
        return;
    warn_of_encoding(tailing, follow);
    tailed_note(tailing, follow);
    ready_if_grown(tailing, follow);
}

bool tailed_open(struct tailing *tailing, struct follow *follow)
{
    int wrong = follow_open(&tailing->follows, follow);
    const char *path = follow->birth.path.at;
    if (wrong == ESTALE || wrong == ENOENT)
        tailing->finder.pass_wanted = true;
    else if (wrong)
        host_alarm(tailing->host, path, "%s cannot be read: %s", path, strerror(wrong));
    follow->has_failed |= wrong != 0;
    return wrong == 0;
}

/* The inode begins anew as another file; a copy of what it was goes on under the old serial. */
static void truncated(struct tailing *tailing, struct follow *follow, uint64_t size_before)
{
    struct birth birth = {.device = follow->birth.device,
                          .inode = follow->birth.inode,
                          .born_ns = follow->birth.born_ns,
                          .path = follow->birth.path};
    struct follow *anew = follows_add(&tailing->follows, &birth);
    if (!anew)
        return; /* no memory now: it stays truncated and is found so again */
    anew->pass = follow->pass;
    anew->size = follow->size;
    follow_give(follow, anew);
    if (copies_take(&tailing->follows, follow)) {
        follow->pass = tailing->finder.pass;
        tailed_note(tailing, follow);
        ready_if_grown(tailing, follow);
    } else {
        tailed_lose(tailing, follow, size_before, "truncated");
    }
    tailed_start(tailing, anew);
}

/* Touched and as long as what was read of it: perhaps cut to nothing and filled again meanwhile.
 * What is longer is looked at when it is read. */
static bool is_written_over(struct tailing *tailing, struct follow *follow,
                            const struct file_facts *facts)
{
    bool is_touched = follow->modified_ns && facts->modified_ns != follow->modified_ns;
    return is_touched && facts->size == follow->offset && facts->size == follow->size &&
           facts->size > 0 && (follow->fd >= 0 || tailed_open(tailing, follow)) &&
           !follow_probe(ports(tailing), follow->fd, &follow->birth).check;
}

bool tailed_check(struct tailing *tailing, struct follow *follow, const struct file_facts *facts)
{
    if (follow->source)
        follow->is_truncated |= is_written_over(tailing, follow, facts);
    follow->modified_ns = facts->modified_ns;
    /* written anew and grown again: nobody knows how long it had been */
    uint64_t before = follow->is_truncated ? follow->scanned : follow->size;
    follow->size = facts->size;
    if (!follow->source)
        return true;
    if (follow->is_truncated || facts->size < follow->offset ||
        facts->size < follow->birth.check_offset) {
        truncated(tailing, follow, before);
        return false;
    }
    if (facts->size < follow->scanned)
        follow->scanned = follow->offset; /* the unfinished line is not what it was */
    if (follow->birth.head_len == 0)
        (void)follow_renew_head(ports(tailing), follow); /* so that a copy of it is known for one */
    ready_if_grown(tailing, follow);
    return true;
}

/* One field for all events of the batch; whoever edits an event makes an index of its own. The path
 * is the follow's own: files are renamed and dropped only between batches. */
static void name_file(struct batch *batch, uint32_t first, struct str path)
{
    struct field *field = batch->count > first ? arena_take(batch->arena, sizeof *field) : NULL;
    if (!field)
        return;
    enum value_kind kind = is_plain_text(path) ? VALUE_STRING : VALUE_TEXT;
    *field = (struct field){.key = str_from(slot_name(SLOT_LOG_FILE_PATH)),
                            .value = {.kind = kind, .text = path},
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

enum read_result tailed_read(struct tailing *tailing, struct follow *follow, struct batch *batch,
                             bool final)
{
    struct reading reading = {ports(tailing), tailing->line_max, READ_BYTES,
                              source_read_until(follow->source), final || follow->is_finishing};
    uint32_t first = batch->count;
    int sys = 0;
    if (!tailed_open(tailing, follow))
        return READ_AT_END;
    enum reading_result result = reading_step(&reading, follow, batch, &sys);
    const char *path = follow->birth.path.at;
    if (result == READING_FAILED)
        host_alarm(tailing->host, path, "%s cannot be read: %s", path, strerror(sys));
    else if (follow->has_failed)
        host_recovered(tailing->host, path, "%s can be read again", path);
    follow->has_failed = result == READING_FAILED;
    follow->is_truncated |= result == READING_TRUNCATED;
    if (tailing->names_files)
        name_file(batch, first, follow->birth.path);
    if (follow->birth.head_len < BIRTH_HEAD_BYTES)
        (void)follow_renew_head(ports(tailing), follow);
    tailing->has_truncated |= follow->is_truncated;
    if (batch->bytes || follow->note_due)
        tailed_note(tailing, follow);
    if (result == READING_MORE)
        return READ_SOME;
    return READ_AT_END;
}
