/* tests/indexing/test_paper.c - mirrors agent/indexing/paper.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/indexing/paper.c"

#include "tests/indexing/papers.h"

static void write_it(void)
{
    static const struct line lines[] = {ELASTIC("8.19.0"), UNCOVERED, WRITES_TEMPLATE, {0}};
    const struct indexing indexing = stream_for(0);
    CHECK_TEXT(str_from(converse(&indexing, ERRAND_PREPARE, lines)->said),
               "good wrote the index template \"weir-logs-any\"\n");
}

static void replace_in(char *text, const char *what, const char *by)
{
    char *at = strstr(text, what);
    CHECK(at != NULL && strlen(what) == strlen(by));
    memcpy(at, by, strlen(by));
}

static const struct line in_place[] = {
    ELASTIC("8.19.0"), UNCOVERED, {"GET " TEMPLATE, 200, TEMPLATE_BACK}, {0}};

static void what_is_there_is_written_once(void)
{
    const struct indexing indexing = stream_for(0);
    write_it();
    CHECK(strstr(conversation_kept, "\"managed_by\":\"weir\",\"version\":1"));
    CHECK(!strstr(conversation_kept, "\"stored\":\"0000000000000000\""));
    CHECK_TEXT(str_from(converse(&indexing, ERRAND_PREPARE, in_place)->said), "");
}

static void what_somebody_changed_stays(void)
{
    const struct indexing indexing = stream_for(0);
    write_it();
    replace_in(conversation_kept, "\"date_detection\":false", "\"date_detection\":true ");
    CHECK_TEXT(str_from(converse(&indexing, ERRAND_PREPARE, in_place)->said),
               "doubt somebody changed the index template \"weir-logs-any\", so it stays as it is: "
               "delete it to have it written anew, or set `bootstrap` = off\n");
}

static void what_is_not_ours_stays(void)
{
    const struct indexing indexing = stream_for(0);
    write_it();
    replace_in(conversation_kept, "\"managed_by\":\"weir\"", "\"managed_by\":\"mary\"");
    CHECK(strstr(converse(&indexing, ERRAND_PREPARE, in_place)->said, "doubt the index template"));
}

static void an_older_one_of_ours_is_replaced(void)
{
    static const struct line lines[] = {ELASTIC("8.19.0"),
                                        UNCOVERED,
                                        {"GET " TEMPLATE, 200, TEMPLATE_BACK},
                                        {"PUT " TEMPLATE, 200, "{}"},
                                        {"GET " TEMPLATE, 200, TEMPLATE_BACK},
                                        {"PUT " TEMPLATE, 200, "{}"},
                                        {0}};
    static const char *const ages[] = {"\"version\":0", "\"version\":1"};
    const struct indexing indexing = stream_for(0), kept = stream_for(30 * DAY_NS);
    write_it();
    replace_in(conversation_kept, "\"version\":1", ages[0]);
    CHECK(strstr(converse(&indexing, ERRAND_PREPARE, lines)->said, "good wrote"));
    /* and so is one of other settings */
    CHECK(strstr(converse(&kept, ERRAND_PREPARE, lines)->said, "good wrote"));
    CHECK(strstr(conversation_kept, "\"data_retention\":\"30d\""));
}

static void a_later_one_of_ours_stays_without_a_word(void)
{
    const struct indexing indexing = stream_for(0);
    write_it();
    replace_in(conversation_kept, "\"version\":1", "\"version\":2");
    CHECK_TEXT(str_from(converse(&indexing, ERRAND_PREPARE, in_place)->said), "");
}

static void an_unsealed_one_is_written_again(void)
{
    static const struct line first[] = {ELASTIC("8.19.0"),
                                        UNCOVERED,
                                        {"GET " TEMPLATE, 404, "{}"},
                                        {"PUT " TEMPLATE, 200, "{}"},
                                        {"GET " TEMPLATE, 404, "{}"},
                                        {0}};
    static const struct line second[] = {ELASTIC("8.19.0"),
                                         UNCOVERED,
                                         {"GET " TEMPLATE, 200, TEMPLATE_BACK},
                                         {"PUT " TEMPLATE, 200, "{}"},
                                         {"GET " TEMPLATE, 200, TEMPLATE_BACK},
                                         {"PUT " TEMPLATE, 200, "{}"},
                                         {0}};
    const struct indexing indexing = stream_for(0);
    converse(&indexing, ERRAND_PREPARE, first);
    CHECK(strstr(converse(&indexing, ERRAND_PREPARE, second)->said, "good wrote"));
}

static void looking_writes_nothing(void)
{
    static const struct line absent[] = {OPENSEARCH, UNCOVERED, {"GET " TEMPLATE, 404, "{}"}, {0}};
    const struct indexing indexing = stream_for(0);
    CHECK_TEXT(
        str_from(converse(&indexing, ERRAND_LOOK, absent)->said),
        "good OpenSearch 2.19.1\n"
        "good the index template \"weir-logs-any\" will be written before the first event\n");
}

static void a_missing_privilege_is_one_doubt(void)
{
    static const struct line looking[] = {
        ELASTIC("8.19.0"), UNCOVERED, {"GET " TEMPLATE, 403, "{}"}, {0}};
    static const struct line writing[] = {ELASTIC("8.19.0"),
                                          UNCOVERED,
                                          {"GET " TEMPLATE, 404, "{}"},
                                          {"PUT " TEMPLATE, 403, "{}"},
                                          {0}};
    const char *said = "doubt the index template \"weir-logs-any\" may not be looked after: grant "
                       "the cluster privilege \"manage_index_templates\", or set `bootstrap` = "
                       "off\n";
    const struct indexing indexing = stream_for(0);
    CHECK_TEXT(str_from(converse(&indexing, ERRAND_PREPARE, looking)->said), said);
    CHECK_TEXT(str_from(converse(&indexing, ERRAND_PREPARE, writing)->said), said);
}

static void a_refusal_is_told_in_the_servers_words(void)
{
    static const struct line lines[] = {
        ELASTIC("8.19.0"),
        UNCOVERED,
        {"GET " TEMPLATE, 404, "{}"},
        {"PUT " TEMPLATE, 400, "{\"error\":{\"type\":\"t\",\"reason\":\"same priority\"}}"},
        {0}};
    const struct indexing indexing = stream_for(0);
    CHECK(strstr(converse(&indexing, ERRAND_PREPARE, lines)->said,
                 "`bootstrap` = off: t: same priority"));
}

CHECK_MAIN(TEST(what_is_there_is_written_once), TEST(what_somebody_changed_stays),
           TEST(what_is_not_ours_stays), TEST(an_older_one_of_ours_is_replaced),
           TEST(a_later_one_of_ours_stays_without_a_word), TEST(an_unsealed_one_is_written_again),
           TEST(looking_writes_nothing), TEST(a_missing_privilege_is_one_doubt),
           TEST(a_refusal_is_told_in_the_servers_words))
