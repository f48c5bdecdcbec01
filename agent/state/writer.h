/* agent/state/writer.h - the disk writer: output bytes and journal blobs, in order, none lost.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The lane fills bundles and gives them to the writer's mailbox; the writer's thread steps. Bytes are appended to
 * their stream; a commit first syncs every stream that changed, then appends its blob with the streams' lengths as
 * one journal record and syncs that. A full or failing disk is tried again until it heals: the bundle
 * stays where it is, the lane hears of it once, and the pool runs dry, so the lane stops reading.
 */
#ifndef WEIR_WRITER_H
#define WEIR_WRITER_H

#include "agent/state/bundle.h"
#include "agent/state/news.h"
#include "agent/why.h"

struct writer;
struct journal;
struct stream;
struct files;
struct byte_stream;

/* Makes a writer. journal: opened, or one without files, which remembers nothing; borrowed. bytes_max bounds
 * what is on its way. Null: no memory. */
struct writer *writer_make(const struct files *files, struct journal *journal, size_t bytes_max);
void writer_free(struct writer *writer); /* closes the streams; null is allowed */
/* Before its thread starts. Returns the stream's number; label and `to` are borrowed. */
uint32_t writer_add_stream(struct writer *writer, struct str label, const struct byte_stream *to);
/* A run of segment files (spool.h): "<prefix><base in hex>.seg", made as they are written to. */
uint32_t writer_add_segments(struct writer *writer, struct str label, struct str prefix);
struct stream *writer_stream(struct writer *writer, uint32_t stream);
uint32_t writer_stream_count(const struct writer *writer);
/* The section that says which file is how long. */
void writer_pack_streams(const struct writer *writer, struct buffer *to);

/* --- the lane's side ---------------------------------------------------------------------- */

/* An empty bundle, or null: too much is on its way to the disk. Commit, stop reading, try again later. */
struct bundle *writer_take(struct writer *writer);
/* Takes the bundle: its bytes are appended to the stream. Whole lines only, so that a rotation cuts none. */
void writer_append(struct writer *writer, struct bundle *bundle, uint32_t stream);
/* The same, into the segment that begins at base; another one than before closes the one before. */
void writer_append_segment(struct writer *writer, struct bundle *bundle, uint32_t stream, uint64_t base);
/* Behind all that was given so far the stream's open segment is closed. False: no room, try again. */
bool writer_close_segment(struct writer *writer, uint32_t stream);
void writer_give_back(struct writer *writer, struct bundle *bundle); /* unused */
/* For the state: a bundle whatever else is on its way, null: COMMITS_MAX are, or no memory. */
struct bundle *writer_take_commit(struct writer *writer);
/* Takes the bundle: its bytes are journal records, the last of which begins at `at` and is still open: the writer adds
 * the streams' lengths and closes it. A snapshot replaces the journal. */
void writer_commit(struct writer *writer, struct bundle *bundle, bool is_snapshot);
bool writer_has_uncommitted(const struct writer *writer); /* output bytes without a commit behind them */
size_t writer_uncommitted_bytes(const struct writer *writer);
/* Files are opened anew at their paths (SIGUSR1, after others renamed them). False: no room, try again. */
bool writer_reopen(struct writer *writer);
/* Everything given before it is done first; then writer_step() says WRITER_STOPPED. False: no room. */
bool writer_stop(struct writer *writer);

/* Takes back what the writer answered. True: there is news for the log; call again until false. */
bool writer_collect(struct writer *writer, struct writer_news *ret);
uint64_t writer_synced(const struct writer *writer); /* newest ticket on disk, as collected */
bool writer_is_ailing(const struct writer *writer);  /* it is trying again (as collected) */
bool writer_is_idle(const struct writer *writer);    /* nothing is on its way (as collected) */
/* Frees the memory of idle bundles; for when nothing flows. */
void writer_rest(struct writer *writer);

/* --- the disk writer's side --------------------------------------------------------------- */

enum { WRITER_IDLE = INT32_MAX, WRITER_STOPPED = -1 };
/* Does what there is to do. Returns WRITER_IDLE, WRITER_STOPPED, or the milliseconds after which to call
 * again (a failure is tried again, or the lane has not collected its answers). */
int writer_step(struct writer *writer, int64_t mono_ns);
/* The mailbox into the writer, for its thread's sleep; the one back to the lane. */
struct mailbox *writer_inbox(struct writer *writer);
struct mailbox *writer_answers(struct writer *writer);

#endif
