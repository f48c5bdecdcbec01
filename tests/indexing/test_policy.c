/* tests/indexing/test_policy.c - mirrors agent/indexing/policy.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/indexing/policy.c"

#include "tests/indexing/papers.h"

#define ISM_BACK                                                                                   \
    "{\"_id\":\"weir-logs-any\",\"_seq_no\":7,\"_primary_term\":2,\"policy\":{\"states\":[],"      \
    "\"description\":\"managed by weir, version 1, written 1, stored "                             \
    "0\",\"last_updated_time\":5}}"

static void elasticsearch_keeps_a_data_stream_by_its_lifecycle(void)
{
    static const struct line lines[] = {ELASTIC("8.19.0"), UNCOVERED, WRITES_TEMPLATE, {0}};
    const struct indexing indexing = stream_for(30 * DAY_NS);
    struct conversation *talk = converse(&indexing, ERRAND_PREPARE, lines);
    CHECK(strstr(talk->body, "\"lifecycle\":{\"data_retention\":\"30d\"}"));
    CHECK(!strstr(talk->body, "index.lifecycle.name"));
}

static void an_older_one_by_a_policy(void)
{
    static const struct line lines[] = {ELASTIC("8.11.0"),
                                        UNCOVERED,
                                        {"GET " ILM, 404, "{}"},
                                        {"PUT " ILM, 200, "{}"},
                                        {"GET " ILM, 200, ILM_BACK},
                                        {"PUT " ILM, 200, "{}"},
                                        WRITES_TEMPLATE,
                                        {0}};
    const struct indexing indexing = stream_for(36 * DAY_NS / 24);
    struct conversation *talk = converse(&indexing, ERRAND_PREPARE, lines);
    CHECK(strstr(talk->body, "\"index.lifecycle.name\":\"weir-logs-any\""));
    CHECK(!strstr(talk->body, "data_retention"));
    CHECK_TEXT(str_from(talk->said), "good wrote the lifecycle policy \"weir-logs-any\"\n"
                                     "good wrote the index template \"weir-logs-any\"\n");
}

static void a_policy_rolls_streams_over_and_deletes(void)
{
    static const struct line lines[] = {ELASTIC("7.17.0"),
                                        UNCOVERED,
                                        {"GET " ILM, 404, "{}"},
                                        {"PUT " ILM, 200, "{}"},
                                        {"GET " ILM, 200, ILM_BACK},
                                        {"PUT " ILM, 200, "{}"},
                                        {"GET " TEMPLATE, 403, "{}"},
                                        {0}};
    struct indexing indexing = stream_for(30 * DAY_NS);
    const char *body = converse(&indexing, ERRAND_PREPARE, lines)->body;
    CHECK(strstr(body, "\"rollover\":{\"max_age\":\"1d\""));
    CHECK(strstr(body, "\"delete\":{\"min_age\":\"30d\",\"actions\":{\"delete\":{}}}"));
    indexing.is_stream = false; /* an index per day is not rolled over */
    body = converse(&indexing, ERRAND_PREPARE, lines)->body;
    CHECK(strstr(body, "\"hot\":{\"min_age\":\"0ms\",\"actions\":{}}"));
}

static void opensearch_has_policies_of_another_kind(void)
{
    static const struct line absent[] = {OPENSEARCH,
                                         UNCOVERED,
                                         {"GET " ISM, 404, "{}"},
                                         {"PUT " ISM, 201, "{}"},
                                         {"GET " ISM, 200, ISM_BACK},
                                         {"PUT " ISM "?if_seq_no=7&if_primary_term=2", 200, "{}"},
                                         {"GET " TEMPLATE, 403, "{}"},
                                         {0}};
    const struct indexing indexing = stream_for(30 * DAY_NS);
    struct conversation *talk = converse(&indexing, ERRAND_PREPARE, absent);
    CHECK(strstr(talk->body,
                 "\"ism_template\":[{\"index_patterns\":[\"logs-*\"],\"priority\":205}]"));
    CHECK(strstr(talk->body, "\"conditions\":{\"min_index_age\":\"30d\"}"));
    CHECK(strstr(talk->body, "\"description\":\"managed by weir, version 1, written "));
}

static void only_the_policy_that_was_seen_is_replaced(void)
{
    static const struct line lines[] = {OPENSEARCH,
                                        UNCOVERED,
                                        {"GET " ISM, 200, ISM_BACK},
                                        {"PUT " ISM "?if_seq_no=7&if_primary_term=2", 409, "{}"},
                                        {"GET " TEMPLATE, 403, "{}"},
                                        {0}};
    const struct indexing indexing = stream_for(30 * DAY_NS);
    CHECK(!strstr(converse(&indexing, ERRAND_PREPARE, lines)->said, "policy"));
}

static void a_server_without_policies_is_told_once(void)
{
    static const struct line lines[] = {OPENSEARCH,
                                        UNCOVERED,
                                        {"GET " ISM, 400, "{\"error\":\"no handler\"}"},
                                        WRITES_TEMPLATE,
                                        {0}};
    const struct indexing indexing = stream_for(30 * DAY_NS);
    CHECK_TEXT(str_from(converse(&indexing, ERRAND_PREPARE, lines)->said),
               "doubt it has no lifecycle policies (no handler), so `retention` is not kept: "
               "delete old indexes yourself, or leave out `retention`\n"
               "good wrote the index template \"weir-logs-any\"\n");
}

static void nothing_goes_before_its_time(void)
{
    struct errand errand = {0};
    struct arena arena;
    arena_init(&arena, 4096, 65536);
    errand.arena = &arena;
    const struct turn turn = {.errand = &errand};
    CHECK_TEXT(policy_time(&turn, 30 * DAY_NS), "30d");
    CHECK_TEXT(policy_time(&turn, HOUR_NS), "1h");
    CHECK_TEXT(policy_time(&turn, HOUR_NS + 1), "2h");
    CHECK_TEXT(policy_time(&turn, 36 * HOUR_NS), "36h");
    arena_clear(&arena);
}

CHECK_MAIN(TEST(elasticsearch_keeps_a_data_stream_by_its_lifecycle), TEST(an_older_one_by_a_policy),
           TEST(a_policy_rolls_streams_over_and_deletes),
           TEST(opensearch_has_policies_of_another_kind),
           TEST(only_the_policy_that_was_seen_is_replaced),
           TEST(a_server_without_policies_is_told_once), TEST(nothing_goes_before_its_time))
