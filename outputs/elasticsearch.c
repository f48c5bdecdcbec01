/* outputs/elasticsearch.c - bulk requests to Elasticsearch and OpenSearch.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Each event goes as `create` under its own id, so that sending it again stores nothing twice: the
 * second time the server answers 409 for it. An answer is believed only when it is whole: valid
 * JSON, one item per event, one action per item. Anything else is RETRY, and what it stored after
 * all comes back as 409.
 */
#include "agent/indexing/indexing.h"
#include "agent/indexing/stream.h"
#include "agent/indexing/words.h"
#include "agent/weir.h"

enum { ID_BYTES_MAX = 512 };

struct elasticsearch {
    struct endpoint endpoint;
    struct template *index;
    struct str api_key, pipeline;
    int names, bootstrap;
    int64_t retention_ns;
    bool doc_count;
    struct encoding encoding;
    struct indexing indexing;
    struct stream_members *members; /* of the thread that encodes */
};

static const struct choice names_words[] = {
    {"ecs", NAMES_ECS}, {"otel", NAMES_OTEL}, {"as_is", NAMES_AS_IS}, {0}};

static const struct choice bootstrap_words[] = {{"auto", BOOTSTRAP_AUTO},
                                                {"data_stream", BOOTSTRAP_DATA_STREAM},
                                                {"index", BOOTSTRAP_INDEX},
                                                {"off", BOOTSTRAP_OFF},
                                                {0}};

static const struct setting settings[] = {
    ENDPOINT_SETTINGS(struct elasticsearch, endpoint, "[\"http://localhost:9200\"]"),
    TEMPLATE_SETTING(struct elasticsearch, index, .def = "\"logs-weir-default\"",
                     .help =
                         "Index or data stream. What fields bring in becomes lower case and loses "
                         "what no name may hold; a missing field is \"none\".",
                     .example = "\"logs-{service.name}-prod\""),
    SECRET_SETTING(struct elasticsearch, api_key,
                   .help = "API key, in the encoded form that the server gives out."),
    TEXT_SETTING(struct elasticsearch, pipeline,
                 .help = "Ingest pipeline. _none turns off the index's default one."),
    CHOICE_SETTING(
        struct elasticsearch, names, names_words, .def = "ecs",
        .help = "What fields are called: Elastic Common Schema, OpenTelemetry, or as they came."),
    CHOICE_SETTING(struct elasticsearch, bootstrap, bootstrap_words, .def = "auto",
                   .help = "Before the first event, write an index template for the names of "
                           "`index`: a data stream, or plain indexes. auto: plain indexes where "
                           "`index` holds a time, nothing where it begins with a field. Where "
                           "another template looks after these names, or somebody changed ours, "
                           "it is left alone."),
    DURATION_SETTING(struct elasticsearch, retention, .min = "1h", .max = "3650d", .example = "30d",
                     .help = "Let the server delete what is older: by the data stream's "
                             "lifecycle, by an ILM policy, or by OpenSearch's ISM, whichever it "
                             "has. Without it everything is kept."),
    BOOL_SETTING(
        struct elasticsearch, doc_count, .def = "true",
        .help = "Write _doc_count for sampled events, so that every bucket counts what they stand "
                "for."),
    {0},
};

/* --- opening -------------------------------------------------------------------------------------
 */

static enum code index_check(const struct elasticsearch *es, struct host *host, struct why *why)
{
    const struct event bare = {0};
    struct buffer name;
    buffer_init(&name, LINE_BYTES_DEFAULT);
    template_write(es->index, &bare, TEMPLATE_SAFE, &name, host_arena(host));
    const char *mistake = indexing_name_mistake(buffer_str(&name));
    enum code code = OK;
    if (mistake)
        code = fail(why, BAD_CONFIG, "%s: `index` would give \"%.*s\": %s", host_where(host),
                    STR_ARG(str_slice(buffer_str(&name), 0, 60)), mistake);
    buffer_clear(&name);
    return code;
}

static enum code plan_open(struct elasticsearch *es, struct host *host, struct why *why)
{
    struct buffer pattern;
    buffer_init(&pattern, LINE_BYTES_DEFAULT);
    template_pattern(es->index, &pattern);
    es->indexing = (struct indexing){.pattern = arena_copy(host_arena(host), buffer_str(&pattern)),
                                     .has_time = template_has_time(es->index),
                                     .pipeline = es->pipeline,
                                     .bootstrap = (enum bootstrap)es->bootstrap,
                                     .retention_ns = es->retention_ns,
                                     .names = (enum naming)es->names,
                                     .has_credentials = es->endpoint.auth_header.len > 0};
    buffer_clear(&pattern);
    return indexing_open(&es->indexing, host_arena(host), host_where(host), why);
}

static void set_encoding(struct elasticsearch *es)
{
    es->encoding = (struct encoding){.names = (enum naming)es->names,
                                     .doc_count = es->doc_count,
                                     .objects = es->names != NAMES_AS_IS,
                                     .sampling = true};
}

static enum code elasticsearch_open(void *self, struct host *host, struct why *why)
{
    struct elasticsearch *es = self;
    struct str api_key = str_trim(es->api_key);
    set_encoding(es);
    es->members = arena_zeroed(host_arena(host), sizeof *es->members);
    if (!es->members)
        return fail(why, OVER_LIMIT, "%s: no memory for an output", host_where(host));
    if (api_key.len) {
        es->endpoint.auth_header = endpoint_auth(host_arena(host), "ApiKey", api_key, false);
        if (!es->endpoint.auth_header.at)
            return fail(why, OVER_LIMIT, "%s: no memory for the credentials", host_where(host));
    }
    enum code code = index_check(es, host, why);
    if (code == OK)
        code = endpoint_open(&es->endpoint, host_arena(host), host_where(host), why);
    return code == OK ? plan_open(es, host, why) : code;
}

static const struct endpoint *elasticsearch_endpoint(const void *self)
{
    return &((const struct elasticsearch *)self)->endpoint;
}

static struct encoding elasticsearch_encoding(const void *self)
{
    return ((const struct elasticsearch *)self)->encoding;
}

/* --- the request
 * ----------------------------------------------------------------------------------- */

static void elasticsearch_target(const void *self, const struct event *event, struct buffer *to,
                                 struct arena *scratch)
{
    const struct elasticsearch *es = self;
    template_write(es->index, event, TEMPLATE_SAFE, to, scratch);
}

static bool elasticsearch_has_one_target(const void *self)
{
    return template_is_constant(((const struct elasticsearch *)self)->index);
}

_Static_assert(SLOT_NONE == 0 && SLOT_TIME == 1, "look_at() looks at no other slots");

/* What the fields bring along of what every document has. */
struct present {
    bool timestamp, data_stream, ecs;
};

/* This name, or one that begins with it and a dot. */
static bool is_below(struct str key, struct str root)
{
    return str_starts(key, root) && (key.len == root.len || key.at[root.len] == '.');
}

/* A field of the user's, or the time: no other slot goes by one of these names. */
static void look_at_field(const struct elasticsearch *es, const struct field *field,
                          struct present *there)
{
    bool is_time = field->slot == SLOT_TIME;
    switch (field->key.len ? field->key.at[0] : 0) {
    case '@':
        if (str_equal(field->key, STR("@timestamp")))
            there->timestamp |= es->encoding.names != NAMES_OTEL || !is_time;
        break;
    case 'd':
        there->data_stream |= is_below(field->key, STR("data_stream"));
        break;
    case 'e':
        there->ecs |= is_below(field->key, STR("ecs"));
        break;
    default:
        break;
    }
    there->timestamp |= is_time && es->encoding.names == NAMES_ECS;
}

static struct present look_at(const struct elasticsearch *es, const struct event *event)
{
    struct present there = {.timestamp = es->encoding.names == NAMES_ECS && event->time_ns};
    const struct field *last = event->fields + event->count;
    unsigned wanted = there.timestamp ? SLOT_NONE : SLOT_TIME; /* and those below */
    for (const struct field *field = event->fields; field < last; field++)
        if (UNLIKELY(field->slot <= wanted) && !(field->flags & FIELD_REMOVED))
            look_at_field(es, field, &there);
    return there;
}

static void write_action(struct buffer *body, struct str id)
{
    MUST(id.len <= ID_BYTES_MAX);
    buffer_add(body, STR("{\"create\":{\"_id\":"));
    encode_text(body, id);
    buffer_add(body, STR("}}\n"));
}

static void elasticsearch_encode(const void *self, const struct event *event, struct str target,
                                 struct buffer *body, struct arena *scratch)
{
    const struct elasticsearch *es = self;
    write_action(body, event->id);
    size_t start = body->len;
    struct present there = look_at(es, event);
    if (!there.timestamp) { /* a data stream cannot do without it */
        buffer_add(body, STR(",\"@timestamp\":"));
        encode_time(body, event->time_ns);
    }
    if (es->encoding.names == NAMES_ECS) {
        if (!there.data_stream)
            stream_members_write(es->members, target, body);
        if (!there.ecs)
            buffer_add(body, STR(",\"ecs.version\":\"8.11.0\""));
    }
    size_t rest = body->len;
    encode_event(body, event, &es->encoding, scratch);
    if (body->full)
        return;
    if (rest > start) { /* what stands in front becomes part of the object */
        bool is_empty = body->at[rest + 1] == '}';
        body->at[start] = '{';
        body->at[rest] = is_empty ? '}' : ',';
        body->len -= is_empty;
    }
    buffer_byte(body, '\n');
}

static void elasticsearch_request(const void *self, struct str target, struct request *ret,
                                  struct arena *arena)
{
    const struct elasticsearch *es = self;
    struct buffer path;
    buffer_init(&path, LINE_BYTES_DEFAULT);
    buffer_byte(&path, '/');
    endpoint_write_url_part(&path, target);
    buffer_add(&path, STR("/_bulk?filter_path=took,errors,items.*.status,items.*.error"));
    if (es->pipeline.len) {
        buffer_add(&path, STR("&pipeline="));
        endpoint_write_url_part(&path, es->pipeline);
    }
    ret->method = "POST";
    ret->path = arena_copy(arena, buffer_str(&path));
    ret->content_type = STR("application/x-ndjson");
    ret->accept = STR("application/json");
    ret->expects_json = true;
    buffer_clear(&path);
}

/* --- the answer
 * ------------------------------------------------------------------------------------ */

/* A cluster that is full heals when somebody looks after it; the document is not to blame. */
static bool is_cluster_limit(struct str words)
{
    return str_find_str(words, STR("maximum normal shards open")) != SIZE_MAX ||
           str_find_str(words, STR("maximum shards open")) != SIZE_MAX;
}

static enum verdict item_verdict(int64_t status, struct str words)
{
    switch (status) {
    case 200:
    case 201:
        return DELIVERED;
    case 409:
        return words.len == 0 || str_starts(words, STR("version_conflict")) ? DELIVERED_TWIN
                                                                            : RETRY;
    case 400:
        return is_cluster_limit(words) ? HOLD : REFUSED;
    case 403:
    case 404:
        return HOLD;
    case 413:
        return TOO_LARGE;
    case 408:
    case 429:
        return RETRY;
    default:
        return status >= 500 ? RETRY : REFUSED;
    }
}

/* {"create":{"status":201}}; false: that is no answer to what was asked. */
static bool item_read(struct value item, struct arena *arena, uint8_t *ret, struct str *ret_words)
{
    struct member action, second;
    size_t at = 0;
    int64_t status;
    if (item.kind != VALUE_OBJECT || !scan_next(item.text, &at, &action) ||
        scan_next(item.text, &at, &second) || !str_equal(action.key, STR("create")) ||
        !value_integer(answer_member(action.value, STR("status")), &status) || status < 200 ||
        status > 599)
        return false;
    struct value error = answer_member(action.value, STR("error"));
    *ret_words = error.kind == VALUE_MISSING ? (struct str){0} : words_of_error(error, arena);
    *ret = (uint8_t)item_verdict(status, *ret_words);
    return *ret != DELIVERED || error.kind == VALUE_MISSING;
}

/* The answer of nearly always: short words, then `count` items that are all stored, and nothing
 * else. */
static bool all_are_created(struct str body, size_t count)
{
    enum { HEAD_MAX = 256 };
    char bare[HEAD_MAX + 2];
    size_t from = str_find_str(str_slice(body, 0, HEAD_MAX - 9), STR("\"items\":[")) + 9;
    if (from < 9 || body.len < from + 2 ||
        !answer_repeats(str_slice(body, from, body.len - from - 2),
                        STR("{\"create\":{\"status\":201}},"), count))
        return false;
    memcpy(bare, body.at, from); /* is the rest of it an answer, with nothing in its items? */
    memcpy(bare + from, body.at + body.len - 2, 2);
    struct value whole = answer_read((struct str){bare, from + 2});
    return str_equal(answer_member(whole, STR("items")).text, STR("[]"));
}

static bool items_read(struct str body, struct judgement *ret)
{
    if (all_are_created(str_trim(body), ret->count)) {
        memset(ret->items, DELIVERED, ret->count);
        return true;
    }
    return answer_items(answer_member(answer_read(body), STR("items")), ret, item_read);
}

static void elasticsearch_judge(const void *self, const struct reply *reply, struct judgement *ret)
{
    (void)self;
    if (reply->status == 200) {
        ret->whole = items_read(reply->body, ret) ? DELIVERED : RETRY;
        if (ret->whole == RETRY)
            ret->whole_words = STR("the answer is no whole answer to a bulk request");
        return;
    }
    ret->whole = verdict_of_status(reply->status);
    ret->whole_words = words_of_reply(reply, ret->arena);
    ret->hold_output = ret->whole == HOLD && reply->status != 404;
}

static bool elasticsearch_ask(const void *self, struct errand *errand, struct request *ret)
{
    return indexing_ask(&((const struct elasticsearch *)self)->indexing, errand, ret);
}

static void elasticsearch_hear(const void *self, struct errand *errand, const struct reply *reply)
{
    indexing_hear(&((const struct elasticsearch *)self)->indexing, errand, reply);
}

const struct output output_elasticsearch = {
    .name = "elasticsearch",
    .summary = "Send events to Elasticsearch or OpenSearch, each stored once.",
    .settings = settings,
    .size = sizeof(struct elasticsearch),
    .open = elasticsearch_open,
    .encoding = elasticsearch_encoding,
    .encode = elasticsearch_encode,
    .target = elasticsearch_target,
    .has_one_target = elasticsearch_has_one_target,
    .endpoint = elasticsearch_endpoint,
    .request = elasticsearch_request,
    .judge = elasticsearch_judge,
    .ask = elasticsearch_ask,
    .hear = elasticsearch_hear,
    .errand_size = sizeof(struct indexing_errand),
};
