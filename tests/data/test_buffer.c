/* tests/data/test_buffer.c - mirrors agent/data/buffer.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/data/buffer.c"

#include "tests/check.h"

static void a_buffer_takes_its_maximum_and_not_a_byte_more(void)
{
    struct buffer buffer;
    buffer_init(&buffer, 1000);
    for (int i = 0; i < 1000; i++)
        buffer_byte(&buffer, (char)('a' + i % 26));
    CHECK(!buffer.full);
    CHECK_EQ(buffer.len, 1000);
    CHECK(buffer.room <= 1000);
    CHECK(buffer_reserve(&buffer, 0) != NULL);
    CHECK(buffer_reserve(&buffer, 1) == NULL);
    CHECK(buffer.full);
    buffer_byte(&buffer, 'x');
    CHECK_EQ(buffer.len, 1000);
    CHECK_EQ(buffer.at[999], 'a' + 999 % 26);
    buffer_clear(&buffer);
}

static void a_write_that_does_not_fit_leaves_what_was_there(void)
{
    struct buffer buffer;
    buffer_init(&buffer, 300);
    buffer_add(&buffer, STR("kept"));
    buffer_add(&buffer, (struct str){(char[297]){0}, 297});
    CHECK(buffer.full);
    CHECK_TEXT(buffer_str(&buffer), "kept");
    CHECK(buffer_reserve(&buffer, SIZE_MAX) == NULL);
    buffer_reset(&buffer);
    CHECK(!buffer.full);
    buffer_add(&buffer, (struct str){(char[300]){0}, 300});
    CHECK(!buffer.full);
    CHECK_EQ(buffer.len, 300);
    buffer_clear(&buffer);
}

static void what_is_asked_for_at_once_is_not_rounded_up_to_twice_as_much(void)
{
    enum { BYTES = 1100000, MORE = 7000000, GROWN_MAX = 24 };
    struct buffer buffer;
    buffer_init(&buffer, 8 << 20);
    CHECK(buffer_reserve(&buffer, BYTES) != NULL);
    CHECK_EQ(buffer.room, BYTES);
    size_t grown = 0, room = buffer.room;
    for (int i = 0; i < MORE; i++) {
        buffer_byte(&buffer, 'x');
        grown += room != buffer.room;
        room = buffer.room;
    }
    CHECK(!buffer.full);
    CHECK(grown < GROWN_MAX);
    CHECK(room < MORE + MORE / 2);
    buffer_clear(&buffer);
}

static void no_memory_marks_the_buffer_full_and_keeps_its_block(void)
{
    struct buffer buffer;
    buffer_init(&buffer, 1 << 20);
    buffer_add(&buffer, STR("kept"));
    memory_fail_at(1);
    buffer_add(&buffer, (struct str){(char[1000]){0}, 1000});
    memory_fail_at(0);
    CHECK(buffer.full);
    CHECK_TEXT(buffer_str(&buffer), "kept");
    buffer_clear(&buffer);
    CHECK(buffer.at == NULL && buffer.max == 1 << 20 && !buffer.full);
}

static void numbers_are_written_to_both_ends_of_their_range(void)
{
    struct buffer buffer;
    buffer_init(&buffer, 1000);
    buffer_uint(&buffer, 0);
    buffer_byte(&buffer, ' ');
    buffer_uint(&buffer, UINT64_MAX);
    buffer_byte(&buffer, ' ');
    buffer_int(&buffer, INT64_MIN);
    buffer_byte(&buffer, ' ');
    buffer_int(&buffer, INT64_MAX);
    buffer_format(&buffer, " %s-%d", "x", 7);
    CHECK_TEXT(buffer_str(&buffer),
               "0 18446744073709551615 -9223372036854775808 9223372036854775807 x-7");
    buffer_clear(&buffer);
}

static void nothing_is_stored_without_a_block(void)
{
    struct buffer buffer;
    buffer_init(&buffer, 1000);
    CHECK(buffer_reserve(&buffer, 0) == NULL);
    buffer_add(&buffer, (struct str){0});
    CHECK(buffer.at == NULL && buffer.len == 0 && !buffer.full);
    buffer_add(&buffer, STR("kept"));
    buffer_add(&buffer, (struct str){0});
    CHECK(buffer_reserve(&buffer, 0) == buffer.at + 4);
    CHECK_TEXT(buffer_str(&buffer), "kept");
    buffer_clear(&buffer);
}

CHECK_MAIN(TEST(a_buffer_takes_its_maximum_and_not_a_byte_more),
           TEST(a_write_that_does_not_fit_leaves_what_was_there),
           TEST(what_is_asked_for_at_once_is_not_rounded_up_to_twice_as_much),
           TEST(no_memory_marks_the_buffer_full_and_keeps_its_block),
           TEST(numbers_are_written_to_both_ends_of_their_range),
           TEST(nothing_is_stored_without_a_block))
