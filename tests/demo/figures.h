/* tests/demo/figures.h - what is true of one function's log.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef WEIR_DEMO_FIGURES_H
#define WEIR_DEMO_FIGURES_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct figures {
    uint64_t lines, sure_lines; /* sure: of traces with an error or a 4xx, which no rule may sample away */
    uint64_t traces, error_traces;
    uint64_t invocations, errors, timeouts, out_of_memory, cold_starts;
    double *took_ms; /* of each invocation */
    size_t took_room;
};

void figures_add_run(struct figures *figures, double took_ms);
/* As a JSON object; a log that is no function's has no runtime. */
void figures_write(struct figures *figures, const char *runtime, FILE *to);
void figures_clear(struct figures *figures);

#endif
