/* agent/indexing/words.h - what Elasticsearch and OpenSearch say when they refuse, in one line.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef WEIR_WORDS_H
#define WEIR_WORDS_H

#include "agent/weir.h"

/* Of an `error` object or text: "type: reason; caused by: reason", at most WORDS_BYTES_MAX. */
struct str words_of_error(struct value error, struct arena *arena);
/* Of a whole answer; "HTTP 502" where it has no words. */
struct str words_of_reply(const struct reply *reply, struct arena *arena);

#endif
