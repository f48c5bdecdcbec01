/* tests/tracing/test_invocations.c - mirrors agent/tracing/invocations.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/tracing/invocations.c"

#include <stdio.h>

#include "tests/check.h"

enum { SECOND = 1000000000 };

struct bench {
    struct arena arena;
    struct invocations *table;
};

static void bench_init(struct bench *bench)
{
    arena_init(&bench->arena, 1 << 20, 64 << 20);
    bench->table = invocations_make(&bench->arena, 900ll * SECOND);
    CHECK(bench->table != NULL);
}

static struct invocation *open_at(struct bench *bench, uint32_t source, uint64_t offset,
                                  const char *id)
{
    struct place_in_stream place = {source, 0, offset, SECOND};
    return invocations_open(bench->table, &place, str_from(id));
}

static void the_only_running_one_is_known_and_two_are_none(void)
{
    struct bench bench;
    bench_init(&bench);
    struct place_in_stream place = {1, 0, 500, SECOND};
    struct invocation *a = open_at(&bench, 1, 100, "a");
    CHECK(invocations_look(bench.table, &place, STR("")).only == a);
    struct invocation *b = open_at(&bench, 1, 200, "b");
    struct candidates both = invocations_look(bench.table, &place, STR("a"));
    CHECK(both.only == NULL && both.named == a && both.running == 2);
    a->is_ended = true;
    CHECK(invocations_look(bench.table, &place, STR("")).only == b);
    arena_clear(&bench.arena);
}

static void sources_and_streams_do_not_mix(void)
{
    struct bench bench;
    bench_init(&bench);
    open_at(&bench, 1, 100, "a");
    struct place_in_stream other_source = {1 + BUCKETS, 0, 500, SECOND},
                           other_stream = {1, 7, 500, SECOND};
    CHECK(invocations_look(bench.table, &other_source, STR("a")).named == NULL);
    CHECK(invocations_look(bench.table, &other_stream, STR("a")).named == NULL);
    CHECK_EQ(invocations_oldest(bench.table, 1), 100);
    CHECK(invocations_oldest(bench.table, 1 + BUCKETS) == UINT64_MAX);
    arena_clear(&bench.arena);
}

static void a_closed_one_is_kept_until_it_is_settled(void)
{
    struct bench bench;
    bench_init(&bench);
    struct place_in_stream place = {1, 0, 500, SECOND};
    struct invocation *a = open_at(&bench, 1, 100, "a");
    open_at(&bench, 1, 300, "b");
    a->is_closed = true;
    CHECK(invocations_look(bench.table, &place, STR("")).closed == a);
    invocations_settle(bench.table, &place, a);
    CHECK_EQ(invocations_oldest(bench.table, 1), 100);
    invocations_settle(bench.table, &place, NULL);
    CHECK_EQ(invocations_oldest(bench.table, 1), 300);
    arena_clear(&bench.arena);
}

static void what_lost_its_end_is_forgotten(void)
{
    struct bench bench;
    bench_init(&bench);
    open_at(&bench, 1, 100, "a");
    struct place_in_stream late = {1, 0, 500, 902ll * SECOND},
                           from_another_life = {2, 0, 50, SECOND};
    CHECK(invocations_look(bench.table, &late, STR("a")).named == NULL);
    open_at(&bench, 2, 100, "b");
    CHECK(invocations_look(bench.table, &from_another_life, STR("b")).named == NULL);
    CHECK_EQ(invocations_forgotten(bench.table), 2);
    arena_clear(&bench.arena);
}

static void strangers_ids_never_grow_the_table(void)
{
    struct bench bench;
    char id[REQUEST_ID_BYTES_MAX + 2];
    bench_init(&bench);
    size_t used = bench.arena.used;
    for (uint32_t i = 0; i < 3 * INVOCATIONS_MAX; i++) {
        snprintf(id, sizeof id, "%u", i);
        CHECK(open_at(&bench, i % 100, i, id) != NULL);
    }
    CHECK_EQ(bench.arena.used, used);
    CHECK_EQ(invocations_forgotten(bench.table), 3 * INVOCATIONS_MAX - INVOCATIONS_MAX);
    for (uint32_t i = 0; i < 2 * INVOCATIONS_OF_SOURCE_MAX; i++)
        open_at(&bench, 5000, i, "same source");
    CHECK_EQ(invocations_oldest(bench.table, 5000), INVOCATIONS_OF_SOURCE_MAX);
    memset(id, 'x', sizeof id);
    id[REQUEST_ID_BYTES_MAX + 1] = '\0';
    CHECK(open_at(&bench, 1, 1, id) == NULL);
    CHECK(open_at(&bench, 1, 1, "") == NULL);
    arena_clear(&bench.arena);
}

CHECK_MAIN(TEST(the_only_running_one_is_known_and_two_are_none),
           TEST(sources_and_streams_do_not_mix), TEST(a_closed_one_is_kept_until_it_is_settled),
           TEST(what_lost_its_end_is_forgotten), TEST(strangers_ids_never_grow_the_table))
