/* agent/command/replay_input.h - dead letters and archives as an input: what `agent replay` reads.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A segment of dead letters is read record by record, an archive (JSON lines that output `file` wrote) line by line. Each
 * event keeps its id, weight and reason. A source's position is the place in its file, so what was settled of it
 * stands in the journal of the replay, and the next one goes on with what is left.
 */
#ifndef WEIR_REPLAY_INPUT_H
#define WEIR_REPLAY_INPUT_H

#include "agent/state/segment.h"
#include "agent/weir.h"

struct replay_file {
    const char *path;
    struct source *source;
    struct segment_head head; /* of dead letters */
    uint64_t size, at;
    uint64_t unreadable; /* places of it, in this run */
    int fd;
    bool is_open;
    bool is_segment;
    bool is_done; /* all of it has an outcome */
};

struct replay { /* the input's object */
    struct replay_file *files;
    size_t count;
    const struct files *port;
    struct scanner *scanner;
    uint64_t bytes, done_bytes; /* of all that is left at the start, and read since */
    uint64_t unreadable;        /* places that are no event */
    unsigned busy;              /* files that an agent still writes */
};

extern const struct input replay_input;

/* One line of an archive into its event. False: it is no JSON object. */
bool replay_line(struct scanner *scanner, struct event *event, struct arena *arena);

#endif
