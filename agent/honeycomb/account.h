/* agent/honeycomb/account.h - what the `honeycomb` output asks of its far end beside delivering: keys and markers.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef WEIR_ACCOUNT_H
#define WEIR_ACCOUNT_H

#include "agent/weir.h"

struct account { /* from the output's settings; lives as long as the output */
    struct str dataset;  /* where a marker goes; empty: to the whole environment */
    struct str message;  /* of the marker */
    bool wants_marks;    /* the operator wants them */
    bool marks;          /* one is to be set before the first payload leaves */
};

/* What is wrong with a key that can be seen in it; null: nothing. */
const char *account_key_mistake(struct str key);

/* The output's errand (weir.h). */
bool account_ask(const struct account *account, struct errand *errand, struct request *ret);
void account_hear(const struct account *account, struct errand *errand, const struct reply *reply);

/* {"error":"..."}, RFC 7807's title and detail, or the status alone. */
struct str account_words(const struct reply *reply, struct arena *arena);

#endif
