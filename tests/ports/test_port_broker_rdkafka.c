/* tests/ports/test_port_broker_rdkafka.c - mirrors agent/ports/port_broker_rdkafka.c, over
 * librdkafka's own mock cluster. SPDX-License-Identifier: Apache-2.0
 */
#include "agent/ports/port_broker_rdkafka.c"
#include "agent/ports/port_broker_rdkafka_consumer.c"

#include <librdkafka/rdkafka_mock.h>
#include <poll.h>

#include "tests/check.h"
#include "tests/ports/c11_threads.h"

enum { RECORDS = 200, WAIT_MS = 20000 };

struct bell { /* rings when the port wakes its owner */
    int fd;
};

static void ring(void *context)
{
    const struct bell *bell = context;
    uint64_t one = 1;
    ssize_t ignored = write(bell->fd, &one, sizeof one);
    (void)ignored;
}

static void wait_for(int fd)
{
    struct pollfd polled = {.fd = fd, .events = POLLIN};
    uint64_t drained;
    CHECK(poll(&polled, 1, WAIT_MS) > 0);
    ssize_t ignored = read(fd, &drained, sizeof drained);
    (void)ignored;
}

struct mock {
    rd_kafka_t *owner;
    rd_kafka_mock_cluster_t *cluster;
    struct broker_setting settings[3];
    struct broker_plan plan;
    struct bell bell;
    const struct producer *producer;
};

static void mock_open(struct mock *mock)
{
    struct why why;
    char error[256];
    *mock = (struct mock){.bell.fd = eventfd(0, EFD_NONBLOCK)};
    mock->owner = rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), error, sizeof error);
    mock->cluster = rd_kafka_mock_cluster_new(mock->owner, 1);
    rd_kafka_mock_topic_create(mock->cluster, "t", 1, 1);
    mock->settings[0] =
        (struct broker_setting){.name = STR("bootstrap.servers"),
                                .value = str_from(rd_kafka_mock_cluster_bootstraps(mock->cluster))};
    mock->settings[1] =
        (struct broker_setting){.name = STR("queue.buffering.max.messages"), .value = STR("50")};
    mock->settings[2] =
        (struct broker_setting){.name = STR("retry.backoff.ms"), .value = STR("20")};
    mock->plan = (struct broker_plan){.settings = mock->settings, .count = 3};
    mock->producer = rdkafka_produce(NULL, &mock->plan, ring, &mock->bell, &why);
    CHECK(mock->producer != NULL);
}

static void mock_close(struct mock *mock)
{
    mock->producer->close(mock->producer->self);
    rd_kafka_mock_cluster_destroy(mock->cluster);
    rd_kafka_destroy(mock->owner);
    close(mock->bell.fd);
}

static struct broker_message message_of(const char *topic, char *value, int *mine)
{
    static struct broker_header header;
    header = (struct broker_header){.name = "weir-weight", .value = STR("10")};
    return (struct broker_message){.topic = topic,
                                   .key = STR("k"),
                                   .value = str_from(value),
                                   .headers = &header,
                                   .header_count = 1,
                                   .time_ms = 1000,
                                   .mine = mine};
}

/* Hands over all, waiting where the queue is full, and counts each record's reports. */
static unsigned send_all(struct mock *mock, int *reports, struct broker_report *last)
{
    const struct producer *producer = mock->producer;
    static char value[] = "{}";
    unsigned full = 0, reported = 0;
    for (unsigned sent = 0; reported < RECORDS;) {
        struct broker_message message = message_of("t", value, &reports[sent]);
        enum broker_taking taking =
            sent < RECORDS ? producer->submit(producer->self, &message, last) : BROKER_FULL;
        sent += taking == BROKER_TAKEN;
        CHECK(taking != BROKER_REFUSED);
        if (taking != BROKER_FULL)
            continue;
        full += sent < RECORDS;
        wait_for(mock->bell.fd);
        for (; producer->take_report(producer->self, last); reported++)
            ++*(int *)last->mine;
    }
    return full;
}

static void every_record_gets_one_report_and_a_full_queue_says_so(void)
{
    struct mock mock;
    struct broker_report report;
    int reports[RECORDS] = {0};
    mock_open(&mock);
    CHECK(send_all(&mock, reports, &report) > 0);
    for (int i = 0; i < RECORDS; i++)
        CHECK_EQ(reports[i], 1);
    CHECK_EQ(report.fault, BROKER_FINE);
    mock_close(&mock);
}

static struct broker_report one_report(struct mock *mock, const char *topic, char *value)
{
    const struct producer *producer = mock->producer;
    struct broker_report report = {0};
    int mine = 0;
    struct broker_message message = message_of(topic, value, &mine);
    enum broker_taking taking = producer->submit(producer->self, &message, &report);
    CHECK(taking != BROKER_FULL);
    while (taking == BROKER_TAKEN && !producer->take_report(producer->self, &report))
        wait_for(mock->bell.fd);
    CHECK(report.mine == &mine);
    return report;
}

static void what_a_broker_says_becomes_a_fault(void)
{
    static const struct {
        rd_kafka_resp_err_t code;
        enum broker_fault fault;
    } cases[] = {
        {RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, BROKER_FINE}, /* the library tries again */
        {RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS, BROKER_FINE},
        {RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, BROKER_DENIED},
        {RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, BROKER_TOO_LARGE},
        {RD_KAFKA_RESP_ERR_INVALID_RECORD, BROKER_INVALID},
    };
    static char value[] = "{\"a\":1}";
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct mock mock;
        mock_open(&mock);
        rd_kafka_mock_push_request_errors(mock.cluster, 0 /* Produce */, 1, cases[i].code);
        struct broker_report report = one_report(&mock, "t", value);
        CHECK_EQ(report.fault, cases[i].fault);
        CHECK(!report.is_own);
        mock_close(&mock);
    }
}

static void a_record_above_the_limit_is_refused_at_once_and_alone(void)
{
    static char value[2000001];
    struct mock mock;
    memset(value, 'x', sizeof value - 1);
    mock_open(&mock);
    struct broker_report report = one_report(&mock, "t", value);
    CHECK_EQ(report.fault, BROKER_TOO_LARGE);
    CHECK(report.is_own);
    CHECK(strstr(report.words, "too large"));
    mock_close(&mock);
}

static void a_missing_topic_is_told(void)
{
    static char value[] = "{}";
    struct mock mock;
    mock_open(&mock);
    rd_kafka_mock_topic_set_error(mock.cluster, "gone", RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
    CHECK_EQ(one_report(&mock, "gone", value).fault, BROKER_NO_TOPIC);
    mock_close(&mock);
}

static void brokers_that_are_down_are_news_and_what_is_given_up_is_reported(void)
{
    static char value[] = "{}";
    struct mock mock;
    struct broker_report report;
    struct broker_news news;
    int mine = 0;
    mock_open(&mock);
    rd_kafka_mock_broker_set_down(mock.cluster, 1);
    const struct producer *producer = mock.producer;
    struct broker_message message = message_of("t", value, &mine);
    CHECK_EQ(producer->submit(producer->self, &message, &report), BROKER_TAKEN);
    do {
        wait_for(mock.bell.fd);
        CHECK(!producer->take_report(producer->self, &report));
    } while (!producer->take_news(producer->self, &news) || news.kind != BROKER_DOWN);
    producer->give_up(producer->self);
    while (!producer->take_report(producer->self, &report))
        wait_for(mock.bell.fd);
    CHECK_EQ(report.fault, BROKER_LATER);
    CHECK(report.mine == &mine);
    mock_close(&mock);
}

static void a_look_says_whether_the_topic_is_there(void)
{
    struct mock mock;
    char words[200];
    mock_open(&mock);
    rd_kafka_mock_topic_set_error(mock.cluster, "gone", RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
    rd_kafka_mock_topic_set_error(mock.cluster, "shut",
                                  RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
    CHECK_EQ(rdkafka_look(NULL, &mock.plan, "t", words), BROKER_FINE);
    CHECK_TEXT(str_from(words), "1 partitions");
    CHECK_EQ(rdkafka_look(NULL, &mock.plan, "gone", words), BROKER_NO_TOPIC);
    CHECK_EQ(rdkafka_look(NULL, &mock.plan, "shut", words), BROKER_DENIED);
    mock.settings[0].value = STR("127.0.0.1:1");
    CHECK_EQ(rdkafka_look(NULL, &mock.plan, "t", words), BROKER_LATER);
    CHECK(strstr(words, "127.0.0.1:1"));
    mock_close(&mock);
}

static void settings_are_checked_and_secrets_kept(void)
{
    const struct {
        struct broker_setting setting;
        const char *words; /* null: it is fine */
    } cases[] = {
        {{.name = STR("linger.ms"), .value = STR("50")}, NULL},
        {{.name = STR("linger.sm"), .value = STR("50")}, "no setting `linger.sm`"},
        {{.name = STR("linger.ms"), .value = STR("soon")}, "linger.ms"},
        {{.name = STR("security.protocol"), .value = STR("sasl")}, "security.protocol"},
        {{.name = STR("linger.ms"), .value = STR("hunter2"), .is_secret = true},
         "does not take the value of `linger.ms`"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct broker_plan plan = {.settings = &cases[i].setting, .count = 1};
        struct why why = {0};
        CHECK_EQ(rdkafka_check(NULL, &plan, &why), cases[i].words == NULL);
        CHECK(!cases[i].words || strstr(why.text, cases[i].words));
        CHECK(!strstr(why.text, "hunter2"));
    }
}

static const struct consumer *consumer_of(struct mock *mock)
{
    static struct str topic;
    struct why why;
    topic = STR("t");
    mock->plan = (struct broker_plan){.settings = mock->settings,
                                      .count = 1,
                                      .group = STR("g"),
                                      .topics = &topic,
                                      .topic_count = 1};
    const struct consumer *consumer = rdkafka_consume(NULL, &mock->plan, &why);
    CHECK(consumer != NULL);
    return consumer;
}

static struct broker_event event_of(const struct consumer *consumer, enum broker_event_kind kind)
{
    struct broker_event event = {0};
    while (!consumer->poll(consumer->self, &event) || event.kind != kind)
        wait_for(consumer->wakeup);
    return event;
}

/* Reads to the end, and says how many records came. */
static unsigned read_all(const struct consumer *consumer, uint32_t slot)
{
    struct broker_record records[50];
    struct broker_event event;
    unsigned count = 0;
    while (!consumer->at_end(consumer->self, slot)) {
        if (!consumer->has(consumer->self, slot))
            wait_for(consumer->wakeup);
        (void)consumer->poll(consumer->self, &event);
        size_t got = consumer->take(consumer->self, slot, records, COUNT(records), 1 << 20);
        for (size_t i = 0; i < got; i++, count++) {
            CHECK_EQ(records[i].offset, count);
            CHECK_TEXT(records[i].key, "k");
            CHECK_TEXT(consumer->header(&records[i], "weir-weight"), "10");
            CHECK(consumer->header(&records[i], "weir-hops").at == NULL);
        }
    }
    return count;
}

/* As another client sees it. */
static void check_committed(struct mock *mock, int64_t offset, const char *metadata)
{
    char error[256];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set(conf, "bootstrap.servers", rd_kafka_mock_cluster_bootstraps(mock->cluster),
                      error, sizeof error);
    rd_kafka_conf_set(conf, "group.id", "g", error, sizeof error);
    rd_kafka_t *kafka = rd_kafka_new(RD_KAFKA_CONSUMER, conf, error, sizeof error);
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    const rd_kafka_topic_partition_t *at = rd_kafka_topic_partition_list_add(list, "t", 0);
    CHECK_EQ(rd_kafka_committed(kafka, list, WAIT_MS), 0);
    CHECK_EQ(at->offset, offset);
    struct str said = {at->metadata, at->metadata_size};
    CHECK_TEXT(said, metadata);
    rd_kafka_topic_partition_list_destroy(list);
    rd_kafka_destroy(kafka);
}

static void a_member_reads_and_what_it_commits_is_there_for_the_next(void)
{
    struct mock mock;
    struct broker_report report;
    int reports[RECORDS] = {0};
    mock_open(&mock);
    (void)send_all(&mock, reports, &report);
    const struct consumer *consumer = consumer_of(&mock);
    struct broker_event event = event_of(consumer, BROKER_ASSIGNED);
    CHECK_EQ(event.count, 1);
    CHECK_EQ(event.places[0].offset, -1);
    CHECK(event.cluster.len > 0);
    uint32_t slot = event.places[0].slot;
    consumer->begin(consumer->self, event.places, 1);
    CHECK_EQ(read_all(consumer, slot), RECORDS);
    consumer->commit(consumer->self, slot, 120, STR("w1 says so"));
    consumer->close(consumer->self);
    check_committed(&mock, 120, "w1 says so");
    mock_close(&mock);
}

CHECK_MAIN(TEST(every_record_gets_one_report_and_a_full_queue_says_so),
           TEST(what_a_broker_says_becomes_a_fault),
           TEST(a_record_above_the_limit_is_refused_at_once_and_alone),
           TEST(a_missing_topic_is_told),
           TEST(brokers_that_are_down_are_news_and_what_is_given_up_is_reported),
           TEST(a_look_says_whether_the_topic_is_there),
           TEST(settings_are_checked_and_secrets_kept),
           TEST(a_member_reads_and_what_it_commits_is_there_for_the_next))
