/* agent/delivery/compress.c - request bodies to gzip or zstd.
 * SPDX-License-Identifier: Apache-2.0
 *
 * libdeflate compresses a whole buffer at once and is two to three times as fast as zlib at a like
 * ratio. zstd is faster still and packs closer, where the far end takes it. Both take their memory
 * through our door; the hook of zstd is part of its static-link-only interface, which Debian's
 * shared library exports all the same.
 */
#define ZSTD_STATIC_LINKING_ONLY
#include "agent/delivery/compress.h"

#include <libdeflate.h>
#include <zstd.h>

#include "agent/memory.h"

enum {
    GZIP_LEVEL = 1, /* three quarters of level 6's saving at a quarter of its time */
    ZSTD_LEVEL = 1,
};

struct compressor {
    struct libdeflate_compressor *deflate; /* one of the two */
    ZSTD_CCtx *zstd;
};

static void *zstd_make(void *opaque, size_t size)
{
    (void)opaque;
    return memory_make(size);
}

static void zstd_free(void *opaque, void *block)
{
    (void)opaque;
    memory_free(block);
}

struct compressor *compressor_make(enum compress codec)
{
    MUST(codec == COMPRESS_GZIP || codec == COMPRESS_ZSTD);
    struct compressor *compressor = memory_make(sizeof *compressor);
    if (!compressor)
        return NULL;
    *compressor = (struct compressor){0};
    if (codec == COMPRESS_GZIP) {
        libdeflate_set_memory_allocator(memory_make, memory_free);
        compressor->deflate = libdeflate_alloc_compressor(GZIP_LEVEL);
    } else {
        compressor->zstd = ZSTD_createCCtx_advanced((ZSTD_customMem){zstd_make, zstd_free, NULL});
    }
    if (compressor->deflate || compressor->zstd)
        return compressor;
    memory_free(compressor);
    return NULL;
}

void compressor_free(struct compressor *compressor)
{
    if (!compressor)
        return;
    if (compressor->deflate)
        libdeflate_free_compressor(compressor->deflate);
    ZSTD_freeCCtx(compressor->zstd);
    memory_free(compressor);
}

bool compressor_pack(struct compressor *compressor, struct str from, struct buffer *to)
{
    buffer_reset(to);
    size_t bound = compressor->deflate
                       ? libdeflate_gzip_compress_bound(compressor->deflate, from.len)
                       : ZSTD_compressBound(from.len);
    char *room = buffer_reserve(to, bound);
    if (!room)
        return false;
    if (compressor->deflate) {
        to->len = libdeflate_gzip_compress(compressor->deflate, from.at, from.len, room, to->room);
        return to->len > 0;
    }
    size_t len = ZSTD_compressCCtx(compressor->zstd, room, to->room, from.at, from.len, ZSTD_LEVEL);
    to->len = ZSTD_isError(len) ? 0 : len;
    return to->len > 0;
}

struct str compressor_word(const struct compressor *compressor)
{
    return compressor->deflate ? STR("gzip") : STR("zstd");
}
