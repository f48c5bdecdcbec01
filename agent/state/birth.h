/* agent/state/birth.h - what identifies a file.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A device and inode number come back after a deletion, so a birth also has the file system's birth time, a
 * hash of the file's head (up to 1 KiB, renewed while the head grows) and a hash of the 64 bytes before a position
 * that was read. Its serial was minted at first sight and names the file in document ids for ever.
 */
#ifndef WEIR_BIRTH_H
#define WEIR_BIRTH_H

#include "agent/data/buffer.h"
#include "agent/ports/files.h"
#include "agent/why.h"

enum {
    BIRTH_HEAD_BYTES = 1024, /* enough to tell two logs that begin with the same banner apart */
    BIRTH_CHECK_BYTES = 64,
    BIRTH_KEY_BYTES = 24,    /* "f" and the serial in hex */
    BIRTH_PATH_BYTES = 4000, /* PATH_MAX is 4096; the rest of a birth has to fit into the note with it */
};

struct birth {
    uint64_t serial;
    uint64_t device, inode;
    int64_t born_ns;       /* statx birth time; 0: the file system has none */
    uint64_t start;        /* reading began here (read_from = end) */
    uint64_t split;        /* an unterminated line was an event up to here; 0: none was */
    uint64_t check_offset; /* a position that was read up to... */
    uint64_t check_hash;   /* ...and the hash of the up to 64 bytes before it */
    uint64_t head_hash;
    uint32_t head_len;
    struct str path; /* borrowed */
};

uint64_t birth_hash(const void *bytes, size_t size);
/* "f2a": names the source across restarts, and stands in document ids. */
struct str birth_key(uint64_t serial, char to[BIRTH_KEY_BYTES]);

/* To and from a note of the journal. A damaged note gives false. The path borrows from the note. */
void birth_write(const struct birth *birth, struct buffer *to);
bool birth_read(struct str note, struct birth *ret) CHECK_RESULT;

/* What was read from a file at the places that a birth names. */
struct birth_probe {
    bool head; /* it begins like the birth: as long at least, and the same hash */
    bool check; /* the bytes before check_offset are there and have its hash */
};

enum birth_match {
    BIRTH_OTHER,     /* another file; the inode number may have come back */
    BIRTH_SAME,
    BIRTH_TRUNCATED, /* the same inode, written anew from its beginning */
};

/* Can this be the same inode, before anything is read? Birth times decide where both sides have one. */
bool birth_is_inode(const struct birth *birth, const struct file_facts *facts);
/* The whole judgement on the file that `facts` and `probe` tell of, found at `path`. */
enum birth_match birth_match(const struct birth *birth, const struct file_facts *facts,
                             struct birth_probe probe, struct str path);
/* Is it a copy of what the file was before it was truncated (copytruncate)? An empty file is nobody's copy. */
bool birth_is_copy(const struct birth *birth, const struct file_facts *facts,
                   struct birth_probe probe);

#endif
