/* agent/pipeline/yard.c - where a filter parks what it holds while memory is short.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/pipeline/yard.h"

#include <errno.h>
#include <string.h>

#include "agent/state/state.h"

enum code yard_name(struct yard *yard, struct host *host, struct str directory, struct why *why)
{
    struct engine *engine = host->engine;
    yard->host = host;
    spool_init(&yard->spool, engine->files, state_writer(engine->state), SEGMENT_PARKED,
               host->path);
    enum code code = spool_name(&yard->spool, directory, why);
    if (code == OK)
        spool_add(&yard->spool);
    return code;
}

enum code yard_open(struct yard *yard, struct why *why)
{
    enum code code = spool_open(&yard->spool, 0, why);
    if (code != OK)
        return code;
    spool_remove_below(&yard->spool, yard->spool.tail);
    yard->synced = yard->spool.tail;
    yard->is_open = true;
    return OK;
}

void yard_close(struct yard *yard)
{
    spool_close(&yard->spool);
    yard->is_open = false;
}

/* --- putting aside ----------------------------------------------------------------------- */

static bool is_full(const struct yard *yard)
{
    return !yard->is_open || writer_is_ailing(state_writer(yard->host->engine->state)) ||
           spool_bytes(&yard->spool) >= PARKED_BYTES_MAX || yard->file_count >= YARD_FILES_MAX;
}

/* The writer takes more once it is through with what it has; one that has nothing never will. */
static enum parked refuse(const struct yard *yard)
{
    return writer_is_idle(state_writer(yard->host->engine->state)) ? PARKED_LOST : PARKED_LATER;
}

static void count_in(struct yard *yard)
{
    uint64_t base = yard->spool.at[yard->spool.count - 1].base;
    if (!yard->file_count || yard->files[yard->file_count - 1].base != base)
        yard->files[yard->file_count++] = (struct yard_file){.base = base};
    yard->files[yard->file_count - 1].left++;
}

enum parked yard_put(struct yard *yard, struct str bytes, uint64_t *ret_place)
{
    if (is_full(yard))
        return PARKED_LOST;
    struct buffer *to = spool_has_room(&yard->spool)
                            ? spool_begin(&yard->spool, STR(""), yard->host->engine->now_ns)
                            : NULL;
    if (!to)
        return refuse(yard);
    uint64_t place = yard->spool.tail;
    buffer_add(to, bytes);
    if (!spool_end(&yard->spool))
        return PARKED_LOST;
    *ret_place = place;
    count_in(yard);
    return PARKED_HERE;
}

/* --- coming back ------------------------------------------------------------------------- */

enum parked yard_get(struct yard *yard, uint64_t place, struct arena *arena, struct str *ret)
{
    struct segment_walk walk;
    struct segment_entry entry;
    if (place >= yard->synced)
        return PARKED_LATER;
    int wrong = spool_read(&yard->spool, place, yard->synced, arena, &walk);
    if (wrong == ENOMEM)
        return PARKED_LATER; /* the batch has no room for it: another one has */
    if (wrong && wrong != ENOENT) {
        char reason[96];
        host_alarm(yard->host, "parked", "what was parked cannot be read: %s; trying again",
                   strerror_r(wrong, reason, sizeof reason));
        return PARKED_LATER;
    }
    if (wrong || !segment_walk_next(&walk, &entry) || entry.position != place) {
        host_alarm(yard->host, "parked",
                   "some of what was parked is damaged; it is read again by the next start");
        return PARKED_LOST;
    }
    host_recovered(yard->host, "parked", "what was parked can be read again");
    *ret = entry.record;
    return PARKED_HERE;
}

static void remove_first(struct yard *yard)
{
    yard->file_count--;
    memmove(yard->files, yard->files + 1, yard->file_count * sizeof *yard->files);
}

void yard_forget(struct yard *yard, uint64_t place)
{
    uint32_t index = yard->file_count;
    while (index > 0 && yard->files[index - 1].base > place)
        index--;
    MUST(index > 0 && yard->files[index - 1].left > 0);
    yard->files[index - 1].left--;
}

/* --- with the journal -------------------------------------------------------------------- */

void yard_flush(struct yard *yard)
{
    if (yard->is_open)
        spool_flush(&yard->spool);
}

void yard_committed(struct yard *yard, uint64_t ticket)
{
    if (!yard->is_open || yard->coming_ticket)
        return; /* one at a time: the next commit says more */
    yard->coming_ticket = ticket;
    yard->coming_tail = yard->spool.tail;
}

bool yard_collect(struct yard *yard)
{
    if (!yard->is_open || !yard->file_count)
        return false;
    if (yard->coming_ticket && state_synced(yard->host->engine->state, yard->coming_ticket)) {
        yard->synced = yard->coming_tail;
        yard->coming_ticket = 0;
    }
    while (yard->file_count > 1 && yard->files[0].left == 0)
        remove_first(yard);
    bool is_empty = yard->files[0].left == 0 && yard->synced == yard->spool.tail;
    if (is_empty) {
        spool_close_segment(&yard->spool);
        remove_first(yard);
    }
    spool_remove_below(&yard->spool, is_empty ? yard->spool.tail : yard->files[0].base);
    return !yard->coming_ticket && yard->synced < yard->spool.tail;
}
