/* agent/indexing/stream.c - what every document says of the data stream that it goes to.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/indexing/stream.h"

/* logs-app-prod: type, dataset, namespace; neither of the last two holds a dash. */
static void write_parts(struct str target, struct buffer *to)
{
    struct cut type = str_cut(target, '-'), dataset = str_cut(type.tail, '-');
    bool is_known = str_equal(type.head, STR("logs")) || str_equal(type.head, STR("metrics")) ||
                    str_equal(type.head, STR("traces"));
    if (!is_known || !dataset.found || str_find(dataset.tail, '-') != SIZE_MAX)
        return;
    buffer_add(to, STR(",\"data_stream.type\":"));
    encode_text(to, type.head);
    buffer_add(to, STR(",\"data_stream.dataset\":"));
    encode_text(to, dataset.head);
    buffer_add(to, STR(",\"data_stream.namespace\":"));
    encode_text(to, dataset.tail);
}

/* False: it is none that an outbox lets through. */
static bool learn(struct stream_members *members, struct str target)
{
    struct buffer text = {
        .at = members->text, .room = sizeof members->text, .max = sizeof members->text};
    members->target_len = members->text_len = 0;
    write_parts(target, &text);
    if (text.full || target.len > TARGET_BYTES_MAX)
        return false;
    memcpy(members->target, target.at, target.len);
    members->target_len = (uint16_t)target.len;
    members->text_len = (uint16_t)text.len;
    return true;
}

void stream_members_write(struct stream_members *members, struct str target, struct buffer *to)
{
    if (LIKELY(str_equal(target, (struct str){members->target, members->target_len})) ||
        learn(members, target))
        buffer_add(to, (struct str){members->text, members->text_len});
    else
        write_parts(target, to);
}
