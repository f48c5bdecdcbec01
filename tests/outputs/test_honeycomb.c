/* tests/outputs/test_honeycomb.c - mirrors outputs/honeycomb.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/outputs/host.h"

#include "outputs/honeycomb.c"

#include "agent/data/severity.h"
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
    honeycomb_judge(NULL, &reply, &judgement);
    return judgement;
}

static void whole_answers_follow_the_table(void)
{
    static const struct {
        int status;
        const char *body;
        enum verdict want;
        bool hold_output;
        const char *words;
    } cases[] = {
        {400, "{\"error\":\"Request body should not be empty.\"}", REFUSED, false,
         "Request body should not be empty."},
        {400, "{\"error\":\"Request body is malformed and cannot be read.\"}", REFUSED, false,
         "Request body is malformed and cannot be read."},
        {400, "{\"error\":\"Request body is too large.\"}", TOO_LARGE, false,
         "Request body is too large."},
        {400, "{\"error\":\"Dataset has too many columns.\"}", REFUSED, false,
         "Dataset has too many columns."},
        {400, "{\"source\":\"refinery\",\"error\":\"unknown API key - check your credentials\"}",
         HOLD, true, "unknown API key - check your credentials"},
        {401, "{\"error\":\"unknown API key - check your credentials\"}", HOLD, true,
         "unknown API key - check your credentials"},
        {403, "{\"error\":\"Event dropped due to administrative throttling\"}", HOLD, true,
         "Event dropped due to administrative throttling"},
        {404, "{\"error\":\"dataset not found\"}", HOLD, false, "dataset not found"},
        {413, "", TOO_LARGE, false, "HTTP 413"},
        {429, "{\"error\":\"Request dropped due to rate limiting.\"}", RETRY, false,
         "Request dropped due to rate limiting."},
        {429,
         "{\"status\":429,\"type\":\"https://x\",\"title\":\"Too many requests\",\"detail\":"
         "\"slow down\"}",
         RETRY, false, "Too many requests: slow down"},
        {408, "", RETRY, false, "HTTP 408"},
        {500, "caught panic", RETRY, false, "HTTP 500"},
        {503, "", RETRY, false, "HTTP 503"},
        {501, "", HOLD, true, "HTTP 501"},
        {302, "", HOLD, true,
         "HTTP 302, which sends us elsewhere and is not followed: give the final address in `url`"},
        {405, "", HOLD, true, "HTTP 405"},
        {201, "", RETRY, false, "HTTP 201"},
        {204, "", RETRY, false, "HTTP 204"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct judgement got = judged(cases[i].status, cases[i].body, 1);
        CHECK_EQ(got.whole, cases[i].want);
        CHECK_EQ(got.hold_output, cases[i].hold_output);
        CHECK_TEXT(got.whole_words, cases[i].words);
    }
}

static void items_follow_the_table(void)
{
    static const struct {
        const char *item;
        enum verdict want;
        const char *words;
    } cases[] = {
        {"{\"status\":202}", DELIVERED, ""},
        {"{ \"status\": 202 }", DELIVERED, NULL},
        {"{\"status\":200}", DELIVERED, NULL},
        {"{\"status\":400,\"error\":\"Event has too many columns.\"}", REFUSED,
         "Event has too many columns."},
        {"{\"status\":401,\"error\":\"unknown API key\"}", HOLD, "unknown API key"},
        {"{\"status\":403}", HOLD, "HTTP 403"},
        {"{\"status\":404,\"error\":\"dataset not found\"}", HOLD, "dataset not found"},
        {"{\"status\":413}", TOO_LARGE, "HTTP 413"},
        {"{\"status\":429,\"error\":\"bratelimited\"}", RETRY, "bratelimited"},
        {"{\"status\":408}", RETRY, NULL},
        {"{\"status\":500}", RETRY, NULL},
        {"{\"status\":503}", RETRY, NULL},
        {"{\"status\":302}", REFUSED, NULL},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char body[256];
        snprintf(body, sizeof body, "[{\"status\":202},%s]", cases[i].item);
        struct judgement got = judged(200, body, 2);
        CHECK_EQ(got.whole, DELIVERED);
        CHECK_EQ(items[0], DELIVERED);
        CHECK_EQ(items[1], cases[i].want);
        if (cases[i].words)
            CHECK_TEXT(words[1], cases[i].words);
    }
}

static void an_answer_that_is_not_whole_is_not_believed(void)
{
    static const char *const lies[] = {
        "",
        "<html>Welcome</html>",
        "{}",
        "[]",
        "{\"status\":202}",
        "[{\"status\":202}]",
        "[{\"status\":202},{\"status\":202},{\"status\":202}]",
        "[{\"status\":202},{}]",
        "[{\"status\":202},202]",
        "[{\"status\":202},{\"status\":\"fine\"}]",
        "[{\"status\":202},{\"status\":0}]",
        "[{\"status\":202},{\"status\":202}",
        "[{\"status\":202},{\"status\":202}] trailing",
    };
    for (size_t i = 0; i < COUNT(lies); i++)
        CHECK_EQ(judged(200, lies[i], 2).whole, RETRY);
}

/* --- the request
 * ----------------------------------------------------------------------------------- */

static struct field fields[8];

static struct event event_of(size_t count, const struct field *given)
{
    memset(fields, 0, sizeof fields);
    struct event event = {.bytes = STR("{}"),
                          .flags = EVENT_PARSED,
                          .time_ns = INT64_C(1767323045678000001),
                          .fields = fields,
                          .room = COUNT(fields),
                          .id = STR("weir-f1-77")};
    for (size_t i = 0; i < count; i++) {
        fields[i] = given[i];
        if (given[i].slot)
            event.slots[given[i].slot] = (uint16_t)(i + 1);
    }
    event.count = (uint16_t)count;
    return event;
}

static struct field text_field(const char *key, const char *text, enum slot slot)
{
    return (struct field){.key = str_from(key),
                          .slot = (uint8_t)slot,
                          .value = {.kind = VALUE_TEXT, .text = str_from(text)}};
}

static struct honeycomb opened;

static void check_encoded(const struct event *event, const char *want)
{
    struct buffer body;
    buffer_init(&body, 1 << 16);
    arena_reset(&test_arena);
    honeycomb_encode(&opened, event, STR("shop"), &body, &test_arena);
    CHECK_TEXT(buffer_str(&body), want);
    buffer_clear(&body);
}

static void a_log_line_carries_time_weight_and_the_names_honeycomb_knows(void)
{
    const struct field given[] = {
        text_field("msg", "hello", SLOT_BODY),
        text_field("traceId", "4bf92f3577b34da6a3ce929d0e0e4736", SLOT_TRACE_ID),
        text_field("spanId", "00f067aa0ba902b7", SLOT_SPAN_ID),
        text_field("service.name", "shop", SLOT_SERVICE_NAME),
        {.key = STR("user"), .value = {.kind = VALUE_OBJECT, .text = STR("{\"id\":7,\"x\":null}")}},
        {.key = STR("tags"), .value = {.kind = VALUE_ARRAY, .text = STR("[\"a\"]")}},
    };
    struct event event = event_of(COUNT(given), given);
    event.weight = 10;
    event.reason = STR("rest");
    event.severity = SEVERITY_WARN;
    check_encoded(
        &event, "{\"time\":\"2026-01-02T03:04:05.678000001Z\",\"samplerate\":10,\"data\":{"
                "\"body\":\"hello\",\"trace.trace_id\":\"4bf92f3577b34da6a3ce929d0e0e4736\","
                "\"trace.parent_id\":\"00f067aa0ba902b7\",\"service.name\":\"shop\",\"user.id\":7,"
                "\"tags\":\"[\\\"a\\\"]\",\"severity_text\":\"warn\",\"severity_code\":13,"
                "\"meta.weir.reason\":\"rest\",\"meta.weir.event_id\":\"weir-f1-77\","
                "\"severity\":\"warn\",\"meta.signal_type\":\"log\","
                "\"meta.annotation_type\":\"span_event\"}}");
}

static void the_end_of_an_invocation_is_its_span(void)
{
    const struct field given[] = {
        text_field("trace_id", "4bf92f3577b34da6a3ce929d0e0e4736", SLOT_TRACE_ID),
        text_field("span_id", "00f067aa0ba902b7", SLOT_SPAN_ID),
    };
    struct event event = event_of(COUNT(given), given);
    event.flags |= EVENT_ENDS_INVOCATION;
    check_encoded(&event, "{\"time\":\"2026-01-02T03:04:05.678000001Z\",\"data\":{"
                          "\"trace.trace_id\":\"4bf92f3577b34da6a3ce929d0e0e4736\","
                          "\"trace.span_id\":\"00f067aa0ba902b7\","
                          "\"meta.weir.event_id\":\"weir-f1-77\",\"meta.signal_type\":\"trace\"}}");
}

static void what_the_user_named_so_stays_and_stands_once(void)
{
    const struct field given[] = {
        text_field("severity", "odd", SLOT_NONE),
        text_field("meta.signal_type", "mine", SLOT_NONE),
    };
    struct event event = event_of(COUNT(given), given);
    event.severity = SEVERITY_INFO;
    event.time_ns = 0;
    event.id = (struct str){0};
    check_encoded(&event, "{\"data\":{\"severity\":\"odd\",\"meta.signal_type\":\"mine\","
                          "\"severity_text\":\"info\",\"severity_code\":9}}");
}

static void what_is_cut_is_marked_and_counted(void)
{
    static char long_text[70000];
    memset(long_text, 'x', sizeof long_text - 1);
    const struct field given[] = {text_field("note", long_text, SLOT_NONE)};
    struct event event = event_of(COUNT(given), given);
    struct buffer body;
    buffer_init(&body, 1 << 20);
    arena_reset(&test_arena);
    uint64_t before = *opened.cut_texts;
    honeycomb_encode(&opened, &event, STR("shop"), &body, &test_arena);
    CHECK(str_ends(buffer_str(&body),
                   STR(",\"meta.weir.cut_fields\":0,\"meta.weir.cut_texts\":1}}")));
    CHECK_EQ(*opened.cut_texts, before + 1);
    CHECK(body.len < 66000 + 300);
    buffer_clear(&body);
}

/* --- opening -------------------------------------------------------------------------------------
 */

static const char classic[] = "c9945edf5d245834089a1bd6cc9ad01e";

static enum code open_with(const char *key, const char *dataset, const char *url, struct why *why)
{
    static struct str urls[1];
    urls[0] = str_from(url);
    opened = (struct honeycomb){.dataset = (struct template *)(uintptr_t)dataset,
                                .key = str_from(key),
                                .endpoint = {.urls = {.count = url != NULL, .texts = urls}}};
    return honeycomb_open(&opened, NULL, why);
}

static void mistakes_are_found_when_it_is_opened(void)
{
    static const char management[] =
        "hcamk_0123456789012345678901234567890123456789012345678901234567",
                      half[] = "hcaik_01234567890123456789012345";
    static const struct {
        const char *key, *dataset, *url, *says;
    } cases[] = {
        {"", "shop", NULL, "empty"},
        {"\n", "shop", NULL, "empty"},
        {management, "shop", NULL, "management"},
        {half, "shop", NULL, "64 characters"},
        {classic, "a/b", NULL, "slash"},
        {classic, " ", NULL, "1 to 255"},
        {classic, "shop", "http://honeycomb.example", "use https"},
        {"s3c\nret", "shop", NULL, "control byte"},
    };
    struct why why;
    for (size_t i = 0; i < COUNT(cases); i++) {
        CHECK_EQ(open_with(cases[i].key, cases[i].dataset, cases[i].url, &why), BAD_CONFIG);
        CHECK(strstr(why.text, cases[i].says) != NULL);
        CHECK(!cases[i].key[0] || cases[i].key[0] == '\n' || !strstr(why.text, cases[i].key));
    }
}

static void keys_of_every_kind_open_it_and_the_region_names_the_host(void)
{
    static const char ingest[] = "hcaik_0123456789012345678901234567890123456789012345678901234567",
                      classic_ingest[] =
                          "hcaic_0123456789012345678901234567890123456789012345678901234567";
    static const char *const keys[] = {classic, ingest, classic_ingest, "abcDEF0123456789abcDEF"};
    struct why why;
    for (size_t i = 0; i < COUNT(keys); i++) {
        CHECK_OK(open_with(keys[i], "shop", NULL, &why), why);
        CHECK_TEXT(opened.endpoint.urls.texts[0], "https://api.honeycomb.io");
        CHECK(str_starts(opened.endpoint.auth_header, STR("X-Honeycomb-Team: ")));
        CHECK_TEXT(str_skip(opened.endpoint.auth_header, 18), keys[i]);
    }
    opened = (struct honeycomb){.dataset = (struct template *)(uintptr_t) "shop",
                                .key = str_from(classic),
                                .region = REGION_EU};
    CHECK_OK(honeycomb_open(&opened, NULL, &why), why);
    CHECK_TEXT(opened.endpoint.urls.texts[0], "https://api.eu1.honeycomb.io");
    CHECK_OK(open_with(classic, "shop", "http://127.0.0.1:8080/refinery/", &why), why);
    CHECK_TEXT(opened.endpoint.urls.texts[0], "http://127.0.0.1:8080/refinery");
}

/* --- markers ------------------------------------------------------------------------------------
 */

/* A start with this configuration, behind a run that left `before`; is a marker to be set? */
static bool marks_at_start(int marker, struct str before, uint64_t config_hash)
{
    struct why why;
    test_config_hash = config_hash;
    test_remembered_len = 0;
    opened = (struct honeycomb){.dataset = (struct template *)(uintptr_t) "shop",
                                .key = str_from(classic),
                                .marker = marker};
    CHECK_OK(honeycomb_open(&opened, NULL, &why), why);
    if (before.len)
        honeycomb_load(&opened, before);
    honeycomb_save(&opened, NULL);
    return opened.account.marks;
}

static void a_marker_tells_of_starts_or_of_changes(void)
{
    CHECK(!marks_at_start(MARKER_OFF, (struct str){0}, 7));
    CHECK_EQ(test_remembered_len, 0);
    CHECK(marks_at_start(MARKER_START, (struct str){0}, 7));
    CHECK_TEXT(opened.account.message, "weir " WEIR_VERSION " starts");
    CHECK_TEXT(opened.account.dataset, "shop");
    CHECK(!marks_at_start(MARKER_CHANGE, (struct str){0}, 7));
    char last[64];
    memcpy(last, test_remembered, sizeof last);
    struct str before = {last, test_remembered_len};
    CHECK(!marks_at_start(MARKER_CHANGE, before, 7));
    CHECK(marks_at_start(MARKER_CHANGE, before, 8));
    CHECK_TEXT(opened.account.message, "weir " WEIR_VERSION " starts with a changed configuration");
    CHECK(marks_at_start(MARKER_START, before, 8));
    CHECK_TEXT(opened.account.message, "weir " WEIR_VERSION " starts with a changed configuration");
    CHECK(!marks_at_start(MARKER_CHANGE, STR("another shape"), 8));
}

/* --- other projects' cases
 * ------------------------------------------------------------------------- */

static void paths_are_those_of_honeycomb_s_own_client(void)
{
    CORPUS(cases, "honeycomb/batch_url_paths.json");
    size_t index;
    json_t *one;
    json_array_foreach(cases, index, one)
    {
        struct request request = {0};
        arena_reset(&test_arena);
        honeycomb_request(NULL, corpus_str(one, "dataset"), &request, &test_arena);
        CHECK_STR(request.path, corpus_str(one, "path"));
    }
    print_message("honeycomb: %zu paths alike\n", index);
    CHECK(index > 0);
    json_decref(cases);
}

/* The answer that a case's server gives, and what its client then knows of each event. */
static size_t case_check(json_t *one)
{
    json_t *wants = json_object_get(one, "per_item"), *want;
    wants = wants ? wants : json_object_get(one, "per_event");
    const char *answer = json_string_value(json_object_get(one, "server_response"));
    if (!wants || !answer)
        return 0;
    size_t at, count = json_array_size(wants);
    CHECK_EQ(judged(200, answer, count).whole, DELIVERED);
    json_array_foreach(wants, at, want)
    {
        json_int_t status = json_integer_value(json_object_get(want, "status"));
        CHECK_EQ(items[at], status == 202 ? DELIVERED : status == 429 ? RETRY : REFUSED);
        struct str error = corpus_str(want, "error_contains");
        CHECK(str_find_str(words[at], error) != SIZE_MAX || error.len == 0);
    }
    return count;
}

static void answers_of_other_projects_are_read_alike(void)
{
    CORPUS(cases, "honeycomb/api_cases.json");
    size_t index, answers = 0, statuses = 0;
    json_t *one;
    json_array_foreach(cases, index, one)
    {
        size_t count = case_check(one);
        answers += count > 0;
        statuses += count;
    }
    print_message("honeycomb: %zu answers with %zu statuses judged alike\n", answers, statuses);
    CHECK(answers > 0);
    json_decref(cases);
}

int main(void)
{
    struct why why;
    arena_init(&test_arena, 4096, 1 << 20);
    CHECK_OK(open_with(classic, "shop", NULL, &why), why);
    const struct CMUnitTest tests[] = {
        TEST(whole_answers_follow_the_table),
        TEST(items_follow_the_table),
        TEST(an_answer_that_is_not_whole_is_not_believed),
        TEST(a_log_line_carries_time_weight_and_the_names_honeycomb_knows),
        TEST(the_end_of_an_invocation_is_its_span),
        TEST(what_the_user_named_so_stays_and_stands_once),
        TEST(what_is_cut_is_marked_and_counted),
        TEST(mistakes_are_found_when_it_is_opened),
        TEST(keys_of_every_kind_open_it_and_the_region_names_the_host),
        TEST(a_marker_tells_of_starts_or_of_changes),
        TEST(paths_are_those_of_honeycomb_s_own_client),
        TEST(answers_of_other_projects_are_read_alike)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
