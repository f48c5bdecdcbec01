/* agent/data/flatten.h - a JSON object to one without objects in it, within a far end's bounds.
 * SPDX-License-Identifier: Apache-2.0
 *
 * For stores whose events are flat and bounded (Honeycomb). Members of an object inside come up under
 * `outer.inner`; arrays, and objects deeper than FLATTEN_DEPTH_MAX, become their JSON text; null goes. A name that
 * is taken already gets a number behind it. Long texts are shortened, at the boundary of a character. When
 * an event is too large all the same, its longest texts are shortened further, and at last fields are left out: the
 * user's before those of the naming's table.
 */
#ifndef WEIR_FLATTEN_H
#define WEIR_FLATTEN_H

#include "agent/data/encode.h"

struct flat_bounds {
    enum naming names; /* whose names are left out last */
    uint32_t fields_max;
    size_t text_max;   /* bytes of one text */
    size_t object_max; /* bytes of the whole object */
};

struct flat_cut { /* what did not fit */
    uint32_t fields, texts;
};

/* `to` ends with a valid JSON object that begins at start: replaced by its flat form. */
struct flat_cut flatten_object(struct buffer *to, size_t start, const struct flat_bounds *bounds,
                               struct arena *scratch);

/* Nothing of the event has to come up or go: encoded with array_texts it is flat. */
bool event_is_flat(const struct event *event);
/* Whatever stands in an object of this length, all of it fits. */
bool flat_fits(size_t object_len, const struct flat_bounds *bounds);

#endif
