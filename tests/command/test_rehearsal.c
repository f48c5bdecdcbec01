/* tests/command/test_rehearsal.c - mirrors agent/command/rehearsal.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/command/rehearsal.c"

#include "agent/command/manual.h"
#include "tests/command/trial.h"

static void what_is_well_is_said_nothing_about(void)
{
    CHECK_TEXT(str_from(trial_says("input stdin { filter parse { } } filter trace { }\n"
                                   "filter sample { rate = 1 }\n"
                                   "output elasticsearch { retention = 30d }\n")),
               "");
}

static void every_plugin_tells_its_own_mistake_where_it_stands(void)
{
    const char *said = trial_says("input tail { path = [\"\"] }\n"
                                  "filter sample { rate = 1 salt = \"x\" hash = otel }\n"
                                  "branch { output file { path = \"/tmp/\" } }\n"
                                  "output elasticsearch \"a\" {\n  cert = \"c\"\n}\n"
                                  "output elasticsearch \"b\" { index = \"UPPER\" }\n");
    CHECK(strstr(said, "-e:1:21: error: an empty text in `path` names no file"));
    CHECK(strstr(said, "-e:2:1: error: salt and hash = otel do not go together"));
    CHECK(strstr(said, "-e:3:31: error: `path` \"/tmp/\" is a directory"));
    CHECK(strstr(said, "-e:5:10: error: `cert` is set, `cert_key` is not"));
    CHECK(strstr(said, "-e:7:36: error: `index` would give \"UPPER\": it must be in lower case"));
}

static void an_event_without_the_field_has_the_default_dataset(void)
{
    struct trial trial;
    const struct event bare = {0};
    struct buffer name;
    buffer_init(&name, 256);
    trial_begin(&trial,
                "input stdin { } output honeycomb { key = \"0123456789abcdef0123456789abcdef\" "
                "url = \"http://127.0.0.1:1\" }");
    const struct drain *drain = &trial.rehearsal.pipeline.drains[0];
    drain->plugin->target(drain->self, &bare, &name, &trial.arena);
    CHECK_TEXT(buffer_str(&name), "unknown_dataset");
    trial_end(&trial);
    buffer_clear(&name);
}

static void a_plugin_tells_all_its_mistakes_at_once(void)
{
    const char *said = trial_says("input stdin { }\n"
                                  "output elasticsearch { url = \"ftp://x\"\n"
                                  "  cert = \"c\"\n"
                                  "  index = \"UPPER\"\n"
                                  "  headers = { \"a b\" = \"c\" }\n"
                                  "}\n");
    CHECK(strstr(said, "-e:2:30: error: `url` \"ftp://x\" should start with https://"));
    CHECK(strstr(said, "-e:3:10: error: `cert` is set, `cert_key` is not"));
    CHECK(strstr(said, "-e:4:11: error: `index` would give \"UPPER\""));
    CHECK(strstr(said, "-e:5:13: error: `headers` has an entry (a b)"));
    said = trial_says("input stdin { } output http { url = \"ftp://x\" path = \"x\" }");
    CHECK(strstr(said, "error: `url`") && strstr(said, "error: `path` should begin with a slash"));
    CHECK(!strstr(said, "is empty"));
}

static void a_map_tells_all_its_wrong_entries_at_once(void)
{
    if (!brokers_real())
        skip(); /* built without librdkafka */
    const char *said =
        trial_says("input stdin { } output kafka { brokers = [\"k:1\"] topic = \"t\" settings "
                   "= { acks = \"1\" enable.idempotence = \"false\" sasl.password = \"x\" } }");
    CHECK(strstr(said, "-e:1:82: error: `acks` cannot be set: it is always all"));
    CHECK(strstr(said, "`enable.idempotence` cannot be set: it is always on"));
    CHECK(strstr(said, "`sasl.password` is a secret: write it in `secrets`"));
}

static void what_the_environment_will_bring_is_no_mistake_yet(void)
{
    static const char *const texts[] = {
        "input stdin { } output honeycomb { key = env(\"WEIR_TEST_UNSET\") }",
        "let $key = env(\"WEIR_TEST_UNSET\") input stdin { } output honeycomb { key = $key }",
        "input stdin { } output http { url = [env(\"WEIR_TEST_UNSET\")] }",
    };
    for (size_t i = 0; i < COUNT(texts); i++) {
        const char *said = trial_says(texts[i]);
        CHECK(strstr(said, "warning: the environment has no WEIR_TEST_UNSET"));
        CHECK(!strstr(said, "error"));
    }
    CHECK(strstr(trial_says("input stdin { } output honeycomb { key = env(\"X\", \"\") }"),
                 "error: `key`: it is empty"));
}

/* The block between the fences of a plugin's section in the reference. */
static void check_smallest(enum node_kind kind, struct plugin plugin)
{
    const struct manual manual = {.kind = kind,
                                  .name = plugin.name,
                                  .summary = plugin.summary,
                                  .settings = plugin.settings,
                                  .when_required = plugin.when_required};
    struct buffer page;
    char text[1024];
    buffer_init(&page, 1 << 20);
    manual_markdown(&page, &manual);
    struct str block = str_cut_str(buffer_str(&page), STR("```\n")).tail;
    block = str_cut_str(block, STR("```")).head;
    snprintf(text, sizeof text, "%s%.*s%s", kind == NODE_INPUT ? "" : "input stdin { }\n",
             STR_ARG(block), kind == NODE_OUTPUT ? "" : "output discard { }");
    const char *said = trial_says(text);
    if (strstr(said, "error"))
        print_error("%s\n%s", text, said);
    CHECK(!strstr(said, "error"));
    buffer_clear(&page);
}

static void the_smallest_block_that_the_manual_shows_is_whole(void)
{
    const struct plugin_lists lists = {builtin_inputs, builtin_filters, builtin_outputs};
    static const enum node_kind kinds[] = {NODE_INPUT, NODE_FILTER, NODE_OUTPUT};
    for (size_t i = 0; i < COUNT(kinds); i++)
        for (size_t j = 0; plugin_at(&lists, kinds[i], j).name; j++)
            check_smallest(kinds[i], plugin_at(&lists, kinds[i], j));
}

static void a_setting_that_the_kafka_library_does_not_know_is_told_at_both_ends(void)
{
    if (!brokers_real())
        skip(); /* built without librdkafka */
    const char *said = trial_says(
        "input kafka { brokers = [\"k:1\"] topics = [\"t\"] settings = { fetch.wait = \"1\" } }\n"
        "output kafka { brokers = [\"k:1\"] topic = \"t\" settings = { linger = \"1\" } }\n");
    CHECK(strstr(said, "-e:1:"));
    CHECK(strstr(said, "error: librdkafka has no setting `fetch.wait`"));
    CHECK(strstr(said, "-e:2:"));
    CHECK(strstr(said, "error: librdkafka has no setting `linger`"));
    CHECK_TEXT(str_from(trial_says("input kafka { brokers = [\"k:1\"] topics = [\"t\"] }\n"
                                   "output discard { }\n")),
               "");
}

static void no_secret_is_printed(void)
{
    const char *said = trial_says("input stdin { } output elasticsearch { url = [\"http://far:1\"] "
                                  "api_key = \"c2VjcmV0\" }");
    CHECK(strstr(said, "error: credentials would travel readable"));
    CHECK(!strstr(said, "c2VjcmV0"));
}

CHECK_MAIN(TEST(what_is_well_is_said_nothing_about),
           TEST(every_plugin_tells_its_own_mistake_where_it_stands),
           TEST(an_event_without_the_field_has_the_default_dataset),
           TEST(a_plugin_tells_all_its_mistakes_at_once),
           TEST(a_map_tells_all_its_wrong_entries_at_once),
           TEST(what_the_environment_will_bring_is_no_mistake_yet),
           TEST(the_smallest_block_that_the_manual_shows_is_whole),
           TEST(a_setting_that_the_kafka_library_does_not_know_is_told_at_both_ends),
           TEST(no_secret_is_printed))
