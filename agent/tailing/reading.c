/* agent/tailing/reading.c - reading what comes next in a followed file.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/tailing/reading.h"

#include <errno.h>
#include <string.h>

#include "agent/data/lines.h"
#include "agent/must.h"

enum {
    PADDING = 64,    /* zeroes behind the bytes, so that vector code may look past the end */
    SCAN_STEPS = 32, /* reads looked through for a line end before others have their turn */
};

struct step { /* what the parts of one reading_step() share */
    const struct reading *how;
    struct follow *follow;
    struct batch *batch;
    uint64_t limit; /* bytes from here on are not looked at */
    bool final;     /* what ends at the limit is whole */
    int sys;
};

static size_t before(uint64_t offset)
{
    return offset < BIRTH_CHECK_BYTES ? (size_t)offset : BIRTH_CHECK_BYTES;
}

static enum reading_result failed(struct step *step, int sys)
{
    step->sys = sys;
    return READING_FAILED;
}

/* at: the byte at `offset`; those before it are there as well. */
static bool is_as_checked(const struct birth *birth, uint64_t offset, const char *at)
{
    size_t size = before(offset);
    return size == 0 || birth->check_offset != offset ||
           birth_hash(at - size, size) == birth->check_hash;
}

/* at: the byte at the new offset. While a restart reads again what was read, the check stays ahead.
 */
static void move_to(struct follow *follow, uint64_t offset, const char *at)
{
    size_t size = before(offset);
    follow->offset = offset;
    if (follow->scanned < offset)
        follow->scanned = offset;
    if (offset < follow->birth.check_offset)
        return;
    follow->birth.check_offset = offset;
    follow->birth.check_hash = birth_hash(at - size, size);
}

static enum reading_result where(const struct step *step, bool is_batch_full)
{
    if (is_batch_full || step->limit < step->follow->size)
        return READING_MORE;
    return step->follow->scanned < step->follow->size ? READING_MORE : READING_AT_END;
}

/* The beginning of this line was an event already: a lone line end is no blank line, it only ends
 * that one. */
static size_t lone_end(struct str bytes)
{
    return str_starts(bytes, STR("\n")) ? 1 : str_starts(bytes, STR("\r\n")) ? 2 : 0;
}

static void mark_first(struct batch *batch, uint32_t first, uint64_t offset)
{
    if (batch->count > first && batch->events[first].origin->offset == offset)
        lines_mark_partial(batch, &batch->events[first]);
}

/* What is left behind the last line end, when nothing more will come. */
static bool take_rest(struct step *step, struct str rest, uint64_t offset)
{
    size_t max = step->how->line_max;
    size_t cut = rest.len > max ? rest.len - max : 0;
    if (!lines_add(step->batch, str_slice(rest, 0, max), offset, rest.len, cut))
        return false;
    step->follow->birth.split = offset + rest.len;
    step->follow->note_due = true;
    return true;
}

static size_t after_last_end(struct str bytes)
{
    const char *end = bytes.len ? memrchr(bytes.at, '\n', bytes.len) : NULL;
    return end ? (size_t)(end - bytes.at) + 1 : 0;
}

/* bytes: from the offset on; what was read before them stands in front. */
static enum reading_result take_lines(struct step *step, struct str bytes, bool is_partial)
{
    struct follow *follow = step->follow;
    struct batch *batch = step->batch;
    uint64_t offset = follow->offset;
    uint32_t first = batch->count;
    size_t used = is_partial ? lone_end(bytes) : 0;
    used += lines_split(batch, str_skip(bytes, used), offset + used, step->how->line_max);
    bool is_full = used < after_last_end(bytes);
    bool has_rest = !is_full && used < bytes.len;
    if (has_rest && step->final && offset + bytes.len == step->limit) {
        is_full = !take_rest(step, str_skip(bytes, used), offset + used);
        used = is_full ? used : bytes.len;
    }
    if (is_partial)
        mark_first(batch, first, offset);
    batch->bytes = used;
    if (is_full && used == 0)
        return failed(step, ENOMEM);
    if (used)
        move_to(follow, offset + used, bytes.at + used);
    if (!is_full)
        follow->scanned = offset + bytes.len;
    return where(step, is_full);
}

static enum reading_result read_lines(struct step *step)
{
    struct follow *follow = step->follow;
    uint64_t left = step->limit - follow->offset;
    size_t ahead = left < step->how->read_bytes ? (size_t)left : step->how->read_bytes;
    size_t behind = before(follow->offset), got;
    char *to = arena_take(step->batch->arena, behind + ahead + PADDING);
    if (!to)
        return failed(step, ENOMEM);
    struct span_read span = {to, behind + ahead, follow->offset - behind};
    int wrong = follow_read(step->how->files, follow->fd, span, &got);
    if (wrong)
        return failed(step, wrong);
    if (got <= behind)
        return READING_AT_END; /* it shrank just now: the next look will tell */
    memset(to + got, 0, PADDING);
    char *at = to + behind;
    if (!is_as_checked(&follow->birth, follow->offset, at))
        return READING_TRUNCATED;
    return take_lines(step, (struct str){at, got - behind}, behind && at[-1] != '\n');
}

/* A long line from offset to end; next: behind its line end, or end where it has none. */
static enum reading_result take_long(struct step *step, uint64_t end, uint64_t next)
{
    struct follow *follow = step->follow;
    const struct files *files = step->how->files;
    uint64_t offset = follow->offset;
    char tail[BIRTH_CHECK_BYTES];
    size_t behind = before(offset), size = before(next), got_tail, got;
    int wrong =
        follow_read(files, follow->fd, (struct span_read){tail, size, next - size}, &got_tail);
    uint64_t length = end - offset;
    if (!wrong && next > end && got_tail == size && size >= 2 && tail[size - 2] == '\r')
        length--;
    size_t kept = length < step->how->line_max ? (size_t)length : step->how->line_max;
    char *to = arena_take(step->batch->arena, behind + kept + PADDING);
    if (!to)
        return failed(step, ENOMEM);
    struct span_read span = {to, behind + kept, offset - behind};
    if (!wrong)
        wrong = follow_read(files, follow->fd, span, &got);
    if (wrong)
        return failed(step, wrong);
    if (got < behind + kept || got_tail < size)
        return READING_AT_END;
    memset(to + got, 0, PADDING);
    if (!is_as_checked(&follow->birth, offset, to + behind))
        return READING_TRUNCATED;
    bool is_partial = behind && to[behind - 1] != '\n';
    struct str line = {to + behind, kept};
    bool is_lone_end = is_partial && length == 0;
    if (!is_lone_end && !lines_add(step->batch, line, offset, next - offset, length - kept))
        return failed(step, ENOMEM);
    if (is_partial)
        mark_first(step->batch, 0, offset);
    if (next == end) {
        follow->birth.split = end;
        follow->note_due = true;
    }
    step->batch->bytes = next - offset;
    move_to(follow, next, tail + size);
    return where(step, false);
}

/* Looks for the end of a long line, without keeping what it sees. */
static enum reading_result read_long(struct step *step)
{
    struct follow *follow = step->follow;
    char *to = arena_take(step->batch->arena, step->how->read_bytes);
    if (!to)
        return failed(step, ENOMEM);
    for (int i = 0; i < SCAN_STEPS && follow->scanned < step->limit; i++) {
        uint64_t left = step->limit - follow->scanned;
        size_t got, size = left < step->how->read_bytes ? (size_t)left : step->how->read_bytes;
        struct span_read span = {to, size, follow->scanned};
        int wrong = follow_read(step->how->files, follow->fd, span, &got);
        if (wrong)
            return failed(step, wrong);
        if (got == 0)
            return READING_AT_END;
        const char *end = memchr(to, '\n', got);
        if (end) {
            uint64_t at = follow->scanned + (uint64_t)(end - to);
            return take_long(step, at, at + 1);
        }
        follow->scanned += got;
    }
    if (follow->scanned < step->limit)
        return READING_MORE;
    return step->final ? take_long(step, step->limit, step->limit) : where(step, false);
}

/* An event ended there in an earlier reading, so it does in this one. */
static void stop_at(struct step *step, uint64_t offset)
{
    if (offset <= step->follow->offset || offset > step->limit)
        return;
    step->limit = offset;
    step->final = true;
}

enum reading_result reading_step(const struct reading *reading, struct follow *follow,
                                 struct batch *batch, int *ret_sys)
{
    MUST(follow->fd >= 0 && batch->bytes == 0);
    struct file_facts facts;
    *ret_sys = reading->files->facts(reading->files->self, follow->fd, &facts);
    if (*ret_sys)
        return READING_FAILED;
    batch->offset = follow->offset;
    if (facts.size < follow->offset || facts.size < follow->birth.check_offset ||
        !follow_begins_alike(reading->files, follow->fd, &follow->birth))
        return READING_TRUNCATED;
    follow->size = facts.size;
    follow->modified_ns = facts.modified_ns;
    if (follow->scanned > facts.size)
        follow->scanned = follow->offset; /* part of the unfinished line was taken back */
    struct step step = {reading, follow, batch, facts.size, reading->final, 0};
    stop_at(&step, follow->birth.split);
    stop_at(&step, reading->until);
    enum reading_result result = READING_AT_END;
    if (follow->offset < step.limit)
        result = follow->scanned - follow->offset < reading->read_bytes / 4 ? read_lines(&step)
                                                                            : read_long(&step);
    *ret_sys = step.sys;
    return result;
}
