/* tests/inputs/test_kafka.c - mirrors inputs/kafka.c, over a simulated cluster.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "inputs/kafka.c"

#include <stdlib.h>

#include "agent/delivery/errand.h"
#include "tests/group/peer.h"

struct rig {
    struct sim_clock clock;
    struct sim_cluster cluster;
    struct peer peer;
    struct kafka kafka;
    struct arena batch_arena;
    struct batch batch;
    int64_t mono_ns;
};

static struct rig *rig_make(uint64_t seed)
{
    static struct str broker, topic;
    struct rig *rig = calloc(1, sizeof *rig);
    struct why why;
    broker = STR("k-1:9092");
    topic = STR("t");
    sim_clock_init(&rig->clock, seed);
    sim_cluster_init(&rig->cluster, &rig->clock, seed);
    (void)sim_topic(&rig->cluster, "t");
    peer_init(&rig->peer, &rig->cluster, seed);
    arena_init(&rig->batch_arena, 1 << 16, 8 << 20);
    rig->kafka = (struct kafka){.cluster.brokers = {.count = 1, .texts = &broker},
                                .topics = {.count = 1, .texts = &topic},
                                .group = STR("g"),
                                .line_max_bytes = 1000,
                                .prefetch_bytes = 3 << 20,
                                .handover_ns = 1000 * MS};
    CHECK_OK(kafka_check(&rig->kafka, &rig->peer.host, &why), why);
    CHECK_OK(kafka_open(&rig->kafka, &rig->peer.host, &why), why);
    return rig;
}

static void rig_free(struct rig *rig)
{
    kafka_close(&rig->kafka);
    peer_clear(&rig->peer);
    arena_clear(&rig->batch_arena);
    sim_cluster_clear(&rig->cluster);
    free(rig);
}

/* As the lane does: the next batch of whatever is ready. False: nothing was. */
static bool rig_read(struct rig *rig)
{
    rig->mono_ns += 600 * MS;
    (void)kafka_watch(&rig->kafka, &rig->peer.host, rig->mono_ns, true);
    struct source *source = state_first_ready(rig->peer.fixture.state);
    if (!source)
        return false;
    arena_reset(&rig->batch_arena);
    rig->batch = (struct batch){.arena = &rig->batch_arena, .source = source};
    if (kafka_read(&rig->kafka, source, &rig->batch, true) != READ_SOME)
        source_ready(source, false);
    source_count(source, &rig->batch);
    source_advance(source, rig->batch.offset + rig->batch.bytes);
    return true;
}

static void store(struct rig *rig, const char *value, const struct broker_header *headers,
                  size_t count)
{
    const struct broker_message message = {.topic = "t",
                                           .key = STR("one partition"),
                                           .value = str_from(value),
                                           .headers = headers,
                                           .header_count = count,
                                           .time_ms = 1767323045000};
    sim_store(&rig->cluster, &message);
}

static void an_event_keeps_the_id_weight_and_hops_of_its_headers(void)
{
    struct rig *rig = rig_make(1);
    const struct broker_header headers[] = {{HEADER_EVENT_ID, STR("a-f1-7")},
                                            {HEADER_WEIGHT, STR("20")},
                                            {HEADER_HOPS, STR("2")}},
                               hostile[] = {{HEADER_WEIGHT, STR("0")}, {HEADER_HOPS, STR("many")}};
    store(rig, "{\"a\":1}", headers, 3);
    store(rig, "{\"a\":2}", hostile, 2);
    uint32_t seen = 0;
    for (int i = 0; i < 20; i++) {
        uint32_t count = rig_read(rig) ? rig->batch.count : 0;
        for (uint32_t e = 0; e < count; e++, seen++) {
            const struct event *event = &rig->batch.events[e];
            bool is_first = event->origin->offset == 0;
            CHECK_TEXT(event->id, is_first ? "a-f1-7" : "");
            CHECK_EQ(event->weight, is_first ? 20 : 1);
            CHECK_EQ(event->hops, is_first ? 2 : 0);
            CHECK_TEXT(event->bytes, is_first ? "{\"a\":1}" : "{\"a\":2}");
            CHECK_EQ(event->time_ns, INT64_C(1767323045000000000));
        }
    }
    CHECK_EQ(seen, 2);
    rig_free(rig);
}

static void an_id_names_cluster_topic_partition_and_offset_and_not_this_agent(void)
{
    struct rig *rig = rig_make(2);
    store(rig, "x", NULL, 0);
    while (!rig_read(rig) || rig->batch.count == 0)
        continue;
    char prefix[64];
    const struct place *place = source_mine(rig->batch.source);
    snprintf(prefix, sizeof prefix, "sim-cluster-t-%u-", place->slot);
    CHECK_TEXT(rig->batch.source->id_prefix, prefix);
    CHECK_TEXT(rig->kafka.cluster.plan.settings[1].name, "queued.max.messages.kbytes");
    CHECK_TEXT(rig->kafka.cluster.plan.settings[1].value, "3072");
    rig_free(rig);
}

static void a_giant_is_cut_and_a_tombstone_is_blank(void)
{
    struct rig *rig = rig_make(3);
    char giant[1501];
    memset(giant, 'g', sizeof giant - 1);
    giant[1500] = 0;
    store(rig, giant, NULL, 0);
    const struct broker_message tombstone = {.topic = "t", .key = STR("one partition")};
    sim_store(&rig->cluster, &tombstone);
    uint64_t cut = 0, blank = 0, events = 0, content = 0;
    for (int i = 0; i < 20; i++) {
        if (!rig_read(rig))
            continue;
        cut += rig->batch.cut_bytes;
        blank += rig->batch.blank;
        content += rig->batch.content;
        events += rig->batch.count;
        if (rig->batch.count)
            CHECK_EQ(rig->batch.events[0].bytes.len, 1000);
    }
    CHECK_EQ(cut, 500);
    CHECK_EQ(blank, 1);
    CHECK_EQ(events, 1);
    CHECK_EQ(content, 1500);
    CHECK_EQ(state_ledger(rig->peer.fixture.state)->inputs[0].bytes, 1500);
    rig_free(rig);
}

static void once_waits_for_its_partitions_and_their_ends(void)
{
    struct rig *rig = rig_make(4);
    store_numbered(&rig->cluster, "t", 300);
    uint32_t seen = 0;
    CHECK(kafka_is_waiting(&rig->kafka));
    for (int i = 0; i < 500 && kafka_is_waiting(&rig->kafka); i++)
        seen += rig_read(rig) ? rig->batch.count : 0;
    CHECK_EQ(seen, 300);
    rig_free(rig);
}

static void a_topic_made_anew_is_read_from_its_start(void)
{
    struct rig *rig = rig_make(5);
    store_numbered(&rig->cluster, "t", 40);
    for (int i = 0; i < 100; i++)
        (void)rig_read(rig);
    struct place *place = &rig->kafka.places.at[0];
    CHECK(place->next > 0);
    place->next += 1000; /* the topic was longer once */
    struct sim_partition *partition = &sim_topic(&rig->cluster, "t")->partitions[0];
    size_t before = partition->count;
    while (partition->count == before)
        store_numbered(&rig->cluster, "t", 1);
    for (int i = 0; i < 100 && rig->kafka.places.consumer; i++)
        (void)rig_read(rig);
    CHECK(rig->kafka.places.consumer == NULL); /* dropped: to become a new member */
    for (int i = 0; i < 100; i++)
        (void)rig_read(rig);
    CHECK(rig->kafka.places.consumer != NULL);
    CHECK_EQ(rig->kafka.places.at[0].next, partition->count);
    rig_free(rig);
}

static void a_check_refuses_what_the_plan_of_its_consumer_cannot_hold(void)
{
    static struct str empty, name, value;
    struct rig *rig = rig_make(6);
    struct kafka wrong = rig->kafka;
    struct why why = {0};
    empty = (struct str){0};
    wrong.topics.texts = &empty;
    CHECK_EQ(kafka_check(&wrong, &rig->peer.host, &why), BAD_CONFIG);
    CHECK(strstr(why.text, "a topic in `topics` has 1 to 249 bytes"));
    wrong = rig->kafka;
    name = STR("group.id"), value = STR("g");
    wrong.cluster.settings = (struct map){.count = 1, .keys = &name, .texts = &value};
    CHECK_EQ(kafka_check(&wrong, &rig->peer.host, &why), BAD_CONFIG);
    CHECK(strstr(why.text, "pipeline.conf:3:1: `group.id` cannot be set: write it as `group`"));
    rig_free(rig);
}

/* --- looking
 * -------------------------------------------------------------------------------------- */

static enum broker_fault fault_of_look;

static enum broker_fault faulty_look(void *self, const struct broker_plan *plan, const char *topic,
                                     char words[200])
{
    (void)self;
    CHECK_EQ(plan->count, 0);
    CHECK_TEXT(str_from(topic), "t");
    snprintf(words, 200, "its words");
    return fault_of_look;
}

static enum finding found;
static char told[ERRAND_TEXT_BYTES];

static void hear(void *context, enum finding finding, const char *text)
{
    (void)context;
    found = finding;
    snprintf(told, sizeof told, "%s", text);
}

static void what_a_look_finds_says_what_to_do(void)
{
    static const struct {
        enum broker_fault fault;
        enum finding finding;
        const char *says;
    } cases[] = {
        {BROKER_FINE, FINDING_GOOD, "topic \"t\" is there, its words"},
        {BROKER_NO_TOPIC, FINDING_DOUBT, "nothing is read until somebody makes it"},
        {BROKER_DENIED, FINDING_FAULT, "the rights to describe and to read it"},
        {BROKER_LATER, FINDING_FAULT, "its words: see `brokers`"},
    };
    const struct brokers brokers = {.look = faulty_look};
    const struct kafka kafka = {0};
    struct errand_run run = {.tell = hear};
    for (size_t i = 0; i < COUNT(cases); i++) {
        fault_of_look = cases[i].fault;
        topic_look(&kafka, &brokers, STR("t"), &run.errand);
        CHECK_EQ(found, cases[i].finding);
        CHECK(strstr(told, cases[i].says));
    }
}

CHECK_MAIN(TEST(an_event_keeps_the_id_weight_and_hops_of_its_headers),
           TEST(an_id_names_cluster_topic_partition_and_offset_and_not_this_agent),
           TEST(a_giant_is_cut_and_a_tombstone_is_blank),
           TEST(once_waits_for_its_partitions_and_their_ends),
           TEST(a_topic_made_anew_is_read_from_its_start),
           TEST(a_check_refuses_what_the_plan_of_its_consumer_cannot_hold),
           TEST(what_a_look_finds_says_what_to_do))
