/* tests/state/test_resume.c - mirrors agent/state/resume.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/state/resume.c"

#include "tests/state/fixture.h"

static struct source *opened(struct fixture *fixture, const char *key)
{
    return state_source_open(fixture->state, 0, str_from(key), STR("id-"), fixture);
}

static void it_is_open_until_the_journal_on_disk_says_that_nothing_is(void)
{
    struct fixture fixture;
    fixture_init(&fixture, 7);
    fixture_start(&fixture);
    struct source *source = opened(&fixture, "f1");
    struct origin event = fixture_take(source, 0);
    fixture_commit(&fixture);
    CHECK(source_is_open(source));
    fixture_settle(&event, 0);
    fixture_settle(&event, 1);
    CHECK(source_is_open(source)); /* nobody has written it down */
    uint64_t ticket = state_commit(fixture.state, &(struct state_helpers){0});
    CHECK(ticket != 0 && !state_synced(fixture.state, ticket));
    CHECK(source_is_open(source)); /* on its way */
    CHECK_EQ(source_resume(source), 10);
    CHECK_EQ(source_next_resume(source), 0); /* which a crash now would find */
    fixture_commit(&fixture);
    CHECK(state_synced(fixture.state, ticket));
    CHECK(!source_is_open(source));
    CHECK_EQ(source_next_resume(source), 10);
    fixture_restart(&fixture);
    source = opened(&fixture, "f1");
    CHECK(!source_is_open(source));
    CHECK_EQ(source_next_resume(source), 10);
    fixture_clear(&fixture);
}

static void ready_sources_are_visited_in_the_order_they_said_so(void)
{
    struct fixture fixture;
    fixture_init(&fixture, 7);
    fixture_start(&fixture);
    struct source *one = opened(&fixture, "1"), *two = opened(&fixture, "2"),
                  *three = opened(&fixture, "3");
    CHECK(state_first_ready(fixture.state) == NULL);
    source_ready(two, true);
    source_ready(one, true);
    source_ready(three, true);
    source_ready(two, true);
    CHECK(state_first_ready(fixture.state) == two);
    CHECK(state_next_ready(fixture.state, two) == one);
    CHECK(state_next_ready(fixture.state, one) == three);
    CHECK(state_next_ready(fixture.state, three) == NULL);
    source_ready(two, false);
    CHECK(state_first_ready(fixture.state) == one);
    source_ready(one, false);
    source_finish(three);
    CHECK(state_first_ready(fixture.state) == NULL);
    fixture_clear(&fixture);
}

CHECK_MAIN(TEST(it_is_open_until_the_journal_on_disk_says_that_nothing_is),
           TEST(ready_sources_are_visited_in_the_order_they_said_so))
