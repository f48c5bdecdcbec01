/* filters/parse.c - give lines structure: JSON, logfmt, AWS Lambda, access logs, plain text.
 * SPDX-License-Identifier: Apache-2.0
 *
 * No error dies in here: a line that should parse and does not keeps its text as the body, says why
 * in parse.error, and counts as an error from then on.
 */
#include "agent/weir.h"

#include <stdio.h>
#include <string.h>

#include "filters/formats/format.h"

enum format_id {
    FORMAT_AUTO = 0,
#define FORMAT(name) FORMAT_##name,
#include "filters/formats/formats.def"
#undef FORMAT
    FORMAT_COUNT
};

static const struct format *const formats[] = {
    [FORMAT_AUTO] = NULL,
#define FORMAT(name) [FORMAT_##name] = &format_##name,
#include "filters/formats/formats.def"
#undef FORMAT
};

struct parse {
    int format;
    bool function_from_path;
    struct path *field;
    int guess; /* what the line before was: lines of one kind come in runs */
    struct reader reader;
    struct value path; /* of the file that lines come from; empty: not known yet */
    struct field
        named[2]; /* faas.name and service.name by that path, for lines that have neither */
    uint64_t *failed;
};

static const struct choice format_words[] = {
    {"auto", FORMAT_AUTO},
#define FORMAT(name) {#name, FORMAT_##name},
#include "filters/formats/formats.def"
#undef FORMAT
    {0},
};

static const struct setting settings[] = {
    CHOICE_SETTING(struct parse, format, format_words, .def = "auto",
                   .help = "Format of the lines. `auto` tells each line by its first bytes."),
    FIELD_SETTING(struct parse, field, .help = "Parse the text of this field instead of the line.",
                  .example = "message"),
    BOOL_SETTING(struct parse, function_from_path, .def = "true",
                 .help = "Name a function by the file of its log where no line names it: "
                         "checkout.log, or NAME in "
                         "/aws/lambda/NAME/."),
    {0},
};

/* At most one format claims a line, so that asking the last one first changes nothing but the
 * speed. */
static int claimant(struct parse *parse, struct str line)
{
    if (formats[parse->guess]->claims(line))
        return parse->guess;
    for (int id = FORMAT_AUTO + 1; id < FORMAT_COUNT; id++)
        if (id != parse->guess && formats[id]->claims(line))
            return id;
    return FORMAT_plain;
}

static enum format_result guess_read(struct parse *parse, struct str text)
{
    int id = claimant(parse, text);
    enum format_result result = formats[id]->read(&parse->reader, text);
    parse->guess = id;
    return result == FORMAT_FOREIGN ? format_plain.read(&parse->reader, text) : result;
}

/* The text becomes the body, the reason parse.error; fields from before the wrong place stay. */
static void broken(struct parse *parse, struct str text)
{
    struct reader *reader = &parse->reader;
    struct event *event = reader->event;
    char words[96];
    int len = snprintf(words, sizeof words, "%s at byte %zu", reader->wrong, reader->wrong_at);
    struct str why = arena_copy(reader->arena, (struct str){words, (size_t)len});
    event->flags |= EVENT_PARSE_FAILED;
    ++*parse->failed;
    struct str body = str_trim(text);
    if (event->slots[SLOT_BODY])
        event_set_slot(event, SLOT_BODY, (struct value){.kind = VALUE_TEXT, .text = body},
                       reader->arena);
    plain_read(reader, body);
    reader_text(reader, SLOT_PARSE_ERROR, why.at ? why : STR("invalid"));
}

/* arn:aws:lambda:eu-west-1:123456789012:function:checkout:7 */
static struct str function_of_arn(struct str arn)
{
    struct cut name = str_cut_str(arn, STR(":function:"));
    return name.found ? str_cut(name.tail, ':').head : (struct str){0};
}

static struct str function_of_path(struct str path)
{
    struct cut group = str_cut_str(path, STR("/aws/lambda/"));
    if (group.found)
        return str_cut(group.tail, '/').head;
    struct str file = str_cut_last(path, '/').found ? str_cut_last(path, '/').tail : path;
    struct cut name = str_cut_last(file, '.');
    return name.head.len ? name.head : file;
}

static struct str text_of(const struct event *event, enum slot slot)
{
    const struct field *field = event_slot(event, slot);
    return field && value_is_text(field->value) ? field->value.text : (struct str){0};
}

/* A part of a field's text, which needs no escapes where the whole needs none. */
static void name_after(struct reader *reader, enum slot slot, const struct field *whole,
                       struct str part)
{
    if (whole->value.kind == VALUE_STRING)
        reader_word(reader, slot, part);
    else
        reader_text(reader, slot, part);
}

/* The lines of a batch share the text of their path. */
static void learn_path(struct parse *parse, const struct value *path)
{
    struct str text = parse->path.text;
    if (parse->path.kind == path->kind && text.at == path->text.at && text.len == path->text.len)
        return;
    parse->path = *path;
    struct value name = {.kind = path->kind == VALUE_STRING ? VALUE_STRING : VALUE_TEXT};
    name.text = value_is_text(*path) ? function_of_path(path->text) : (struct str){0};
    parse->named[0] =
        (struct field){.key = slot_keys[SLOT_FAAS_NAME], .value = name, .slot = SLOT_FAAS_NAME};
    parse->named[1] = (struct field){
        .key = slot_keys[SLOT_SERVICE_NAME], .value = name, .slot = SLOT_SERVICE_NAME};
}

/* Both names by the file of the line, which had neither: nearly all lines of a function. False:
 * nothing was done. */
static bool name_by_path(struct parse *parse, struct event *event)
{
    const struct field *path = event_slot(event, SLOT_LOG_FILE_PATH);
    if (!parse->function_from_path || !path || event->slots[SLOT_FAAS_NAME] ||
        event->slots[SLOT_SERVICE_NAME] || event->slots[SLOT_CLOUD_RESOURCE_ID])
        return false;
    learn_path(parse, &path->value);
    if (!parse->named[0].value.text.len || event->flags & EVENT_SHARED ||
        event->room - event->count < (int)COUNT(parse->named))
        return false;
    memcpy(&event->fields[event->count], parse->named, sizeof parse->named);
    event->slots[SLOT_FAAS_NAME] = (uint16_t)(event->count + 1);
    event->slots[SLOT_SERVICE_NAME] = (uint16_t)(event->count + 2);
    event->count = (uint16_t)(event->count + COUNT(parse->named));
    event->flags |= EVENT_EDITED;
    return true;
}

static void name_function(struct parse *parse)
{
    struct reader *reader = &parse->reader;
    struct event *event = reader->event;
    if (!(event->flags & EVENT_PLATFORM) && !reader_has(reader, SLOT_FAAS_INVOCATION_ID))
        return;
    if (LIKELY(name_by_path(parse, event)))
        return;
    if (reader_has(reader, SLOT_CLOUD_RESOURCE_ID))
        reader_text(reader, SLOT_FAAS_NAME,
                    function_of_arn(text_of(event, SLOT_CLOUD_RESOURCE_ID)));
    const struct field *path = event_slot(event, SLOT_LOG_FILE_PATH);
    if (parse->function_from_path && path && !reader_has(reader, SLOT_FAAS_NAME))
        name_after(reader, SLOT_FAAS_NAME, path,
                   function_of_path(text_of(event, SLOT_LOG_FILE_PATH)));
    const struct field *name = event_slot(event, SLOT_FAAS_NAME);
    if (name)
        name_after(reader, SLOT_SERVICE_NAME, name, text_of(event, SLOT_FAAS_NAME));
}

/* The text to parse: the line, or what the field holds; false where there is none. */
static bool text_find(const struct parse *parse, struct event *event, struct arena *arena,
                      struct str *ret)
{
    if (parse->field)
        return value_text(event_get(event, parse->field, arena), arena, ret);
    *ret = event->bytes;
    if (UNLIKELY(
            str_starts(*ret, STR("\xEF\xBB\xBF")))) /* a byte order mark: the file's first line */
        *ret = str_skip(*ret, 3);
    return !(event->flags & (EVENT_PARSED | EVENT_PARSE_FAILED)); /* another `parse` was here */
}

static void event_parse(struct parse *parse, struct event *event, struct arena *arena)
{
    struct str text;
    if (!text_find(parse, event, arena, &text))
        return;
    struct reader *reader = &parse->reader;
    reader->event = event;
    reader->arena = arena;
    reader->is_guessed = parse->format == FORMAT_AUTO;
    enum format_result result =
        reader->is_guessed ? guess_read(parse, text) : formats[parse->format]->read(reader, text);
    if (result == FORMAT_BROKEN)
        broken(parse, text);
    else
        event->flags |= EVENT_PARSED;
    name_function(parse);
}

static void parse_apply(void *self, struct view *view)
{
    struct parse *parse = self;
    parse->path = (struct value){.kind = VALUE_MISSING}; /* the batch before is gone */
    for (uint32_t i = 0; i < view->count; i++)
        event_parse(parse, view->at[i], view->arena);
}

static enum code parse_open(void *self, struct host *host, struct why *why)
{
    struct parse *parse = self;
    struct reader *reader = &parse->reader;
    parse->guess = FORMAT_json;
    reader->names = host_names(host);
    reader->lines = scanner_make(host_arena(host), reader->names);
    reader->inside = scanner_make(host_arena(host), reader->names);
    parse->failed = host_counter(host, "failed", "Lines that should have parsed and did not.");
    if (!reader->lines || !reader->inside)
        return fail(why, OVER_LIMIT, "%s: no memory for the parser", host_where(host));
    return OK;
}

const struct filter filter_parse = {
    .name = "parse",
    .summary = "Gives lines structure: JSON, logfmt, AWS Lambda, access logs, plain text.",
    .settings = settings,
    .size = sizeof(struct parse),
    .sets_time = true,
    .open = parse_open,
    .apply = parse_apply,
};
