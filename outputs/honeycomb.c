/* outputs/honeycomb.c - batches of events to Honeycomb's API.
 * SPDX-License-Identifier: Apache-2.0
 *
 * POST /1/batch/<dataset>: an array of {"time", "samplerate", "data"}, answered by a status per
 * event. An answer is believed only when it is whole: a JSON array with one status per event. There
 * is no id that would tell a second copy from the first, so what was in flight without an answer
 * may arrive twice.
 */
#include "agent/honeycomb/account.h"
#include "agent/honeycomb/statuses.h"
#include "agent/weir.h"

enum {
    OWN_FIELDS = 8,  /* what write_own() and write_cut() add */
    OWN_BYTES = 512, /* and the envelope */
    EVENT_FIELDS_MAX = 2000,
    EVENT_BYTES_MAX = 1000000, /* what Honeycomb's own client sends at most; the API takes 1 MiB */
    TEXT_BYTES_MAX = 65535,
};

struct honeycomb {
    struct endpoint endpoint;
    struct str key, missing;
    struct template *dataset;
    int region, marker;
    struct account account;
    uint64_t config_hash; /* of this run */
    bool is_changed;      /* the last run had another */
    uint64_t *cut_fields, *cut_texts;
};

enum { REGION_US = 0, REGION_EU };
enum { MARKER_OFF = 0, MARKER_START, MARKER_CHANGE };
static const struct choice markers[] = {
    {"off", MARKER_OFF}, {"start", MARKER_START}, {"change", MARKER_CHANGE}, {0}};
static const struct choice regions[] = {{"us", REGION_US}, {"eu", REGION_EU}, {0}};

static const struct setting settings[] = {
    ENDPOINT_SETTINGS_OF(struct honeycomb, endpoint, "[]", "3MB", endpoint_zstd_words),
    SECRET_SETTING(struct honeycomb, key, .required = true, .example = "env(\"HONEYCOMB_API_KEY\")",
                   .help = "API key that may send events, of an environment or classic."),
    CHOICE_SETTING(struct honeycomb, region, regions, .def = "us",
                   .help = "Where the team's data lives, when `url` says nothing else."),
    TEMPLATE_SETTING(struct honeycomb, dataset, .def = "\"{service.name}\"",
                     .help = "Dataset. What fields bring in becomes lower case and loses what no "
                             "name may hold.",
                     .example = "\"functions\""),
    CHOICE_SETTING(struct honeycomb, marker, markers, .def = "off",
                   .help = "Set a marker at every start, or when the configuration is another than "
                           "at the last one. It goes to `dataset` where that is one name, else to "
                           "the whole environment; the key needs the permission Manage Markers."),
    TEXT_SETTING(struct honeycomb, missing, .def = "\"unknown_dataset\"",
                 .help = "What stands in `dataset` for a missing field."),
    {0},
};

static const struct encoding encoding = {
    .names = NAMES_HONEYCOMB, .event_id = true, .sampling = true};
static const struct encoding encoding_of_flat = {
    .names = NAMES_HONEYCOMB, .event_id = true, .array_texts = true, .sampling = true};

static const struct flat_bounds bounds = {.names = NAMES_HONEYCOMB,
                                          .fields_max = EVENT_FIELDS_MAX - OWN_FIELDS,
                                          .text_max = TEXT_BYTES_MAX,
                                          .object_max = EVENT_BYTES_MAX - OWN_BYTES};

/* --- opening -------------------------------------------------------------------------------------
 */

static const char *dataset_mistake(struct str name)
{
    if (str_trim(name).len == 0 || name.len > TARGET_BYTES_MAX)
        return "it must have 1 to 255 bytes";
    if (str_find(name, '/') != SIZE_MAX)
        return "it must not hold a slash";
    for (size_t i = 0; i < name.len; i++)
        if ((unsigned char)name.at[i] < ' ' || name.at[i] == 127)
            return "it must not hold a control byte";
    return NULL;
}

static enum code dataset_check(struct honeycomb *hny, struct host *host, struct why *why)
{
    const struct event bare = {0};
    struct buffer name;
    buffer_init(&name, LINE_BYTES_DEFAULT);
    template_write(hny->dataset, &bare, TEMPLATE_SAFE, &name, host_arena(host));
    const char *mistake = dataset_mistake(buffer_str(&name));
    enum code code = OK;
    if (mistake)
        code = fail(why, BAD_CONFIG, "%s: `dataset` would give \"%.*s\": %s", host_where(host),
                    STR_ARG(str_slice(buffer_str(&name), 0, 60)), mistake);
    else if (template_is_constant(hny->dataset))
        hny->account.dataset = arena_copy(host_arena(host), buffer_str(&name));
    buffer_clear(&name);
    return code;
}

static enum code honeycomb_open(void *self, struct host *host, struct why *why)
{
    static struct str hosts[] = {[REGION_US] = {"https://api.honeycomb.io", 24},
                                 [REGION_EU] = {"https://api.eu1.honeycomb.io", 28}};
    struct honeycomb *hny = self;
    struct endpoint *endpoint = &hny->endpoint;
    struct str key = str_trim(hny->key);
    const char *mistake = account_key_mistake(key);
    if (mistake)
        return fail(why, BAD_CONFIG, "%s: `key`: %s", host_where(host), mistake);
    if (endpoint->urls.count == 0)
        endpoint->urls = (struct list){.count = 1, .texts = &hosts[hny->region]};
    endpoint->auth_header = endpoint_secret_header(host_arena(host), "X-Honeycomb-Team", key);
    if (!endpoint->auth_header.at)
        return fail(why, OVER_LIMIT, "%s: no memory for the key", host_where(host));
    hny->cut_fields = host_counter(host, "cut_fields",
                                   "Fields left out of events because the destination takes no "
                                   "more; again each time an event is sent again.");
    hny->cut_texts = host_counter(host, "cut_texts",
                                  "Texts shortened to what the destination takes; again each time "
                                  "an event is sent again.");
    hny->config_hash = host_config_hash(host);
    hny->account.wants_marks = hny->marker != MARKER_OFF;
    enum code code = dataset_check(hny, host, why);
    return code == OK ? endpoint_open(endpoint, host_arena(host), host_where(host), why) : code;
}

/* --- markers ------------------------------------------------------------------------------------
 */

static void honeycomb_load(void *self, struct str blob)
{
    struct honeycomb *hny = self;
    uint64_t last;
    if (blob.len != sizeof last)
        return;
    memcpy(&last, blob.at, sizeof last);
    hny->is_changed = last != hny->config_hash; /* the newest is loaded last */
}

static void honeycomb_save(void *self, struct host *host)
{
    struct honeycomb *hny = self;
    struct str blob = {(const char *)&hny->config_hash, sizeof hny->config_hash};
    if (hny->marker == MARKER_OFF)
        return;
    hny->account.marks = hny->marker == MARKER_START || hny->is_changed;
    hny->account.message = hny->is_changed
                               ? STR("weir " WEIR_VERSION " starts with a changed configuration")
                               : STR("weir " WEIR_VERSION " starts");
    host_remember(host, blob);
}

static bool honeycomb_ask(const void *self, struct errand *errand, struct request *ret)
{
    return account_ask(&((const struct honeycomb *)self)->account, errand, ret);
}

static void honeycomb_hear(const void *self, struct errand *errand, const struct reply *reply)
{
    account_hear(&((const struct honeycomb *)self)->account, errand, reply);
}

static const struct endpoint *honeycomb_endpoint(const void *self)
{
    return &((const struct honeycomb *)self)->endpoint;
}

static struct encoding honeycomb_encoding(const void *self)
{
    (void)self;
    return encoding;
}

/* --- the request
 * ----------------------------------------------------------------------------------- */

static void honeycomb_target(const void *self, const struct event *event, struct buffer *to,
                             struct arena *scratch)
{
    const struct honeycomb *hny = self;
    template_write(hny->dataset, event, TEMPLATE_SAFE, to, scratch);
}

static bool honeycomb_has_one_target(const void *self)
{
    return template_is_constant(((const struct honeycomb *)self)->dataset);
}

/* A bit that tells most keys from each other. */
static uint64_t key_bit(struct str key)
{
    return key.len ? UINT64_C(1) << ((key.len + (unsigned char)key.at[0]) & 63) : 0;
}

static uint64_t key_bits(const struct event *event)
{
    uint64_t bits = 0;
    for (unsigned i = 0; i < event->count; i++)
        bits |= key_bit(event->fields[i].key);
    return bits;
}

static bool has_field(const struct event *event, struct str key)
{
    for (uint16_t i = 0; i < event->count; i++) {
        const struct field *field = &event->fields[i];
        if (field->key.len == key.len && !(field->flags & FIELD_REMOVED) &&
            str_equal(field->key, key))
            return true;
    }
    return false;
}

/* Neither holds anything that would have to be escaped. keys: key_bits() of the event. */
static void write_own(struct buffer *body, const struct event *event, uint64_t keys, struct str key,
                      struct str value)
{
    enum { MARKS = sizeof ",\"\":\"\"" - 1 };
    if (value.len == 0 || body->full || (keys & key_bit(key) && has_field(event, key)))
        return;
    bool is_first = body->at[body->len - 1] == '{';
    char *at = buffer_reserve(body, key.len + value.len + MARKS);
    if (!at)
        return;
    at = bytes_put(at, is_first ? STR("\"") : STR(",\""));
    at = bytes_put(bytes_put(at, key), STR("\":\""));
    at = bytes_put(bytes_put(at, value), STR("\""));
    body->len = (size_t)(at - body->at);
}

/* What Honeycomb tells logs from spans by; a REPORT is the span of its invocation. */
static void write_meta(struct buffer *body, const struct event *event)
{
    bool is_span = event->slots[SLOT_PARENT_SPAN_ID] || event->flags & EVENT_ENDS_INVOCATION;
    bool is_traced = event->slots[SLOT_TRACE_ID] != 0;
    uint64_t keys = key_bits(event);
    write_own(body, event, keys, STR("severity"), event_severity_word(event));
    write_own(body, event, keys, STR("meta.signal_type"),
              is_traced && is_span ? STR("trace") : STR("log"));
    if (is_traced && !is_span)
        write_own(body, event, keys, STR("meta.annotation_type"), STR("span_event"));
}

static void count_cut(uint64_t *counter, uint32_t more)
{
    if (more)
        __atomic_fetch_add(counter, more, __ATOMIC_RELAXED);
}

static void write_cut(const struct honeycomb *hny, struct buffer *body, struct flat_cut cut)
{
    if (cut.fields + cut.texts == 0 || body->full)
        return;
    body->len--;
    buffer_format(body, ",\"meta.weir.cut_fields\":%u,\"meta.weir.cut_texts\":%u}", cut.fields,
                  cut.texts);
    count_cut(hny->cut_fields, cut.fields);
    count_cut(hny->cut_texts, cut.texts);
}

static void write_object(struct buffer *body, const struct event *event, const struct encoding *how,
                         struct arena *scratch)
{
    encode_event(body, event, how, scratch);
    if (body->full)
        return;
    body->len--; /* its brace, put back behind our own fields */
    write_meta(body, event);
    buffer_byte(body, '}');
}

/* Most events are flat as they are encoded. */
static bool write_flat_data(struct buffer *body, const struct event *event, struct arena *scratch)
{
    size_t start = body->len;
    if (!event_is_flat(event))
        return false;
    write_object(body, event, &encoding_of_flat, scratch);
    if (body->full || flat_fits(body->len - start, &bounds))
        return true;
    body->len = start;
    return false;
}

static void write_data(const struct honeycomb *hny, struct buffer *body, const struct event *event,
                       struct arena *scratch)
{
    size_t start = body->len;
    if (write_flat_data(body, event, scratch))
        return;
    write_object(body, event, &encoding, scratch);
    if (!body->full)
        write_cut(hny, body, flatten_object(body, start, &bounds, scratch));
}

static void honeycomb_encode(const void *self, const struct event *event, struct str target,
                             struct buffer *body, struct arena *scratch)
{
    (void)target;
    buffer_byte(body, '{');
    if (event->time_ns) {
        buffer_add(body, STR("\"time\":"));
        encode_time(body, event->time_ns);
        buffer_byte(body, ',');
    }
    if (event->weight > 1) {
        buffer_add(body, STR("\"samplerate\":"));
        buffer_uint(body, event->weight);
        buffer_byte(body, ',');
    }
    buffer_add(body, STR("\"data\":"));
    write_data(self, body, event, scratch);
    buffer_byte(body, '}');
}

static void honeycomb_frame(const void *self, struct str target, struct frame *ret,
                            struct arena *arena)
{
    (void)self, (void)target, (void)arena;
    *ret = (struct frame){.open = STR("["), .between = STR(","), .close = STR("]")};
}

static void honeycomb_request(const void *self, struct str target, struct request *ret,
                              struct arena *arena)
{
    (void)self;
    struct buffer path;
    buffer_init(&path, LINE_BYTES_DEFAULT);
    buffer_add(&path, STR("/1/batch/"));
    endpoint_write_url_part(&path, target);
    ret->method = "POST";
    ret->path = arena_copy(arena, buffer_str(&path));
    ret->content_type = STR("application/json");
    ret->accept = STR("application/json");
    ret->expects_json = true;
    buffer_clear(&path);
}

/* --- the answer
 * ------------------------------------------------------------------------------------ */

static bool words_say(struct str words, struct str text)
{
    return str_find_str(words, text) != SIZE_MAX;
}

/* Refinery answers 400 to a key that it does not know, and so does Honeycomb to a body that is too
 * large. */
static enum verdict whole_verdict(int status, struct str words)
{
    if (status == 400 && words_say(words, STR("API key")))
        return HOLD;
    return status == 400 && words_say(words, STR("too large")) ? TOO_LARGE
                                                               : verdict_of_status(status);
}

static void honeycomb_judge(const void *self, const struct reply *reply, struct judgement *ret)
{
    (void)self;
    if (reply->status == 200) {
        ret->whole = statuses_read(reply->body, ret) ? DELIVERED : RETRY;
        if (ret->whole == RETRY)
            ret->whole_words = STR("the answer has no status for each event");
        return;
    }
    ret->whole_words = account_words(reply, ret->arena);
    ret->whole = whole_verdict(reply->status, ret->whole_words);
    ret->hold_output = ret->whole == HOLD && reply->status != 404;
}

const struct output output_honeycomb = {
    .name = "honeycomb",
    .summary = "Send events to Honeycomb, each with the number of events it stands for.",
    .settings = settings,
    .size = sizeof(struct honeycomb),
    .open = honeycomb_open,
    .encoding = honeycomb_encoding,
    .encode = honeycomb_encode,
    .frame = honeycomb_frame,
    .target = honeycomb_target,
    .has_one_target = honeycomb_has_one_target,
    .endpoint = honeycomb_endpoint,
    .request = honeycomb_request,
    .judge = honeycomb_judge,
    .ask = honeycomb_ask,
    .hear = honeycomb_hear,
    .load = honeycomb_load,
    .save = honeycomb_save,
};
