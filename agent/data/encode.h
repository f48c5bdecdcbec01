/* agent/data/encode.h - an event to JSON text.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What no filter touched is copied as the bytes it came as. Keys are unique at every depth (last wins).
 * Invalid UTF-8 becomes U+FFFD. Under OTEL, ECS and HONEYCOMB the source field of a slot is moved to the
 * slot's name, not copied.
 */
#ifndef WEIR_ENCODE_H
#define WEIR_ENCODE_H

#include "agent/data/buffer.h"
#include "agent/data/event.h"

enum naming { NAMES_AS_IS = 0, NAMES_OTEL, NAMES_ECS, NAMES_HONEYCOMB };

struct encoding {
    enum naming names;
    bool event_id;  /* write the id as weir.event_id */
    bool doc_count; /* write _doc_count when the weight is above 1 (Elasticsearch) */
    bool objects;   /* the far end takes dotted names for objects in objects, as ECS does: none is a value and an
                     * object, and the judgement is event.outcome whatever the naming */
    bool array_texts; /* arrays become their JSON text */
    bool sampling;  /* write sampling.weight, sampling.reason, sampling.rule where a sampler kept it */
};

/* One JSON object, no line end. scratch is used for nested edits. */
void encode_event(struct buffer *to, const struct event *event, const struct encoding *encoding,
                  struct arena *scratch);

void encode_text(struct buffer *to, struct str text);   /* quoted, escaped, UTF-8 made valid */
void encode_text_body(struct buffer *to, struct str text); /* the same without its quotes */
void encode_value(struct buffer *to, struct value value);
void encode_time(struct buffer *to, int64_t time_ns);   /* RFC 3339 UTC, as many digits as needed of 0, 3, 6, 9 */

#endif
