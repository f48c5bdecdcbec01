/* inputs/stdin.c - read standard input to its end: a pipe, a file or a terminal.
 * SPDX-License-Identifier: Apache-2.0
 *
 * It cannot be read again, so what is read stays here until its line is whole. Descriptor 0 is
 * shared with whoever started us: its flags are left alone, and the port never waits.
 */
#include "agent/weir.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { DESCRIPTOR = 0, PADDING = 64 };

struct standard {
    int64_t line_max_bytes;

    const struct files *files;
    struct host *host;
    struct source *source;
    struct buffer carry; /* from the offset on: lines there was no room for, and the line that is
                            not whole yet */
    uint64_t offset;     /* bytes of the stream before it */
    uint64_t cut; /* bytes of the line in carry that were not kept: it is longer than line_max */
    bool has_ended;
};

static const struct setting settings[] = {
    SIZE_SETTING(
        struct standard, line_max, .def = "1MiB", .min = "1KiB", .max = "64MiB",
        .help = "Longest line that is kept whole; the rest of a longer one is counted and cut."),
    {0},
};

/* The pipe of an earlier run: nobody can read it again. */
static void forget(void *context, struct str key, struct str note, uint64_t resume)
{
    struct standard *standard = context;
    (void)note, (void)resume;
    struct source *source = source_open(standard->host, key, key, standard);
    if (source)
        source_finish(source);
}

static enum code standard_open(void *self, struct host *host, struct why *why)
{
    struct standard *standard = self;
    (void)why;
    standard->host = host;
    standard->files = host_files(host);
    buffer_init(&standard->carry, (size_t)standard->line_max_bytes + 2 * READ_BYTES);
    host_each_known(host, forget, standard);
    return OK;
}

static int64_t standard_watch(void *self, struct host *host, int64_t mono_ns, bool once)
{
    struct standard *standard = self;
    (void)once;
    if (!standard->source && !standard->has_ended) {
        char key[32];
        int len = snprintf(key, sizeof key, "s%llx", (unsigned long long)host_new_serial(host));
        struct str name = {key, (size_t)len};
        standard->source = source_open(host, name, name, standard);
    }
    if (standard->source)
        source_ready(standard->source, true); /* one read finds out */
    return standard->has_ended ? INT64_MAX : mono_ns + INT64_C(1000000000);
}

static int standard_wakeup(void *self)
{
    const struct standard *standard = self;
    return standard->has_ended ? -1 : DESCRIPTOR;
}

static size_t after_last_end(struct str bytes)
{
    const char *end = bytes.len ? memrchr(bytes.at, '\n', bytes.len) : NULL;
    return end ? (size_t)(end - bytes.at) + 1 : 0;
}

/* Events borrow from the arena: the carry is written over. */
static char *batch_copy(struct batch *batch, const char *from, size_t size)
{
    char *to = arena_take(batch->arena, size + PADDING);
    if (!to)
        return NULL;
    if (size)
        memcpy(to, from, size);
    memset(to + size, 0, PADDING);
    return to;
}

static void use(struct standard *standard, struct batch *batch, size_t size)
{
    struct buffer *carry = &standard->carry;
    memmove(carry->at, carry->at + size, carry->len - size);
    carry->len -= size;
    standard->offset += size;
    batch->bytes += size;
}

/* The line at the beginning of the carry, of which line_max bytes are there and more were cut. */
static bool take_cut_line(struct standard *standard, struct batch *batch, size_t line_end)
{
    size_t kept = (size_t)standard->line_max_bytes;
    char *to = batch_copy(batch, standard->carry.at, kept);
    uint64_t length = kept + standard->cut + line_end;
    if (!to || !lines_add(batch, (struct str){to, kept}, standard->offset, length, standard->cut))
        return false;
    batch->bytes += standard->cut;
    standard->offset += standard->cut;
    standard->cut = 0;
    use(standard, batch, kept + line_end);
    return true;
}

/* Forgets what goes beyond line_max of a line that has no end yet. */
static void cut_carry(struct standard *standard)
{
    size_t max = (size_t)standard->line_max_bytes;
    if (standard->carry.len <= max)
        return;
    standard->cut += standard->carry.len - max;
    standard->carry.len = max;
}

/* More of a line that is cut: only its end matters. False: there was no room for the event. */
static bool go_on_cutting(struct standard *standard, struct batch *batch)
{
    struct buffer *carry = &standard->carry;
    size_t kept = (size_t)standard->line_max_bytes;
    size_t end = str_find(str_skip(buffer_str(carry), kept), '\n');
    if (end == SIZE_MAX) {
        cut_carry(standard);
        return true;
    }
    memmove(carry->at + kept, carry->at + kept + end, carry->len - kept - end);
    carry->len -= end;
    standard->cut += end;
    return take_cut_line(standard, batch, 1);
}

/* All whole lines of the carry. False: the batch is full. */
static bool take_lines(struct standard *standard, struct batch *batch)
{
    struct buffer *carry = &standard->carry;
    if (standard->cut && !go_on_cutting(standard, batch))
        return false;
    size_t whole = standard->cut ? 0 : after_last_end(buffer_str(carry));
    if (whole == 0) {
        cut_carry(standard);
        return true;
    }
    char *to = batch_copy(batch, carry->at, whole);
    if (!to)
        return false;
    size_t used = lines_split(batch, (struct str){to, whole}, standard->offset,
                              (size_t)standard->line_max_bytes);
    use(standard, batch, used);
    if (used < whole)
        return false;
    cut_carry(standard);
    return true;
}

/* The stream has ended: what is left is a line. */
static bool take_rest(struct standard *standard, struct batch *batch)
{
    struct buffer *carry = &standard->carry;
    if (standard->cut)
        return take_cut_line(standard, batch, 0);
    char *to = batch_copy(batch, carry->at, carry->len);
    if (!to || (carry->len &&
                !lines_add(batch, (struct str){to, carry->len}, standard->offset, carry->len, 0)))
        return false;
    use(standard, batch, carry->len);
    return true;
}

/* Fills the carry up to READ_BYTES more. Returns errno: EAGAIN when there is no more now. */
static int fill(struct standard *standard)
{
    size_t more = 0, got = 1;
    while (more < READ_BYTES && got > 0) {
        char *to = buffer_reserve(&standard->carry, READ_BYTES);
        if (!to) {
            standard->carry.full = false; /* no memory now: try again later */
            return EAGAIN;
        }
        int wrong = standard->files->read_pipe(standard->files->self, DESCRIPTOR, to,
                                               READ_BYTES - more, &got);
        if (wrong)
            return wrong;
        standard->carry.len += got;
        more += got;
    }
    standard->has_ended = got == 0;
    return 0;
}

static enum read_result standard_read(void *self, struct source *source, struct batch *batch,
                                      bool final)
{
    struct standard *standard = self;
    (void)source;
    (void) final; /* a pipe ends by itself */
    int wrong = 0;
    batch->offset = standard->offset;
    if (!take_lines(standard, batch))
        return READ_SOME; /* what the last batch had no room for fills this one as well */
    if (!standard->has_ended)
        wrong = fill(standard);
    if (wrong && wrong != EAGAIN) {
        host_alarm(standard->host, "stdin",
                   "standard input cannot be read: %s; this is taken for its end", strerror(wrong));
        standard->has_ended = true;
    }
    if (!take_lines(standard, batch) || (standard->has_ended && !take_rest(standard, batch)))
        return READ_SOME;
    if (standard->has_ended)
        standard->source = NULL;
    return standard->has_ended ? READ_ENDED : wrong == EAGAIN ? READ_AT_END : READ_SOME;
}

static void standard_close(void *self)
{
    struct standard *standard = self;
    buffer_clear(&standard->carry);
}

const struct input input_stdin = {
    .name = "stdin",
    .summary = "Read standard input to its end: a pipe, a file or a terminal.",
    .settings = settings,
    .size = sizeof(struct standard),
    .ends = true,
    .not_kept = true,
    .open = standard_open,
    .watch = standard_watch,
    .wakeup = standard_wakeup,
    .read = standard_read,
    .close = standard_close,
};
