/* tests/indexing/test_template.c - mirrors agent/indexing/template.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/indexing/template.c"

#include "tests/indexing/papers.h"

static const struct line written[] = {ELASTIC("8.19.0"), UNCOVERED, WRITES_TEMPLATE, {0}};

static void each_field_has_the_kind_that_the_table_says(void)
{
    static const char *const kinds[] = {
        "\"@timestamp\":{\"type\":\"date\",\"ignore_malformed\":false}",
        "\"message\":{\"type\":\"match_only_text\"}",
        "\"trace.id\":{\"type\":\"keyword\",\"ignore_above\":1024}",
        "\"event.duration\":{\"type\":\"long\"}",
        "\"event.outcome\":{\"type\":\"keyword\"}",
        "\"faas.coldstart\":{\"type\":\"boolean\"}",
        "\"http.response.status_code\":{\"type\":\"long\"}",
        "\"aws.lambda.metrics.duration_ms\":{\"type\":\"double\"}",
        "\"sampling.weight\":{\"type\":\"long\"}",
        "\"event.original\":{\"type\":\"keyword\",\"index\":false,\"doc_values\":false}",
        "\"date_detection\":false",
        "\"data_stream\":{}",
        "\"index_patterns\":[\"logs-*\"]",
        "ignore_dynamic_beyond_limit",
    };
    const struct indexing indexing = stream_for(0);
    const char *body = converse(&indexing, ERRAND_PREPARE, written)->body;
    for (size_t i = 0; i < COUNT(kinds); i++) {
        if (!strstr(body, kinds[i]))
            print_error("no %s in %s\n", kinds[i], body);
        CHECK(strstr(body, kinds[i]));
    }
}

static void the_names_are_those_of_the_output(void)
{
    struct indexing indexing = stream_for(0);
    indexing.names = NAMES_OTEL;
    indexing.is_stream = false;
    const char *body = converse(&indexing, ERRAND_PREPARE, written)->body;
    CHECK(strstr(body, "\"body\":{\"type\":\"match_only_text\"}"));
    CHECK(strstr(body, "\"duration_ms\":{\"type\":\"double\"}"));
    CHECK(!strstr(body, "\"data_stream\""));
    CHECK(strstr(body, "\"error.type\":{\"type\":\"keyword\""));
    CHECK(strstr(body, "\"event.outcome\":{\"type\":\"keyword\""));
    CHECK(!strstr(body, "\"error\":")); /* no mapping has a value and an object of one name */
    indexing.names = NAMES_AS_IS;
    body = converse(&indexing, ERRAND_PREPARE, written)->body;
    CHECK(strstr(body, "\"sampling.weight\""));
    CHECK(!strstr(body, "\"body\"") && !strstr(body, "\"trace_id\""));
}

static void what_a_server_does_not_know_is_left_out(void)
{
    static const struct line lines[] = {
        ELASTIC("8.19.0"),
        UNCOVERED,
        {"GET " TEMPLATE, 404, "{}"},
        {"PUT " TEMPLATE, 400,
         "{\"error\":{\"type\":\"mapper_parsing_exception\",\"reason\":\"No handler for type "
         "[match_only_text] declared on field [message]\"}}"},
        {"PUT " TEMPLATE, 400,
         "{\"error\":{\"type\":\"x_content_parse_exception\",\"reason\":\"[template] unknown "
         "field [lifecycle]\"}}"},
        {"GET " ILM, 400, "{\"error\":\"no handler\"}"},
        {"PUT " TEMPLATE, 200, "{}"},
        {"GET " TEMPLATE, 200, TEMPLATE_BACK},
        {"PUT " TEMPLATE, 200, "{}"},
        {0}};
    const struct indexing indexing = stream_for(30 * DAY_NS);
    struct conversation *talk = converse(&indexing, ERRAND_PREPARE, lines);
    CHECK(strstr(talk->body, "\"message\":{\"type\":\"text\"}"));
    CHECK(!strstr(talk->body, "lifecycle"));
    CHECK(strstr(talk->said, "doubt it has no lifecycle policies"));
    CHECK(strstr(talk->said, "good wrote the index template"));
    /* The next start asks for no more than that. */
    static const struct line again[] = {
        ELASTIC("8.19.0"), UNCOVERED, {"GET " TEMPLATE, 200, TEMPLATE_BACK}, {0}};
    CHECK_TEXT(str_from(converse(&indexing, ERRAND_PREPARE, again)->said), "");
}

CHECK_MAIN(TEST(each_field_has_the_kind_that_the_table_says),
           TEST(the_names_are_those_of_the_output), TEST(what_a_server_does_not_know_is_left_out))
