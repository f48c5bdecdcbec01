/* agent/state/load.h - the journal's records into the state; for this room only.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef WEIR_LOAD_H
#define WEIR_LOAD_H

#include "agent/limits.h"
#include "agent/state/inside.h"

enum { LOAD_INPUTS_MAX = 4096 }; /* inputs of one journal, those gone from the configuration included */

struct load {
    struct state *state;
    uint32_t inputs[LOAD_INPUTS_MAX]; /* the record's numbers to ours */
    uint32_t outputs[OUTPUTS_MAX];
    uint32_t input_count, output_count;
    uint64_t broken; /* sections that make no sense */
    bool has_agent, out_of_memory;
};

/* One payload of the journal; context: struct load. */
void load_record(void *context, struct str payload);
/* After the last record: links the lists, mends what does not add up. False: no memory. */
bool load_finish(struct load *load);

#endif
