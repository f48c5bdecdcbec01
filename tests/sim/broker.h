/* tests/sim/broker.h - the seeded twin of the broker port: a cluster, its producers and its groups.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What real brokers and librdkafka do: batches are made of what is under way for one partition and are taken or
 * refused whole; a lost answer is asked for again and stored once (idempotence); a record that was given
 * up may be stored all the same; partitions move between the members of a group one by one.
 */
#ifndef WEIR_SIM_BROKER_H
#define WEIR_SIM_BROKER_H

#include "agent/data/buffer.h"
#include "agent/ports/broker.h"
#include "tests/sim/clock.h"

enum { SIM_PARTITIONS = 4, SIM_TOPICS_MAX = 4, SIM_HEADERS_MAX = 8 };

struct sim_broker_habits {
    unsigned lost_answers; /* percent of batches: asked for again, stored once */
    unsigned given_up;     /* percent of batches: reported as LATER, one half of them stored */
    unsigned fatal;        /* of a million records */
    size_t queue_max;      /* records under way; above it the queue is full */
    size_t record_max;     /* a batch with a longer value is too large; 0: none */
    const char *poison;    /* a batch with a value that holds this is invalid */
    const char *denied, *missing; /* topics */
    bool is_down, locks_out;
    unsigned failed_commits; /* percent: a rebalance is under way */
    unsigned dry; /* percent of looks for records: none has come yet */
    int64_t latency_ns;    /* most */
};

struct sim_record { /* stored; slices are owned */
    struct str key, value;
    char *names[SIM_HEADERS_MAX];
    struct str headers[SIM_HEADERS_MAX];
    int64_t time_ms;
};

struct sim_range { /* of offsets */
    size_t from, to;
};

struct sim_partition {
    struct sim_record *records;
    size_t count, room;
    int64_t committed; /* by the one group there is; -1: never */
    char *metadata;
    struct sim_consumer *owner;
    unsigned left_by;       /* a member that had it until it died or had to go: */
    struct sim_range left;  /* what it took beyond its last commit */
    struct sim_range loose; /* of that, what another member began to read then: all it knew was the commit */
};

struct sim_topic {
    char *name;
    struct sim_partition partitions[SIM_PARTITIONS];
};

struct sim_cluster {
    struct brokers port; /* hand this to the code under test */
    struct sim_broker_habits habits;
    const struct sim_clock *clock;
    uint64_t seed;
    struct sim_topic topics[SIM_TOPICS_MAX];
    size_t topic_count;
    struct sim_producer *producers;
    struct sim_consumer *consumers;
    unsigned member; /* number of the one that is at work, and may open a consumer; from 1 */
    uint64_t submitted, reported, fatals, opened;
};

void sim_cluster_init(struct sim_cluster *cluster, const struct sim_clock *clock, uint64_t seed);
void sim_cluster_clear(struct sim_cluster *cluster); /* producers and consumers are closed already */
struct sim_topic *sim_topic(struct sim_cluster *cluster, const char *name); /* made when new */
/* Stores a record that no agent sent. */
void sim_store(struct sim_cluster *cluster, const struct broker_message *message);
size_t sim_stored(struct sim_cluster *cluster, const char *topic);
/* When something of a producer is due next; INT64_MAX: nothing is under way. */
int64_t sim_cluster_due(const struct sim_cluster *cluster);
/* The agent died: its producers and consumers are gone, what was under way may be stored. */
void sim_cluster_kill(struct sim_cluster *cluster);

/* consumer.c */
const struct consumer *sim_consume(void *self, const struct broker_plan *plan, struct why *why);
void sim_consumers_kill(struct sim_cluster *cluster);

#endif
