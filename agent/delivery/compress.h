/* agent/delivery/compress.h - request bodies to gzip.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef WEIR_COMPRESS_H
#define WEIR_COMPRESS_H

#include "agent/data/buffer.h"

struct compressor; /* one per thread of work: keeps its tables */

/* level 1 (fastest) to 9. Null: no memory. */
struct compressor *compressor_make(int level);
void compressor_free(struct compressor *compressor); /* null is allowed */

/* Replaces what is in `to` by the gzip member of `from`. False: it does not fit. */
bool compressor_gzip(struct compressor *compressor, struct str from, struct buffer *to);

#endif
