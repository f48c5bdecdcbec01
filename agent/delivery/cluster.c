/* agent/delivery/cluster.c - the settings by which inputs and outputs reach a Kafka cluster.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/delivery/cluster.h"

#include <stdio.h>

#include "agent/data/arena.h"
#include "agent/delivery/endpoint.h"
#include "agent/must.h"

/* What a promise of weir hangs on, or what would let a setting run code. */
static const struct {
    const char *name, *instead;
} refused[] = {
    {"bootstrap.servers", "write it as `brokers`"},
    {"metadata.broker.list", "write it as `brokers`"},
    {"enable.idempotence", "it is always on"},
    {"acks", "it is always all"},
    {"request.required.acks", "it is always all"},
    {"enable.gapless.guarantee", "records go again when a producer fails"},
    {"transactional.id", "weir does not use transactions"},
    {"enable.auto.commit", "offsets are committed when their events are safe"},
    {"enable.auto.offset.store", "offsets are committed when their events are safe"},
    {"group.id", "write it as `group`"},
    {"isolation.level", "it is always read_committed"},
    {"partition.assignment.strategy", "it is always cooperative-sticky"},
    {"enable.partition.eof", "--once needs it"},
    {"plugin.library.paths", "no code is loaded"},
    {"statistics.interval.ms", "the agent reads them itself"},
};

static const char *const secret_names[] = {
    "sasl.password",
    "sasl.oauthbearer.config",
    "sasl.oauthbearer.client.secret",
    "ssl.key.password",
    "ssl.key.pem",
    "ssl.keystore.password",
};

static bool is_secret(struct str name)
{
    for (size_t i = 0; i < COUNT(secret_names); i++)
        if (str_equal(name, str_from(secret_names[i])))
            return true;
    return false;
}

static struct str setting_of(const struct cluster *cluster, const char *name)
{
    for (size_t i = 0; i < cluster->settings.count; i++)
        if (str_equal(cluster->settings.keys[i], str_from(name)))
            return cluster->settings.texts[i];
    return (struct str){0};
}

static enum code name_check(struct str name, const struct broker_setting *own, size_t own_count,
                            const char *where, struct why *why)
{
    for (size_t i = 0; i < COUNT(refused); i++)
        if (str_equal(name, str_from(refused[i].name)))
            return fail(why, BAD_CONFIG, "%s: `%s` cannot be set: %s", where, refused[i].name,
                        refused[i].instead);
    for (size_t i = 0; i < own_count; i++)
        if (str_equal(name, own[i].name))
            return fail(why, BAD_CONFIG,
                        "%s: `%.*s` follows from a setting of this block: set that", where,
                        STR_ARG(name));
    if (str_starts(name, STR("test.")))
        return fail(why, BAD_CONFIG, "%s: `%.*s` is for librdkafka's own tests", where,
                    STR_ARG(str_slice(name, 0, 80)));
    return OK;
}

static bool are_all_loopback(const struct cluster *cluster)
{
    char url[300];
    for (size_t i = 0; i < cluster->brokers.count; i++) {
        snprintf(url, sizeof url, "http://%.*s", STR_ARG(cluster->brokers.texts[i]));
        if (!endpoint_is_loopback(str_from(url)))
            return false;
    }
    return true;
}

/* Without TLS, PLAIN and bearer tokens are readable on the way; SCRAM and Kerberos are not. */
static enum code credentials_check(const struct cluster *cluster, const char *where,
                                   struct why *why)
{
    struct str protocol = setting_of(cluster, "security.protocol");
    struct str mechanism = setting_of(cluster, "sasl.mechanism");
    if (mechanism.len == 0)
        mechanism = setting_of(cluster, "sasl.mechanisms");
    bool is_readable =
        str_equal_case(mechanism, STR("PLAIN")) || str_equal_case(mechanism, STR("OAUTHBEARER"));
    if (str_equal_case(protocol, STR("sasl_plaintext")) && is_readable &&
        !are_all_loopback(cluster))
        return fail(why, BAD_CONFIG,
                    "%s: credentials would travel readable: set security.protocol = \"sasl_ssl\" "
                    "(sasl_plaintext with %.*s is for loopback only)",
                    where, STR_ARG(mechanism));
    return OK;
}

static enum code names_check(const struct cluster *cluster, const struct broker_setting *own,
                             size_t own_count, const char *where, struct why *why)
{
    enum code code = OK;
    for (size_t i = 0; i < cluster->settings.count && code == OK; i++) {
        struct str name = cluster->settings.keys[i];
        code = name_check(name, own, own_count, where, why);
        if (code == OK && is_secret(name))
            code = fail(why, BAD_CONFIG, "%s: `%.*s` is a secret: write it in `secrets`", where,
                        STR_ARG(name));
    }
    for (size_t i = 0; i < cluster->secrets.count && code == OK; i++) {
        struct str name = cluster->secrets.keys[i];
        if (!is_secret(name))
            code = fail(why, BAD_CONFIG, "%s: `%.*s` is no secret: write it in `settings`", where,
                        STR_ARG(str_slice(name, 0, 80)));
    }
    return code;
}

/* "k-1:9092,k-2:9092" */
static struct str brokers_join(const struct cluster *cluster, struct arena *arena)
{
    size_t len = 0;
    for (size_t i = 0; i < cluster->brokers.count; i++)
        len += cluster->brokers.texts[i].len + 1;
    char *joined = arena_take(arena, len), *end = joined;
    for (size_t i = 0; joined && i < cluster->brokers.count; i++) {
        struct str broker = cluster->brokers.texts[i];
        memcpy(end, broker.at, broker.len);
        end += broker.len;
        *end++ = ',';
    }
    return joined ? (struct str){joined, len - 1} : (struct str){0};
}

static void copy_map(const struct map *map, bool is_secret_map, struct broker_setting **to)
{
    for (size_t i = 0; i < map->count; i++)
        *(*to)++ = (struct broker_setting){
            .name = map->keys[i], .value = map->texts[i], .is_secret = is_secret_map};
}

enum code cluster_open(struct cluster *cluster, const struct broker_setting *own, size_t own_count,
                       const struct brokers *brokers, struct arena *arena, const char *where,
                       struct why *why)
{
    size_t count = 1 + own_count + cluster->settings.count + cluster->secrets.count;
    if (cluster->brokers.count == 0)
        return fail(why, BAD_CONFIG, "%s: `brokers` names no broker", where);
    enum code code = names_check(cluster, own, own_count, where, why);
    if (code == OK)
        code = credentials_check(cluster, where, why);
    if (code != OK)
        return code;
    struct broker_setting *all = arena_take(arena, count * sizeof *all), *end = all;
    struct str servers = brokers_join(cluster, arena);
    if (!all || !servers.at)
        return fail(why, OVER_LIMIT, "%s: no memory for the settings", where);
    *end++ = (struct broker_setting){.name = STR("bootstrap.servers"), .value = servers};
    for (size_t i = 0; i < own_count; i++)
        *end++ = own[i];
    copy_map(&cluster->settings, false, &end);
    copy_map(&cluster->secrets, true, &end);
    cluster->plan.settings = all;
    cluster->plan.count = count;
    struct why wrong;
    if (brokers && !brokers->check(brokers->self, &cluster->plan, &wrong))
        return fail(why, BAD_CONFIG, "%s: %s", where, wrong.text);
    return OK;
}
