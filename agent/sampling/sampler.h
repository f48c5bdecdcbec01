/* agent/sampling/sampler.h - tail sampling by trace: hold, decide once, let go or sample out.
 * SPDX-License-Identifier: Apache-2.0
 *
 * arrive.c takes events in, decide.c gives verdicts, depart.c lets decided traces go. Time is stream time: that of
 * the last sampler_advance().
 */
#ifndef WEIR_SAMPLER_H
#define WEIR_SAMPLER_H

#include "agent/sampling/dice.h"
#include "agent/sampling/groups.h"
#include "agent/sampling/verdicts.h"

struct shelf;
struct view;

struct copy { /* a field that may stand in another event of the trace */
    const struct path *field;
    const struct expr *when; /* null: every event that lacks it */
};

struct door { /* to the journal */
    uint64_t (*remember)(void *context, struct str blob);
    bool (*is_synced)(void *context, uint64_t ticket);
    void *context;
};

struct sampler_limits {
    int64_t trace_events_max, trace_bytes_max, traces_max, keys_max;
    uint64_t held_budget; /* 0: none */
};

struct sampler_counts { /* null: not counted */
    uint64_t *kept, *dropped, *early, *capped, *late, *forgotten, *bad_rates, *parked;
};

struct queue { /* of decided groups */
    struct group *first, *last;
};

struct sampler {
    /* filled in before sampler_open() */
    struct rules rules;
    struct dice dice;
    struct copy copies[COPIES_MAX];
    uint8_t copy_count;
    struct patience patience;
    int64_t remember_ns;
    struct sampler_limits limits;
    struct sampler_counts counts;
    struct door door;
    const struct shelf *shelf; /* where records are parked; null: nowhere */
    /* its own */
    bool is_whole;      /* every rate is 1: drops nothing, adds no hop */
    bool looks_across;  /* an event's fate or content depends on others of its trace */
    uint16_t rule_texts[RULES_MAX], late_text;
    int64_t now_ns;
    struct groups groups;
    struct verdicts verdicts;
    struct queue ghosts;  /* nothing of it is kept: may go at once */
    struct queue waiting; /* for the journal */
    struct group *unticketed; /* first of `waiting` decided since the last settle */
    uint64_t leaving_bytes;   /* of blocks in both lines */
    uint32_t park_pause;      /* so often it is not tried again: there was nothing to park, or no room */
    bool waits_for_disk;      /* to take what is to be parked; until the next sampler_advance() */
    struct arena scratch;
};

enum code sampler_open(struct sampler *sampler, struct why *why) CHECK_RESULT;
void sampler_close(struct sampler *sampler);

/* An event enters: it is held, or marked at once (late, or alone). */
void sampler_take(struct sampler *sampler, struct event *event, struct arena *arena);
/* Stream time moves on: decides what is due. INT64_MAX: the streams have ended, decides everything. */
void sampler_advance(struct sampler *sampler, int64_t stream_ns);
/* Writes down what was decided. After taking and advancing, before anything departs. */
void sampler_settle(struct sampler *sampler);
/* Puts what may leave into `out`; true: there was more than room. */
bool sampler_depart(struct sampler *sampler, struct view *out, uint32_t room);
/* The largest stream time at which nothing would happen; INT64_MAX: no timer runs. */
int64_t sampler_due(struct sampler *sampler);
size_t sampler_bytes(const struct sampler *sampler);
/* Without the holes that departed traces left in slabs: new ones fill them. */
size_t sampler_used(const struct sampler *sampler);

/* --- between arrive.c, decide.c and depart.c --------------------------------------------- */

/* Decides an open group: by its events, or as an older verdict on its trace says (null: none). False: any() asks for what is
 * parked and cannot be read yet; the group stays open. */
bool sampler_decide(struct sampler *sampler, struct group *group, const struct ruling *older);
/* What an event satisfies, now that the tally says what any() found in its whole trace. In the sampler's scratch memory. */
struct match sampler_match_again(struct sampler *sampler, const struct held *held, struct tally *tally);
/* A closed group with its ruling gets into a queue. */
void sampler_enqueue(struct sampler *sampler, struct group *group, bool has_keep_event);
/* Parks the oldest traces while there is too much, or decides them early where that is no help. While the disk is busy
 * with what it was given before, more may be held than the budget: then nothing should be read. */
void sampler_relieve(struct sampler *sampler);
/* Gives an event its weight, reason, rule and trace id, or samples it out. */
void sampler_mark(const struct sampler *sampler, struct event *event, const struct ruling *ruling,
                  struct match match, struct arena *arena);
void sampler_count(uint64_t *counter, uint64_t count);

#endif
