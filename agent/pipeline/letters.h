/* agent/pipeline/letters.h - the dead letters of an output: what its far end refused for good, on disk.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A spool in which each record stands beside the destination's own words. The open file is closed soon, so that `agent replay`
 * can have it while the agent runs; who replays or removes files makes room.
 */
#ifndef WEIR_LETTERS_H
#define WEIR_LETTERS_H

#include "agent/pipeline/host.h"
#include "agent/state/spool.h"

struct letters {
    struct spool spool;
    struct host *host; /* its output's, for alarms */
    uint64_t size_max;
    int64_t newest_ns;  /* mono: when the newest letter was kept */
    int64_t looked_ns;  /* mono: when the files were last looked for */
    bool is_open;
};

enum code letters_name(struct letters *letters, struct writer *writer, struct str directory,
                       struct why *why) CHECK_RESULT; /* before the state starts */
enum code letters_open(struct letters *letters, struct why *why) CHECK_RESULT; /* after it */
void letters_close(struct letters *letters); /* zeroed is allowed */

/* False: not now; the event has no outcome yet. Its files reached their size, or the disk is behind. */
bool letters_have_room(struct letters *letters);
/* Keeps a record; letters_have_room() was asked. False: too large for any file. */
bool letters_keep(struct letters *letters, struct str record, struct str words);
/* Before a commit. */
void letters_flush(struct letters *letters);
/* When everything kept was committed: closes a file that has waited long enough. */
void letters_step(struct letters *letters, int64_t mono_ns);
uint64_t letters_bytes(const struct letters *letters);

/* What stands beside a record. */
struct letter {
    struct str words;
    int64_t time_ns; /* when it was refused, wall */
};
void letter_write(struct buffer *to, const struct letter *letter);
bool letter_read(struct str about, struct letter *ret);

#endif
