/* agent/state/birth.c - what identifies a file.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/state/birth.h"

#include <stdio.h>
#include <string.h>
#include <xxhash.h>

#include "agent/limits.h"
#include "agent/must.h"

enum { NOTE_VERSION = 1, NOTE_NUMBERS = 9 };

/* The note is read by the machine that wrote it: its own byte order will do. The path follows. */
struct note {
    uint64_t numbers[NOTE_NUMBERS];
    uint32_t head_len;
    uint32_t version;
};
_Static_assert(sizeof(struct note) == NOTE_NUMBERS * 8 + 8, "no padding in a note");
_Static_assert(sizeof(struct note) + BIRTH_PATH_BYTES <= NOTE_BYTES_MAX,
               "a birth fits into a note");

uint64_t birth_hash(const void *bytes, size_t size)
{
    return XXH3_64bits(bytes, size);
}

struct str birth_key(uint64_t serial, char to[BIRTH_KEY_BYTES])
{
    int len = snprintf(to, BIRTH_KEY_BYTES, "f%llx", (unsigned long long)serial);
    MUST(len > 0 && len < BIRTH_KEY_BYTES);
    return (struct str){to, (size_t)len};
}

void birth_write(const struct birth *birth, struct buffer *to)
{
    MUST(birth->head_len <= BIRTH_HEAD_BYTES && birth->path.len < BIRTH_PATH_BYTES);
    struct note note = {
        .numbers = {birth->serial, birth->device, birth->inode, (uint64_t)birth->born_ns,
                    birth->start, birth->split, birth->check_offset, birth->check_hash,
                    birth->head_hash},
        .head_len = birth->head_len,
        .version = NOTE_VERSION,
    };
    buffer_add(to, (struct str){(const char *)&note, sizeof note});
    buffer_add(to, birth->path);
}

bool birth_read(struct str bytes, struct birth *ret)
{
    struct note note;
    if (bytes.len < sizeof note)
        return false;
    memcpy(&note, bytes.at, sizeof note);
    struct str path = str_skip(bytes, sizeof note);
    if (note.version != NOTE_VERSION || note.head_len > BIRTH_HEAD_BYTES || path.len == 0 ||
        path.len >= BIRTH_PATH_BYTES || str_find(path, '\0') != SIZE_MAX)
        return false;
    const uint64_t *numbers = note.numbers;
    *ret = (struct birth){numbers[0], numbers[1],    numbers[2], (int64_t)numbers[3],
                          numbers[4], numbers[5],    numbers[6], numbers[7],
                          numbers[8], note.head_len, path};
    return true;
}

static bool is_born_alike(const struct birth *birth, const struct file_facts *facts)
{
    return birth->born_ns == facts->born_ns || birth->born_ns == 0 || facts->born_ns == 0;
}

bool birth_is_inode(const struct birth *birth, const struct file_facts *facts)
{
    return birth->inode == facts->inode && birth->device == facts->device &&
           is_born_alike(birth, facts);
}

/* Device numbers are dealt anew at a boot: then the birth time, or the path, speaks for the inode
 * number. */
static bool is_renumbered(const struct birth *birth, const struct file_facts *facts,
                          struct str path)
{
    if (birth->inode != facts->inode || !is_born_alike(birth, facts))
        return false;
    return (birth->born_ns && facts->born_ns) || str_equal(birth->path, path);
}

enum birth_match birth_match(const struct birth *birth, const struct file_facts *facts,
                             struct birth_probe probe, struct str path)
{
    bool reads_alike = probe.head && probe.check && facts->size >= birth->check_offset;
    if (birth_is_inode(birth, facts))
        return reads_alike ? BIRTH_SAME : BIRTH_TRUNCATED;
    return reads_alike && is_renumbered(birth, facts, path) ? BIRTH_SAME : BIRTH_OTHER;
}

bool birth_is_copy(const struct birth *birth, const struct file_facts *facts,
                   struct birth_probe probe)
{
    bool is_younger = !birth->born_ns || !facts->born_ns || facts->born_ns >= birth->born_ns;
    return facts->is_regular && birth->head_len && is_younger && probe.head && probe.check &&
           facts->size >= birth->check_offset;
}
