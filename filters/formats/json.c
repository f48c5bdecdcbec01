/* filters/formats/json.c - lines that are JSON objects, whoever wrote them.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "filters/formats/format.h"

enum { /* what the keys of a line say, noted once for all lines that have them */
       KEYS_KNOWN = 1,
       KEYS_OF_EVENT = 2, /* may be an event of Lambda's Telemetry API */
       KEYS_TELL_FILE = 4 /* the line has a log.file.path of its own */
};

static bool has_key(struct reader *reader, struct str key)
{
    return reader_find(reader, key) != NULL;
}

static unsigned read_keys(struct reader *reader)
{
    uint8_t *mark = scanner_mark(reader->lines);
    if (mark && *mark)
        return *mark;
    unsigned keys = KEYS_KNOWN;
    keys |= has_key(reader, STR("record")) && has_key(reader, STR("type")) ? KEYS_OF_EVENT : 0u;
    keys |= has_key(reader, STR("log.file.path")) ? KEYS_TELL_FILE : 0u;
    if (mark)
        *mark = (uint8_t)keys;
    return keys;
}

/* What the input said of the line (the file, that it is cut) goes behind the line's own fields. */
static void say_again(struct reader *reader, const struct field *said, uint16_t count,
                      unsigned keys)
{
    bool is_file = count == 1 && said->slot == SLOT_LOG_FILE_PATH && !(said->flags & FIELD_REMOVED);
    if (is_file && !(keys & KEYS_TELL_FILE)) {
        reader_value(reader, SLOT_LOG_FILE_PATH, &said->value);
        return;
    }
    for (uint16_t i = 0; i < count; i++)
        if (!(said[i].flags & FIELD_REMOVED) && !reader_find(reader, said[i].key))
            event_add(reader->event, said[i], reader->arena);
}

/* The scanner makes the index anew. */
static enum scan_result scan_line(struct reader *reader, unsigned *ret_keys)
{
    struct event *event = reader->event;
    const struct field *said = event->fields;
    uint16_t count = event->count;
    event->flags &= (uint16_t) ~(EVENT_SHARED | EVENT_EDITED);
    enum scan_result result = scan_object(reader->lines, event, reader->arena, &reader->wrong_at);
    *ret_keys = result == SCAN_OK ? read_keys(reader) : 0;
    say_again(reader, said, count, *ret_keys | (result == SCAN_OK ? 0 : KEYS_TELL_FILE));
    return result;
}

/* The bracket where the scanner stopped would be one too many inside of each other. */
static bool is_too_deep(struct str text, size_t at)
{
    unsigned depth = 0;
    bool in_string = false;
    if (at >= text.len || (text.at[at] != '[' && text.at[at] != '{'))
        return false;
    for (size_t i = 0; i < at; i++) {
        char byte = text.at[i];
        if (byte == '"')
            in_string = !in_string;
        else if (in_string)
            i += byte == '\\';
        else
            depth += byte == '[' || byte == '{' ? 1u : byte == ']' || byte == '}' ? -1u : 0u;
    }
    return depth == JSON_DEPTH_MAX;
}

static enum format_result broken(struct reader *reader, enum scan_result result, struct str text)
{
    reader->wrong = result == SCAN_NOT_OBJECT             ? "JSON, but no object"
                    : result == SCAN_NO_ROOM              ? "no room for its fields"
                    : is_too_deep(text, reader->wrong_at) ? "JSON nested too deep"
                                                          : "invalid JSON";
    return FORMAT_BROKEN;
}

/* A container's runtime wraps whatever the program wrote, line end included. */
static void stream_read(struct reader *reader)
{
    struct event *event = reader->event;
    const struct field *body = event_slot(event, SLOT_BODY);
    if (!body || !value_is_text(body->value))
        return;
    struct value value = body->value;
    if (value.kind == VALUE_ESCAPED)
        value.text = json_unescape(value.text, reader->arena);
    if (!value.text.at)
        return;
    value = (struct value){.kind = VALUE_TEXT, .text = str_trim(value.text)};
    if (value.text.len < body->value.text.len)
        event_set_slot(event, SLOT_BODY, value, reader->arena);
    if (value.text.len && *value.text.at == '{')
        reader_message(reader);
    else
        plain_level(reader, value.text);
}

static enum format_result json_read(struct reader *reader, struct str text)
{
    struct event *event = reader->event;
    if (text.at != event->bytes.at || text.len != event->bytes.len) {
        reader->wrong_at = 0;
        return reader_object(reader, text) ? FORMAT_READ : broken(reader, SCAN_INVALID, text);
    }
    unsigned keys;
    enum scan_result result = scan_line(reader, &keys);
    if (result != SCAN_OK)
        return broken(reader, result, text);
    if (keys & KEYS_OF_EVENT && lambda_event_read(reader))
        return FORMAT_READ;
    if (reader_has(reader, SLOT_HTTP_METHOD) && gateway_event_read(reader))
        return FORMAT_READ;
    if (reader_has(reader, SLOT_FAAS_INVOCATION_ID))
        reader_message(reader);
    else if (reader_has(reader, SLOT_LOG_IOSTREAM) && !event->severity)
        stream_read(reader);
    return FORMAT_READ;
}

/* `{` and a key or the end; what JavaScript and Python print of their objects is no broken JSON. */
static bool json_claims(struct str line)
{
    size_t at = 0;
    if (line.len > 1 && line.at[0] == '{' && line.at[1] == '"')
        return true; /* nearly all */
    while (at < line.len && (line.at[at] == ' ' || line.at[at] == '\t'))
        at++;
    if (at == line.len || line.at[at] != '{')
        return false;
    for (at++; at < line.len && (line.at[at] == ' ' || line.at[at] == '\t'); at++)
        ;
    return at < line.len && (line.at[at] == '"' || line.at[at] == '}');
}

const struct format format_json = {.name = "json", .claims = json_claims, .read = json_read};
