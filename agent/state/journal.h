/* agent/state/journal.h - the one append-only, checksummed file of the state directory.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A head (magic, version, check), then records: mark, length, check, payload. Decision 0003 says why. A record
 * is on disk whole or it is skipped: reading resynchronises on the next whole one. Appending and
 * replacing may be called again after a failure; until they succeed the file says what it said before.
 * Calls at run time return 0 or an errno, as the port does.
 */
#ifndef WEIR_JOURNAL_H
#define WEIR_JOURNAL_H

#include "agent/data/buffer.h"
#include "agent/ports/files.h"
#include "agent/why.h"

enum { JOURNAL_PATH_BYTES = 4096 };

struct journal {
    const struct files *files; /* null: there is no journal, all calls succeed and do nothing */
    char directory[JOURNAL_PATH_BYTES], path[JOURNAL_PATH_BYTES], new_path[JOURNAL_PATH_BYTES];
    int fd, new_fd;
    bool is_open, new_is_open, had_file;
    bool head_is_damaged;
    uint64_t end;        /* behind the last whole record; the next one goes here */
    uint64_t new_end;
    uint64_t torn_bytes; /* behind the last whole record when it was read */
    uint64_t damaged_bytes, damaged_places; /* between whole records */
};

enum code journal_open(struct journal *journal, const struct files *files, const char *directory,
                       struct why *why) CHECK_RESULT;
void journal_close(struct journal *journal);

/* Hands every whole record to each(), oldest first, and fills in what was wrong. A missing file has none. */
enum code journal_read(struct journal *journal, void (*each)(void *context, struct str payload),
                       void *context, struct why *why) CHECK_RESULT;

/* A record in a buffer: begin leaves room for its head, end fills that in. */
size_t record_begin(struct buffer *to);
void record_end(struct buffer *to, size_t begun);

/* Writes whole records behind the end and syncs them. */
int journal_append(struct journal *journal, struct str records);

/* A new file beside it: begin, add as often as need be, finish renames it over the old one. */
int journal_new_begin(struct journal *journal);
int journal_new_add(struct journal *journal, struct str records);
int journal_new_finish(struct journal *journal);
void journal_new_drop(struct journal *journal); /* gives its room back after a failure */

#endif
