/* agent/state/stream.h - an append-only output file.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The journal says which file (device, inode, birth) had which length at the last commit; at the start that
 * same file, wherever it was renamed to in its directory, is cut back to it, so what was written but not
 * committed is written again and stands there once. A different file at the path is only appended to.
 * Several files can be named between two commits: after a rotation both the old and the new one.
 * Run-time calls return 0 or an errno and may be called again.
 */
#ifndef WEIR_STREAM_H
#define WEIR_STREAM_H

#include "agent/ports/files.h"
#include "agent/state/pack.h"
#include "agent/why.h"

struct byte_stream;

enum { STREAM_PATH_BYTES = 4096, ROTATED_MAX = 100000 };

struct stream_file { /* as the journal names one */
    struct str label, path;
    uint64_t device, inode, length;
    int64_t born_ns;
};

struct known_file { /* the files that a journal names, newest first */
    struct stream_file file;
    struct known_file *next;
};

struct stream {
    const struct files *files;
    struct str label; /* the output's; borrowed */
    char path[STREAM_PATH_BYTES];
    uint64_t rotate_bytes, rotate_keep;
    bool is_private;   /* 0600 */
    bool is_segmented; /* files of their own, by position (spool.h): open while bytes go into one */
    uint16_t prefix_len; /* of path, when segmented */
    uint64_t base;       /* the open segment's */
    bool is_pipe;      /* standard output, a FIFO, a device: no positions, no length, no sync */
    bool is_open, is_changed; /* since the last commit */
    int fd;
    struct file_facts facts;
    uint64_t length;
};

void stream_init(struct stream *stream, const struct files *files, struct str label,
                 const struct byte_stream *to);
/* Of segments: files are called "<prefix><base in hex>.seg". */
void stream_init_segments(struct stream *stream, const struct files *files, struct str label,
                          struct str prefix);
void stream_close(struct stream *stream);

/* At the start: cuts a journaled file back; *mended gets a line where it is shorter than it was. */
enum code stream_cut(const struct stream *stream, const struct stream_file *file,
                     struct buffer *mended, struct why *why) CHECK_RESULT;
/* Opens (makes) the file at the path, locks it and goes to its end. */
enum code stream_open(struct stream *stream, struct why *why) CHECK_RESULT;

/* Writes on from *done; a short write is no failure and leaves the rest for the next call. */
int stream_write(struct stream *stream, struct str bytes, uint64_t at, size_t *done);
int stream_sync(const struct stream *stream);
/* More bytes of that size go into another file first. */
bool stream_must_rotate(const struct stream *stream, size_t more);
/* Renames ours to path.1, the older ones one up; keeps rotate_keep of them. */
int stream_rotate(const struct stream *stream);
/* What is open still has its name; otherwise somebody renamed it. */
bool stream_is_at_path(const struct stream *stream);
/* Opens the path's file of now into `ret`: a copy of stream but for the file. Nothing else changes yet. */
int stream_open_next(const struct stream *stream, struct stream *ret);

/* The same for the segment that begins at base: a file without bytes. */
int stream_open_segment(const struct stream *stream, uint64_t base, struct stream *ret);
/* Is this journaled file one of its segments? */
bool stream_has_segment(const struct stream *stream, const struct stream_file *file);

void stream_pack(const struct stream *stream, struct buffer *to);
bool stream_unpack(struct unpack *from, struct stream_file *ret); /* borrows */

#endif
