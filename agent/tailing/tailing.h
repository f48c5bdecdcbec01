/* agent/tailing/tailing.h - the inside of `input tail`: which files there are, and each of them as a source.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The finder tells of paths; an inode that is not followed yet is first undecided (it may be a copy in the making),
 * then a source with a serial of its own. What was known from an earlier run is recognized by its birth.
 */
#ifndef WEIR_TAILING_H
#define WEIR_TAILING_H

#include "agent/tailing/finder.h"
#include "agent/tailing/reading.h"
#include "agent/weir.h"

struct tailing {
    struct host *host;
    struct follows follows;
    struct finder finder;
    struct buffer note;
    size_t line_max;
    int64_t poll_ns;
    int64_t mono_ns, pass_at_ns, passed_ns;
    uint32_t missing, unlinked; /* seen by the last sweep */
    bool from_end;              /* files of the first start are not read from their beginning */
    bool names_files;           /* events say which file they came from */
    uint64_t copied;       /* bytes of all copies, rescue.h */
    bool has_more_to_copy; /* of unlinked files, rescue.h */
    bool once, is_first_start, has_looked, has_undecided, has_truncated;
};

/* --- tailing.c: all files --- */

/* Before it, the caller sets what the operator did, finder.paths and finder.excludes among it. */
void tailing_open(struct tailing *tailing, struct host *host);
void tailing_close(struct tailing *tailing);
int64_t tailing_watch(struct tailing *tailing, int64_t mono_ns, bool once); /* as input.watch */

/* --- tailed.c: one of them --- */

bool tailed_open(struct tailing *tailing, struct follow *follow); /* its descriptor, or an alarm */
/* A new file: mints a serial. */
void tailed_start(struct tailing *tailing, struct follow *follow);
/* Opens the source of a serial; where it is known, at its rewind. */
bool tailed_resume(struct tailing *tailing, struct follow *follow);
/* False: it was truncated, and the follow may be gone. */
bool tailed_check(struct tailing *tailing, struct follow *follow, const struct file_facts *facts);
void tailed_note(struct tailing *tailing, struct follow *follow); /* its birth, into the journal */
void tailed_drop(struct tailing *tailing, struct follow *follow); /* it was read to its end */
/* The rest of it cannot be read any more: an alarm where that is something. size: as it was last seen. */
void tailed_lose(struct tailing *tailing, struct follow *follow, uint64_t size, const char *fate);
enum read_result tailed_read(struct tailing *tailing, struct follow *follow, struct batch *batch,
                             bool final); /* as input.read */

#endif
