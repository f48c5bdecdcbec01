/* tests/outputs/test_elasticsearch.c - mirrors outputs/elasticsearch.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/outputs/host.h"

#include "outputs/elasticsearch.c"

#include "tests/check.h"
#include "tests/corpora.h"

/* --- the answer
 * ------------------------------------------------------------------------------------ */

static uint8_t items[8];
static struct str words[8];

static struct judgement judged(int status, const char *body, size_t count)
{
    arena_reset(&test_arena);
    struct judgement judgement = {
        .whole = RETRY, .items = items, .words = words, .count = count, .arena = &test_arena};
    memset(items, RETRY, sizeof items);
    memset(words, 0, sizeof words);
    const struct reply reply = {.status = status, .body = str_from(body), .retry_after_ns = -1};
    elasticsearch_judge(NULL, &reply, &judgement);
    return judgement;
}

static void whole_answers_follow_the_table(void)
{
    static const struct {
        int status;
        enum verdict want;
        bool hold_output;
    } cases[] = {
        {400, REFUSED, false}, {401, HOLD, true},   {403, HOLD, true},   {404, HOLD, false},
        {405, HOLD, true},     {406, HOLD, true},   {408, RETRY, false}, {413, TOO_LARGE, false},
        {429, RETRY, false},   {500, RETRY, false}, {501, HOLD, true},   {502, RETRY, false},
        {503, RETRY, false},   {504, RETRY, false}, {301, HOLD, true},   {201, RETRY, false},
        {204, RETRY, false},   {599, RETRY, false},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct judgement got = judged(cases[i].status, "", 1);
        CHECK_EQ(got.whole, cases[i].want);
        CHECK_EQ(got.hold_output, cases[i].hold_output);
    }
    struct judgement got = judged(
        401, "{\"error\":{\"type\":\"security_exception\",\"reason\":\"no\"},\"status\":401}", 1);
    CHECK_TEXT(got.whole_words, "security_exception: no");
    got = judged(405, "{\"error\":\"Incorrect HTTP method\",\"status\":405}", 1);
    CHECK_TEXT(got.whole_words, "Incorrect HTTP method");
    got = judged(502, "<html>", 1);
    CHECK_TEXT(got.whole_words, "HTTP 502");
}

static void items_follow_the_table(void)
{
    static const struct {
        int status;
        const char *type, *reason;
        enum verdict want;
    } cases[] = {
        {200, NULL, NULL, DELIVERED},
        {201, NULL, NULL, DELIVERED},
        {409, "version_conflict_engine_exception", "exists", DELIVERED_TWIN},
        {429, "es_rejected_execution_exception", "queue full", RETRY},
        {429, "circuit_breaking_exception", "[parent] Data too large", RETRY},
        {429, "cluster_block_exception", "disk usage exceeded flood-stage watermark", RETRY},
        {500, "illegal_state_exception", "x", RETRY},
        {503, "unavailable_shards_exception", "primary shard is not active", RETRY},
        {504, "timeout_exception", "x", RETRY},
        {400, "document_parsing_exception", "failed to parse", REFUSED},
        {400, "mapper_parsing_exception", "failed to parse", REFUSED},
        {400, "strict_dynamic_mapping_exception", "x", REFUSED},
        {400, "illegal_argument_exception", "Limit of total fields [1000] has been exceeded",
         REFUSED},
        {400, "invalid_index_name_exception", "must be lowercase", REFUSED},
        {400, "validation_exception",
         "this action would add [2] shards, but this cluster currently has [1000]/[1000] maximum "
         "normal "
         "shards open;",
         HOLD},
        {403, "cluster_block_exception", "index read-only / allow delete (api)", HOLD},
        {403, "security_exception", "action is unauthorized", HOLD},
        {404, "index_not_found_exception", "no such index", HOLD},
        {413, "x", "y", TOO_LARGE},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char body[512];
        if (cases[i].type)
            snprintf(
                body, sizeof body,
                "{\"errors\":true,\"items\":[{\"create\":{\"status\":%d,\"error\":{\"type\":\"%s\","
                "\"reason\":\"%s\"}}}]}",
                cases[i].status, cases[i].type, cases[i].reason);
        else
            snprintf(body, sizeof body, "{\"items\":[{\"create\":{\"status\":%d}}]}",
                     cases[i].status);
        struct judgement got = judged(200, body, 1);
        CHECK_EQ(got.whole, DELIVERED);
        CHECK_EQ(items[0], cases[i].want);
    }
}

static void the_words_name_type_reason_and_cause(void)
{
    judged(200,
           "{\"took\":3,\"errors\":true,\"items\":[{\"create\":{\"status\":201}},{\"create\":{"
           "\"status\":400,"
           "\"error\":{\"type\":\"document_parsing_exception\",\"reason\":\"failed to parse "
           "\\\"a\\\"\","
           "\"caused_by\":{\"type\":\"x\",\"reason\":\"For input string\"}}}}]}",
           2);
    CHECK_EQ(items[0], DELIVERED);
    CHECK_EQ(items[1], REFUSED);
    CHECK_TEXT(words[1],
               "document_parsing_exception: failed to parse \"a\"; caused by: For input string");
}

static void an_answer_that_is_not_whole_is_not_believed(void)
{
    static const char *const lies[] = {
        "",
        "<html>Welcome</html>",
        "[]",
        "{}",
        "{\"took\":1,\"errors\":false}",
        "{\"items\":{}}",
        "{\"items\":[]}",
        "{\"items\":[{\"create\":{\"status\":201}}]}",
        "{\"items\":[{\"create\":{\"status\":201}},{\"create\":{\"status\":201}},{\"create\":{"
        "\"status\":201}}]}",
        "{\"items\":[{\"create\":{\"status\":201}},{\"index\":{\"status\":201}}]}",
        "{\"items\":[{\"create\":{\"status\":201}},{\"create\":{\"status\":201},\"index\":{"
        "\"status\":201}}]}",
        "{\"items\":[{\"create\":{\"status\":201}},{}]}",
        "{\"items\":[{\"create\":{\"status\":201}},201]}",
        "{\"items\":[{\"create\":{\"status\":201}},{\"create\":{}}]}",
        "{\"items\":[{\"create\":{\"status\":201}},{\"create\":{\"status\":\"fine\"}}]}",
        "{\"items\":[{\"create\":{\"status\":201}},{\"create\":{\"status\":0}}]}",
        "{\"items\":[{\"create\":{\"status\":201}},{\"create\":{\"status\":201,\"error\":{\"type\":"
        "\"x\"}}}]}",
        "{\"items\":[{\"create\":{\"status\":201}},{\"create\":{\"status\":201}}",
        "{\"items\":[{\"create\":{\"status\":201}},{\"create\":{\"status\":201}}]} trailing",
        "{\"took\" 3,\"items\":[{\"create\":{\"status\":201}},{\"create\":{\"status\":201}}]}",
        "[\"items\":[{\"create\":{\"status\":201}},{\"create\":{\"status\":201}}]}",
        "{\"a\":{\"items\":[{\"create\":{\"status\":201}},{\"create\":{\"status\":201}}]}",
        "{\"items\":{},\"items\":[{\"create\":{\"status\":201}},{\"create\":{\"status\":201}}]}",
        "\"items\":[{\"create\":{\"status\":201}},{\"create\":{\"status\":201}}]}",
    };
    for (size_t i = 0; i < COUNT(lies); i++)
        CHECK_EQ(judged(200, lies[i], 2).whole, RETRY);
}

static enum verdict corpus_verdict(json_t *item)
{
    const char *action;
    json_t *result;
    json_t *renamed = json_object();
    json_object_foreach(item, action, result)
        json_object_set(renamed, "create", result); /* the cases come from other actions too */
    char *text = json_dumps(renamed, JSON_COMPACT);
    uint8_t verdict = 99;
    struct str said;
    arena_reset(&test_arena);
    CHECK(item_read((struct value){.kind = VALUE_OBJECT, .text = str_from(text)}, &test_arena,
                    &verdict, &said));
    free(text);
    json_decref(renamed);
    return (enum verdict)verdict;
}

static void real_answers_of_other_projects_are_read_alike(void)
{
    CORPUS(cases, "es-bulk/bulk_response_cases.json");
    CHECK(json_is_array(cases));
    size_t index, count = 0;
    json_t *one;
    json_array_foreach(cases, index, one)
    {
        json_t *wants = json_object_get(one, "per_item"), *want;
        json_t *given = json_object_get(json_object_get(one, "response"), "items");
        size_t at;
        json_array_foreach(wants, at, want)
        {
            enum verdict got = corpus_verdict(json_array_get(given, at));
            const char *as = got == DELIVERED || got == DELIVERED_TWIN ? "ack"
                             : got == RETRY || got == HOLD             ? "retry"
                                                                       : "reject";
            CHECK_TEXT(str_from(as), json_string_value(want));
            count++;
        }
    }
    print_message("es-bulk: %zu answers, %zu items judged alike\n", index, count);
    CHECK(count > 0);
    json_decref(cases);
}

/* --- the request
 * ----------------------------------------------------------------------------------- */

static struct field fields[4];

static struct event event_of(const char *id, struct field first)
{
    memset(fields, 0, sizeof fields);
    fields[0] = first;
    return (struct event){.bytes = STR("{}"),
                          .flags = EVENT_PARSED,
                          .time_ns = INT64_C(1767323045678000000),
                          .fields = fields,
                          .count = first.key.len > 0,
                          .room = COUNT(fields),
                          .id = str_from(id)};
}

static const struct field user_field = {.key = {"user.name", 9},
                                        .value = {.kind = VALUE_STRING, .text = {"eve", 3}}};

static void check_encoded(enum naming names, const char *target, struct field field,
                          const char *want)
{
    static struct stream_members members;
    struct elasticsearch es = {.encoding = {.names = names, .doc_count = true, .sampling = true},
                               .members = &members};
    struct event event = event_of("weir-f1-77", field);
    struct buffer body;
    buffer_init(&body, 1 << 16);
    elasticsearch_encode(&es, &event, str_from(target), &body, &test_arena);
    CHECK_TEXT(buffer_str(&body), want);
    buffer_clear(&body);
}

static void a_data_stream_gets_its_fields_and_a_timestamp(void)
{
    check_encoded(
        NAMES_ECS, "logs-app-prod", user_field,
        "{\"create\":{\"_id\":\"weir-f1-77\"}}\n"
        "{\"data_stream.type\":\"logs\",\"data_stream.dataset\":\"app\",\"data_stream.namespace\":"
        "\"prod\",\"ecs.version\":\"8.11.0\",\"@timestamp\":\"2026-01-02T03:04:05.678Z\","
        "\"user.name\":\"eve\"}\n");
    check_encoded(NAMES_ECS, "app-2026", user_field,
                  "{\"create\":{\"_id\":\"weir-f1-77\"}}\n"
                  "{\"ecs.version\":\"8.11.0\",\"@timestamp\":\"2026-01-02T03:04:05.678Z\","
                  "\"user.name\":\"eve\"}\n");
}

static void a_timestamp_is_there_under_every_naming_and_once(void)
{
    static const struct field own = {
        .key = {"@timestamp", 10},
        .value = {.kind = VALUE_STRING, .text = {"2025-01-01T00:00:00Z", 20}}};
    check_encoded(NAMES_AS_IS, "logs-app-prod", user_field,
                  "{\"create\":{\"_id\":\"weir-f1-77\"}}\n"
                  "{\"@timestamp\":\"2026-01-02T03:04:05.678Z\",\"user.name\":\"eve\"}\n");
    check_encoded(
        NAMES_AS_IS, "logs-app-prod", own,
        "{\"create\":{\"_id\":\"weir-f1-77\"}}\n{\"@timestamp\":\"2025-01-01T00:00:00Z\"}\n");
}

static void the_judgement_is_no_value_where_error_is_an_object(void)
{
    static const struct field type = {.key = {"error.type", 10},
                                      .value = {.kind = VALUE_STRING, .text = {"timeout", 7}},
                                      .slot = SLOT_ERROR_TYPE};
    struct elasticsearch es = {.names = NAMES_OTEL};
    struct event event = event_of("weir-f1-77", type);
    event.severity = 17;
    set_encoding(&es);
    struct buffer body;
    buffer_init(&body, 1 << 16);
    elasticsearch_encode(&es, &event, STR("logs-app-prod"), &body, &test_arena);
    CHECK(str_find_str(buffer_str(&body), STR("\"event.outcome\":\"failure\"")) != SIZE_MAX);
    CHECK(str_find_str(buffer_str(&body), STR("\"error\":")) == SIZE_MAX);
    buffer_clear(&body);
}

static void names_in_the_path_are_escaped(void)
{
    struct elasticsearch es = {.pipeline = STR("my pipe")};
    struct request request = {0};
    arena_reset(&test_arena);
    elasticsearch_request(&es, STR("logs-a b/c"), &request, &test_arena);
    CHECK_TEXT(request.path,
               "/logs-a%20b%2Fc/_bulk?filter_path=took,errors,items.*.status,items.*.error"
               "&pipeline=my%20pipe");
    CHECK_TEXT(request.content_type, "application/x-ndjson");
}

static enum code open_with(const char *index, const char *api_key, const char *url, struct why *why)
{
    static struct str urls[1];
    urls[0] = str_from(url);
    static struct elasticsearch es;
    es = (struct elasticsearch){.index = (struct template *)(uintptr_t)index,
                                .api_key = str_from(api_key),
                                .endpoint = {.urls = {.count = 1, .texts = urls}}};
    return elasticsearch_open(&es, NULL, why);
}

static void mistakes_are_found_when_it_is_opened(void)
{
    static const struct {
        const char *index, *api_key, *url, *says;
    } cases[] = {
        {"Logs-App", "", "http://localhost:9200", "lower case"},
        {"-logs", "", "http://localhost:9200", "begin with"},
        {"logs,app", "", "http://localhost:9200", "must not hold"},
        {"..", "", "http://localhost:9200", ". or .."},
        {"logs-a-b", "a2V5LXNlY3JldA==", "http://es.example:9200", "use https"},
        {"logs-a-b", "", "es.example:9200", "https://"},
    };
    struct why why;
    for (size_t i = 0; i < COUNT(cases); i++) {
        CHECK_EQ(open_with(cases[i].index, cases[i].api_key, cases[i].url, &why), BAD_CONFIG);
        CHECK(strstr(why.text, cases[i].says) != NULL);
        CHECK(strstr(why.text, "a2V5") == NULL);
    }
    CHECK_OK(open_with("logs-weir-default", "a2V5LXNlY3JldA==\n", "http://127.0.0.1:9200", &why),
             why);
    arena_clear(&test_arena);
}

int main(void)
{
    arena_init(&test_arena, 4096, 1 << 20);
    const struct CMUnitTest tests[] = {TEST(whole_answers_follow_the_table),
                                       TEST(items_follow_the_table),
                                       TEST(the_words_name_type_reason_and_cause),
                                       TEST(an_answer_that_is_not_whole_is_not_believed),
                                       TEST(real_answers_of_other_projects_are_read_alike),
                                       TEST(a_data_stream_gets_its_fields_and_a_timestamp),
                                       TEST(a_timestamp_is_there_under_every_naming_and_once),
                                       TEST(the_judgement_is_no_value_where_error_is_an_object),
                                       TEST(names_in_the_path_are_escaped),
                                       TEST(mistakes_are_found_when_it_is_opened)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
