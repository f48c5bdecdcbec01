/* agent/indexing/indexing.h - what the `elasticsearch` output asks its far end beside delivering.
 * SPDX-License-Identifier: Apache-2.0
 *
 * `agent check --connect` looks whether events can be stored. Before the first payload the index template and, for
 * `retention`, a lifecycle policy are written, unless somebody else looks after these names (decision 0010).
 */
#ifndef WEIR_INDEXING_H
#define WEIR_INDEXING_H

#include "agent/weir.h"

enum bootstrap { BOOTSTRAP_AUTO = 0, BOOTSTRAP_OFF, BOOTSTRAP_DATA_STREAM, BOOTSTRAP_INDEX };

struct indexing { /* lives as long as the output */
    /* from its settings */
    struct str pattern;  /* the names that `index` can give: "logs-*-prod" */
    bool has_time;       /* some of them by a time */
    struct str pipeline; /* empty: none was set */
    enum bootstrap bootstrap;
    int64_t retention_ns; /* 0: for ever */
    enum naming names;
    bool has_credentials;
    /* made of them */
    struct str name;    /* of what is written: "weir-logs-any-prod"; empty: nothing is */
    bool is_stream;     /* a data stream, else plain indexes */
};

/* What no index name may be; null: it is fine. */
const char *indexing_name_mistake(struct str name);
/* Fills in the second half. BAD_CONFIG: the settings do not go together. where: "file:line:column" for messages. */
enum code indexing_open(struct indexing *indexing, struct arena *arena, const char *where, struct why *why)
    CHECK_RESULT;

enum paper_state {
    PAPER_UNKNOWN = 0,
    PAPER_WANTED,  /* it is not there, or an older one of ours is */
    PAPER_WRITTEN, /* without the seal that says what the server made of it */
    PAPER_READ,
    PAPER_DONE,
};
struct paper_note { /* how far one document is */
    enum paper_state state;
    uint64_t stored; /* what the server made of it */
    uint64_t sequence, term; /* of OpenSearch's policy that is there: to replace that one and no later one */
    bool has_sequence;
};

struct indexing_errand { /* what the answers said so far: the errand's `mine` */
    bool is_opensearch;
    unsigned version;   /* 8019 for 8.19; 0: it does not say */
    bool is_covered;    /* somebody else's template is for these names, or none may be looked at */
    bool lacks_match_only_text, lacks_lifecycle, lacks_policies;
    struct paper_note template, policy;
};

/* The output's errand (weir.h). */
bool indexing_ask(const struct indexing *indexing, struct errand *errand, struct request *ret);
void indexing_hear(const struct indexing *indexing, struct errand *errand, const struct reply *reply);

#endif
