/* agent/state/ledger.h - the counts of all outcomes.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Between two passes of the lane, for every output: in = outcomes + held + queued + in_flight. The lane adds
 * to the fields directly. All but held, queued and in_flight are totals: they are journaled with the
 * marks and go on counting after a restart; in_flight then starts with what was open.
 */
#ifndef WEIR_LEDGER_H
#define WEIR_LEDGER_H

#include "agent/data/buffer.h"
#include "agent/why.h"

struct input_totals {
    uint64_t bytes, lines, events, joined, blank, cut_bytes;
};

struct output_totals {
    uint64_t in, delivered, sampled_out, dropped, dead_lettered, evicted, abandoned;
    uint64_t held, queued, in_flight;
};

struct ledger {
    struct str *input_names, *output_names; /* borrowed */
    struct input_totals *inputs;
    struct output_totals *outputs;
    uint32_t input_count, output_count;
};

bool output_is_balanced(const struct output_totals *output);
bool ledger_is_balanced(const struct ledger *ledger);
/* Events without an outcome: held, queued or in flight. */
uint64_t ledger_open(const struct ledger *ledger);
/* Events that no destination has and none will get by itself: refused, evicted, abandoned; of all runs. */
uint64_t ledger_failed(const struct ledger *ledger);

/* {"balanced":true,"inputs":{NAME:{...}},"outputs":{NAME:{...}}} and a line end. */
void ledger_write_json(const struct ledger *ledger, struct buffer *to);
/* For people: one line, and one more for every output when they differ or do not balance. */
void ledger_write_text(const struct ledger *ledger, struct buffer *to);

#endif
