/* agent/sampling/groups.c - the open traces: ids, invocations, deadlines.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/sampling/groups.h"

/* --- birth and end ----------------------------------------------------------------------- */

static void link_youngest(struct groups *groups, struct group *group)
{
    group->older = groups->youngest;
    if (group->older)
        group->older->younger = group;
    else
        groups->oldest = group;
    groups->youngest = group;
    groups->count++;
}

static void unlink_group(struct groups *groups, struct group *group)
{
    if (group->older)
        group->older->younger = group->younger;
    else
        groups->oldest = group->younger;
    if (group->younger)
        group->younger->older = group->older;
    else
        groups->youngest = group->older;
    if (groups->hand == group)
        groups->hand = group->younger;
    group->older = group->younger = NULL;
    groups->count--;
}

struct group *groups_open(struct groups *groups, int64_t now_ns)
{
    struct holding holding;
    if (!timers_reserve(&groups->timers))
        return NULL;
    struct group *group = holding_open(&groups->holdings, &holding, sizeof *group);
    if (!group)
        return NULL;
    *group = (struct group){.holding = holding,
                            .first_ns = now_ns,
                            .last_ns = now_ns,
                            .serial = ++groups->serial,
                            .tally = TALLY_EMPTY};
    link_youngest(groups, group);
    return group;
}

void groups_close(struct groups *groups, struct group *group)
{
    while (group->first_id) {
        struct id *id = &groups->ids.at[group->first_id - 1];
        group->first_id = id->next;
        ids_remove(&groups->ids, id);
    }
    timer_unset(&groups->timers, &group->timer);
    unlink_group(groups, group);
    group->holding.cursor = holding_cursor(&group->holding);
}

void groups_free(struct groups *groups, struct group *group)
{
    struct holding holding = group->holding; /* the group goes with its blocks */
    holding_free(&groups->holdings, &holding);
}

void groups_clear(struct groups *groups)
{
    while (groups->oldest) {
        struct group *group = groups->oldest;
        groups_close(groups, group);
        groups_free(groups, group);
    }
    ids_clear(&groups->ids);
    timers_clear(&groups->timers);
    holdings_clear(&groups->holdings);
}

size_t groups_bytes(const struct groups *groups)
{
    return holdings_bytes(&groups->holdings) + ids_bytes(&groups->ids) +
           timers_bytes(&groups->timers);
}

/* --- ids and invocations ----------------------------------------------------------------- */

bool groups_tie(struct groups *groups, struct group *group, struct key key)
{
    if (ids_find(&groups->ids, key))
        return true;
    struct id *id = ids_add(&groups->ids, key);
    if (!id)
        return false;
    id->group = group;
    id->next = group->first_id;
    group->first_id = (uint32_t)(id - groups->ids.at) + 1;
    group->id_count++;
    return true;
}

void group_name(struct group *group, struct key key, struct str text)
{
    bool is_smaller = key.hi < group->key.hi || (key.hi == group->key.hi && key.lo < group->key.lo);
    if (group->has_trace && !is_smaller)
        return;
    group->has_trace = true;
    group->key = key;
    group->name = trace_name(text);
}

void group_start(struct group *group, struct id *id, int64_t now_ns)
{
    group->open += !id->is_open;
    group->has_seen_invocation = true;
    id->is_open = true;
    id->opened_ns = group->opened_ns = now_ns;
}

static int64_t youngest_start(const struct groups *groups, const struct group *group)
{
    int64_t youngest = INT64_MIN;
    for (uint32_t next = group->first_id; next; next = groups->ids.at[next - 1].next) {
        const struct id *id = &groups->ids.at[next - 1];
        if (id->is_open && id->opened_ns > youngest)
            youngest = id->opened_ns;
    }
    return youngest;
}

void group_end(struct groups *groups, struct group *group, struct id *id)
{
    if (!id->is_open)
        return;
    id->is_open = false;
    group->open--;
    if (group->open && id->opened_ns == group->opened_ns)
        group->opened_ns = youngest_start(groups, group);
}

int64_t group_deadline(const struct group *group, const struct patience *patience)
{
    if (group->open) {
        int64_t longest = group->opened_ns + patience->invocation_max_ns;
        return (longest > group->last_ns ? longest : group->last_ns) + patience->linger_ns;
    }
    if (group->has_seen_invocation)
        return group->last_ns + patience->linger_ns;
    return group->first_ns + patience->wait_ns;
}

void groups_touch(struct groups *groups, struct group *group, int64_t now_ns)
{
    group->last_ns = now_ns > group->last_ns ? now_ns : group->last_ns;
    int64_t due_ns = group_deadline(group, &groups->patience);
    if (!group->timer.place || due_ns < group->timer.due_ns)
        timer_set(&groups->timers, &group->timer, due_ns);
}

struct group *groups_next(struct groups *groups)
{
    struct timer *first;
    while ((first = timers_first(&groups->timers))) {
        struct group *group = (struct group *)first;
        int64_t due_ns = group_deadline(group, &groups->patience);
        if (due_ns == first->due_ns)
            return group;
        timer_set(&groups->timers, first, due_ns);
    }
    return NULL;
}

/* --- merging ----------------------------------------------------------------------------- */

static void move_ids(struct groups *groups, struct group *to, struct group *from)
{
    uint32_t *link = &from->first_id;
    while (*link) {
        struct id *id = &groups->ids.at[*link - 1];
        id->group = to;
        link = &id->next;
    }
    *link = to->first_id;
    to->first_id = from->first_id;
    to->id_count += from->id_count;
    from->first_id = 0;
}

static void move_invocations(struct group *to, const struct group *from)
{
    if (from->open && (!to->open || from->opened_ns > to->opened_ns))
        to->opened_ns = from->opened_ns;
    to->open += from->open;
    to->has_seen_invocation |= from->has_seen_invocation;
    to->last_ns = from->last_ns > to->last_ns ? from->last_ns : to->last_ns;
}

struct group *groups_merge(struct groups *groups, struct group *one, struct group *other)
{
    struct group *to = one->serial < other->serial ? one : other;
    struct group *from = to == one ? other : one;
    move_ids(groups, to, from);
    move_invocations(to, from);
    if (from->has_trace)
        group_name(to, from->key, trace_name_str(&from->name));
    tally_merge(&to->tally, &from->tally);
    for (size_t i = 0; i < COPIES_MAX; i++)
        to->copies[i] = to->copies[i] ? to->copies[i] : from->copies[i];
    if (from->has_verdict && !to->has_verdict) {
        to->has_verdict = true;
        to->ruling = from->ruling;
    }
    to->hops = from->hops > to->hops ? from->hops : to->hops;
    timer_unset(&groups->timers, &from->timer);
    unlink_group(groups, from);
    holding_join(&to->holding, &from->holding);
    groups_touch(groups, to, to->last_ns);
    return to;
}
