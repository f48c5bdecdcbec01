/* agent/state/spool.h - a run of segment files: appended at one end, read and removed at the other.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The lane's. Entries are appended into bundles for the disk writer, so they are on disk when the
 * next commit is. A position names an entry for ever. Reading goes through the files port, below
 * what is known to be synced.
 *
 *     spool_init, spool_name, spool_add -> (state_start) -> spool_open -> spool_begin, record_write, spool_end ...
 * spool_flush before a commit spool_read ... spool_remove_below
 */
#ifndef WEIR_SPOOL_H
#define WEIR_SPOOL_H

#include "agent/state/segment.h"
#include "agent/why.h"

struct bundle;
struct files;
struct writer;

enum { SPOOL_PREFIX_BYTES = 2048 };

struct spool_file {
    uint64_t base, size, ordinal; /* ordinal: of its first entry */
    bool is_damaged; /* what was read of it was not whole: it is kept aside, not removed */
    bool is_skipped; /* nobody will read it any more */
};

struct spool {
    const struct files *files;
    struct writer *writer;
    enum segment_kind kind;
    struct str label; /* borrowed */
    char prefix[SPOOL_PREFIX_BYTES];
    uint32_t stream;
    struct spool_file *at; /* oldest first */
    uint32_t count, room;
    uint64_t tail, ordinal; /* of what is appended next */
    struct bundle *bundle;  /* being filled */
    uint64_t bundle_at;     /* position of its first byte */
    size_t begun;           /* the entry begun in it */
    bool takes_more;        /* the newest file is this process's own, and not full */
    uint64_t segment_bytes;
    int64_t made_ns; /* of the newest file */

    int fd; /* of what is being read; -1 */
    uint64_t fd_base;
    struct segment_head head; /* of that file; its label is empty */
    uint64_t set_aside;       /* files renamed to .damaged */
};

/* Before the state starts. directory: the state's. */
void spool_init(struct spool *spool, const struct files *files, struct writer *writer,
                enum segment_kind kind, struct str label);
enum code spool_name(struct spool *spool, struct str directory, struct why *why) CHECK_RESULT;
bool spool_has_files(struct spool *spool); /* named, not added yet */
void spool_add(struct spool *spool);       /* to the writer */
/* After it: finds the files there are, and where they end. No entry gets a position below `from`.
 */
enum code spool_open(struct spool *spool, uint64_t from, struct why *why) CHECK_RESULT;
void spool_close(struct spool *spool); /* zeroed is allowed */

/* --- the end that grows --- */

/* There is a bundle to append to, as far as is known now. */
bool spool_has_room(struct spool *spool);
/* Where the entry's record goes; null: not now (spool_has_room() was not asked). */
struct buffer *spool_begin(struct spool *spool, struct str about, int64_t now_ns);
/* Takes it in. False: it did not fit, nothing is left of it. */
bool spool_end(struct spool *spool);
/* Gives what was appended to the disk writer; before every commit, so that the commit stands for
 * it. */
void spool_flush(struct spool *spool);
/* The next entry begins a new file. The one before is final once what was given is on disk. */
void spool_close_segment(struct spool *spool);
uint64_t spool_bytes(const struct spool *spool); /* of all files */

/* --- the end that is read --- */

/* Reads entries from a position on, up to `limit` (a position; at most the synced tail): fills
 * `walk`, whose bytes are the arena's. Where no file holds the position, goes on at the next one
 * that there is. 0 or an errno; ENOENT: there is nothing below limit. Records are read with
 * segment_event(&spool->head, ...). */
int spool_read(struct spool *spool, uint64_t position, uint64_t limit, struct arena *arena,
               struct segment_walk *ret);
/* Something in the file at that position was not whole. */
void spool_damaged(struct spool *spool, uint64_t position);
/* Files that end at or below it are done with: unlinked, or set aside when damaged. */
void spool_remove_below(struct spool *spool, uint64_t position);
/* Nobody will read [from, to), whole files; those of them that end at or below a position are removed. */
void spool_skip(struct spool *spool, uint64_t from, uint64_t to);
void spool_remove_skipped(struct spool *spool, uint64_t position);
/* Forgets files that others have removed. */
void spool_refresh(struct spool *spool);
/* The ordinal of the first entry at or above the begin of a file. */
uint64_t spool_ordinal_at(const struct spool *spool, uint64_t base);
/* Where the file that holds a position ends; the next file's begin where there is none. */
uint64_t spool_file_end(const struct spool *spool, uint64_t position);

#endif
