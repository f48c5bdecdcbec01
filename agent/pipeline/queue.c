/* agent/pipeline/queue.c - an output's own place on disk, used only when the output falls behind.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/pipeline/queue.h"

#include <errno.h>
#include <string.h>

#include "agent/data/record.h"
#include "agent/limits.h"
#include "agent/pipeline/settle.h"
#include "agent/state/state.h"

enum {
    SEGMENTS_MIN = 8, /* that a queue is cut into: what is given back at once */
};

static struct output_totals *totals_of(struct queue *queue)
{
    return &queue->ledger->outputs[queue->output];
}

static uint64_t bit_of(const struct queue *queue)
{
    return UINT64_C(1) << queue->output;
}

enum code queue_name(struct queue *queue, struct str directory, struct str was, struct why *why)
{
    struct engine *engine = queue->host->engine;
    struct writer *writer = state_writer(queue->state);
    enum code code = OK;
    if (was.len) { /* what still waits under the old label goes on under it until it has left */
        spool_init(&queue->spool, engine->files, writer, SEGMENT_QUEUE, was);
        code = spool_name(&queue->spool, directory, why);
    }
    if (code == OK && (!was.len || !spool_has_files(&queue->spool))) {
        spool_close(&queue->spool);
        spool_init(&queue->spool, engine->files, writer, SEGMENT_QUEUE, queue->host->label);
        code = spool_name(&queue->spool, directory, why);
    }
    if (code != OK)
        return code;
    if (queue->spool.segment_bytes > queue->size_max / SEGMENTS_MIN)
        queue->spool.segment_bytes = queue->size_max / SEGMENTS_MIN;
    spool_add(&queue->spool);
    return OK;
}

/* So many are gone: they stood in a file that was damaged, or that others removed. */
static void lose(struct queue *queue, uint64_t count)
{
    struct output_totals *totals = totals_of(queue);
    totals->queued -= count;
    totals->abandoned += count;
    if (count)
        host_alarm(
            queue->host, "queue",
            "%llu queued events could not be read back; what is left of their files is kept as "
            "%s*.damaged",
            (unsigned long long)count, queue->spool.prefix);
}

enum code queue_open(struct queue *queue, uint32_t input, struct why *why)
{
    queue->source = state_source_open(queue->state, input, queue->spool.label, STR(""), queue);
    if (!queue->source)
        return fail(why, OVER_LIMIT, "no memory for the queue of \"%.*s\"",
                    STR_ARG(queue->host->label));
    queue->source->outputs = bit_of(queue);
    enum code code = spool_open(&queue->spool, queue->source->read, why);
    if (code != OK)
        return code;
    queue->is_open = true;
    queue->synced = queue->spool.tail;
    struct output_totals *totals = totals_of(queue);
    if (queue->spool.tail == queue->source->read && totals->queued)
        lose(queue, totals->queued);
    return OK;
}

void queue_close(struct queue *queue)
{
    spool_close(&queue->spool);
    queue->is_open = false;
}

/* --- in ---------------------------------------------------------------------------------- */

/* Drops what nobody read yet of the oldest file. False: there is none to drop. */
static bool evict(struct queue *queue)
{
    struct source *source = queue->source;
    struct output_totals *totals = totals_of(queue);
    if (source->at < source->read || source->at >= queue->spool.tail)
        return false;
    uint64_t end = spool_file_end(&queue->spool, source->at);
    if (end >= queue->spool.tail)
        spool_close_segment(&queue->spool);
    uint64_t gone = spool_ordinal_at(&queue->spool, end) - (queue->spool.ordinal - totals->queued);
    if (gone > totals->queued)
        gone = totals->queued;
    totals->queued -= gone;
    totals->evicted += gone;
    spool_skip(&queue->spool, source->at, end);
    source_advance(source, end);
    host_alarm(queue->host, "evicted",
               "the queue is full (%llu bytes): what has waited longest is dropped",
               (unsigned long long)queue->size_max);
    return true;
}

static uint64_t unread_bytes(const struct queue *queue)
{
    return queue->spool.tail > queue->source->at ? queue->spool.tail - queue->source->at : 0;
}

bool queue_has_room(struct queue *queue)
{
    if (!queue->is_open || writer_is_ailing(state_writer(queue->state)))
        return false;
    if (queue->drops_oldest) {
        while (unread_bytes(queue) + queue->spool.segment_bytes > queue->size_max && evict(queue)) {
        }
    } else if (spool_bytes(&queue->spool) >= queue->size_max) {
        host_alarm(queue->host, "full", "the queue is full (%llu bytes): inputs wait",
                   (unsigned long long)queue->size_max);
        return false;
    }
    return spool_has_room(&queue->spool);
}

bool queue_fits(const struct queue *queue, uint64_t bytes)
{
    return queue->is_open && spool_bytes(&queue->spool) + bytes <= queue->size_max;
}

static bool end_entry(struct queue *queue)
{
    if (!spool_end(&queue->spool))
        return false;
    totals_of(queue)->queued++;
    return true;
}

bool queue_put(struct queue *queue, const struct event *event)
{
    struct buffer *to = spool_begin(&queue->spool, STR(""), queue->host->engine->now_ns);
    if (!to)
        return false;
    to->full |= !record_write(to, event);
    return end_entry(queue);
}

static bool put_record(struct queue *queue, struct str record)
{
    struct buffer *to = spool_begin(&queue->spool, STR(""), queue->host->engine->now_ns);
    if (!to)
        return false;
    buffer_add(to, record);
    return end_entry(queue);
}

bool queue_take_back(struct queue *queue, struct str record)
{
    return !writer_is_ailing(state_writer(queue->state)) && put_record(queue, record);
}

/* --- out --------------------------------------------------------------------------------- */

bool queue_is_resuming(const struct queue *queue)
{
    return queue->source->at < queue->source->read;
}

bool queue_has_more(const struct queue *queue)
{
    return queue->is_open && queue->source->at < queue->synced;
}

/* Makes the entry's event one of this source, as if it had been read from it the first time. */
static bool take_entry(struct queue *queue, const struct segment_entry *entry, struct view *to)
{
    struct event *event = arena_take(to->arena, sizeof *event);
    if (!event || !segment_event(&queue->spool.head, entry->record, event, to->arena))
        return false;
    struct origin *origin = event->origin;
    *origin = (struct origin){.source = queue->source,
                              .source_id = source_id(queue->source),
                              .offset = entry->position,
                              .length = (uint32_t)entry->size,
                              .is_counted = true};
    source_take(queue->source, origin);
    if (entry->position < queue->source->known_end)
        origin_count_in(origin, bit_of(queue),
                        queue->ledger); /* fresh only after a damaged journal */
    origin->fresh = 0;
    event->fate = FATE_LIVE;
    if (origin->owed)
        to->at[to->count++] = event;
    return true;
}

/* What was read for the first time is queued no more; what should have stood there is lost. */
static void count_out(struct queue *queue, uint64_t taken, uint64_t next_ordinal)
{
    struct output_totals *totals = totals_of(queue);
    uint64_t left = queue->spool.ordinal - next_ordinal;
    uint64_t gone = totals->queued > left ? totals->queued - left : 0;
    if (taken > gone) { /* the journal that knew of them is gone */
        totals->in += taken - gone;
        taken = gone;
    }
    totals->queued -= taken;
    lose(queue, gone - taken);
}

static void tell_damage(struct queue *queue, const struct segment_walk *walk)
{
    if (!walk->damaged_places)
        return;
    spool_damaged(&queue->spool, walk->position);
    host_alarm(
        queue->host, "damage",
        "the queue's file at %llu is damaged in %llu places (%llu bytes); going on with every "
        "whole event",
        (unsigned long long)walk->position, (unsigned long long)walk->damaged_places,
        (unsigned long long)walk->damaged_bytes);
}

static void take_entries(struct queue *queue, struct segment_walk *walk, struct view *to)
{
    bool is_first_time = !queue_is_resuming(queue);
    uint64_t taken = 0, next_ordinal = 0;
    struct segment_entry entry;
    while (segment_walk_next(walk, &entry)) {
        taken += take_entry(queue, &entry, to);
        next_ordinal = entry.ordinal + 1;
    }
    if (is_first_time && next_ordinal)
        count_out(queue, taken, next_ordinal);
}

/* Below the limit nothing is left that could be read. */
static bool pass_over(struct queue *queue, uint64_t limit)
{
    source_advance(queue->source, limit);
    if (limit == queue->spool.tail && !queue_is_resuming(queue))
        lose(queue, totals_of(queue)->queued);
    return false;
}

bool queue_read(struct queue *queue, struct arena *arena, struct view *ret)
{
    struct source *source = queue->source;
    struct segment_walk walk;
    uint64_t until = source_read_until(source);
    uint64_t limit = queue->synced < until ? queue->synced : until;
    int wrong = spool_read(&queue->spool, source->at, limit, arena, &walk);
    if (wrong == ENOENT)
        return pass_over(queue, limit);
    size_t most = walk.bytes.len / SEGMENT_ENTRY_HEAD_BYTES + 1;
    *ret = (struct view){.arena = arena};
    if (!wrong)
        ret->at = arena_take(arena, most * sizeof(struct event *));
    if (wrong || !ret->at) {
        char reason[96];
        host_alarm(queue->host, "unread", "the queue cannot be read: %s; trying again",
                   strerror_r(wrong ? wrong : ENOMEM, reason, sizeof reason));
        return false;
    }
    host_recovered(queue->host, "unread", "the queue can be read again");
    take_entries(queue, &walk, ret);
    tell_damage(queue, &walk);
    uint64_t next = walk.position + walk.at;
    if (next == queue->spool.tail && totals_of(queue)->queued && !queue_is_resuming(queue))
        lose(queue, totals_of(queue)->queued); /* its end is torn */
    source_advance(source, next);
    return true;
}

/* --- with the journal -------------------------------------------------------------------- */

void queue_flush(struct queue *queue)
{
    if (queue->is_open)
        spool_flush(&queue->spool);
}

void queue_committed(struct queue *queue, uint64_t ticket)
{
    if (!queue->is_open || queue->coming.ticket)
        return; /* one at a time: the next commit says more */
    queue->coming.ticket = ticket;
    queue->coming.tail = queue->spool.tail;
    queue->coming.at = queue->source->at;
    queue->coming.rewind = queue->source->rewind;
}

void queue_collect(struct queue *queue)
{
    if (!queue->is_open || !queue->coming.ticket ||
        !state_synced(queue->state, queue->coming.ticket))
        return;
    queue->synced = queue->coming.tail;
    spool_remove_below(&queue->spool, queue->coming.rewind);
    spool_remove_skipped(&queue->spool, queue->coming.at);
    queue->coming.ticket = 0;
    if (!queue_has_more(queue) && !totals_of(queue)->queued) {
        host_recovered(queue->host, "evicted", "the queue is empty again");
        host_recovered(queue->host, "full", "the queue is empty again");
    }
}

uint64_t queue_bytes(const struct queue *queue)
{
    return queue->is_open ? spool_bytes(&queue->spool) : 0;
}
