/* agent/limits.h - every bound, one line each, with its reason.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef WEIR_LIMITS_H
#define WEIR_LIMITS_H

enum {
    JSON_DEPTH_MAX = 512,        /* deeper than any logger writes; keeps the scanner's stack small */
    FLATTEN_DEPTH_MAX = 10,      /* objects in objects that come up; as deep as Honeycomb unpacks */
    OTLP_DEPTH_MAX = 24,         /* of values in values; protobuf readers stop at 100 messages, a level takes three */
    FIELDS_MAX = 4096,           /* top-level fields of one event; Honeycomb takes 2000, Elasticsearch 1000 */
    INPUTS_MAX = 64,             /* one bit each in stage.from */
    OUTPUTS_MAX = 64,            /* one bit each in origin.owed */
    INVOCATIONS_MAX = 16384,     /* open at once in all sources of one `trace`: 4 MiB; ids are chosen by strangers */
    INVOCATIONS_OF_SOURCE_MAX = 256, /* of one source: a line looks at all of them */
    REQUEST_ID_BYTES_MAX = 64,   /* of an invocation; a UUID has 36 */
    FUNCTION_BYTES_MAX = 64,     /* Lambda's own limit for a function's name */
    READ_BYTES = 64 * 1024,      /* one read: enough to forget the system call; L2 holds all that is made of it */
    UPLOAD_BYTES = 256 * 1024,   /* of a request, given to the socket at once */
    LINE_BYTES_DEFAULT = 1 << 20, /* line_max */
    BATCH_EVENTS_MAX = 16384,    /* events worked on at once */
    FOLLOW_OPEN_MAX = 512,       /* files one tail keeps open: half of the usual RLIMIT_NOFILE of 1024 */
    GLOB_DEPTH_MAX = 32,         /* directories that ** goes down */
    FIND_DIRECTORIES_MAX = 16384, /* watched by one tail; inotify allows some more by default */
    RELEASE_EVENTS_MAX = 1024,   /* put out by a sampler at once; outputs are asked for room in between */
    RELEASE_BYTES_MAX = 1 << 20, /* of records put out at once: the outputs below finish what was begun */
    PATH_SEGMENTS_MAX = 32,      /* of a field path */
    FUNCTIONS_MAX = 256,         /* functions counted apart; the rest is "other" */
    LEDGER_BYTES_MAX = 1 << 20,  /* as JSON: 128 rows of at most 300 bytes and a long label */
    ADMIN_REQUESTS_MAX = 64,     /* asked and not answered yet; one more gets 503 */
    ADMIN_BYTES_MAX = 16 << 20,  /* of one answer; 256 functions make about 1 MiB of metrics */
    ALARMS_MAX = 4096,           /* alarms raised at once; one more is told each time it comes */
    LABEL_BYTES_MAX = 64,        /* of an input or output: part of file names and metrics */
    CONFIG_BYTES_MAX = 4 << 20,  /* one configuration file, or what file() brings in */
    CONFIG_DEPTH_MAX = 64,       /* nested blocks, lists, parentheses: keeps the parser's stack small */
    INCLUDE_DEPTH_MAX = 16,      /* files that include files */
    DIAGNOSTICS_MAX = 100,       /* nobody reads more mistakes in one run; the rest is counted */
    EXPR_DEPTH_MAX = 256,        /* of a compiled expression, with its lets: keeps the lane's stack small */
    EXPR_ANY_MAX = 32,           /* any() terms in one expression: one bit each */
    REGEX_MATCH_MAX = 1000000,   /* steps of one match (PCRE2's match and depth limit): some 10 ms */
    REGEX_HEAP_KIB_MAX = 4096,   /* backtracking memory of one match without JIT */
    TARGETS_MAX = 256,           /* distinct indexes, datasets, topics of one output within a day: strangers choose names */
    TARGET_BYTES_MAX = 255,      /* name of a target: an index may have 255 bytes, a topic 249 */
    PAYLOAD_BYTES_MAX = 256 << 20, /* records of one payload; only a single giant comes near */
    WORDS_BYTES_MAX = 1024,      /* of a destination's own words about one event */
    REPLY_BYTES_MAX = 32 << 20,  /* an answer: 100,000 items with errors */
    IN_FLIGHT_MAX = 64,          /* requests at once of one output */
    RETRY_AFTER_S_MAX = 3600,    /* no far end may silence us for longer */
    PREFLIGHT_S_MAX = 60,        /* no data waits longer for a template that a far end cannot take now */
    RULES_MAX = 250,             /* of one sampler: a held event notes its rule in a byte */
    RULE_ANY_MAX = 64,           /* any() terms of one sampler: one bit each */
    RULE_RATES_MAX = 8,          /* rates of one sampler that depend on the event: each trace keeps the smallest */
    RULE_LABEL_BYTES_MAX = 64,   /* travels with every remembered verdict */
    COPIES_MAX = 8,              /* copy blocks of one sampler: each trace notes where the value is */
    RATE_MAX = 1000000000,       /* 1 in so many; times a second stage it still fits a weight */
    TRACE_NAME_BYTES_MAX = 39,   /* of a trace id that can be stamped: a UUID has 36, a 128-bit decimal 39 */
    SLAB_BYTES = 64 * 1024,      /* of what holds traces: one huge page's sixteenth, one large line */
    VERDICTS_KEPT_MAX = 64 << 10, /* remembered kept traces of one sampler; some 6 MiB */
    VERDICTS_DROPPED_MAX = 1 << 20, /* remembered dropped ids of one sampler; some 24 MiB */
    VERDICT_TEXTS_MAX = 1024,    /* distinct reasons and rules among remembered verdicts */
    VERDICT_BLOB_BYTES_MAX = 4096, /* one entry of the journal */
    SOURCES_MAX = 65536,         /* open files, partitions, shards of one agent */
    SOURCE_KEY_BYTES_MAX = 512,  /* of a source's key or id prefix; a Kafka topic's name takes 249 */
    NOTE_BYTES_MAX = 4096,       /* what an input keeps with a source: a birth and its path */
    BLOB_BYTES_MAX = 4096,       /* one remembered verdict blob */
    OPEN_LIST_MAX = 1 << 23,          /* open positions of all sources; the held and payload budgets bind earlier */
    SENT_AHEAD_BYTES = 64 << 20, /* of a source, reserved at once before its ids leave: a sync each second at full speed */
    JOURNAL_BYTES = 32 << 20,    /* above this it is rewritten as a snapshot */
    RECORD_BYTES_MAX = 64 << 20, /* one journal record; the longest commit there can be is far below */
    SNAPSHOT_BYTES_MAX = 256 << 20, /* the whole state at its worst: every source with a note, every verdict */
    STREAMS_MAX = 4 * OUTPUTS_MAX, /* append-only files: of an output its own, its queue, its dead letters; of samplers */
    SEGMENT_BYTES = 16 << 20,    /* of one segment file: what a queue gives back to the disk at once */
    RESCUED_BYTES_MAX = 1 << 30, /* of deleted files, kept by one input for the next start */
    RESCUE_STEP_BYTES = 16 << 20, /* of a deleted file, copied at once: some 10 ms of the lane */
    PARKED_BYTES_MAX = 1 << 30,  /* of held records that one sampler parks on disk while memory is short */
    PARKED_PIECE_BYTES = 1 << 20, /* of one trace, parked and brought back at once */
    SPOOL_FILES_MAX = 1 << 20,   /* of one spool: 16 TiB */
};

#endif
