/* agent/sampling/stakes.c - from where each source must be read again.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/sampling/stakes.h"

#include <string.h>

#include "agent/limits.h"
#include "agent/memory.h"
#include "agent/must.h"

enum { FIRST_LINES = 64, CHUNK_STAKES = 512 };

struct stake_chunk {
    struct stake_chunk *next;
    struct stake stakes[CHUNK_STAKES];
};

static bool add_lines(struct stakes *stakes, uint32_t source)
{
    uint32_t room = stakes->room ? stakes->room : FIRST_LINES;
    while (room <= source)
        room *= 2;
    struct stake_line *grown = memory_resize(stakes->lines, stakes->room * sizeof *stakes->lines,
                                             room * sizeof *stakes->lines);
    if (!grown)
        return false;
    memset(grown + stakes->room, 0, (room - stakes->room) * sizeof *grown);
    stakes->bytes += (room - stakes->room) * sizeof *grown;
    stakes->lines = grown;
    stakes->room = room;
    return true;
}

static bool add_chunk(struct stakes *stakes)
{
    struct stake_chunk *chunk = memory_make(sizeof *chunk);
    if (!chunk)
        return false;
    chunk->next = stakes->chunks;
    stakes->chunks = chunk;
    stakes->bytes += sizeof *chunk;
    for (size_t i = 0; i < CHUNK_STAKES; i++) {
        chunk->stakes[i].next = stakes->free;
        stakes->free = &chunk->stakes[i];
    }
    return true;
}

/* Nearly always behind the youngest; a source that was read from an earlier position again is no
 * harm. */
static void link_in_order(struct stake_line *line, struct stake *stake)
{
    struct stake *older = line->youngest;
    while (UNLIKELY(older && older->offset > stake->offset))
        older = older->older;
    stake->older = older;
    stake->younger = older ? older->younger : line->oldest;
    if (stake->younger)
        stake->younger->older = stake;
    else
        line->youngest = stake;
    if (older)
        older->younger = stake;
    else
        line->oldest = stake;
}

bool stakes_add(struct stakes *stakes, struct stake **mine, uint32_t source, uint64_t offset)
{
    for (struct stake *stake = *mine; stake; stake = stake->next)
        if (stake->source == source && stake->offset <= offset)
            return true;
    MUST(source <= SOURCES_MAX);
    if (source >= stakes->room && !add_lines(stakes, source))
        return false;
    if (!stakes->free && !add_chunk(stakes))
        return false;
    struct stake *stake = stakes->free;
    stakes->free = stake->next;
    *stake = (struct stake){.next = *mine, .source = source, .offset = offset};
    *mine = stake;
    link_in_order(&stakes->lines[source], stake);
    return true;
}

void stakes_drop(struct stakes *stakes, struct stake **mine)
{
    while (*mine) {
        struct stake *stake = *mine;
        struct stake_line *line = &stakes->lines[stake->source];
        *mine = stake->next;
        if (stake->older)
            stake->older->younger = stake->younger;
        else
            line->oldest = stake->younger;
        if (stake->younger)
            stake->younger->older = stake->older;
        else
            line->youngest = stake->older;
        stake->next = stakes->free;
        stakes->free = stake;
    }
}

void stakes_join(struct stake **to, struct stake **from)
{
    while (*to)
        to = &(*to)->next;
    *to = *from;
    *from = NULL;
}

uint64_t stakes_oldest(const struct stakes *stakes, uint32_t source)
{
    if (source >= stakes->room || !stakes->lines[source].oldest)
        return UINT64_MAX;
    return stakes->lines[source].oldest->offset;
}

void stakes_clear(struct stakes *stakes)
{
    while (stakes->chunks) {
        struct stake_chunk *chunk = stakes->chunks;
        stakes->chunks = chunk->next;
        memory_free(chunk);
    }
    memory_free(stakes->lines);
    *stakes = (struct stakes){0};
}
