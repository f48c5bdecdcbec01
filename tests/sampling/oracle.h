/* tests/sampling/oracle.h - what happens to a sampler, seeded, and what should come of it.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The oracle is the definition, written down naively: an array per question, every answer by looking at all of them.
 * It shares nothing with the sampler but the dice.
 */
#ifndef WEIR_ORACLE_H
#define WEIR_ORACLE_H

#include "tests/sampling/world.h"

enum { SOURCES = 3, EVENTS = 700, IDS = 200, SEEDS = 200, NOBODY = -1 };

static uint64_t dice;

static uint32_t roll(uint32_t sides)
{
    dice = dice * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)((dice >> 33) % sides);
}

/* --- what happens ------------------------------------------------------------------------ */

struct happening {         /* an event as it stands in its source */
    int trace, invocation; /* ids, or NOBODY */
    int owner;             /* the true trace it belongs to */
    int64_t at_ns;
    uint16_t flags;
    uint8_t source;
    bool is_error, is_simple; /* simple: its trace is named on each line and in time */
    char text[24];
};

struct outcome {
    bool is_known, is_out;
    uint32_t weight;
    char reason[16];
    int name; /* id that is stamped, or NOBODY */
};

static struct happening events[EVENTS];
static int event_count;
static char ids[IDS][40]; /* canonical traces and request ids */
static int id_count;

static int new_id(bool is_trace)
{
    CHECK(id_count < IDS);
    uint32_t a = roll(1u << 31), b = roll(1u << 31);
    (void)snprintf(ids[id_count], sizeof ids[0], is_trace ? "%08x%08x%08x%08x" : "r-%x-%x-%x-%x", a,
                   b, roll(1u << 31), roll(1u << 31));
    return id_count++;
}

static struct happening *happen(struct happening like, double second, int trace, int invocation)
{
    CHECK(event_count < EVENTS);
    struct happening *event = &events[event_count++];
    *event = like;
    event->at_ns = (int64_t)(second * (double)SECONDS);
    event->trace = trace;
    event->invocation = invocation;
    event->is_error = roll(100) < 3;
    return event;
}

/* START, lines, REPORT; the trace is named on every line, on the last one, or never. Returns its
 * end. */
static double happen_invocation(struct happening like, double from, int trace)
{
    int request = new_id(false);
    uint32_t lines = roll(5), naming = roll(3);
    int early = naming == 0 ? trace : NOBODY, last = naming < 2 || like.is_simple ? trace : NOBODY;
    struct happening start = like, end = like;
    start.flags = EVENT_STARTS_INVOCATION;
    end.flags = EVENT_ENDS_INVOCATION;
    happen(start, from, early, request);
    for (uint32_t i = 0; i < lines; i++)
        happen(like, from += roll(30) / 10.0, early, request);
    if (roll(20) || like.is_simple)
        happen(end, from += 0.5, last, request);
    if (roll(6) == 0 && last != NOBODY)
        happen(like, from + 40 + roll(100), roll(2) ? last : NOBODY, request);
    return from;
}

static void happen_trace(int owner, bool has_late_ties)
{
    struct happening like = {.owner = owner, .source = (uint8_t)roll(SOURCES), .is_simple = true};
    double from = 1 + roll(600) / 2.0;
    int trace = new_id(true);
    uint32_t kind = roll(has_late_ties ? 5 : 4);
    if (kind == 0) { /* gateway lines */
        for (uint32_t lines = 1 + roll(6); lines; lines--)
            happen(like, from += roll(50) / 10.0, trace, NOBODY);
        if (roll(3) == 0)
            happen(like, from + 70 + roll(100), trace, NOBODY);
        return;
    }
    if (kind == 4) { /* two invocations that turn out to be one trace long after */
        like.is_simple = false;
        int one = new_id(false), other = new_id(false);
        happen(like, from, NOBODY, one);
        happen(like, from + 1, NOBODY, other);
        happen(like, from + 90, trace, roll(2) ? one : NOBODY);
        happen(like, from + 91, trace, other);
        happen(like, from + 92 + roll(100), roll(2) ? trace : NOBODY, roll(2) ? one : other);
        return;
    }
    if (kind == 1)
        like.is_simple = false; /* one that may never name its trace */
    double end = happen_invocation(like, from, trace);
    if (kind == 3) {
        like.source = (uint8_t)roll(SOURCES);
        happen_invocation(like, end + (roll(2) ? 2 : 30), trace);
    }
}

static int by_time(const void *a, const void *b)
{
    const struct happening *one = a, *other = b;
    return (one->at_ns > other->at_ns) - (one->at_ns < other->at_ns);
}

static void happen_all(uint64_t seed, bool has_late_ties)
{
    dice = seed * 7919 + 17;
    event_count = id_count = 0;
    for (int owner = 0; owner < 40; owner++)
        happen_trace(owner, has_late_ties);
    qsort(events, (size_t)event_count, sizeof events[0], by_time);
    for (int i = 0; i < event_count; i++)
        (void)snprintf(events[i].text, sizeof events[i].text, "%s %d",
                       events[i].is_error ? "ERROR" : "line", i);
}

/* --- the oracle -------------------------------------------------------------------------- */

struct judged { /* an id's verdict */
    bool is_kept, is_dropped;
    uint32_t weight;
    char reason[16];
    int name;
};

static struct {
    struct judged judged[IDS], durable[IDS];
    int group[IDS]; /* an open group's number, or NOBODY */
    bool is_open[IDS];
    int64_t opened_ns[IDS];
    int members[EVENTS]; /* event -> its open group, or NOBODY */
    struct {
        int64_t first_ns, last_ns;
        bool has_seen;
    } groups[EVENTS * 40];
    int group_count;
    uint32_t rate;
    int64_t now_ns;
    struct outcome expected[EVENTS];
} oracle;

static int smallest_trace(int group)
{
    int name = NOBODY;
    for (int id = 0; id < id_count; id++)
        if (oracle.group[id] == group && ids[id][0] != 'r' &&
            (name == NOBODY || strcmp(ids[id], ids[name]) < 0))
            name = id;
    return name;
}

static struct judged judge(int group)
{
    struct judged judged = {.name = smallest_trace(group), .weight = oracle.rate};
    char digits[33];
    int any_id = NOBODY;
    strcpy(judged.reason, "rate");
    for (int i = 0; i < event_count; i++)
        if (oracle.members[i] == group && events[i].is_error) {
            judged.weight = 1;
            strcpy(judged.reason, "errors");
        }
    for (int id = 0; id < id_count; id++)
        if (oracle.group[id] == group)
            any_id = id;
    struct str id = judged.name != NOBODY
                        ? str_from(ids[judged.name])
                        : key_text(key_of_invocation(str_from(ids[any_id])), digits);
    judged.is_kept = dice_keep(&world.sampler.dice, id, 0, judged.weight);
    judged.is_dropped = !judged.is_kept;
    return judged;
}

static struct outcome follows(const struct happening *event, const struct judged *judged)
{
    struct outcome outcome = {.is_known = true, .name = judged->name, .weight = judged->weight};
    strcpy(outcome.reason, judged->reason);
    if (event->trace != NOBODY)
        outcome.name = event->trace;
    if (event->is_error) {
        outcome.weight = 1;
        strcpy(outcome.reason, judged->is_kept ? "errors" : "late");
    } else if (!judged->is_kept) {
        outcome.is_out = true;
    }
    return outcome;
}

static void close_group(int group, struct judged judged)
{
    if (judged.name == NOBODY)
        judged.name = smallest_trace(group);
    for (int i = 0; i < event_count; i++)
        if (oracle.members[i] == group) {
            oracle.expected[i] = follows(&events[i], &judged);
            oracle.members[i] = NOBODY;
        }
    for (int id = 0; id < id_count; id++)
        if (oracle.group[id] == group) {
            if (judged.is_kept || !oracle.judged[id].is_kept)
                oracle.judged[id] = judged;
            oracle.group[id] = NOBODY;
            oracle.is_open[id] = false;
        }
}

static int64_t ends_at(int group)
{
    int64_t opened_ns = -1;
    for (int id = 0; id < id_count; id++)
        if (oracle.group[id] == group && oracle.is_open[id] && oracle.opened_ns[id] > opened_ns)
            opened_ns = oracle.opened_ns[id];
    if (opened_ns >= 0) {
        opened_ns += 900 * SECONDS;
        return (opened_ns > oracle.groups[group].last_ns ? opened_ns
                                                         : oracle.groups[group].last_ns) +
               5 * SECONDS;
    }
    if (oracle.groups[group].has_seen)
        return oracle.groups[group].last_ns + 5 * SECONDS;
    return oracle.groups[group].first_ns + 60 * SECONDS;
}

static bool is_group_open(int group)
{
    for (int id = 0; id < id_count; id++)
        if (oracle.group[id] == group)
            return true;
    return false;
}

static void oracle_advance(int64_t now_ns)
{
    if (now_ns != INT64_MAX && now_ns > oracle.now_ns)
        oracle.now_ns = now_ns;
    for (int group = 0; group < oracle.group_count; group++)
        if (is_group_open(group) && (now_ns == INT64_MAX || ends_at(group) <= oracle.now_ns))
            close_group(group, judge(group));
}

static int join_groups(int one, int other)
{
    int to = one < other ? one : other, from = one < other ? other : one;
    for (int id = 0; id < id_count; id++)
        oracle.group[id] = oracle.group[id] == from ? to : oracle.group[id];
    for (int i = 0; i < event_count; i++)
        oracle.members[i] = oracle.members[i] == from ? to : oracle.members[i];
    oracle.groups[to].has_seen |= oracle.groups[from].has_seen;
    if (oracle.groups[from].last_ns > oracle.groups[to].last_ns)
        oracle.groups[to].last_ns = oracle.groups[from].last_ns;
    return to;
}

static void note_flags(const struct happening *event, int group)
{
    int id = event->invocation;
    if (event->flags & EVENT_STARTS_INVOCATION) {
        oracle.is_open[id] = true;
        oracle.opened_ns[id] = oracle.now_ns;
        oracle.groups[group].has_seen = true;
    }
    if (event->flags & EVENT_ENDS_INVOCATION)
        oracle.is_open[id] = false;
}

static void enter_group(int i, int group)
{
    const struct happening *event = &events[i];
    if (event->trace != NOBODY)
        oracle.group[event->trace] = group;
    if (event->invocation != NOBODY)
        oracle.group[event->invocation] = group;
    oracle.members[i] = group;
    if (oracle.now_ns > oracle.groups[group].last_ns)
        oracle.groups[group].last_ns = oracle.now_ns;
    note_flags(event, group);
}

/* The verdict on an event's ids that are in no open group: a kept one first, the trace's first. */
static const struct judged *past_of(const struct happening *event)
{
    const int both[] = {event->trace, event->invocation};
    for (int kept = 1; kept >= 0; kept--)
        for (size_t i = 0; i < COUNT(both); i++)
            if (both[i] != NOBODY &&
                (kept ? oracle.judged[both[i]].is_kept : oracle.judged[both[i]].is_dropped))
                return &oracle.judged[both[i]];
    return NULL;
}

static void follow_past(int i, struct judged judged)
{
    const struct happening *event = &events[i];
    const int both[] = {event->trace, event->invocation};
    bool names = judged.is_kept && judged.name == NOBODY && event->trace != NOBODY;
    if (names)
        judged.name = event->trace;
    oracle.expected[i] = follows(event, &judged);
    for (size_t at = 0; at < COUNT(both); at++) {
        struct judged *own = both[at] == NOBODY ? NULL : &oracle.judged[both[at]];
        if (own && ((!own->is_kept && !own->is_dropped) || (names && at == 1)))
            *own = judged;
    }
}

static void oracle_arrive(int i)
{
    const struct happening *event = &events[i];
    int by_trace = event->trace == NOBODY ? NOBODY : oracle.group[event->trace];
    int by_invocation = event->invocation == NOBODY ? NOBODY : oracle.group[event->invocation];
    bool is_tied = (event->trace == NOBODY || by_trace != NOBODY) &&
                   (event->invocation == NOBODY || by_invocation != NOBODY);
    const struct judged *past = is_tied ? NULL : past_of(event);
    int group = by_trace != NOBODY ? by_trace : by_invocation;
    oracle.expected[i].is_known = false;
    if (past) {
        struct judged judged = *past;
        if (!judged.is_kept) /* of a dropped trace only a fingerprint is remembered */
            judged.name = NOBODY;
        if (group != NOBODY)
            close_group(group, judged);
        follow_past(i, judged);
        return;
    }
    if (by_trace != NOBODY && by_invocation != NOBODY && by_trace != by_invocation)
        group = join_groups(by_trace, by_invocation);
    if (group == NOBODY) {
        group = oracle.group_count++;
        oracle.groups[group].first_ns = oracle.groups[group].last_ns = oracle.now_ns;
        oracle.groups[group].has_seen = false;
    }
    enter_group(i, group);
}

static void oracle_restart(void)
{
    memcpy(oracle.judged, oracle.durable, sizeof oracle.judged);
    memset(oracle.is_open, 0, sizeof oracle.is_open);
    for (int id = 0; id < IDS; id++)
        oracle.group[id] = NOBODY;
    for (int i = 0; i < EVENTS; i++)
        oracle.members[i] = NOBODY;
    oracle.group_count = 0;
    oracle.now_ns = 0;
}

#endif
