/* agent/command/foresight.h - what will go wrong with a configuration that is well formed, and with what is on this machine.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef WEIR_FORESIGHT_H
#define WEIR_FORESIGHT_H

#include "agent/config/config.h"

/* Errors: parts of `memory` that cannot hold what the settings promise. */
void foresee_memory(const struct config *config, struct diagnostics *diagnostics);
/* Outputs that write one file, or what an input of the same agent reads. */
void foresee_files(const struct config *config, struct diagnostics *diagnostics);
/* Warnings: what the state directory remembers under labels that are gone. */
void foresee_state(const struct config *config, const struct files *files,
                   struct diagnostics *diagnostics);

#endif
