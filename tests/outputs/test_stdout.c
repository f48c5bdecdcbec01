/* tests/outputs/test_stdout.c - mirrors outputs/stdout.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "outputs/stdout.c"

#include "tests/check.h"

static void check_line(struct stdout_output out, const struct event *event, const char *want)
{
    struct buffer body;
    struct arena scratch;
    arena_init(&scratch, 4096, 1 << 16);
    buffer_init(&body, 1 << 16);
    stdout_encode(&out, event, (struct str){0}, &body, &scratch);
    CHECK_TEXT(buffer_str(&body), want);
    buffer_clear(&body);
    arena_clear(&scratch);
}

static struct event event_of(struct field *fields, uint16_t count)
{
    struct event event = {.time_ns = INT64_C(1767323045120000000),
                          .fields = fields,
                          .count = count,
                          .room = count,
                          .severity = 17};
    for (uint16_t i = 0; i < count; i++)
        if (fields[i].slot)
            event.slots[fields[i].slot] = (uint16_t)(i + 1);
    return event;
}

#define TEXT_FIELD(name, text_, slot_)                                                             \
    {                                                                                              \
        .key = STR(name), .value = {.kind = VALUE_TEXT, .text = STR(text_)}, .slot = slot_         \
    }

static void json_is_one_object_a_line(void)
{
    struct field fields[] = {TEXT_FIELD("cart", "eve", SLOT_NONE)};
    struct event event = event_of(fields, 1);
    event.severity = 0;
    check_line((struct stdout_output){.format = FORMAT_JSON, .encoding = {.names = NAMES_OTEL}},
               &event, "{\"timestamp\":\"2026-01-02T03:04:05.120Z\",\"cart\":\"eve\"}\n");
}

static void pretty_shows_first_what_people_look_for(void)
{
    struct field fields[] = {TEXT_FIELD("user", "eve adams", SLOT_NONE),
                             TEXT_FIELD("message", "card declined", SLOT_BODY),
                             TEXT_FIELD("function", "checkout", SLOT_FAAS_NAME),
                             TEXT_FIELD("stack", "Error: x\n  at y", SLOT_EXCEPTION_STACKTRACE)};
    struct event event = event_of(fields, 4);
    event.weight = 10;
    check_line(
        (struct stdout_output){.format = FORMAT_PRETTY}, &event,
        "2026-01-02T03:04:05.120Z ERROR checkout card declined user=\"eve adams\" (stands for 10)"
        " \n    Error: x\n      at y\n");
    event.weight = 0;
    event.count = 2;
    event.slots[SLOT_FAAS_NAME] = event.slots[SLOT_EXCEPTION_STACKTRACE] = 0;
    check_line(
        (struct stdout_output){.format = FORMAT_PRETTY, .has_colours = true}, &event,
        "\x1b[2m2026-01-02T03:04:05.120Z\x1b[0m \x1b[31mERROR\x1b[0m \x1b[1mcard declined\x1b[0m "
        "\x1b[2muser=\x1b[0m\"eve adams\"\n");
}

static void logs_do_not_steer_the_terminal(void)
{
    struct field fields[] = {TEXT_FIELD("message",
                                        "a\x1b[2Jb\x07\xc2\x9b"
                                        "c\r\xc3\xa4",
                                        SLOT_BODY),
                             TEXT_FIELD("k\x1b", "\x1b]0;x", SLOT_NONE)};
    struct event event = event_of(fields, 2);
    check_line((struct stdout_output){.format = FORMAT_PRETTY}, &event,
               "2026-01-02T03:04:05.120Z ERROR a?[2Jb??c?\xc3\xa4 k?=?]0;x\n");
}

static void a_line_that_was_not_parsed_is_shown_as_it_is(void)
{
    const struct event event = {.bytes = STR("plain text")};
    check_line((struct stdout_output){.format = FORMAT_PRETTY}, &event, "plain text\n");
}

CHECK_MAIN(TEST(json_is_one_object_a_line), TEST(pretty_shows_first_what_people_look_for),
           TEST(logs_do_not_steer_the_terminal), TEST(a_line_that_was_not_parsed_is_shown_as_it_is))
