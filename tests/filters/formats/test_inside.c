/* tests/filters/formats/test_inside.c - mirrors filters/formats/inside.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "filters/formats/inside.c"

#include "tests/filters/formats/lines.h"

static void check_lifted(const char *line, const char *want)
{
    struct host host;
    struct reader reader;
    host_init(&host);
    reader_init(&reader, &host);
    struct event event = {.bytes = host_line(&host, str_from(line))};
    reader.event = &event;
    CHECK_EQ(format_json.read(&reader, event.bytes), FORMAT_READ);
    reader_message(&reader);
    struct buffer buffer;
    buffer_init(&buffer, 4096);
    encode_event(&buffer, &event, &(struct encoding){.names = NAMES_AS_IS}, &host.batch);
    CHECK_TEXT(buffer_str(&buffer), want);
    buffer_clear(&buffer);
    host_clear(&host);
}

static void members_are_lifted_and_no_key_stands_twice(void)
{
    check_lifted("{\"level\":\"info\",\"n\":1,\"message\":{\"level\":\"error\",\"n\":2,\"message\":"
                 "\"inner\"}}",
                 "{\"level\":\"error\",\"n\":2,\"message\":\"inner\"}");
}

static void without_a_message_of_its_own_the_text_stays(void)
{
    check_lifted("{\"message\":\"{\\\"n\\\":2}\"}", "{\"message\":\"{\\\"n\\\":2}\",\"n\":2}");
}

static void what_is_no_object_stays_as_it_is(void)
{
    check_lifted("{\"message\":\"{ n: 2 }\"}", "{\"message\":\"{ n: 2 }\"}");
    check_lifted("{\"message\":[1]}", "{\"message\":[1]}");
    check_lifted("{\"n\":1}", "{\"n\":1}");
}

CHECK_MAIN(TEST(members_are_lifted_and_no_key_stands_twice),
           TEST(without_a_message_of_its_own_the_text_stays),
           TEST(what_is_no_object_stays_as_it_is))
