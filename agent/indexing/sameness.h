/* agent/indexing/sameness.h - do two JSON documents say the same?
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef WEIR_SAMENESS_H
#define WEIR_SAMENESS_H

#include "agent/data/scan.h"

/* The same number for documents that say the same: blanks, the order of keys, and the members that `skip` names at any
 * depth (separated by blanks, with one at both ends) do not count. The document must be valid. */
uint64_t sameness_of(struct value document, const char *skip);

#endif
