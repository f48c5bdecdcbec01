/* filters/formats/json.c - lines that are JSON objects, whoever wrote them.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "filters/formats/format.h"

/* The scanner makes the index anew; what the input said (the file, a cut line) goes behind the
 * line's own fields. */
static enum scan_result scan_line(struct reader *reader)
{
    struct event *event = reader->event;
    const struct field *said = event->fields;
    uint16_t count = event->count;
    event->flags &= (uint16_t) ~(EVENT_SHARED | EVENT_EDITED);
    enum scan_result result = scan_object(reader->lines, event, reader->arena, &reader->wrong_at);
    for (uint16_t i = 0; i < count; i++)
        if (!(said[i].flags & FIELD_REMOVED) && !reader_find(reader, said[i].key))
            event_add(event, said[i], reader->arena);
    return result;
}

static enum format_result broken(struct reader *reader, enum scan_result result)
{
    reader->wrong = result == SCAN_NOT_OBJECT ? "JSON, but no object"
                    : result == SCAN_NO_ROOM  ? "no room for its fields"
                                              : "invalid JSON";
    return FORMAT_BROKEN;
}

static enum format_result json_read(struct reader *reader, struct str text)
{
    struct event *event = reader->event;
    if (text.at != event->bytes.at || text.len != event->bytes.len) {
        reader->wrong_at = 0;
        return reader_object(reader, text) ? FORMAT_READ : broken(reader, SCAN_INVALID);
    }
    enum scan_result result = scan_line(reader);
    if (result != SCAN_OK)
        return broken(reader, result);
    if (lambda_event_read(reader) || gateway_event_read(reader))
        return FORMAT_READ;
    if (reader_has(reader, SLOT_FAAS_INVOCATION_ID))
        reader_message(reader);
    return FORMAT_READ;
}

/* `{` and a key or the end; what JavaScript and Python print of their objects is no broken JSON. */
static bool json_claims(struct str line)
{
    size_t at = 0;
    while (at < line.len && (line.at[at] == ' ' || line.at[at] == '\t'))
        at++;
    if (at == line.len || line.at[at] != '{')
        return false;
    for (at++; at < line.len && (line.at[at] == ' ' || line.at[at] == '\t'); at++)
        ;
    return at < line.len && (line.at[at] == '"' || line.at[at] == '}');
}

const struct format format_json = {.name = "json", .claims = json_claims, .read = json_read};
