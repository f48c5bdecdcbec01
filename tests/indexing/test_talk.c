/* tests/indexing/test_talk.c - mirrors agent/indexing/talk.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/indexing/talk.c"

#include "tests/indexing/conversation.h"

static void a_step_that_has_nothing_to_ask_is_passed_over(void)
{
    const struct indexing indexing = {.pattern = STR("logs-*")};
    struct conversation talk = {0};
    struct request request = {.method = "GET", .path = STR("/")};
    CHECK(errand_begin(&talk.run, ERRAND_PREPARE, &conversation_output, &indexing));
    talk.run.context = &talk;
    talk.run.tell = conversation_note;
    CHECK(indexing_ask(&indexing, &talk.run.errand, &request));
    CHECK_EQ(talk.run.errand.step, 0);
    CHECK(indexing_ask(&indexing, &talk.run.errand, &request)); /* the same again */
    CHECK_EQ(talk.run.errand.step, 0);
    errand_end(&talk.run);
}

static void an_end_is_an_end(void)
{
    const struct indexing indexing = {.pattern = STR("logs-*")};
    static const struct line lines[] = {{"GET /", 401, "{}"}, {0}};
    struct conversation *talk = converse(&indexing, ERRAND_LOOK, lines);
    CHECK_EQ(talk->run.errand.step, COUNT(steps));
}

CHECK_MAIN(TEST(a_step_that_has_nothing_to_ask_is_passed_over), TEST(an_end_is_an_end))
