/* tests/delivery/test_compress.c - mirrors agent/delivery/compress.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/delivery/compress.c"

#include <zlib.h>

#include "tests/check.h"

static char lines[300000], back[sizeof lines];

static void lines_make(void)
{
    for (size_t i = 0; i < sizeof lines; i++)
        lines[i] = "{\"message\":\"hello\"}\n"[(i * i / 7) % 20];
    memset(back, 0, sizeof back);
}

static void zlib_reads_what_was_written(void)
{
    lines_make();
    struct buffer packed;
    buffer_init(&packed, 1 << 20);
    struct compressor *compressor = compressor_make(COMPRESS_GZIP);
    CHECK_TEXT(compressor_word(compressor), "gzip");
    for (int round = 0; round < 2; round++) {
        CHECK(compressor_pack(compressor, (struct str){lines, sizeof lines}, &packed));
        z_stream stream = {.next_in = (Bytef *)packed.at,
                           .avail_in = (uInt)packed.len,
                           .next_out = (Bytef *)back,
                           .avail_out = sizeof back};
        CHECK_EQ(inflateInit2(&stream, 15 + 16), Z_OK);
        CHECK_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
        CHECK_EQ(stream.total_out, sizeof lines);
        CHECK(memcmp(back, lines, sizeof lines) == 0);
        inflateEnd(&stream);
    }
    compressor_free(compressor);
    buffer_clear(&packed);
}

static void zstd_reads_what_was_written_and_takes_no_memory_of_its_own(void)
{
    lines_make();
    size_t before = memory_in_use();
    struct buffer packed;
    buffer_init(&packed, 1 << 20);
    struct compressor *compressor = compressor_make(COMPRESS_ZSTD);
    CHECK_TEXT(compressor_word(compressor), "zstd");
    for (int round = 0; round < 2; round++) {
        CHECK(compressor_pack(compressor, (struct str){lines, sizeof lines}, &packed));
        CHECK_EQ(ZSTD_decompress(back, sizeof back, packed.at, packed.len), sizeof lines);
        CHECK(memcmp(back, lines, sizeof lines) == 0);
    }
    size_t tables = memory_in_use() - before - packed.room;
    CHECK(tables > 100000 && tables < 4 << 20); /* its tables came through our door */
    compressor_free(compressor);
    buffer_clear(&packed);
    CHECK_EQ(memory_in_use(), before);
}

static void what_does_not_fit_is_said(void)
{
    for (enum compress codec = COMPRESS_GZIP; codec <= COMPRESS_ZSTD; codec++) {
        struct buffer packed;
        buffer_init(&packed, 8);
        struct compressor *compressor = compressor_make(codec);
        CHECK(!compressor_pack(compressor, STR("0123456789"), &packed));
        compressor_free(compressor);
        buffer_clear(&packed);
    }
}

static void a_compressor_without_memory_is_none(void)
{
    for (enum compress codec = COMPRESS_GZIP; codec <= COMPRESS_ZSTD; codec++) {
        for (unsigned long n = 1; n <= 2; n++) {
            memory_fail_at(n);
            struct compressor *compressor = compressor_make(codec);
            memory_fail_at(0);
            CHECK(!compressor);
        }
    }
}

CHECK_MAIN(TEST(zlib_reads_what_was_written),
           TEST(zstd_reads_what_was_written_and_takes_no_memory_of_its_own),
           TEST(what_does_not_fit_is_said), TEST(a_compressor_without_memory_is_none))
