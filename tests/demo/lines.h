/* tests/demo/lines.h - how each runtime spells what a function says.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef WEIR_DEMO_LINES_H
#define WEIR_DEMO_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum runtime { NODE_TEXT, PYTHON_TEXT, GO_TEXT, RUBY_TEXT, JAVA_JSON, DOTNET_JSON, NODE_JSON, PYTHON_JSON };
enum level { LEVEL_DEBUG, LEVEL_INFO, LEVEL_WARN, LEVEL_ERROR };
enum end { END_FINE, END_RAISED, END_TIMED_OUT, END_OUT_OF_MEMORY };

struct trace {
    char root[36]; /* "1-5e34a614-10bd..." as X-Ray writes it */
    char id[33];   /* the same as W3C writes it */
    bool is_traced;
};

struct invocation {
    const char *function;
    enum runtime runtime;
    const struct trace *trace;
    char id[37], segment[17];
    int64_t start_us, end_us, init_us;
    bool is_cold;
    enum end end;
    unsigned memory_mb, used_mb;
};

struct line {
    char text[4096];
    size_t len;
};

/* What an application says: words, and for JSON formats more members (", \"a\":1"), else "". */
struct said {
    int64_t time_us;
    enum level level;
    const char *words, *members;
};

bool runtime_is_json(enum runtime runtime);
/* A line that names no request: its function must not run twice at once, or nobody can tell whose it is. */
bool runtime_is_anonymous(enum runtime runtime);

void line_init(struct line *line, const struct invocation *run);  /* cold starts only */
void line_start(struct line *line, const struct invocation *run);
void line_said(struct line *line, const struct invocation *run, const struct said *said);
void line_raised(struct line *line, const struct invocation *run, const struct said *said, const char *type);
void line_crashed(struct line *line, const struct invocation *run); /* timed out or out of memory; text only */
void line_end(struct line *line, const struct invocation *run);     /* text only */
void line_report(struct line *line, const struct invocation *run);

enum { TIME_TEXT_MAX = 32 };
enum time_shape { TIME_ISO, TIME_GO, TIME_NGINX };
void time_text(char to[TIME_TEXT_MAX], int64_t time_us, enum time_shape shape); /* to the second */
void time_iso_ms(char to[TIME_TEXT_MAX], int64_t time_us); /* 2026-11-21T12:30:08.123Z */

#endif
