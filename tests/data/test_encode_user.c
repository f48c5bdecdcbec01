/* tests/data/test_encode_user.c - mirrors agent/data/encode_user.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/data/encode_user.c"

#include "tests/data/fixture.h"

static void fields_in_the_way_go_under_labels(void)
{
    static const struct {
        const char *line, *want;
    } cases[] = {
        {"{\"host\":\"web\"}", "{\"labels.host\":\"web\"}"},
        {"{\"host\":\"web\",\"labels.host\":1}", "{\"labels.host_2\":\"web\",\"labels.host\":1}"},
        {"{\"host\":\"web\",\"labels\":{\"host\":1}}",
         "{\"labels.host_2\":\"web\",\"labels\":{\"host\":1}}"},
        {"{\"labels\":3}", "{\"labels.labels\":3}"},
        {"{\"user\":[1]}", "{\"labels.user\":[1]}"},
        {"{\"user\":[{\"id\":1}]}", "{\"user\":[{\"id\":1}]}"},
        {"{\"user\":null}", "{\"user\":null}"},
        {"{\"us\\u0065r\":1}", "{\"labels.user\":1}"},
        {"{\"event.outcome\":{\"a\":1}}", "{\"labels.event_outcome\":\"{\\\"a\\\":1}\"}"},
        {"{\"a.b\":1,\"a\":{\"b\":2}}", "{\"labels.a_b\":1,\"a\":{\"b\":2}}"},
        {"{\"span.id\":{}}", "{\"span.id\":\"{}\"}"},
        {"{\"http\":{\"response\":\"x\"},\"http_status\":200}",
         "{\"http\":{\"response\":\"x\"},\"labels.http_status\":200,\"event.outcome\":"
         "\"success\"}"},
        {"{\"a\":1,\"a.b\":2}", "{\"a\":1,\"labels.a_b\":2}"},
        {"{\"a.b\":2,\"a\":1}", "{\"labels.a_b\":2,\"a\":1}"},
        {"{\"a\":null,\"a.b\":2}", "{\"a\":null,\"a.b\":2}"},
        {"{\"message.timestamp\":2}", "{\"labels.message_timestamp\":2}"},
        {"{\"http\":5,\"http.x\":1}", "{\"labels.http\":5,\"http.x\":1}"},
        {"{\"host\":1,\"user\":2,\"a\":3,\"a.b_c\":4,\"a.b.c\":5}",
         "{\"labels.host\":1,\"labels.user\":2,\"a\":3,\"labels.a_b_c\":4,\"labels.a_b_c_2\":5}"},
        {"{\"a\":{\"b\":1},\"a.b.c\":2}", "{\"a\":{\"b\":1},\"labels.a_b_c\":2}"},
        {"{\"a\":{\"b\":{}},\"a.b.c\":2}", "{\"a\":{\"b\":{}},\"a.b.c\":2}"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct event event = scanned(cases[i].line);
        CHECK_TEXT(encoded(&event, NAMES_ECS), cases[i].want);
    }
}

static void the_judgement_keeps_out_of_an_objects_name(void)
{
    static const struct {
        const char *line, *want;
    } cases[] = {
        {"{\"level\":\"error\",\"error.type\":\"t\"}",
         "{\"severity_text\":\"error\",\"error.type\":\"t\",\"severity_number\":17,"
         "\"event.outcome\":\"failure\"}"},
        {"{\"error\":{\"code\":5}}", "{\"error\":{\"code\":5}}"},
        {"{\"error\":true}", "{\"event.outcome\":\"failure\"}"},
        {"{\"error\":5}", "{\"labels.error\":5}"},
        {"{\"event.outcome\":\"denied\"}", "{\"labels.event_outcome\":\"denied\"}"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct event event = scanned(cases[i].line);
        struct encoding encoding = {.names = NAMES_OTEL, .objects = true};
        CHECK_TEXT(encoded_with(&event, encoding), cases[i].want);
    }
}

static void a_label_that_finds_no_memory_makes_the_buffer_full(void)
{
    struct event event = scanned("{\"host\":\"web\"}");
    struct arena none;
    arena_init(&none, 64, 64);
    CHECK(arena_take(&none, 40));
    buffer_reset(&fix.out);
    encode_event(&fix.out, &event, &(struct encoding){.names = NAMES_ECS}, &none);
    CHECK(fix.out.full);
    arena_clear(&none);
}

CHECK_MAIN(TEST(fields_in_the_way_go_under_labels),
           TEST(the_judgement_keeps_out_of_an_objects_name),
           TEST(a_label_that_finds_no_memory_makes_the_buffer_full))
