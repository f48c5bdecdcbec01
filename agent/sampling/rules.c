/* agent/sampling/rules.c - what the operator wrote about traces, asked event by event.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/sampling/rules.h"

#include "agent/must.h"

static enum code check_constant(struct str label, struct value value, uint32_t *ret,
                                struct why *why)
{
    double rate;
    if (!value_number(value, &rate) || rate != (double)(int64_t)rate)
        return fail(why, BAD_CONFIG,
                    "rate of \"%.*s\" is no whole number: write 10 to keep 1 in 10",
                    STR_ARG(label));
    if (rate < 1)
        return fail(why, BAD_CONFIG,
                    "rate of \"%.*s\" is below 1: it is N of \"keep 1 in N\"; to drop events use "
                    "filter drop",
                    STR_ARG(label));
    if (rate > RATE_MAX)
        return fail(why, BAD_CONFIG, "rate of \"%.*s\" is above %d", STR_ARG(label), RATE_MAX);
    *ret = (uint32_t)rate;
    return OK;
}

enum code rules_add(struct rules *rules, struct str label, const struct expr *when,
                    const struct expr *rate, struct why *why)
{
    struct rule rule = {.label = label, .when = when, .rate = 1, .any_at = rules->any_count};
    unsigned any_count = when ? expr_any_count(when) : 0;
    struct value constant;
    if (rules->count == RULES_MAX)
        return fail(why, OVER_LIMIT, "more than %d rules in one sampler", RULES_MAX);
    if (label.len > RULE_LABEL_BYTES_MAX)
        return fail(why, BAD_CONFIG, "a rule's label has more than %d bytes", RULE_LABEL_BYTES_MAX);
    if (rules->any_count + any_count > RULE_ANY_MAX)
        return fail(why, OVER_LIMIT, "more than %d any() in one sampler", RULE_ANY_MAX);
    if (rate && expr_constant(rate, &constant)) {
        enum code code = check_constant(label, constant, &rule.rate, why);
        if (code != OK)
            return code;
    } else if (rate) {
        if (rules->rate_count == RULE_RATES_MAX)
            return fail(why, OVER_LIMIT, "more than %d rates that depend on the event",
                        RULE_RATES_MAX);
        rule.rate_of = rate;
        rule.rate_at = rules->rate_count++;
    }
    rules->any_count = (uint8_t)(rules->any_count + any_count);
    rules->at[rules->count++] = rule;
    return OK;
}

/* What the event itself says: 0 when nothing. */
static uint32_t read_rate(struct rules *rules, const struct expr *expr, const struct event *event,
                          struct arena *scratch)
{
    struct value value = expr_value(expr, event, scratch);
    double rate;
    if (value.kind == VALUE_MISSING || value.kind == VALUE_NULL)
        return 0;
    if (!value_number(value, &rate) || !(rate >= 1)) {
        rules->bad_rates++;
        return 0;
    }
    return rate > RATE_MAX ? RATE_MAX : (uint32_t)rate;
}

static bool satisfies(const struct rule *rule, const struct event *event, uint64_t any,
                      struct arena *scratch)
{
    if (!rule->when)
        return true;
    if (expr_any_count(rule->when) == 0)
        return expr_true(rule->when, event, scratch);
    return expr_true_given(rule->when, event, (uint32_t)(any >> rule->any_at), scratch);
}

static struct match first_match(struct rules *rules, const struct event *event,
                                const uint32_t *rates, struct tally *tally, struct arena *scratch)
{
    struct match match = {.rule = 0};
    while (!satisfies(&rules->at[match.rule], event, tally->any, scratch))
        match.rule++;
    MUST(match.rule < rules->count); /* the last one has no condition */
    const struct rule *rule = &rules->at[match.rule];
    match.is_keep = rule->rate_of ? rates[rule->rate_at] == 1 : rule->when && rule->rate == 1;
    tally->best = match.rule < tally->best ? match.rule : tally->best;
    if (match.is_keep && match.rule < tally->keep)
        tally->keep = match.rule;
    return match;
}

/* Rates are asked of every event, not only of those that satisfy the rule: the smallest over the
 * trace counts. */
static void read_rates(struct rules *rules, const struct event *event, uint32_t *rates,
                       struct arena *scratch)
{
    for (uint8_t i = 0; i < rules->count; i++)
        if (rules->at[i].rate_of)
            rates[rules->at[i].rate_at] = read_rate(rules, rules->at[i].rate_of, event, scratch);
}

static void take_smaller(uint32_t *to, uint32_t rate)
{
    if (rate && (!*to || rate < *to))
        *to = rate;
}

struct match rules_see(struct rules *rules, const struct event *event, struct tally *tally,
                       struct arena *scratch)
{
    uint32_t rates[RULE_RATES_MAX] = {0};
    for (uint8_t i = 0; rules->any_count && i < rules->count; i++) {
        const struct rule *rule = &rules->at[i];
        unsigned count = rule->when ? expr_any_count(rule->when) : 0;
        for (unsigned term = 0; term < count; term++)
            if (expr_true(expr_any(rule->when, term), event, scratch))
                tally->any |= UINT64_C(1) << (rule->any_at + term);
    }
    if (rules->rate_count)
        read_rates(rules, event, rates, scratch);
    for (uint8_t i = 0; i < rules->rate_count; i++)
        take_smaller(&tally->rates[i], rates[i]);
    return first_match(rules, event, rates, tally, scratch);
}

struct match rules_see_again(struct rules *rules, const struct event *event, struct tally *tally,
                             struct arena *scratch)
{
    uint32_t rates[RULE_RATES_MAX] = {0};
    if (rules->rate_count)
        read_rates(rules, event, rates, scratch);
    return first_match(rules, event, rates, tally, scratch);
}

void tally_restart(struct tally *tally)
{
    tally->best = tally->keep = RULE_NONE;
}

void tally_merge(struct tally *to, const struct tally *from)
{
    to->any |= from->any;
    for (size_t i = 0; i < RULE_RATES_MAX; i++)
        take_smaller(&to->rates[i], from->rates[i]);
    to->best = from->best < to->best ? from->best : to->best;
    to->keep = from->keep < to->keep ? from->keep : to->keep;
}

uint32_t rules_rate(const struct rules *rules, uint8_t rule, const struct tally *tally)
{
    const struct rule *at = &rules->at[rule];
    if (!at->rate_of)
        return at->rate;
    return tally->rates[at->rate_at] ? tally->rates[at->rate_at] : 1;
}

struct match rules_decide(const struct rules *rules, const struct tally *tally, uint32_t *ret_rate)
{
    MUST(tally->best < rules->count);
    if (tally->keep != RULE_NONE) {
        *ret_rate = 1;
        return (struct match){.rule = tally->keep, .is_keep = true};
    }
    *ret_rate = rules_rate(rules, tally->best, tally);
    return (struct match){.rule = tally->best};
}
