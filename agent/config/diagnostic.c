/* agent/config/diagnostic.c - collects mistakes and shows them where they stand.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/config/diagnostic.h"

#include <stdarg.h>
#include <stdio.h>

#include "agent/limits.h"

enum {
    LINE_SHOWN_MAX = 120,        /* code points of a source line */
    LEFT_SHOWN = 40,             /* of them, before the mistake */
    LINE_BYTES_SHOWN_MAX = 8192, /* a longer line is no line that a person wrote */
};

struct secret_range {
    uint32_t at, len;
    struct secret_range *next;
};

void diagnostics_init(struct diagnostics *diagnostics, struct arena *arena)
{
    *diagnostics = (struct diagnostics){.arena = arena};
}

struct source_text *source_add(struct diagnostics *diagnostics, const char *name, struct str text)
{
    struct source_text *source = arena_zeroed(diagnostics->arena, sizeof *source);
    if (!source)
        return NULL;
    *source = (struct source_text){.name = name, .text = text};
    source->order = diagnostics->source_count++;
    source->next = diagnostics->sources;
    diagnostics->sources = source;
    return source;
}

/* --- places ---------------------------------------------------------------------------- */

static bool starts_code_point(char byte)
{
    return ((unsigned char)byte & 0xC0) != 0x80;
}

struct position span_position(struct span span)
{
    struct position position = {1, 1};
    if (!span.source)
        return position;
    for (size_t i = 0; i < span.at && i < span.source->text.len; i++) {
        char byte = span.source->text.at[i];
        if (byte == '\n') {
            position.line++;
            position.column = 1;
        } else if (starts_code_point(byte)) {
            position.column++;
        }
    }
    return position;
}

const char *span_where(struct arena *arena, struct span span)
{
    const char *name = span.source ? span.source->name : "-";
    size_t room = strlen(name) + 24;
    char *where = arena_take(arena, room);
    if (!where)
        return "";
    struct position position = span_position(span);
    snprintf(where, room, "%s:%u:%u", name, position.line, position.column);
    return where;
}

struct str span_text(struct span span)
{
    return span.source ? str_slice(span.source->text, span.at, span.len) : STR("");
}

struct span span_to(struct span first, struct span last)
{
    if (first.source != last.source || last.at + last.len < first.at)
        return first;
    first.len = last.at + last.len - first.at;
    return first;
}

void source_hide(struct diagnostics *diagnostics, struct span span)
{
    struct secret_range *range = arena_zeroed(diagnostics->arena, sizeof *range);
    if (!range || !span.source)
        return;
    for (struct source_text *source = diagnostics->sources; source; source = source->next)
        if (source == span.source) {
            *range = (struct secret_range){span.at, span.len, source->secrets};
            source->secrets = range;
        }
}

/* --- collecting ------------------------------------------------------------------------ */

static __attribute__((format(printf, 2, 0))) struct str
format_text(struct arena *arena, const char *format, va_list args)
{
    char text[512];
    int len = vsnprintf(text, sizeof text, format, args);
    size_t used = len < 0 ? 0 : (size_t)len < sizeof text ? (size_t)len : sizeof text - 1;
    struct str copy = arena_copy(arena, (struct str){text, used});
    return copy.at ? copy : STR("");
}

static struct diagnostic *add(struct diagnostics *diagnostics, enum severity severity,
                              struct span span)
{
    *(severity == SEVERITY_ERROR ? &diagnostics->errors : &diagnostics->warnings) += 1;
    if (diagnostics->kept == DIAGNOSTICS_MAX)
        return NULL;
    struct diagnostic *added = arena_zeroed(diagnostics->arena, sizeof *added);
    if (!added)
        return NULL;
    added->severity = severity;
    added->span = span;
    struct diagnostic **last = &diagnostics->first;
    while (*last)
        last = &(*last)->next;
    *last = added;
    diagnostics->kept++;
    return added;
}

struct diagnostic *diagnose_error(struct diagnostics *diagnostics, struct span span,
                                  const char *format, ...)
{
    struct diagnostic *added = add(diagnostics, SEVERITY_ERROR, span);
    va_list args;
    va_start(args, format);
    if (added)
        added->message = format_text(diagnostics->arena, format, args);
    va_end(args);
    return added;
}

struct diagnostic *diagnose_warning(struct diagnostics *diagnostics, struct span span,
                                    const char *format, ...)
{
    struct diagnostic *added = add(diagnostics, SEVERITY_WARNING, span);
    va_list args;
    va_start(args, format);
    if (added)
        added->message = format_text(diagnostics->arena, format, args);
    va_end(args);
    return added;
}

void diagnose_hint(struct diagnostics *diagnostics, struct diagnostic *diagnostic,
                   const char *format, ...)
{
    if (!diagnostic)
        return;
    va_list args;
    va_start(args, format);
    diagnostic->hint = format_text(diagnostics->arena, format, args);
    va_end(args);
}

/* --- printing -------------------------------------------------------------------------- */

static bool comes_before(const struct diagnostic *a, const struct diagnostic *b)
{
    if (a->severity != b->severity)
        return a->severity < b->severity;
    unsigned a_order = a->span.source ? a->span.source->order : 0;
    unsigned b_order = b->span.source ? b->span.source->order : 0;
    if (a_order != b_order)
        return a_order < b_order;
    return a->span.at < b->span.at;
}

static void sort(struct diagnostics *diagnostics)
{
    struct diagnostic *sorted = NULL;
    while (diagnostics->first) {
        struct diagnostic *moved = diagnostics->first;
        diagnostics->first = moved->next;
        struct diagnostic **place = &sorted;
        while (*place && !comes_before(moved, *place))
            place = &(*place)->next;
        moved->next = *place;
        *place = moved;
    }
    diagnostics->first = sorted;
}

static struct span line_around(struct span span)
{
    struct str text = span.source->text;
    uint32_t from = span.at < text.len ? span.at : (uint32_t)text.len;
    while (from > 0 && text.at[from - 1] != '\n')
        from--;
    uint32_t to = from;
    while (to < text.len && text.at[to] != '\n')
        to++;
    return (struct span){span.source, from, to - from};
}

static bool is_name_byte(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= '0' && byte <= '9') || byte == '_' || byte == '-' || byte == '.';
}

/* Where nothing could be filled (an unknown plugin, a syntax error) nobody knows what is a secret,
 * so quoted text behind such names is masked too. */
static bool names_a_secret(struct str name)
{
    static const char *const parts[] = {"key",           "secret", "token",      "password",
                                        "authorization", "cookie", "credential", "oauth"};
    for (size_t i = 0; i < COUNT(parts); i++)
        for (size_t at = 0; at + strlen(parts[i]) <= name.len; at++)
            if (str_equal_case(str_slice(name, at, strlen(parts[i])), str_from(parts[i])))
                return true;
    return false;
}

/* The name in front of `=` at the end of a text, with or without quotes around it. */
static struct str name_before(struct str text)
{
    struct str name = str_trim(text);
    if (name.len == 0 || name.at[name.len - 1] != '=')
        return STR("");
    name = str_trim(str_slice(name, 0, name.len - 1));
    if (str_ends(name, STR("\"")) || str_ends(name, STR("'")))
        return str_cut_last(str_slice(name, 0, name.len - 1), name.at[name.len - 1]).tail;
    size_t from = name.len;
    while (from > 0 && is_name_byte(name.at[from - 1]))
        from--;
    return str_skip(name, from);
}

/* Where the quoted text begins that a position stands in; SIZE_MAX: in none. */
static size_t quote_around(struct str line, size_t at)
{
    size_t opened = SIZE_MAX;
    for (size_t i = 0; i < at; i++) {
        char byte = line.at[i];
        if (opened == SIZE_MAX && (byte == '"' || byte == '\''))
            opened = i;
        else if (opened != SIZE_MAX && byte == line.at[opened])
            opened = SIZE_MAX;
    }
    return opened == SIZE_MAX || line.at[at] == line.at[opened] ? SIZE_MAX : opened;
}

/* `user:password` of an address, and what stands behind a name such as `token=` in it. */
static bool is_secret_of_url(struct str text, size_t at)
{
    struct cut scheme = str_cut_str(text, STR("://"));
    size_t from = scheme.found ? scheme.head.len + 3 : 0;
    struct cut user = str_cut_last(str_cut(str_skip(text, from), '/').head, '@');
    if (user.found && str_find(user.head, ':') != SIZE_MAX && at >= from &&
        at < from + user.head.len)
        return true;
    size_t start = at;
    while (start > 0 && !memchr("=&?# ", text.at[start - 1], 5))
        start--;
    return start > 0 && text.at[start - 1] == '=' && !memchr("&?# ", text.at[at], 4) &&
           names_a_secret(name_before(str_slice(text, 0, start)));
}

static bool looks_secret(struct str line, size_t at)
{
    size_t opened = quote_around(line, at);
    if (opened == SIZE_MAX)
        return false;
    struct str text = str_skip(line, opened + 1);
    text = str_cut(text, line.at[opened]).head;
    return names_a_secret(name_before(str_slice(line, 0, opened))) ||
           is_secret_of_url(text, at - opened - 1);
}

static bool is_hidden(struct span line, size_t at)
{
    for (const struct secret_range *range = line.source->secrets; range; range = range->next)
        if (line.at + at >= range->at && line.at + at < range->at + range->len)
            return true;
    return looks_secret(span_text(line), at);
}

static void print_line(struct buffer *to, struct span line, size_t from)
{
    struct str text = span_text(line);
    size_t shown = 0;
    for (size_t i = from; i < text.len && shown < LINE_SHOWN_MAX; i++) {
        char byte = text.at[i];
        bool starts = starts_code_point(byte);
        shown += starts;
        if (is_hidden(line, i)) {
            if (starts)
                buffer_byte(to, '*');
        } else {
            buffer_byte(
                to, (byte < ' ' && byte > 0 && byte != '\t') || byte == 127 || !byte ? ' ' : byte);
        }
    }
}

/* Blanks under the line up to the mistake (tabs stay tabs), then one caret per code point of it. */
static void print_carets(struct buffer *to, struct span line, size_t from, struct span span)
{
    struct str text = span_text(line);
    size_t at = span.at - line.at;
    for (size_t i = from; i < at && i < text.len; i++)
        if (text.at[i] == '\t' || starts_code_point(text.at[i]))
            buffer_byte(to, text.at[i] == '\t' ? '\t' : ' ');
    size_t carets = 0;
    for (size_t i = at; i < at + span.len && i < text.len; i++)
        carets += starts_code_point(text.at[i]);
    if (carets == 0)
        carets = 1;
    while (carets-- > 0)
        buffer_byte(to, '^');
}

static void print_excerpt(struct buffer *to, const struct diagnostic *diagnostic)
{
    struct span line = line_around(diagnostic->span);
    size_t at = diagnostic->span.at - line.at;
    bool is_long = line.len > LINE_SHOWN_MAX && at > LINE_SHOWN_MAX - LEFT_SHOWN;
    size_t from = is_long ? at - LEFT_SHOWN : 0;
    while (from > 0 && from < line.len && !starts_code_point(span_text(line).at[from]))
        from--;
    struct span shown = diagnostic->span;
    if (shown.len > LINE_SHOWN_MAX)
        shown.len = LINE_SHOWN_MAX;
    buffer_format(to, "%5u | ", span_position(diagnostic->span).line);
    if (line.len > LINE_BYTES_SHOWN_MAX) {
        buffer_format(to, "(a line of %u bytes)\n      |", line.len);
    } else {
        print_line(to, line, from);
        buffer_add(to, STR("\n      | "));
        print_carets(to, line, from, shown);
    }
    if (diagnostic->hint.len) {
        buffer_byte(to, ' ');
        buffer_add(to, diagnostic->hint);
    }
    buffer_byte(to, '\n');
}

static void print_one(struct buffer *to, const struct diagnostic *diagnostic, int options)
{
    static const char *const words[2][2] = {
        {"warning", "\033[1;35mwarning\033[0m"},
        {"error", "\033[1;31merror\033[0m"},
    };
    const char *word = words[diagnostic->severity][options & DIAGNOSTICS_COLOUR];
    if (diagnostic->span.source) {
        struct position position = span_position(diagnostic->span);
        buffer_add(to, str_from(diagnostic->span.source->name));
        buffer_format(to, ":%u:%u: ", position.line, position.column);
    }
    buffer_format(to, "%s: ", word);
    buffer_add(to, diagnostic->message);
    buffer_byte(to, '\n');
    if (diagnostic->span.source) {
        print_excerpt(to, diagnostic);
    } else if (diagnostic->hint.len) {
        buffer_add(to, STR("        "));
        buffer_add(to, diagnostic->hint);
        buffer_byte(to, '\n');
    }
}

void diagnostics_print(struct diagnostics *diagnostics, struct buffer *to, int options)
{
    sort(diagnostics);
    for (const struct diagnostic *one = diagnostics->first; one; one = one->next)
        print_one(to, one, options);
    unsigned all = diagnostics->errors + diagnostics->warnings;
    if (all > diagnostics->kept)
        buffer_format(to, "... and %u more\n", all - diagnostics->kept);
}

static void print_json_text(struct buffer *to, const char *key, struct str text)
{
    buffer_format(to, ",\"%s\":\"", key);
    for (size_t i = 0; i < text.len; i++) {
        unsigned char byte = (unsigned char)text.at[i];
        if (byte == '"' || byte == '\\')
            buffer_byte(to, '\\');
        if (byte < ' ')
            buffer_format(to, "\\u%04x", byte);
        else
            buffer_byte(to, (char)byte);
    }
    buffer_byte(to, '"');
}

void diagnostics_print_json(struct diagnostics *diagnostics, struct buffer *to)
{
    sort(diagnostics);
    for (const struct diagnostic *one = diagnostics->first; one; one = one->next) {
        struct position position = span_position(one->span);
        buffer_format(to, "{\"line\":%u,\"column\":%u", position.line, position.column);
        print_json_text(to, "file", str_from(one->span.source ? one->span.source->name : ""));
        print_json_text(to, "severity",
                        one->severity == SEVERITY_ERROR ? STR("error") : STR("warning"));
        print_json_text(to, "message", one->message);
        print_json_text(to, "hint", one->hint);
        buffer_add(to, STR("}\n"));
    }
}
