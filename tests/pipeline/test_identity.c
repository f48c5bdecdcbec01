/* tests/pipeline/test_identity.c - mirrors agent/pipeline/identity.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/pipeline/identity.c"

#include "tests/check.h"

static void check_id(uint64_t offset, uint32_t length, uint32_t index, const char *want)
{
    struct spare spare = {0};
    struct source source = {.id_prefix = STR("00ff-f1-")};
    struct origin origin = {.source = &source, .offset = offset, .length = length, .index = index};
    struct event event = {.origin = &origin};
    CHECK(spare_reserve(&spare, event_id_bytes(&source)));
    event_identify(&event, &spare);
    CHECK_TEXT(event.id, want);
    spare_clear(&spare);
}

static void an_id_says_where_the_event_was_read(void)
{
    check_id(0, 10, 0, "00ff-f1-0-a");
    check_id(255, 16, 0, "00ff-f1-ff-10");
    check_id(4096, 1, 3, "00ff-f1-1000-1-3");
    check_id(UINT64_MAX, UINT32_MAX, UINT32_MAX, "00ff-f1-ffffffffffffffff-ffffffff-ffffffff");
}

static void an_id_that_came_with_the_event_is_kept(void)
{
    struct origin origin = {.offset = 1};
    struct event event = {.origin = &origin, .id = STR("given")};
    event_identify(&event, NULL);
    CHECK_TEXT(event.id, "given");
}

static void digits_are_those_of_printf(void)
{
    for (unsigned shift = 0; shift < 64; shift++) {
        for (uint64_t i = 0; i < 40; i++) {
            char want[24], got[HEX_DIGITS_MAX + 8];
            uint64_t number = (UINT64_C(0xFEDCBA9876543210) >> shift) + i;
            snprintf(want, sizeof want, "%llx", (unsigned long long)number);
            char *end = put_hex(got, number);
            CHECK_TEXT(((struct str){got, (size_t)(end - got)}), want);
        }
    }
}

CHECK_MAIN(TEST(digits_are_those_of_printf), TEST(an_id_says_where_the_event_was_read),
           TEST(an_id_that_came_with_the_event_is_kept))
