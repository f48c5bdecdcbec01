/* tests/data/fixture.h - one line in, an event or its encoding out; for the tests of agent/data.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef WEIR_FIXTURE_H
#define WEIR_FIXTURE_H

#include <stdlib.h>

#include "agent/data/encode.h"
#include "agent/data/scan.h"
#include "tests/check.h"

struct fixture {
    struct arena run, arena;
    struct names *names;
    struct scanner *scanner;
    struct buffer out;
};
static struct fixture fix;

static inline void fixture_open(void)
{
    if (fix.names)
        return;
    arena_init(&fix.run, 1 << 20, 64 << 20);
    arena_init(&fix.arena, 1 << 16, 256 << 20);
    fix.names = names_make(&fix.run);
    fix.scanner = scanner_make(&fix.run, fix.names);
    buffer_init(&fix.out, 64 << 20);
}

/* A copy without a byte to spare behind it, so that a sanitizer sees a read past the end. */
static inline struct str fixture_line(struct str text)
{
    char *tight = malloc(text.len ? text.len : 1);
    memcpy(tight, text.at, text.len);
    return (struct str){tight, text.len};
}

static inline struct event scanned_str(struct str text, enum scan_result want)
{
    fixture_open();
    arena_reset(&fix.arena);
    struct event event = {.bytes = text};
    size_t error_at = 0;
    enum scan_result got = scan_object(fix.scanner, &event, &fix.arena, &error_at);
    if (got != want)
        print_error("scan of %.*s gave %d at %zu\n", STR_ARG(text), got, error_at);
    CHECK_EQ(got, want);
    return event;
}

static inline struct event scanned(const char *text)
{
    return scanned_str(str_from(text), SCAN_OK);
}

static inline struct path *fixture_path(const char *text)
{
    fixture_open();
    struct path *path = NULL;
    struct why why = {0};
    CHECK_OK(path_compile(fix.names, str_from(text), &path, &why), why);
    return path;
}

static inline struct value got(const struct event *event, const char *path)
{
    return event_get(event, fixture_path(path), &fix.arena);
}

static inline struct str got_text(const struct event *event, const char *path)
{
    struct str text = STR("(missing)");
    value_text(got(event, path), &fix.arena, &text);
    return text;
}

static inline struct str slot_text(const struct event *event, enum slot slot)
{
    const struct field *field = event_slot(event, slot);
    return field ? field->value.text : STR("(missing)");
}

static inline struct str encoded_with(const struct event *event, struct encoding encoding)
{
    buffer_reset(&fix.out);
    encode_event(&fix.out, event, &encoding, &fix.arena);
    CHECK(!fix.out.full);
    return buffer_str(&fix.out);
}

static inline struct str encoded(const struct event *event, enum naming naming)
{
    return encoded_with(event, (struct encoding){.names = naming});
}

#endif
