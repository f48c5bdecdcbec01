/* outputs/kafka.c - one record per event to a topic of a Kafka cluster.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The producer is idempotent and waits for all replicas; an event counts as delivered when its
 * report says so. Headers carry what a second agent needs: the event's id, how many events it
 * stands for and which samplers it passed.
 */
#include "agent/weir.h"

#include <stdio.h>

enum {
    TOPIC_BYTES_MAX = 249, /* Kafka's own limit */
    KIB = 1024,
    NUMBER_BYTES = 16,
    HEADERS = 4, /* at most, of one record */
    TRACE_DIGITS = 32,
    SPAN_DIGITS = 16,
};

struct kafka {
    struct cluster cluster;
    struct endpoint sizes;
    struct template *topic;
    struct expr *key;
    int names;
    int compress;
    int64_t buffer_bytes;
    struct encoding encoding;
};

static const struct choice names_words[] = {
    {"otel", NAMES_OTEL}, {"ecs", NAMES_ECS}, {"as_is", NAMES_AS_IS}, {0}};

enum { COMPRESSION_NONE, COMPRESSION_GZIP, COMPRESSION_LZ4, COMPRESSION_ZSTD };

static const struct choice compress_words[] = {{"none", COMPRESSION_NONE},
                                               {"gzip", COMPRESSION_GZIP},
                                               {"lz4", COMPRESSION_LZ4},
                                               {"zstd", COMPRESSION_ZSTD},
                                               {0}};

static const struct setting settings[] = {
    CLUSTER_SETTINGS(struct kafka, cluster),
    TEMPLATE_SETTING(struct kafka, topic, .required = true,
                     .help = "Topic. What fields bring in becomes lower case and loses what no "
                             "name may hold; a missing field is \"none\".",
                     .example = "\"logs-{service.name}\""),
    EXPR_SETTING(struct kafka, key,
                 .help = "What decides the partition. By default the trace's id, else the "
                         "invocation's, so that whoever reads a partition sees whole traces; an "
                         "event without either goes anywhere.",
                 .example = "user.id"),
    CHOICE_SETTING(
        struct kafka, names, names_words, .def = "otel",
        .help = "What fields are called: OpenTelemetry, Elastic Common Schema, or as they came."),
    CHOICE_SETTING(struct kafka, compress, compress_words, .def = "lz4",
                   .help = "Compression of batches."),
    SIZE_SETTING(struct kafka, buffer, .def = "16MiB", .min = "1MiB", .max = "1GiB",
                 .help = "Most bytes of events that librdkafka has under way. When it is full, "
                         "events wait; it is set aside from agent.memory."),
    SIZES_SETTINGS(struct kafka, sizes, "1MB"),
    {0},
};

/* --- opening -------------------------------------------------------------------------------------
 */

static bool is_topic_byte(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= '0' && byte <= '9') || byte == '.' || byte == '_' || byte == '-';
}

static enum code topic_check(const struct kafka *kafka, struct host *host, struct why *why)
{
    const struct event bare = {0};
    struct buffer name;
    buffer_init(&name, LINE_BYTES_DEFAULT);
    template_write(kafka->topic, &bare, TEMPLATE_SAFE, &name, host_arena(host));
    struct str topic = buffer_str(&name);
    bool is_fine = topic.len > 0 && topic.len <= TOPIC_BYTES_MAX && !str_equal(topic, STR(".")) &&
                   !str_equal(topic, STR(".."));
    for (size_t i = 0; i < topic.len; i++)
        is_fine &= is_topic_byte(topic.at[i]);
    enum code code = OK;
    if (!is_fine)
        code = fail(why, BAD_CONFIG,
                    "%s: `topic` would give \"%.*s\": a topic has 1 to 249 letters, digits, dots, "
                    "dashes and underscores",
                    host_where(host), STR_ARG(str_slice(topic, 0, 60)));
    buffer_clear(&name);
    return code;
}

static enum code kafka_open(void *self, struct host *host, struct why *why)
{
    struct kafka *kafka = self;
    char number[NUMBER_BYTES];
    int len = snprintf(number, sizeof number, "%lld", (long long)(kafka->buffer_bytes / KIB));
    struct str buffer_kib = arena_copy(host_arena(host), (struct str){number, (size_t)len});
    const struct broker_setting own[] = {
        {.name = STR("compression.codec"), .value = str_from(compress_words[kafka->compress].word)},
        {.name = STR("queue.buffering.max.kbytes"), .value = buffer_kib},
    };
    kafka->encoding = (struct encoding){.names = (enum naming)kafka->names, .sampling = true};
    enum code code = topic_check(kafka, host, why);
    return code == OK ? cluster_open(&kafka->cluster, own, COUNT(own), host_brokers(host),
                                     host_arena(host), host_where(host), why)
                      : code;
}

static const struct endpoint *kafka_endpoint(const void *self)
{
    return &((const struct kafka *)self)->sizes;
}

static uint64_t kafka_library_bytes(const void *self)
{
    const struct kafka *kafka = self;
    return (uint64_t)kafka->buffer_bytes;
}

static const struct broker_plan *kafka_broker(const void *self)
{
    return &((const struct kafka *)self)->cluster.plan;
}

static struct encoding kafka_encoding(const void *self)
{
    return ((const struct kafka *)self)->encoding;
}

/* --- one record ----------------------------------------------------------------------------------
 */

static void kafka_target(const void *self, const struct event *event, struct buffer *to,
                         struct arena *scratch)
{
    size_t before = to->len;
    template_write(((const struct kafka *)self)->topic, event, TEMPLATE_SAFE, to, scratch);
    if (to->len > before + TOPIC_BYTES_MAX)
        to->len = before + TOPIC_BYTES_MAX;
}

static bool kafka_has_one_target(const void *self)
{
    return template_is_constant(((const struct kafka *)self)->topic);
}

static void kafka_encode(const void *self, const struct event *event, struct str target,
                         struct buffer *body, struct arena *scratch)
{
    (void)target;
    encode_event(body, event, &((const struct kafka *)self)->encoding, scratch);
}

static struct str slot_text(const struct event *event, enum slot slot, struct arena *arena)
{
    struct str text = {0};
    return value_text(event_get_slot(event, slot, arena), arena, &text) ? text : (struct str){0};
}

/* Key bytes outlive the scratch that an expression works in. */
static struct str key_of(const struct kafka *kafka, const struct event *event, struct str trace,
                         struct arena *arena)
{
    struct str text = trace;
    if (kafka->key)
        return value_text(expr_value(kafka->key, event, arena), arena, &text)
                   ? arena_copy(arena, text)
                   : (struct str){0};
    if (text.len == 0)
        text = slot_text(event, SLOT_FAAS_INVOCATION_ID, arena);
    return text.len ? arena_copy(arena, text) : (struct str){0};
}

static bool is_hex(struct str text, size_t digits)
{
    unsigned others = 0, bits = 0;
    if (text.len != digits)
        return false;
    for (size_t i = 0; i < digits; i++) {
        unsigned char byte = (unsigned char)text.at[i];
        others |= (unsigned)(byte - '0') > 9 && (unsigned)(byte - 'a') > 5;
        bits |= byte ^ (unsigned)'0';
    }
    return !others && bits; /* zeros are no id */
}

static void header_add(struct broker_header *headers, struct broker_message *ret, const char *name,
                       struct str value)
{
    if (value.at)
        headers[ret->header_count++] = (struct broker_header){.name = name, .value = value};
}

static struct str number_text(uint32_t number, struct arena *arena)
{
    char text[NUMBER_BYTES];
    int len = snprintf(text, sizeof text, "%u", number);
    return arena_copy(arena, (struct str){text, (size_t)len});
}

/* W3C trace context, where the event's ids have its shape. */
static struct str traceparent(const struct event *event, struct str trace, struct arena *arena)
{
    enum { SIZE = sizeof "00--" - 1 + TRACE_DIGITS + SPAN_DIGITS + sizeof "-01" - 1 };
    struct str span = slot_text(event, SLOT_SPAN_ID, arena);
    if (!is_hex(trace, TRACE_DIGITS) || !is_hex(span, SPAN_DIGITS))
        return (struct str){0};
    char *text = arena_take(arena, SIZE);
    if (!text)
        return (struct str){0};
    char *at = bytes_put(bytes_put(text, STR("00-")), trace);
    bytes_put(bytes_put(bytes_put(at, STR("-")), span), STR("-01"));
    return (struct str){text, SIZE};
}

static void kafka_address(const void *self, const struct event *event, struct broker_message *ret,
                          struct arena *arena)
{
    struct broker_header *headers = arena_take(arena, HEADERS * sizeof *headers);
    struct str trace = slot_text(event, SLOT_TRACE_ID, arena);
    ret->key = key_of(self, event, trace, arena);
    if (!headers)
        return;
    ret->headers = headers;
    if (event->id.len)
        header_add(headers, ret, HEADER_EVENT_ID, arena_copy(arena, event->id));
    if (event->hops) {
        header_add(headers, ret, HEADER_WEIGHT,
                   number_text(event->weight ? event->weight : 1, arena));
        header_add(headers, ret, HEADER_HOPS, number_text(event->hops, arena));
    }
    header_add(headers, ret, "traceparent", traceparent(event, trace, arena));
}

const struct output output_kafka = {
    .name = "kafka",
    .summary = "Send each event as one record to a topic of a Kafka cluster.",
    .settings = settings,
    .size = sizeof(struct kafka),
    .open = kafka_open,
    .encoding = kafka_encoding,
    .encode = kafka_encode,
    .target = kafka_target,
    .has_one_target = kafka_has_one_target,
    .endpoint = kafka_endpoint,
    .broker = kafka_broker,
    .library_bytes = kafka_library_bytes,
    .address = kafka_address,
    .keyed_by_trace = true,
};
