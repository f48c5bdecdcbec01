/* tests/sim/consumer.c - the seeded twin of the broker port: the members of one consumer group.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Cooperative: a partition is taken from a member that has more than its part, and given on only
 * when that member has let go of it. Commits are kept at once.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/broker.h"

enum { TAKE_MAX = 64 };

struct sim_hold { /* a partition that a member has; its slot is its index */
    struct sim_partition *partition;
    char *topic;
    int32_t index;
    size_t at;
    bool is_begun, is_leaving, has_failed;
};

struct sim_consumer {
    struct consumer port;
    struct sim_consumer *next;
    struct sim_cluster *cluster;
    unsigned member;
    char *topic;
    struct sim_hold holds[SIM_PARTITIONS];
    struct broker_place place; /* of the newest event */
};

static unsigned members_of(const struct sim_cluster *cluster)
{
    unsigned count = 0;
    for (const struct sim_consumer *at = cluster->consumers; at; at = at->next)
        count++;
    return count;
}

static unsigned held_by(const struct sim_consumer *consumer)
{
    unsigned count = 0;
    for (unsigned i = 0; i < SIM_PARTITIONS; i++)
        count += consumer->holds[i].partition && !consumer->holds[i].is_leaving;
    return count;
}

static bool say(struct sim_consumer *consumer, struct broker_event *ret, unsigned slot,
                enum broker_event_kind kind)
{
    struct sim_hold *hold = &consumer->holds[slot];
    const char *metadata = hold->partition->metadata;
    consumer->place = (struct broker_place){.topic = hold->topic,
                                            .partition = hold->index,
                                            .offset = hold->partition->committed,
                                            .metadata = str_from(metadata ? metadata : ""),
                                            .slot = slot};
    *ret = (struct broker_event){
        .kind = kind, .places = &consumer->place, .count = 1, .cluster = STR("sim-cluster")};
    return true;
}

static bool sim_poll(void *self, struct broker_event *ret)
{
    struct sim_consumer *consumer = self;
    struct sim_topic *topic = sim_topic(consumer->cluster, consumer->topic);
    unsigned members = members_of(consumer->cluster);
    unsigned part = (SIM_PARTITIONS + members - 1) / members;
    for (unsigned i = 0; i < SIM_PARTITIONS; i++) {
        struct sim_hold *hold = &consumer->holds[i];
        struct sim_partition *partition = &topic->partitions[i];
        if (hold->partition && !hold->is_leaving && held_by(consumer) > part) {
            hold->is_leaving = true;
            return say(consumer, ret, i, BROKER_REVOKED);
        }
        if (!partition->owner && held_by(consumer) < part) {
            partition->owner = consumer;
            *hold = (struct sim_hold){
                .partition = partition, .topic = consumer->topic, .index = (int32_t)i};
            return say(consumer, ret, i, BROKER_ASSIGNED);
        }
    }
    return false;
}

static void let_go(const struct sim_consumer *consumer, const struct sim_hold *hold)
{
    struct sim_partition *partition = hold->partition;
    size_t committed = partition->committed > 0 ? (size_t)partition->committed : 0;
    size_t taken = hold->is_begun ? hold->at : 0;
    if (partition->left_by == consumer->member && partition->left.to > taken)
        taken = partition->left.to;
    partition->left_by = consumer->member;
    partition->left = (struct sim_range){committed, taken};
    partition->owner = NULL;
}

static void loosen(struct sim_partition *partition, const struct sim_consumer *next)
{
    struct sim_range left = partition->left, *loose = &partition->loose;
    if (partition->left_by == next->member || left.from >= left.to)
        return;
    loose->from = loose->to && loose->from < left.from ? loose->from : left.from;
    loose->to = loose->to > left.to ? loose->to : left.to;
}

static void sim_begin(void *self, const struct broker_place *places, size_t count)
{
    struct sim_consumer *consumer = self;
    for (size_t i = 0; i < count; i++) {
        struct sim_hold *hold = &consumer->holds[places[i].slot];
        MUST(hold->partition && !hold->is_begun);
        hold->is_begun = true;
        loosen(hold->partition, consumer);
        hold->at = places[i].offset > 0 ? (size_t)places[i].offset : 0;
    }
}

static void sim_end(void *self, const uint32_t *slots, size_t count)
{
    struct sim_consumer *consumer = self;
    for (size_t i = 0; i < count; i++) {
        struct sim_hold *hold = &consumer->holds[slots[i]];
        MUST(hold->partition && hold->partition->owner == consumer);
        let_go(consumer, hold);
        *hold = (struct sim_hold){0};
    }
}

static size_t sim_take(void *self, uint32_t slot, struct broker_record *ret, size_t most,
                       size_t bytes)
{
    struct sim_consumer *consumer = self;
    struct sim_hold *hold = &consumer->holds[slot];
    size_t count = 0, taken = 0;
    MUST(hold->is_begun);
    if (sim_chance(&consumer->cluster->seed, consumer->cluster->habits.dry))
        return 0;
    most = 1 + sim_below(&consumer->cluster->seed, most < TAKE_MAX ? most : TAKE_MAX);
    while (count < most && taken < bytes && hold->at < hold->partition->count) {
        const struct sim_record *record = &hold->partition->records[hold->at];
        taken += record->value.len;
        ret[count++] = (struct broker_record){.key = record->key,
                                              .value = record->value,
                                              .offset = (int64_t)hold->at++,
                                              .time_ms = record->time_ms,
                                              .port = record};
    }
    return count;
}

static bool sim_has(void *self, uint32_t slot)
{
    const struct sim_consumer *consumer = self;
    const struct sim_hold *hold = &consumer->holds[slot];
    return hold->is_begun && hold->at < hold->partition->count;
}

static bool sim_at_end(void *self, uint32_t slot)
{
    return !sim_has(self, slot);
}

static struct str sim_header(const struct broker_record *record, const char *name)
{
    const struct sim_record *stored = record->port;
    for (unsigned i = 0; i < SIM_HEADERS_MAX; i++)
        if (stored->names[i] && !strcmp(stored->names[i], name))
            return stored->headers[i];
    return (struct str){0};
}

static void sim_commit(void *self, uint32_t slot, int64_t offset, struct str metadata)
{
    struct sim_consumer *consumer = self;
    struct sim_partition *partition = consumer->holds[slot].partition;
    struct sim_cluster *cluster = consumer->cluster;
    unsigned failing = cluster->habits.failed_commits;
    MUST(partition && partition->owner == consumer);
    consumer->holds[slot].has_failed = failing && sim_chance(&cluster->seed, failing);
    if (consumer->holds[slot].has_failed)
        return;
    free(partition->metadata);
    partition->metadata = strndup(metadata.at ? metadata.at : "", metadata.len);
    partition->committed = offset;
}

static enum broker_commit sim_committed(void *self, uint32_t slot)
{
    const struct sim_consumer *consumer = self;
    return consumer->holds[slot].has_failed ? BROKER_COMMIT_FAILED : BROKER_COMMIT_DONE;
}

static void sim_close_consumer(void *self)
{
    struct sim_consumer *consumer = self;
    struct sim_consumer **link = &consumer->cluster->consumers;
    for (unsigned i = 0; i < SIM_PARTITIONS; i++)
        if (consumer->holds[i].partition)
            let_go(consumer, &consumer->holds[i]);
    while (*link != consumer)
        link = &(*link)->next;
    *link = consumer->next;
    free(consumer->topic);
    free(consumer);
}

const struct consumer *sim_consume(void *self, const struct broker_plan *plan, struct why *why)
{
    struct sim_cluster *cluster = self;
    struct sim_consumer *consumer = calloc(1, sizeof *consumer);
    (void)why;
    consumer->port = (struct consumer){.self = consumer,
                                       .wakeup = -1,
                                       .poll = sim_poll,
                                       .begin = sim_begin,
                                       .end = sim_end,
                                       .take = sim_take,
                                       .has = sim_has,
                                       .at_end = sim_at_end,
                                       .header = sim_header,
                                       .commit = sim_commit,
                                       .committed = sim_committed,
                                       .close = sim_close_consumer};
    consumer->cluster = cluster;
    consumer->member = cluster->member;
    consumer->topic = strndup(plan->topics[0].at, plan->topics[0].len);
    consumer->next = cluster->consumers;
    cluster->consumers = consumer;
    return &consumer->port;
}

void sim_consumers_kill(struct sim_cluster *cluster)
{
    while (cluster->consumers)
        sim_close_consumer(cluster->consumers);
}
