/* tests/sim/exchange.c - the seeded twin of the exchange port, with a strict bulk server behind it.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/sim/exchange.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>
#include <zlib.h>

#include "agent/data/buffer.h"
#include "tests/sim/honeycomb.h"

const struct sim_habits sim_weathers[SIM_WEATHERS] = {
    {.latency_ns = 50 * SIM_MS},
    {.not_sent = 20, .reset = 10, .lost_answer = 20, .silent = 5, .latency_ns = 100 * SIM_MS},
    {.busy = 20, .broken = 20, .busy_items = 20, .broken_items = 5, .latency_ns = 100 * SIM_MS},
    {.not_json = 20, .cut_json = 20, .wrong_count = 20, .lost_answer = 10},
    {.busy = 60, .latency_ns = 50 * SIM_MS},
    {.dead_url = "whole"},
    {.dead_url = "one"},
    {.dead_url = "http"},
    {.locks_out = true},
    {.blocks_items = true},
    {.body_max = 3000, .latency_ns = 10 * SIM_MS},
    {.latency_ns = INT64_C(4000) * SIM_MS},
};

enum { REPLY_MAX = 64 << 20, BODY_MAX = 256 << 20, ID_MAX = 512 };

struct sim_document {
    uint64_t target, id; /* hashes; id 0: free */
};

enum course { ARRIVES, NOT_SENT, RESET, LOST_ANSWER, SILENT };

struct sim_journey {
    struct sim_journey *next;
    struct exchange *exchange;
    enum course course;
    bool is_served;
    uint64_t number; /* of the request */
    int64_t due_ns;
    struct buffer reply;
};

/* --- documents
 * ------------------------------------------------------------------------------------- */

static uint64_t hash_of(struct str s)
{
    return XXH3_64bits(s.at ? s.at : "", s.len) | 1;
}

static struct sim_document *place_of(const struct sim_far *far, uint64_t target, uint64_t id)
{
    size_t at = (target * 31 + id) % far->document_room;
    while (far->documents[at].id &&
           (far->documents[at].id != id || far->documents[at].target != target))
        at = (at + 1) % far->document_room;
    return &far->documents[at];
}

static void documents_grow(struct sim_far *far)
{
    if (far->document_count * 2 < far->document_room)
        return;
    struct sim_document *old = far->documents;
    size_t room = far->document_room;
    far->document_room = room ? room * 2 : 1024;
    far->documents = calloc(far->document_room, sizeof *far->documents);
    for (size_t i = 0; i < room; i++)
        if (old[i].id)
            *place_of(far, old[i].target, old[i].id) = old[i];
    free(old);
}

bool sim_far_has(const struct sim_far *far, struct str target, struct str id)
{
    return far->document_room && place_of(far, hash_of(target), hash_of(id))->id;
}

void sim_far_store(struct sim_far *far, struct str target, struct str id)
{
    documents_grow(far);
    struct sim_document *place = place_of(far, hash_of(target), hash_of(id));
    far->document_count += place->id == 0;
    *place = (struct sim_document){.target = hash_of(target), .id = hash_of(id)};
}

/* --- the server
 * ------------------------------------------------------------------------------------ */

bool sim_far_violate(struct sim_far *far, const char *what, struct str where)
{
    if (far->violations++ == 0)
        snprintf(far->violation, sizeof far->violation, "%s: %.*s", what,
                 (int)(where.len < 120 ? where.len : 120), where.at ? where.at : "");
    return false;
}

bool sim_far_happens(struct sim_far *far, unsigned percent)
{
    return percent && sim_chance(&far->seed, percent);
}

bool sim_far_holds(struct str text, const char *what)
{
    return what && str_find_str(text, str_from(what)) != SIZE_MAX;
}

bool sim_far_has_header(const struct exchange *exchange, struct str line)
{
    for (size_t i = 0; i < exchange->header_count; i++)
        if (str_equal(exchange->headers[i], line))
            return true;
    return false;
}

bool sim_far_read_body(struct sim_far *far, const struct exchange *exchange, struct str type,
                       struct buffer *to)
{
    if (!sim_far_has_header(exchange, type))
        return sim_far_violate(far, "no Content-Type", STR(""));
    if (!sim_far_has_header(exchange, STR("Content-Encoding: gzip"))) {
        buffer_add(to, exchange->body);
        return !to->full;
    }
    z_stream stream = {.next_in = (Bytef *)(uintptr_t)exchange->body.at,
                       .avail_in = (uInt)exchange->body.len};
    int state = inflateInit2(&stream, 15 + 16);
    while (state == Z_OK) {
        stream.next_out = (Bytef *)buffer_reserve(to, 65536);
        stream.avail_out = 65536;
        state = inflate(&stream, Z_NO_FLUSH);
        to->len += 65536 - stream.avail_out;
    }
    inflateEnd(&stream);
    return state == Z_STREAM_END || sim_far_violate(far, "the body is no gzip", STR(""));
}

/* http://host/TARGET/_bulk?... */
static struct str target_read(const char *url)
{
    struct str path = str_cut(str_cut_str(str_from(url), STR("://")).tail, '/').tail;
    return str_cut_str(path, STR("/_bulk")).head;
}

static bool id_read(struct sim_far *far, struct str line, char to[ID_MAX])
{
    json_t *action = json_loadb(line.at, line.len, JSON_REJECT_DUPLICATES, NULL);
    const json_t *create = json_object_get(action, "create");
    const char *id = json_string_value(json_object_get(create, "_id"));
    bool is_good = json_object_size(action) == 1 && id && *id && strlen(id) < ID_MAX;
    if (is_good)
        snprintf(to, ID_MAX, "%s", id);
    json_decref(action);
    return is_good || sim_far_violate(far, "not a create with an _id", line);
}

static int document_status(struct sim_far *far, struct str target, const char *id,
                           struct str source)
{
    const struct sim_habits *habits = &far->habits;
    if (sim_far_happens(far, habits->busy_items))
        return 429;
    if (sim_far_happens(far, habits->broken_items))
        return 503;
    if (habits->blocks_items)
        return 403;
    if (habits->refuses_all || sim_far_holds(source, habits->poison))
        return 400;
    json_t *document = json_loadb(source.at, source.len, JSON_REJECT_DUPLICATES, NULL);
    bool is_good =
        json_is_object(document) && json_is_string(json_object_get(document, "@timestamp"));
    json_decref(document);
    if (!is_good) {
        sim_far_violate(far, "not a document with a @timestamp", source);
        return 400;
    }
    if (sim_far_has(far, target, str_from(id))) {
        far->twins++;
        return 409;
    }
    sim_far_store(far, target, str_from(id));
    if (far->stored)
        far->stored(far->context, target, source);
    return 201;
}

static void item_answer(struct buffer *reply, int status)
{
    static const struct {
        int status;
        const char *type;
    } types[] = {{400, "document_parsing_exception"},
                 {403, "cluster_block_exception"},
                 {409, "version_conflict_engine_exception"},
                 {429, "es_rejected_execution_exception"},
                 {503, "unavailable_shards_exception"}};
    buffer_format(reply, "{\"create\":{\"status\":%d", status);
    for (size_t i = 0; i < COUNT(types); i++)
        if (types[i].status == status)
            buffer_format(reply, ",\"error\":{\"type\":\"%s\",\"reason\":\"told so\"}",
                          types[i].type);
    buffer_add(reply, STR("}}"));
}

static void bulk_serve(struct sim_far *far, struct str target, struct str body,
                       struct buffer *reply)
{
    char id[ID_MAX];
    bool is_short = sim_far_happens(far, far->habits.wrong_count);
    far->bulks++;
    buffer_add(reply, STR("{\"took\":1,\"errors\":true,\"items\":["));
    for (bool is_first = true; body.len; is_first = false) {
        struct cut action = str_cut(body, '\n'), source = str_cut(action.tail, '\n');
        body = source.tail;
        if (!source.found)
            sim_far_violate(far, "the last line has no end", source.head);
        if (!id_read(far, action.head, id))
            return;
        int status = document_status(far, target, id, source.head);
        if (is_first && is_short)
            continue;
        if (!is_first && !(is_short && reply->at[reply->len - 1] == '['))
            buffer_byte(reply, ',');
        item_answer(reply, status);
    }
    buffer_add(reply, STR("]}"));
    if (sim_far_happens(far, far->habits.cut_json))
        reply->len /= 2;
    if (sim_far_happens(far, far->habits.not_json)) {
        buffer_reset(reply);
        buffer_add(reply, STR("<html>Welcome</html>"));
    }
}

/* What the server says to the whole request; 0: it looks at the items. */
int sim_far_whole_status(struct sim_far *far, struct str body)
{
    static const int broken[] = {500, 502, 503};
    const struct sim_habits *habits = &far->habits;
    if (habits->locks_out)
        return 401;
    if (habits->body_max && body.len > habits->body_max)
        return 413;
    if (sim_far_holds(body, habits->malformed))
        return 400;
    if (sim_far_happens(far, habits->busy))
        return 429;
    return sim_far_happens(far, habits->broken) ? broken[sim_below(&far->seed, 3)] : 0;
}

/* --- what is asked beside bulk requests: who is there, and index templates ---------------------
 */

static struct sim_paper *paper_of(struct sim_far *far, struct str path)
{
    for (size_t i = 0; i < SIM_PAPERS; i++)
        if (!far->papers[i].path || str_equal(str_from(far->papers[i].path), path))
            return &far->papers[i];
    return NULL;
}

static int paper_put(struct sim_far *far, struct str path, struct str body)
{
    struct sim_paper *paper = paper_of(far, path);
    json_t *document = json_loadb(body.at, body.len, JSON_REJECT_DUPLICATES, NULL);
    bool is_good = json_is_object(document) && paper;
    json_decref(document);
    if (!is_good) {
        sim_far_violate(far, "not a template", body);
        return 400;
    }
    free(paper->path);
    free(paper->body);
    paper->path = strndup(path.at, path.len);
    paper->body = strndup(body.at, body.len);
    return 200;
}

static void paper_give(const struct sim_paper *paper, struct buffer *reply)
{
    buffer_add(reply, STR("{\"index_templates\":[{\"index_template\":"));
    buffer_add(reply, str_from(paper->body));
    buffer_add(reply, STR("}]}"));
}

static int errand_serve(struct sim_far *far, const struct exchange *exchange, struct buffer *reply)
{
    struct str path = str_cut(str_cut_str(str_from(exchange->url), STR("://")).tail, '/').tail;
    bool is_template = str_starts(path, STR("_index_template/"));
    const struct sim_paper *paper = is_template ? paper_of(far, path) : NULL;
    if (strcmp(exchange->method, "PUT") == 0)
        return paper_put(far, path, exchange->body);
    if (path.len == 0)
        buffer_add(reply, STR("{\"version\":{\"number\":\"8.19.0\"}}"));
    else if (paper && paper->body)
        paper_give(paper, reply);
    else
        buffer_add(reply, STR("{}"));
    return is_template && !(paper && paper->body) ? 404 : 200;
}

static void journey_serve(struct sim_far *far, struct sim_journey *journey)
{
    struct exchange *exchange = journey->exchange;
    struct buffer body;
    if (journey->is_served)
        return;
    journey->is_served = true;
    if (far->honeycomb && sim_far_holds(str_from(exchange->url), "/1/")) {
        if (sim_honeycomb_serve(far->honeycomb, exchange, journey->number, &journey->reply) == 0)
            journey->course = RESET;
        return;
    }
    if (!sim_far_holds(str_from(exchange->url), "/_bulk")) {
        int status = far->habits.errands_fail ? 503 : sim_far_whole_status(far, (struct str){0});
        exchange->status = status ? status : errand_serve(far, exchange, &journey->reply);
        return;
    }
    buffer_init(&body, BODY_MAX);
    exchange->status = 400;
    if (sim_far_read_body(far, exchange, STR("Content-Type: application/x-ndjson"), &body)) {
        if (sim_far_holds(buffer_str(&body), far->habits.deadly))
            journey->course = RESET;
        int status = journey->course == RESET ? 500 : sim_far_whole_status(far, buffer_str(&body));
        exchange->status = status ? status : 200;
        if (status == 429 && sim_chance(&far->seed, 50))
            exchange->retry_after_ns = (int64_t)sim_below(&far->seed, 5) * 1000 * SIM_MS;
        if (status == 0)
            bulk_serve(far, target_read(exchange->url), buffer_str(&body), &journey->reply);
        else
            buffer_format(&journey->reply, "{\"error\":{\"type\":\"whole\",\"reason\":\"%d\"}}",
                          status);
    }
    buffer_clear(&body);
}

/* --- the way
 * --------------------------------------------------------------------------------------- */

static enum course course_of(struct sim_far *far, const char *url)
{
    const struct sim_habits *habits = &far->habits;
    if (sim_far_happens(far, habits->not_sent) || sim_far_holds(str_from(url), habits->dead_url))
        return NOT_SENT;
    if (sim_far_happens(far, habits->reset))
        return RESET;
    if (sim_far_happens(far, habits->lost_answer))
        return LOST_ANSWER;
    return sim_far_happens(far, habits->silent) ? SILENT : ARRIVES;
}

static bool far_submit(void *self, struct exchange *exchange)
{
    struct sim_far *far = self;
    struct sim_journey *journey = calloc(1, sizeof *journey);
    int64_t latency = 1 + (int64_t)sim_below(&far->seed, (uint64_t)far->habits.latency_ns + 1);
    journey->exchange = exchange;
    journey->course = course_of(far, exchange->url);
    journey->due_ns =
        far->clock->mono_ns + (journey->course == SILENT ? exchange->timeout_ns : latency);
    journey->next = far->journeys;
    far->journeys = journey;
    buffer_init(&journey->reply, REPLY_MAX);
    exchange->port = journey;
    exchange->retry_after_ns = -1;
    journey->number = ++far->requests;
    if (far->honeycomb)
        sim_honeycomb_begin(far->honeycomb, exchange);
    bool is_early = sim_chance(&far->seed, 50); /* or only when the answer is due */
    bool arrives =
        journey->course == ARRIVES || journey->course == LOST_ANSWER || journey->course == SILENT;
    if (arrives && is_early)
        journey_serve(far, journey);
    return true;
}

static void journey_end(struct sim_far *far, struct sim_journey *journey)
{
    struct exchange *exchange = journey->exchange;
    bool arrives = journey->course == ARRIVES || journey->course == LOST_ANSWER;
    if (arrives)
        journey_serve(far, journey);
    if (far->honeycomb)
        sim_honeycomb_end(far->honeycomb, journey->exchange, journey->number,
                          journey->course == ARRIVES);
    exchange->reply = buffer_str(&journey->reply);
    exchange->fate = journey->course == ARRIVES    ? EXCHANGE_REPLIED
                     : journey->course == NOT_SENT ? EXCHANGE_NOT_SENT
                                                   : EXCHANGE_UNKNOWN;
    snprintf(exchange->error, sizeof exchange->error, "the simulated way failed");
    snprintf(exchange->content_type, sizeof exchange->content_type, "application/json");
}

static struct exchange *far_take_done(void *self)
{
    struct sim_far *far = self;
    for (struct sim_journey *at = far->journeys; at; at = at->next) {
        if (at->due_ns > far->clock->mono_ns || !at->exchange)
            continue;
        struct exchange *exchange = at->exchange;
        journey_end(far, at);
        at->exchange = NULL; /* told; lives until release */
        return exchange;
    }
    return NULL;
}

static void far_release(void *self, struct exchange *exchange)
{
    struct sim_far *far = self;
    struct sim_journey *journey = exchange->port;
    struct sim_journey **link = &far->journeys;
    while (*link != journey)
        link = &(*link)->next;
    *link = journey->next;
    buffer_clear(&journey->reply);
    free(journey);
    exchange->port = NULL;
}

/* Nobody waits for the answer any more, but the request may have been on its way. */
static void far_cancel(void *self, struct exchange *exchange)
{
    struct sim_far *far = self;
    struct sim_journey *journey = exchange->port;
    if (journey->exchange && (journey->course == ARRIVES || journey->course == LOST_ANSWER) &&
        sim_chance(&far->seed, 50))
        journey_serve(far, journey);
    if (far->honeycomb && journey->exchange)
        sim_honeycomb_end(far->honeycomb, journey->exchange, journey->number, false);
    journey->exchange = NULL;
}

static void far_step(void *self, int64_t wait_ns)
{
    (void)self, (void)wait_ns; /* time is moved by whoever runs the simulation */
}

static void far_nothing(void *self)
{
    (void)self;
}

int64_t sim_far_due(const struct sim_far *far)
{
    int64_t due = INT64_MAX;
    for (const struct sim_journey *at = far->journeys; at; at = at->next)
        if (at->exchange && at->due_ns < due)
            due = at->due_ns;
    return due;
}

void sim_far_init(struct sim_far *far, const struct sim_clock *clock, uint64_t seed)
{
    *far = (struct sim_far){
        .port = {.self = far,
                 .submit = far_submit,
                 .step = far_step,
                 .wake = far_nothing,
                 .take_done = far_take_done,
                 .release = far_release,
                 .cancel = far_cancel,
                 .close = far_nothing},
        .habits = {.latency_ns = 50 * SIM_MS},
        .clock = clock,
        .seed = seed,
    };
}

void sim_far_clear(struct sim_far *far)
{
    while (far->journeys) {
        struct sim_journey *next = far->journeys->next;
        buffer_clear(&far->journeys->reply);
        free(far->journeys);
        far->journeys = next;
    }
    for (size_t i = 0; i < SIM_PAPERS; i++) {
        free(far->papers[i].path);
        free(far->papers[i].body);
    }
    free(far->documents);
    far->documents = NULL;
}
