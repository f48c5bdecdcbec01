/* tests/services/kafka_tool.c - what tests ask of a Kafka broker, without any of the agent's code.
 * SPDX-License-Identifier: Apache-2.0
 *
 *     kafka_tool BROKERS create TOPIC PARTITIONS [NAME=VALUE...]
 *     kafka_tool BROKERS delete TOPIC
 *     kafka_tool BROKERS read TOPIC           what stands in it now, to its end: one JSON object
 * per record kafka_tool BROKERS write TOPIC          KEY<tab>VALUE from standard input, one record
 * per line kafka_tool BROKERS committed GROUP TOPIC PARTITIONS    one JSON object per partition
 */
#include <errno.h>
#include <jansson.h>
#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WAIT_MS = 30000, HEADERS_MAX = 64 };

static const char *brokers;

static void die(const char *what, const char *why)
{
    fprintf(stderr, "kafka_tool: %s: %s\n", what, why);
    exit(1);
}

static rd_kafka_t *client(rd_kafka_type_t type, const char *group)
{
    char error[256];
    const char *settings[][2] = {
        {"bootstrap.servers", brokers},
        {"log_level", "3"},
        {type == RD_KAFKA_CONSUMER ? "group.id" : NULL, group},
        {type == RD_KAFKA_CONSUMER ? "enable.partition.eof" : NULL, "true"},
        {type == RD_KAFKA_CONSUMER ? "enable.auto.commit" : NULL, "false"}};
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++)
        if (settings[i][0] && rd_kafka_conf_set(conf, settings[i][0], settings[i][1], error,
                                                sizeof error) != RD_KAFKA_CONF_OK)
            die(settings[i][0], error);
    rd_kafka_t *kafka = rd_kafka_new(type, conf, error, sizeof error);
    if (!kafka)
        die("client", error);
    return kafka;
}

/* Waits for an admin request's one topic and ends with its error; `forgiven` counts as done. */
static void topic_result(rd_kafka_queue_t *queue, const char *topic, rd_kafka_resp_err_t forgiven)
{
    rd_kafka_event_t *event = rd_kafka_queue_poll(queue, WAIT_MS);
    size_t count = 0;
    const rd_kafka_topic_result_t **results = NULL;
    if (!event || rd_kafka_event_error(event))
        die(topic, event ? rd_kafka_event_error_string(event) : "no answer");
    if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_CREATETOPICS_RESULT)
        results =
            rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &count);
    else
        results =
            rd_kafka_DeleteTopics_result_topics(rd_kafka_event_DeleteTopics_result(event), &count);
    for (size_t i = 0; i < count; i++) {
        rd_kafka_resp_err_t code = rd_kafka_topic_result_error(results[i]);
        if (code && code != forgiven)
            die(topic, rd_kafka_err2str(code));
    }
    rd_kafka_event_destroy(event);
}

static void topic_create(const char *topic, int partitions, char **settings, int count)
{
    char error[256];
    rd_kafka_t *kafka = client(RD_KAFKA_PRODUCER, NULL);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(kafka);
    rd_kafka_NewTopic_t *wanted = rd_kafka_NewTopic_new(topic, partitions, 1, error, sizeof error);
    if (!wanted)
        die(topic, error);
    for (int i = 0; i < count; i++) {
        char *value = strchr(settings[i], '=');
        if (!value)
            die(settings[i], "is no NAME=VALUE");
        *value = 0;
        rd_kafka_NewTopic_set_config(wanted, settings[i], value + 1);
    }
    rd_kafka_CreateTopics(kafka, &wanted, 1, NULL, queue);
    topic_result(queue, topic, RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS);
    rd_kafka_NewTopic_destroy(wanted);
    rd_kafka_queue_destroy(queue);
    rd_kafka_destroy(kafka);
}

static void topic_delete(const char *topic)
{
    rd_kafka_t *kafka = client(RD_KAFKA_PRODUCER, NULL);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(kafka);
    rd_kafka_DeleteTopic_t *gone = rd_kafka_DeleteTopic_new(topic);
    rd_kafka_DeleteTopics(kafka, &gone, 1, NULL, queue);
    topic_result(queue, topic, RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
    rd_kafka_DeleteTopic_destroy(gone);
    rd_kafka_queue_destroy(queue);
    rd_kafka_destroy(kafka);
}

static json_t *text(const void *bytes, size_t size)
{
    json_t *made = bytes ? json_stringn(bytes, size) : json_null();
    return made ? made : json_string("(no UTF-8)");
}

static void message_print(const rd_kafka_message_t *message)
{
    json_t *headers = json_object();
    rd_kafka_headers_t *found = NULL;
    rd_kafka_message_headers(message, &found);
    for (size_t i = 0; found && i < HEADERS_MAX; i++) {
        const char *name;
        const void *value;
        size_t size;
        if (rd_kafka_header_get_all(found, i, &name, &value, &size))
            break;
        json_object_set_new(headers, name, text(value, size));
    }
    json_t *line = json_pack("{s:i, s:I, s:I, s:o, s:o, s:o}", "partition", (int)message->partition,
                             "offset", (json_int_t)message->offset, "time_ms",
                             (json_int_t)rd_kafka_message_timestamp(message, NULL), "key",
                             text(message->key, message->key_len), "headers", headers, "value",
                             text(message->payload, message->len));
    json_dumpf(line, stdout, JSON_COMPACT);
    putchar('\n');
    json_decref(line);
}

static int partitions_of(rd_kafka_t *kafka, const char *topic)
{
    const struct rd_kafka_metadata *metadata;
    rd_kafka_topic_t *handle = rd_kafka_topic_new(kafka, topic, NULL);
    rd_kafka_resp_err_t code = rd_kafka_metadata(kafka, 0, handle, &metadata, WAIT_MS);
    if (code)
        die(topic, rd_kafka_err2str(code));
    int count = metadata->topics[0].partition_cnt;
    rd_kafka_metadata_destroy(metadata);
    rd_kafka_topic_destroy(handle);
    return count;
}

static void topic_read(const char *topic)
{
    rd_kafka_t *kafka = client(RD_KAFKA_CONSUMER, "kafka_tool");
    int left = partitions_of(kafka, topic);
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(left);
    for (int i = 0; i < left; i++)
        rd_kafka_topic_partition_list_add(list, topic, i)->offset = RD_KAFKA_OFFSET_BEGINNING;
    rd_kafka_assign(kafka, list);
    while (left > 0) {
        rd_kafka_message_t *message = rd_kafka_consumer_poll(kafka, WAIT_MS);
        if (!message)
            die(topic, "nothing came for 30 s");
        if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF)
            left--;
        else if (message->err)
            die(topic, rd_kafka_message_errstr(message));
        else
            message_print(message);
        rd_kafka_message_destroy(message);
    }
    rd_kafka_topic_partition_list_destroy(list);
    rd_kafka_consumer_close(kafka);
    rd_kafka_destroy(kafka);
}

static void topic_write(const char *topic)
{
    rd_kafka_t *kafka = client(RD_KAFKA_PRODUCER, NULL);
    rd_kafka_topic_t *handle = rd_kafka_topic_new(kafka, topic, NULL);
    char *line = NULL;
    size_t room = 0;
    ssize_t len;
    while ((len = getline(&line, &room, stdin)) > 0) {
        line[len - 1] = 0;
        char *value = strchr(line, '\t');
        if (!value)
            die(line, "is no KEY<tab>VALUE");
        *value++ = 0;
        while (rd_kafka_produce(handle, RD_KAFKA_PARTITION_UA, RD_KAFKA_MSG_F_COPY, value,
                                strlen(value), line, strlen(line), NULL) &&
               rd_kafka_last_error() == RD_KAFKA_RESP_ERR__QUEUE_FULL)
            rd_kafka_poll(kafka, 100);
        rd_kafka_poll(kafka, 0);
    }
    free(line);
    if (rd_kafka_flush(kafka, WAIT_MS))
        die(topic, "not everything could be written");
    rd_kafka_topic_destroy(handle);
    rd_kafka_destroy(kafka);
}

static void group_print(const char *group, const char *topic, int partitions)
{
    rd_kafka_t *kafka = client(RD_KAFKA_CONSUMER, group);
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(partitions);
    rd_kafka_topic_partition_list_add_range(list, topic, 0, partitions - 1);
    rd_kafka_resp_err_t code = rd_kafka_committed(kafka, list, WAIT_MS);
    if (code)
        die(group, rd_kafka_err2str(code));
    for (int i = 0; i < list->cnt; i++) {
        const rd_kafka_topic_partition_t *at = &list->elems[i];
        json_t *line =
            json_pack("{s:i, s:I, s:o}", "partition", (int)at->partition, "offset",
                      (json_int_t)at->offset, "metadata", text(at->metadata, at->metadata_size));
        json_dumpf(line, stdout, JSON_COMPACT);
        putchar('\n');
        json_decref(line);
    }
    rd_kafka_topic_partition_list_destroy(list);
    rd_kafka_destroy(kafka);
}

int main(int count, char **words)
{
    const char *verb = count > 3 ? words[2] : "";
    brokers = count > 1 ? words[1] : "";
    if (!strcmp(verb, "create") && count > 4)
        topic_create(words[3], atoi(words[4]), words + 5, count - 5);
    else if (!strcmp(verb, "delete"))
        topic_delete(words[3]);
    else if (!strcmp(verb, "read"))
        topic_read(words[3]);
    else if (!strcmp(verb, "write"))
        topic_write(words[3]);
    else if (!strcmp(verb, "committed") && count > 5)
        group_print(words[3], words[4], atoi(words[5]));
    else
        die("usage", "see the head of tests/services/kafka_tool.c");
    return 0;
}
