/* agent/state/handover.c - a source that goes from one agent to another, as a partition does.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The text: "w1 AGENT MARK", then " GAP+COUNT" for each run of open positions one after the other,
 * where GAP is counted from the end of the run before (the first from the resume position). All in
 * hexadecimal.
 */
#include "agent/state/handover.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/state/inside.h"
#include "agent/state/source.h"

enum {
    RUN_BYTES_MAX = 36,      /* " " GAP "+" COUNT */
    RUN_COUNT_MAX = 1 << 20, /* positions of one run: a text is written by strangers, too */
};

/* Nothing below it is without an outcome but what the open list names: for every output. */
static uint64_t lowest_mark(const struct source *source)
{
    uint64_t lowest = UINT64_MAX;
    for (uint32_t i = 0; i < source->state->output_count; i++)
        if (source_mark(source, i) < lowest)
            lowest = source_mark(source, i);
    return lowest == UINT64_MAX ? source->at : lowest;
}

static uint32_t next_open(const struct source *source, uint32_t slot)
{
    return slot ? open_at(&source->state->open, slot)->newer : source->open_oldest;
}

struct run {
    uint64_t from, count;
};

/* The run of open positions that begins at the slot, which becomes the one behind it. */
static struct run run_at(const struct source *source, uint32_t *slot)
{
    struct run run = {.from = open_at(&source->state->open, *slot)->offset};
    while (*slot) {
        uint64_t offset = open_at(&source->state->open, *slot)->offset;
        if (offset > run.from + run.count || run.count == RUN_COUNT_MAX)
            break;
        run.count = offset - run.from + 1; /* several events may stand at one position */
        *slot = next_open(source, *slot);
    }
    return run;
}

void source_hand_over(const struct source *source, struct handover *ret)
{
    const struct state *state = source->state;
    char runs[HANDOVER_BYTES_MAX];
    size_t len = 0, room = sizeof runs - 64;
    uint64_t end = source->rewind, mark = lowest_mark(source);
    runs[0] = 0;
    for (uint32_t slot = next_open(source, 0); slot;) {
        struct run run = run_at(source, &slot);
        if (run.from >= mark)
            break;
        if (len + RUN_BYTES_MAX > room) { /* from here on everything is given out again */
            mark = run.from;
            break;
        }
        len += (size_t)snprintf(runs + len, sizeof runs - len, " %" PRIx64 "+%" PRIx64,
                                run.from - end, run.count);
        end = run.from + run.count;
    }
    ret->resume = source->rewind;
    ret->ticket = source->is_dirty ? state->next_ticket : state->last_ticket;
    ret->len = (size_t)snprintf(ret->text, sizeof ret->text, "w1 %016" PRIx64 " %" PRIx64 "%s",
                                state->agent_id, mark, runs);
    MUST(ret->len < sizeof ret->text);
}

/* --- the other side ---------------------------------------------------------------------- */

struct hand { /* where the reading of a text stands */
    const char *at;
    bool failed;
};

static uint64_t hex_read(struct hand *hand, char end)
{
    char *after;
    bool is_digit =
        (*hand->at >= '0' && *hand->at <= '9') || (*hand->at >= 'a' && *hand->at <= 'f');
    uint64_t number = is_digit ? strtoull(hand->at, &after, 16) : 0;
    if (!is_digit || (*after != end && !(end == ' ' && *after == 0))) {
        hand->failed = true;
        return 0;
    }
    hand->at = after + (*after != 0);
    return number;
}

static bool hand_begin(struct hand *hand, struct str text, char *copy, size_t room)
{
    if (text.len >= room || !str_starts(text, STR("w1 ")))
        return false;
    hand->at = str_z(text, copy, room) + 3;
    hand->failed = false;
    return true;
}

uint64_t handover_agent(struct str text)
{
    char copy[HANDOVER_BYTES_MAX];
    struct hand hand;
    return hand_begin(&hand, text, copy, sizeof copy) ? hex_read(&hand, ' ') : 0;
}

/* It is ours now: counted in, and in flight until it is read again. */
static bool open_again(struct source *source, uint64_t offset)
{
    struct state *state = source->state;
    struct origin origin = {.source = source, .offset = offset, .owed = source->outputs};
    if (!source_hold_open(source, &origin))
        return false;
    open_at(&state->open, open_slot(&state->open, origin.seq))->flags |= OPEN_LOADED;
    for (uint32_t i = 0; i < state->output_count; i++) {
        state->ledger.outputs[i].in++;
        state->ledger.outputs[i].in_flight++;
    }
    return true;
}

static bool runs_take(struct source *source, struct hand hand, uint64_t resume, uint64_t mark)
{
    uint64_t end = resume;
    while (!hand.failed && *hand.at) {
        uint64_t from = end + hex_read(&hand, '+'), count = hex_read(&hand, ' ');
        for (uint64_t at = from; at < from + count && at < mark; at++)
            if (!open_again(source, at))
                return false;
        end = from + count;
    }
    return true;
}

/* Nothing is done for a text that does not hold together. */
static bool runs_are_sound(struct hand hand, uint64_t resume, uint64_t mark)
{
    uint64_t end = resume;
    while (!hand.failed && *hand.at) {
        uint64_t gap = hex_read(&hand, '+'), count = hex_read(&hand, ' ');
        if (gap > mark - end || count == 0 || count > RUN_COUNT_MAX || count > mark - end - gap)
            return false;
        end += gap + count;
    }
    return !hand.failed;
}

bool source_take_over(struct source *source, uint64_t resume, struct str text)
{
    char copy[HANDOVER_BYTES_MAX];
    struct hand hand = {.failed = true};
    uint64_t mark = resume;
    MUST(!source->is_known && source->at == 0 && source->open_count == 0);
    if (hand_begin(&hand, text, copy, sizeof copy)) {
        (void)hex_read(&hand, ' ');
        mark = hex_read(&hand, ' ');
    }
    bool is_sound = !hand.failed && mark >= resume && runs_are_sound(hand, resume, mark);
    if (!is_sound)
        mark = resume;
    source->at = source->rewind = resume;
    source->read = source->known_end = mark;
    for (uint32_t i = 0; i < source->state->output_count; i++)
        source->marks[i] = mark;
    source_mark_dirty(source);
    bool is_taken = !is_sound || runs_take(source, hand, resume, mark);
    source->open_next = source->open_oldest;
    return is_taken;
}

bool source_has_open(const struct source *source)
{
    return source->open_count > 0;
}

/* --- leaving ----------------------------------------------------------------------------- */

/* What an earlier reader left open and was not come across: it never was ours. */
static void turn_away_loaded(struct source *source)
{
    struct state *state = source->state;
    for (uint32_t slot = source->open_oldest; slot;) {
        const struct open_entry *entry = open_at(&state->open, slot);
        uint32_t newer = entry->newer;
        uint64_t owed = entry->flags & OPEN_LOADED ? entry->owed : 0;
        for (; owed; owed &= owed - 1) {
            uint32_t output = (uint32_t)__builtin_ctzll(owed);
            state->ledger.outputs[output].in--;
            state->ledger.outputs[output].in_flight--;
            (void)source_settle(source, open_seq(&state->open, slot), output);
        }
        slot = newer;
    }
}

void source_leave(struct source *source)
{
    source->is_left = true;
    turn_away_loaded(source);
    source_finish(source);
}
