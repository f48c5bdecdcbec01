/* tests/state/test_ledger.c - mirrors agent/state/ledger.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/state/ledger.c"

#include <jansson.h>

#include "tests/check.h"

static struct str input_names[] = {{"functions", 9}};
static struct str output_names[] = {{"everything", 10}, {"a \"sample\"", 10}};

static struct ledger ledger_of(struct input_totals *in, struct output_totals *out)
{
    return (struct ledger){input_names, output_names, in, out, 1, 2};
}

static void the_json_is_the_documented_object(void)
{
    struct input_totals in = {.bytes = 100, .lines = 5, .events = 4, .joined = 1};
    struct output_totals out[2] = {{.in = 4, .delivered = 4},
                                   {.in = 4, .sampled_out = 3, .held = 1}};
    struct ledger ledger = ledger_of(&in, out);
    struct buffer text;
    buffer_init(&text, 1 << 16);
    ledger_write_json(&ledger, &text);
    CHECK(str_starts(buffer_str(&text),
                     STR("{\"balanced\":true,\"inputs\":{\"functions\":{\"bytes\":100,\"lines\":5,"
                         "\"events\":4,\"joined\":1,\"blank\":0,\"cut_bytes\":0}},\"outputs\":{")));
    json_t *json = json_loadb(text.at, text.len, 0, NULL);
    CHECK(json != NULL);
    json_t *sample = json_object_get(json_object_get(json, "outputs"), "a \"sample\"");
    CHECK_EQ(json_object_size(sample), 10);
    CHECK_EQ(json_integer_value(json_object_get(sample, "sampled_out")), 3);
    CHECK_EQ(json_integer_value(json_object_get(sample, "in_flight")), 0);
    json_decref(json);
    buffer_clear(&text);
}

static void one_missing_event_unbalances_it(void)
{
    struct input_totals in = {0};
    struct output_totals out[2] = {{.in = 4, .delivered = 4}, {.in = 4, .dropped = 3}};
    struct ledger ledger = ledger_of(&in, out);
    CHECK(!ledger_is_balanced(&ledger));
    out[1].evicted = 1;
    CHECK(ledger_is_balanced(&ledger));
    CHECK_EQ(ledger_failed(&ledger), 1);
    CHECK_EQ(ledger_open(&ledger), 0);
    out[1] = (struct output_totals){.in = 6, .held = 1, .queued = 2, .in_flight = 3};
    CHECK_EQ(ledger_failed(&ledger), 0);
    CHECK_EQ(ledger_open(&ledger), 6);
}

static struct str told(struct output_totals *out, struct buffer *text)
{
    static struct input_totals in;
    struct ledger ledger = ledger_of(&in, out);
    buffer_reset(text);
    ledger_write_text(&ledger, text);
    return buffer_str(text);
}

static void people_get_one_line_when_all_is_well(void)
{
    struct buffer text;
    buffer_init(&text, 1 << 16);
    struct output_totals out[2] = {{.in = 15872, .delivered = 15872},
                                   {.in = 15872, .delivered = 1668, .sampled_out = 14204}};
    CHECK_TEXT(told(out, &text),
               "ledger  in 15 872 x 2 outputs = delivered 17 540 + sampled out 14 204 + held 0 + "
               "queued 0 + in flight 0: balanced\n");
    buffer_clear(&text);
}

static void people_see_which_output_is_off(void)
{
    struct buffer text;
    buffer_init(&text, 1 << 16);
    struct output_totals out[2] = {{.in = 3, .delivered = 2, .dead_lettered = 1},
                                   {.in = 2, .delivered = 1}};
    CHECK_TEXT(told(out, &text),
               "ledger  in 5 = delivered 3 + sampled out 0 + dead letters 1 + held 0 + queued 0 + "
               "in flight 0: NOT BALANCED\n"
               "  everything  in 3 = delivered 2 + sampled out 0 + dead letters 1 + held 0 + "
               "queued 0 + in flight 0: balanced\n"
               "  a \"sample\"  in 2 = delivered 1 + sampled out 0 + held 0 + queued 0 + in flight "
               "0: NOT BALANCED\n");
    buffer_clear(&text);
}

CHECK_MAIN(TEST(the_json_is_the_documented_object), TEST(one_missing_event_unbalances_it),
           TEST(people_get_one_line_when_all_is_well), TEST(people_see_which_output_is_off))
