/* tests/delivery/test_payload.c - mirrors agent/delivery/payload.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/delivery/payload.c"

#include "tests/check.h"

static struct payload *payload_of(const char *const *texts, uint32_t count)
{
    struct payload *payload = payload_make(3, STR("logs-app"), 0);
    for (uint32_t i = 0; i < count; i++) {
        size_t at = payload->records.len;
        buffer_add(&payload->records, str_from(texts[i]));
        CHECK(payload_add(payload, at, i % 2));
    }
    payload->charge = 1000;
    return payload;
}

static const char *const texts[] = {"aa", "bb", "cc", "dd", "ee"};

static void moving_takes_open_records_and_their_share_of_the_charge(void)
{
    struct payload *payload = payload_of(texts, 5);
    payload->ticket = 7;
    payload_settle(payload, 1, OUTCOME_DELIVERED, STR(""));
    struct payload *moved = payload_move(payload, 2); /* open: aa cc dd ee */
    CHECK_EQ(moved->count, 2);
    CHECK_EQ(moved->open, 2);
    CHECK_TEXT(payload_record(moved, 0), "dd");
    CHECK_TEXT(payload_record(moved, 1), "ee");
    CHECK(moved->parcels[0].maybe_sent && !moved->parcels[1].maybe_sent);
    CHECK_TEXT(payload_target(moved), "logs-app");
    CHECK_EQ(moved->ticket, 7);
    CHECK_EQ(moved->charge, 400);
    CHECK_EQ(payload->charge, 600);
    CHECK_EQ(payload->open, 2);
    CHECK_EQ(payload->parcels[3].outcome, OUTCOME_MOVED);
    payload_free(moved);
    payload_free(payload);
}

static void without_memory_a_move_changes_nothing(void)
{
    for (unsigned long n = 1; n <= 3; n++) {
        struct payload *payload = payload_of(texts, 5);
        memory_fail_at(n);
        struct payload *moved = payload_move(payload, 1);
        memory_fail_at(0);
        CHECK(moved == NULL);
        CHECK_EQ(payload->open, 5);
        CHECK_EQ(payload->charge, 1000);
        payload_free(payload);
    }
}

static void words_become_one_printable_line_of_bounded_length(void)
{
    struct payload *payload = payload_of(texts, 2);
    payload_settle(payload, 0, OUTCOME_DEAD_LETTERED, STR("failed\nto \x1b[31mparse"));
    CHECK_TEXT(str_from(payload->parcels[0].words), "failed to  [31mparse");
    static char flood[WORDS_BYTES_MAX * 4];
    memset(flood, 'x', sizeof flood);
    payload_settle(payload, 1, OUTCOME_DEAD_LETTERED, (struct str){flood, sizeof flood});
    CHECK_EQ(strlen(payload->parcels[1].words), WORDS_BYTES_MAX);
    CHECK_EQ(payload->open, 0);
    payload_free(payload);
}

static void lists_keep_their_order_and_lose_any_member(void)
{
    struct payload *a = payload_of(texts, 1), *b = payload_of(texts, 1), *c = payload_of(texts, 1);
    struct payloads list = {0};
    payloads_append(&list, b);
    payloads_append(&list, c);
    payloads_prepend(&list, a);
    CHECK_EQ(list.count, 3);
    payloads_take(&list, c);
    CHECK(list.last == b);
    CHECK(payloads_take_first(&list) == a);
    CHECK(payloads_take_first(&list) == b);
    CHECK(payloads_take_first(&list) == NULL);
    CHECK(list.last == NULL);
    payload_free(a);
    payload_free(b);
    payload_free(c);
}

static void a_payload_that_comes_back_goes_where_its_age_says(void)
{
    struct payload *made[4];
    struct payloads list = {0};
    static const uint64_t ages[] = {1, 2, 2, 3};
    for (size_t i = 0; i < COUNT(ages); i++) {
        made[i] = payload_make(0, STR("t"), 0);
        made[i]->age = ages[i];
    }
    payloads_insert(&list, made[2]); /* alone */
    payloads_insert(&list, made[3]); /* at the end */
    payloads_insert(&list, made[0]); /* in front */
    payloads_insert(&list, made[1]); /* in front of its like */
    CHECK_EQ(list.count, 4);
    CHECK(list.last == made[3]);
    for (size_t i = 0; i < COUNT(ages); i++) {
        CHECK(payloads_take_first(&list) == made[i]);
        payload_free(made[i]);
    }
}

CHECK_MAIN(TEST(a_payload_that_comes_back_goes_where_its_age_says),
           TEST(moving_takes_open_records_and_their_share_of_the_charge),
           TEST(without_memory_a_move_changes_nothing),
           TEST(words_become_one_printable_line_of_bounded_length),
           TEST(lists_keep_their_order_and_lose_any_member))
