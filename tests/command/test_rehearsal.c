/* tests/command/test_rehearsal.c - mirrors agent/command/rehearsal.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/command/rehearsal.c"

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

static void a_setting_that_the_kafka_library_does_not_know_is_told_at_both_ends(void)
{
    if (!brokers_real())
        skip(); /* built without librdkafka */
    const char *said = trial_says(
        "input kafka { brokers = [\"k:1\"] topics = [\"t\"] settings = { fetch.wait = \"1\" } }\n"
        "output kafka { brokers = [\"k:1\"] topic = \"t\" settings = { linger = \"1\" } }\n");
    CHECK(strstr(said, "-e:1:"));
    CHECK(strstr(said, "error: librdkafka has no setting \"fetch.wait\""));
    CHECK(strstr(said, "-e:2:"));
    CHECK(strstr(said, "error: librdkafka has no setting \"linger\""));
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
           TEST(a_setting_that_the_kafka_library_does_not_know_is_told_at_both_ends),
           TEST(no_secret_is_printed))
