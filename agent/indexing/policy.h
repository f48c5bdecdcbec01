/* agent/indexing/policy.h - how `retention` is kept. For this room alone.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef WEIR_POLICY_H
#define WEIR_POLICY_H

#include "agent/indexing/paper.h"

/* By a policy of its own, or (never both) by the data stream's lifecycle, which stands in the template. */
bool policy_is_wanted(const struct turn *turn);
bool policy_is_lifecycle(const struct turn *turn);
struct str policy_time(const struct turn *turn, int64_t ns);
/* Of templates and of OpenSearch's policies, where several match a name. */
size_t policy_priority(const struct turn *turn);

#endif
