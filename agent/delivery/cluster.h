/* agent/delivery/cluster.h - the settings by which inputs and outputs reach a Kafka cluster.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A plugin embeds `struct cluster`, puts CLUSTER_SETTINGS(struct its_own, member) into its table and calls cluster_open()
 * with what it wants set itself: the library's further settings are then checked by name and value, and a secret
 * stands where it is never printed.
 */
#ifndef WEIR_CLUSTER_H
#define WEIR_CLUSTER_H

#include "agent/config/setting.h"
#include "agent/ports/broker.h"
#include "agent/why.h"

struct cluster {
    struct list brokers;
    struct map settings, secrets;
    struct broker_plan plan; /* made by cluster_open() */
};

#define CLUSTER_ROW(object, name_, member, type, kind_, ...) \
    {.name = name_, .kind = kind_, .offset = SETTING_MEMBER(object, member, type), __VA_ARGS__}

/* o: the plugin's struct, m: its struct cluster. */
#define CLUSTER_SETTINGS(o, m) \
    CLUSTER_ROW(o, "brokers", m.brokers, struct list, SETTING_LIST, .item = SETTING_TEXT, .required = true, \
                .help = "Addresses to find the cluster by, HOST:PORT.", .example = "[\"k-1:9092\" \"k-2:9092\"]"), \
    CLUSTER_ROW(o, "settings", m.settings, struct map, SETTING_MAP, .item = SETTING_TEXT, \
                .help = "Further settings by librdkafka's own names, such as those for TLS and SASL.", \
                .example = "{ security.protocol = \"sasl_ssl\"  sasl.mechanism = \"PLAIN\"  sasl.username = \"weir\" }"), \
    CLUSTER_ROW(o, "secrets", m.secrets, struct map, SETTING_MAP, .item = SETTING_SECRET, .secret = true, \
                .help = "The same for passwords and keys: what stands here is never printed. Over TLS only, or to loopback.", \
                .example = "{ sasl.password = env(\"KAFKA_PASSWORD\") }")

struct arena;

/* own: what the plugin sets, which `settings` may not name. Fills cluster->plan, whose topics and group are the
 * plugin's. brokers: the port; checks nothing over the network. where: "file:line:column" for messages. */
enum code cluster_open(struct cluster *cluster, const struct broker_setting *own, size_t own_count,
                       const struct brokers *brokers, struct arena *arena, const char *where,
                       struct why *why) CHECK_RESULT;

#endif
