/* agent/state/journal.c - the one append-only, checksummed file of the state directory.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/state/journal.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <errno.h>
#include <stdio.h>

#include "agent/limits.h"

enum {
    VERSION = 1,
    HEAD_BYTES = 16,        /* magic 8, version 4, check 4 */
    RECORD_HEAD_BYTES = 16, /* mark 4, length 4, check 8 */
    WINDOW_BYTES = 256 * 1024,
};

static const char magic[8] = {'w', 'e', 'i', 'r', '-', 'l', 'o', 'g'};
/* No UTF-8 text holds these bytes, so resynchronising seldom stops at a key or a path. */
static const char mark[4] = {'\xf5', '\xc1', '\xfe', '\xc0'};

static void put_le(char *to, uint64_t number, size_t size)
{
    for (size_t i = 0; i < size; i++)
        to[i] = (char)(number >> (8 * i));
}

static uint64_t get_le(const char *from, size_t size)
{
    uint64_t number = 0;
    for (size_t i = 0; i < size; i++)
        number |= (uint64_t)(uint8_t)from[i] << (8 * i);
    return number;
}

static uint64_t check_of(struct str payload)
{
    return XXH3_64bits_withSeed(payload.at, payload.len, payload.len);
}

size_t record_begin(struct buffer *to)
{
    size_t begun = to->len;
    buffer_add(to, (struct str){"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", RECORD_HEAD_BYTES});
    return begun;
}

void record_end(struct buffer *to, size_t begun)
{
    MUST(!to->full);
    struct str payload = str_skip(buffer_str(to), begun + RECORD_HEAD_BYTES);
    MUST(payload.len <= RECORD_BYTES_MAX);
    char *head = to->at + begun;
    memcpy(head, mark, sizeof mark);
    put_le(head + 4, payload.len, 4);
    put_le(head + 8, check_of(payload), 8);
}

static void head_make(char head[HEAD_BYTES])
{
    memcpy(head, magic, sizeof magic);
    put_le(head + 8, VERSION, 4);
    put_le(head + 12, XXH32(head, 12, 0), 4);
}

enum code journal_open(struct journal *journal, const struct files *files, const char *directory,
                       struct why *why)
{
    *journal = (struct journal){.files = files};
    if (strlen(directory) + sizeof "/journal.new" > sizeof journal->path)
        return fail(why, BAD_CONFIG, "the state directory's path is too long: %.100s...",
                    directory);
    snprintf(journal->directory, sizeof journal->directory, "%s", directory);
    snprintf(journal->path, sizeof journal->path, "%.4080s/journal", directory);
    snprintf(journal->new_path, sizeof journal->new_path, "%.4080s/journal.new", directory);
    int wrong = files->open(files->self, journal->path, FILE_READ | FILE_APPEND | FILE_PRIVATE,
                            &journal->fd);
    if (wrong == ENOENT)
        return OK;
    if (wrong)
        return fail_sys(why, wrong, "opening the journal %.120s", journal->path);
    journal->is_open = true;
    journal->had_file = true;
    return OK;
}

void journal_close(struct journal *journal)
{
    if (!journal->files)
        return;
    if (journal->is_open)
        journal->files->close(journal->files->self, journal->fd);
    if (journal->new_is_open)
        journal->files->close(journal->files->self, journal->new_fd);
    journal->is_open = journal->new_is_open = false;
}

/* --- reading ----------------------------------------------------------------------------- */

struct window { /* the part of the file that is in memory */
    const struct journal *journal;
    struct buffer bytes;
    uint64_t base, file_size;
    int wrong;
};

static bool window_fill(struct window *window, size_t wanted)
{
    const struct files *files = window->journal->files;
    while (window->bytes.len < wanted) {
        size_t size = wanted - window->bytes.len;
        size = size < WINDOW_BYTES ? WINDOW_BYTES : size;
        char *to = buffer_reserve(&window->bytes, size);
        if (!to) {
            window->wrong = ENOMEM;
            return false;
        }
        size_t got = 0;
        window->wrong = files->read(files->self, window->journal->fd, to, size,
                                    window->base + window->bytes.len, &got);
        if (window->wrong || got == 0)
            return false;
        window->bytes.len += got;
    }
    return true;
}

/* The bytes [at, at + size) of the file; a null at: the file ends before, or cannot be read. */
static struct str window_get(struct window *window, uint64_t at, size_t size)
{
    if (at + size > window->file_size)
        return (struct str){NULL, 0};
    MUST(at >= window->base);
    uint64_t skip = at - window->base;
    if (skip + size > window->bytes.len) { /* forget what lies before, read on */
        size_t gone = skip < window->bytes.len ? (size_t)skip : window->bytes.len;
        if (gone)
            memmove(window->bytes.at, window->bytes.at + gone, window->bytes.len - gone);
        window->bytes.len -= gone;
        window->base = at;
        if (!window_fill(window, size))
            return (struct str){NULL, 0};
        skip = 0;
    }
    return str_slice(buffer_str(&window->bytes), (size_t)skip, size);
}

/* The payload of a whole record at that place; a null at: there is none. */
static struct str record_at(struct window *window, uint64_t at)
{
    const struct str none = {NULL, 0};
    struct str head = window_get(window, at, RECORD_HEAD_BYTES);
    if (!head.at || memcmp(head.at, mark, sizeof mark) != 0)
        return none;
    uint64_t length = get_le(head.at + 4, 4), check = get_le(head.at + 8, 8);
    if (length > RECORD_BYTES_MAX)
        return none;
    struct str whole = window_get(window, at, RECORD_HEAD_BYTES + (size_t)length);
    if (!whole.at)
        return none;
    struct str payload = str_skip(whole, RECORD_HEAD_BYTES);
    return check_of(payload) == check ? payload : none;
}

/* The next place at or behind `at` where a mark stands, or the file's end. */
static uint64_t next_mark(struct window *window, uint64_t at)
{
    while (at + sizeof mark <= window->file_size && !window->wrong) {
        uint64_t left = window->file_size - at;
        struct str part = window_get(window, at, left < WINDOW_BYTES ? (size_t)left : WINDOW_BYTES);
        if (!part.at)
            break;
        size_t found = str_find_str(part, (struct str){mark, sizeof mark});
        if (found != SIZE_MAX)
            return at + found;
        at += part.len - (sizeof mark - 1);
    }
    return window->file_size;
}

static enum code read_head(struct journal *journal, struct window *window, struct why *why)
{
    struct str head = window_get(window, 0, HEAD_BYTES);
    if (!head.at || memcmp(head.at, magic, sizeof magic) != 0 ||
        get_le(head.at + 12, 4) != XXH32(head.at, 12, 0)) {
        journal->head_is_damaged = true;
        return OK;
    }
    uint64_t version = get_le(head.at + 8, 4);
    if (version != VERSION)
        return fail(
            why, BAD_CONFIG,
            "the journal %.100s has format %u and this weir reads %u: start the newer weir that "
            "wrote it, or use another state directory",
            journal->path, (unsigned)version, (unsigned)VERSION);
    return OK;
}

static void read_records(struct journal *journal, struct window *window,
                         void (*each)(void *context, struct str payload), void *context)
{
    uint64_t at = journal->head_is_damaged ? 0 : HEAD_BYTES;
    journal->end = at;
    while (at < window->file_size && !window->wrong) {
        struct str payload = record_at(window, at);
        if (!payload.at) {
            at = next_mark(window, at + 1);
            continue;
        }
        if (at > journal->end) {
            journal->damaged_places++;
            journal->damaged_bytes += at - journal->end;
        }
        each(context, payload);
        at += RECORD_HEAD_BYTES + payload.len;
        journal->end = at;
    }
    journal->torn_bytes = window->file_size - journal->end;
}

enum code journal_read(struct journal *journal, void (*each)(void *context, struct str payload),
                       void *context, struct why *why)
{
    if (!journal->files || !journal->is_open)
        return OK;
    journal->damaged_places = journal->damaged_bytes = journal->torn_bytes = 0;
    struct file_facts facts;
    int wrong = journal->files->facts(journal->files->self, journal->fd, &facts);
    if (wrong)
        return fail_sys(why, wrong, "looking at the journal %.120s", journal->path);
    struct window window = {.journal = journal, .file_size = facts.size};
    buffer_init(&window.bytes, RECORD_BYTES_MAX + RECORD_HEAD_BYTES + 2 * WINDOW_BYTES);
    enum code code = read_head(journal, &window, why);
    if (code == OK)
        read_records(journal, &window, each, context);
    buffer_clear(&window.bytes);
    if (code == OK && window.wrong)
        return fail_sys(why, window.wrong, "reading the journal %.120s", journal->path);
    return code;
}

/* --- writing ----------------------------------------------------------------------------- */

static int write_all(const struct files *files, int fd, struct str bytes, uint64_t at)
{
    while (bytes.len) {
        size_t done = 0;
        int wrong = files->write(files->self, fd, bytes.at, bytes.len, at, &done);
        if (wrong)
            return wrong;
        if (done == 0)
            return ENOSPC; /* write(2) may say 0 instead; nothing else makes it do so on a file */
        bytes = str_skip(bytes, done);
        at += done;
    }
    return 0;
}

/* After a failed sync the kernel forgets that the bytes are not on disk, so a second try writes
 * them again. */
int journal_append(struct journal *journal, struct str records)
{
    const struct files *files = journal->files;
    if (!files)
        return 0;
    MUST(journal->is_open);
    int wrong = write_all(files, journal->fd, records, journal->end);
    if (!wrong)
        wrong = files->sync(files->self, journal->fd);
    if (!wrong)
        journal->end += records.len;
    return wrong;
}

int journal_new_begin(struct journal *journal)
{
    const struct files *files = journal->files;
    if (!files)
        return 0;
    journal_new_drop(journal);
    char head[HEAD_BYTES];
    head_make(head);
    int wrong = files->open(files->self, journal->new_path,
                            FILE_READ | FILE_APPEND | FILE_CREATE | FILE_PRIVATE, &journal->new_fd);
    if (wrong)
        return wrong;
    journal->new_is_open = true;
    wrong = files->truncate(files->self, journal->new_fd, 0);
    journal->new_end = 0;
    return wrong ? wrong : journal_new_add(journal, (struct str){head, sizeof head});
}

int journal_new_add(struct journal *journal, struct str records)
{
    if (!journal->files)
        return 0;
    MUST(journal->new_is_open);
    int wrong = write_all(journal->files, journal->new_fd, records, journal->new_end);
    if (!wrong)
        journal->new_end += records.len;
    return wrong;
}

int journal_new_finish(struct journal *journal)
{
    const struct files *files = journal->files;
    if (!files)
        return 0;
    MUST(journal->new_is_open);
    int wrong = files->sync(files->self, journal->new_fd);
    if (!wrong)
        wrong = files->rename(files->self, journal->new_path, journal->path);
    if (!wrong)
        wrong = files->sync_directory(files->self, journal->directory);
    if (wrong)
        return wrong;
    if (journal->is_open)
        files->close(files->self, journal->fd);
    journal->fd = journal->new_fd;
    journal->end = journal->new_end;
    journal->is_open = true;
    journal->new_is_open = false;
    return 0;
}

void journal_new_drop(struct journal *journal)
{
    if (!journal->files || !journal->new_is_open)
        return;
    journal->files->close(journal->files->self, journal->new_fd);
    journal->new_is_open = false;
    (void)journal->files->unlink(journal->files->self, journal->new_path);
}
