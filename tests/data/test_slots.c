/* tests/data/test_slots.c - mirrors agent/data/slots.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/data/slots.c"

#include <stdio.h>
#include <string.h>

#include "tests/check.h"

static struct event event;

static enum slot claimed(enum slot slot, const char *key, enum value_kind kind, const char *text)
{
    struct field field = {.key = str_from(key), .value = {kind, .text = str_from(text)}};
    event = (struct event){.time_ns = 0};
    return slot_claim(&event, slot, &field, NULL);
}

static enum slot text_claimed(enum slot slot, const char *text)
{
    return claimed(slot, "key", VALUE_STRING, text);
}

static void a_time_is_stored_in_the_event_whatever_it_is_made_of(void)
{
    CHECK_EQ(text_claimed(SLOT_TIME, "2023-11-14T22:13:20Z"), SLOT_TIME);
    CHECK_EQ(event.time_ns, 1700000000000000000);
    CHECK(event.flags & EVENT_TIME_OWN);
    CHECK_EQ(claimed(SLOT_TIME, "ts", VALUE_NUMBER, "1700000000.5"), SLOT_TIME);
    CHECK_EQ(event.time_ns, 1700000000500000000);
    CHECK_EQ(claimed(SLOT_TIME, "instant", VALUE_OBJECT,
                     "{\"epochSecond\":1700000000,\"nanoOfSecond\":7}"),
             SLOT_TIME);
    CHECK_EQ(event.time_ns, 1700000000000000007);
    static const char *const bad[] = {"{}", "{\"nanos\":1}", "{\"seconds\":9223372036854775807}",
                                      "{\"seconds\":1,\"nanos\":\"x\"}"};
    for (size_t i = 0; i < COUNT(bad); i++)
        CHECK_EQ(claimed(SLOT_TIME, "time", VALUE_OBJECT, bad[i]), SLOT_NONE);
    CHECK_EQ(text_claimed(SLOT_TIME, "yesterday"), SLOT_NONE);
    CHECK_EQ(claimed(SLOT_TIME, "time", VALUE_NUMBER, "12"), SLOT_NONE);
    CHECK(event.time_ns == 0 && !(event.flags & EVENT_TIME_OWN));
}

static void a_severity_is_stored_and_its_word_wins_over_its_number(void)
{
    struct field field = {.key = STR("severity_number"),
                          .value = {VALUE_NUMBER, .text = STR("17")}};
    CHECK_EQ(text_claimed(SLOT_SEVERITY_TEXT, "WARN"), SLOT_SEVERITY_TEXT);
    CHECK_EQ(event.severity, SEVERITY_WARN);
    CHECK_EQ(slot_claim(&event, SLOT_SEVERITY_NUMBER, &field, NULL), SLOT_SEVERITY_NUMBER);
    CHECK_EQ(event.severity, SEVERITY_WARN);
    CHECK_EQ(claimed(SLOT_SEVERITY_NUMBER, "n", VALUE_NUMBER, "24"), SLOT_SEVERITY_NUMBER);
    CHECK_EQ(event.severity, SEVERITY_MAX);
    CHECK_EQ(claimed(SLOT_SEVERITY_NUMBER, "n", VALUE_NUMBER, "25"), SLOT_NONE);
    CHECK_EQ(claimed(SLOT_SEVERITY_NUMBER, "n", VALUE_NUMBER, "0"), SLOT_NONE);
    CHECK_EQ(claimed(SLOT_SEVERITY_TEXT, "level", VALUE_NUMBER, "30"), SLOT_SEVERITY_TEXT);
    CHECK_EQ(event.severity, SEVERITY_INFO);
    CHECK_EQ(text_claimed(SLOT_SEVERITY_TEXT, "gold"), SLOT_NONE);
    CHECK_EQ(event.severity, SEVERITY_NONE);
}

static void keys_of_two_meanings_take_the_one_their_value_has(void)
{
    CHECK_EQ(text_claimed(SLOT_ERROR, "true"), SLOT_ERROR);
    CHECK_EQ(text_claimed(SLOT_ERROR, "failure"), SLOT_ERROR);
    CHECK_EQ(claimed(SLOT_ERROR, "error", VALUE_STRING, "connection refused"),
             SLOT_EXCEPTION_MESSAGE);
    CHECK_EQ(claimed(SLOT_ERROR, "event.outcome", VALUE_STRING, "denied"), SLOT_NONE);
    CHECK_EQ(text_claimed(SLOT_ERROR, "<nil>"), SLOT_NONE);
    CHECK_EQ(claimed(SLOT_ERROR, "error", VALUE_OBJECT, "{}"), SLOT_NONE);
    CHECK_EQ(claimed(SLOT_EXCEPTION_STACKTRACE, "exception", VALUE_STRING, "one line"),
             SLOT_EXCEPTION_MESSAGE);
    CHECK_EQ(claimed(SLOT_EXCEPTION_STACKTRACE, "stack", VALUE_STRING, "prod"), SLOT_NONE);
    CHECK_EQ(claimed(SLOT_EXCEPTION_STACKTRACE, "stack", VALUE_ESCAPED, "a\\nb"),
             SLOT_EXCEPTION_STACKTRACE);
    CHECK_EQ(claimed(SLOT_EXCEPTION_STACKTRACE, "stack", VALUE_ARRAY, "[]"), SLOT_NONE);
    CHECK_EQ(claimed(SLOT_BODY, "message", VALUE_OBJECT, "{}"), SLOT_BODY);
    CHECK_EQ(claimed(SLOT_BODY, "event", VALUE_OBJECT, "{}"), SLOT_NONE);
    CHECK_EQ(claimed(SLOT_BODY, "message", VALUE_NULL, ""), SLOT_NONE);
}

static void a_value_that_does_not_look_the_part_stays_a_field(void)
{
    static const struct look {
        enum slot slot;
        const char *good, *bad;
    } looks[] = {
        {SLOT_HTTP_METHOD, "GET", "get"},
        {SLOT_HTTP_METHOD, "PROPFIND", "OK"},
        {SLOT_HTTP_STATUS, "100", "99"},
        {SLOT_HTTP_STATUS, "599", "600"},
        {SLOT_URL_PATH, "/a", "/a?b=c"},
        {SLOT_URL_FULL, "http://a", "a/b"},
        {SLOT_CLIENT_ADDRESS, "10.0.0.1", "cafe"},
        {SLOT_CLIENT_ADDRESS, "::1", "localhost.example"},
        {SLOT_LOG_IOSTREAM, "stderr", "orders"},
        {SLOT_TRACE_ID, "00000000000000000000000000000001", "00000000000000000000000000000000"},
        {SLOT_TRACE_ID, "unknown", "undefined"},
        {SLOT_SPAN_ID, "n1", "null"},
        {SLOT_SPAN_ID, "a", "-"},
        {SLOT_EXCEPTION_TYPE, "E", "None"},
        {SLOT_DURATION, "0", "-1"},
        {SLOT_DURATION, "1e3", "fast"},
        {SLOT_HTTP_REQUEST_SIZE, "0", "1.5"},
        {SLOT_FAAS_COLDSTART, "false", "no"},
        {SLOT_SERVICE_NAME, "x", ""},
    };
    for (size_t i = 0; i < COUNT(looks); i++) {
        CHECK_EQ(text_claimed(looks[i].slot, looks[i].good), looks[i].slot);
        CHECK_EQ(text_claimed(looks[i].slot, looks[i].bad), SLOT_NONE);
    }
    CHECK_EQ(claimed(SLOT_DURATION, "duration_ms", VALUE_NUMBER, "-0.5"), SLOT_NONE);
    CHECK_EQ(claimed(SLOT_CLIENT_ADDRESS, "client.address", VALUE_STRING, "localhost"),
             SLOT_CLIENT_ADDRESS);
}

static void a_slot_that_is_given_again_frees_the_field_before(void)
{
    struct field fields[2] = {{.key = STR("level")}, {.key = STR("severity")}};
    struct event given = {.fields = fields, .count = 2, .bytes = STR("line")};
    CHECK(event_is_bare(&given));
    slot_give(&given, SLOT_BODY, 0);
    CHECK(!event_is_bare(&given));
    slot_give(&given, SLOT_BODY, 1);
    CHECK_EQ(fields[0].slot, SLOT_NONE);
    CHECK_EQ(fields[1].slot, SLOT_BODY);
    CHECK(event_slot(&given, SLOT_BODY) == &fields[1]);
}

/* What is taken without asking is what asking gives, and asking would have learned nothing else. */
static void what_is_taken_at_once_is_what_a_claim_gives(void)
{
    static const char *const texts[] = {"",     "-",    "0",    "000",  "0a",        "-1",
                                        "none", "null", "nil",  "u",    "undefined", "x",
                                        "INFO", "200",  "true", "/a?b", "GET",       "1.2.3.4"};
    unsigned taken = 0;
    for (unsigned slot = 1; slot < SLOT_COUNT; slot++) {
        uint8_t taking = slot_taking((enum slot)slot);
        CHECK(taking != TAKES_NOTHING);
        for (size_t i = 0; i < COUNT(texts); i++) {
            struct event asked = {.count = 0}, same = {.count = 0};
            char quoted[16];
            snprintf(quoted, sizeof quoted, "%s\"", texts[i]); /* as it stands in a line */
            struct value value = {.kind = VALUE_STRING, .text = {quoted, strlen(texts[i])}};
            struct field field = {.key = str_from(slot_name((enum slot)slot)), .value = value};
            if (!slot_takes(taking, &value))
                continue;
            taken++;
            CHECK_EQ(slot_claim(&asked, (enum slot)slot, &field, NULL), slot);
            CHECK(memcmp(&asked, &same, sizeof asked) == 0);
            for (int kind = VALUE_MISSING; kind <= VALUE_ARRAY; kind++) {
                value.kind = (enum value_kind)kind;
                CHECK(kind == VALUE_STRING || !slot_takes(taking, &value));
            }
        }
    }
    CHECK(taken > 100);
    CHECK_EQ(slot_taking(SLOT_NONE), TAKES_NOTHING);
}

CHECK_MAIN(TEST(what_is_taken_at_once_is_what_a_claim_gives),
           TEST(a_time_is_stored_in_the_event_whatever_it_is_made_of),
           TEST(a_severity_is_stored_and_its_word_wins_over_its_number),
           TEST(keys_of_two_meanings_take_the_one_their_value_has),
           TEST(a_value_that_does_not_look_the_part_stays_a_field),
           TEST(a_slot_that_is_given_again_frees_the_field_before))
