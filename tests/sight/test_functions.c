/* tests/sight/test_functions.c - mirrors agent/sight/functions.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/sight/functions.c"

#include "tests/data/fixture.h"

static struct functions *made(void)
{
    struct functions *functions = functions_make();
    MUST(functions);
    return functions;
}

static void count_line(struct functions *functions, const char *line, unsigned flags)
{
    struct event event = scanned(line);
    event.flags |= (uint16_t)flags;
    functions_count(functions, &event, &fix.arena);
}

static void keep_line(struct functions *functions, const char *line, unsigned flags,
                      unsigned output, uint32_t weight)
{
    struct event event = scanned(line);
    event.flags |= (uint16_t)flags;
    event.weight = weight;
    functions_kept(functions, &event, output, &fix.arena);
}

static const struct function *function_named(const struct functions *functions, const char *name)
{
    const struct function *const *list;
    size_t count = functions_list(functions, &list);
    for (size_t i = 0; i < count; i++)
        if (str_equal(list[i]->name, str_from(name)))
            return list[i];
    CHECK(false);
    return NULL;
}

static void a_report_counts_an_invocation_with_all_its_figures(void)
{
    struct functions *functions = made();
    count_line(functions, "{\"faas.name\":\"pay\",\"message\":\"hello\"}", EVENT_PLATFORM);
    count_line(functions,
               "{\"faas.name\":\"pay\",\"faas.invocation_id\":\"i1\",\"duration_ms\":120.5,"
               "\"aws.lambda.metrics.billed_duration_ms\":121,"
               "\"aws.lambda.metrics.init_duration_ms\":250,\"faas.max_memory\":268435456,"
               "\"aws.lambda.metrics.max_memory_used_mb\":90}",
               EVENT_ENDS_INVOCATION);
    count_line(functions,
               "{\"faas.name\":\"pay\",\"faas.invocation_id\":\"i2\",\"duration_ms\":3000,"
               "\"aws.lambda.metrics.billed_duration_ms\":3000,\"aws.lambda.status\":\"timeout\","
               "\"aws.lambda.metrics.max_memory_used_mb\":80}",
               EVENT_ENDS_INVOCATION | EVENT_FAILED);
    const struct function *pay = function_named(functions, "pay");
    CHECK_EQ(pay->lines, 3);
    CHECK_EQ(pay->invocations, 2);
    CHECK_EQ(pay->errors, 1);
    CHECK_EQ(pay->cold_starts, 1);
    CHECK_EQ(pay->timeouts, 1);
    CHECK_EQ(pay->billed_ms, 3121);
    CHECK_EQ(pay->memory_used_mb, 90);
    CHECK_EQ(pay->memory_size_mb, 256);
    CHECK_EQ(pay->duration.count, 2);
    CHECK_EQ(pay->duration.sum_ns, 3120500000);
    CHECK_EQ(pay->init.count, 1);
    CHECK_EQ(pay->init.sum_ns, 250000000);
    functions_free(functions);
}

static void errors_in_any_lines_of_an_invocation_fail_it_once(void)
{
    struct functions *functions = made();
    const char *bad = "{\"faas.name\":\"f\",\"faas.invocation_id\":\"a\",\"level\":\"error\"}";
    const char *good = "{\"faas.name\":\"f\",\"faas.invocation_id\":\"b\",\"level\":\"info\"}";
    count_line(functions, bad, EVENT_FAILED);
    count_line(functions, good, 0);
    count_line(functions, bad, EVENT_FAILED);
    count_line(functions, good, EVENT_ENDS_INVOCATION);
    CHECK_EQ(function_named(functions, "f")->errors, 0);
    count_line(functions, "{\"faas.name\":\"f\",\"faas.invocation_id\":\"a\"}",
               EVENT_ENDS_INVOCATION);
    CHECK_EQ(function_named(functions, "f")->errors, 1);
    count_line(functions, "{\"faas.name\":\"f\",\"faas.invocation_id\":\"a\"}",
               EVENT_ENDS_INVOCATION); /* the id was forgotten with its end */
    CHECK_EQ(function_named(functions, "f")->errors, 1);
    count_line(functions, "{\"faas.name\":\"f\"}", EVENT_ENDS_INVOCATION | EVENT_FAILED);
    CHECK_EQ(function_named(functions, "f")->errors, 2);
    CHECK_EQ(function_named(functions, "f")->invocations, 4);
    functions_free(functions);
}

static void names_behind_the_last_that_has_room_are_other(void)
{
    struct functions *functions = made();
    char line[64];
    for (int i = 1; i <= FUNCTIONS_MAX + 10; i++) {
        snprintf(line, sizeof line, "{\"faas.name\":\"f%d\"}", i);
        count_line(functions, line, EVENT_ENDS_INVOCATION);
    }
    count_line(functions, "{\"faas.name\":\"f1\"}", EVENT_ENDS_INVOCATION);
    const struct function *const *list;
    CHECK_EQ(functions_list(functions, &list), FUNCTIONS_MAX);
    CHECK_TEXT(list[FUNCTIONS_MAX - 2]->name, "f255");
    CHECK_TEXT(list[FUNCTIONS_MAX - 1]->name, "other");
    CHECK_EQ(list[FUNCTIONS_MAX - 1]->invocations, 11);
    CHECK_EQ(list[0]->invocations, 2);
    functions_free(functions);
}

static void what_is_kept_is_counted_for_each_output_with_its_weight(void)
{
    struct functions *functions = made();
    keep_line(functions, "{\"faas.name\":\"f\"}", 0, 0, 10);
    keep_line(functions, "{\"faas.name\":\"f\"}", EVENT_ENDS_INVOCATION, 0, 10);
    keep_line(functions, "{\"faas.name\":\"f\"}", EVENT_ENDS_INVOCATION, 0, 0);
    keep_line(functions, "{\"faas.name\":\"f\"}", EVENT_ENDS_INVOCATION, OUTPUTS_MAX - 1, 3);
    const struct function *f = function_named(functions, "f");
    CHECK_EQ(f->kept[0].lines, 3);
    CHECK_EQ(f->kept[0].invocations, 2);
    CHECK_EQ(f->kept[0].weight, 11);
    CHECK_EQ(f->kept[1].lines, 0);
    CHECK_EQ(f->kept[OUTPUTS_MAX - 1].lines, 1);
    CHECK_EQ(f->kept[OUTPUTS_MAX - 1].weight, 3);
    CHECK_EQ(f->invocations, 0); /* that is what was counted before sampling */
    functions_free(functions);
}

static void a_service_stands_in_for_a_function_and_lines_of_neither_are_passed_over(void)
{
    struct functions *functions = made();
    const struct function *const *list;
    count_line(functions, "{\"service.name\":\"shop\"}", 0);
    count_line(functions, "{\"service.name\":\"shop\",\"faas.name\":\"f\"}", 0);
    count_line(functions, "{\"message\":\"x\"}", EVENT_ENDS_INVOCATION);
    count_line(functions, "{\"faas.name\":\"\"}", EVENT_ENDS_INVOCATION);
    CHECK_EQ(functions_list(functions, &list), 2);
    CHECK_EQ(function_named(functions, "shop")->lines, 1);
    CHECK_EQ(function_named(functions, "f")->lines, 1);
    functions_free(functions);
    functions_free(NULL);
}

CHECK_MAIN(TEST(a_report_counts_an_invocation_with_all_its_figures),
           TEST(errors_in_any_lines_of_an_invocation_fail_it_once),
           TEST(names_behind_the_last_that_has_room_are_other),
           TEST(what_is_kept_is_counted_for_each_output_with_its_weight),
           TEST(a_service_stands_in_for_a_function_and_lines_of_neither_are_passed_over))
