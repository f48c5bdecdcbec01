/* tests/services/test_elasticsearch_standin.c - output, delivery and libcurl against the stand-in
 * on loopback. SPDX-License-Identifier: Apache-2.0
 *
 * Real sockets and a real clock; a thousand events each time, whatever the far end does.
 */
#include "tests/outputs/host.h"

#include "outputs/elasticsearch.c"

#include <jansson.h>
#include <stdlib.h>

#include "agent/delivery/delivery.h"
#include "agent/ports/clock.h"
#include "tests/services/standin.h"

enum { EVENTS = 1000, PATIENCE_S = 60 };

struct outcomes {
    uint32_t made, settled, delivered, dead;
    char words[300];
};

static struct elasticsearch es;
static struct standin standin;
static const struct exchanges *exchanges;

static void settled_read(struct delivery *delivery, struct outcomes *outcomes)
{
    struct payload *payload;
    while ((payload = delivery_take_settled(delivery)) != NULL) {
        for (uint32_t i = 0; i < payload->count; i++) {
            const struct parcel *parcel = &payload->parcels[i];
            outcomes->settled += parcel->outcome != OUTCOME_MOVED;
            outcomes->delivered += parcel->outcome == OUTCOME_DELIVERED;
            outcomes->dead += parcel->outcome == OUTCOME_DEAD_LETTERED;
            if (parcel->words)
                snprintf(outcomes->words, sizeof outcomes->words, "%s", parcel->words);
        }
        delivery_give_back(delivery, payload);
    }
}

static void events_put(struct outbox *outbox, struct outcomes *outcomes)
{
    struct arena scratch;
    arena_init(&scratch, 4096, 1 << 20);
    for (uint32_t i = 0; i < EVENTS; i++) {
        char id[16], text[64];
        snprintf(id, sizeof id, "e%u", i);
        snprintf(text, sizeof text, i == 500 ? "poison %u" : "line %u \xff \"quoted\"", i);
        struct field field = {.key = STR("note"),
                              .value = {.kind = VALUE_TEXT, .text = str_from(text)}};
        struct origin origin = {.seq = i};
        const struct event event = {.bytes = str_from(text),
                                    .time_ns = INT64_C(1767323045000000000) + i,
                                    .origin = &origin,
                                    .fields = &field,
                                    .count = 1,
                                    .room = 1,
                                    .id = str_from(id)};
        CHECK(outbox_take(outbox, &event, 0, false, &scratch));
        outcomes->made++;
    }
    outbox_flush(outbox);
    arena_clear(&scratch);
}

static void es_open(enum compress compress)
{
    static struct str urls[1];
    struct why why;
    urls[0] = str_from(standin.url);
    es = (struct elasticsearch){.index = (struct template *)(uintptr_t) "logs-app-prod",
                                .names = NAMES_ECS,
                                .doc_count = true,
                                .endpoint = {.urls = {.count = 1, .texts = urls},
                                             .verify = true,
                                             .compress = (int)compress,
                                             .timeout_ns = INT64_C(1000000000),
                                             .batch_bytes = 5000000,
                                             .batch_events = 250,
                                             .flush_ns = INT64_C(1000000000),
                                             .in_flight = 4,
                                             .refused_hold = 1}};
    CHECK_OK(elasticsearch_open(&es, NULL, &why), why);
}

static struct outcomes deliver(enum compress compress)
{
    es_open(compress);
    struct why why;
    struct outbox *outbox;
    struct outcomes outcomes = {0};
    const struct clock *clock = clock_posix();
    const struct delivery_output output = {.output = &output_elasticsearch,
                                           .self = &es,
                                           .label = STR("elasticsearch \"elk\""),
                                           .memory_bytes = 16 << 20};
    struct delivery *delivery = delivery_make(exchanges, clock);
    CHECK_OK(delivery_add(delivery, &output, &outbox, &why), why);
    events_put(outbox, &outcomes);
    int64_t deadline = clock->mono_ns(clock->self) + PATIENCE_S * INT64_C(1000000000);
    while (outcomes.settled < outcomes.made && clock->mono_ns(clock->self) < deadline) {
        outbox_flush(outbox); /* what did not fit into the mailbox before */
        CHECK(delivery_step(delivery, INT64_C(100000000)));
        settled_read(delivery, &outcomes);
    }
    delivery_free(delivery);
    return outcomes;
}

static size_t documents_there(void)
{
    static char text[4 << 20];
    standin_ask(&standin, exchanges, "/_standin/report", NULL, text, sizeof text);
    json_t *report = json_loads(text, 0, NULL);
    CHECK(report != NULL);
    json_t *violations = json_object_get(report, "violations");
    if (json_array_size(violations))
        print_error("%s\n", json_string_value(json_array_get(violations, 0)));
    CHECK_EQ(json_array_size(violations), 0);
    size_t count =
        json_object_size(json_object_get(json_object_get(report, "documents"), "logs-app-prod"));
    json_decref(report);
    return count;
}

static void check_under(const char *behaviour, enum compress compress, uint32_t dead)
{
    struct why why;
    exchanges = exchanges_curl(&why);
    if (!standin_start(&standin, NULL, NULL))
        SKIP_TEST("python3 is not here");
    if (behaviour)
        standin_behave(&standin, exchanges, behaviour);
    struct outcomes outcomes = deliver(compress);
    if (outcomes.settled != EVENTS)
        print_error("%s: %u settled\n", behaviour, outcomes.settled);
    CHECK_EQ(outcomes.settled, EVENTS);
    CHECK_EQ(outcomes.dead, dead);
    CHECK_EQ(outcomes.delivered, EVENTS - dead);
    CHECK_EQ(documents_there(), EVENTS - dead);
    if (dead)
        CHECK(strstr(outcomes.words, "document_parsing_exception: [1:20] failed to parse") != NULL);
    standin_stop(&standin);
    exchanges->close(exchanges->self);
}

static void each_event_arrives_once_plain_and_compressed(void)
{
    check_under(NULL, COMPRESS_NONE, 0);
    check_under(NULL, COMPRESS_GZIP, 0);
}

static void errors_and_overload_heal(void)
{
    check_under("{\"mode\":\"status\",\"status\":500,\"count\":2}", COMPRESS_NONE, 0);
    check_under("{\"mode\":\"status\",\"status\":429,\"retry_after\":1,\"count\":1}", COMPRESS_NONE,
                0);
    check_under("{\"mode\":\"busy_items\",\"count\":2}", COMPRESS_NONE, 0);
}

static void what_is_too_large_is_split(void)
{
    check_under("{\"mode\":\"too_large\",\"bytes\":20000}", COMPRESS_NONE, 0);
}

static void lying_answers_lose_nothing(void)
{
    check_under("{\"mode\":\"truncated\",\"count\":1}", COMPRESS_NONE, 0);
    check_under("{\"mode\":\"cut_json\",\"count\":2}", COMPRESS_NONE, 0);
    check_under("{\"mode\":\"not_json\",\"count\":2}", COMPRESS_NONE, 0);
    check_under("{\"mode\":\"wrong_count\",\"count\":2}", COMPRESS_NONE, 0);
}

static void missing_answers_lose_nothing(void)
{
    check_under("{\"mode\":\"reset\",\"count\":2}", COMPRESS_NONE, 0);
    check_under("{\"mode\":\"reset_after\",\"count\":2}", COMPRESS_NONE, 0);
    check_under("{\"mode\":\"silent\",\"count\":1}", COMPRESS_NONE, 0);
}

static void one_poison_is_the_only_dead_letter(void)
{
    check_under("{\"mode\":\"poison\",\"text\":\"poison\"}", COMPRESS_NONE, 1);
}

static void what_an_operator_mends_goes_on_by_itself(void)
{
    check_under("{\"mode\":\"refuse_all\",\"count\":4}", COMPRESS_NONE, 0);
    check_under("{\"mode\":\"status\",\"status\":401,\"type\":\"security_exception\",\"count\":4}",
                COMPRESS_NONE, 0);
}

int main(void)
{
    arena_init(&test_arena, 4096, 1 << 20);
    const struct CMUnitTest tests[] = {TEST(each_event_arrives_once_plain_and_compressed),
                                       TEST(errors_and_overload_heal),
                                       TEST(what_is_too_large_is_split),
                                       TEST(lying_answers_lose_nothing),
                                       TEST(missing_answers_lose_nothing),
                                       TEST(one_poison_is_the_only_dead_letter),
                                       TEST(what_an_operator_mends_goes_on_by_itself)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
