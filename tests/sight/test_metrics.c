/* tests/sight/test_metrics.c - mirrors agent/sight/metrics.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/sight/metrics.c"

#include "tests/data/fixture.h"

static struct buffer text;

static void begin(void)
{
    if (!text.max)
        buffer_init(&text, 1 << 20);
    buffer_reset(&text);
}

static void check_has(const char *line)
{
    if (str_find_str(buffer_str(&text), str_from(line)) != SIZE_MAX)
        return;
    print_error("no \"%s\" in\n%.*s\n", line, STR_ARG(buffer_str(&text)));
    CHECK(false);
}

static size_t times(const char *line)
{
    struct str rest = buffer_str(&text);
    size_t count = 0, at;
    while ((at = str_find_str(rest, str_from(line))) != SIZE_MAX) {
        rest = str_skip(rest, at + 1);
        count++;
    }
    return count;
}

static void label_values_are_escaped_and_cut(void)
{
    char longest[300];
    begin();
    label_value(&text, STR("a\"b\\c\nd\te"));
    CHECK_TEXT(buffer_str(&text), "a\\\"b\\\\c\\nd?e");
    begin();
    memset(longest, 'x', sizeof longest);
    label_value(&text, (struct str){longest, sizeof longest});
    CHECK_EQ(text.len, 200);
}

static void label_values_are_utf8_whatever_they_came_from(void)
{
    char longest[201];
    begin();
    label_value(&text, STR("caf\xC3\xA9 \xFF\xFE!"));
    CHECK_TEXT(buffer_str(&text), "caf\xC3\xA9 \xEF\xBF\xBD\xEF\xBF\xBD!");
    begin();
    memset(longest, 'x', sizeof longest);
    memcpy(longest + 199, "\xC3\xA9", 2); /* the cut goes through it */
    label_value(&text, (struct str){longest, sizeof longest});
    CHECK_EQ(utf8_valid(buffer_str(&text)), text.len);
    CHECK_EQ(text.len, 199 + 3);
}

static void the_ledger_is_told_by_name_and_a_hole_in_it_shows(void)
{
    struct str inputs[] = {STR("tail"), STR("odd\"one")}, outputs[] = {STR("es")};
    struct input_totals in[] = {{.bytes = 100, .lines = 7, .events = 5, .blank = 2},
                                {.cut_bytes = 9}};
    struct output_totals out[] = {{.in = 20,
                                   .delivered = 6,
                                   .sampled_out = 5,
                                   .dropped = 1,
                                   .dead_lettered = 1,
                                   .held = 3,
                                   .in_flight = 2}};
    const struct ledger ledger = {inputs, outputs, in, out, 2, 1};
    begin();
    write_inputs(&ledger, &text);
    write_outcomes(&ledger, &text);
    write_gauges(&ledger, &text);
    check_has(
        "# TYPE weir_input_bytes_total counter\nweir_input_bytes_total{input=\"tail\"} 100\n");
    check_has("\nweir_input_events_total{input=\"tail\"} 5\n");
    check_has("\nweir_input_cut_bytes_total{input=\"odd\\\"one\"} 9\n");
    check_has("\nweir_output_events_total{output=\"es\",outcome=\"delivered\"} 6\n");
    check_has("\nweir_output_events_total{output=\"es\",outcome=\"abandoned\"} 0\n");
    check_has("\nweir_output_held_events{output=\"es\"} 3\n");
    check_has("\nweir_output_in_flight_events{output=\"es\"} 2\n");
    check_has("\nweir_ledger_imbalance_events{output=\"es\"} 2\n");
    CHECK_EQ(times("# HELP weir_input_lines_total "), 1);
    out[0].queued = 5;
    begin();
    write_gauges(&ledger, &text);
    check_has("\nweir_ledger_imbalance_events{output=\"es\"} -3\n");
}

static void a_family_of_several_counters_is_told_once_with_all_its_samples(void)
{
    struct counter last = {"filter", "misses", "Misses.", STR("b"), 3, NULL};
    struct counter other = {"output", "misses", "Misses.", STR("c"), 2, &last};
    struct counter first = {"filter", "misses", "Misses.", STR("a"), 1, &other};
    begin();
    write_counters(&first, &text);
    CHECK_TEXT(buffer_str(&text), "# HELP weir_filter_misses_total Misses.\n"
                                  "# TYPE weir_filter_misses_total counter\n"
                                  "weir_filter_misses_total{filter=\"a\"} 1\n"
                                  "weir_filter_misses_total{filter=\"b\"} 3\n"
                                  "# HELP weir_output_misses_total Misses.\n"
                                  "# TYPE weir_output_misses_total counter\n"
                                  "weir_output_misses_total{output=\"c\"} 2\n");
}

static void functions_are_told_with_histograms_whose_buckets_add_up(void)
{
    struct functions *functions = functions_make();
    MUST(functions);
    static const char *const lines[] = {
        "{\"faas.name\":\"f\",\"duration_ms\":30,\"aws.lambda.metrics.init_duration_ms\":200,"
        "\"aws.lambda.metrics.max_memory_used_mb\":2}",
        "{\"faas.name\":\"f\",\"duration_ms\":20000}"};
    for (size_t i = 0; i < COUNT(lines); i++) {
        struct event event = scanned(lines[i]);
        event.flags |= EVENT_ENDS_INVOCATION;
        functions_count(functions, &event, &fix.arena);
    }
    begin();
    write_functions(functions, &text);
    check_has("\nfaas_invocations_total{faas_name=\"f\"} 2\n");
    check_has("\nfaas_errors_total{faas_name=\"f\"} 0\n");
    check_has("\nfaas_coldstarts_total{faas_name=\"f\"} 1\n");
    check_has("\nfaas_mem_usage_bytes{faas_name=\"f\"} 2097152\n");
    check_has("\nfaas_invoke_duration_seconds_bucket{faas_name=\"f\",le=\"0.025\"} 0\n");
    check_has("\nfaas_invoke_duration_seconds_bucket{faas_name=\"f\",le=\"0.05\"} 1\n");
    check_has("\nfaas_invoke_duration_seconds_bucket{faas_name=\"f\",le=\"10\"} 1\n");
    check_has("\nfaas_invoke_duration_seconds_bucket{faas_name=\"f\",le=\"+Inf\"} 2\n");
    check_has("\nfaas_invoke_duration_seconds_sum{faas_name=\"f\"} 20.03\n");
    check_has("\nfaas_invoke_duration_seconds_count{faas_name=\"f\"} 2\n");
    check_has("\nfaas_init_duration_seconds_count{faas_name=\"f\"} 1\n");
    CHECK_EQ(times("# TYPE faas_invoke_duration_seconds histogram\n"), 1);
    functions_free(functions);
}

CHECK_MAIN(TEST(label_values_are_escaped_and_cut),
           TEST(label_values_are_utf8_whatever_they_came_from),
           TEST(the_ledger_is_told_by_name_and_a_hole_in_it_shows),
           TEST(a_family_of_several_counters_is_told_once_with_all_its_samples),
           TEST(functions_are_told_with_histograms_whose_buckets_add_up))
