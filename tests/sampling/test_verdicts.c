/* tests/sampling/test_verdicts.c - mirrors agent/sampling/verdicts.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/sampling/verdicts.c"

#include "tests/check.h"

#define S SECOND_NS

enum { BLOBS_MAX = 4000 };

static struct { /* a journal in memory */
    char bytes[BLOBS_MAX][VERDICT_BLOB_BYTES_MAX];
    size_t len[BLOBS_MAX];
    uint64_t count;
} written;

static uint64_t remember(void *context, struct str blob)
{
    CHECK(context == NULL && blob.len <= VERDICT_BLOB_BYTES_MAX && written.count < BLOBS_MAX);
    memcpy(written.bytes[written.count], blob.at, blob.len);
    written.len[written.count++] = blob.len;
    return written.count;
}

static struct verdicts fresh(void)
{
    struct verdicts verdicts;
    CHECK(verdicts_init(&verdicts, 600 * S, (struct journal){remember, NULL}));
    return verdicts;
}

static struct verdicts restarted(void)
{
    struct verdicts verdicts = fresh();
    for (uint64_t i = 0; i < written.count; i++)
        verdicts_load(&verdicts, (struct str){written.bytes[i], written.len[i]});
    return verdicts;
}

static struct key key(uint64_t n)
{
    return (struct key){n, ~n};
}

static struct kept keep_one(struct verdicts *verdicts, uint64_t n, uint32_t weight, int64_t at_ns)
{
    struct kept kept = {.last_ns = at_ns,
                        .weight = weight,
                        .reason = verdicts_text(verdicts, STR("rest")),
                        .rule = verdicts_text(verdicts, STR("rest")),
                        .name = trace_name(STR("0af7651916cd43dd8448eb211c80319c"))};
    const struct key keys[] = {key(n), key(n + 1000000)};
    verdicts_keep(verdicts, &kept, keys, COUNT(keys));
    return kept;
}

static void a_kept_trace_is_known_by_each_of_its_ids(void)
{
    written.count = 0;
    struct verdicts verdicts = fresh();
    keep_one(&verdicts, 1, 10, 5 * S);
    struct kept *by_trace = verdicts_kept(&verdicts, key(1), 6 * S);
    CHECK(by_trace && by_trace == verdicts_kept(&verdicts, key(1000001), 6 * S));
    CHECK_EQ(by_trace->weight, 10);
    CHECK_STR(trace_name_str(&by_trace->name), STR("0af7651916cd43dd8448eb211c80319c"));
    CHECK(!verdicts_kept(&verdicts, key(2), 6 * S));
    verdicts_clear(&verdicts);
    CHECK_EQ(memory_in_use(), 0);
}

static void a_verdict_has_its_ticket_once_it_was_flushed(void)
{
    written.count = 0;
    struct verdicts verdicts = fresh();
    keep_one(&verdicts, 1, 10, 0);
    CHECK_EQ(written.count, 0);
    uint64_t ticket = verdicts_flush(&verdicts);
    CHECK_EQ(written.count, 1);
    CHECK_EQ(verdicts_kept(&verdicts, key(1), 0)->ticket, ticket);
    CHECK_EQ(verdicts_flush(&verdicts), ticket);
    CHECK_EQ(written.count, 1);
    verdicts_clear(&verdicts);
}

static void a_verdict_is_over_when_remember_has_passed_since_the_last_event(void)
{
    struct verdicts verdicts = fresh();
    keep_one(&verdicts, 1, 10, 5 * S);
    verdicts_drop(&verdicts, key(7), 5 * S);
    CHECK(verdicts_kept(&verdicts, key(1), 605 * S) &&
          verdicts_dropped(&verdicts, key(7), 605 * S));
    CHECK(!verdicts_kept(&verdicts, key(1), 606 * S));
    CHECK(!verdicts_dropped(&verdicts, key(7), 606 * S));
    verdicts_kept(&verdicts, key(1), 600 * S)->last_ns = 600 * S;
    verdicts_renew_dropped(&verdicts, key(7), 600 * S);
    CHECK(verdicts_kept(&verdicts, key(1), 1100 * S) &&
          verdicts_dropped(&verdicts, key(7), 1100 * S));
    verdicts_clear(&verdicts);
}

static void verdicts_survive_a_restart(void)
{
    written.count = 0;
    struct verdicts verdicts = fresh();
    for (uint64_t n = 0; n < 3000; n++) {
        keep_one(&verdicts, n, (uint32_t)n + 1, 5 * S);
        verdicts_drop(&verdicts, key(n + 500000), 5 * S);
    }
    verdicts_flush(&verdicts);
    verdicts_clear(&verdicts);

    verdicts = restarted();
    for (uint64_t n = 0; n < 3000; n++) {
        const struct kept *kept = verdicts_kept(&verdicts, key(n), 6 * S);
        CHECK(kept && kept->weight == n + 1 && kept->is_loaded && kept->ticket == 0);
        CHECK_TEXT(verdicts_text_str(&verdicts, kept->reason), "rest");
        CHECK(verdicts_kept(&verdicts, key(n + 1000000), 6 * S) == kept);
        CHECK(verdicts_dropped(&verdicts, key(n + 500000), 6 * S));
        CHECK(!verdicts_dropped(&verdicts, key(n), 6 * S));
    }
    verdicts_clear(&verdicts);
}

static void a_snapshot_holds_what_is_not_over(void)
{
    written.count = 0;
    struct verdicts verdicts = fresh();
    keep_one(&verdicts, 1, 10, 5 * S);
    keep_one(&verdicts, 2, 20, 500 * S);
    verdicts_drop(&verdicts, key(3), 5 * S);
    verdicts_drop(&verdicts, key(4), 500 * S);
    verdicts_flush(&verdicts);
    written.count = 0;
    verdicts_save(&verdicts, 700 * S);
    verdicts_clear(&verdicts);
    verdicts = restarted();
    CHECK_EQ(verdicts.count, 1);
    CHECK_EQ(verdicts_kept(&verdicts, key(2), 700 * S)->weight, 20);
    CHECK_EQ(verdicts.dropped.count, 1);
    CHECK(verdicts_dropped(&verdicts, key(4), 700 * S));
    verdicts_clear(&verdicts);
}

static void the_memory_of_kept_traces_is_bounded_and_forgets_the_oldest(void)
{
    written.count = 0;
    struct verdicts verdicts = fresh();
    verdicts.kept_max = 1000;
    for (uint64_t n = 0; n < 5000; n++) {
        keep_one(&verdicts, n, 1, 5 * S);
        written.count = 0;
    }
    CHECK(verdicts.count <= 1000 && verdicts.count > 800);
    CHECK_EQ(verdicts_forgotten(&verdicts), 5000 - verdicts.count);
    for (uint64_t n = 5000 - verdicts.count; n < 5000; n++)
        CHECK(verdicts_kept(&verdicts, key(n), 6 * S) != NULL);
    CHECK(!verdicts_kept(&verdicts, key(0), 6 * S));
    verdicts_clear(&verdicts);
}

static void what_is_over_makes_room_without_being_counted(void)
{
    struct verdicts verdicts = fresh();
    for (uint64_t n = 0; n < 100000; n++) {
        keep_one(&verdicts, n, 1, (int64_t)n * 10 * S);
        written.count = 0;
    }
    CHECK(verdicts.room <= 512 && verdicts.key_room <= 4096);
    CHECK_EQ(verdicts_forgotten(&verdicts), 0);
    verdicts_clear(&verdicts);
}

static void an_id_follows_its_newest_verdict(void)
{
    struct verdicts verdicts = fresh();
    for (uint32_t n = 0; n < 1000; n++) {
        keep_one(&verdicts, 1, n + 1, 5 * S);
        written.count = 0;
    }
    CHECK_EQ(verdicts_kept(&verdicts, key(1), 5 * S)->weight, 1000);
    verdicts_clear(&verdicts);
}

static void a_trace_with_many_ids_stays_within_the_bound_of_ids(void)
{
    struct verdicts verdicts = fresh();
    verdicts.kept_max = 64;
    struct kept kept = {.weight = 1};
    for (uint64_t n = 0; n < 500; n++) {
        struct key keys[VERDICT_KEYS_MAX];
        for (size_t i = 0; i < COUNT(keys); i++)
            keys[i] = key(n * VERDICT_KEYS_MAX + i);
        verdicts_keep(&verdicts, &kept, keys, COUNT(keys));
        written.count = 0;
    }
    CHECK(verdicts.key_count <= 256);
    CHECK(verdicts_kept(&verdicts, key(499 * VERDICT_KEYS_MAX + 5), 0) != NULL);
    verdicts_clear(&verdicts);
}

static void damaged_blobs_are_no_harm(void)
{
    written.count = 0;
    struct verdicts verdicts = fresh();
    keep_one(&verdicts, 1, 10, 5 * S);
    verdicts_drop(&verdicts, key(3), 5 * S);
    verdicts_flush(&verdicts);
    verdicts_clear(&verdicts);
    for (size_t len = 0; len < written.len[0]; len++)
        for (int flip = 0; flip < 8; flip++) {
            char bytes[VERDICT_BLOB_BYTES_MAX];
            memcpy(bytes, written.bytes[0], written.len[0]);
            bytes[len] = (char)(bytes[len] ^ 1 << flip);
            verdicts = fresh();
            verdicts_load(&verdicts, (struct str){bytes, written.len[0]});
            verdicts_load(&verdicts, (struct str){bytes, len});
            (void)verdicts_kept(&verdicts, key(1), 5 * S);
            verdicts_save(&verdicts, 5 * S);
            written.count = 1;
            verdicts_clear(&verdicts);
        }
}

static void running_out_of_memory_forgets_and_counts(void)
{
    for (unsigned long n = 1; n < 20; n++) {
        written.count = 0;
        struct verdicts verdicts;
        memory_fail_at(n);
        bool made = verdicts_init(&verdicts, 600 * S, (struct journal){remember, NULL});
        for (uint64_t i = 0; made && i < 2000; i++) {
            struct kept kept = {.weight = 1, .last_ns = 5 * S};
            struct key one = key(i);
            verdicts_keep(&verdicts, &kept, &one, 1);
        }
        memory_fail_at(0);
        if (made && verdicts.count < 2000)
            CHECK_EQ(verdicts_forgotten(&verdicts), 2000 - verdicts.count);
        verdicts_clear(&verdicts);
        CHECK_EQ(memory_in_use(), 0);
    }
}

CHECK_MAIN(TEST(a_kept_trace_is_known_by_each_of_its_ids),
           TEST(a_verdict_has_its_ticket_once_it_was_flushed),
           TEST(a_verdict_is_over_when_remember_has_passed_since_the_last_event),
           TEST(verdicts_survive_a_restart), TEST(a_snapshot_holds_what_is_not_over),
           TEST(the_memory_of_kept_traces_is_bounded_and_forgets_the_oldest),
           TEST(what_is_over_makes_room_without_being_counted),
           TEST(an_id_follows_its_newest_verdict),
           TEST(a_trace_with_many_ids_stays_within_the_bound_of_ids),
           TEST(damaged_blobs_are_no_harm), TEST(running_out_of_memory_forgets_and_counts))
