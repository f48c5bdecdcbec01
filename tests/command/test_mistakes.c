/* tests/command/test_mistakes.c - mistakes that only plugins, memory and files can know, as `agent
 * check` tells them: golden files (tests/golden.h). SPDX-License-Identifier: Apache-2.0
 */
#include "tests/command/trial.h"
#include "tests/golden.h"

static struct str told_of(const char *conf)
{
    char text[256];
    snprintf(text, sizeof text, "include \"%s\"", conf);
    return str_from(trial_says(text));
}

static void every_mistake_is_told_with_what_to_do(void)
{
    if (!brokers_real())
        skip(); /* built without librdkafka: it says something else of Kafka */
    unsetenv("HONEYCOMB_API_KEY");
    golden_check(TESTS_DIR "/command/mistakes", 10, told_of);
}

CHECK_MAIN(TEST(every_mistake_is_told_with_what_to_do))
