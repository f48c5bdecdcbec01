/* agent/indexing/stream.h - what every document says of the data stream that it goes to.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef WEIR_STREAM_MEMBERS_H
#define WEIR_STREAM_MEMBERS_H

#include "agent/weir.h"

struct stream_members { /* of the target that was asked for last: documents go there by the thousand */
    uint16_t target_len, text_len;
    char target[TARGET_BYTES_MAX];
    char text[TARGET_BYTES_MAX + 128]; /* the members around the parts of a target take 76 */
};

/* ,"data_stream.type":"logs",... of logs-app-prod; nothing of a target that names no stream in this way. A zeroed
 * struct has seen none. */
void stream_members_write(struct stream_members *members, struct str target, struct buffer *to);

#endif
