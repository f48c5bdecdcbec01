/* agent/tailing/reading.h - reading what comes next in a followed file.
 * SPDX-License-Identifier: Apache-2.0
 *
 * No file has a read buffer: a partial last line is read again from its start. A line longer than a read is first
 * only looked through for its end, then read once, up to line_max; so a line of any length costs line_max.
 */
#ifndef WEIR_READING_H
#define WEIR_READING_H

#include "agent/data/batch.h"
#include "agent/tailing/follow.h"

struct reading {
    const struct files *files;
    size_t line_max;
    size_t read_bytes; /* of one read; READ_BYTES */
    uint64_t until;    /* an earlier run's read ended here (source_read_until), so does this one; UINT64_MAX: none */
    bool final;        /* an unterminated last line is an event too */
};

enum reading_result {
    READING_MORE = 0,
    READING_AT_END,
    READING_TRUNCATED, /* it is shorter than what was read of it, or written anew; nothing was read */
    READING_FAILED,    /* the file system said no, or the batch has no room for one line */
};

/* The follow must be open. Looks at the file's size, checks its head and the bytes before the offset, fills the batch and moves
 * the offset and the check along. ret_sys: errno of READING_FAILED. */
enum reading_result reading_step(const struct reading *reading, struct follow *follow,
                                 struct batch *batch, int *ret_sys);

#endif
