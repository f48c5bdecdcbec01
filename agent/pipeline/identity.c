/* agent/pipeline/identity.c - the id of an event.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/pipeline/identity.h"

#include <string.h>

#include "agent/pipeline/spare.h"
#include "agent/state/source.h"

enum { HEX_DIGITS_MAX = 16, PARTS = 3 };

static char *put_hex(char *to, uint64_t number)
{
    static const char digits[] = "0123456789abcdef";
    unsigned width = number ? (unsigned)(67 - __builtin_clzll(number)) / 4 : 1;
    for (unsigned i = width; i > 0; i--) {
        to[i - 1] = digits[number & 15];
        number >>= 4;
    }
    return to + width;
}

size_t event_id_bytes(const struct source *source)
{
    return source->id_prefix.len + PARTS * (HEX_DIGITS_MAX + 1) + SPARE_ALIGNMENT;
}

void event_identify(struct event *event, struct spare *spare)
{
    const struct origin *origin = event->origin;
    if (event->id.len || !origin->source)
        return;
    struct str prefix = origin->source->id_prefix;
    char *id = spare_take(spare, prefix.len + PARTS * (HEX_DIGITS_MAX + 1));
    memcpy(id, prefix.at, prefix.len);
    char *end = put_hex(id + prefix.len, origin->offset);
    *end++ = '-';
    end = put_hex(end, origin->length);
    if (origin->index) {
        *end++ = '-';
        end = put_hex(end, origin->index);
    }
    event->id = (struct str){id, (size_t)(end - id)};
}
