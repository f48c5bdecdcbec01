/* tests/filters/formats/lines.h - golden lines: what a parser makes of each, written as one text.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef WEIR_LINES_H
#define WEIR_LINES_H

#include "agent/data/buffer.h"
#include "agent/data/time.h"
#include "filters/formats/format.h"
#include "tests/filters/fake_host.h"

struct golden {
    const char *line, *want;
};

static inline void write_value(struct buffer *to, struct value value, struct arena *arena)
{
    struct str text;
    if (value.kind == VALUE_BOOL)
        buffer_format(to, "%s", value.truth ? "true" : "false");
    else if (value_text(value, arena, &text))
        buffer_add(to, text);
    else
        buffer_add(to, STR("null"));
}

/* `time severity flags slot=value ... key=value`, slots by their names in capitals, in the order of
 * the fields. */
static inline struct str event_written(const struct event *event, struct host *host)
{
#define FIELD(slot, otel, ecs, honeycomb, type) #slot,
    static const char *const slots[] = {
        "-",
#include "agent/data/fields.def"
    };
#undef FIELD
    static const struct {
        uint16_t flag;
        const char *word;
    } flags[] = {{EVENT_PARSE_FAILED, "!parse"},
                 {EVENT_FAILED, "!failed"},
                 {EVENT_PLATFORM, "!platform"},
                 {EVENT_STARTS_INVOCATION, "!starts"},
                 {EVENT_ENDS_INVOCATION, "!ends"}};
    struct buffer to;
    buffer_init(&to, 1 << 20);
    char time[TIME_TEXT_MAX];
    if (event->flags & EVENT_TIME_OWN)
        buffer_add(&to, (struct str){time, time_write(event->time_ns, time)});
    else
        buffer_byte(&to, '-');
    buffer_format(&to, " %u", event->severity);
    for (size_t i = 0; i < COUNT(flags); i++)
        if (event->flags & flags[i].flag)
            buffer_format(&to, " %s", flags[i].word);
    for (uint16_t i = 0; i < event->count; i++) {
        const struct field *field = &event->fields[i];
        if (field->flags & FIELD_REMOVED)
            continue;
        if (field->slot)
            buffer_format(&to, "|%s=", slots[field->slot]);
        else
            buffer_format(&to, "|%.*s=", STR_ARG(field->key));
        write_value(&to, field->value, &host->batch);
    }
    struct str written = arena_copy(&host->batch, buffer_str(&to));
    buffer_clear(&to);
    return written;
}

static inline void reader_init(struct reader *reader, struct host *host)
{
    memset(reader, 0, sizeof *reader);
    reader->names = host->names;
    reader->lines = scanner_make(&host->run, host->names);
    reader->inside = scanner_make(&host->run, host->names);
    reader->arena = &host->batch;
}

/* Every line through one format. */
static inline void check_golden(const struct format *format, const struct golden *rows,
                                size_t count)
{
    struct host host;
    struct reader reader;
    size_t wrong = 0;
    host_init(&host);
    reader_init(&reader, &host);
    for (size_t i = 0; i < count; i++) {
        struct event event = {.bytes = host_line(&host, str_from(rows[i].line))};
        reader.event = &event;
        enum format_result result = format->read(&reader, event.bytes);
        struct str got = result == FORMAT_READ      ? event_written(&event, &host)
                         : result == FORMAT_FOREIGN ? STR("foreign")
                                                    : STR("broken");
        if (str_equal(got, str_from(rows[i].want)))
            continue;
        print_error("line %s\ngot  %.*s\nwant %s\n", rows[i].line, STR_ARG(got), rows[i].want);
        wrong++;
    }
    print_message("%s: %zu golden lines\n", format->name, count);
    host_clear(&host);
    CHECK_EQ(wrong, 0);
}

#endif
