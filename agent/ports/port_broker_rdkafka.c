/* agent/ports/port_broker_rdkafka.c - the broker port over librdkafka.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Settings and producers; port_broker_rdkafka_consumer.c has the rest. Reports and errors are
 * pulled from one queue per producer, which wakes its owner when it gets something.
 */
#include "agent/ports/port_broker_rdkafka.h"

#include <stdio.h>
#include <stdlib.h>

#include "agent/memory.h"
#include "agent/must.h"
#include "agent/why.h"

enum {
    NEWS_MAX = 8,
    LOOK_MS = 5000,
    WORDS_BYTES = 200,
    VALUE_BYTES = 65536, /* of a setting: a certificate may stand in one */
};

/* --- settings
 * ------------------------------------------------------------------------------------- */

static const char *const common_settings[][2] = {
    {"client.id", "weir"}, {"socket.keepalive.enable", "true"}, {NULL, NULL}};

/* A record waits for its broker as long as it takes: who gave it up and sent it again would store
 * it twice. */
/* Records come payload by payload, so that waiting fills batches; with the library's 5 ms its
 * threads spend a sixth of all processor time polling for the end of the wait. */
static const char *const producer_settings[][2] = {
    {"enable.idempotence", "true"},     {"linger.ms", "100"},
    {"message.timeout.ms", "0"},        {"topic.metadata.propagation.max.ms", "5000"},
    {"statistics.interval.ms", "5000"}, {NULL, NULL}};

static const char *const consumer_settings[][2] = {
    {"enable.auto.commit", "false"},
    {"enable.auto.offset.store", "false"},
    {"auto.offset.reset", "earliest"},
    {"isolation.level", "read_committed"},
    {"enable.partition.eof", "true"},
    {"partition.assignment.strategy", "cooperative-sticky"},
    {"topic.metadata.refresh.interval.ms", "30000"},
    {NULL, NULL}};

static void set_all(rd_kafka_conf_t *conf, const char *const settings[][2])
{
    char error[256];
    for (size_t i = 0; settings[i][0]; i++) {
        rd_kafka_conf_res_t result =
            rd_kafka_conf_set(conf, settings[i][0], settings[i][1], error, sizeof error);
        MUST(result == RD_KAFKA_CONF_OK);
    }
}

/* What librdkafka says holds the value: of a secret only its name is told. */
static enum code set_one(rd_kafka_conf_t *conf, const struct broker_setting *setting,
                         struct why *why)
{
    char name[128], error[256];
    char *value = memory_make(VALUE_BYTES);
    if (!value)
        return fail(why, OVER_LIMIT, "no memory for a setting");
    bool fits = setting->name.len < sizeof name && setting->value.len < VALUE_BYTES;
    rd_kafka_conf_res_t result = RD_KAFKA_CONF_INVALID;
    if (fits)
        result = rd_kafka_conf_set(conf, str_z(setting->name, name, sizeof name),
                                   str_z(setting->value, value, VALUE_BYTES), error, sizeof error);
    memory_free(value);
    if (result == RD_KAFKA_CONF_OK)
        return OK;
    if (result == RD_KAFKA_CONF_UNKNOWN)
        return fail(why, BAD_CONFIG, "librdkafka has no setting `%.*s`", STR_ARG(setting->name));
    if (!fits || setting->is_secret)
        return fail(why, BAD_CONFIG, "librdkafka does not take the value of `%.*s`",
                    STR_ARG(str_slice(setting->name, 0, 100)));
    return fail(why, BAD_CONFIG, "`%.*s`: %s", STR_ARG(setting->name), error);
}

rd_kafka_conf_t *rdkafka_conf(const struct broker_plan *plan, bool is_consumer, struct why *why)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    const struct broker_setting group = {.name = STR("group.id"), .value = plan->group};
    enum code code = OK;
    rd_kafka_conf_set_log_cb(conf, NULL); /* what matters comes as an event */
    set_all(conf, common_settings);
    set_all(conf, is_consumer ? consumer_settings : producer_settings);
    if (is_consumer)
        code = set_one(conf, &group, why);
    for (size_t i = 0; i < plan->count && code == OK; i++)
        code = set_one(conf, &plan->settings[i], why);
    if (code == OK)
        return conf;
    rd_kafka_conf_destroy(conf);
    return NULL;
}

static bool rdkafka_check(void *self, const struct broker_plan *plan, struct why *why)
{
    (void)self;
    rd_kafka_conf_t *conf = rdkafka_conf(plan, plan->group.len > 0, why);
    if (!conf)
        return false;
    rd_kafka_conf_destroy(conf);
    return true;
}

rd_kafka_t *rdkafka_client(rd_kafka_type_t type, rd_kafka_conf_t *conf, struct why *why)
{
    char error[200];
    rd_kafka_t *kafka = rd_kafka_new(type, conf, error, sizeof error);
    if (kafka)
        return kafka;
    rd_kafka_conf_destroy(conf);
    (void)fail(why, BAD_CONFIG, "librdkafka: %s", error);
    return NULL;
}

/* --- a producer
 * ----------------------------------------------------------------------------------- */

struct rd_producer {
    struct producer port;
    rd_kafka_t *kafka;
    rd_kafka_queue_t *queue;
    rd_kafka_event_t *reports; /* being read */
    rd_kafka_topic_t *topic;   /* of the newest record */
    struct broker_news news[NEWS_MAX];
    unsigned news_count;
    uint64_t sent_bytes;
    bool is_fatal;
    char trouble[200]; /* the newest words about a connection */
    void (*wake)(void *context);
    void *context;
};

static const struct {
    rd_kafka_resp_err_t code;
    enum broker_fault fault;
} faults[] = {
    {RD_KAFKA_RESP_ERR_NO_ERROR, BROKER_FINE},
    {RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, BROKER_TOO_LARGE},
    {RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE, BROKER_TOO_LARGE},
    {RD_KAFKA_RESP_ERR_INVALID_MSG, BROKER_INVALID},
    {RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE, BROKER_INVALID},
    {RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP, BROKER_INVALID},
    {RD_KAFKA_RESP_ERR_INVALID_RECORD, BROKER_INVALID},
    {RD_KAFKA_RESP_ERR_POLICY_VIOLATION, BROKER_INVALID},
    {RD_KAFKA_RESP_ERR_UNSUPPORTED_FOR_MESSAGE_FORMAT, BROKER_INVALID},
    {RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, BROKER_DENIED},
    {RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED, BROKER_DENIED},
    {RD_KAFKA_RESP_ERR_INVALID_REQUIRED_ACKS, BROKER_DENIED},
    {RD_KAFKA_RESP_ERR_UNSUPPORTED_COMPRESSION_TYPE, BROKER_DENIED},
    {RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, BROKER_NO_TOPIC},
    {RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION, BROKER_NO_TOPIC},
    {RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC, BROKER_NO_TOPIC},
    {RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION, BROKER_NO_TOPIC},
};

static enum broker_fault fault_of(rd_kafka_resp_err_t code)
{
    for (size_t i = 0; i < COUNT(faults); i++)
        if (faults[i].code == code)
            return faults[i].fault;
    return BROKER_LATER;
}

/* Handles are kept by the library as long as records need them. */
static rd_kafka_topic_t *topic_of(struct rd_producer *producer, const char *name)
{
    if (producer->topic &&
        str_equal(str_from(rd_kafka_topic_name(producer->topic)), str_from(name)))
        return producer->topic;
    if (producer->topic)
        rd_kafka_topic_destroy(producer->topic);
    producer->topic = rd_kafka_topic_new(producer->kafka, name, NULL);
    return producer->topic;
}

static rd_kafka_headers_t *headers_make(const struct broker_message *message)
{
    rd_kafka_headers_t *headers = rd_kafka_headers_new(message->header_count);
    for (size_t i = 0; i < message->header_count; i++) {
        const struct broker_header *header = &message->headers[i];
        (void)rd_kafka_header_add(headers, header->name, -1, header->value.at,
                                  (ssize_t)header->value.len); /* fails for a null name alone */
    }
    return headers;
}

/* The array, not the macros of rd_kafka_producev(): those are GNU C and cast const away. */
static rd_kafka_resp_err_t message_send(struct rd_producer *producer, rd_kafka_topic_t *topic,
                                        const struct broker_message *message)
{
    rd_kafka_headers_t *headers = headers_make(message);
    const rd_kafka_vu_t parts[] = {
        {RD_KAFKA_VTYPE_RKT, {.rkt = topic}},
        {RD_KAFKA_VTYPE_PARTITION, {.i32 = RD_KAFKA_PARTITION_UA}},
        {RD_KAFKA_VTYPE_VALUE, {.mem = {(void *)(uintptr_t)message->value.at, message->value.len}}},
        {RD_KAFKA_VTYPE_KEY, {.mem = {(void *)(uintptr_t)message->key.at, message->key.len}}},
        {RD_KAFKA_VTYPE_TIMESTAMP, {.i64 = message->time_ms > 0 ? message->time_ms : 0}},
        {RD_KAFKA_VTYPE_HEADERS, {.headers = headers}},
        {RD_KAFKA_VTYPE_OPAQUE, {.ptr = message->mine}},
    };
    rd_kafka_error_t *error = rd_kafka_produceva(producer->kafka, parts, COUNT(parts));
    if (!error)
        return RD_KAFKA_RESP_ERR_NO_ERROR;
    rd_kafka_resp_err_t code = rd_kafka_error_code(error);
    rd_kafka_error_destroy(error);
    rd_kafka_headers_destroy(headers);
    return code;
}

static enum broker_taking producer_submit(void *self, const struct broker_message *message,
                                          struct broker_report *ret)
{
    struct rd_producer *producer = self;
    rd_kafka_topic_t *topic = topic_of(producer, message->topic);
    rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC;
    if (topic)
        code = message_send(producer, topic, message);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
        return BROKER_TAKEN;
    if (code == RD_KAFKA_RESP_ERR__QUEUE_FULL)
        return BROKER_FULL;
    *ret = (struct broker_report){.mine = message->mine,
                                  .fault = fault_of(code),
                                  .is_own = true,
                                  .words = rd_kafka_err2str(code)};
    return BROKER_REFUSED;
}

static void news_add(struct rd_producer *producer, enum broker_news_kind kind, const char *words,
                     uint64_t bytes)
{
    if (producer->news_count == NEWS_MAX)
        return; /* nobody listens; the next one of its kind comes soon enough */
    struct broker_news *news = &producer->news[producer->news_count++];
    *news = (struct broker_news){.kind = kind, .bytes = bytes};
    snprintf(news->words, sizeof news->words, "%s", words);
}

static void error_hear(struct rd_producer *producer, rd_kafka_event_t *event)
{
    rd_kafka_resp_err_t code = rd_kafka_event_error(event);
    const char *words = rd_kafka_event_error_string(event);
    if (code == RD_KAFKA_RESP_ERR__AUTHENTICATION) {
        news_add(producer, BROKER_LOCKED_OUT, words, 0);
    } else if (code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) {
        news_add(producer, BROKER_DOWN, producer->trouble[0] ? producer->trouble : words, 0);
    } else {
        snprintf(producer->trouble, sizeof producer->trouble, "%s", words);
    }
}

/* A producer that may not be idempotent is of no use, but the cause is the operator's. */
static void fatal_hear(struct rd_producer *producer)
{
    char cause[160];
    rd_kafka_resp_err_t code = rd_kafka_fatal_error(producer->kafka, cause, sizeof cause);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR || producer->is_fatal)
        return;
    producer->is_fatal = true;
    if (fault_of(code) == BROKER_DENIED)
        news_add(producer, BROKER_LOCKED_OUT, cause, 0);
    news_add(producer, BROKER_FATAL, cause, 0);
}

/* Everything that went over the wire so far is one member of the statistics. */
static void statistics_hear(struct rd_producer *producer, rd_kafka_event_t *event)
{
    struct str json = str_from(rd_kafka_event_stats(event));
    struct cut cut = str_cut_str(json, STR("\"tx_bytes\":"));
    uint64_t sent = cut.found ? strtoull(cut.tail.at, NULL, 10) : 0;
    if (sent > producer->sent_bytes)
        news_add(producer, BROKER_SENT, "", sent - producer->sent_bytes);
    producer->sent_bytes = sent > producer->sent_bytes ? sent : producer->sent_bytes;
}

/* Reads on until there are reports; false: there is nothing more now. */
static bool reports_find(struct rd_producer *producer)
{
    for (;;) {
        rd_kafka_event_t *event = rd_kafka_queue_poll(producer->queue, 0);
        if (!event)
            return false;
        rd_kafka_event_type_t type = rd_kafka_event_type(event);
        if (type == RD_KAFKA_EVENT_DR) {
            producer->reports = event;
            return true;
        }
        if (type == RD_KAFKA_EVENT_ERROR)
            error_hear(producer, event);
        else if (type == RD_KAFKA_EVENT_STATS)
            statistics_hear(producer, event);
        rd_kafka_event_destroy(event);
    }
}

static bool producer_take_report(void *self, struct broker_report *ret)
{
    struct rd_producer *producer = self;
    const rd_kafka_message_t *message = NULL;
    while (!message) {
        if (!producer->reports && !reports_find(producer))
            return false;
        message = rd_kafka_event_message_next(producer->reports);
        if (message)
            break;
        rd_kafka_event_destroy(producer->reports);
        producer->reports = NULL;
    }
    *ret = (struct broker_report){.mine = message->_private,
                                  .fault = fault_of(message->err),
                                  .is_maybe_stored = rd_kafka_message_status(message) !=
                                                     RD_KAFKA_MSG_STATUS_NOT_PERSISTED,
                                  .words = rd_kafka_err2str(message->err)};
    return true;
}

static bool producer_take_news(void *self, struct broker_news *ret)
{
    struct rd_producer *producer = self;
    fatal_hear(producer);
    if (producer->news_count == 0)
        return false;
    *ret = producer->news[0];
    memmove(producer->news, producer->news + 1, --producer->news_count * sizeof *ret);
    return true;
}

static void producer_give_up(void *self)
{
    const struct rd_producer *producer = self;
    rd_kafka_purge(producer->kafka, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
}

static void producer_close(void *self)
{
    struct rd_producer *producer = self;
    rd_kafka_queue_cb_event_enable(producer->queue, NULL, NULL);
    if (producer->reports)
        rd_kafka_event_destroy(producer->reports);
    if (producer->topic)
        rd_kafka_topic_destroy(producer->topic);
    rd_kafka_purge(producer->kafka, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    rd_kafka_queue_destroy(producer->queue);
    rd_kafka_destroy(producer->kafka);
    memory_free(producer);
}

static void producer_woken(rd_kafka_t *kafka, void *context)
{
    const struct rd_producer *producer = context;
    (void)kafka;
    producer->wake(producer->context);
}

static const struct producer *rdkafka_produce(void *self, const struct broker_plan *plan,
                                              void (*wake)(void *context), void *context,
                                              struct why *why)
{
    (void)self;
    struct rd_producer *producer = memory_make(sizeof *producer);
    rd_kafka_conf_t *conf = producer ? rdkafka_conf(plan, false, why) : NULL;
    if (!producer)
        (void)fail(why, OVER_LIMIT, "no memory for a producer");
    if (conf)
        rd_kafka_conf_set_events(conf,
                                 RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_ERROR | RD_KAFKA_EVENT_STATS);
    rd_kafka_t *kafka = conf ? rdkafka_client(RD_KAFKA_PRODUCER, conf, why) : NULL;
    if (!kafka) {
        memory_free(producer);
        return NULL;
    }
    *producer = (struct rd_producer){.kafka = kafka, .wake = wake, .context = context};
    producer->port = (struct producer){.self = producer,
                                       .submit = producer_submit,
                                       .take_report = producer_take_report,
                                       .take_news = producer_take_news,
                                       .give_up = producer_give_up,
                                       .close = producer_close};
    producer->queue = rd_kafka_queue_get_main(kafka);
    rd_kafka_queue_cb_event_enable(producer->queue, producer_woken, producer);
    return &producer->port;
}

/* --- looking
 * -------------------------------------------------------------------------------------- */

/* The newest words about a connection say more than that nobody answered. */
static void trouble_keep(rd_kafka_t *kafka, int code, const char *words, void *context)
{
    (void)kafka;
    if (code != RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN)
        snprintf(context, WORDS_BYTES, "%s", words);
}

static enum broker_fault metadata_ask(rd_kafka_t *kafka, const char *topic, char words[200])
{
    const struct rd_kafka_metadata *metadata;
    rd_kafka_topic_t *handle = rd_kafka_topic_new(kafka, topic, NULL);
    rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC;
    if (handle)
        code = rd_kafka_metadata(kafka, 0, handle, &metadata, LOOK_MS);
    bool is_answered = handle && code == RD_KAFKA_RESP_ERR_NO_ERROR;
    rd_kafka_poll(kafka, 0); /* what went wrong meanwhile */
    if (is_answered) {
        bool is_told = metadata->topic_cnt == 1;
        code = is_told ? metadata->topics[0].err : RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC;
        snprintf(words, WORDS_BYTES, "%d partitions",
                 is_told ? metadata->topics[0].partition_cnt : 0);
        rd_kafka_metadata_destroy(metadata);
    }
    if (code && (is_answered || !words[0]))
        snprintf(words, WORDS_BYTES, "%s", rd_kafka_err2str(code));
    if (handle)
        rd_kafka_topic_destroy(handle);
    return fault_of(code);
}

static enum broker_fault rdkafka_look(void *self, const struct broker_plan *plan, const char *topic,
                                      char words[200])
{
    struct why why;
    (void)self;
    rd_kafka_conf_t *conf = rdkafka_conf(plan, false, &why);
    words[0] = 0;
    if (conf) {
        rd_kafka_conf_set_error_cb(conf, trouble_keep);
        rd_kafka_conf_set_opaque(conf, words);
    }
    rd_kafka_t *kafka = conf ? rdkafka_client(RD_KAFKA_PRODUCER, conf, &why) : NULL;
    if (!kafka) {
        snprintf(words, WORDS_BYTES, "%.199s", why.text);
        return BROKER_LATER;
    }
    enum broker_fault fault = metadata_ask(kafka, topic, words);
    rd_kafka_destroy(kafka);
    return fault;
}

/* --- the port
 * -------------------------------------------------------------------------------------- */

const struct brokers *brokers_real(void)
{
    static const struct brokers brokers = {.produce = rdkafka_produce,
                                           .consume = rdkafka_consume,
                                           .check = rdkafka_check,
                                           .look = rdkafka_look};
    return &brokers;
}
