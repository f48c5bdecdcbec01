/* tests/state/test_pack.c - mirrors agent/state/pack.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/state/pack.c"

#include "tests/check.h"

static void numbers_come_back_at_every_width(void)
{
    static const uint64_t numbers[] = {0, 1, 127, 128, 300, UINT32_MAX, UINT64_MAX};
    struct buffer bytes;
    buffer_init(&bytes, 4096);
    for (size_t i = 0; i < COUNT(numbers); i++)
        pack_number(&bytes, numbers[i]);
    struct unpack from = {.rest = buffer_str(&bytes)};
    for (size_t i = 0; i < COUNT(numbers); i++)
        CHECK(unpack_number(&from) == numbers[i]);
    CHECK(!from.failed && from.rest.len == 0);
    buffer_clear(&bytes);
}

static void sections_can_be_skipped_and_nested_texts_read(void)
{
    struct buffer bytes;
    buffer_init(&bytes, 4096);
    size_t first = pack_begin(&bytes, 7);
    pack_text(&bytes, STR("unknown to the reader"));
    pack_end(&bytes, first);
    size_t second = pack_begin(&bytes, 9);
    pack_text(&bytes, STR("\0binary"));
    pack_number(&bytes, 5);
    pack_end(&bytes, second);
    struct unpack from = {.rest = buffer_str(&bytes)}, body;
    uint8_t tag = 0;
    CHECK(unpack_section(&from, &tag, &body));
    CHECK_EQ(tag, 7);
    CHECK(unpack_section(&from, &tag, &body));
    CHECK_EQ(tag, 9);
    CHECK_STR(unpack_text(&body), STR("\0binary"));
    CHECK_EQ(unpack_number(&body), 5);
    CHECK(!body.failed);
    CHECK(!unpack_section(&from, &tag, &body));
    buffer_clear(&bytes);
}

static void bytes_cut_anywhere_fail_and_read_nothing_beyond(void)
{
    struct buffer bytes;
    buffer_init(&bytes, 4096);
    size_t section = pack_begin(&bytes, 1);
    pack_number(&bytes, UINT64_MAX);
    pack_text(&bytes, STR("text"));
    pack_end(&bytes, section);
    for (size_t len = 1; len < bytes.len; len++) {
        struct unpack from = {.rest = str_slice(buffer_str(&bytes), 0, len)}, body;
        uint8_t tag;
        CHECK(!unpack_section(&from, &tag, &body));
        CHECK(from.failed);
    }
    struct unpack endless = {.rest = STR("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff")};
    CHECK(unpack_number(&endless) == 0);
    CHECK(endless.failed);
    buffer_clear(&bytes);
}

CHECK_MAIN(TEST(numbers_come_back_at_every_width),
           TEST(sections_can_be_skipped_and_nested_texts_read),
           TEST(bytes_cut_anywhere_fail_and_read_nothing_beyond))
