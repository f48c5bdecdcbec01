/* agent/state/spool.c - a run of segment files: its beginning, and the end that grows.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/state/spool.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/limits.h"
#include "agent/memory.h"
#include "agent/ports/files.h"
#include "agent/state/spool_file.h"
#include "agent/state/writer.h"

enum {
    FILES_FIRST = 16,
    BUNDLE_FULL = 256 * 1024, /* bytes that go to the disk writer at once */
    BASE_DIGITS = 16,
};

static const char *const kind_names[] = {
    [SEGMENT_QUEUE] = "queue", [SEGMENT_DEAD] = "dead", [SEGMENT_PARKED] = "parked"};

void spool_init(struct spool *spool, const struct files *files, struct writer *writer,
                enum segment_kind kind, struct str label)
{
    *spool = (struct spool){
        .files = files,
        .writer = writer,
        .kind = kind,
        .label = label,
        .segment_bytes = SEGMENT_BYTES,
        .fd = -1,
    };
}

/* A label may hold anything; a file's name may not. */
static void name_label(struct buffer *to, struct str label)
{
    for (size_t i = 0; i < label.len; i++) {
        char byte = label.at[i];
        bool is_plain = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
                        (byte >= '0' && byte <= '9') || byte == '_' || byte == '-';
        if (is_plain)
            buffer_byte(to, byte);
        else
            buffer_format(to, "%%%02x", (unsigned)(unsigned char)byte);
    }
}

enum code spool_name(struct spool *spool, struct str directory, struct why *why)
{
    struct buffer prefix;
    buffer_init(&prefix, SPOOL_PREFIX_BYTES - sizeof "0123456789abcdef.seg.damaged");
    buffer_add(&prefix, directory);
    buffer_byte(&prefix, '/');
    buffer_add(&prefix, str_from(kind_names[spool->kind]));
    buffer_byte(&prefix, '-');
    name_label(&prefix, spool->label);
    buffer_byte(&prefix, '.');
    bool fits = !prefix.full;
    if (fits)
        str_z(buffer_str(&prefix), spool->prefix, sizeof spool->prefix);
    buffer_clear(&prefix);
    if (!fits)
        return fail(why, BAD_CONFIG, "the label \"%.60s\" is too long for the name of a file",
                    spool->label.at);
    return OK;
}

void spool_add(struct spool *spool)
{
    spool->stream = writer_add_segments(spool->writer, spool->label, str_from(spool->prefix));
}

/* --- what there is at the start ---------------------------------------------------------- */

static struct spool_file *add_file(struct spool *spool)
{
    if (spool->count == spool->room) {
        size_t size = sizeof *spool->at, room = spool->room ? 2 * spool->room : FILES_FIRST;
        struct spool_file *grown = room > SPOOL_FILES_MAX
                                       ? NULL
                                       : memory_resize(spool->at, spool->room * size, room * size);
        if (!grown)
            return NULL;
        spool->at = grown;
        spool->room = (uint32_t)room;
    }
    return memset(&spool->at[spool->count++], 0, sizeof *spool->at);
}

struct listing {
    struct spool *spool;
    struct str begin; /* of a name */
    bool no_memory;
};

/* The base in "<begin><16 hex digits>.seg". */
static bool read_base(struct str name, struct str begin, uint64_t *ret)
{
    struct str rest = str_skip(name, begin.len);
    uint64_t base = 0;
    if (!str_starts(name, begin) || rest.len != BASE_DIGITS + 4 || !str_ends(rest, STR(".seg")))
        return false;
    for (size_t i = 0; i < BASE_DIGITS; i++) {
        const char *digits = "0123456789abcdef", *found = strchr(digits, rest.at[i]);
        if (!found || !rest.at[i])
            return false;
        base = base << 4 | (uint64_t)(found - digits);
    }
    *ret = base;
    return true;
}

static bool list_file(void *context, const char *name)
{
    struct listing *listing = context;
    uint64_t base;
    if (!read_base(str_from(name), listing->begin, &base))
        return true;
    struct spool_file *file = add_file(listing->spool);
    listing->no_memory |= !file;
    if (file)
        file->base = base;
    return file != NULL;
}

static int by_base(const void *left, const void *right)
{
    const struct spool_file *a = left, *b = right;
    return (a->base > b->base) - (a->base < b->base);
}

/* What an earlier life made and never committed a byte of is removed. */
static void keep_files(struct spool *spool)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < spool->count; i++) {
        struct spool_file file = spool->at[i];
        if (spool_file_look(spool, &file))
            spool->at[kept++] = file;
    }
    spool->count = kept;
}

static enum code list_files(struct spool *spool, struct why *why)
{
    const struct files *files = spool->files;
    struct cut cut = str_cut_last(str_from(spool->prefix), '/');
    struct listing listing = {.spool = spool, .begin = cut.tail};
    char directory[SPOOL_PREFIX_BYTES];
    str_z(cut.head.len ? cut.head : STR("/"), directory, sizeof directory);
    int wrong = files->list(files->self, directory, list_file, &listing);
    if (wrong)
        return fail_sys(why, wrong, "listing the state directory %.120s", directory);
    if (listing.no_memory)
        return fail(why, OVER_LIMIT, "no memory for the files %.120s*", spool->prefix);
    if (spool->count)
        qsort(spool->at, spool->count, sizeof *spool->at, by_base);
    return OK;
}

bool spool_has_files(struct spool *spool)
{
    struct why why;
    bool has = list_files(spool, &why) == OK && spool->count > 0;
    spool->count = 0;
    return has;
}

enum code spool_open(struct spool *spool, uint64_t from, struct why *why)
{
    spool->count = 0;
    enum code code = list_files(spool, why);
    if (code != OK)
        return code;
    keep_files(spool);
    spool->tail = from;
    if (spool->count == 0)
        return OK;
    const struct spool_file *last = &spool->at[spool->count - 1];
    if (last->base + last->size > spool->tail)
        spool->tail = last->base + last->size;
    spool->ordinal = spool_file_last_ordinal(spool, last);
    return OK;
}

void spool_close(struct spool *spool)
{
    if (spool->bundle)
        writer_give_back(spool->writer, spool->bundle); /* never committed */
    spool->bundle = NULL;
    if (spool->files)
        spool_file_close(spool);
    memory_free(spool->at);
    spool->at = NULL;
    spool->count = spool->room = 0;
}

/* --- appending --------------------------------------------------------------------------- */

static void send_bundle(struct spool *spool)
{
    MUST(spool->count > 0);
    writer_append_segment(spool->writer, spool->bundle, spool->stream,
                          spool->at[spool->count - 1].base);
    spool->bundle = NULL;
}

bool spool_has_room(struct spool *spool)
{
    if (spool->bundle && spool->bundle->bytes.len < BUNDLE_FULL)
        return true;
    struct bundle *next = writer_take(spool->writer);
    if (!next)
        return false;
    if (spool->bundle)
        send_bundle(spool);
    spool->bundle = next;
    spool->bundle_at = spool->tail;
    return true;
}

/* The head is the first of the new file's bytes; what is for the file before goes in a bundle of
 * its own. False: not now. */
static bool begin_file(struct spool *spool, int64_t now_ns)
{
    if (spool->bundle->bytes.len) {
        struct bundle *next = writer_take(spool->writer);
        if (!next)
            return false;
        send_bundle(spool);
        spool->bundle = next;
        spool->bundle_at = spool->tail;
    }
    struct spool_file *file = add_file(spool);
    if (!file)
        return false;
    const struct segment_head head = {.kind = spool->kind,
                                      .base = spool->tail,
                                      .ordinal = spool->ordinal,
                                      .made_ns = now_ns,
                                      .label = spool->label};
    size_t size = segment_head_write(&spool->bundle->bytes, &head);
    if (!size) {
        buffer_reset(&spool->bundle->bytes);
        spool->count--;
        return false;
    }
    *file = (struct spool_file){.base = spool->tail, .size = size, .ordinal = spool->ordinal};
    spool->bundle_at = spool->tail;
    spool->tail += size;
    spool->takes_more = true;
    spool->made_ns = now_ns;
    return true;
}

struct buffer *spool_begin(struct spool *spool, struct str about, int64_t now_ns)
{
    if (!spool->bundle && !spool_has_room(spool))
        return NULL;
    if (!spool->takes_more && !begin_file(spool, now_ns))
        return NULL;
    if (spool->at[spool->count - 1].size >= spool->segment_bytes)
        (void)begin_file(spool, now_ns); /* while the writer is behind the file grows instead */
    spool->begun = segment_entry_begin(&spool->bundle->bytes, about);
    return &spool->bundle->bytes;
}

bool spool_end(struct spool *spool)
{
    struct buffer *bytes = &spool->bundle->bytes;
    if (!segment_entry_end(bytes, spool->begun, spool->tail, spool->ordinal))
        return false;
    size_t size = bytes->len - spool->begun;
    MUST(spool->bundle_at + spool->begun == spool->tail);
    spool->tail += size;
    spool->at[spool->count - 1].size += size;
    spool->ordinal++;
    return true;
}

void spool_flush(struct spool *spool)
{
    if (spool->bundle && spool->bundle->bytes.len)
        send_bundle(spool);
    else if (spool->bundle)
        writer_give_back(spool->writer, spool->bundle);
    spool->bundle = NULL;
}

void spool_close_segment(struct spool *spool)
{
    if (!spool->takes_more)
        return;
    spool_flush(spool);
    if (writer_close_segment(spool->writer, spool->stream))
        spool->takes_more = false;
}

uint64_t spool_bytes(const struct spool *spool)
{
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < spool->count; i++)
        bytes += spool->at[i].size;
    return bytes;
}
