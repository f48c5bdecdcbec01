/* agent/builtin.h - the plugins that were built in.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef WEIR_BUILTIN_H
#define WEIR_BUILTIN_H

#include "agent/weir.h"

extern const struct input *const builtin_inputs[];   /* each list ends with a null */
extern const struct filter *const builtin_filters[];
extern const struct output *const builtin_outputs[];

#endif
