/* tests/data/generated.h - JSON lines by chance, of keys and values that mean something to
 * agent/data. SPDX-License-Identifier: Apache-2.0
 */
#ifndef WEIR_GENERATED_H
#define WEIR_GENERATED_H

#include "agent/data/buffer.h"
#include "agent/must.h"

struct chance { /* xorshift: the same lines on every machine */
    uint64_t state;
};

static inline uint32_t chance_below(struct chance *chance, uint32_t limit)
{
    chance->state ^= chance->state << 13;
    chance->state ^= chance->state >> 7;
    chance->state ^= chance->state << 17;
    return (uint32_t)(chance->state >> 33) % limit;
}

static const char *const generated_keys[] = {
    "a",
    "a.b",
    "b",
    "host",
    "host.name",
    "user",
    "process",
    "message",
    "msg",
    "log",
    "log.level",
    "level",
    "severity",
    "service",
    "service.name",
    "labels",
    "labels.host",
    "event",
    "durationMs",
    "event.duration",
    "duration_ms",
    "error",
    "error.message",
    "err",
    "exception",
    "status",
    "statusCode",
    "httpMethod",
    "http",
    "http.request.method",
    "trace_id",
    "trace",
    "trace.id",
    "span_id",
    "parent_span_id",
    "timestamp",
    "@timestamp",
    "time",
    "ecs",
    "ecs.version",
    "data_stream",
    "_doc_count",
    "sampling.weight",
    "weir.event_id",
    "x y",
    "k\\u00e9",
    "k\\\"q",
    "geo",
    "faas.name",
    "requestId",
    "stackTrace",
    "number",
    "tags",
    "",
    "maxMemoryUsedMB",
    "memorySizeMB",
    "responseLength",
    "labels.a",
    "labels.a_2",
    "name",
};

static const char *const generated_values[] = {
    "\"x\"",
    "\"error\"",
    "\"INFO\"",
    "\"GET\"",
    "\"/a/b\"",
    "\"2023-01-02T03:04:05.678Z\"",
    "\"12\"",
    "\"0012\"",
    "\"12.5\"",
    "\"a\\\"b\\n\"",
    "\"\\u00fc\"",
    "\"\"",
    "\"true\"",
    "\"failure\"",
    "\"6955b900725b6ed33782f608dcd26b70\"",
    "\"10.0.0.1\"",
    "\"-\"",
    "\"a text of some more than thirty-two bytes\"",
    "0",
    "1",
    "-1",
    "200",
    "404",
    "503",
    "3.250",
    "1e3",
    "30.852",
    "1700000000123",
    "12345678901234567890",
    "-0",
    "true",
    "false",
    "null",
    "{}",
    "[]",
    "[1, 2]",
    "[{\"a\":1}]",
    "{\"a\":1,\"a\":2}",
    "{\"name\":\"n\",\"level\":\"warn\"}",
    "{\"b\":{\"c\":1}}",
    "{\"id\":\"i\"}",
    "{\"message\":\"m\",\"type\":\"T\"}",
};

/* One object in one line; keys may stand twice. */
static inline void generate_line(struct chance *chance, struct buffer *to)
{
    const char *colon = chance_below(chance, 4) ? "\":" : "\" : ";
    const char *comma = chance_below(chance, 4) ? "," : " , ";
    uint32_t count = chance_below(chance, 14);
    buffer_byte(to, '{');
    for (uint32_t i = 0; i < count; i++) {
        buffer_add(to, i ? str_from(comma) : STR(""));
        buffer_byte(to, '"');
        buffer_add(to, str_from(generated_keys[chance_below(chance, COUNT(generated_keys))]));
        buffer_add(to, str_from(colon));
        buffer_add(to, str_from(generated_values[chance_below(chance, COUNT(generated_values))]));
    }
    buffer_byte(to, '}');
}

#endif
