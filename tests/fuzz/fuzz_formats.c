/* tests/fuzz/fuzz_formats.c - any bytes through every format, and through the search for ids.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The first byte chooses the format, the rest is the line. At most one format may claim a line,
 * slots and fields must agree, what comes out must encode to valid JSON, and ids must be canonical.
 */
#include "agent/tracing/trace_context.h"
#include "filters/formats/format.h"

static const struct format *const formats[] = {
#define FORMAT(name) &format_##name,
#include "filters/formats/formats.def"
#undef FORMAT
};

static void check_claims(struct str line)
{
    int claims = 0;
    for (size_t i = 0; i < COUNT(formats); i++)
        claims += formats[i]->claims(line);
    MUST(claims <= 1);
}

static void check_slots(const struct event *event)
{
    for (size_t slot = 1; slot < SLOT_COUNT; slot++) {
        const struct field *field = event_slot(event, (enum slot)slot);
        MUST(!field || (event->slots[slot] <= event->count && field->slot == slot &&
                        !(field->flags & FIELD_REMOVED)));
    }
}

static void check_encoding(const struct event *event, struct arena *arena)
{
    struct buffer buffer;
    buffer_init(&buffer, 1 << 26);
    encode_event(&buffer, event, &(struct encoding){.names = NAMES_ECS}, arena);
    MUST(buffer.full || scan_is_valid(buffer_str(&buffer)));
    buffer_clear(&buffer);
}

static void check_search(struct str line)
{
    struct trace_context context;
    if (!trace_search(line, &context))
        return;
    MUST(trace_id_is_canonical((struct str){context.trace, sizeof context.trace}));
    MUST(!context.has_span ||
         span_id_is_canonical((struct str){context.span, sizeof context.span}));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct arena run, batch;
    static struct reader reader;
    if (!reader.names) {
        arena_init(&run, 1 << 20, 64 << 20);
        arena_init(&batch, 1 << 20, 64 << 20);
        reader.names = names_make(&run);
        reader.lines = scanner_make(&run, reader.names);
        reader.inside = scanner_make(&run, reader.names);
        reader.arena = &batch;
    }
    if (size == 0)
        return 0;
    struct str line = {(const char *)data + 1, size - 1};
    struct event event = {.bytes = line};
    reader.event = &event;
    reader.is_guessed = data[0] & 0x80;
    check_claims(line);
    (void)formats[(data[0] & 0x7f) % COUNT(formats)]->read(&reader, line);
    check_slots(&event);
    check_encoding(&event, &batch);
    check_search(line);
    arena_reset(&batch);
    return 0;
}
