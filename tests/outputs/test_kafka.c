/* tests/outputs/test_kafka.c - mirrors outputs/kafka.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/outputs/host.h"

#include "outputs/kafka.c"

#include "tests/check.h"

static struct arena arena;

static struct kafka kafka_of(const char *topic)
{
    static struct str broker;
    broker = STR("k-1:9092");
    return (struct kafka){.cluster.brokers = {.count = 1, .texts = &broker},
                          .topic = (struct template *)(uintptr_t)topic,
                          .names = NAMES_OTEL,
                          .compress = COMPRESSION_ZSTD,
                          .buffer_bytes = 8 << 20};
}

static void settings_become_those_of_the_library(void)
{
    struct kafka kafka = kafka_of("logs");
    struct why why;
    arena_init(&test_arena, 4096, 1 << 16);
    CHECK_OK(kafka_open(&kafka, NULL, &why), why);
    const struct broker_plan *plan = kafka_broker(&kafka);
    CHECK_EQ(plan->count, 3);
    CHECK_TEXT(plan->settings[1].name, "compression.codec");
    CHECK_TEXT(plan->settings[1].value, "zstd");
    CHECK_TEXT(plan->settings[2].name, "queue.buffering.max.kbytes");
    CHECK_TEXT(plan->settings[2].value, "8192");
    arena_clear(&test_arena);
}

static void what_can_be_no_topic_stops_the_start(void)
{
    static const struct {
        const char *topic;
        bool is_fine;
    } cases[] = {
        {"logs-Shop_1.x", true}, {"", false}, {"..", false}, {"a/b", false}, {"a b", false}};
    arena_init(&test_arena, 4096, 1 << 16);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct kafka kafka = kafka_of(cases[i].topic);
        struct why why;
        CHECK_EQ(kafka_open(&kafka, NULL, &why), cases[i].is_fine ? OK : BAD_CONFIG);
        CHECK(cases[i].is_fine || strstr(why.text, "pipeline.conf:3:1: `topic` would give"));
    }
    arena_clear(&test_arena);
}

static struct event event_with(struct field *fields, const char *trace, const char *span,
                               const char *invocation)
{
    const struct {
        enum slot slot;
        const char *text;
    } wanted[] = {
        {SLOT_TRACE_ID, trace}, {SLOT_SPAN_ID, span}, {SLOT_FAAS_INVOCATION_ID, invocation}};
    struct event event = {.fields = fields, .time_ns = INT64_C(1767323045000000000)};
    for (size_t i = 0; i < COUNT(wanted); i++) {
        if (!wanted[i].text)
            continue;
        fields[event.count] =
            (struct field){.key = str_from(slot_name(wanted[i].slot)),
                           .slot = (uint8_t)wanted[i].slot,
                           .value = {.kind = VALUE_STRING, .text = str_from(wanted[i].text)}};
        event.slots[wanted[i].slot] = ++event.count;
    }
    event.room = event.count;
    return event;
}

static void the_key_is_the_trace_else_the_invocation(void)
{
    static const struct {
        const char *trace, *invocation, *key;
    } cases[] = {{"t-1", "i-1", "t-1"}, {NULL, "i-1", "i-1"}, {NULL, NULL, NULL}};
    struct kafka kafka = kafka_of("logs");
    arena_init(&arena, 4096, 1 << 16);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct field fields[3];
        struct event event = event_with(fields, cases[i].trace, NULL, cases[i].invocation);
        struct broker_message message = {0};
        kafka_address(&kafka, &event, &message, &arena);
        CHECK(cases[i].key ? str_equal(message.key, str_from(cases[i].key))
                           : message.key.at == NULL);
    }
    arena_clear(&arena);
}

static const char *header_of(const struct broker_message *message, const char *name)
{
    static char text[128];
    for (size_t i = 0; i < message->header_count; i++)
        if (!strcmp(message->headers[i].name, name))
            return str_z(message->headers[i].value, text, sizeof text);
    return NULL;
}

static void headers_carry_what_a_second_agent_needs(void)
{
    struct kafka kafka = kafka_of("logs");
    struct field fields[3];
    struct event event =
        event_with(fields, "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331", NULL);
    struct broker_message message = {0};
    arena_init(&arena, 4096, 1 << 16);
    event.id = STR("a-f1-0");
    kafka_address(&kafka, &event, &message, &arena);
    CHECK_TEXT(str_from(header_of(&message, "weir-event-id")), "a-f1-0");
    CHECK(header_of(&message, "weir-weight") == NULL); /* no sampler: it stands for itself */
    CHECK_TEXT(str_from(header_of(&message, "traceparent")),
               "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
    message = (struct broker_message){0};
    event = event_with(fields, "t-1", "b7ad6b7169203331", NULL);
    event.weight = 20;
    event.hops = 2;
    kafka_address(&kafka, &event, &message, &arena);
    CHECK_TEXT(str_from(header_of(&message, "weir-weight")), "20");
    CHECK_TEXT(str_from(header_of(&message, "weir-hops")), "2");
    CHECK(header_of(&message, "traceparent") == NULL); /* not the shape of W3C */
    arena_clear(&arena);
}

static void a_record_is_the_event_as_json(void)
{
    struct kafka kafka = kafka_of("logs");
    struct field fields[3];
    struct event event = event_with(fields, "t-1", NULL, NULL);
    struct buffer body;
    struct why why;
    arena_init(&test_arena, 4096, 1 << 16);
    arena_init(&arena, 4096, 1 << 16);
    buffer_init(&body, 4096);
    CHECK_OK(kafka_open(&kafka, NULL, &why), why);
    kafka_encode(&kafka, &event, STR("logs"), &body, &arena);
    CHECK_TEXT(buffer_str(&body), "{\"timestamp\":\"2026-01-02T03:04:05Z\",\"trace_id\":\"t-1\"}");
    buffer_clear(&body);
    arena_clear(&arena);
    arena_clear(&test_arena);
}

CHECK_MAIN(TEST(settings_become_those_of_the_library), TEST(what_can_be_no_topic_stops_the_start),
           TEST(the_key_is_the_trace_else_the_invocation),
           TEST(headers_carry_what_a_second_agent_needs), TEST(a_record_is_the_event_as_json))
