/* outputs/stdout.c - events for people and pipes.
 * SPDX-License-Identifier: Apache-2.0
 *
 * pretty writes what a person looks for first: time, level, function, message, then the other
 * fields, and a stack trace on lines of its own. Control bytes never reach the terminal: who writes
 * logs must not steer it.
 */
#include "agent/weir.h"

enum format { FORMAT_JSON, FORMAT_PRETTY };

struct stdout_output {
    int format, names;
    bool has_colours;
    struct encoding encoding;
    struct byte_stream stream;
};

static const struct choice format_words[] = {{"json", FORMAT_JSON}, {"pretty", FORMAT_PRETTY}, {0}};

static const struct choice names_words[] = {
    {"otel", NAMES_OTEL}, {"ecs", NAMES_ECS}, {"as_is", NAMES_AS_IS}, {0}};

static const struct setting settings[] = {
    CHOICE_SETTING(struct stdout_output, format, format_words, .def = "json",
                   .help = "json: one object a line. pretty: for people, coloured on a terminal."),
    CHOICE_SETTING(struct stdout_output, names, names_words, .def = "otel",
                   .help = "What fields are called in json: OpenTelemetry, Elastic Common Schema, "
                           "or as they came."),
    {0},
};

static enum code stdout_open(void *self, struct host *host, struct why *why)
{
    (void)host, (void)why;
    struct stdout_output *out = self;
    out->has_colours = terminal_has_colours();
    out->encoding = (struct encoding){.names = (enum naming)out->names, .sampling = true};
    return OK;
}

static struct encoding stdout_encoding(const void *self)
{
    return ((const struct stdout_output *)self)->encoding;
}

static const struct byte_stream *stdout_stream(const void *self)
{
    return &((const struct stdout_output *)self)->stream;
}

/* --- pretty
 * ---------------------------------------------------------------------------------------- */

struct page {
    struct buffer *to;
    const struct event *event;
    struct arena *scratch;
    bool has_colours;
};

static void write_colour(const struct page *page, const char *code)
{
    if (page->has_colours)
        buffer_format(page->to, "\x1b[%sm", code);
}

/* Line ends become new lines under an indent; other control bytes, C1 ones too, become "?". */
static void write_plain(const struct page *page, struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char byte = (unsigned char)text.at[i];
        bool is_c1 = byte == 0xc2 && i + 1 < text.len && (unsigned char)text.at[i + 1] < 0xa0;
        if (byte == '\n')
            buffer_add(page->to, STR("\n    "));
        else if ((byte < ' ' && byte != '\t') || byte == 127 || is_c1)
            buffer_byte(page->to, '?');
        else
            buffer_byte(page->to, text.at[i]);
        i += is_c1;
    }
}

static void write_time(const struct page *page)
{
    const struct value time = {.kind = VALUE_TIME, .integer = page->event->time_ns};
    struct str text;
    if (!time.integer || !value_text(time, page->scratch, &text))
        return;
    write_colour(page, "2");
    buffer_add(page->to, text);
    write_colour(page, "0");
    buffer_byte(page->to, ' ');
}

static void write_level(const struct page *page)
{
    static const struct {
        const char *word, *colour;
    } levels[] = {{"TRACE", "2"},  {"DEBUG", "2"},  {"INFO ", "32"},
                  {"WARN ", "33"}, {"ERROR", "31"}, {"FATAL", "1;31"}};
    uint8_t severity = page->event->severity;
    if (severity == 0 || severity > 24)
        return;
    write_colour(page, levels[(severity - 1) / 4].colour);
    buffer_add(page->to, str_from(levels[(severity - 1) / 4].word));
    write_colour(page, "0");
    buffer_byte(page->to, ' ');
}

/* False: the event has no such text. */
static bool write_slot(const struct page *page, enum slot slot, const char *colour)
{
    struct str text;
    if (!value_text(event_get_slot(page->event, slot, page->scratch), page->scratch, &text))
        return false;
    write_colour(page, colour);
    write_plain(page, text);
    write_colour(page, "0");
    buffer_byte(page->to, ' ');
    return true;
}

static bool is_shown_apart(const struct field *field)
{
    switch ((int)field->slot) {
    case SLOT_TIME:
    case SLOT_BODY:
    case SLOT_SEVERITY_TEXT:
    case SLOT_SEVERITY_NUMBER:
    case SLOT_FAAS_NAME:
    case SLOT_EXCEPTION_STACKTRACE:
        return true;
    default:
        return (field->flags & FIELD_REMOVED) != 0;
    }
}

static void write_field(const struct page *page, const struct field *field)
{
    struct str text;
    if (is_shown_apart(field) || !value_text(field->value, page->scratch, &text))
        return;
    write_colour(page, "2");
    write_plain(page, field->key);
    buffer_byte(page->to, '=');
    write_colour(page, "0");
    bool is_quoted =
        field->value.kind != VALUE_OBJECT && field->value.kind != VALUE_ARRAY &&
        (text.len == 0 || memchr(text.at, ' ', text.len) || memchr(text.at, '\n', text.len));
    if (is_quoted)
        encode_text(page->to, text);
    else
        write_plain(page, text);
    buffer_byte(page->to, ' ');
}

static void write_pretty(const struct page *page)
{
    const struct event *event = page->event;
    write_time(page);
    write_level(page);
    write_slot(page, SLOT_FAAS_NAME, "36");
    if (!write_slot(page, SLOT_BODY, "1") && event->count == 0)
        write_plain(page, event->bytes);
    for (uint16_t i = 0; i < event->count; i++)
        write_field(page, &event->fields[i]);
    if (event->weight > 1)
        buffer_format(page->to, "(stands for %u) ", event->weight);
    if (event_slot(event, SLOT_EXCEPTION_STACKTRACE)) {
        buffer_add(page->to, STR("\n    "));
        write_slot(page, SLOT_EXCEPTION_STACKTRACE, "31");
    }
}

static void stdout_encode(const void *self, const struct event *event, struct str target,
                          struct buffer *body, struct arena *scratch)
{
    (void)target;
    const struct stdout_output *out = self;
    if (out->format == FORMAT_JSON) {
        encode_event(body, event, &out->encoding, scratch);
    } else {
        const struct page page = {
            .to = body, .event = event, .scratch = scratch, .has_colours = out->has_colours};
        write_pretty(&page);
        while (body->len && body->at[body->len - 1] == ' ')
            body->len--;
    }
    buffer_byte(body, '\n');
}

const struct output output_stdout = {
    .name = "stdout",
    .summary = "Write events to standard output, as JSON lines or for people.",
    .settings = settings,
    .size = sizeof(struct stdout_output),
    .open = stdout_open,
    .encoding = stdout_encoding,
    .encode = stdout_encode,
    .stream = stdout_stream,
};
