/* agent/delivery/rate_limit.h - the RateLimit header of an answer (IETF drafts of "RateLimit header fields for HTTP").
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef WEIR_RATE_LIMIT_H
#define WEIR_RATE_LIMIT_H

#include "agent/data/str.h"

/* How long nothing more will be taken, in ns; -1: something is left, or the header does not say. Reads
 * "limit=100, remaining=0, reset=60" (draft 07) and "\"default\";r=0;t=60" (later ones). */
int64_t rate_limit_wait(struct str header);

#endif
