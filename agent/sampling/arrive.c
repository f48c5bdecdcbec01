/* agent/sampling/arrive.c - events enter: to their group, after their verdict, or alone.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/must.h"
#include "agent/sampling/sampler.h"

#include <xxhash.h>

struct arrival { /* an event and the ids it carries */
    struct sampler *sampler;
    struct event *event;
    struct arena *arena;
    bool has_trace, has_invocation;
    bool is_tied; /* its ids lead to open groups already */
    struct key trace, invocation;
    struct str trace_text;
};

struct past { /* an earlier verdict on one of its ids */
    bool is_known;
    bool is_loaded; /* given by a run before this one */
    struct ruling ruling;
};

/* Loggers write an id of zeros, or an empty one, when they have none. */
static bool read_id(const struct event *event, enum slot slot, struct arena *arena, struct str *ret)
{
    const struct field *field = event_slot(event, slot);
    if (field && (field->value.kind == VALUE_STRING || field->value.kind == VALUE_TEXT))
        *ret = field->value.text;
    else if (!value_text(event_get_slot(event, slot, arena), arena, ret))
        return false;
    for (size_t i = 0; i < ret->len; i++)
        if (ret->at[i] != '0' && ret->at[i] != '-')
            return true;
    return false;
}

static void read_ids(struct arrival *arrival)
{
    struct str id;
    arrival->has_trace =
        read_id(arrival->event, SLOT_TRACE_ID, arrival->arena, &arrival->trace_text);
    if (arrival->has_trace)
        arrival->trace = key_of_trace(arrival->trace_text);
    arrival->has_invocation = read_id(arrival->event, SLOT_FAAS_INVOCATION_ID, arrival->arena, &id);
    if (arrival->has_invocation)
        arrival->invocation = key_of_invocation(id);
}

/* --- alone ------------------------------------------------------------------------------- */

/* The event's id, or what stands for it: the same when the event is read again. */
static struct str dice_id(const struct event *event, char to[33])
{
    if (event->id.len)
        return event->id;
    uint64_t offset = event->origin ? event->origin->offset : 0;
    uint64_t index = event->origin ? event->origin->index : 0;
    struct key key = {XXH3_64bits_withSeed(event->bytes.at, event->bytes.len, index), offset};
    return key_text((struct key){key.hi, key_hash(key)}, to);
}

static void take_alone(struct arrival *arrival)
{
    struct sampler *sampler = arrival->sampler;
    struct tally tally = TALLY_EMPTY;
    struct match match = rules_see(&sampler->rules, arrival->event, &tally, arrival->arena);
    char digits[33];
    uint32_t rate = rules_rate(&sampler->rules, match.rule, &tally);
    struct ruling ruling = {.is_kept = dice_keep(&sampler->dice, dice_id(arrival->event, digits),
                                                 arrival->event->hops, rate),
                            .reason = sampler->rule_texts[match.rule],
                            .rule = sampler->rule_texts[match.rule],
                            .weight = rate};
    sampler_mark(sampler, arrival->event, &ruling, match, arrival->arena);
}

/* --- after the verdict ------------------------------------------------------------------- */

static struct past past_of_kept(const struct kept *kept)
{
    return (struct past){.is_known = true,
                         .is_loaded = kept->is_loaded,
                         .ruling = {.is_kept = true,
                                    .reason = kept->reason,
                                    .rule = kept->rule,
                                    .weight = kept->weight,
                                    .ticket = kept->ticket,
                                    .name = kept->name}};
}

/* A kept verdict first: two decided groups that turn out to be one trace keep their own. */
static struct past find_past(struct arrival *arrival)
{
    const struct verdicts *verdicts = &arrival->sampler->verdicts;
    int64_t now_ns = arrival->sampler->now_ns;
    struct kept *kept = NULL;
    if (arrival->has_trace)
        kept = verdicts_kept(verdicts, arrival->trace, now_ns);
    if (!kept && arrival->has_invocation)
        kept = verdicts_kept(verdicts, arrival->invocation, now_ns);
    if (kept) {
        kept->last_ns = now_ns > kept->last_ns ? now_ns : kept->last_ns;
        return past_of_kept(kept);
    }
    bool is_dropped =
        (arrival->has_trace && verdicts_dropped(verdicts, arrival->trace, now_ns)) ||
        (arrival->has_invocation && verdicts_dropped(verdicts, arrival->invocation, now_ns));
    return (struct past){.is_known = is_dropped, .ruling = {.ticket = verdicts_ticket(verdicts)}};
}

static bool is_decided(const struct sampler *sampler, struct key key)
{
    return verdicts_kept(&sampler->verdicts, key, sampler->now_ns) ||
           verdicts_dropped(&sampler->verdicts, key, sampler->now_ns);
}

/* An id without a verdict is tied to this one, for events that carry nothing else; and an
 * invocation that was decided before it named its trace takes the name. */
static void tie_to_kept(struct arrival *arrival, struct ruling *ruling)
{
    struct sampler *sampler = arrival->sampler;
    struct key keys[2];
    size_t count = 0;
    bool names =
        arrival->has_trace && !ruling->name.len && arrival->trace_text.len <= TRACE_NAME_BYTES_MAX;
    if (names)
        ruling->name = trace_name(arrival->trace_text);
    if (arrival->has_trace && !is_decided(sampler, arrival->trace))
        keys[count++] = arrival->trace;
    if (arrival->has_invocation && (names || !is_decided(sampler, arrival->invocation)))
        keys[count++] = arrival->invocation;
    struct kept kept = {.last_ns = sampler->now_ns,
                        .weight = ruling->weight,
                        .reason = ruling->reason,
                        .rule = ruling->rule,
                        .name = ruling->name};
    if (count)
        verdicts_keep(&sampler->verdicts, &kept, keys, count);
}

static void tie_to_dropped(struct arrival *arrival)
{
    struct verdicts *verdicts = &arrival->sampler->verdicts;
    int64_t now_ns = arrival->sampler->now_ns;
    const struct key keys[] = {arrival->trace, arrival->invocation};
    const bool has[] = {arrival->has_trace, arrival->has_invocation};
    for (size_t i = 0; i < COUNT(keys); i++) {
        if (has[i] && verdicts_dropped(verdicts, keys[i], now_ns))
            verdicts_renew_dropped(verdicts, keys[i], now_ns);
        else if (has[i])
            verdicts_drop(verdicts, keys[i], now_ns);
    }
}

/* Its verdict is not on disk yet: the event waits for it in a group of its own. */
static bool wait_in_queue(struct arrival *arrival, const struct ruling *ruling, struct match match)
{
    struct sampler *sampler = arrival->sampler;
    struct group *group = groups_open(&sampler->groups, sampler->now_ns);
    if (!group)
        return false;
    struct held *held = holding_add(&sampler->groups.holdings, &group->holding, arrival->event);
    groups_close(&sampler->groups, group);
    if (!held) {
        groups_free(&sampler->groups, group);
        return false;
    }
    held->match = match;
    group->ruling = *ruling;
    sampler_enqueue(sampler, group, match.is_keep);
    arrival->event->fate = FATE_HELD;
    return true;
}

static void follow(struct arrival *arrival, struct ruling *ruling)
{
    struct sampler *sampler = arrival->sampler;
    struct tally tally = TALLY_EMPTY;
    struct match match = rules_see(&sampler->rules, arrival->event, &tally, arrival->arena);
    if (ruling->is_kept)
        tie_to_kept(arrival, ruling);
    else
        tie_to_dropped(arrival);
    sampler_count(sampler->counts.late, 1);
    bool leaves = ruling->is_kept || match.is_keep;
    bool may_leave = !leaves || sampler->door.is_synced(sampler->door.context, ruling->ticket);
    if (may_leave || !wait_in_queue(arrival, ruling, match))
        sampler_mark(sampler, arrival->event, ruling, match, arrival->arena);
}

/* --- to its group ------------------------------------------------------------------------------
 */

static struct group *group_of(const struct arrival *arrival, struct key key, bool has)
{
    const struct id *id = has ? ids_find(&arrival->sampler->groups.ids, key) : NULL;
    return id ? id->group : NULL;
}

static bool tie_ids(struct arrival *arrival, struct group *group)
{
    struct groups *groups = &arrival->sampler->groups;
    if (arrival->has_invocation) {
        if (!groups_tie(groups, group, arrival->invocation))
            return false;
        if (!group->has_trace && group->id_count == 1)
            group->key = arrival->invocation;
    }
    if (!arrival->has_trace)
        return true;
    group_name(group, arrival->trace, arrival->trace_text);
    return groups_tie(groups, group, arrival->trace);
}

/* What happened to the invocation. A platform line of a request that is not open says nothing. */
static void note_invocation(struct arrival *arrival, struct group *group)
{
    struct groups *groups = &arrival->sampler->groups;
    uint16_t flags = arrival->event->flags;
    if (!arrival->has_invocation || !(flags & (EVENT_STARTS_INVOCATION | EVENT_ENDS_INVOCATION)))
        return;
    struct id *id = ids_find(&groups->ids, arrival->invocation);
    if (flags & EVENT_STARTS_INVOCATION)
        group_start(group, id, arrival->sampler->now_ns);
    if (flags & EVENT_ENDS_INVOCATION)
        group_end(groups, group, id);
}

static void note_copies(struct arrival *arrival, struct group *group, const struct held *held)
{
    for (uint8_t i = 0; i < arrival->sampler->copy_count; i++)
        if (!group->copies[i] &&
            event_get(arrival->event, arrival->sampler->copies[i].field, arrival->arena).kind >
                VALUE_NULL)
            group->copies[i] = held;
}

static bool hold(struct arrival *arrival, struct group *group)
{
    struct sampler *sampler = arrival->sampler;
    struct match match = rules_see(&sampler->rules, arrival->event, &group->tally, arrival->arena);
    struct held *held =
        arrival->is_tied || tie_ids(arrival, group)
            ? holding_add(&sampler->groups.holdings, &group->holding, arrival->event)
            : NULL;
    if (held) {
        held->match = match;
        group->hops = arrival->event->hops > group->hops ? arrival->event->hops : group->hops;
        note_invocation(arrival, group);
        note_copies(arrival, group, held);
        arrival->event->fate = FATE_HELD;
    }
    groups_touch(&sampler->groups, group, sampler->now_ns);
    return held;
}

static void relieve(struct sampler *sampler, struct group *group)
{
    if (group->holding.events >= sampler->limits.trace_events_max ||
        group->holding.bytes >= (uint64_t)sampler->limits.trace_bytes_max) {
        bool is_decided = sampler_decide(sampler, group, NULL);
        sampler_count(sampler->counts.capped, is_decided);
    }
    sampler_relieve(sampler);
}

/* Joins the event to the open group(s) of its ids, or opens one. older: the verdict that stands for
 * it, or null. */
static void join(struct arrival *arrival, struct group *by_trace, struct group *by_invocation,
                 const struct ruling *older)
{
    struct sampler *sampler = arrival->sampler;
    struct group *group = by_trace ? by_trace : by_invocation;
    if (by_trace && by_invocation && by_trace != by_invocation)
        group = groups_merge(&sampler->groups, by_trace, by_invocation);
    if (!group)
        group = groups_open(&sampler->groups, sampler->now_ns);
    if (!group) {
        take_alone(arrival);
        return;
    }
    if (older && !group->has_verdict) {
        group->has_verdict = true;
        group->ruling = *older;
    }
    if (hold(arrival, group)) {
        relieve(sampler, group);
        return;
    }
    /* No memory for it: the trace is decided now, and the event follows. */
    sampler_count(sampler->counts.early, sampler_decide(sampler, group, NULL));
    sampler_settle(sampler);
    struct past past = find_past(arrival);
    if (past.is_known)
        follow(arrival, &past.ruling);
    else
        take_alone(arrival);
}

/* After a restart, events of a decided trace come again. Where an event depends on the others of
 * its trace, they are held together once more, so that they leave as they would have; the verdict
 * stands. */
static bool is_to_rejoin(const struct sampler *sampler, const struct past *past)
{
    return past->is_known && past->is_loaded && sampler->looks_across;
}

void sampler_take(struct sampler *sampler, struct event *event, struct arena *arena)
{
    struct arrival arrival = {.sampler = sampler, .event = event, .arena = arena};
    struct past past = {0};
    read_ids(&arrival);
    if (!arrival.has_trace && !arrival.has_invocation) {
        take_alone(&arrival);
        return;
    }
    struct group *by_trace = group_of(&arrival, arrival.trace, arrival.has_trace);
    struct group *by_invocation = group_of(&arrival, arrival.invocation, arrival.has_invocation);
    arrival.is_tied =
        (by_trace || !arrival.has_trace) && (by_invocation || !arrival.has_invocation);
    if (!arrival.is_tied)
        past = find_past(&arrival);
    if (!past.is_known || is_to_rejoin(sampler, &past)) {
        join(&arrival, by_trace, by_invocation, past.is_known ? &past.ruling : NULL);
        return;
    }
    /* An open group that turns out to belong to a decided trace follows that verdict whole. */
    if (by_trace || by_invocation)
        (void)sampler_decide(sampler, by_trace ? by_trace : by_invocation, &past.ruling);
    follow(&arrival, &past.ruling);
}
