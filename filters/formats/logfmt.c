/* filters/formats/logfmt.c - key=value "key"="quoted value" bare.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The grammar of go-logfmt: keys and bare values are bytes above the blank without `=` and `"`,
 * quoted values take JSON's escapes. A bare key is true. Loggers write the same keys line after
 * line, so the reader foresees that the next line has the keys of this one and looks no name up
 * while that holds.
 */
#include "filters/formats/format.h"

#include <string.h>

#include "agent/data/utf8.h"

enum { KEY_LEN_MAX = 64 }; /* a longer first key is no sign of logfmt */

struct pairs { /* what was found in a line */
    struct str text;
    size_t at;
    unsigned valued, bare;
};

static bool is_ident(char byte)
{
    return (unsigned char)byte > ' ' && byte != '=' && byte != '"';
}

static struct str take_ident(struct pairs *pairs)
{
    size_t start = pairs->at, end = start;
    while (end < pairs->text.len && is_ident(pairs->text.at[end]))
        end++;
    pairs->at = end;
    return (struct str){pairs->text.at + start, end - start};
}

static bool is_at(const struct pairs *pairs, char byte)
{
    return pairs->at < pairs->text.len && pairs->text.at[pairs->at] == byte;
}

static bool wrong(struct reader *reader, const struct pairs *pairs, const char *what)
{
    reader->wrong = what;
    reader->wrong_at = pairs->at;
    return false;
}

/* True if all escapes are JSON's, so that json_unescape() may be asked. */
static bool escapes_are_valid(struct str body)
{
    for (size_t i = 0; i < body.len; i++) {
        if (body.at[i] != '\\')
            continue;
        if (++i == body.len)
            return false;
        if (body.at[i] != 'u') {
            if (!memchr("\"\\/bfnrt", body.at[i], 8))
                return false;
            continue;
        }
        struct str digits = str_slice(body, i + 1, 4);
        for (size_t j = 0; j < 4; j++)
            if (j >= digits.len || !memchr("0123456789abcdefABCDEF", digits.at[j], 22))
                return false;
        i += 4;
    }
    return true;
}

static bool quoted_read(struct reader *reader, struct pairs *pairs, struct value *ret)
{
    size_t start = ++pairs->at;
    bool has_escape = false;
    while (pairs->at < pairs->text.len && !is_at(pairs, '"')) {
        if (is_at(pairs, '\\')) {
            has_escape = true;
            pairs->at++;
        }
        pairs->at++;
    }
    if (pairs->at >= pairs->text.len)
        return wrong(reader, pairs, "unterminated quoted value");
    struct str body = str_slice(pairs->text, start, pairs->at - start);
    if (has_escape && !escapes_are_valid(body))
        return wrong(reader, pairs, "invalid escape in a quoted value");
    *ret = (struct value){.kind = VALUE_TEXT,
                          .text = has_escape ? json_unescape(body, reader->arena) : body};
    pairs->at++;
    return ret->text.at || wrong(reader, pairs, "no room for a quoted value");
}

static bool value_read(struct reader *reader, struct pairs *pairs, struct value *ret)
{
    if (is_at(pairs, '"'))
        return quoted_read(reader, pairs, ret);
    *ret = (struct value){.kind = VALUE_TEXT, .text = take_ident(pairs)};
    if (is_at(pairs, '=') || is_at(pairs, '"'))
        return wrong(reader, pairs, "unexpected sign in a value");
    return true;
}

static bool is_plain_key(struct str key)
{
    for (size_t i = 0; i < key.len; i++)
        if (key.at[i] == '\\' || (unsigned char)key.at[i] >= 0x7f)
            return false;
    return true;
}

/* The name of a key: foreseen, or looked up and remembered for the next line. */
static void key_name(struct reader *reader, unsigned index, struct field *field)
{
    struct shape_key *known = &reader->shape[index < SHAPE_KEYS ? index : SHAPE_KEYS - 1];
    struct str key = field->key;
    if (known->len == key.len && memcmp(known->text, key.at, key.len) == 0) {
        field->name = known->name;
        field->flags = known->flags;
        return;
    }
    field->name = names_find(reader->names, key);
    field->flags = is_plain_key(key) ? 0 : FIELD_KEY_TEXT;
    if (key.len > sizeof known->text || index >= SHAPE_KEYS)
        return;
    memcpy(known->text, key.at, key.len);
    known->len = (uint8_t)key.len;
    known->flags = field->flags;
    known->name = field->name;
}

static bool key_is_text(struct str key)
{
    return utf8_valid(key) == key.len && str_find_str(key, STR(UTF8_REPLACEMENT)) == SIZE_MAX;
}

static bool pair_read(struct reader *reader, struct pairs *pairs)
{
    struct field field = {.key = take_ident(pairs), .value = {.kind = VALUE_BOOL, .truth = true}};
    if (!field.key.len || is_at(pairs, '"'))
        return wrong(reader, pairs, "unexpected sign in a key");
    key_name(reader, pairs->valued + pairs->bare, &field);
    if (field.flags & FIELD_KEY_TEXT && !key_is_text(field.key))
        return wrong(reader, pairs, "a key that is no UTF-8");
    if (is_at(pairs, '=')) {
        pairs->at++;
        if (!value_read(reader, pairs, &field.value))
            return false;
        pairs->valued++;
    } else {
        pairs->bare++;
    }
    return reader_field(reader, field) || wrong(reader, pairs, "too many fields");
}

static bool pairs_read(struct reader *reader, struct pairs *pairs)
{
    while (pairs->at < pairs->text.len) {
        if ((unsigned char)pairs->text.at[pairs->at] <= ' ')
            pairs->at++;
        else if (!pair_read(reader, pairs))
            return false;
    }
    return true;
}

/* Takes back what was added: prose with an equals sign in it is no logfmt. */
static void fields_forget(struct event *event, uint16_t count, uint16_t flags)
{
    event->count = count;
    event->flags = flags;
    event->severity = 0;
    for (size_t slot = 0; slot < SLOT_COUNT; slot++)
        if (event->slots[slot] > count)
            event->slots[slot] = 0;
}

static enum format_result logfmt_read(struct reader *reader, struct str text)
{
    struct pairs pairs = {.text = text};
    uint16_t count = reader->event->count, flags = reader->event->flags;
    bool is_read = pairs_read(reader, &pairs);
    if (is_read && (!reader->is_guessed || pairs.valued > pairs.bare))
        return FORMAT_READ;
    if (!reader->is_guessed)
        return FORMAT_BROKEN;
    fields_forget(reader->event, count, flags);
    return FORMAT_FOREIGN;
}

/* A key of letters, digits and joints, an equals sign, a value. */
static bool logfmt_claims(struct str line)
{
    size_t at = 0;
    while (at < line.len && at < KEY_LEN_MAX && is_ident(line.at[at]) && line.at[at] != ':' &&
           line.at[at] != '[' && line.at[at] != '{' && line.at[at] != '(')
        at++;
    return at > 0 && at + 1 < line.len && line.at[at] == '=' &&
           (is_ident(line.at[at + 1]) || line.at[at + 1] == '"' || line.at[at + 1] == ' ') &&
           !is_digit(line.at[0]) && !format_lambda.claims(line);
}

const struct format format_logfmt = {
    .name = "logfmt", .claims = logfmt_claims, .read = logfmt_read};
