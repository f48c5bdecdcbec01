/* tests/indexing/test_stream.c - mirrors agent/indexing/stream.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/indexing/stream.c"

#include "tests/check.h"

static struct stream_members members;

static void check_members(const char *target, const char *want)
{
    struct buffer to;
    buffer_init(&to, 1 << 20);
    buffer_add(&to, STR("{"));
    stream_members_write(&members, str_from(target), &to);
    CHECK(!to.full);
    CHECK_TEXT(str_skip(buffer_str(&to), 1), want);
    buffer_clear(&to);
}

static void targets_of_three_parts_name_their_stream_time_after_time(void)
{
    static const char app[] = ",\"data_stream.type\":\"logs\",\"data_stream.dataset\":\"app\","
                              "\"data_stream.namespace\":\"prod\"";
    members = (struct stream_members){0};
    check_members("", "");
    check_members("logs-app-prod", app);
    check_members("logs-app-prod", app);
    check_members("logs-app", "");
    check_members("logs-a-b-c", "");
    check_members("other-app-prod", "");
    check_members("", "");
    check_members("traces-.-x", ",\"data_stream.type\":\"traces\",\"data_stream.dataset\":\".\","
                                "\"data_stream.namespace\":\"x\"");
    check_members("logs-app-prod", app);
}

static void the_longest_target_fits_and_one_beyond_is_written_all_the_same(void)
{
    static const size_t lengths[] = {TARGET_BYTES_MAX, TARGET_BYTES_MAX + 1, 4000};
    char target[4001] = "metrics-";
    char want[8100];
    members = (struct stream_members){0};
    for (size_t i = 0; i < COUNT(lengths); i++) {
        memset(target + 8, 'x', sizeof target - 8);
        target[lengths[i] - 2] = '-';
        target[lengths[i]] = 0;
        snprintf(want, sizeof want,
                 ",\"data_stream.type\":\"metrics\",\"data_stream.dataset\":\"%.*s\","
                 "\"data_stream.namespace\":\"x\"",
                 (int)(lengths[i] - 10), target + 8);
        check_members(target, want);
        check_members(target, want);
    }
}

CHECK_MAIN(TEST(targets_of_three_parts_name_their_stream_time_after_time),
           TEST(the_longest_target_fits_and_one_beyond_is_written_all_the_same))
