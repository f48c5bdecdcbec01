/* agent/state/open.c - the entries of all open lists.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/state/open.h"

#include <stddef.h>
#include <string.h>

#include "agent/limits.h"
#include "agent/memory.h"

_Static_assert(sizeof(struct open_entry) <= 48, "hundreds of thousands of these are held");

static uint32_t chunk_of(uint32_t slot)
{
    return (slot - 1) / OPEN_CHUNK;
}

static uint32_t place_of(uint32_t slot)
{
    return (slot - 1) % OPEN_CHUNK;
}

void open_clear(struct open_table *table)
{
    for (uint32_t i = 0; i < table->chunk_count; i++)
        memory_free(table->chunks[i]);
    memory_free(table->chunks);
    *table = (struct open_table){0};
}

static void enter_room_list(struct open_table *table, uint32_t number)
{
    struct open_chunk *chunk = table->chunks[number];
    chunk->has_room = true;
    chunk->prev_with_room = 0;
    chunk->next_with_room = table->with_room;
    if (table->with_room)
        table->chunks[table->with_room - 1]->prev_with_room = number + 1;
    table->with_room = number + 1;
}

static void leave_room_list(struct open_table *table, uint32_t number)
{
    struct open_chunk *chunk = table->chunks[number];
    chunk->has_room = false;
    if (chunk->prev_with_room)
        table->chunks[chunk->prev_with_room - 1]->next_with_room = chunk->next_with_room;
    else
        table->with_room = chunk->next_with_room;
    if (chunk->next_with_room)
        table->chunks[chunk->next_with_room - 1]->prev_with_room = chunk->prev_with_room;
}

/* Strings all unused entries of a chunk together, lowest first. */
static void link_free(struct open_chunk *chunk)
{
    chunk->free = 0;
    for (uint32_t i = OPEN_CHUNK; i-- > 0;) {
        if (chunk->entries[i].flags & OPEN_USED)
            continue;
        chunk->entries[i].newer = chunk->free;
        chunk->free = i + 1;
    }
}

static bool grow_numbers(struct open_table *table, uint32_t wanted)
{
    if (wanted <= table->room)
        return true;
    uint32_t room = table->room ? table->room : 8;
    while (room < wanted)
        room *= 2;
    size_t old_size = table->room * sizeof *table->chunks;
    struct open_chunk **grown =
        memory_resize(table->chunks, old_size, room * sizeof *table->chunks);
    if (!grown)
        return false;
    memset(grown + table->room, 0, (room - table->room) * sizeof *grown);
    table->chunks = grown;
    table->room = room;
    return true;
}

static bool make_chunk(struct open_table *table, uint32_t number)
{
    if (number >= OPEN_LIST_MAX / OPEN_CHUNK || !grow_numbers(table, number + 1))
        return false;
    struct open_chunk *chunk = memory_make(sizeof *chunk);
    if (!chunk)
        return false;
    memset(chunk, 0, sizeof *chunk);
    for (uint32_t i = 0; i < OPEN_CHUNK; i++)
        chunk->entries[i].generation = table->generation & 0xffffff;
    table->generation++; /* so that an old seq does not fit a chunk that came back */
    table->chunks[number] = chunk;
    table->all += OPEN_CHUNK;
    if (number >= table->chunk_count)
        table->chunk_count = number + 1;
    link_free(chunk);
    return true;
}

/* The lowest number without a chunk keeps slot numbers, and so the journal's, small. */
static uint32_t unused_number(const struct open_table *table)
{
    uint32_t number = 0;
    while (number < table->chunk_count && table->chunks[number])
        number++;
    return number;
}

static bool add_chunk(struct open_table *table)
{
    uint32_t number = unused_number(table);
    if (!make_chunk(table, number))
        return false;
    enter_room_list(table, number);
    return true;
}

bool open_reserve(struct open_table *table, uint32_t entries)
{
    while (table->all - table->count < entries)
        if (!add_chunk(table))
            return false;
    return true;
}

uint32_t open_add(struct open_table *table)
{
    if (!table->with_room && !add_chunk(table))
        return 0;
    uint32_t number = table->with_room - 1;
    struct open_chunk *chunk = table->chunks[number];
    uint32_t place = chunk->free - 1;
    struct open_entry *entry = &chunk->entries[place];
    MUST(chunk->free != 0 && !(entry->flags & OPEN_USED));
    chunk->free = entry->newer;
    if (!chunk->free)
        leave_room_list(table, number);
    *entry =
        (struct open_entry){.generation = (entry->generation + 1) & 0xffffff, .flags = OPEN_USED};
    chunk->used++;
    table->count++;
    return number * OPEN_CHUNK + place + 1;
}

void open_remove(struct open_table *table, uint32_t slot)
{
    uint32_t number = chunk_of(slot);
    struct open_chunk *chunk = table->chunks[number];
    struct open_entry *entry = &chunk->entries[place_of(slot)];
    MUST(entry->flags & OPEN_USED);
    entry->flags = 0;
    entry->newer = chunk->free;
    chunk->free = place_of(slot) + 1;
    chunk->used--;
    table->count--;
    if (!chunk->has_room)
        enter_room_list(table, number);
    if (chunk->used ||
        table->count == 0) /* the last one stays: most sources come and go one by one */
        return;
    leave_room_list(table, number);
    memory_free(chunk);
    table->chunks[number] = NULL;
    table->all -= OPEN_CHUNK;
}

struct open_entry *open_at(const struct open_table *table, uint32_t slot)
{
    if (slot == 0 || chunk_of(slot) >= table->chunk_count || !table->chunks[chunk_of(slot)])
        return NULL;
    struct open_entry *entry = &table->chunks[chunk_of(slot)]->entries[place_of(slot)];
    return entry->flags & OPEN_USED ? entry : NULL;
}

uint32_t open_slots(const struct open_table *table)
{
    return table->chunk_count * OPEN_CHUNK;
}

struct open_entry *open_claim(struct open_table *table, uint32_t slot)
{
    if (slot == 0 || slot > OPEN_LIST_MAX)
        return NULL;
    uint32_t number = chunk_of(slot);
    if ((number >= table->chunk_count || !table->chunks[number]) && !make_chunk(table, number))
        return NULL;
    struct open_chunk *chunk = table->chunks[number];
    struct open_entry *entry = &chunk->entries[place_of(slot)];
    if (!(entry->flags & OPEN_USED)) {
        *entry = (struct open_entry){.generation = entry->generation, .flags = OPEN_USED};
        chunk->used++;
        table->count++;
    }
    return entry;
}

void open_loaded(struct open_table *table)
{
    table->with_room = 0;
    for (uint32_t i = table->chunk_count; i-- > 0;) {
        if (!table->chunks[i])
            continue;
        link_free(table->chunks[i]);
        table->chunks[i]->has_room = false;
        if (table->chunks[i]->free)
            enter_room_list(table, i);
    }
}
