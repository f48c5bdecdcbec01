/* tests/sim/honeycomb.c - a strict Honeycomb behind the simulated exchange port.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/sim/honeycomb.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "agent/data/buffer.h"
#include "agent/must.h"

enum { BODY_MAX = 5000000, EVENT_MAX = 1000000, FIELDS_MAX = 2000, TEXT_MAX = 65535 };

/* What it takes to get through mailboxes with two places each. */
enum { LANE_STEPS = 12, WRITER_STEPS = 6 };

/* The lane's group commit. */
static const int64_t COMMIT_NS = INT64_C(200) * SIM_MS;

void sim_honeycomb_init(struct sim_honeycomb *honeycomb, struct sim_far *far, const char *key)
{
    memset(honeycomb, 0, sizeof *honeycomb);
    honeycomb->far = far;
    honeycomb->key = key;
    far->honeycomb = honeycomb;
}

/* --- what it knows of its events
 * ------------------------------------------------------------------ */

static void go_on(struct sim_event *event, struct sim_pace pace)
{
    event->answer++;
    event->since = pace;
}

/* Each stage ends when the next can begin at the latest; the first look at an answer comes after
 * it. */
static void run_clock(struct sim_event *event, struct sim_pace pace)
{
    struct sim_pace since = event->since;
    bool has_ended = false;
    switch (event->answer) {
    case ANSWER_HEARD:
        has_ended = true;
        break;
    case ANSWER_ON_ITS_WAY:
        has_ended = pace.lane >= since.lane + LANE_STEPS;
        break;
    case ANSWER_SETTLED:
        has_ended = pace.lane >= since.lane + LANE_STEPS && pace.now_ns > since.now_ns + COMMIT_NS;
        break;
    case ANSWER_COMMITTED:
        has_ended = pace.writer >= since.writer + WRITER_STEPS;
        break;
    case ANSWER_NONE:
    case ANSWER_UNDER_WAY:
    case ANSWER_SAFE:
        break;
    }
    if (has_ended)
        go_on(event, pace);
}

void sim_honeycomb_tell(struct sim_honeycomb *honeycomb, struct sim_pace pace)
{
    for (size_t i = 0; i < honeycomb->count; i++)
        run_clock(&honeycomb->events[i], pace);
}

void sim_honeycomb_fell(struct sim_honeycomb *honeycomb)
{
    for (size_t i = 0; i < honeycomb->count; i++)
        if (honeycomb->events[i].answer != ANSWER_SAFE)
            honeycomb->events[i].answer = ANSWER_NONE;
    for (size_t i = 0; i < HONEYCOMB_DATASETS; i++)
        honeycomb->datasets[i].silent_until_ns = 0;
}

/* /1/batch/DATASET: one path segment. */
static bool dataset_read(const char *url, char to[HONEYCOMB_DATASET_MAX])
{
    struct cut cut = str_cut_str(str_from(url), STR("/1/batch/"));
    if (!cut.found || cut.tail.len == 0 || cut.tail.len >= HONEYCOMB_DATASET_MAX ||
        str_find(cut.tail, '/') != SIZE_MAX)
        return false;
    str_z(cut.tail, to, HONEYCOMB_DATASET_MAX);
    return true;
}

/* Null: this is no batch. */
static struct sim_dataset *dataset_of(struct sim_honeycomb *honeycomb, const char *url)
{
    char name[HONEYCOMB_DATASET_MAX];
    if (!dataset_read(url, name))
        return NULL;
    struct sim_dataset *dataset = honeycomb->datasets;
    while (dataset->name[0] && strcmp(dataset->name, name) != 0)
        dataset++;
    MUST(dataset < honeycomb->datasets + HONEYCOMB_DATASETS);
    snprintf(dataset->name, sizeof dataset->name, "%s", name);
    return dataset;
}

static void hush(struct sim_honeycomb *honeycomb, const struct exchange *exchange, int64_t now_ns)
{
    struct sim_dataset *dataset = dataset_of(honeycomb, exchange->url);
    if (dataset && exchange->status == 429 && exchange->retry_after_ns > 0)
        dataset->silent_until_ns = now_ns + exchange->retry_after_ns;
}

void sim_honeycomb_begin(struct sim_honeycomb *honeycomb, const struct exchange *exchange)
{
    const struct sim_dataset *dataset = dataset_of(honeycomb, exchange->url);
    if (dataset && honeycomb->far->clock->mono_ns < dataset->silent_until_ns)
        sim_far_violate(honeycomb->far, "a request before its Retry-After was over",
                        str_from(exchange->url));
}

void sim_honeycomb_end(struct sim_honeycomb *honeycomb, const struct exchange *exchange,
                       uint64_t request, bool is_heard)
{
    int64_t now_ns = honeycomb->far->clock->mono_ns;
    for (size_t i = 0; i < honeycomb->count; i++) {
        struct sim_event *event = &honeycomb->events[i];
        if (event->request == request && event->answer == ANSWER_UNDER_WAY)
            event->answer = is_heard && !event->is_spoilt ? ANSWER_HEARD : ANSWER_NONE;
    }
    if (is_heard)
        hush(honeycomb, exchange, now_ns);
}

static struct sim_event *event_of(struct sim_honeycomb *honeycomb, const char *id,
                                  const char *dataset)
{
    for (size_t i = 0; i < honeycomb->count; i++)
        if (strcmp(honeycomb->events[i].id, id) == 0 &&
            strcmp(honeycomb->events[i].dataset, dataset) == 0)
            return &honeycomb->events[i];
    MUST(honeycomb->count < HONEYCOMB_EVENTS_MAX);
    struct sim_event *event = &honeycomb->events[honeycomb->count++];
    snprintf(event->id, sizeof event->id, "%s", id);
    snprintf(event->dataset, sizeof event->dataset, "%s", dataset);
    return event;
}

static void take(struct sim_honeycomb *honeycomb, struct sim_event *event, uint64_t request,
                 uint64_t weight)
{
    if (event->answer != ANSWER_NONE)
        sim_far_violate(honeycomb->far,
                        event->request == request ? "an event stands twice in one batch"
                                                  : "an event came again though the first answer "
                                                    "to it was heard, or may still come",
                        str_from(event->id));
    if (event->times && event->weight != weight)
        sim_far_violate(honeycomb->far, "an event came again with another samplerate",
                        str_from(event->id));
    honeycomb->twins += event->times > 0;
    event->times++;
    event->weight = weight;
    event->request = request;
    event->is_spoilt = false;
    event->answer = ANSWER_UNDER_WAY;
}

/* --- events
 * ------------------------------------------------------------------------------------------ */

static bool is_digit_or(char byte, char other)
{
    return (byte >= '0' && byte <= '9') || byte == other;
}

/* 2026-01-01T00:00:00[.fraction]Z */
static bool is_time(const char *text)
{
    static const char shape[] = "dddd-dd-ddTdd:dd:dd";
    size_t len = strlen(text), fixed = sizeof shape - 1;
    if (len < fixed + 1 || len > fixed + 11 || text[len - 1] != 'Z')
        return false;
    for (size_t i = 0; i < fixed; i++)
        if (shape[i] == 'd' ? !is_digit_or(text[i], '0') : text[i] != shape[i])
            return false;
    for (size_t i = fixed; i + 1 < len; i++)
        if (!is_digit_or(text[i], i == fixed ? '.' : '0') || (i == fixed && text[i] != '.'))
            return false;
    return true;
}

static const char *data_mistake(const json_t *data)
{
    const char *key;
    json_t *value;
    if (!json_is_object(data) || json_object_size(data) > FIELDS_MAX)
        return "data is no object, or has too many fields";
    json_object_foreach((json_t *)(uintptr_t)data, key, value)
    {
        if (json_is_object(value) || json_is_array(value))
            return "data is nested";
        if (json_is_string(value) && json_string_length(value) > TEXT_MAX)
            return "a text is too long";
    }
    const char *id = json_string_value(json_object_get(data, "meta.weir.event_id"));
    return id && *id && strlen(id) < HONEYCOMB_ID_MAX ? NULL : "no meta.weir.event_id";
}

static const char *event_mistake(const json_t *event)
{
    const char *key, *time = json_string_value(json_object_get(event, "time"));
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)event, key, value)
    {
        if (strcmp(key, "time") != 0 && strcmp(key, "samplerate") != 0 && strcmp(key, "data") != 0)
            return "a member that the API does not know";
    }
    const json_t *rate = json_object_get(event, "samplerate");
    if (!time || !is_time(time))
        return "time is not RFC 3339 in UTC";
    if (rate && json_integer_value(rate) < 2) /* 1 is what none means */
        return "samplerate is no number above 1";
    return data_mistake(json_object_get(event, "data"));
}

static int event_status(struct sim_honeycomb *honeycomb, const char *dataset, uint64_t request,
                        const json_t *event)
{
    struct sim_far *far = honeycomb->far;
    const char *mistake = event_mistake(event);
    char *text = json_dumps(json_object_get(event, "data"), JSON_COMPACT);
    struct str data = str_from(text ? text : "");
    const json_t *rate = json_object_get(event, "samplerate");
    int status = 202;
    if (mistake || data.len > EVENT_MAX) {
        sim_far_violate(far, mistake ? mistake : "an event is too long", data);
        status = 400;
    } else if (sim_far_happens(far, far->habits.busy_items)) {
        status = 429;
    } else if (sim_far_happens(far, far->habits.broken_items)) {
        status = 503;
    } else if (far->habits.blocks_items) {
        status = 403;
    } else if (far->habits.refuses_all || sim_far_holds(data, far->habits.poison)) {
        status = 400;
    } else {
        const char *id = json_string_value(
            json_object_get(json_object_get(event, "data"), "meta.weir.event_id"));
        struct sim_event *kept = event_of(honeycomb, id, dataset);
        take(honeycomb, kept, request, rate ? (uint64_t)json_integer_value(rate) : 1);
        if (honeycomb->taken)
            honeycomb->taken(honeycomb->context, kept, data);
    }
    free(text);
    return status;
}

/* --- requests
 * ------------------------------------------------------------------------------------------ */

static void item_answer(struct buffer *reply, int status)
{
    if (status == 202)
        buffer_add(reply, STR("{\"status\":202}"));
    else
        buffer_format(reply, "{\"status\":%d,\"error\":\"told so\"}", status);
}

/* What it says may be cut, too short, or somebody else's page: then that is no answer. */
static void spoil(struct sim_honeycomb *honeycomb, uint64_t request, bool is_page,
                  struct buffer *reply)
{
    if (is_page) {
        buffer_reset(reply);
        buffer_add(reply, STR("<html><body>Welcome</body></html>"));
    }
    for (size_t i = 0; i < honeycomb->count; i++)
        honeycomb->events[i].is_spoilt |= honeycomb->events[i].request == request;
}

/* Of a batch that is answered too briefly, and of one whose answer a proxy replaced, all or only a
 * part was taken. */
static void batch_serve(struct sim_honeycomb *honeycomb, const char *dataset, uint64_t request,
                        const json_t *events, struct buffer *reply)
{
    struct sim_far *far = honeycomb->far;
    size_t count = json_array_size(events), taken = count, told = count;
    bool is_short = count > 0 && sim_far_happens(far, far->habits.wrong_count);
    bool is_cut = sim_far_happens(far, far->habits.cut_json);
    bool is_page = sim_far_happens(far, far->habits.not_json);
    honeycomb->batches++;
    if (is_short)
        told = sim_below(&far->seed, count);
    if ((is_short || is_page) && sim_chance(&far->seed, 50))
        taken = is_short ? told : 0;
    buffer_byte(reply, '[');
    for (size_t i = 0; i < taken; i++) {
        int status = event_status(honeycomb, dataset, request, json_array_get(events, i));
        if (i && i < told)
            buffer_byte(reply, ',');
        if (i < told)
            item_answer(reply, status);
    }
    buffer_byte(reply, ']');
    if (is_cut)
        reply->len /= 2;
    if (is_short || is_cut || is_page)
        spoil(honeycomb, request, is_page, reply);
}

static int whole_status(struct sim_honeycomb *honeycomb, const struct exchange *exchange,
                        struct str body)
{
    struct sim_far *far = honeycomb->far;
    char header[128];
    int len = snprintf(header, sizeof header, "X-Honeycomb-Team: %s", honeycomb->key);
    if (!sim_far_has_header(exchange, (struct str){header, (size_t)len})) {
        sim_far_violate(far, "no key", str_from(exchange->url));
        return 401;
    }
    if (body.len > BODY_MAX) {
        sim_far_violate(far, "a batch is too long", str_from(exchange->url));
        return 413;
    }
    return sim_far_whole_status(far, body);
}

static int batch_answer(struct sim_honeycomb *honeycomb, struct exchange *exchange,
                        uint64_t request, struct buffer *reply)
{
    struct sim_far *far = honeycomb->far;
    struct buffer body;
    char dataset[HONEYCOMB_DATASET_MAX];
    buffer_init(&body, 2 * BODY_MAX);
    int status = 400;
    if (!dataset_read(exchange->url, dataset))
        sim_far_violate(far, "no dataset", str_from(exchange->url));
    else if (sim_far_read_body(far, exchange, STR("Content-Type: application/json"), &body))
        status = whole_status(honeycomb, exchange, buffer_str(&body));
    json_t *events = json_loadb(body.at ? body.at : "", body.len, JSON_REJECT_DUPLICATES, NULL);
    if (sim_far_holds(buffer_str(&body), far->habits.deadly)) {
        status = -1;
    } else if (status == 0 && !json_is_array(events)) {
        sim_far_violate(far, "a batch is no array", buffer_str(&body));
        status = 400;
    }
    if (status == 0)
        batch_serve(honeycomb, dataset, request, events, reply);
    else
        buffer_format(reply, "{\"error\":\"%d, told so\"}", status);
    if (status == 429 && sim_far_happens(far, 50))
        exchange->retry_after_ns = (int64_t)sim_below(&far->seed, 5) * 1000 * SIM_MS;
    exchange->status = status > 0 ? status : 200;
    json_decref(events);
    buffer_clear(&body);
    return status == -1 ? 0 : exchange->status;
}

int sim_honeycomb_serve(struct sim_honeycomb *honeycomb, struct exchange *exchange,
                        uint64_t request, struct buffer *reply)
{
    if (sim_far_holds(str_from(exchange->url), "/1/batch/"))
        return batch_answer(honeycomb, exchange, request, reply);
    int status =
        honeycomb->far->habits.errands_fail ? 503 : whole_status(honeycomb, exchange, STR(""));
    if (status == 0 && sim_far_holds(str_from(exchange->url), "/1/markers/")) {
        honeycomb->markers++;
        status = 201;
    }
    exchange->status = status ? status : 404;
    buffer_add(reply, STR("{}"));
    return exchange->status;
}
