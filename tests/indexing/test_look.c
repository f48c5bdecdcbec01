/* tests/indexing/test_look.c - mirrors agent/indexing/look.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/indexing/look.c"

#include "tests/indexing/conversation.h"

#define ELASTIC "{\"version\":{\"number\":\"8.19.21\"},\"tagline\":\"You Know, for Search\"}"
#define MAY_ALL                                                                                    \
    "{\"has_all_requested\":true,\"index\":{\"logs-*\":{\"create_doc\":true,\"auto_configure\":"   \
    "true}}}"
#define MAY "POST /_security/user/_has_privileges"

static const struct indexing plain = {.pattern = {"logs-*", 6}};

static void a_server_where_all_is_well_gets_good_marks(void)
{
    static const struct line lines[] = {{"GET /", 200, ELASTIC}, {MAY, 200, MAY_ALL}, {0}};
    struct conversation *talk = converse(&plain, ERRAND_LOOK, lines);
    CHECK_TEXT(str_from(talk->said),
               "good Elasticsearch 8.19.21\ngood events may be stored in \"logs-*\"\n");
}

static void without_security_nothing_is_said_about_it(void)
{
    static const struct line lines[] = {{"GET /", 200, ELASTIC}, {MAY, 400, "{}"}, {0}};
    CHECK_TEXT(str_from(converse(&plain, ERRAND_LOOK, lines)->said),
               "good Elasticsearch 8.19.21\n");
}

static void opensearch_is_not_asked_for_the_privileges_of_elasticsearch(void)
{
    static const struct line lines[] = {
        {"GET /", 200, "{\"version\":{\"number\":\"2.19.1\",\"distribution\":\"opensearch\"}}"},
        {0}};
    CHECK_TEXT(str_from(converse(&plain, ERRAND_LOOK, lines)->said), "good OpenSearch 2.19.1\n");
}

static void what_is_missing_is_told_with_what_mends_it(void)
{
    static const struct line lines[] = {
        {"GET /", 403, "{}"},
        {MAY, 200,
         "{\"has_all_requested\":false,\"index\":{\"logs-*\":{\"create_doc\":false,"
         "\"auto_configure\":true}}}"},
        {0}};
    CHECK_TEXT(str_from(converse(&plain, ERRAND_LOOK, lines)->said),
               "doubt it does not tell us its version: grant the cluster privilege \"monitor\"\n"
               "fault no event may be stored: grant the index privilege \"create_doc\" on "
               "\"logs-*\"\n");
}

static void a_missing_pipeline_is_a_fault(void)
{
    const struct indexing indexing = {.pattern = STR("logs-*"), .pipeline = STR("a b")};
    static const struct line missing[] = {
        {"GET /", 200, ELASTIC}, {MAY, 405, "{}"}, {"GET /_ingest/pipeline/a%20b", 404, "{}"}, {0}};
    static const struct line there[] = {{"GET /", 200, ELASTIC},
                                        {MAY, 405, "{}"},
                                        {"GET /_ingest/pipeline/a%20b", 200, "{\"a b\":{}}"},
                                        {0}};
    CHECK(strstr(converse(&indexing, ERRAND_LOOK, missing)->said, "fault there is no ingest"));
    CHECK(strstr(converse(&indexing, ERRAND_LOOK, there)->said, "good the ingest pipeline"));
}

static void wrong_credentials_end_it(void)
{
    static const struct line lines[] = {
        {"GET /", 401,
         "{\"error\":{\"type\":\"security_exception\",\"reason\":\"unable to authenticate user "
         "[u]\"}}"},
        {0}};
    const struct indexing with = {.pattern = STR("logs-*"), .has_credentials = true};
    CHECK_TEXT(str_from(converse(&with, ERRAND_LOOK, lines)->said),
               "fault it refuses our credentials (security_exception: unable to authenticate user "
               "[u]): look at `api_key`, `user` and `password`, or `bearer`\n");
    CHECK_TEXT(str_from(converse(&plain, ERRAND_LOOK, lines)->said),
               "fault it wants credentials: set `api_key`, `user` and `password`, or `bearer`\n");
}

static void what_is_no_search_server_is_told_so(void)
{
    static const struct line page[] = {{"GET /", 200, "<html>Welcome</html>"}, {0}};
    static const struct line other[] = {{"GET /", 200, "{\"name\":\"Thing\"}"}, {0}};
    static const struct line lost[] = {{"GET /", 404, "not found"}, {0}};
    CHECK(strstr(converse(&plain, ERRAND_LOOK, page)->said, "fault what answers there is not"));
    CHECK(strstr(converse(&plain, ERRAND_LOOK, other)->said, "fault what answers there is not"));
    CHECK(strstr(converse(&plain, ERRAND_LOOK, lost)->said, "fault answers 404"));
}

CHECK_MAIN(TEST(a_server_where_all_is_well_gets_good_marks),
           TEST(without_security_nothing_is_said_about_it),
           TEST(opensearch_is_not_asked_for_the_privileges_of_elasticsearch),
           TEST(what_is_missing_is_told_with_what_mends_it), TEST(a_missing_pipeline_is_a_fault),
           TEST(wrong_credentials_end_it), TEST(what_is_no_search_server_is_told_so))
