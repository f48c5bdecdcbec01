/* agent/config/known.h - what could have been written: kinds of blocks, plugins, settings, other tools' words.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef WEIR_KNOWN_H
#define WEIR_KNOWN_H

#include "agent/config/context.h"

/* "agent" and so on; the plugin-less ones too. */
bool known_kind(struct str word);
struct str known_kind_nearest(struct str word);

/* A block that has such a setting, as it would be written, or an empty text. */
struct str known_owner(struct context *context, struct str setting);
/* What a word from another tool, or a wrong thought, is called here; null if nothing is known. */
const char *known_thought(struct str kind, struct str word);

#endif
