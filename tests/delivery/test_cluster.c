/* tests/delivery/test_cluster.c - mirrors agent/delivery/cluster.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/delivery/cluster.c"

#include "tests/check.h"

static struct arena arena;

struct pairs {
    const char *names[4], *values[4];
};

static struct map map_of(const struct pairs *pairs)
{
    struct map map = {0};
    map.keys = arena_take(&arena, 4 * sizeof *map.keys);
    map.texts = arena_take(&arena, 4 * sizeof *map.texts);
    for (; map.count < 4 && pairs->names[map.count]; map.count++) {
        map.keys[map.count] = str_from(pairs->names[map.count]);
        map.texts[map.count] = str_from(pairs->values[map.count]);
    }
    return map;
}

static enum code open_with(struct cluster *cluster, const char *broker,
                           const struct pairs *settings, const struct pairs *secrets,
                           struct why *why)
{
    const struct broker_setting own[] = {{.name = STR("compression.codec"), .value = STR("zstd")}};
    static struct str brokers[2];
    brokers[0] = str_from(broker);
    brokers[1] = STR("127.0.0.1:9093");
    *cluster = (struct cluster){.brokers = {.count = 2, .texts = brokers}};
    cluster->settings = map_of(settings);
    cluster->secrets = map_of(secrets);
    return cluster_open(cluster, own, 1, NULL, &arena, "pipeline.conf:3:1", why);
}

static void everything_stands_in_the_plan_and_secrets_are_marked(void)
{
    struct cluster cluster;
    struct why why;
    const struct pairs settings = {{"security.protocol"}, {"sasl_ssl"}},
                       secrets = {{"sasl.password"}, {"hunter2"}};
    arena_init(&arena, 4096, 1 << 16);
    CHECK_OK(open_with(&cluster, "k-1:9092", &settings, &secrets, &why), why);
    CHECK_EQ(cluster.plan.count, 4);
    CHECK_TEXT(cluster.plan.settings[0].value, "k-1:9092,127.0.0.1:9093");
    CHECK_TEXT(cluster.plan.settings[1].name, "compression.codec");
    CHECK_TEXT(cluster.plan.settings[2].name, "security.protocol");
    CHECK(!cluster.plan.settings[2].is_secret);
    CHECK_TEXT(cluster.plan.settings[3].value, "hunter2");
    CHECK(cluster.plan.settings[3].is_secret);
    arena_clear(&arena);
}

static void what_a_promise_hangs_on_cannot_be_set(void)
{
    static const struct {
        const char *broker;
        struct pairs settings, secrets;
        const char *words; /* null: it is fine */
    } cases[] = {
        {"k:1",
         {{"enable.idempotence"}, {"false"}},
         {{0}, {0}},
         "`enable.idempotence` cannot be set"},
        {"k:1", {{"group.id"}, {"x"}}, {{0}, {0}}, "write it as `group`"},
        {"k:1", {{"plugin.library.paths"}, {"/x.so"}}, {{0}, {0}}, "no code is loaded"},
        {"k:1", {{"test.mock.num.brokers"}, {"3"}}, {{0}, {0}}, "librdkafka's own tests"},
        {"k:1",
         {{"compression.codec"}, {"gzip"}},
         {{0}, {0}},
         "follows from a setting of this block"},
        {"k:1", {{"sasl.password"}, {"hunter2"}}, {{0}, {0}}, "write it in `secrets`"},
        {"k:1", {{0}, {0}}, {{"linger.ms"}, {"5"}}, "`linger.ms` is no secret"},
        {"k:1",
         {{"security.protocol", "sasl.mechanism"}, {"sasl_plaintext", "PLAIN"}},
         {{0}, {0}},
         "credentials would travel readable"},
        {"k:1",
         {{"security.protocol", "sasl.mechanism"}, {"sasl_plaintext", "SCRAM-SHA-256"}},
         {{0}, {0}},
         NULL},
        {"127.0.0.1:9",
         {{"security.protocol", "sasl.mechanism"}, {"sasl_plaintext", "PLAIN"}},
         {{0}, {0}},
         NULL},
        {"k:1", {{"linger.ms"}, {"50"}}, {{0}, {0}}, NULL},
    };
    arena_init(&arena, 4096, 1 << 16);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct cluster cluster;
        struct why why = {0};
        enum code code =
            open_with(&cluster, cases[i].broker, &cases[i].settings, &cases[i].secrets, &why);
        CHECK_EQ(code, cases[i].words ? BAD_CONFIG : OK);
        CHECK(!cases[i].words || strstr(why.text, cases[i].words));
        CHECK(!cases[i].words || strstr(why.text, "pipeline.conf:3:1: "));
        CHECK(!strstr(why.text, "hunter2"));
    }
    arena_clear(&arena);
}

static void a_list_without_brokers_is_a_mistake(void)
{
    struct cluster cluster = {0};
    struct why why;
    CHECK_EQ(cluster_open(&cluster, NULL, 0, NULL, &arena, "p:1:1", &why), BAD_CONFIG);
    CHECK(strstr(why.text, "`brokers` names no broker"));
}

CHECK_MAIN(TEST(everything_stands_in_the_plan_and_secrets_are_marked),
           TEST(what_a_promise_hangs_on_cannot_be_set), TEST(a_list_without_brokers_is_a_mistake))
