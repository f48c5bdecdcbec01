/* agent/honeycomb/statuses.h - the answer to a batch: a status for each of its events.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef WEIR_STATUSES_H
#define WEIR_STATUSES_H

#include "agent/weir.h"

/* Fills the verdicts and words of all items; false: that is no whole answer to a batch. */
bool statuses_read(struct str body, struct judgement *ret);

#endif
