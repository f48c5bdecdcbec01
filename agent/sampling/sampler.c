/* agent/sampling/sampler.c - tail sampling by trace: life, time and memory of one sampler.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/sampling/sampler.h"

#include "agent/must.h"
#include "agent/sampling/parking.h"

enum {
    SCRATCH_CHUNK = 64 * 1024,
    SCRATCH_MAX = 1 << 30,    /* one rebuilt record at a time */
    KEPT_BYTES_ABOUT = 200,   /* of one remembered kept trace with its ids */
    DROPPED_BYTES_ABOUT = 24, /* of one remembered dropped id */
    PARK_PAUSE = 1000,        /* events between two looks for what could be parked */
    EARLY_SHARE = 64,         /* of the budget is made free at once */
    VERDICTS_SHARE = 8,       /* each memory may take this part of the budget */
};

void sampler_count(uint64_t *counter, uint64_t count)
{
    if (counter)
        *counter += count;
}

static bool is_whole(const struct rules *rules)
{
    for (uint8_t i = 0; i < rules->count; i++)
        if (rules->at[i].rate_of || rules->at[i].rate != 1)
            return false;
    return true;
}

/* Remembered verdicts count against the budget of what is held: they may take a quarter of it. */
static void bound_verdicts(struct verdicts *verdicts, uint64_t budget)
{
    uint64_t kept = budget / VERDICTS_SHARE / KEPT_BYTES_ABOUT + 1;
    uint64_t dropped = budget / VERDICTS_SHARE / DROPPED_BYTES_ABOUT + 1;
    if (budget && kept < verdicts->kept_max)
        verdicts->kept_max = (uint32_t)kept;
    if (budget && dropped < verdicts->dropped.max)
        verdicts->dropped.max = (uint32_t)dropped;
}

enum code sampler_open(struct sampler *sampler, struct why *why)
{
    MUST(sampler->rules.count > 0);
    struct journal journal = {sampler->door.remember, sampler->door.context};
    if (!verdicts_init(&sampler->verdicts, sampler->remember_ns, journal))
        return fail(why, OVER_LIMIT, "no memory for remembered verdicts");
    bound_verdicts(&sampler->verdicts, sampler->limits.held_budget);
    arena_init(&sampler->scratch, SCRATCH_CHUNK, SCRATCH_MAX);
    sampler->groups.patience = sampler->patience;
    sampler->is_whole = is_whole(&sampler->rules);
    sampler->looks_across = sampler->copy_count || sampler->rules.any_count;
    sampler->late_text = verdicts_text(&sampler->verdicts, STR("late"));
    for (uint8_t i = 0; i < sampler->rules.count; i++)
        sampler->rule_texts[i] = verdicts_text(&sampler->verdicts, sampler->rules.at[i].label);
    return OK;
}

static void free_queue(struct sampler *sampler, struct queue *queue)
{
    while (queue->first) {
        struct group *group = queue->first;
        queue->first = group->younger;
        groups_free(&sampler->groups, group);
    }
}

void sampler_close(struct sampler *sampler)
{
    free_queue(sampler, &sampler->ghosts);
    free_queue(sampler, &sampler->waiting);
    groups_clear(&sampler->groups);
    verdicts_clear(&sampler->verdicts);
    arena_clear(&sampler->scratch);
}

size_t sampler_bytes(const struct sampler *sampler)
{
    return groups_bytes(&sampler->groups) + verdicts_bytes(&sampler->verdicts) +
           sampler->scratch.used;
}

size_t sampler_used(const struct sampler *sampler)
{
    const struct pool *pool = &sampler->groups.holdings.pool;
    return sampler_bytes(sampler) - (pool->bytes - pool->taken);
}

/* What waits for the journal still takes memory when its verdict is given: a quarter is left for
 * that, and another one on top for holes that nobody fills. Parking begins before: the disk takes
 * its time. */
enum fullness { ROOMY, TO_PARK, FULL };

static enum fullness fullness_of(const struct sampler *sampler)
{
    uint64_t budget = sampler->limits.held_budget, leaving = sampler->leaving_bytes;
    uint64_t used = sampler_used(sampler) - leaving;
    if (budget && (used > budget / 4 * 3 || sampler_bytes(sampler) - leaving > budget / 4 * 5))
        return FULL;
    return budget && used > budget / 8 * 5 ? TO_PARK : ROOMY;
}

static bool are_too_many(const struct sampler *sampler)
{
    return sampler->groups.count > sampler->limits.traces_max ||
           sampler->groups.ids.count > sampler->limits.keys_max;
}

/* The oldest trace, from the hand on, that has something to park; null: none has. */
static struct group *next_to_park(struct groups *groups)
{
    for (uint32_t i = 0; i < groups->count; i++) {
        struct group *group = groups->hand ? groups->hand : groups->oldest;
        if (holding_can_park(&group->holding))
            return group;
        groups->hand = group->younger;
    }
    return NULL;
}

/* What is to be copied into other events is asked for when they leave. */
static bool pin_copies(struct sampler *sampler, struct group *group)
{
    for (uint8_t i = 0; i < sampler->copy_count; i++)
        if (group->copies[i] &&
            !holding_pin(&sampler->groups.holdings, &group->holding, &group->copies[i]))
            return false;
    return true;
}

static enum parked park_one(struct sampler *sampler)
{
    if (!sampler->shelf)
        return PARKED_LOST;
    if (sampler->waits_for_disk)
        return PARKED_LATER;
    if (sampler->park_pause) {
        sampler->park_pause--;
        return PARKED_LOST;
    }
    struct groups *groups = &sampler->groups;
    struct group *group = next_to_park(groups);
    enum parked result = PARKED_LOST;
    if (group && pin_copies(sampler, group))
        result = holding_park(&groups->holdings, &group->holding, sampler->shelf);
    if (result == PARKED_HERE) {
        groups->hand = group->younger;
        sampler_count(sampler->counts.parked, 1);
    }
    sampler->waits_for_disk = result == PARKED_LATER;
    sampler->park_pause = result == PARKED_LOST ? PARK_PAUSE : 0;
    return result;
}

static bool decide_early(struct sampler *sampler)
{
    bool is_decided = sampler_decide(sampler, sampler->groups.oldest, NULL);
    sampler_count(sampler->counts.early, is_decided);
    return is_decided;
}

/* More than one where they are small: their verdicts are written down together. */
static bool make_room(struct sampler *sampler)
{
    uint64_t enough = sampler->leaving_bytes + sampler->limits.held_budget / EARLY_SHARE;
    while (sampler->groups.oldest && sampler->leaving_bytes < enough)
        if (!decide_early(sampler))
            return false;
    return true;
}

void sampler_relieve(struct sampler *sampler)
{
    while (sampler->groups.oldest && are_too_many(sampler))
        if (!decide_early(sampler))
            return;
    enum fullness fullness;
    while (sampler->groups.oldest && (fullness = fullness_of(sampler)) != ROOMY) {
        enum parked result = park_one(sampler);
        bool is_eased =
            result == PARKED_LOST && fullness == FULL ? make_room(sampler) : result == PARKED_HERE;
        if (!is_eased)
            return;
    }
}

void sampler_advance(struct sampler *sampler, int64_t stream_ns)
{
    struct group *group;
    if (stream_ns == INT64_MAX) {
        while ((group = sampler->groups.oldest) && sampler_decide(sampler, group, NULL))
            continue;
        return;
    }
    sampler->now_ns = stream_ns;
    sampler->waits_for_disk = false;
    while ((group = groups_next(&sampler->groups)) && group->timer.due_ns <= sampler->now_ns &&
           sampler_decide(sampler, group, NULL))
        continue;
    sampler_relieve(sampler); /* verdicts take room too, and no event may come to see to it */
}

void sampler_settle(struct sampler *sampler)
{
    uint64_t ticket = verdicts_flush(&sampler->verdicts);
    for (struct group *group = sampler->unticketed; group; group = group->younger)
        group->ruling.ticket = ticket;
    sampler->unticketed = NULL;
    if (sampler->counts.forgotten)
        *sampler->counts.forgotten = verdicts_forgotten(&sampler->verdicts);
    if (sampler->counts.bad_rates)
        *sampler->counts.bad_rates = sampler->rules.bad_rates;
}

int64_t sampler_due(struct sampler *sampler)
{
    const struct group *waiting = sampler->waiting.first;
    if (sampler->ghosts.first ||
        (waiting && sampler->door.is_synced(sampler->door.context, waiting->ruling.ticket)))
        return INT64_MIN;
    const struct group *next = groups_next(&sampler->groups);
    return next ? next->timer.due_ns - 1 : INT64_MAX;
}
