/* agent/sampling/groups.h - the open traces: ids, invocations, deadlines.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A group is what is known to be one trace: it is found by any of its ids, and two groups merge when an event
 * carries ids of both. The group lies in front of its events, in blocks of its own, so a trace is forgotten by giving
 * back a few blocks. Nothing here decides.
 */
#ifndef WEIR_GROUPS_H
#define WEIR_GROUPS_H

#include "agent/sampling/holding.h"
#include "agent/sampling/ids.h"
#include "agent/sampling/timers.h"

struct patience { /* how long to wait for the rest of a trace, stream time */
    int64_t linger_ns, wait_ns, invocation_max_ns;
};

struct ruling { /* a verdict as a trace's events meet it */
    bool is_kept;
    uint16_t reason, rule; /* texts of verdicts.h */
    uint32_t weight;
    uint64_t ticket;        /* of the journal */
    struct trace_name name; /* to stamp on events that have no trace id */
};

struct group {
    struct timer timer; /* first: a timer is its group */
    struct group *older, *younger; /* by birth while open; `younger` is the next in line once decided */
    struct holding holding;        /* the group lies at its start */
    int64_t first_ns, last_ns; /* stream time when its first event entered; its last event or close */
    int64_t opened_ns;         /* start of the youngest open invocation */
    uint64_t serial;
    uint32_t first_id, id_count;
    uint32_t open; /* invocations */
    bool has_seen_invocation, has_trace;
    bool has_verdict; /* from before: the fields at the end are set while it is still open */
    uint32_t hops;
    struct key key;         /* smallest trace id, or the invocation's: what the dice are thrown with */
    struct trace_name name; /* of that trace id */
    struct tally tally;
    const struct held *copies[COPIES_MAX]; /* first event with the value, per copy block */
    /* once decided */
    struct ruling ruling;
};

struct groups {
    struct patience patience;
    struct ids ids;
    struct timers timers;
    struct holdings holdings;
    struct group *oldest, *youngest;
    struct group *hand; /* the next one to look at for what may be parked; null: the oldest */
    uint64_t serial;
    uint32_t count; /* open */
};

/* Null: no memory. The caller ties an id to it at once. */
struct group *groups_open(struct groups *groups, int64_t now_ns);
/* Lets an id lead to the group, unless it does already. False: no memory. May move all ids. */
bool groups_tie(struct groups *groups, struct group *group, struct key key);
/* The older one takes all that the younger had; returns it. */
struct group *groups_merge(struct groups *groups, struct group *one, struct group *other);
/* Takes an open group out: no id leads to it any more, no timer runs. Its events stay held. */
void groups_close(struct groups *groups, struct group *group);
/* Forgets a closed group. */
void groups_free(struct groups *groups, struct group *group);
void groups_clear(struct groups *groups);

/* A trace id and its name; the smallest stands for the group, in whatever order they come. */
void group_name(struct group *group, struct key key, struct str text);
/* Start and end of an invocation whose id is tied to the group. */
void group_start(struct group *group, struct id *id, int64_t now_ns);
void group_end(struct groups *groups, struct group *group, struct id *id);
/* The deadline may have moved. */
void groups_touch(struct groups *groups, struct group *group, int64_t now_ns);
/* When the group ends; moves with each event. */
int64_t group_deadline(const struct group *group, const struct patience *patience);
/* The next group whose deadline is true now, or null. */
struct group *groups_next(struct groups *groups);

size_t groups_bytes(const struct groups *groups);

#endif
