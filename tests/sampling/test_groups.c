/* tests/sampling/test_groups.c - mirrors agent/sampling/groups.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/sampling/groups.c"

#include "agent/memory.h"
#include "tests/check.h"

static struct groups groups;

static struct key key(uint64_t n)
{
    return (struct key){n, n};
}

static void begin(void)
{
    groups = (struct groups){.patience = {.linger_ns = 5, .wait_ns = 60, .invocation_max_ns = 900}};
}

static void finish(void)
{
    groups_clear(&groups);
    CHECK_EQ(memory_in_use(), 0);
}

static struct group *open_group(int64_t now_ns, uint64_t id)
{
    struct group *group = groups_open(&groups, now_ns);
    CHECK(group && groups_tie(&groups, group, key(id)));
    groups_touch(&groups, group, now_ns);
    return group;
}

static struct group *found(uint64_t id)
{
    const struct id *at = ids_find(&groups.ids, key(id));
    return at ? at->group : NULL;
}

static void every_id_leads_to_its_group_until_it_is_closed(void)
{
    begin();
    struct group *first = open_group(0, 1), *second = open_group(1, 2);
    CHECK(groups_tie(&groups, first, key(3)) && groups_tie(&groups, first, key(3)));
    CHECK(found(1) == first && found(3) == first && found(2) == second && !found(4));
    CHECK_EQ(first->id_count, 2);
    groups_close(&groups, first);
    CHECK(!found(1) && !found(3) && found(2) == second);
    CHECK_EQ(groups.count, 1);
    CHECK(groups.oldest == second && groups.youngest == second);
    groups_free(&groups, first);
    finish();
}

static void groups_come_due_in_the_order_of_their_deadlines(void)
{
    begin();
    struct group *waits = open_group(0, 1), *ends = open_group(10, 2);
    group_start(ends, ids_find(&groups.ids, key(2)), 10);
    groups_touch(&groups, ends, 10);
    CHECK(groups_next(&groups) == waits);
    CHECK_EQ(groups_next(&groups)->timer.due_ns, 60);
    group_end(&groups, ends, ids_find(&groups.ids, key(2)));
    groups_touch(&groups, ends, 20);
    CHECK(groups_next(&groups) == ends);
    CHECK_EQ(groups_next(&groups)->timer.due_ns, 25);
    groups_touch(&groups, ends, 70);
    CHECK(groups_next(&groups) == waits);
    finish();
}

static void the_older_group_takes_all_that_the_younger_had(void)
{
    begin();
    struct group *older = open_group(0, 1), *younger = open_group(7, 2);
    CHECK(groups_tie(&groups, younger, key(3)));
    group_start(younger, ids_find(&groups.ids, key(3)), 7);
    group_name(younger, key(2), STR("trace"));
    younger->tally.keep = 0;
    CHECK(groups_merge(&groups, younger, older) == older);
    CHECK(found(1) == older && found(2) == older && found(3) == older);
    CHECK_EQ(older->id_count, 3);
    CHECK(older->open == 1 && older->opened_ns == 7 && older->last_ns == 7 && older->has_trace);
    CHECK_EQ(older->tally.keep, 0);
    CHECK_EQ(groups.count, 1);
    CHECK_EQ(groups_next(&groups)->timer.due_ns, 912);
    group_end(&groups, older, ids_find(&groups.ids, key(3)));
    groups_touch(&groups, older, 8);
    CHECK_EQ(groups_next(&groups)->timer.due_ns, 13);
    finish();
}

static void the_smallest_trace_id_names_the_group(void)
{
    begin();
    struct group *group = open_group(0, 1);
    group_name(group, key(5), STR("five"));
    group_name(group, key(9), STR("nine"));
    CHECK_STR(trace_name_str(&group->name), STR("five"));
    group_name(group, key(2), STR("two"));
    CHECK_STR(trace_name_str(&group->name), STR("two"));
    finish();
}

static void an_invocation_that_starts_twice_is_open_once(void)
{
    begin();
    struct group *group = open_group(0, 1);
    group_start(group, ids_find(&groups.ids, key(1)), 0);
    group_start(group, ids_find(&groups.ids, key(1)), 10);
    CHECK_EQ(group->open, 1);
    CHECK_EQ(group_deadline(group, &groups.patience), 915);
    group_end(&groups, group, ids_find(&groups.ids, key(1)));
    group_end(&groups, group, ids_find(&groups.ids, key(1)));
    CHECK_EQ(group->open, 0);
    finish();
}

static void a_hundred_thousand_open_traces_are_no_trouble(void)
{
    enum { TRACES = 100000 };
    begin();
    for (uint64_t n = 0; n < TRACES; n++)
        open_group((int64_t)n, n);
    CHECK(groups_bytes(&groups) < 150 << 20);
    int64_t due_ns = 0;
    for (struct group *group; (group = groups_next(&groups));) {
        CHECK(group->timer.due_ns >= due_ns);
        due_ns = group->timer.due_ns;
        groups_close(&groups, group);
        groups_free(&groups, group);
    }
    CHECK_EQ(groups.ids.count, 0);
    finish();
}

CHECK_MAIN(TEST(every_id_leads_to_its_group_until_it_is_closed),
           TEST(groups_come_due_in_the_order_of_their_deadlines),
           TEST(the_older_group_takes_all_that_the_younger_had),
           TEST(the_smallest_trace_id_names_the_group),
           TEST(an_invocation_that_starts_twice_is_open_once),
           TEST(a_hundred_thousand_open_traces_are_no_trouble))
