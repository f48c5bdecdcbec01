/* agent/tailing/follow.h - the files that an input follows: a table by inode, with few of them open.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A file is followed by its inode, not by its name: it may be renamed, unlinked, or have several names. Those that were
 * read to their end are closed when more than FOLLOW_OPEN_MAX are open, and opened again when they change.
 */
#ifndef WEIR_FOLLOW_H
#define WEIR_FOLLOW_H

#include "agent/state/birth.h"

struct source;

struct follow {
    struct birth birth;    /* its path is the follow's own and ends with a NUL */
    struct source *source; /* null: remembered and not yet found, or not yet decided what it is */
    uint64_t offset;       /* where the next line begins */
    uint64_t scanned;      /* there is no line end between offset and here */
    uint64_t size;         /* at the last look */
    int64_t modified_ns;   /* likewise; 0: there was none */
    uint64_t resume;       /* while remembered: where the engine would resume */
    int64_t due_ns;   /* mono time: decide what it is; unlinked: it is finished */
    int64_t rescue_ns;    /* mono time: unlinked, what is open of it is copied from then on */
    uint64_t rescued;     /* copied up to here, rescue.h */
    uint64_t copied;      /* bytes of it */
    int fd;           /* -1: closed */
    uint32_t index;   /* in follows.all */
    uint32_t pass;    /* the last one that saw it */
    bool is_remembered; /* known from an earlier run and not found yet */
    bool is_away;       /* no directory that is looked at has it; only the descriptor does */
    bool is_unlinked;
    bool has_copy;    /* in the state directory */
    bool is_rotated;  /* it had another name before: the next rotations remove it */
    bool is_finishing;  /* what is there now is all there will be */
    bool is_truncated;
    bool has_failed; /* an alarm told of it */
    bool note_due;
    struct follow *next; /* in its bucket */
};

struct follows {
    const struct files *files;
    struct follow **all; /* in no order */
    struct follow **buckets;
    uint32_t count, room, bucket_count;
    uint32_t open_count, hand;
};

void follows_init(struct follows *follows, const struct files *files);
void follows_clear(struct follows *follows); /* closes and frees them all */

/* Copies the birth; its path is cut off when too long for any file. Null: no memory. */
struct follow *follows_add(struct follows *follows, const struct birth *birth);
void follows_remove(struct follows *follows, struct follow *follow); /* closes and frees */
/* By device, inode and birth time. */
struct follow *follows_find(const struct follows *follows, const struct file_facts *facts);

/* Another inode is this file from now on: a copy, or the same one under a new device number. */
void follow_move(struct follows *follows, struct follow *follow, const struct file_facts *facts);
bool follow_rename(struct follow *follow, struct str path); /* false: no memory, the old name stays */

/* Opens it by its path unless it is open. Returns errno, ESTALE when another file stands there now. */
int follow_open(struct follows *follows, struct follow *follow) CHECK_RESULT;
void follow_close(struct follows *follows, struct follow *follow);
/* Gives the descriptor to another follow: after a truncation it is a new file. */
void follow_give(struct follow *from, struct follow *to);

struct span_read { /* where to put how many bytes from which offset */
    char *to;
    size_t size;
    uint64_t offset;
};
/* Goes on after short reads, to the size or the end of the file. Returns errno. */
int follow_read(const struct files *files, int fd, struct span_read span, size_t *ret);
bool follow_begins_alike(const struct files *files, int fd, const struct birth *birth);
/* Reads the places that the birth names. */
struct birth_probe follow_probe(const struct files *files, int fd, const struct birth *birth);
/* The head's hash over what is there now, up to BIRTH_HEAD_BYTES. Returns whether it grew. A head that is no longer
 * what it was stays, and the follow is truncated. */
bool follow_renew_head(const struct files *files, struct follow *follow);

#endif
