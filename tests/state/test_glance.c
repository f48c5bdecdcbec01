/* tests/state/test_glance.c - mirrors agent/state/glance.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/state/glance.c"

#include "tests/check.h"

static void put_record(struct buffer *to, const char *const *outputs, uint64_t in, uint64_t done)
{
    size_t section = pack_begin(to, SECTION_TABLE);
    pack_number(to, 1);
    pack_text(to, STR("logs"));
    pack_number(to, 2);
    pack_text(to, str_from(outputs[0]));
    pack_text(to, str_from(outputs[1]));
    pack_end(to, section);
    section = pack_begin(to, SECTION_LEDGER);
    for (int i = 0; i < 6; i++)
        pack_number(to, 9);
    for (int i = 0; i < 2; i++) {
        pack_number(to, in);
        pack_number(to, done);
        for (int j = 0; j < 5; j++)
            pack_number(to, 0);
    }
    pack_end(to, section);
}

static void the_newest_record_says_who_waits_for_what(void)
{
    static const char *const before[] = {"a", "b"}, *const after[] = {"a", "c"};
    struct glance glance = {0};
    struct buffer record;
    buffer_init(&record, 4096);
    put_record(&record, before, 5, 5);
    record_glance(&glance, buffer_str(&record));
    buffer_reset(&record);
    put_record(&record, after, 12, 5);
    record_glance(&glance, buffer_str(&record));
    CHECK_EQ(glance.input_count, 1);
    CHECK_TEXT(str_from(glance.inputs[0].text), "logs");
    CHECK_EQ(glance.output_count, 2);
    CHECK_TEXT(str_from(glance.outputs[1].text), "c");
    CHECK_EQ(glance.outputs[1].waiting, 7);
    buffer_clear(&record);
}

static void nonsense_says_nothing(void)
{
    struct glance glance = {0};
    record_glance(&glance, STR("\x02\xff\xff\xff\xff\x7f nonsense"));
    record_glance(&glance, STR(""));
    CHECK_EQ(glance.output_count, 0);
}

CHECK_MAIN(TEST(the_newest_record_says_who_waits_for_what), TEST(nonsense_says_nothing))
