/* agent/config/diagnostic.h - what is wrong with a configuration, shown as good compilers do it.
 * SPDX-License-Identifier: Apache-2.0
 *
 *     pipeline.conf:14:3: error: unknown setting "dataste" in output honeycomb "events"
 *       14 |   dataste = "functions"
 *          |   ^^^^^^^ did you mean "dataset"? (all settings: agent help honeycomb)
 *
 * All mistakes of one run are collected, then printed: warnings first, errors last, each in file order.
 * A secret that stands in a source line is never printed back.
 */
#ifndef WEIR_DIAGNOSTIC_H
#define WEIR_DIAGNOSTIC_H

#include "agent/data/arena.h"
#include "agent/data/buffer.h"

/* A text that was read: a file, -e, or what env() and file() brought in. Lives in the arena. */
struct source_text {
    const char *name;
    struct str text;
    unsigned order; /* in which it was first read */
    struct source_text *next;
    struct secret_range *secrets;
};

struct span {
    const struct source_text *source; /* null: nowhere in particular */
    uint32_t at, len;
};

struct position {
    uint32_t line, column; /* from 1; a column is a code point */
};

enum severity { SEVERITY_WARNING = 0, SEVERITY_ERROR };

struct diagnostic {
    enum severity severity;
    struct span span;
    struct str message, hint; /* the hint may be empty */
    struct diagnostic *next;
};

struct diagnostics {
    struct arena *arena;
    struct source_text *sources;
    struct diagnostic *first;
    unsigned errors, warnings, kept;
    unsigned source_count, files;
};

void diagnostics_init(struct diagnostics *diagnostics, struct arena *arena);

/* Null when the arena is full. Borrows name and text. */
struct source_text *source_add(struct diagnostics *diagnostics, const char *name, struct str text);
/* What stands there is masked wherever the line is printed. */
void source_hide(struct diagnostics *diagnostics, struct span span);

struct position span_position(struct span span);
/* "file:line:column", or "" when there was no room. */
const char *span_where(struct arena *arena, struct span span);
struct str span_text(struct span span); /* as it was written */
struct span span_to(struct span first, struct span last);

/* Both return what was added, for diagnose_hint(); null (which it takes) when there was no room. */
struct diagnostic *diagnose_error(struct diagnostics *diagnostics, struct span span, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
struct diagnostic *diagnose_warning(struct diagnostics *diagnostics, struct span span, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* What the operator probably meant. A second one replaces the first. */
void diagnose_hint(struct diagnostics *diagnostics, struct diagnostic *diagnostic, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

enum { DIAGNOSTICS_COLOUR = 1 };
void diagnostics_print(struct diagnostics *diagnostics, struct buffer *to, int options);
/* One JSON object per line: file, line, column, severity, message, hint. */
void diagnostics_print_json(struct diagnostics *diagnostics, struct buffer *to);

#endif
