/* filters/formats/format.c - what all formats build on.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "filters/formats/format.h"

#include <string.h>

enum {
    LEVEL_SEARCH_BYTES = 96, /* how far into a text a level word may stand */
    LEVEL_LEN_MIN = 3,       /* "ERR"; single letters mean too much else */
    LEVEL_LEN_MAX = 11,      /* "Information" */
    SECONDS_LEN = 19,        /* 2024-01-02T03:04:05 */
    UUID_LEN = 36,
};

/* --- fields
 * ---------------------------------------------------------------------------------------- */

struct field *reader_place_slowly(struct reader *reader, enum slot slot)
{
    struct event *event = reader->event;
    if (!event_add(event, (struct field){.key = slot_keys[slot]}, reader->arena))
        return NULL;
    slot_give(event, slot, (uint16_t)(event->count - 1));
    return &event->fields[event->count - 1];
}

void reader_bool(struct reader *reader, enum slot slot, bool truth)
{
    struct field *field = reader_place(reader, slot);
    if (field)
        field->value = (struct value){.kind = VALUE_BOOL, .truth = truth};
}

void reader_extra(struct reader *reader, const char *key, struct value value)
{
    struct str name = str_from(key);
    struct field field = {.key = name, .value = value, .name = names_find(reader->names, name)};
    event_add(reader->event, field, reader->arena);
}

/* True if what fills the slot is no worse an alias than this name. */
static bool is_taken(const struct reader *reader, enum slot slot, uint8_t rank)
{
    const struct field *held = event_slot(reader->event, slot);
    uint8_t held_rank = 0;
    return held && (!held->name || names_slot(reader->names, held->name, &held_rank) != slot ||
                    held_rank <= rank);
}

bool reader_field(struct reader *reader, struct field field)
{
    struct event *event = reader->event;
    uint8_t rank = 0;
    enum slot slot = field.name ? names_slot(reader->names, field.name, &rank) : SLOT_NONE;
    if (slot && is_taken(reader, slot, rank))
        slot = SLOT_NONE;
    if (slot)
        slot = slot_claim(event, slot, &field, &reader->times);
    field.slot = SLOT_NONE;
    if (!event_add(event, field, reader->arena))
        return false;
    if (slot)
        slot_give(event, slot, (uint16_t)(event->count - 1));
    return true;
}

struct field *reader_find(struct reader *reader, struct str key)
{
    struct event *event = reader->event;
    for (uint16_t i = 0; i < event->count; i++) {
        struct field *field = &event->fields[i];
        if (field->key.len == key.len && !(field->flags & FIELD_REMOVED) &&
            str_equal(field->key, key))
            return field;
    }
    return NULL;
}

void field_leave(struct event *event, struct field *field)
{
    if (field->slot)
        event->slots[field->slot] = 0;
    field->slot = SLOT_NONE;
}

void field_take_out(struct event *event, struct field *field)
{
    field_leave(event, field);
    field->flags |= FIELD_REMOVED;
    event->flags |= EVENT_EDITED;
}

bool reader_time(struct reader *reader, struct str text)
{
    struct event *event = reader->event;
    int64_t ns;
    if (event->flags & EVENT_TIME_OWN || !time_parse(text, &reader->times, &ns))
        return false;
    event->time_ns = ns;
    event->flags |= EVENT_TIME_OWN;
    return true;
}

bool reader_level(struct reader *reader, struct str word)
{
    uint8_t severity = severity_from_word(word);
    if (!severity || reader_has(reader, SLOT_SEVERITY_TEXT))
        return false;
    if (!reader->event->severity)
        reader->event->severity = severity;
    reader_text(reader, SLOT_SEVERITY_TEXT, word);
    return true;
}

void reader_failed(struct reader *reader)
{
    reader->event->flags |= EVENT_FAILED;
    if (reader->event->severity < SEVERITY_ERROR)
        reader->event->severity = SEVERITY_ERROR;
}

bool duration_read(struct str number, int64_t unit_ns, int64_t *ret_ns)
{
    int64_t ns = 0, unit = unit_ns;
    size_t at = 0;
    for (; at < number.len && is_digit(number.at[at]); at++)
        if (__builtin_mul_overflow(ns, 10, &ns) ||
            __builtin_add_overflow(ns, (number.at[at] - '0') * unit_ns, &ns))
            return false;
    if (at == 0 || (at > 1 && *number.at == '0') || str_ends(number, STR(".")))
        return false;
    if (at < number.len && number.at[at] == '.')
        for (at++; at < number.len && is_digit(number.at[at]); at++) {
            unit /= 10;
            ns += (number.at[at] - '0') * unit;
        }
    if (at != number.len)
        return false;
    *ret_ns = ns;
    return true;
}

/* --- text
 * ------------------------------------------------------------------------------------------ */

static bool is_hex(char byte)
{
    unsigned letter = (unsigned)((unsigned char)byte | 0x20) - 'a';
    return is_digit(byte) || letter <= 5;
}

static bool is_letter(char byte)
{
    return (unsigned)((unsigned char)byte | 0x20) - 'a' <= 25;
}

bool is_uuid(struct str text)
{
    if (text.len != UUID_LEN || text.at[8] != '-' || text.at[13] != '-' || text.at[18] != '-' ||
        text.at[23] != '-')
        return false;
    unsigned dashes = 0;
    for (size_t i = 0; i < UUID_LEN; i++)
        dashes += !is_hex(text.at[i]);
    return dashes == 4;
}

static size_t digits_from(struct str text, size_t at)
{
    size_t end = at;
    while (end < text.len && is_digit(text.at[end]))
        end++;
    return end - at;
}

/* `Z`, `+01:00`, `+0100` */
static size_t zone_len(struct str text, size_t at)
{
    if (at >= text.len)
        return 0;
    if (text.at[at] == 'Z')
        return 1;
    if (text.at[at] != '+' && text.at[at] != '-')
        return 0;
    size_t digits = digits_from(text, at + 1);
    if (digits == 4)
        return 5;
    bool has_colon = digits == 2 && at + 3 < text.len && text.at[at + 3] == ':';
    return has_colon && digits_from(text, at + 4) == 2 ? 6 : 0;
}

/* The high bit of each of eight bytes that is a digit, the first byte lowest. */
static uint64_t digits_of(const char *at)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    uint64_t eight;
    memcpy(&eight, at, sizeof eight);
    uint64_t low = eight & ones * 0x7f;
    return (low + ones * (0x80 - '0')) & ~(low + ones * (0x7f - '9')) & ~eight & ones * 0x80;
}

/* Digits where `dddd-dd-ddTdd:dd:dd` has them. */
static bool has_time_digits(const char *at)
{
    const uint64_t first = UINT64_C(0x0080800080808080), second = UINT64_C(0x8080008080008080),
                   last = UINT64_C(0x8080000000000000); /* of bytes 0, 8 and 11 on */
    return ((~digits_of(at) & first) | (~digits_of(at + 8) & second) |
            (~digits_of(at + SECONDS_LEN - 8) & last)) == 0;
}

size_t time_prefix(struct str text)
{
    if (text.len < SECONDS_LEN || text.at[13] != ':' || text.at[16] != ':')
        return 0;
    char date = text.at[4], joint = text.at[10];
    if ((date != '-' && date != '/') || text.at[7] != date || (joint != 'T' && joint != ' ') ||
        !has_time_digits(text.at))
        return 0;
    size_t end = SECONDS_LEN;
    if (end < text.len && (text.at[end] == '.' || text.at[end] == ',')) {
        size_t digits = digits_from(text, end + 1);
        end += digits ? digits + 1 : 0;
    }
    return end + zone_len(text, end);
}

/* `level=`, `"lvl":"`, `severity: ` in front of a word. */
static bool names_level(struct str before)
{
    while (before.len && memchr("\"'=: ", before.at[before.len - 1], 5))
        before.len--;
    return str_ends(before, STR("evel")) || str_ends(before, STR("lvl")) ||
           str_ends(before, STR("everity"));
}

static bool is_shouted(struct str word)
{
    for (size_t i = 0; i < word.len; i++)
        if (word.at[i] < 'A' || word.at[i] > 'Z')
            return false;
    return true;
}

/* A word says the level where it shouts, stands in brackets, is followed by a colon, or a key says
 * so. */
static bool is_level(struct str text, size_t start, size_t end)
{
    struct str word = str_slice(text, start, end - start);
    if (word.len < LEVEL_LEN_MIN || word.len > LEVEL_LEN_MAX)
        return false;
    char before = start ? text.at[start - 1] : '\0', after = end < text.len ? text.at[end] : '\0';
    bool is_framed = (before == '[' && (after == ']' || after == ' ')) ||
                     (before == ':' && after == ']') || /* [core:error] */
                     (before == '<' && after == '>') || (after == ':' && before != '"') ||
                     (after == '[' && start == 0);
    return (is_framed || is_shouted(word) || names_level(str_slice(text, 0, start))) &&
           severity_from_word(word);
}

struct str level_word(struct str text)
{
    size_t limit = text.len < LEVEL_SEARCH_BYTES ? text.len : LEVEL_SEARCH_BYTES;
    for (size_t at = 0; at < limit; at++) {
        size_t end = at;
        while (end < text.len && end - at <= LEVEL_LEN_MAX && is_letter(text.at[end]))
            end++;
        if (end > at && is_level(text, at, end))
            return str_slice(text, at, end - at);
        while (end < limit && is_letter(text.at[end]))
            end++;
        at = end;
    }
    return (struct str){0};
}

bool tells_no_memory(struct str text)
{
    static const struct str phrases[] = {
        {"ut of memory", 12},    {"OutOfMemory", 11}, {"NoMemoryError", 13},
        {"allocate memory", 15}, {"MemoryError", 11},
    };
    if (str_find_str(text, STR("emory")) == SIZE_MAX)
        return false;
    for (size_t i = 0; i < COUNT(phrases); i++)
        if (str_find_str(text, phrases[i]) != SIZE_MAX)
            return true;
    return false;
}

struct str take_until(struct str *rest, char separator)
{
    struct cut cut = str_cut(*rest, separator);
    *rest = cut.tail;
    return cut.head;
}
