/* agent/delivery/compress.h - request bodies to gzip or zstd.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef WEIR_COMPRESS_H
#define WEIR_COMPRESS_H

#include "agent/data/buffer.h"
#include "agent/delivery/endpoint.h"

struct compressor; /* one per thread of work: keeps its tables */

/* COMPRESS_GZIP or COMPRESS_ZSTD, at a level that costs little. Null: no memory. */
struct compressor *compressor_make(enum compress codec);
void compressor_free(struct compressor *compressor); /* null is allowed */

/* Replaces what is in `to` by `from`, compressed. False: it does not fit. */
bool compressor_pack(struct compressor *compressor, struct str from, struct buffer *to);

struct str compressor_word(const struct compressor *compressor); /* of Content-Encoding */

#endif
