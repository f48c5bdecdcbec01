/* agent/state/resume.c - what inputs ask of their sources, and which sources are ready.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/state/resume.h"

#include "agent/limits.h"
#include "agent/must.h"
#include "agent/state/inside.h"

void *source_mine(const struct source *source)
{
    return source->mine;
}

uint32_t source_id(const struct source *source)
{
    return source->id;
}

uint64_t source_resume(const struct source *source)
{
    return source->rewind;
}

bool source_is_known(const struct source *source)
{
    return source->is_known;
}

uint64_t source_read_until(const struct source *source)
{
    return source->at < source->read ? source->read : UINT64_MAX;
}

static bool is_as_saved(const struct source *source)
{
    return !source->is_dirty && state_synced(source->state, source->saved_ticket);
}

bool source_is_open(const struct source *source)
{
    return source->open_count > 0 || !is_as_saved(source);
}

uint64_t source_next_resume(const struct source *source)
{
    return state_synced(source->state, source->saved_ticket) ? source->rewind
                                                             : source->rewind_synced;
}

void source_ready(struct source *source, bool is_ready)
{
    struct source **first = &source->state->ready;
    if (source->is_ready == is_ready)
        return;
    source->is_ready = is_ready;
    if (!is_ready) {
        source->ready_prev->ready_next = source->ready_next;
        source->ready_next->ready_prev = source->ready_prev;
        if (*first == source)
            *first = source->ready_next == source ? NULL : source->ready_next;
        return;
    }
    struct source *head = *first ? *first : source;
    source->ready_next = head;
    source->ready_prev = *first ? head->ready_prev : source;
    source->ready_prev->ready_next = source;
    head->ready_prev = source;
    *first = head;
}

struct source *state_first_ready(const struct state *state)
{
    return state->ready;
}

struct source *state_next_ready(const struct state *state, const struct source *source)
{
    return source->ready_next == state->ready ? NULL : source->ready_next;
}

void source_finish(struct source *source)
{
    (void)source_lose(source); /* nobody can read it again */
    source->is_finished = true;
    source_ready(source, false);
    source_mark_dirty(source);
}

void source_leaves(struct source *source)
{
    if (source->is_leaving)
        return;
    source->state->leaving++;
    source->is_leaving = true;
    source_mark_dirty(source); /* the next start knows it as well */
}

void source_note(struct source *source, struct str note)
{
    MUST(note.len <= NOTE_BYTES_MAX);
    if (str_equal(source->note, note) || !source_set_note(source, note))
        return; /* without memory the old note stays: it is older, not wrong */
    source->note_changed = true;
    source_mark_dirty(source);
}
