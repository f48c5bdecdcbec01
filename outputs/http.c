/* outputs/http.c - each payload as one HTTP request: JSON lines, a JSON array, or OTLP logs.
 * SPDX-License-Identifier: Apache-2.0
 *
 * For any far end that takes events and answers with a status. What a class of statuses means is
 * written in whole_verdict(). OTLP servers may take only a part of a request and say how many they
 * rejected, not which: such records count as delivered, since sending them again is forbidden
 * there, and are told and counted.
 */
#include "agent/weir.h"

enum { ENCODING_LINES = 0, ENCODING_ARRAY, ENCODING_OTLP };
enum { METHOD_POST = 0, METHOD_PUT };

struct http {
    struct endpoint endpoint;
    struct str path, content_type;
    int method, encoding, names;
    uint64_t *rejected;
};

static const struct choice methods[] = {{"post", METHOD_POST}, {"put", METHOD_PUT}, {0}};
static const struct choice encodings[] = {{"json_lines", ENCODING_LINES},
                                          {"json_array", ENCODING_ARRAY},
                                          {"otlp_json", ENCODING_OTLP},
                                          {0}};
static const struct choice names_words[] = {
    {"otel", NAMES_OTEL}, {"ecs", NAMES_ECS}, {"as_is", NAMES_AS_IS}, {0}};

static const struct setting settings[] = {
    ENDPOINT_SETTINGS_OF(struct http, endpoint, ENDPOINT_URL_REQUIRED, "1MB", endpoint_zstd_words),
    TEXT_SETTING(struct http, path, .example = "\"/ingest?source=weir\"",
                 .help =
                     "What stands behind the address. otlp_json: /v1/logs unless told otherwise."),
    CHOICE_SETTING(struct http, method, methods, .def = "post", .help = "HTTP method."),
    CHOICE_SETTING(struct http, encoding, encodings, .def = "json_lines",
                   .help = "Body: one JSON object a line, one array of them, or OpenTelemetry's "
                           "OTLP/HTTP logs with a request for each service.name."),
    TEXT_SETTING(struct http, content_type,
                 .help = "Content-Type, where the encoding's own is not liked."),
    CHOICE_SETTING(struct http, names, names_words, .def = "otel",
                   .help = "What fields are called: OpenTelemetry, Elastic Common Schema, or as "
                           "they came. OTLP has names of its own."),
    {0},
};

/* --- opening -------------------------------------------------------------------------------------
 */

static enum code http_open(void *self, struct host *host, struct why *why)
{
    struct http *http = self;
    if (http->encoding == ENCODING_OTLP && http->path.len == 0)
        http->path = STR("/v1/logs");
    if (http->path.len && http->path.at[0] != '/')
        return fail(why, BAD_CONFIG, "%s: `path` should begin with a slash", host_where(host));
    for (size_t i = 0; i < http->path.len; i++)
        if ((unsigned char)http->path.at[i] <= ' ' || (unsigned char)http->path.at[i] > 126)
            return fail(why, BAD_CONFIG, "%s: `path` holds a byte that must be written as %%%02X",
                        host_where(host), (unsigned char)http->path.at[i]);
    if (http->content_type.len == 0)
        http->content_type = http->encoding == ENCODING_LINES ? STR("application/x-ndjson")
                                                              : STR("application/json");
    http->rejected = host_counter(host, "rejected",
                                  "Events that the destination says it rejected out of requests "
                                  "that it took, without saying which.");
    return endpoint_open(&http->endpoint, host_arena(host), host_where(host), why);
}

static const struct endpoint *http_endpoint(const void *self)
{
    return &((const struct http *)self)->endpoint;
}

static struct encoding http_encoding(const void *self)
{
    const struct http *http = self;
    return (struct encoding){.names = http->encoding == ENCODING_OTLP ? NAMES_OTEL
                                                                      : (enum naming)http->names,
                             .event_id = true,
                             .sampling = true};
}

/* --- the request
 * ----------------------------------------------------------------------------------- */

/* The records of one service stand under one resource. */
static void http_target(const void *self, const struct event *event, struct buffer *to,
                        struct arena *scratch)
{
    struct str service = {0};
    if (((const struct http *)self)->encoding != ENCODING_OTLP)
        return;
    value_text(event_get_slot(event, SLOT_SERVICE_NAME, scratch), scratch, &service);
    buffer_add(to, service.len ? service : STR("unknown_service"));
}

static bool http_has_one_target(const void *self)
{
    return ((const struct http *)self)->encoding != ENCODING_OTLP;
}

static void http_encode(const void *self, const struct event *event, struct str target,
                        struct buffer *body, struct arena *scratch)
{
    const struct http *http = self;
    if (http->encoding == ENCODING_OTLP) {
        otlp_write_record(body, event, target, scratch);
        return;
    }
    struct encoding encoding = http_encoding(http);
    encode_event(body, event, &encoding, scratch);
    if (http->encoding == ENCODING_LINES)
        buffer_byte(body, '\n');
}

static void http_frame(const void *self, struct str target, struct frame *ret, struct arena *arena)
{
    const struct http *http = self;
    if (http->encoding == ENCODING_LINES)
        return;
    *ret = (struct frame){.open = STR("["), .between = STR(","), .close = STR("]")};
    if (http->encoding == ENCODING_ARRAY)
        return;
    struct buffer text;
    buffer_init(&text, LINE_BYTES_DEFAULT);
    otlp_open(&text, target);
    ret->open = arena_copy(arena, buffer_str(&text));
    buffer_reset(&text);
    otlp_close(&text);
    ret->close = arena_copy(arena, buffer_str(&text));
    buffer_clear(&text);
}

static void http_request(const void *self, struct str target, struct request *ret,
                         struct arena *arena)
{
    (void)target, (void)arena;
    const struct http *http = self;
    ret->method = http->method == METHOD_PUT ? "PUT" : "POST";
    ret->path = http->path;
    ret->content_type = http->content_type;
    ret->accept = STR("application/json");
}

/* --- the answer
 * ------------------------------------------------------------------------------------ */

static enum verdict whole_verdict(int status)
{
    switch (status) {
    case 400:
    case 409:
    case 422:
        return REFUSED;
    case 413:
        return TOO_LARGE;
    case 408:
    case 425:
    case 429:
        return RETRY;
    case 501:
    case 505:
        return HOLD;
    default: /* redirects, 401 to 407, 410, 415: somebody has to put something right */
        if (status >= 500)
            return RETRY;
        return status < 300 ? DELIVERED : HOLD;
    }
}

/* {"error":"..."}, {"message":"..."} as OTLP's Status says it, or the status alone. */
static struct str whole_words(const struct reply *reply, struct arena *arena)
{
    struct value body = answer_read(reply->body);
    struct str words = answer_text(body, STR("message"), arena);
    if (words.len == 0)
        words = answer_text(body, STR("error"), arena);
    return words.len ? words : answer_status(reply->status, arena);
}

/* {"partialSuccess":{"rejectedLogRecords":"3","errorMessage":"..."}}: when all are rejected, it is
 * known which. */
static void partial_read(const struct http *http, const struct reply *reply, struct judgement *ret)
{
    int64_t rejected = 0;
    struct value partial = answer_member(answer_read(reply->body), STR("partialSuccess"));
    value_integer(answer_member(partial, STR("rejectedLogRecords")), &rejected);
    struct str words = answer_text(partial, STR("errorMessage"), ret->arena);
    if (rejected >= (int64_t)ret->count) {
        memset(ret->items, REFUSED, ret->count);
        for (size_t i = 0; i < ret->count; i++)
            ret->words[i] = words;
    } else if (rejected > 0) {
        __atomic_fetch_add(http->rejected, (uint64_t)rejected, __ATOMIC_RELAXED);
        words = words.len ? words : STR("some records were rejected, without a word");
    }
    ret->whole_words = words;
}

static void http_judge(const void *self, const struct reply *reply, struct judgement *ret)
{
    const struct http *http = self;
    ret->whole = whole_verdict(reply->status);
    if (ret->whole == DELIVERED) {
        memset(ret->items, DELIVERED, ret->count);
        if (http->encoding == ENCODING_OTLP)
            partial_read(http, reply, ret);
        return;
    }
    ret->whole_words = whole_words(reply, ret->arena);
    ret->hold_output = ret->whole == HOLD;
}

/* --- check --connect ----------------------------------------------------------------------------
 */

/* A request without a record is a good one in OTLP; of other far ends nothing can be asked that
 * stores nothing. */
static bool http_ask(const void *self, struct errand *errand, struct request *ret)
{
    const struct http *http = self;
    if (errand->kind != ERRAND_LOOK || errand->step > 0 || http->encoding != ENCODING_OTLP)
        return false;
    http_request(self, (struct str){0}, ret, errand->arena);
    ret->body = STR("{\"resourceLogs\":[]}");
    return true;
}

static void http_hear(const void *self, struct errand *errand, const struct reply *reply)
{
    const struct http *http = self;
    struct str words = str_slice(whole_words(reply, errand->arena), 0, 160);
    errand->step++;
    if (reply->status >= 200 && reply->status < 300)
        errand_tell(errand, FINDING_GOOD, "takes OTLP logs at %.*s", STR_ARG(http->path));
    else if (reply->status == 401 || reply->status == 403)
        errand_tell(
            errand, FINDING_FAULT,
            "it refuses our credentials (%.*s): look at `bearer`, `user` and `password`, or "
            "`headers`",
            STR_ARG(words));
    else
        errand_tell(errand, FINDING_FAULT,
                    "it takes no OTLP logs at %.*s (%.*s): look at `url` and `path`",
                    STR_ARG(str_slice(http->path, 0, 100)), STR_ARG(words));
}

const struct output output_http = {
    .name = "http",
    .summary = "Send events to any HTTP endpoint, as JSON or as OpenTelemetry logs.",
    .settings = settings,
    .size = sizeof(struct http),
    .open = http_open,
    .encoding = http_encoding,
    .encode = http_encode,
    .frame = http_frame,
    .target = http_target,
    .has_one_target = http_has_one_target,
    .endpoint = http_endpoint,
    .request = http_request,
    .judge = http_judge,
    .ask = http_ask,
    .hear = http_hear,
};
