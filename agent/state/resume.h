/* agent/state/resume.h - what an input asks of its sources, and an output of its file.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Part of the manual for plugin authors: weir.h includes it.
 */
#ifndef WEIR_RESUME_H
#define WEIR_RESUME_H

#include "agent/data/str.h"

/* A source can be read again from a position. Made by its input (source_open() in weir.h), numbered and
 * remembered by the engine. */
struct source;

void *source_mine(const struct source *source);      /* the input's own struct */
uint32_t source_id(const struct source *source);     /* dense, this process only */
uint64_t source_resume(const struct source *source); /* where to read from: the rewind, 0 when new */
bool source_is_known(const struct source *source);   /* it was remembered */
/* The ids of its events say nothing of this agent (a topic's, a shard's): others that read the same thing name it alike,
 * so a far end that has an id already is no surprise. Each time it was opened. */
void source_share_ids(struct source *source);
/* Tells the scheduler whether there are bytes to read; without it read() is not called. */
void source_ready(struct source *source, bool is_ready);
/* Below this the source was read in an earlier run; a batch begins or ends there, it never goes across, so that
 * totals count nothing twice. UINT64_MAX once it was passed. */
uint64_t source_read_until(const struct source *source);
/* Some of what was read of it has no outcome yet, or the journal on disk does not say so yet: after a crash the next
 * start reads it again. */
bool source_is_open(const struct source *source);
/* Where from: the rewind that the journal on disk has, which the last commit may be ahead of. */
uint64_t source_next_resume(const struct source *source);
/* Up to NOTE_BYTES_MAX of the input's own, kept with the source in the same commit as its marks. */
void source_note(struct source *source, struct str note);
/* What it holds may soon be gone: it was renamed away, unlinked or truncated. It is read on even for outputs that
 * cannot take more, whose queues take over. */
void source_leaves(struct source *source);
/* What earlier runs left open and this one has not read again cannot be read any more: it is counted as abandoned, and
 * told. Returns events. */
uint64_t source_lose(struct source *source);
/* Nothing more will ever come; the engine forgets it once everything read from it has an outcome. It loses
 * what source_lose() would. */
void source_finish(struct source *source);

struct byte_stream {
    struct str path;      /* empty: standard output */
    int64_t rotate_bytes; /* 0: never */
    int64_t rotate_keep;  /* rotated files to keep, 0: all */
    int mode;             /* of a new file */
};

#endif
