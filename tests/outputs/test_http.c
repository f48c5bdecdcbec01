/* tests/outputs/test_http.c - mirrors outputs/http.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/outputs/host.h"

#include "outputs/http.c"

#include "agent/delivery/errand.h"
#include "tests/check.h"

static uint8_t items[8];
static struct str words[8];
static uint64_t rejected;

static struct judgement judged(int encoding, int status, const char *body, size_t count)
{
    arena_reset(&test_arena);
    const struct http http = {.encoding = encoding, .rejected = &rejected};
    struct judgement judgement = {
        .whole = RETRY, .items = items, .words = words, .count = count, .arena = &test_arena};
    memset(items, RETRY, sizeof items);
    memset(words, 0, sizeof words);
    const struct reply reply = {.status = status, .body = str_from(body), .retry_after_ns = -1};
    http_judge(&http, &reply, &judgement);
    return judgement;
}

static void statuses_follow_the_table(void)
{
    static const struct {
        int status;
        enum verdict want;
    } cases[] = {
        {200, DELIVERED}, {201, DELIVERED}, {202, DELIVERED}, {204, DELIVERED}, {301, HOLD},
        {307, HOLD},      {400, REFUSED},   {401, HOLD},      {403, HOLD},      {404, HOLD},
        {405, HOLD},      {407, HOLD},      {408, RETRY},     {409, REFUSED},   {410, HOLD},
        {413, TOO_LARGE}, {415, HOLD},      {422, REFUSED},   {425, RETRY},     {429, RETRY},
        {500, RETRY},     {501, HOLD},      {502, RETRY},     {503, RETRY},     {504, RETRY},
        {505, HOLD},      {599, RETRY},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct judgement got = judged(ENCODING_LINES, cases[i].status, "<html>", 2);
        CHECK_EQ(got.whole, cases[i].want);
        CHECK_EQ(got.hold_output, cases[i].want == HOLD);
        CHECK_EQ(items[0], cases[i].want == DELIVERED ? DELIVERED : RETRY);
    }
}

static void the_far_end_s_words_are_found(void)
{
    static const char *const cases[][2] = {
        {"{\"message\":\"no such tenant\"}", "no such tenant"},
        {"{\"code\":3,\"message\":\"bad record\",\"details\":[]}", "bad record"},
        {"{\"error\":\"quota\"}", "quota"},
        {"", "HTTP 400"},
        {"<html>", "HTTP 400"},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        CHECK_TEXT(judged(ENCODING_OTLP, 400, cases[i][0], 1).whole_words, cases[i][1]);
}

static void partial_success_is_read(void)
{
    static const struct {
        const char *body;
        uint8_t want;
        uint64_t counted;
        const char *words;
    } cases[] = {
        {"{}", DELIVERED, 0, ""},
        {"", DELIVERED, 0, ""},
        {"{\"partialSuccess\":{}}", DELIVERED, 0, ""},
        {"{\"partialSuccess\":{\"errorMessage\":\"use gzip\"}}", DELIVERED, 0, "use gzip"},
        {"{\"partialSuccess\":{\"rejectedLogRecords\":\"1\",\"errorMessage\":\"too old\"}}",
         DELIVERED, 1, "too old"},
        {"{\"partialSuccess\":{\"rejectedLogRecords\":2}}", DELIVERED, 2,
         "some records were rejected, without a word"},
        {"{\"partialSuccess\":{\"rejectedLogRecords\":\"3\",\"errorMessage\":\"too old\"}}",
         REFUSED, 0, "too old"},
        {"{\"partialSuccess\":{\"rejectedLogRecords\":\"-3\"}}", DELIVERED, 0, ""},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        rejected = 0;
        struct judgement got = judged(ENCODING_OTLP, 200, cases[i].body, 3);
        CHECK_EQ(got.whole, DELIVERED);
        CHECK_EQ(items[0], cases[i].want);
        CHECK_EQ(items[2], cases[i].want);
        CHECK_EQ(rejected, cases[i].counted);
        CHECK_TEXT(got.whole_words, cases[i].words);
    }
    judged(ENCODING_ARRAY, 200, "{\"partialSuccess\":{\"rejectedLogRecords\":\"3\"}}", 3);
    CHECK_EQ(items[0], DELIVERED); /* nobody but OTLP speaks so */
}

/* --- the request
 * ----------------------------------------------------------------------------------- */

static void check_body(int encoding, const char *want)
{
    struct http http = {.encoding = encoding, .names = NAMES_OTEL};
    const struct event events[] = {{.bytes = STR("one"), .time_ns = 1000000000},
                                   {.bytes = STR("two"), .time_ns = 2000000000}};
    struct frame frame = {0};
    struct buffer body;
    buffer_init(&body, 1 << 16);
    arena_reset(&test_arena);
    http_frame(&http, STR("shop"), &frame, &test_arena);
    buffer_add(&body, frame.open);
    http_encode(&http, &events[0], STR("shop"), &body, &test_arena);
    buffer_add(&body, frame.between);
    http_encode(&http, &events[1], STR("shop"), &body, &test_arena);
    buffer_add(&body, frame.close);
    CHECK_TEXT(buffer_str(&body), want);
    buffer_clear(&body);
}

static void a_body_is_lines_an_array_or_otlp(void)
{
    check_body(ENCODING_LINES, "{\"timestamp\":\"1970-01-01T00:00:01Z\",\"body\":\"one\"}\n"
                               "{\"timestamp\":\"1970-01-01T00:00:02Z\",\"body\":\"two\"}\n");
    check_body(ENCODING_ARRAY, "[{\"timestamp\":\"1970-01-01T00:00:01Z\",\"body\":\"one\"},"
                               "{\"timestamp\":\"1970-01-01T00:00:02Z\",\"body\":\"two\"}]");
    check_body(ENCODING_OTLP,
               "{\"resourceLogs\":[{\"resource\":{\"attributes\":[{\"key\":\"service.name\","
               "\"value\":{\"stringValue\":\"shop\"}}]},\"scopeLogs\":[{\"scope\":{\"name\":"
               "\"weir\",\"version\":\"" WEIR_VERSION "\"},\"logRecords\":["
               "{\"timeUnixNano\":\"1000000000\",\"body\":{\"stringValue\":\"one\"}},"
               "{\"timeUnixNano\":\"2000000000\",\"body\":{\"stringValue\":\"two\"}}]}]}]}");
}

static void records_go_together_by_their_service(void)
{
    struct field field = {.key = STR("service.name"),
                          .slot = SLOT_SERVICE_NAME,
                          .value = {.kind = VALUE_TEXT, .text = STR("Shop")}};
    struct event event = {.fields = &field, .count = 1, .slots = {[SLOT_SERVICE_NAME] = 1}};
    const struct event bare = {0};
    struct http http = {.encoding = ENCODING_OTLP};
    struct buffer to;
    buffer_init(&to, 256);
    http_target(&http, &event, &to, &test_arena);
    CHECK_TEXT(buffer_str(&to), "Shop");
    buffer_reset(&to);
    http_target(&http, &bare, &to, &test_arena);
    CHECK_TEXT(buffer_str(&to), "unknown_service");
    buffer_reset(&to);
    http.encoding = ENCODING_LINES;
    http_target(&http, &event, &to, &test_arena);
    CHECK_EQ(to.len, 0);
    buffer_clear(&to);
}

/* --- opening -------------------------------------------------------------------------------------
 */

static struct http opened;

static enum code open_with(int encoding, const char *path, struct why *why)
{
    static struct str urls[1];
    urls[0] = STR("http://127.0.0.1:4318/");
    opened = (struct http){.encoding = encoding,
                           .path = str_from(path),
                           .endpoint = {.urls = {.count = 1, .texts = urls}}};
    return http_open(&opened, NULL, why);
}

static void paths_and_content_types_suit_the_encoding(void)
{
    static const struct {
        int encoding;
        const char *path, *want_path, *want_type;
    } cases[] = {
        {ENCODING_LINES, "", "", "application/x-ndjson"},
        {ENCODING_ARRAY, "/in?a=%20b", "/in?a=%20b", "application/json"},
        {ENCODING_OTLP, "", "/v1/logs", "application/json"},
        {ENCODING_OTLP, "/otlp/v1/logs", "/otlp/v1/logs", "application/json"},
    };
    struct why why;
    for (size_t i = 0; i < COUNT(cases); i++) {
        CHECK_OK(open_with(cases[i].encoding, cases[i].path, &why), why);
        struct request request = {0};
        opened.method = i == 1 ? METHOD_PUT : METHOD_POST;
        http_request(&opened, STR(""), &request, &test_arena);
        CHECK_TEXT(request.path, cases[i].want_path);
        CHECK_TEXT(request.content_type, cases[i].want_type);
        CHECK_TEXT(str_from(request.method), i == 1 ? "PUT" : "POST");
        CHECK_TEXT(opened.endpoint.urls.texts[0], "http://127.0.0.1:4318");
    }
    CHECK_EQ(open_with(ENCODING_LINES, "in", &why), BAD_CONFIG);
    CHECK(strstr(why.text, "begin with a slash") != NULL);
    CHECK_EQ(open_with(ENCODING_LINES, "/a b", &why), BAD_CONFIG);
    CHECK(strstr(why.text, "%20") != NULL);
    CHECK_EQ(open_with(ENCODING_LINES, "/a\r\nHost: x", &why), BAD_CONFIG);
}

/* --- check --connect ----------------------------------------------------------------------------
 */

static char said[600];

static void say(void *context, enum finding finding, const char *text)
{
    (void)context;
    snprintf(said, sizeof said, "%d %s", (int)finding, text);
}

static void an_otlp_server_is_asked_with_an_empty_request(void)
{
    static const struct {
        int status;
        const char *body, *want;
    } cases[] = {
        {200, "{}", "0 takes OTLP logs at /v1/logs"},
        {401, "{\"message\":\"no\"}",
         "2 it refuses our credentials (no): look at `bearer`, `user` and `password`, or "
         "`headers`"},
        {404, "", "2 it takes no OTLP logs at /v1/logs (HTTP 404): look at `url` and `path`"},
    };
    struct why why;
    CHECK_OK(open_with(ENCODING_OTLP, "", &why), why);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct errand_run run = {.tell = say,
                                 .errand = {.kind = ERRAND_LOOK, .arena = &test_arena}};
        struct request request = {0};
        const struct reply reply = {.status = cases[i].status, .body = str_from(cases[i].body)};
        CHECK(http_ask(&opened, &run.errand, &request));
        CHECK_TEXT(request.body, "{\"resourceLogs\":[]}");
        CHECK_TEXT(request.path, "/v1/logs");
        http_hear(&opened, &run.errand, &reply);
        CHECK_TEXT(str_from(said), cases[i].want);
        CHECK(!http_ask(&opened, &run.errand, &request));
    }
}

static void nothing_is_asked_of_others_or_before_delivery(void)
{
    struct why why;
    struct errand look = {.kind = ERRAND_LOOK}, prepare = {.kind = ERRAND_PREPARE};
    struct request request = {0};
    CHECK_OK(open_with(ENCODING_OTLP, "", &why), why);
    CHECK(!http_ask(&opened, &prepare, &request));
    CHECK_OK(open_with(ENCODING_LINES, "", &why), why);
    CHECK(!http_ask(&opened, &look, &request));
}

int main(void)
{
    arena_init(&test_arena, 4096, 1 << 20);
    const struct CMUnitTest tests[] = {TEST(statuses_follow_the_table),
                                       TEST(the_far_end_s_words_are_found),
                                       TEST(partial_success_is_read),
                                       TEST(a_body_is_lines_an_array_or_otlp),
                                       TEST(records_go_together_by_their_service),
                                       TEST(paths_and_content_types_suit_the_encoding),
                                       TEST(an_otlp_server_is_asked_with_an_empty_request),
                                       TEST(nothing_is_asked_of_others_or_before_delivery)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
