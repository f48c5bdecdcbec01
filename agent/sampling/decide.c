/* agent/sampling/decide.c - the verdict on a trace, and what it makes of an event.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/data/record.h"
#include "agent/must.h"
#include "agent/sampling/parking.h"
#include "agent/sampling/sampler.h"

struct match sampler_match_again(struct sampler *sampler, const struct held *held,
                                 struct tally *tally)
{
    struct event event;
    if (!record_read(held_record(held), &event, &sampler->scratch))
        return held->match;
    return rules_see_again(&sampler->rules, &event, tally, &sampler->scratch);
}

static void ask_held_again(struct sampler *sampler, struct group *group)
{
    struct cursor cursor = holding_cursor(&group->holding);
    for (struct held *held; (held = cursor_next(&cursor));) {
        arena_reset(&sampler->scratch);
        held->match = sampler_match_again(sampler, held, &group->tally);
    }
}

/* False: it cannot be read yet. What the disk lost says nothing. */
static bool ask_parked_again(struct sampler *sampler, struct group *group,
                             const struct parked_run *run)
{
    const struct shelf *shelf = sampler->shelf;
    struct str bytes;
    arena_reset(&sampler->scratch);
    enum parked found = shelf->get(shelf->context, run->place, &sampler->scratch, &bytes);
    uint32_t at = 0;
    const struct held *held;
    while (found == PARKED_HERE && (held = run_next(bytes, &at)) != NULL)
        (void)sampler_match_again(sampler, held, &group->tally); /* once more when it leaves */
    return found != PARKED_LATER;
}

/* With any() in the rules, what an event satisfies is known only when the whole trace was seen.
 * False: some of it is parked and cannot be read yet. */
static bool ask_again(struct sampler *sampler, struct group *group)
{
    struct tally before = group->tally;
    tally_restart(&group->tally);
    ask_held_again(sampler, group);
    bool is_read = true;
    for (const struct parked_run *run = group->holding.runs; run && is_read; run = run->next)
        is_read = ask_parked_again(sampler, group, run);
    if (!is_read || group->tally.best == RULE_NONE) /* the disk lost all of it */
        group->tally = before;
    arena_reset(&sampler->scratch);
    return is_read;
}

static struct ruling ask(const struct sampler *sampler, const struct group *group)
{
    uint32_t rate;
    struct match match = rules_decide(&sampler->rules, &group->tally, &rate);
    char digits[33];
    struct str id = trace_name_str(&group->name);
    if (!id.len)
        id = key_text(group->key, digits);
    return (struct ruling){.is_kept = dice_keep(&sampler->dice, id, group->hops, rate),
                           .reason = sampler->rule_texts[match.rule],
                           .rule = sampler->rule_texts[match.rule],
                           .weight = rate,
                           .name = group->name};
}

static void remember_kept(struct sampler *sampler, const struct group *group,
                          const struct ruling *ruling)
{
    struct kept kept = {.last_ns = group->last_ns,
                        .weight = ruling->weight,
                        .reason = ruling->reason,
                        .rule = ruling->rule,
                        .name = ruling->name};
    struct key keys[VERDICT_KEYS_MAX];
    size_t count = 0;
    for (uint32_t next = group->first_id; next;) {
        const struct id *id = &sampler->groups.ids.at[next - 1];
        keys[count++] = id->key;
        next = id->next;
        if (count < COUNT(keys) && next)
            continue;
        verdicts_keep(&sampler->verdicts, &kept, keys, count);
        count = 0;
    }
}

static void remember_dropped(struct sampler *sampler, const struct group *group)
{
    for (uint32_t next = group->first_id; next;) {
        const struct id *id = &sampler->groups.ids.at[next - 1];
        verdicts_drop(&sampler->verdicts, id->key, group->last_ns);
        next = id->next;
    }
}

void sampler_enqueue(struct sampler *sampler, struct group *group, bool has_keep_event)
{
    bool must_wait = group->ruling.is_kept || has_keep_event;
    struct queue *queue = must_wait ? &sampler->waiting : &sampler->ghosts;
    if (queue->first)
        queue->last->younger = group;
    else
        queue->first = group;
    queue->last = group;
    if (must_wait && !sampler->unticketed)
        sampler->unticketed = group;
    sampler->leaving_bytes += group->holding.footprint;
}

bool sampler_decide(struct sampler *sampler, struct group *group, const struct ruling *older)
{
    if (!older && group->has_verdict)
        older = &group->ruling;
    if (sampler->rules.any_count && !ask_again(sampler, group) && !older)
        return false;
    struct ruling ruling = older ? *older : ask(sampler, group);
    if (!ruling.name.len)
        ruling.name = group->name;
    if (ruling.is_kept)
        remember_kept(sampler, group, &ruling);
    else
        remember_dropped(sampler, group);
    sampler_count(ruling.is_kept ? sampler->counts.kept : sampler->counts.dropped, !older);
    group->ruling = ruling;
    groups_close(&sampler->groups, group);
    sampler_enqueue(sampler, group, group->tally.keep != RULE_NONE);
    return true;
}

static uint32_t times(uint32_t weight, uint32_t rate)
{
    uint64_t product = (uint64_t)(weight ? weight : 1) * rate;
    return product < UINT32_MAX ? (uint32_t)product : UINT32_MAX;
}

static void stamp(struct event *event, const struct trace_name *name, struct arena *arena)
{
    if (!name->len || event_get_slot(event, SLOT_TRACE_ID, arena).kind != VALUE_MISSING)
        return;
    struct str text = arena_copy(arena, trace_name_str(name));
    if (text.at)
        (void)event_set_slot(event, SLOT_TRACE_ID, (struct value){.kind = VALUE_TEXT, .text = text},
                             arena);
}

void sampler_mark(const struct sampler *sampler, struct event *event, const struct ruling *ruling,
                  struct match match, struct arena *arena)
{
    const struct verdicts *verdicts = &sampler->verdicts;
    if (!ruling->is_kept && !match.is_keep) {
        event->fate = FATE_SAMPLED_OUT;
        return;
    }
    event->fate = FATE_LIVE;
    stamp(event, &ruling->name, arena);
    if (sampler->is_whole)
        return;
    event->hops++;
    uint16_t rule = match.is_keep ? sampler->rule_texts[match.rule] : ruling->rule;
    uint16_t reason = !ruling->is_kept ? sampler->late_text : match.is_keep ? rule : ruling->reason;
    event->weight = times(event->weight, match.is_keep ? 1 : ruling->weight);
    event->rule = verdicts_text_str(verdicts, rule);
    event->reason = verdicts_text_str(verdicts, reason);
}
