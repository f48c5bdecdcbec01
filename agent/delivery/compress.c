/* agent/delivery/compress.c - request bodies to gzip.
 * SPDX-License-Identifier: Apache-2.0
 *
 * libdeflate compresses a whole buffer at once and is two to three times as fast as zlib at a like
 * ratio.
 */
#include "agent/delivery/compress.h"

#include <libdeflate.h>

#include "agent/memory.h"

struct compressor *compressor_make(int level)
{
    libdeflate_set_memory_allocator(memory_make, memory_free);
    return (struct compressor *)libdeflate_alloc_compressor(level);
}

void compressor_free(struct compressor *compressor)
{
    if (compressor)
        libdeflate_free_compressor((struct libdeflate_compressor *)compressor);
}

bool compressor_gzip(struct compressor *compressor, struct str from, struct buffer *to)
{
    struct libdeflate_compressor *deflate = (struct libdeflate_compressor *)compressor;
    buffer_reset(to);
    char *room = buffer_reserve(to, libdeflate_gzip_compress_bound(deflate, from.len));
    if (!room)
        return false;
    to->len = libdeflate_gzip_compress(deflate, from.at, from.len, room, to->room);
    return to->len > 0;
}
