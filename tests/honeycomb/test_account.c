/* tests/honeycomb/test_account.c - mirrors agent/honeycomb/account.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/honeycomb/account.c"

#include "agent/delivery/errand.h"
#include "tests/check.h"

static char said[2000];

static void say(void *context, enum finding finding, const char *text)
{
    (void)context;
    static const char *const marks[] = {"good", "doubt", "fault"};
    size_t len = strlen(said);
    snprintf(said + len, sizeof said - len, "%s %s\n", marks[finding], text);
}

static const struct account plain, marking = {.dataset = {"my shop", 7},
                                              .message = {"weir starts", 11},
                                              .wants_marks = true,
                                              .marks = true};

/* One look, answered so; what it says of it. */
static struct str looked_by(const struct account *account, int status, const char *body)
{
    struct errand_run run = {.tell = say};
    struct request request = {.method = "GET", .path = STR("/")};
    const struct reply reply = {.status = status, .body = str_from(body), .retry_after_ns = -1};
    arena_init(&run.arena, 4096, 1 << 16);
    run.errand = (struct errand){.kind = ERRAND_LOOK, .arena = &run.arena};
    said[0] = 0;
    CHECK(account_ask(account, &run.errand, &request));
    CHECK_TEXT(request.path, "/1/auth");
    CHECK_TEXT(str_from(request.method), "GET");
    account_hear(account, &run.errand, &reply);
    CHECK(!account_ask(account, &run.errand, &request));
    arena_clear(&run.arena);
    return str_from(said);
}

static struct str looked(int status, const char *body)
{
    return looked_by(&plain, status, body);
}

static void what_the_key_may_do_is_told_with_what_mends_it(void)
{
    static const struct {
        int status;
        const char *body, *want;
    } cases[] = {
        {200,
         "{\"type\":\"configuration\",\"api_key_access\":{\"events\":true,\"createDatasets\":true},"
         "\"environment\":{\"name\":\"Test\"},\"team\":{\"name\":\"Team\"}}",
         "good lets us in: team Team, environment Test\n"},
        {200,
         "{\"type\":\"configuration\",\"api_key_access\":{\"events\":true},"
         "\"environment\":{\"name\":\"\"},\"team\":{\"name\":\"Team\"}}",
         "good lets us in: team Team, classic\n"},
        {200,
         "{\"type\":\"ingest\",\"api_key_access\":{\"createDatasets\":false},"
         "\"environment\":{\"name\":\"Test\"},\"team\":{\"name\":\"Team\"}}",
         "good lets us in: team Team, environment Test\n"
         "doubt the key may not create datasets: those that `dataset` names must be there, or give "
         "it the permission \"Can create datasets\"\n"},
        {200, "{\"type\":\"configuration\",\"api_key_access\":{\"events\":false}}",
         "fault the key may not send events: give it the permission \"Send Events\"\n"},
        {401, "{\"error\":\"unknown API key - check your credentials\"}",
         "fault it refuses our key (unknown API key - check your credentials): look at `key`, and "
         "at `region` or `url`\n"},
        {404, "not found",
         "doubt it does not say what our key may do: nobody answers /1/auth there\n"},
        {200, "<html>",
         "fault answers 200, and not as Honeycomb does (HTTP 200): is `url` right?\n"},
        {405, "{\"title\":\"no\",\"detail\":\"way\"}",
         "fault answers 405, and not as Honeycomb does (no: way): is `url` right?\n"},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        CHECK_TEXT(looked(cases[i].status, cases[i].body), cases[i].want);
}

static void markers_are_a_permission_of_their_own(void)
{
    static const char may[] = "{\"type\":\"configuration\",\"api_key_access\":{\"events\":true,"
                              "\"markers\":true},\"team\":{\"name\":\"Team\"}}",
                      may_not[] = "{\"type\":\"ingest\",\"api_key_access\":{"
                                  "\"createDatasets\":true},\"team\":{\"name\":\"Team\"}}";
    CHECK_TEXT(looked_by(&marking, 200, may), "good lets us in: team Team, classic\n");
    CHECK(str_find_str(looked_by(&marking, 200, may_not),
                       STR("doubt the key may not set markers")) != SIZE_MAX);
    CHECK(str_find_str(looked(200, may_not), STR("markers")) == SIZE_MAX);
}

/* The marker that is asked for, and what is said of the answer. */
static struct str marked(const struct account *account, int status, const char *body,
                         struct request *ret)
{
    static struct arena arena;
    struct errand_run run = {.tell = say};
    const struct reply reply = {.status = status, .body = str_from(body), .retry_after_ns = -1};
    arena_clear(&arena);
    arena_init(&arena, 4096, 1 << 16);
    run.errand = (struct errand){.kind = ERRAND_PREPARE, .arena = &arena};
    said[0] = 0;
    *ret = (struct request){0};
    if (!account_ask(account, &run.errand, ret))
        return STR("nothing is asked");
    account_hear(account, &run.errand, &reply);
    CHECK(!account_ask(account, &run.errand, ret));
    return str_from(said);
}

static void a_marker_is_set_where_it_is_wanted(void)
{
    struct account everywhere = marking;
    everywhere.dataset = (struct str){0};
    struct request request;
    CHECK_TEXT(marked(&plain, 201, "{}", &request), "nothing is asked");
    CHECK_TEXT(marked(&marking, 201, "{\"id\":\"abc\"}", &request), "");
    CHECK_TEXT(request.path, "/1/markers/my%20shop");
    CHECK_TEXT(str_from(request.method), "POST");
    CHECK_TEXT(request.content_type, "application/json");
    CHECK_TEXT(request.body, "{\"type\":\"weir-config\",\"message\":\"weir starts\"}");
    CHECK_TEXT(marked(&everywhere, 401, "{\"error\":\"no\"}", &request),
               "doubt set no marker (no): the key needs the permission \"Manage Markers\"\n");
    CHECK_TEXT(request.path, "/1/markers/__all__");
}

static void keys_that_cannot_send_are_known_by_their_form(void)
{
    static const struct {
        const char *key;
        bool is_mistake;
    } cases[] = {
        {"", true},
        {"hcamk_0123456789012345678901234567890123456789012345678901234567", true},
        {"hcaik_01234567890123456789012345", true},
        {"hcaik_0123456789012345678901234567890123456789012345678901234567", false},
        {"hcbic_0123456789012345678901234567890123456789012345678901234567", false},
        {"c9945edf5d245834089a1bd6cc9ad01e", false},
        {"abcDEF0123456789abcDEF", false},
        {"hc", false},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        CHECK_EQ(account_key_mistake(str_from(cases[i].key)) != NULL, cases[i].is_mistake);
}

CHECK_MAIN(TEST(what_the_key_may_do_is_told_with_what_mends_it),
           TEST(markers_are_a_permission_of_their_own), TEST(a_marker_is_set_where_it_is_wanted),
           TEST(keys_that_cannot_send_are_known_by_their_form))
