/* agent/data/names.c - the spellings that somebody reads, and compiled field paths.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/data/names.h"

#include <string.h>
#include <xxhash.h>

#include "agent/data/alias.h"
#include "agent/data/path.h"
#include "agent/limits.h"
#include "agent/must.h"

enum { NAMES_ROOM = 4096, TABLE_SIZE = 2 * NAMES_ROOM };

struct name {
    struct str key;
    uint8_t slot, rank;
};

struct names {
    struct arena *arena;
    uint16_t count;             /* the next id */
    uint16_t used[SLOT_COUNT];  /* aliases a slot has: the next rank */
    struct name at[NAMES_ROOM]; /* by id; 0 is nobody's */
    uint16_t table[TABLE_SIZE]; /* ids by hash, open addressing; 0: free */
};

static uint16_t *find_place(struct names *names, struct str key)
{
    size_t i = (size_t)XXH3_64bits(key.at, key.len) % TABLE_SIZE;
    while (names->table[i] && !str_equal(names->at[names->table[i]].key, key))
        i = (i + 1) % TABLE_SIZE;
    return &names->table[i];
}

uint16_t names_find(const struct names *names, struct str key)
{
    size_t i = (size_t)XXH3_64bits(key.at, key.len) % TABLE_SIZE;
    while (names->table[i] && !str_equal(names->at[names->table[i]].key, key))
        i = (i + 1) % TABLE_SIZE;
    return names->table[i];
}

enum slot names_slot(const struct names *names, uint16_t name, uint8_t *ret_rank)
{
    *ret_rank = names->at[name].rank;
    return (enum slot)names->at[name].slot;
}

/* The id of a key, new if need be; 0: no room. The key must live as long as the names. */
static uint16_t add_name(struct names *names, struct str key)
{
    uint16_t *place = find_place(names, key);
    if (*place)
        return *place;
    if (names->count == NAMES_ROOM)
        return 0;
    names->at[names->count] = (struct name){.key = key};
    return *place = names->count++;
}

static void add_alias(struct names *names, const struct alias *alias)
{
    if (alias->key.len == 0 || *find_place(names, alias->key))
        return;
    uint16_t id = add_name(names, alias->key);
    MUST(id != 0);
    uint16_t rank = names->used[alias->slot]++;
    names->at[id].slot = (uint8_t)alias->slot;
    names->at[id].rank = rank < UINT8_MAX ? (uint8_t)rank : UINT8_MAX;
}

struct names *names_make(struct arena *arena)
{
    _Static_assert(SLOT_COUNT <= UINT8_MAX, "a slot fits one byte");
    struct names *names = arena_zeroed(arena, sizeof *names);
    if (!names)
        return NULL;
    names->arena = arena;
    names->count = 1;
    for (size_t i = 0; i < alias_count; i++)
        add_alias(names, &aliases[i]);
    return names;
}

/* --- paths
 * ------------------------------------------------------------------------------------------ */

struct parse { /* a path being read */
    struct str text;
    size_t at;
    char *keys; /* room for all segments, unquoted, joined by dots */
    size_t keys_len;
    struct step steps[PATH_SEGMENTS_MAX];
    uint16_t count;
    const char *wrong; /* what is wrong with it */
};

static bool is_first(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || byte == '_' ||
           byte == '@';
}

static bool is_later(char byte)
{
    return is_first(byte) || (byte >= '0' && byte <= '9') || byte == '-';
}

static char peek(const struct parse *parse)
{
    return parse->at < parse->text.len ? parse->text.at[parse->at] : '\0';
}

static bool wrong(struct parse *parse, const char *what)
{
    parse->wrong = what;
    return false;
}

/* "any \"text\"": a backslash takes the next byte as it is. */
static bool read_quoted(struct parse *parse)
{
    parse->at++;
    while (parse->at < parse->text.len && peek(parse) != '"') {
        if (peek(parse) == '\\')
            parse->at++;
        if (parse->at < parse->text.len)
            parse->keys[parse->keys_len++] = parse->text.at[parse->at++];
    }
    if (peek(parse) != '"')
        return wrong(parse, "a quote that is opened must be closed");
    parse->at++;
    return true;
}

static bool read_segment(struct parse *parse)
{
    if (peek(parse) == '"')
        return read_quoted(parse);
    if (!is_first(peek(parse)))
        return wrong(parse, "a field name starts with a letter, '_' or '@'; put others in quotes");
    while (parse->at < parse->text.len && is_later(peek(parse)))
        parse->keys[parse->keys_len++] = parse->text.at[parse->at++];
    return true;
}

static bool add_step(struct parse *parse, struct step step)
{
    if (parse->count == PATH_SEGMENTS_MAX)
        return wrong(parse, "it has too many parts");
    parse->steps[parse->count++] = step;
    return true;
}

/* Segments joined by dots, up to an index or the end. */
static bool read_dotted(struct parse *parse)
{
    size_t from = parse->keys_len;
    for (;;) {
        if (!read_segment(parse))
            return false;
        if (peek(parse) != '.')
            break;
        parse->keys[parse->keys_len++] = '.';
        parse->at++;
    }
    struct str dotted = {parse->keys + from, parse->keys_len - from};
    if (dotted.len == 0)
        return wrong(parse, "a field name cannot be empty");
    return add_step(parse, (struct step){.dotted = dotted});
}

static bool read_index(struct parse *parse)
{
    size_t close = str_find(str_skip(parse->text, parse->at), ']');
    uint64_t index;
    if (close == SIZE_MAX ||
        !str_to_uint(str_slice(parse->text, parse->at + 1, close - 1), &index) ||
        index > UINT32_MAX)
        return wrong(parse, "an index is a number in brackets, such as [0]");
    parse->at += close + 1;
    return add_step(parse, (struct step){.index = (uint32_t)index});
}

static bool read_path(struct parse *parse)
{
    if (!read_dotted(parse))
        return false;
    while (parse->at < parse->text.len) {
        if (peek(parse) == '[') {
            if (!read_index(parse))
                return false;
            continue;
        }
        if (peek(parse) != '.')
            return wrong(parse, "only a letter, a digit, '_', '-', '@', '.' or '[' can follow");
        parse->at++;
        if (!read_dotted(parse))
            return false;
    }
    return true;
}

static bool is_plain(struct str key)
{
    for (size_t i = 0; i < key.len; i++)
        if (key.at[i] < ' ' || key.at[i] > '~' || key.at[i] == '"' || key.at[i] == '\\')
            return false;
    return true;
}

/* Every prefix that ends at a dot may be a top-level key that holds the rest. */
static bool add_prefixes(struct names *names, struct str dotted)
{
    for (size_t i = 1; i < dotted.len; i++)
        if (dotted.at[i] == '.' && !add_name(names, str_slice(dotted, 0, i)))
            return false;
    return add_name(names, dotted) != 0;
}

static struct path *make_path(struct names *names, const struct parse *parse, bool is_raw)
{
    struct path *path =
        arena_take(names->arena, sizeof *path + parse->count * sizeof *parse->steps);
    if (!path || !add_prefixes(names, parse->steps[0].dotted))
        return NULL;
    bool has_slot = !is_raw && parse->count == 1;
    enum slot slot = has_slot ? slot_of_name(parse->steps[0].dotted) : SLOT_NONE;
    *path = (struct path){
        .text = parse->text,
        .slot = slot,
        .is_duration = slot == SLOT_DURATION && !str_equal(parse->text, STR("duration_ms")),
        .is_plain = is_plain((struct str){parse->keys, parse->keys_len}),
        .count = parse->count,
    };
    memcpy(path->steps, parse->steps, parse->count * sizeof *parse->steps);
    return path;
}

enum code path_compile(struct names *names, struct str text, struct path **ret, struct why *why)
{
    bool is_raw = text.len > 0 && text.at[0] == '.';
    struct parse parse = {.text = arena_copy(names->arena, text),
                          .at = is_raw,
                          .keys = arena_take(names->arena, text.len + 1)};
    if (!parse.text.at || !parse.keys)
        return fail(why, OVER_LIMIT, "no room for the field path '%.*s'", STR_ARG(text));
    if (!read_path(&parse))
        return fail(why, BAD_CONFIG, "'%.*s' is no field path: %s", STR_ARG(text), parse.wrong);
    struct path *path = make_path(names, &parse, is_raw);
    if (!path)
        return fail(why, OVER_LIMIT, "no room for the field path '%.*s'", STR_ARG(text));
    *ret = path;
    return OK;
}

enum slot path_slot(const struct path *path)
{
    return path->slot;
}

struct str path_text(const struct path *path)
{
    return path->text;
}

bool path_is_duration(const struct path *path)
{
    return path->is_duration;
}

/* --- did you mean
 * ------------------------------------------------------------------------------------ */

enum { NEAR_LENGTH_MAX = 64 };

/* Edits from a to b, or more than `limit` if there are more. Both are short. */
static unsigned distance(struct str a, struct str b, unsigned limit)
{
    unsigned row[NEAR_LENGTH_MAX + 1];
    if (a.len > NEAR_LENGTH_MAX || b.len > NEAR_LENGTH_MAX)
        return limit + 1;
    for (unsigned j = 0; j <= b.len; j++)
        row[j] = j;
    for (unsigned i = 1; i <= a.len; i++) {
        unsigned corner = row[0];
        row[0] = i;
        for (unsigned j = 1; j <= b.len; j++) {
            unsigned change = corner + (a.at[i - 1] != b.at[j - 1]);
            unsigned shift = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;
            corner = row[j];
            row[j] = change < shift ? change : shift;
        }
    }
    return row[b.len];
}

struct str names_nearest(const struct names *names, struct str text)
{
    unsigned best = (unsigned)(text.len / 4 + 1) + 1;
    struct str nearest = STR("");
    for (uint16_t i = 1; i < names->count; i++) {
        unsigned got = distance(text, names->at[i].key, best);
        if (got < best && slot_of_name(names->at[i].key) != SLOT_NONE) {
            best = got;
            nearest = names->at[i].key;
        }
    }
    return nearest;
}
