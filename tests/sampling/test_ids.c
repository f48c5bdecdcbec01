/* tests/sampling/test_ids.c - mirrors agent/sampling/ids.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/sampling/ids.c"

#include "tests/check.h"

static struct key key(uint32_t n)
{
    return (struct key){n, n * UINT64_C(0x9e3779b97f4a7c15)};
}

static void random_adding_and_removing_loses_nothing(void)
{
    enum { KEYS = 3000 };
    static bool is_in[KEYS];
    struct ids ids = {0};
    uint32_t seed = 11, count = 0;
    for (int step = 0; step < 200000; step++) {
        seed = seed * 1664525 + 1013904223;
        uint32_t n = (seed >> 8) % KEYS;
        struct id *id = ids_find(&ids, key(n));
        CHECK_EQ(id != NULL, is_in[n]);
        if (id) {
            CHECK(key_equal(id->key, key(n)));
            ids_remove(&ids, id);
        } else {
            CHECK(ids_add(&ids, key(n)) != NULL);
        }
        count = is_in[n] ? count - 1 : count + 1;
        is_in[n] = !is_in[n];
        CHECK_EQ(ids.count, count);
    }
    CHECK(ids.used <= KEYS);
    ids_clear(&ids);
    CHECK_EQ(memory_in_use(), 0);
}

static void without_memory_nothing_is_added(void)
{
    for (unsigned long n = 1; n < 6; n++) {
        struct ids ids = {0};
        uint32_t added = 0;
        memory_fail_at(n);
        while (added < 2000 && ids_add(&ids, key(added)))
            added++;
        memory_fail_at(0);
        CHECK_EQ(ids.count, added);
        for (uint32_t i = 0; i < 2000; i++)
            CHECK_EQ(ids_find(&ids, key(i)) != NULL, i < added);
        ids_clear(&ids);
    }
}

CHECK_MAIN(TEST(random_adding_and_removing_loses_nothing), TEST(without_memory_nothing_is_added))
