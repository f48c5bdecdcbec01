/* tests/demo/figures.c - what is true of one function's log.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/demo/figures.h"

#include <inttypes.h>
#include <stdlib.h>

void figures_add_run(struct figures *figures, double took_ms)
{
    if (figures->invocations == figures->took_room) {
        figures->took_room = figures->took_room ? figures->took_room * 2 : 1024;
        figures->took_ms = realloc(figures->took_ms, figures->took_room * sizeof *figures->took_ms);
        if (!figures->took_ms)
            abort();
    }
    figures->took_ms[figures->invocations++] = took_ms;
}

static int by_size(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

static double percentile(const struct figures *figures, double share)
{
    if (figures->invocations == 0)
        return 0;
    return figures->took_ms[(size_t)((double)(figures->invocations - 1) * share + 0.5)];
}

void figures_write(struct figures *figures, const char *runtime, FILE *to)
{
    fprintf(to, "{\"lines\": %" PRIu64 ", \"sure_lines\": %" PRIu64, figures->lines,
            figures->sure_lines);
    fprintf(to, ", \"traces\": %" PRIu64 ", \"error_traces\": %" PRIu64, figures->traces,
            figures->error_traces);
    if (runtime) {
        if (figures->invocations > 0)
            qsort(figures->took_ms, figures->invocations, sizeof *figures->took_ms, by_size);
        fprintf(to, ", \"runtime\": \"%s\", \"invocations\": %" PRIu64 ", \"errors\": %" PRIu64,
                runtime, figures->invocations, figures->errors);
        fprintf(to,
                ", \"timeouts\": %" PRIu64 ", \"out_of_memory\": %" PRIu64
                ", \"cold_starts\": %" PRIu64,
                figures->timeouts, figures->out_of_memory, figures->cold_starts);
        fprintf(to, ", \"p50_ms\": %.3f, \"p95_ms\": %.3f", percentile(figures, 0.5),
                percentile(figures, 0.95));
    }
    fprintf(to, "}");
}

void figures_clear(struct figures *figures)
{
    free(figures->took_ms);
    figures->took_ms = NULL;
}
