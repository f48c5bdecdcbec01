/* tests/sampling/test_rules.c - mirrors agent/sampling/rules.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/sampling/rules.c"

#include "tests/sampling/world.h"

static const struct expr one = {.constant = 1}, ten = {.constant = 10}, hundred = {.constant = 100};
static const struct expr error = {.contains = "ERROR"}, health = {.contains = "/health"};
static const struct expr rate_of = {.number_behind = "rate="};

static struct rules rules;
static struct tally tally;

static void rule(const char *label, const struct expr *when, const struct expr *rate)
{
    struct why why;
    CHECK_OK(rules_add(&rules, str_from(label), when, rate, &why), why);
}

static void begin(void)
{
    rules = (struct rules){0};
    tally = TALLY_EMPTY;
}

static struct match see(const char *text)
{
    struct event event = {.bytes = str_from(text)};
    return rules_see(&rules, &event, &tally, NULL);
}

static const char *decided(uint32_t want_rate)
{
    uint32_t rate;
    struct match match = rules_decide(&rules, &tally, &rate);
    CHECK_EQ(rate, want_rate);
    return rules.at[match.rule].label.at;
}

static void the_first_rule_that_an_event_of_the_trace_satisfies_wins(void)
{
    begin();
    rule("slow", &(struct expr){.contains = "slow"}, &ten);
    rule("health", &health, &hundred);
    rule("rest", NULL, &(struct expr){.constant = 7});
    see("line");
    assert_string_equal(decided(7), "rest");
    see("GET /health");
    assert_string_equal(decided(100), "health");
    see("slow");
    see("line");
    assert_string_equal(decided(10), "slow");
}

static void a_keep_event_makes_the_rate_of_its_trace_1_wherever_its_rule_stands(void)
{
    begin();
    rule("health", &health, &hundred);
    rule("errors", &error, &one);
    rule("rest", NULL, &ten);
    CHECK(!see("GET /health").is_keep);
    CHECK(see("ERROR").is_keep);
    assert_string_equal(decided(1), "errors");
}

static void an_event_that_satisfies_an_earlier_rule_first_is_no_keep_event(void)
{
    begin();
    rule("health", &health, &hundred);
    rule("errors", &error, &one);
    rule("rest", NULL, &ten);
    CHECK(!see("ERROR in /health").is_keep);
    assert_string_equal(decided(100), "health");
}

static void a_rule_without_a_condition_keeps_traces_but_makes_no_keep_events(void)
{
    begin();
    rule("health", &health, &hundred);
    rule("rest", NULL, &one);
    CHECK(!see("START").is_keep);
    assert_string_equal(decided(1), "rest");
    see("GET /health");
    assert_string_equal(decided(100), "health");
}

static void a_rate_expression_gives_the_smallest_over_all_events_of_the_trace(void)
{
    begin();
    rule("errors", &error, &one);
    rule("rest", NULL, &rate_of);
    see("a rate=50");
    see("b");
    see("c rate=20");
    see("d rate=30");
    assert_string_equal(decided(20), "rest");
    CHECK(!see("e rate=2.9").is_keep);
    assert_string_equal(decided(2), "rest");
    CHECK(see("f rate=1").is_keep);
    assert_string_equal(decided(1), "rest");
}

static void a_rate_that_no_event_says_is_1_and_nonsense_says_nothing(void)
{
    begin();
    rule("rest", NULL, &rate_of);
    see("a");
    assert_string_equal(decided(1), "rest");
    CHECK_EQ(rules.bad_rates, 0);
    see("rate=0 ");
    see("rate=-5 ");
    see("rate=abc ");
    CHECK_EQ(rules.bad_rates, 3);
    see("rate=40");
    assert_string_equal(decided(40), "rest");
    see("rate=1e300 ");
    assert_string_equal(decided(40), "rest");
}

static void any_asks_the_other_events(void)
{
    static const struct expr term = {.contains = "retry"};
    static const struct expr timeout = {.contains = "timeout", .any = &term, .any_is = true};
    static const struct expr lonely = {.contains = "lonely", .any = &term, .any_is = false};
    begin();
    rule("timeouts after a retry", &timeout, &one);
    rule("lonely", &lonely, &ten);
    rule("rest", NULL, &hundred);
    struct event event = {.bytes = STR("timeout lonely")};
    CHECK_EQ(rules_see(&rules, &event, &tally, NULL).rule, 1);
    CHECK_EQ(see("retry").rule, 2);
    tally_restart(&tally);
    struct match match = rules_see_again(&rules, &event, &tally, NULL);
    CHECK(match.rule == 0 && match.is_keep);
    assert_string_equal(decided(1), "timeouts after a retry");
}

static void merged_tallies_say_what_both_said(void)
{
    begin();
    rule("errors", &error, &one);
    rule("health", &health, &hundred);
    rule("rest", NULL, &rate_of);
    see("rate=30");
    struct tally other = tally;
    tally = TALLY_EMPTY;
    see("/health rate=20");
    tally_merge(&tally, &other);
    assert_string_equal(decided(100), "health");
    CHECK_EQ(rules_rate(&rules, 2, &tally), 20);
    tally_merge(&other, &(struct tally){.best = 0, .keep = 0});
    tally = other;
    assert_string_equal(decided(1), "errors");
}

static void constants_that_are_no_rate_are_refused(void)
{
    static const struct {
        double rate;
        const char *hint;
    } cases[] = {{0.5, "no whole number"}, {-1, "drop"}, {2e9, "above"}, {2.5, "no whole number"}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct why why;
        const struct expr rate = {.constant = cases[i].rate};
        begin();
        CHECK_EQ(rules_add(&rules, STR("r"), NULL, &rate, &why), BAD_CONFIG);
        CHECK(strstr(why.text, cases[i].hint) != NULL);
        CHECK_EQ(rules.count, 0);
    }
}

static void more_than_a_sampler_can_hold_is_refused(void)
{
    struct why why;
    begin();
    for (int i = 0; i < RULES_MAX; i++)
        rule("r", &error, &ten);
    CHECK_EQ(rules_add(&rules, STR("one more"), NULL, NULL, &why), OVER_LIMIT);
    begin();
    for (int i = 0; i < RULE_RATES_MAX; i++)
        rule("r", &error, &rate_of);
    CHECK_EQ(rules_add(&rules, STR("one more"), NULL, &rate_of, &why), OVER_LIMIT);
    begin();
    static const struct expr term = {.contains = "x"};
    static const struct expr asks = {.any = &term, .any_is = true};
    for (int i = 0; i < RULE_ANY_MAX; i++)
        rule("r", &asks, &ten);
    CHECK_EQ(rules_add(&rules, STR("one more"), &asks, NULL, &why), OVER_LIMIT);
    char label[RULE_LABEL_BYTES_MAX + 1] = {0};
    CHECK_EQ(rules_add(&rules, (struct str){label, sizeof label}, NULL, NULL, &why), BAD_CONFIG);
}

CHECK_MAIN(TEST(the_first_rule_that_an_event_of_the_trace_satisfies_wins),
           TEST(a_keep_event_makes_the_rate_of_its_trace_1_wherever_its_rule_stands),
           TEST(an_event_that_satisfies_an_earlier_rule_first_is_no_keep_event),
           TEST(a_rule_without_a_condition_keeps_traces_but_makes_no_keep_events),
           TEST(a_rate_expression_gives_the_smallest_over_all_events_of_the_trace),
           TEST(a_rate_that_no_event_says_is_1_and_nonsense_says_nothing),
           TEST(any_asks_the_other_events), TEST(merged_tallies_say_what_both_said),
           TEST(constants_that_are_no_rate_are_refused),
           TEST(more_than_a_sampler_can_hold_is_refused))
