/* agent/data/scan.c - JSON, validated strictly in one pass and indexed at its top level.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The fast ways are in scan_body.h, compiled below for each kind of processor; here are the slow
 * ones (escapes, blanks, keys that were not foretold) and what surrounds a scan.
 */
#include "agent/data/scan.h"

#include <string.h>

#include "agent/data/alias.h"
#include "agent/data/find.h"
#include "agent/data/scan_block.h"
#include "agent/data/scan_state.h"
#include "agent/data/severity.h"
#include "agent/data/slots.h"
#include "agent/data/twins.h"
#include "agent/data/utf8.h"
#include "agent/limits.h"
#include "agent/must.h"

#define SCAN_INLINE SCAN_TARGET static inline __attribute__((always_inline))

/* Behind a value that may be an object which closes the line: only at the top may nothing follow.
 */
static inline const char *is_inside(struct scan *scan, const char *at, unsigned depth)
{
    return UNLIKELY(at == scan->end) && depth > 0 ? scan_fail(scan, at) : at;
}

#define V(name)          name##_plain
#define AT_END(scan, at) ((at) >= (scan)->end)
#define SCAN_TARGET
#include "agent/data/scan_body.h"
#undef V
#undef AT_END
#undef SCAN_TARGET

#if defined(__x86_64__)
#define AT_END(scan, at) false

#define V(name)     name##_sse2
#define SCAN_TARGET TARGET_SSE2
#include "agent/data/scan_body.h"
#undef V
#undef SCAN_TARGET

#define V(name)     name##_avx2
#define SCAN_TARGET TARGET_AVX2
#include "agent/data/scan_body.h"
#undef V
#undef SCAN_TARGET
#endif

enum { FIELDS_SPARE = 6, FIELDS_FIRST = 24 };

struct variant {
    size_t block;
    const char *(*fields)(struct scan *scan, const char *at);
    const char *(*value)(struct scan *scan, const char *at, struct value *ret);
};

/* --- the slow ways
 * ----------------------------------------------------------------------------------- */

const char *scan_fail(struct scan *scan, const char *at)
{
    scan->error_at = at;
    return NULL;
}

const char *scan_blank(struct scan *scan, const char *at)
{
    for (; at < scan->end; at++) {
        if (*at == '\n' || *at == '\r')
            scan->met |= MET_NEWLINE;
        else if (*at != ' ' && *at != '\t')
            break;
    }
    return at;
}

static int hex_digit(char byte)
{
    if (byte >= '0' && byte <= '9')
        return byte - '0';
    byte = (char)(byte | 0x20);
    return byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}

/* "\uXXXX" at `at`; -1 if it is none. */
static int32_t read_unit(const struct scan *scan, const char *at)
{
    int32_t unit = 0;
    if (scan->end - at < 6 || at[0] != '\\' || at[1] != 'u')
        return -1;
    for (int i = 2; i < 6; i++) {
        int digit = hex_digit(at[i]);
        if (digit < 0)
            return -1;
        unit = unit << 4 | digit;
    }
    return unit;
}

/* Surrogates come in pairs, high before low. */
static const char *read_escaped_unit(struct scan *scan, const char *at)
{
    int32_t unit = read_unit(scan, at);
    if (unit < 0 || (unit >= 0xDC00 && unit <= 0xDFFF))
        return scan_fail(scan, at);
    if (unit < 0xD800 || unit > 0xDBFF)
        return at + 6;
    int32_t low = read_unit(scan, at + 6);
    return low >= 0xDC00 && low <= 0xDFFF ? at + 12 : scan_fail(scan, at);
}

const char *scan_escape(struct scan *scan, const char *at)
{
    if (scan->end - at < 2)
        return scan_fail(scan, at);
    switch (at[1]) {
    case '"':
    case '\\':
    case '/':
    case 'b':
    case 'f':
    case 'n':
    case 'r':
    case 't':
        return at + 2;
    case 'u':
        return read_escaped_unit(scan, at);
    default:
        return scan_fail(scan, at);
    }
}

const char *scan_utf8(struct scan *scan, const char *from, const char *to)
{
    struct str text = {from, (size_t)(to - from)};
    size_t valid = utf8_valid(text);
    if (valid == text.len)
        return to;
    scan->bad_utf8 = true;
    return scan_fail(scan, from + valid);
}

const char *scan_exponent(struct scan *scan, const char *at)
{
    if (at < scan->end && (*at == '+' || *at == '-'))
        at++;
    const char *behind = digits_plain(at, scan->end);
    return behind == at ? scan_fail(scan, at) : behind;
}

/* Blanks that are part of what is expected must not hide a newline from scan_blank(). */
static bool is_one_line(struct str token)
{
    return !memchr(token.at, '\n', token.len) && !memchr(token.at, '\r', token.len);
}

/* Off the tree: name and slot by the key's text, twins by its bit. */
static void look_up(struct scan *scan)
{
    struct key *key = &scan->key;
    struct str text = key->is_escaped ? json_unescape(key->text, scan->arena) : key->text;
    key->may_be_twin = !text.at || bloom_add(&scan->bloom, text);
    if (!text.at)
        return;
    key->name = names_find(scan->scanner->names, text);
    key->slot = (uint8_t)names_slot(scan->scanner->names, key->name, &key->rank);
}

void scan_new_key(struct scan *scan, struct shape_node *node, struct str token)
{
    scan->node = NULL;
    if (!scan->scanner)
        return;
    if (node) {
        scan->bloom = node->bloom;
        if (!scan->key.is_escaped && is_one_line(token))
            scan->node = shape_learn(&scan->scanner->shape, node, token, scan->key.text);
    }
    if (!scan->node) {
        look_up(scan);
        return;
    }
    scan->key.name = scan->node->name;
    scan->key.slot = scan->node->slot;
    scan->key.rank = scan->node->rank;
    scan->key.may_be_twin = scan->node->is_twin;
}

bool scan_more_fields(struct scan *scan)
{
    struct event *event = scan->event;
    size_t room = event->room ? (size_t)event->room * 2 : scan->scanner->expected;
    if (room > FIELDS_MAX)
        room = FIELDS_MAX;
    struct field *fields = NULL;
    if (room > event->count)
        fields = arena_take(scan->arena, room * sizeof *fields);
    if (!fields) {
        scan->no_room = true;
        return false;
    }
    if (event->count)
        memcpy(fields, event->fields, event->count * sizeof *fields);
    event->fields = fields;
    event->room = (uint16_t)room;
    return true;
}

static void mark_container(struct scan *scan, struct field *field)
{
    bool slow = scan->met & (MET_NEWLINE | MET_TWINS);
    if (!slow)
        slow = twins_exist(field->value.text, scan->arena);
    if (slow) {
        field->flags |= FIELD_TWINS;
        scan->event->flags |= EVENT_EDITED;
    }
    scan->met = 0;
}

void scan_note_container(struct scan *scan, struct field *field, uint64_t nested)
{
    if (field->value.kind == VALUE_OBJECT)
        scan->event->flat &= ~nested;
    if (scan->met)
        mark_container(scan, field);
}

/* Of two fields that could fill a slot the better alias does, of equals the first. */
static __attribute__((noinline)) bool is_better(const struct scan *scan, enum slot slot,
                                                uint8_t rank)
{
    const struct event *event = scan->event;
    uint8_t rank_before;
    uint16_t name = event->fields[event->slots[slot] - 1].name;
    bool is_other =
        names_slot(scan->scanner->names, name, &rank_before) != slot; /* `error` as a message */
    return is_other || rank < rank_before;
}

/* Nearly every line has a level, so that goes the short way. */
static inline enum slot claim(struct scan *scan, enum slot slot, const struct field *field)
{
    struct event *event = scan->event;
    if (slot != SLOT_SEVERITY_TEXT || field->value.kind != VALUE_STRING)
        return slot_claim(event, slot, field, &scan->scanner->time);
    uint8_t severity = severity_from_word(field->value.text);
    event->severity = severity ? severity : event->severity;
    return severity ? slot : SLOT_NONE;
}

void scan_fill(struct scan *scan, struct field *field, enum slot slot, uint8_t rank)
{
    struct event *event = scan->event;
    if (UNLIKELY(event->slots[slot]) && !is_better(scan, slot, rank))
        return;
    enum slot claimed = claim(scan, slot, field);
    if (LIKELY(claimed == slot) || (claimed != SLOT_NONE && !event->slots[claimed]))
        slot_give(event, claimed, event->count); /* which does not count it yet */
}

void scan_ask_slot(struct scan *scan, const struct shape_node *node, struct field *field)
{
    scan->top_twins |= node->is_twin;
    if (node->slot != SLOT_NONE)
        scan_fill(scan, field, (enum slot)node->slot, node->rank);
}

/* --- which variant
 * ------------------------------------------------------------------------------------ */

static const struct variant plain = {BLOCK_plain, fields_plain, any_plain};
#if defined(__x86_64__)
static const struct variant sse2 = {BLOCK_sse2, fields_sse2, any_sse2};
static const struct variant avx2 = {BLOCK_avx2, fields_avx2, any_avx2};
#endif

/* What this processor has of a variant, or null. */
static const struct variant *variant_of(enum scan_variant variant)
{
#if defined(__x86_64__)
    bool has_avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi");
    if (variant == SCAN_SSE2 || (variant == SCAN_BEST && !has_avx2))
        return &sse2;
    if (variant == SCAN_AVX2 || variant == SCAN_BEST)
        return has_avx2 ? &avx2 : NULL;
#endif
    return variant == SCAN_PLAIN || variant == SCAN_BEST ? &plain : NULL;
}

/* Chosen once, before any thread scans. */
static const struct variant *chosen;

bool scan_use(enum scan_variant variant)
{
    const struct variant *found = variant_of(variant);
    if (found)
        chosen = found;
    return found != NULL;
}

/* A block may begin anywhere in the line: what it shows of the bytes behind can be read, and begins
 * with one that ends every string and belongs to no key. */
static inline bool is_open_ended(const struct scan *scan)
{
    return scan->arena && arena_reaches(scan->arena, scan->start, scan->end, BLOCK_MAX) &&
           (*scan->end == '\n' || *scan->end == '\r' || *scan->end == '\0');
}

/* The vector variants look at whole blocks of a line, so it must hold one, and trust in the brace
 * at its end. */
static inline const struct variant *choose_variant(struct scan *scan)
{
    if (UNLIKELY(!chosen))
        scan_use(SCAN_BEST);
    bool fits = scan->end - scan->start >= BLOCK_LINE_MIN && scan->end[-1] == '}';
    const struct variant *variant = LIKELY(fits) ? chosen : &plain;
    bool is_open = variant != &plain && is_open_ended(scan);
    scan->last = LIKELY(is_open) ? scan->end - 1 : scan->end - variant->block;
    return variant;
}

static inline bool is_blank(char byte)
{
    return UNLIKELY((unsigned char)byte <= ' ') &&
           (byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n');
}

static inline const char *text_end(struct str line)
{
    const char *end = line.at + line.len;
    while (end > line.at && is_blank(end[-1]))
        end--;
    return end;
}

/* --- around a scan
 * ----------------------------------------------------------------------------------- */

/* The earlier of two fields goes, and what it was the source of is asked of the later one. */
static void drop_twin(struct scan *scan, struct field *earlier, uint16_t later)
{
    struct event *event = scan->event;
    enum slot slot = (enum slot)earlier->slot;
    earlier->flags |= FIELD_REMOVED;
    earlier->slot = SLOT_NONE;
    event->flags |= EVENT_EDITED;
    scan->scanner->duplicates++;
    if (slot == SLOT_NONE)
        return;
    event->slots[slot] = 0;
    if (slot_claim(event, slot, &event->fields[later], NULL) == slot)
        slot_give(event, slot, later);
}

/* The latest field so far with this key + 1, or where it would stand in the table. */
static uint16_t *find_twin(const struct event *event, uint16_t *table, uint32_t mask,
                           struct str key)
{
    uint32_t at = (uint32_t)shape_hash(key) & mask;
    for (; table[at]; at = (at + 1) & mask) {
        const struct field *field = &event->fields[table[at] - 1];
        if (body_equal(field->key, field->flags & FIELD_KEY_ESCAPED, key))
            break;
    }
    return &table[at];
}

/* Drops all but the last of the fields with one key; no room: they stay, and so does EVENT_JSON
 * off. */
static __attribute__((noinline)) bool drop_twins(struct scan *scan)
{
    struct event *event = scan->event;
    uint32_t size = 64;
    while (size < 2u * event->count)
        size *= 2;
    uint16_t *table = arena_zeroed(scan->arena, size * sizeof *table);
    for (uint16_t i = 0; table && i < event->count; i++) {
        const struct field *field = &event->fields[i];
        struct str key = field->key;
        if (field->flags & FIELD_KEY_ESCAPED)
            key = json_unescape(key, scan->arena);
        if (!key.at)
            return false;
        uint16_t *twin = find_twin(event, table, size - 1, key);
        if (*twin)
            drop_twin(scan, &event->fields[*twin - 1], i);
        *twin = (uint16_t)(i + 1);
    }
    return table != NULL;
}

/* GELF and journald write syslog's numbers, which elsewhere could mean anything. */
static void learn_syslog_level(struct event *event)
{
    const struct field *body = event_slot(event, SLOT_BODY);
    struct field *level = NULL;
    int64_t number;
    if (body && str_equal(body->key, STR("short_message")))
        level = find_key(event, STR("level"));
    else if (body && str_equal(body->key, STR("MESSAGE")))
        level = find_key(event, STR("PRIORITY"));
    if (!level || !value_integer(level->value, &number))
        return;
    event->severity = severity_from_syslog(number);
    if (event->severity != SEVERITY_NONE)
        slot_give(event, SLOT_SEVERITY_TEXT, (uint16_t)(level - event->fields));
}

/* Levels that no top-level key told. */
static __attribute__((noinline)) void learn_severity(struct event *event)
{
    struct spot spot;
    learn_syslog_level(event);
    if (event->severity == SEVERITY_NONE && find_slot(event, SLOT_SEVERITY_TEXT, &spot))
        event->severity = value_severity(spot_value(&spot));
}

/* Something in the event could tell a level. */
static inline bool may_tell_severity(const struct event *event)
{
    return event->slots[SLOT_BODY] || event->slots[SLOT_SEVERITY_TEXT] ||
           !(event->flat & event_flat_bit(SLOT_SEVERITY_TEXT));
}

static inline __attribute__((always_inline)) bool finish(struct scan *scan)
{
    struct event *event = scan->event;
    uint32_t expected = event->count + FIELDS_SPARE;
    scan->scanner->expected = (uint16_t)(expected < FIELDS_FIRST ? FIELDS_FIRST : expected);
    if (UNLIKELY(scan->scanner->shape.misses > SHAPE_MISSES_MAX)) {
        shape_init(&scan->scanner->shape, scan->scanner->names);
        scan->scanner->leaf = NULL;
    }
    if (UNLIKELY(scan->top_twins) && !drop_twins(scan))
        return false;
    if (event->severity == SEVERITY_NONE && may_tell_severity(event))
        learn_severity(event);
    if (scan->met & MET_NEWLINE)
        event->flags |= EVENT_EDITED;
    event->flags |= EVENT_JSON;
    return true;
}

/* Nothing but blanks may follow. */
static bool is_end(struct scan *scan, const char *at)
{
    at = scan_blank(scan, at);
    return at == scan->end || scan_fail(scan, at);
}

static __attribute__((noinline)) enum scan_result
scan_other(struct scan *scan, const struct variant *variant, const char *at)
{
    struct value value;
    at = variant->value(scan, at, &value);
    return at && is_end(scan, at) ? SCAN_NOT_OBJECT : SCAN_INVALID;
}

static inline __attribute__((always_inline)) enum scan_result
scan_line(struct scan *scan, const struct variant *variant)
{
    const char *at = scan_blank(scan, scan->start);
    if (at == scan->end || *at != '{')
        return scan_other(scan, variant, at);
    scan->met = 0;
    at = variant->fields(scan, at + 1);
    if (scan->no_room)
        return SCAN_NO_ROOM;
    if (!at || !is_end(scan, at))
        return SCAN_INVALID;
    return finish(scan) ? SCAN_OK : SCAN_NO_ROOM;
}

static struct scan start(struct scanner *scanner, struct event *event, struct arena *arena)
{
    for (uint16_t i = 0; i < event->count; i++)
        event->slots[event->fields[i].slot] = 0; /* mostly it has one field: what the input said */
    event->count = event->room = 0;
    event->flat = EVENT_ALL_FLAT;
    scanner->leaf = NULL;
    return (struct scan){.start = event->bytes.at,
                         .end = text_end(event->bytes),
                         .kept = scanner->kept,
                         .kept_last = scanner->kept + KEPT_MEMBERS_MAX,
                         .scanner = scanner,
                         .event = event,
                         .arena = arena};
}

/* Invalid UTF-8 in a string is no reason to lose the structure: U+FFFD for it, and again. */
static __attribute__((noinline)) enum scan_result scan_repaired(struct scan *scan)
{
    struct event *event = scan->event;
    struct str repaired = utf8_repair(event->bytes, scan->arena);
    if (!repaired.at)
        return SCAN_NO_ROOM;
    event->bytes = repaired;
    *scan = start(scan->scanner, event, scan->arena);
    enum scan_result result = scan_line(scan, choose_variant(scan));
    struct value what = {.kind = VALUE_STRING, .text = STR("invalid UTF-8 was replaced")};
    if (result == SCAN_OK && !event_set_slot(event, SLOT_PARSE_ERROR, what, scan->arena))
        return SCAN_NO_ROOM;
    return result;
}

enum scan_result scan_object(struct scanner *scanner, struct event *event, struct arena *arena,
                             size_t *ret_error_at)
{
    struct scan scan = start(scanner, event, arena);
    enum scan_result result = scan_line(&scan, choose_variant(&scan));
    if (UNLIKELY(scan.bad_utf8))
        result = scan_repaired(&scan);
    scanner->kept_end = LIKELY(result == SCAN_OK) ? scan.kept : scanner->kept;
    if (result == SCAN_INVALID)
        *ret_error_at = (size_t)(scan.error_at - scan.start);
    return result;
}

bool scan_is_valid(struct str json)
{
    struct kept_member nobodys;
    struct scan scan = {
        .start = json.at, .end = text_end(json), .kept = &nobodys, .kept_last = &nobodys};
    struct value value;
    const char *at = scan_blank(&scan, scan.start);
    at = choose_variant(&scan)->value(&scan, at, &value);
    return at && is_end(&scan, at);
}

struct scanner *scanner_make(struct arena *arena, const struct names *names)
{
    struct scanner *scanner = arena_take(arena, sizeof *scanner);
    if (!scanner)
        return NULL;
    scanner->names = names;
    scanner->duplicates = 0;
    scanner->kept_end = scanner->kept;
    scanner->expected = FIELDS_FIRST;
    scanner->time = (struct time_cache){.minute_ns = 0};
    shape_init(&scanner->shape, names);
    return scanner;
}

void scanner_members(const struct scanner *scanner, struct str object, struct members *ret)
{
    const struct kept_member *kept = scanner->kept, *end = scanner->kept_end;
    if (end == scanner->kept + KEPT_MEMBERS_MAX)
        end = kept;
    while (kept < end &&
           (kept->member.value.kind != VALUE_OBJECT || kept->member.value.text.at != object.at))
        kept++;
    if (kept == end) {
        *ret = (struct members){.container = object};
        return;
    }
    ret->newest = NULL;
    ret->next = kept + 1;
    ret->end = kept->next;
}

void members_inside(const struct members *outer, struct members *ret)
{
    if (!outer->newest) {
        *ret = (struct members){.container = outer->walked.value.text};
        return;
    }
    ret->newest = NULL;
    ret->next = outer->newest + 1;
    ret->end = outer->newest->next;
}

const struct member *members_walk(struct members *members)
{
    bool is_there = scan_next(members->container, &members->at, &members->walked);
    return is_there ? &members->walked : NULL;
}

uint8_t *scanner_mark(struct scanner *scanner)
{
    return scanner->leaf && scanner->leaf->token_len ? &scanner->leaf->mark : NULL;
}

uint64_t scanner_duplicates(const struct scanner *scanner)
{
    return scanner->duplicates;
}
