/* agent/pipeline/yard.h - where a filter parks what it holds while memory is short.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A spool that lives as long as the process: what an earlier one parked is removed at the start, for its sources
 * are read again. A place can be read once the commit behind it is on disk.
 */
#ifndef WEIR_YARD_H
#define WEIR_YARD_H

#include "agent/pipeline/host.h"
#include "agent/state/spool.h"

enum { YARD_FILES_MAX = PARKED_BYTES_MAX / SEGMENT_BYTES + 16 };

struct yard_file {
    uint64_t base;
    uint64_t left; /* entries that are still wanted */
};

struct yard {
    struct spool spool;
    struct host *host;  /* its filter's */
    struct yard_file files[YARD_FILES_MAX]; /* oldest first */
    uint32_t file_count;
    uint64_t synced;    /* what stands below is on disk */
    uint64_t coming_ticket, coming_tail; /* what the next synced commit will say */
    bool is_open;
};

/* Before the state starts, and after it. */
enum code yard_name(struct yard *yard, struct host *host, struct str directory, struct why *why) CHECK_RESULT;
enum code yard_open(struct yard *yard, struct why *why) CHECK_RESULT;
void yard_close(struct yard *yard); /* zeroed is allowed */

/* As host_park() and its kin (weir.h). */
enum parked yard_put(struct yard *yard, struct str bytes, uint64_t *ret_place);
enum parked yard_get(struct yard *yard, uint64_t place, struct arena *arena, struct str *ret);
void yard_forget(struct yard *yard, uint64_t place);

void yard_flush(struct yard *yard);                      /* before a commit */
void yard_committed(struct yard *yard, uint64_t ticket); /* after it */
/* When the writer was heard: removes what is done. True: what was put there since the last commit waits for one. */
bool yard_collect(struct yard *yard);

#endif
