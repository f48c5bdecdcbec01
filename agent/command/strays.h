/* agent/command/strays.h - files in the state directory that no output takes any more.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef WEIR_STRAYS_H
#define WEIR_STRAYS_H

#include "agent/config/config.h"

struct files;

/* Warnings: queues and dead letters whose output is neither in the configuration nor known to the
 * journal, which is told of otherwise. */
void foresee_strays(const struct config *config, const struct files *files,
                    struct diagnostics *diagnostics);

#endif
