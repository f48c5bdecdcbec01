/* agent/indexing/indexing.h - what the `elasticsearch` output asks its far end beside delivering.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef WEIR_INDEXING_H
#define WEIR_INDEXING_H

#include "agent/weir.h"

struct indexing { /* from the output's settings; lives as long as the output */
    struct str pattern;  /* the names that `index` can give: "logs-*-prod" */
    struct str pipeline; /* empty: none was set */
    bool has_credentials;
};

struct indexing_errand { /* what the answers said so far: the errand's `mine` */
    bool is_opensearch;
    unsigned version; /* 8019 for 8.19; 0: it does not say */
};

/* The output's errand (weir.h). */
bool indexing_ask(const struct indexing *indexing, struct errand *errand, struct request *ret);
void indexing_hear(const struct indexing *indexing, struct errand *errand, const struct reply *reply);

#endif
