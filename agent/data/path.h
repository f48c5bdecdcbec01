/* agent/data/path.h - what a compiled field path is inside. For agent/data alone; others use names.h.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef WEIR_PATH_H
#define WEIR_PATH_H

#include "agent/data/event.h"

/* `items[0].id` is the steps "items", [0], "id"; without an index there is one step, whose dots are tried as
 * parts of a key and as ways into an object. */
struct step {
    struct str dotted; /* empty: the index counts */
    uint32_t index;
};

struct path {
    struct str text; /* as it was written */
    enum slot slot;
    bool is_duration;
    bool is_plain; /* keys made from it need no escaping */
    uint16_t count;
    struct step steps[];
};

#endif
