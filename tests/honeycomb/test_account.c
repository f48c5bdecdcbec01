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

/* One look, answered so; what it says of it. */
static struct str looked(int status, const char *body)
{
    struct errand_run run = {.tell = say};
    struct request request = {.method = "GET", .path = STR("/")};
    const struct reply reply = {.status = status, .body = str_from(body), .retry_after_ns = -1};
    arena_init(&run.arena, 4096, 1 << 16);
    run.errand = (struct errand){.kind = ERRAND_LOOK, .arena = &run.arena};
    said[0] = 0;
    CHECK(account_ask(&run.errand, &request));
    CHECK_TEXT(request.path, "/1/auth");
    CHECK_TEXT(str_from(request.method), "GET");
    account_hear(&run.errand, &reply);
    CHECK(!account_ask(&run.errand, &request));
    arena_clear(&run.arena);
    return str_from(said);
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

static void before_delivery_nothing_is_asked(void)
{
    struct errand errand = {.kind = ERRAND_PREPARE};
    struct request request = {0};
    CHECK(!account_ask(&errand, &request));
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
           TEST(before_delivery_nothing_is_asked),
           TEST(keys_that_cannot_send_are_known_by_their_form))
