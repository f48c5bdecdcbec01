/* tests/data/test_encode_slot.c - mirrors agent/data/encode_slot.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/data/encode_slot.c"

#include "tests/data/fixture.h"

struct spelling {
    const char *line, *want;
};

static void check_table(const struct spelling *cases, size_t count, enum naming naming)
{
    for (size_t i = 0; i < count; i++) {
        struct event event = scanned(cases[i].line);
        CHECK_TEXT(encoded(&event, naming), cases[i].want);
    }
}

static void integers_become_numbers_whatever_their_spelling(void)
{
    static const struct spelling cases[] = {
        {"{\"responseLength\":\"1775\"}", "{\"http.response.body.bytes\":1775}"},
        {"{\"responseLength\":1775}", "{\"http.response.body.bytes\":1775}"},
        {"{\"responseLength\":\"0012\"}", "{\"http.response.body.bytes\":12}"},
        {"{\"responseLength\":1.5e3}", "{\"http.response.body.bytes\":1500}"},
        {"{\"responseLength\":0}", "{\"http.response.body.bytes\":0}"},
        {"{\"responseLength\":999999999999999999}",
         "{\"http.response.body.bytes\":999999999999999999}"},
        {"{\"memorySizeMB\":512}", "{\"memorySizeMB\":512}"},
        {"{\"faas.max_memory\":536870912}", "{\"aws.lambda.metrics.memory_size_mb\":512}"},
    };
    check_table(cases, COUNT(cases), NAMES_ECS);
}

static void durations_are_ns_in_ecs_and_ms_elsewhere(void)
{
    static const struct spelling ecs[] = {
        {"{\"durationMs\":30.852}", "{\"event.duration\":30852000,\"event.outcome\":\"success\"}"},
        {"{\"duration_seconds\":\"2\"}",
         "{\"event.duration\":2000000000,\"event.outcome\":\"success\"}"},
        {"{\"event.duration\":7}", "{\"event.duration\":7,\"event.outcome\":\"success\"}"},
    };
    static const struct spelling otel[] = {
        {"{\"durationMs\":30.8520}", "{\"duration_ms\":30.8520}"},
        {"{\"duration_seconds\":\"2.5\"}", "{\"duration_ms\":2500}"},
        {"{\"event.duration\":7}", "{\"duration_ms\":7e-06}"},
    };
    check_table(ecs, COUNT(ecs), NAMES_ECS);
    check_table(otel, COUNT(otel), NAMES_OTEL);
}

static void levels_are_lower_case_in_ecs(void)
{
    static const struct spelling cases[] = {
        {"{\"level\":\"WARNING\"}", "{\"log.level\":\"warning\",\"event.severity\":13}"},
        {"{\"level\":50}",
         "{\"log.level\":\"error\",\"event.severity\":17,\"event.outcome\":\"failure\"}"},
    };
    check_table(cases, COUNT(cases), NAMES_ECS);
}

static void frames_become_lines_and_quoted_numbers_keep_their_spelling(void)
{
    static const struct spelling cases[] = {
        {"{\"stackTrace\":[\"at a\",1,\"at \\\"b\\\"\"]}",
         "{\"exception.stacktrace\":\"at a\\n1\\nat \\\"b\\\"\",\"error\":true}"},
        {"{\"aws.lambda.metrics.duration_ms\":\"1.50\"}",
         "{\"aws.lambda.metrics.duration_ms\":1.50}"},
        {"{\"faas.coldstart\":\"true\"}", "{\"faas.coldstart\":true}"},
    };
    check_table(cases, COUNT(cases), NAMES_OTEL);
}

CHECK_MAIN(TEST(integers_become_numbers_whatever_their_spelling),
           TEST(durations_are_ns_in_ecs_and_ms_elsewhere), TEST(levels_are_lower_case_in_ecs),
           TEST(frames_become_lines_and_quoted_numbers_keep_their_spelling))
