/* agent/config/template.h - "logs-{service.name}-{timestamp:%Y.%m.%d}".
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef WEIR_TEMPLATE_H
#define WEIR_TEMPLATE_H

#include "agent/data/buffer.h"
#include "agent/data/event.h"

struct template;

enum template_alphabet {
    TEMPLATE_ANY = 0,
    TEMPLATE_SAFE, /* what fields bring in is reduced to lower-case letters, digits, "-", "_" and "." (never ".." or a slash) */
};

/* Missing fields give the setting `missing` (default "none"). Time parts use event time only. */
void template_write(const struct template *template, const struct event *event,
                    enum template_alphabet alphabet, struct buffer *to, struct arena *scratch);
/* The names it can give, as a pattern: "*" for whatever a field or the time brings in. */
void template_pattern(const struct template *template, struct buffer *to);
bool template_has_time(const struct template *template); /* {timestamp:...} */
bool template_is_constant(const struct template *template);

#endif
