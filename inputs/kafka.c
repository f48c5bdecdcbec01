/* inputs/kafka.c - read topics of a Kafka cluster as a member of a consumer group.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A partition is a source (agent/group/places.h). Who does not read one stops its fetching, while
 * the group is polled all the same. Events keep the id, the weight and the sampler hops that their
 * headers name.
 */
#include "agent/group/places.h"
#include "agent/weir.h"

#include <stdio.h>

enum {
    TAKE_RECORDS = 1024,
    KIB = 1024,
    NUMBER_BYTES = 16,
    PADDING = 64,    /* the scanner reads beyond the end */
    LEAVING_MS = 50, /* how often a leaving partition is looked at */
    REOPEN_MS = 5000,
};

#define MS INT64_C(1000000)

struct kafka {
    struct cluster cluster;
    struct list topics;
    struct str group;
    int64_t line_max_bytes, prefetch_bytes, handover_ns;

    struct host *host;
    struct places places;
    struct broker_record records[TAKE_RECORDS];
    int64_t reopen_at_ns;
    bool is_troubled;
    bool is_useless; /* the consumer: another is opened */
};

static const struct setting settings[] = {
    CLUSTER_SETTINGS(struct kafka, cluster),
    LIST_SETTING(struct kafka, topics, SETTING_TEXT, .required = true,
                 .help = "Topics to read; one that begins with ^ is a regular expression.",
                 .example = "[\"logs\"]"),
    TEXT_SETTING(struct kafka, group, .def = "weir",
                 .help = "Consumer group. Its members share the partitions."),
    SIZE_SETTING(
        struct kafka, line_max, .def = "1MiB", .min = "1KiB", .max = "64MiB",
        .help = "Largest record that is kept whole; the rest of a larger one is counted and cut."),
    SIZE_SETTING(struct kafka, prefetch, .def = "2MiB", .min = "64KiB", .max = "1GiB",
                 .help = "Most bytes that librdkafka fetches ahead of one partition (and one fetch "
                         "more, 1 MB unless `settings` says otherwise); they come on top of "
                         "`memory`."),
    DURATION_SETTING(struct kafka, handover, .def = "5s", .min = "100ms", .max = "5m",
                     .help = "How long a partition that goes to another member waits for the "
                             "answers to what is under way."),
    {0},
};

/* --- opening -------------------------------------------------------------------------------------
 */

static enum code topics_check(const struct kafka *kafka, const char *where, struct why *why)
{
    for (size_t i = 0; i < kafka->topics.count; i++)
        if (kafka->topics.texts[i].len == 0 || kafka->topics.texts[i].len > TARGET_BYTES_MAX)
            return fail(why, BAD_CONFIG, "%s: a topic in `topics` has 1 to 249 bytes", where);
    return OK;
}

/* Makes the plan of the consumer as well: only with it can librdkafka be asked about its settings.
 */
static enum code kafka_check(void *self, struct host *host, struct why *why)
{
    struct kafka *kafka = self;
    struct broker_plan *plan = &kafka->cluster.plan;
    char number[NUMBER_BYTES];
    int len = snprintf(number, sizeof number, "%lld", (long long)(kafka->prefetch_bytes / KIB));
    const struct broker_setting own[] = {
        {.name = STR("queued.max.messages.kbytes"),
         .value = arena_copy(host_arena(host), (struct str){number, (size_t)len})}};
    plan->group = kafka->group;
    plan->topics = kafka->topics.texts;
    plan->topic_count = kafka->topics.count;
    enum code code = topics_check(kafka, host_where(host), why);
    return code == OK ? cluster_open(&kafka->cluster, own, COUNT(own), host_brokers(host),
                                     host_arena(host), host_where(host), why)
                      : code;
}

/* Of one topic; patterns are the group's to find out. */
static void topic_look(const struct kafka *kafka, const struct brokers *brokers, struct str name,
                       struct errand *errand)
{
    char words[200], topic[TARGET_BYTES_MAX + 1];
    switch (brokers->look(brokers->self, &kafka->cluster.plan, str_z(name, topic, sizeof topic),
                          words)) {
    case BROKER_FINE:
        errand_tell(errand, FINDING_GOOD, "topic \"%s\" is there, %s", topic, words);
        break;
    case BROKER_NO_TOPIC:
        errand_tell(errand, FINDING_DOUBT,
                    "topic \"%s\": %s: nothing is read until somebody makes it", topic, words);
        break;
    case BROKER_DENIED:
        errand_tell(
            errand, FINDING_FAULT,
            "topic \"%s\": %s: give this user the rights to describe and to read it, and to "
            "join the group",
            topic, words);
        break;
    case BROKER_LATER:
    case BROKER_TOO_LARGE:
    case BROKER_INVALID:
        errand_tell(errand, FINDING_FAULT, "%s: see `brokers`, `settings` and `secrets`", words);
        break;
    }
}

static void kafka_look(const void *self, struct host *host, struct errand *errand)
{
    const struct kafka *kafka = self;
    const struct brokers *brokers = host_brokers(host);
    for (size_t i = 0; brokers && i < kafka->topics.count; i++)
        if (!str_starts(kafka->topics.texts[i], STR("^")))
            topic_look(kafka, brokers, kafka->topics.texts[i], errand);
}

static enum code kafka_open(void *self, struct host *host, struct why *why)
{
    struct kafka *kafka = self;
    const struct brokers *brokers = host_brokers(host);
    kafka->host = host;
    places_init(&kafka->places, host, kafka->handover_ns);
    kafka->places.consumer = brokers->consume(brokers->self, &kafka->cluster.plan, why);
    return kafka->places.consumer ? OK : why->code;
}

/* --- watching ------------------------------------------------------------------------------------
 */

static void event_hear(struct kafka *kafka, struct broker_event *event, int64_t mono_ns)
{
    switch (event->kind) {
    case BROKER_ASSIGNED:
    case BROKER_REVOKED:
    case BROKER_LOST:
        places_hear(&kafka->places, event, mono_ns);
        break;
    case BROKER_TROUBLE:
    case BROKER_ENDED:
        host_alarm(kafka->host, "broker", "%s; trying again", event->words);
        kafka->is_troubled = true;
        kafka->is_useless |= event->kind == BROKER_ENDED;
        break;
    }
}

/* Everything is read again as a new member of the group. */
static void consumer_drop(struct kafka *kafka, int64_t mono_ns)
{
    places_drop(&kafka->places);
    kafka->places.consumer->close(kafka->places.consumer->self);
    kafka->places.consumer = NULL;
    kafka->is_useless = false;
    kafka->reopen_at_ns = mono_ns + REOPEN_MS * MS;
}

static void consumer_reopen(struct kafka *kafka, int64_t mono_ns)
{
    const struct brokers *brokers = host_brokers(kafka->host);
    struct why why;
    if (mono_ns < kafka->reopen_at_ns)
        return;
    kafka->places.consumer = brokers->consume(brokers->self, &kafka->cluster.plan, &why);
    kafka->reopen_at_ns = mono_ns + REOPEN_MS * MS;
    if (!kafka->places.consumer)
        host_alarm(kafka->host, "reopen", "%s; trying again", why.text);
    else
        host_recovered(kafka->host, "reopen", "a new member of the group");
}

static int64_t kafka_watch(void *self, struct host *host, int64_t mono_ns, bool once)
{
    struct kafka *kafka = self;
    struct broker_event event;
    (void)host, (void)once;
    if (kafka->places.consumer && kafka->is_useless)
        consumer_drop(kafka, mono_ns);
    if (!kafka->places.consumer)
        consumer_reopen(kafka, mono_ns);
    if (!kafka->places.consumer)
        return kafka->reopen_at_ns;
    while (kafka->places.consumer->poll(kafka->places.consumer->self, &event))
        event_hear(kafka, &event, mono_ns);
    bool is_leaving = places_step(&kafka->places, mono_ns);
    return is_leaving ? mono_ns + LEAVING_MS * MS : kafka->places.commit_at_ns;
}

static int kafka_wakeup(void *self)
{
    const struct kafka *kafka = self;
    return kafka->places.consumer ? kafka->places.consumer->wakeup : -1;
}

static bool kafka_is_waiting(const void *self)
{
    const struct kafka *kafka = self;
    return !kafka->places.consumer || places_are_waiting(&kafka->places);
}

/* --- reading -------------------------------------------------------------------------------------
 */

static uint32_t header_number(struct kafka *kafka, const struct broker_record *record,
                              const char *name, uint32_t none)
{
    uint64_t number;
    struct str text = kafka->places.consumer->header(record, name);
    return str_to_uint(text, &number) && number > 0 && number <= RATE_MAX ? (uint32_t)number : none;
}

/* False: no room, the record and those behind it are not in the batch. */
static bool record_add(struct kafka *kafka, const struct broker_record *record, struct batch *batch)
{
    size_t most = (size_t)kafka->line_max_bytes;
    size_t kept = record->value.len < most ? record->value.len : most;
    char *to = arena_take(batch->arena, kept + PADDING);
    if (!to)
        return false;
    if (kept)
        memcpy(to, record->value.at, kept);
    memset(to + kept, 0, PADDING);
    struct event *event = batch_add(batch, (struct str){to, kept}, (uint64_t)record->offset,
                                    (uint32_t)record->value.len);
    if (!event)
        return false;
    event->time_ns = record->time_ms > 0 ? record->time_ms * MS : 0;
    event->id = arena_copy(batch->arena, kafka->places.consumer->header(record, HEADER_EVENT_ID));
    event->weight = header_number(kafka, record, HEADER_WEIGHT, 1);
    event->hops = header_number(kafka, record, HEADER_HOPS, 0);
    batch->content += record->value.len;
    batch->cut_bytes += record->value.len - kept;
    batch->lines++;
    return true;
}

/* The topic was made anew, or the broker lost its end: the group goes on from there. */
static void place_went_back(struct kafka *kafka, struct place *place, int64_t offset)
{
    host_alarm(kafka->host, "back",
               "partition in slot %u goes on at offset %lld, before the %llu "
               "that was read up to: reading from there as if it were new",
               place->slot, (long long)offset, (unsigned long long)place->next);
    kafka->places.consumer->commit(kafka->places.consumer->self, place->slot, offset, STR(""));
    kafka->is_useless = true;
}

static enum read_result kafka_read(void *self, struct source *source, struct batch *batch,
                                   bool final)
{
    struct kafka *kafka = self;
    struct place *place = source_mine(source);
    (void) final;
    batch->offset = place->next;
    if (place->stage != PLACE_READING || kafka->is_useless)
        return READ_AT_END;
    uint64_t most = source_read_until(source) - place->next;
    size_t count =
        kafka->places.consumer->take(kafka->places.consumer->self, place->slot, kafka->records,
                                     most < TAKE_RECORDS ? (size_t)most : TAKE_RECORDS, READ_BYTES);
    for (size_t i = 0; i < count; i++) {
        const struct broker_record *record = &kafka->records[i];
        if ((uint64_t)record->offset < place->next) {
            place_went_back(kafka, place, record->offset);
            break;
        }
        if (record->value.at)
            MUST(record_add(kafka, record, batch)); /* READ_BYTES and line_max bound it */
        else
            batch->blank++;
        place->next = (uint64_t)record->offset + 1;
    }
    batch->bytes = place->next - batch->offset;
    if (count && kafka->is_troubled)
        host_recovered(kafka->host, "broker", "reads again");
    kafka->is_troubled &= count == 0;
    return kafka->places.consumer->has(kafka->places.consumer->self, place->slot) ? READ_SOME
                                                                                  : READ_AT_END;
}

static void kafka_close(void *self)
{
    struct kafka *kafka = self;
    if (!kafka->places.consumer)
        return;
    places_finish(&kafka->places);
    kafka->places.consumer->close(kafka->places.consumer->self);
    kafka->places.consumer = NULL;
}

const struct input input_kafka = {
    .name = "kafka",
    .summary = "Read topics of a Kafka cluster as a member of a consumer group.",
    .settings = settings,
    .size = sizeof(struct kafka),
    .check = kafka_check,
    .look = kafka_look,
    .open = kafka_open,
    .watch = kafka_watch,
    .wakeup = kafka_wakeup,
    .is_waiting = kafka_is_waiting,
    .read = kafka_read,
    .close = kafka_close,
};
