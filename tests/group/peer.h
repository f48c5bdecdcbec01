/* tests/group/peer.h - an agent's state and host around one member of a simulated group.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef WEIR_TEST_PEER_H
#define WEIR_TEST_PEER_H

#include "agent/pipeline/host.h"
#include "tests/sim/broker.h"
#include "tests/state/fixture.h"

struct peer {
    struct fixture fixture;
    struct arena run;
    struct engine engine;
    struct host host;
};

static inline void peer_engine(struct peer *peer, struct sim_cluster *cluster)
{
    arena_init(&peer->run, 1 << 16, 64 << 20);
    peer->engine = (struct engine){.run = &peer->run,
                                     .files = peer->fixture.plan.files,
                                     .clock = peer->fixture.plan.clock,
                                     .brokers = &cluster->port,
                                     .state = peer->fixture.state};
    peer->host = (struct host){.engine = &peer->engine,
                                 .kind = "input",
                                 .plugin = STR("kafka"),
                                 .label = STR("in"),
                                 .where = "pipeline.conf:3:1"};
}

static inline void peer_init(struct peer *peer, struct sim_cluster *cluster, uint64_t seed)
{
    fixture_init(&peer->fixture, seed);
    fixture_start(&peer->fixture);
    peer_engine(peer, cluster);
}

/* Dies and comes back with what the journal has. */
static inline void peer_restart(struct peer *peer, struct sim_cluster *cluster)
{
    fixture_restart(&peer->fixture);
    alarms_clear(&peer->engine.alarms);
    arena_clear(&peer->run);
    peer_engine(peer, cluster);
}

static inline void peer_clear(struct peer *peer)
{
    alarms_clear(&peer->engine.alarms);
    arena_clear(&peer->run);
    fixture_clear(&peer->fixture);
}

static inline void store_numbered(struct sim_cluster *cluster, const char *topic, uint32_t count)
{
    static uint32_t number;
    for (uint32_t i = 0; i < count; i++) {
        char key[16], value[32];
        snprintf(key, sizeof key, "%u", number);
        snprintf(value, sizeof value, "{\"n\":%u}", number++);
        const struct broker_message message = {
            .topic = topic, .key = str_from(key), .value = str_from(value)};
        sim_store(cluster, &message);
    }
}

#endif
