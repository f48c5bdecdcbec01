/* tests/delivery/test_compress.c - mirrors agent/delivery/compress.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/delivery/compress.c"

#include <zlib.h>

#include "tests/check.h"

static void zlib_reads_what_was_written(void)
{
    static char lines[300000], back[sizeof lines];
    for (size_t i = 0; i < sizeof lines; i++)
        lines[i] = "{\"message\":\"hello\"}\n"[(i * i / 7) % 20];
    struct buffer packed;
    buffer_init(&packed, 1 << 20);
    struct compressor *compressor = compressor_make(1);
    for (int round = 0; round < 2; round++) {
        CHECK(compressor_gzip(compressor, (struct str){lines, sizeof lines}, &packed));
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

static void what_does_not_fit_is_said(void)
{
    struct buffer packed;
    buffer_init(&packed, 8);
    struct compressor *compressor = compressor_make(1);
    CHECK(!compressor_gzip(compressor, STR("0123456789"), &packed));
    compressor_free(compressor);
    buffer_clear(&packed);
}

CHECK_MAIN(TEST(zlib_reads_what_was_written), TEST(what_does_not_fit_is_said))
