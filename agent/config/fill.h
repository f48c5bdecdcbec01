/* agent/config/fill.h - objects from blocks, by their settings tables. Internal to this room.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef WEIR_FILL_H
#define WEIR_FILL_H

#include "agent/config/syntax.h"

/* A table and what it fills. A block may be filled by several (a plugin's own, and `when` and `from`). */
struct binding {
    const struct setting *table;
    void *object;
};

/* Fills what is written and the defaults, diagnoses the rest. Blocks of known kinds (filter, output...)
 * are left to the caller. help: the plugin to name in hints, or empty. */
void fill_block(struct context *context, const struct syntax_block *block,
                const struct binding *bindings, size_t count, struct str help);

/* value.c's counterpart: one value of a kind into its member. False after a mistake. */
bool fill_value(struct context *context, const struct setting *row, enum setting_kind kind,
                const struct syntax *value, void *to);
/* A default, minimum or maximum, as it stands in a table. */
bool fill_text(struct context *context, const struct setting *row, const char *text, void *to);

const struct setting *setting_find(const struct setting *table, struct str name);

#endif
