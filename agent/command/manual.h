/* agent/command/manual.h - a plugin's manual from its settings table: for the terminal, and as Markdown.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef WEIR_MANUAL_H
#define WEIR_MANUAL_H

#include "agent/config/config.h"

struct manual { /* of one plugin, or of the agent block */
    enum node_kind kind;
    const char *name, *summary;
    const struct setting *settings;
    bool is_agent; /* no plugin: the agent block */
    bool delivers; /* an output with a far end */
    bool when_required;
};

void manual_print(struct buffer *to, const struct manual *manual);

/* One section of a reference page. */
void manual_markdown(struct buffer *to, const struct manual *manual);
/* `when`, `from` and `was`, for the page's end; for outputs `queue` and `dead_letters` too. */
void manual_common_markdown(struct buffer *to, enum node_kind kind);

/* "5s, 1ms to 1h": what a row says of its values. */
void manual_values(struct buffer *to, const struct setting *row);

#endif
