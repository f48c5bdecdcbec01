/* agent/state/glance.h - whose state a directory holds, without opening it: `agent check` may look beside a running agent.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef WEIR_GLANCE_H
#define WEIR_GLANCE_H

#include "agent/data/str.h"
#include "agent/limits.h"
#include "agent/ports/files.h"

struct glance_label {
    char text[LABEL_BYTES_MAX + 1];
    uint64_t waiting; /* of outputs: events without an outcome, held, queued or in flight */
};

struct glance { /* as the newest whole record of the journal says */
    struct glance_label inputs[INPUTS_MAX], outputs[OUTPUTS_MAX];
    uint32_t input_count, output_count;
};

/* False: there is no journal, or it cannot be read. */
bool glance_at(const struct files *files, struct str directory, struct glance *ret);

#endif
