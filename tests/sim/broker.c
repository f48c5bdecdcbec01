/* tests/sim/broker.c - the seeded twin of the broker port: a cluster and its producers.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/sim/broker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "agent/why.h"

enum { BATCH_MAX = 40 };

struct sim_way { /* a record under way */
    struct sim_way *next;
    struct sim_record record;
    char *topic;
    unsigned partition;
    int64_t due_ns;
    struct str value; /* the sender's own bytes: they must still be there when it arrives */
    void *mine;
};

struct sim_told {
    struct sim_told *next;
    struct broker_report report;
};

struct sim_producer {
    struct producer port;
    struct sim_producer *next;
    struct sim_cluster *cluster;
    struct sim_way *first, **last;
    size_t under_way;
    struct sim_told *told, **told_last;
    struct broker_news news[4];
    unsigned news_count;
    bool is_fatal, was_down, was_locked_out;
    void (*wake)(void *context);
    void *context;
};

/* --- the cluster
 * ----------------------------------------------------------------------------------- */

static struct str copy(struct str text)
{
    char *at = text.at ? malloc(text.len + 1) : NULL;
    if (at) {
        memcpy(at, text.at, text.len);
        at[text.len] = 0;
    }
    return (struct str){at, text.len};
}

static struct sim_record record_copy(const struct broker_message *message)
{
    struct sim_record record = {
        .key = copy(message->key), .value = copy(message->value), .time_ms = message->time_ms};
    for (size_t i = 0; i < message->header_count && i < SIM_HEADERS_MAX; i++) {
        record.names[i] = strdup(message->headers[i].name);
        record.headers[i] = copy(message->headers[i].value);
    }
    return record;
}

static void record_free(struct sim_record *record)
{
    free((void *)(uintptr_t)record->key.at);
    free((void *)(uintptr_t)record->value.at);
    for (unsigned i = 0; i < SIM_HEADERS_MAX; i++) {
        free(record->names[i]);
        free((void *)(uintptr_t)record->headers[i].at);
    }
}

struct sim_topic *sim_topic(struct sim_cluster *cluster, const char *name)
{
    for (size_t i = 0; i < cluster->topic_count; i++)
        if (!strcmp(cluster->topics[i].name, name))
            return &cluster->topics[i];
    MUST(cluster->topic_count < SIM_TOPICS_MAX);
    struct sim_topic *topic = &cluster->topics[cluster->topic_count++];
    topic->name = strdup(name);
    for (unsigned i = 0; i < SIM_PARTITIONS; i++)
        topic->partitions[i].committed = -1;
    return topic;
}

static void partition_add(struct sim_partition *partition, struct sim_record record)
{
    if (partition->count == partition->room) {
        partition->room = partition->room ? partition->room * 2 : 64;
        partition->records = realloc(partition->records, partition->room * sizeof record);
    }
    partition->records[partition->count++] = record;
}

static unsigned partition_of(struct sim_cluster *cluster, struct str key)
{
    return (unsigned)(key.at ? XXH3_64bits(key.at, key.len) % SIM_PARTITIONS
                             : sim_below(&cluster->seed, SIM_PARTITIONS));
}

void sim_store(struct sim_cluster *cluster, const struct broker_message *message)
{
    unsigned at = partition_of(cluster, message->key);
    partition_add(&sim_topic(cluster, message->topic)->partitions[at], record_copy(message));
}

size_t sim_stored(struct sim_cluster *cluster, const char *topic)
{
    size_t count = 0;
    for (unsigned i = 0; i < SIM_PARTITIONS; i++)
        count += sim_topic(cluster, topic)->partitions[i].count;
    return count;
}

/* --- reports
 * --------------------------------------------------------------------------------------- */

static void tell(struct sim_producer *producer, struct sim_way *way, struct broker_report report)
{
    struct sim_told *told = calloc(1, sizeof *told);
    report.mine = way->mine;
    told->report = report;
    *producer->told_last = told;
    producer->told_last = &told->next;
    producer->under_way--;
    free(way->topic);
    record_free(&way->record);
    free(way);
}

static void add_news(struct sim_producer *producer, enum broker_news_kind kind, const char *words)
{
    if (producer->news_count == COUNT(producer->news))
        return;
    struct broker_news *news = &producer->news[producer->news_count++];
    *news = (struct broker_news){.kind = kind};
    snprintf(news->words, sizeof news->words, "%s", words);
}

static struct broker_report later(bool is_maybe_stored)
{
    return (struct broker_report){
        .fault = BROKER_LATER, .is_maybe_stored = is_maybe_stored, .words = "Local: timed out"};
}

static bool is_one_of(struct sim_cluster *cluster, unsigned percent)
{
    return percent && sim_chance(&cluster->seed, percent);
}

static bool holds(struct str text, const char *what)
{
    return what && str_find_str(text, str_from(what)) != SIZE_MAX;
}

static void store(struct sim_cluster *cluster, struct sim_way *way)
{
    struct sim_partition *to = &sim_topic(cluster, way->topic)->partitions[way->partition];
    MUST(str_equal(way->record.value, way->value)); /* the sender kept its bytes until now */
    partition_add(to, way->record);
    way->record = (struct sim_record){0};
}

/* What the broker says to a batch of records for one partition. */
static struct broker_report batch_judge(struct sim_cluster *cluster, struct sim_way **batch,
                                        unsigned count)
{
    const struct sim_broker_habits *habits = &cluster->habits;
    if (habits->denied && !strcmp(batch[0]->topic, habits->denied))
        return (struct broker_report){.fault = BROKER_DENIED, .words = "no right to write"};
    if (habits->missing && !strcmp(batch[0]->topic, habits->missing))
        return (struct broker_report){.fault = BROKER_NO_TOPIC, .words = "unknown topic"};
    for (unsigned i = 0; i < count; i++) {
        if (habits->record_max && batch[i]->value.len > habits->record_max)
            return (struct broker_report){.fault = BROKER_TOO_LARGE, .words = "too large"};
        if (holds(batch[i]->value, habits->poison))
            return (struct broker_report){.fault = BROKER_INVALID, .words = "invalid record"};
    }
    return (struct broker_report){.words = ""};
}

static void batch_arrive(struct sim_producer *producer, struct sim_way **batch, unsigned count)
{
    struct sim_cluster *cluster = producer->cluster;
    struct broker_report report = batch_judge(cluster, batch, count);
    bool is_stored = report.fault == BROKER_FINE;
    if (is_stored && is_one_of(cluster, cluster->habits.given_up)) {
        is_stored = sim_chance(&cluster->seed, 50);
        report = later(true);
    }
    for (unsigned i = 0; i < count; i++) {
        if (is_stored)
            store(cluster, batch[i]);
        tell(producer, batch[i], report);
    }
}

/* Takes out what is due for the partition of the first record that is. */
static unsigned batch_take(struct sim_producer *producer, struct sim_way **batch)
{
    unsigned count = 0, most = 1 + (unsigned)sim_below(&producer->cluster->seed, BATCH_MAX);
    struct sim_way **link = &producer->first;
    while (*link && count < most) {
        struct sim_way *way = *link;
        bool is_due = way->due_ns <= producer->cluster->clock->mono_ns;
        bool fits = count == 0 ||
                    (way->partition == batch[0]->partition && !strcmp(way->topic, batch[0]->topic));
        if (is_due && fits) {
            *link = way->next;
            batch[count++] = way;
        } else {
            link = &way->next;
        }
    }
    producer->last = &producer->first;
    while (*producer->last)
        producer->last = &(*producer->last)->next;
    return count;
}

static void network_move(struct sim_producer *producer)
{
    struct sim_cluster *cluster = producer->cluster;
    const struct sim_broker_habits *habits = &cluster->habits;
    struct sim_way *batch[BATCH_MAX];
    unsigned count;
    if (habits->is_down && !producer->was_down)
        add_news(producer, BROKER_DOWN, "connection refused");
    if (habits->locks_out && !producer->was_locked_out)
        add_news(producer, BROKER_LOCKED_OUT, "SASL authentication failed");
    producer->was_down = habits->is_down;
    producer->was_locked_out = habits->locks_out;
    if (habits->is_down || habits->locks_out || producer->is_fatal)
        return;
    while ((count = batch_take(producer, batch)) > 0)
        batch_arrive(producer, batch, count);
}

/* --- the port
 * -------------------------------------------------------------------------------------- */

static enum broker_taking sim_submit(void *self, const struct broker_message *message,
                                     struct broker_report *ret)
{
    struct sim_producer *producer = self;
    struct sim_cluster *cluster = producer->cluster;
    const struct sim_broker_habits *habits = &cluster->habits;
    if (producer->is_fatal) {
        *ret = later(false);
        return BROKER_REFUSED;
    }
    if (habits->queue_max && producer->under_way >= habits->queue_max)
        return BROKER_FULL;
    if (habits->fatal && sim_below(&cluster->seed, 1000000) < habits->fatal) {
        producer->is_fatal = true;
        cluster->fatals++;
        add_news(producer, BROKER_FATAL, "out of order sequence number");
    }
    struct sim_way *way = calloc(1, sizeof *way);
    *way = (struct sim_way){.record = record_copy(message),
                            .topic = strdup(message->topic),
                            .partition = partition_of(cluster, message->key),
                            .value = message->value,
                            .mine = message->mine};
    /* An answer that was lost is asked for again: the record is stored once, only later. */
    unsigned tries = 1 + is_one_of(cluster, habits->lost_answers);
    way->due_ns =
        cluster->clock->mono_ns +
        tries * (1 + (int64_t)sim_below(&cluster->seed, (uint64_t)habits->latency_ns + 1));
    *producer->last = way;
    producer->last = &way->next;
    producer->under_way++;
    cluster->submitted++;
    return BROKER_TAKEN;
}

static bool sim_take_report(void *self, struct broker_report *ret)
{
    struct sim_producer *producer = self;
    network_move(producer);
    struct sim_told *told = producer->told;
    if (!told)
        return false;
    *ret = told->report;
    producer->told = told->next;
    if (!producer->told)
        producer->told_last = &producer->told;
    producer->cluster->reported++;
    free(told);
    return true;
}

static bool sim_take_news(void *self, struct broker_news *ret)
{
    struct sim_producer *producer = self;
    if (producer->news_count == 0)
        return false;
    *ret = producer->news[0];
    memmove(producer->news, producer->news + 1, --producer->news_count * sizeof *ret);
    return true;
}

/* Each may have been stored just before. */
static void sim_give_up(void *self)
{
    struct sim_producer *producer = self;
    while (producer->first) {
        struct sim_way *way = producer->first;
        producer->first = way->next;
        bool is_fine = batch_judge(producer->cluster, &way, 1).fault == BROKER_FINE;
        if (is_fine && sim_chance(&producer->cluster->seed, 30))
            store(producer->cluster, way);
        tell(producer, way, later(true));
    }
    producer->last = &producer->first;
}

static void sim_close_producer(void *self)
{
    struct sim_producer *producer = self;
    struct sim_producer **link = &producer->cluster->producers;
    struct broker_report report;
    sim_give_up(producer);
    while (sim_take_report(producer, &report)) {
    }
    while (*link != producer)
        link = &(*link)->next;
    *link = producer->next;
    free(producer);
}

static const struct producer *sim_produce(void *self, const struct broker_plan *plan,
                                          void (*wake)(void *context), void *context,
                                          struct why *why)
{
    struct sim_cluster *cluster = self;
    struct sim_producer *producer = calloc(1, sizeof *producer);
    (void)plan, (void)why;
    producer->port = (struct producer){.self = producer,
                                       .submit = sim_submit,
                                       .take_report = sim_take_report,
                                       .take_news = sim_take_news,
                                       .give_up = sim_give_up,
                                       .close = sim_close_producer};
    producer->cluster = cluster;
    producer->wake = wake;
    producer->context = context;
    producer->last = &producer->first;
    producer->told_last = &producer->told;
    producer->next = cluster->producers;
    cluster->producers = producer;
    cluster->opened++;
    return &producer->port;
}

static bool sim_check(void *self, const struct broker_plan *plan, struct why *why)
{
    (void)self;
    for (size_t i = 0; i < plan->count; i++)
        if (str_starts(plan->settings[i].name, STR("no.such"))) {
            (void)fail(why, BAD_CONFIG, "no setting \"%.*s\"", STR_ARG(plan->settings[i].name));
            return false;
        }
    return true;
}

int64_t sim_cluster_due(const struct sim_cluster *cluster)
{
    int64_t due = INT64_MAX;
    for (const struct sim_producer *at = cluster->producers; at; at = at->next)
        for (const struct sim_way *way = at->first; way; way = way->next)
            due = way->due_ns < due ? way->due_ns : due;
    return due;
}

void sim_cluster_kill(struct sim_cluster *cluster)
{
    while (cluster->producers)
        sim_close_producer(cluster->producers);
    sim_consumers_kill(cluster);
}

void sim_cluster_init(struct sim_cluster *cluster, const struct sim_clock *clock, uint64_t seed)
{
    *cluster = (struct sim_cluster){.clock = clock, .seed = seed};
    cluster->port = (struct brokers){
        .self = cluster, .produce = sim_produce, .consume = sim_consume, .check = sim_check};
}

void sim_cluster_clear(struct sim_cluster *cluster)
{
    for (size_t i = 0; i < cluster->topic_count; i++) {
        for (unsigned p = 0; p < SIM_PARTITIONS; p++) {
            struct sim_partition *partition = &cluster->topics[i].partitions[p];
            for (size_t r = 0; r < partition->count; r++)
                record_free(&partition->records[r]);
            free(partition->records);
            free(partition->metadata);
        }
        free(cluster->topics[i].name);
    }
    cluster->topic_count = 0;
}
