/* agent/data/twins.c - objects that have one key twice, somewhere inside a JSON value.
 * SPDX-License-Identifier: Apache-2.0
 *
 * All members of all objects are listed in the order they stand in. A member whose object and key
 * are those of an earlier one marks that one as dead; what is written leaves out everything from a
 * dead member's key to the next member's key, since a dead one always has another behind it.
 */
#include "agent/data/twins.h"

#include <string.h>
#include <xxhash.h>

#include "agent/data/scan.h"
#include "agent/limits.h"

#define HOLDS_ARRAY UINT32_MAX

struct mark {      /* one member */
    uint64_t hash; /* of its object and unescaped key */
    uint32_t from; /* of its key's quote */
    uint32_t next; /* of the next member in its object; 0: it is the last */
    bool is_dead;
};

struct hunt {
    struct str json;
    struct arena *scratch;
    struct mark *marks;
    uint32_t *table; /* index + 1 by hash */
    uint32_t count, room, mask;
    uint32_t stack[JSON_DEPTH_MAX +
                   1]; /* open containers: the newest mark + 1, 0: none yet; or HOLDS_ARRAY */
    uint32_t ids[JSON_DEPTH_MAX + 1]; /* which object it is */
    uint32_t depth, objects;
    bool found;
    bool is_blind; /* there was no room to unescape a key */
};

static size_t string_end(struct str json, size_t at)
{
    for (at++; at < json.len && json.at[at] != '"'; at++)
        at += json.at[at] == '\\';
    return at < json.len ? at : json.len;
}

/* Members have a colon each, strings may have more: an upper bound. */
static uint32_t count_colons(struct str json)
{
    uint32_t count = 0;
    for (size_t i = 0; i < json.len; i++)
        count += json.at[i] == ':';
    return count;
}

static bool make_room(struct hunt *hunt)
{
    if (hunt->json.len >= UINT32_MAX / 2)
        return false;
    hunt->room = count_colons(hunt->json);
    uint32_t size = 16;
    while (size < 2 * hunt->room)
        size *= 2;
    hunt->mask = size - 1;
    hunt->marks = arena_take(hunt->scratch, (hunt->room + 1) * sizeof *hunt->marks);
    hunt->table = arena_zeroed(hunt->scratch, size * sizeof *hunt->table);
    return hunt->marks && hunt->table;
}

static uint64_t key_hash(struct hunt *hunt, struct str body)
{
    struct str key = json_unescape(body, hunt->scratch);
    if (!key.at) {
        hunt->is_blind = true;
        key = body;
    }
    return XXH3_64bits_withSeed(key.at, key.len, hunt->ids[hunt->depth]);
}

/* Enters a member; the one that it takes the place of is dead. Equal hashes of 64 bits count as
 * equal keys: nobody finds two by chance, and whoever builds them loses a field of his own. */
static void enter(struct hunt *hunt, struct mark mark)
{
    uint32_t i = (uint32_t)mark.hash & hunt->mask;
    while (hunt->table[i] && hunt->marks[hunt->table[i] - 1].hash != mark.hash)
        i = (i + 1) & hunt->mask;
    if (hunt->table[i]) {
        hunt->marks[hunt->table[i] - 1].is_dead = true;
        hunt->found = true;
    }
    hunt->marks[hunt->count++] = mark;
    hunt->table[i] = hunt->count;
}

/* A string at `at`: a member if it stands where an object wants a key. Returns the offset behind
 * it. */
static size_t take_string(struct hunt *hunt, size_t at, bool wants_key)
{
    size_t end = string_end(hunt->json, at);
    uint32_t *last = &hunt->stack[hunt->depth];
    if (wants_key && *last != HOLDS_ARRAY && hunt->count < hunt->room) {
        struct str body = str_slice(hunt->json, at + 1, end - at - 1);
        if (*last)
            hunt->marks[*last - 1].next = (uint32_t)at;
        enter(hunt, (struct mark){.hash = key_hash(hunt, body), .from = (uint32_t)at});
        *last = hunt->count;
    }
    return end + 1;
}

static void open_container(struct hunt *hunt, char byte)
{
    if (hunt->depth == JSON_DEPTH_MAX)
        return;
    hunt->depth++;
    hunt->stack[hunt->depth] = byte == '{' ? 0 : HOLDS_ARRAY;
    hunt->ids[hunt->depth] = ++hunt->objects;
}

static void mark_members(struct hunt *hunt)
{
    bool wants_key = false;
    hunt->stack[0] = HOLDS_ARRAY;
    for (size_t at = 0; at < hunt->json.len;) {
        char byte = hunt->json.at[at];
        if (byte == '"') {
            at = take_string(hunt, at, wants_key);
            wants_key = false;
            continue;
        }
        if (byte == '{' || byte == '[')
            open_container(hunt, byte);
        else if ((byte == '}' || byte == ']') && hunt->depth > 0)
            hunt->depth--;
        wants_key = byte == '{' || byte == ',' || (wants_key && byte <= ' ');
        at++;
    }
}

bool twins_exist(struct str json, struct arena *scratch)
{
    struct hunt hunt = {.json = json, .scratch = scratch};
    if (!make_room(&hunt))
        return true;
    mark_members(&hunt);
    return hunt.found || hunt.is_blind;
}

/* The text without the blanks between its tokens. */
static void write_dense(struct buffer *to, struct str json)
{
    size_t from = 0, at = 0;
    while (at < json.len) {
        if (json.at[at] == '"') {
            at = string_end(json, at) + 1;
        } else if (json.at[at] <= ' ') {
            buffer_add(to, str_slice(json, from, at - from));
            from = ++at;
        } else {
            at++;
        }
    }
    buffer_add(to, str_skip(json, from));
}

bool twins_write(struct buffer *to, struct str json, struct arena *scratch)
{
    struct hunt hunt = {.json = json, .scratch = scratch};
    if (!make_room(&hunt))
        return false;
    mark_members(&hunt);
    if (hunt.is_blind)
        return false;
    size_t from = 0;
    for (uint32_t i = 0; i < hunt.count; i++) {
        struct mark mark = hunt.marks[i];
        if (!mark.is_dead || mark.from < from)
            continue;
        write_dense(to, str_slice(json, from, mark.from - from));
        from = mark.next;
    }
    write_dense(to, str_skip(json, from));
    return true;
}
