/* agent/sampling/rules.h - what the operator wrote about traces, asked event by event.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The first rule that some event of the trace satisfies gives the trace's rate. Each event is asked as it comes, and
 * the trace keeps a tally, so that nothing must be read again at the verdict; only any() terms, which ask the
 * other events, make the held events be asked once more then.
 *
 * A keep event is one whose own first rule has a condition and says 1 in 1 (errors, mostly): it is kept at weight 1
 * whatever else is decided, and a trace that holds one when it ends is kept whole. A rule without a condition is no
 * reason to keep an event: it says what happens to traces that no other rule matched.
 */
#ifndef WEIR_RULES_H
#define WEIR_RULES_H

#include "agent/config/expr.h"
#include "agent/limits.h"
#include "agent/why.h"

enum { RULE_NONE = UINT8_MAX };
_Static_assert((int)RULES_MAX < (int)RULE_NONE, "a rule's number fits a byte");

struct rule {
    struct str label;
    const struct expr *when; /* null: every trace */
    const struct expr *rate_of; /* null: `rate` */
    uint32_t rate;
    uint8_t rate_at; /* in tally.rates */
    uint8_t any_at;  /* first of its any() bits */
};

struct rules {
    struct rule at[RULES_MAX]; /* the last one has no condition */
    uint8_t count, any_count, rate_count;
    uint64_t bad_rates; /* expressions that gave no number of at least 1 */
};

struct tally { /* what a trace's events said so far */
    uint64_t any;
    uint32_t rates[RULE_RATES_MAX]; /* the smallest; 0: none said any */
    uint8_t best, keep;             /* first rule matched, first matched by a keep event; RULE_NONE */
};
#define TALLY_EMPTY ((struct tally){.best = RULE_NONE, .keep = RULE_NONE})

struct match { /* of one event */
    uint8_t rule;
    bool is_keep;
};

/* Adds a rule behind the others. rate: a constant is checked here; null means 1. */
enum code rules_add(struct rules *rules, struct str label, const struct expr *when,
                    const struct expr *rate, struct why *why) CHECK_RESULT;

struct match rules_see(struct rules *rules, const struct event *event, struct tally *tally,
                       struct arena *scratch);
/* The same with all that the trace said: for traces that are asked again. Call after tally_restart(). */
struct match rules_see_again(struct rules *rules, const struct event *event, struct tally *tally,
                             struct arena *scratch);
void tally_restart(struct tally *tally);
void tally_merge(struct tally *to, const struct tally *from);

/* The rule that decides a trace, and its 1 in N. */
struct match rules_decide(const struct rules *rules, const struct tally *tally, uint32_t *ret_rate);
/* 1 in N of an event that stands alone. */
uint32_t rules_rate(const struct rules *rules, uint8_t rule, const struct tally *tally);

#endif
