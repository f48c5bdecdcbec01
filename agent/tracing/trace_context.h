/* agent/tracing/trace_context.h - the headers and ids that tie a line to its trace, in one canonical form.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A trace id is 32 lower-case hex digits, a span id 16, neither all zero. Every reader here takes text
 * from outside and either gives valid ids or says false and leaves ret untouched; nothing half read leaves.
 */
#ifndef WEIR_TRACE_CONTEXT_H
#define WEIR_TRACE_CONTEXT_H

#include "agent/data/str.h"

enum { TRACE_ID_DIGITS = 32, SPAN_ID_DIGITS = 16 };

enum { /* trace flags of W3C; other bits are not passed on */
    TRACE_SAMPLED = 1,
    TRACE_RANDOM = 2,
    TRACE_FLAGS_UNSAID = -1,
};

struct trace_context {
    char trace[TRACE_ID_DIGITS];
    char span[SPAN_ID_DIGITS];   /* the span that the header or line was written in */
    char parent[SPAN_ID_DIGITS]; /* its parent */
    bool has_span, has_parent;
    int flags; /* TRACE_SAMPLED | TRACE_RANDOM, or TRACE_FLAGS_UNSAID */
};

/* --- headers, each strict as its own specification is ------------------------------------------- */

/* W3C traceparent, any version but ff. */
bool traceparent_read(struct str header, struct trace_context *ret);

/* X-Amzn-Trace-Id: `Root=1-8-24;Parent=16;Sampled=1` in any order. Root alone will do (load balancers);
 * a Parent that is no span id spoils the whole. */
bool amazon_trace_read(struct str header, struct trace_context *ret);

/* B3, one header or several. The several need trace and span. */
bool b3_read(struct str header, struct trace_context *ret);
struct b3_headers {
    struct str trace, span, parent, sampled, flags; /* null at: absent */
};
bool b3_headers_read(const struct b3_headers *headers, struct trace_context *ret);

/* x-datadog-*: decimal ids, the high half of a 128-bit trace id in tags (`_dd.p.tid=`). */
struct datadog_headers {
    struct str trace, span, tags;
};
bool datadog_headers_read(const struct datadog_headers *headers, struct trace_context *ret);

/* X-Cloud-Trace-Context: `TRACE/DECIMAL_SPAN;o=1`, and the `projects/P/traces/TRACE` of Google's log entries. */
bool google_trace_read(struct str header, struct trace_context *ret);

/* uber-trace-id: `trace:span:parent:flags`, leading zeros may be missing. */
bool jaeger_read(struct str header, struct trace_context *ret);

/* --- ids as loggers write them ------------------------------------------------------------------- */

/* 32 hex digits in either case, 16 (padded), with the dashes of a UUID, or X-Ray's `1-8-24`. */
bool trace_id_read(struct str text, char ret[TRACE_ID_DIGITS]);
bool span_id_read(struct str text, char ret[SPAN_ID_DIGITS]);
/* An unsigned 64-bit decimal number, as Datadog writes ids; 16 hex digits come out. */
bool decimal_id_read(struct str text, char ret[SPAN_ID_DIGITS]);
/* Datadog's trace id in a log line: decimal, or 32 hex digits. */
bool datadog_id_read(struct str text, char ret[TRACE_ID_DIGITS]);

/* True for an id that is canonical as it stands, so that nothing has to be rewritten. */
bool trace_id_is_canonical(struct str text);
bool span_id_is_canonical(struct str text);

/* --- ids inside text: `trace_id=...`, `[dd.trace_id=...]`, `Root=1-...`, `[app,TRACE,SPAN]`, headers printed -- */

/* The first valid trace id in the text, with the span id that stands next to it, if one does. */
bool trace_search(struct str text, struct trace_context *ret);

#endif
