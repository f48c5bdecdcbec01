/* tests/data/test_utf8.c - mirrors agent/data/utf8.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/data/utf8.c"

#include "tests/check.h"

static void every_scalar_value_is_valid_and_no_prefix_of_it_is(void)
{
    char text[4];
    for (uint32_t point = 0; point <= 0x10FFFF; point += point < 0x3000 ? 1 : 13) {
        if (point >= 0xD800 && point <= 0xDFFF)
            continue;
        size_t len = utf8_write(text, point);
        CHECK_EQ(len, point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4);
        CHECK_EQ(utf8_valid((struct str){text, len}), len);
        for (size_t cut = 1; cut < len; cut++) {
            CHECK_EQ(utf8_valid((struct str){text, cut}), 0);
            CHECK_EQ(utf8_broken((struct str){text, cut}), cut);
        }
    }
}

static void what_rfc_3629_forbids_is_broken_at_its_first_byte(void)
{
    static const struct str bad[] = {
        {"\x80", 1},
        {"\xC0\xAF", 2},
        {"\xC1\xBF", 2},
        {"\xE0\x9F\xBF", 3},
        {"\xED\xA0\x80", 3},
        {"\xED\xBF\xBF", 3},
        {"\xF0\x8F\xBF\xBF", 4},
        {"\xF4\x90\x80\x80", 4},
        {"\xF5\x80", 2},
        {"\xFF", 1},
        {"\xC3(", 2},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        CHECK_EQ(utf8_valid(bad[i]), 0);
        CHECK_EQ(utf8_broken(bad[i]), 1);
    }
    CHECK_EQ(utf8_broken(STR("\xE2\x82(")), 2);
    CHECK_EQ(utf8_broken(STR("\xF0\x9F\x98(")), 3);
}

static void the_valid_prefix_ends_at_the_broken_byte_wherever_it_stands(void)
{
    char text[40];
    for (size_t at = 0; at < sizeof text; at++) {
        memset(text, 'a', sizeof text);
        text[at] = '\xFF';
        CHECK_EQ(utf8_valid((struct str){text, sizeof text}), at);
    }
    CHECK_EQ(utf8_valid(STR("")), 0);
    CHECK_EQ(utf8_valid(STR("abcdefgh\xC3\xA9ijklmnop\xE2\x82")), 18);
}

/* The example of the Unicode standard, table 3-8: one U+FFFD for each maximal subpart. */
static void a_repair_puts_one_replacement_for_each_broken_sequence(void)
{
    struct arena arena;
    arena_init(&arena, 1024, 4096);
    CHECK_TEXT(utf8_repair(STR("a\xF1\x80\x80\xE1\x80\xC2"
                               "b\x80"
                               "c\x80\xBF"
                               "d"),
                           &arena),
               "a" UTF8_REPLACEMENT UTF8_REPLACEMENT UTF8_REPLACEMENT "b" UTF8_REPLACEMENT
               "c" UTF8_REPLACEMENT UTF8_REPLACEMENT "d");
    CHECK_TEXT(utf8_repair(STR("\xC3\xA9t\xC3\xA9"), &arena), "\xC3\xA9t\xC3\xA9");
    char broken[2000];
    memset(broken, '\xFF', sizeof broken);
    CHECK(utf8_repair((struct str){broken, sizeof broken}, &arena).at == NULL);
    struct str all = utf8_repair((struct str){broken, 1000}, &arena);
    CHECK_EQ(all.len, 3000);
    CHECK_EQ(utf8_valid(all), all.len);
    arena_clear(&arena);
}

CHECK_MAIN(TEST(every_scalar_value_is_valid_and_no_prefix_of_it_is),
           TEST(what_rfc_3629_forbids_is_broken_at_its_first_byte),
           TEST(the_valid_prefix_ends_at_the_broken_byte_wherever_it_stands),
           TEST(a_repair_puts_one_replacement_for_each_broken_sequence))
