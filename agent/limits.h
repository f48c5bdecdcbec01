/* agent/limits.h - every bound, one line each, with its reason.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef WEIR_LIMITS_H
#define WEIR_LIMITS_H

enum {
    JSON_DEPTH_MAX = 512,        /* deeper than any logger writes; keeps the scanner's stack small */
    FIELDS_MAX = 4096,           /* top-level fields of one event; Honeycomb takes 2000, Elasticsearch 1000 */
    OUTPUTS_MAX = 64,            /* one bit each in origin.owed */
    READ_BYTES = 256 * 1024,     /* one read: big enough to forget the system call, small enough for L2 */
    LINE_BYTES_DEFAULT = 1 << 20, /* line_max */
    BATCH_EVENTS_MAX = 16384,    /* events worked on at once */
    PATH_SEGMENTS_MAX = 32,      /* of a field path */
    ALARMS_MAX = 4096,           /* alarms raised at once; one more is told each time it comes */
    SOURCES_MAX = 65536,         /* open files, partitions, shards of one agent */
};

#endif
