/* agent/ports/port_broker_rdkafka_consumer.c - the broker port over librdkafka: members of a group.
 * SPDX-License-Identifier: Apache-2.0
 *
 * What the group has committed can only be asked for by waiting, so a short-lived thread asks when
 * partitions are assigned.
 */
#include "agent/ports/port_broker_rdkafka.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "agent/limits.h"
#include "agent/memory.h"
#include "agent/must.h"
#include "agent/why.h"

enum {
    TAKE_MAX = 1024, /* records taken at once */
    ASK_MS = 5000,   /* for the group's offsets and the cluster's name */
    LEAVE_MS = 3000, /* for leaving the group */
};

struct part { /* a partition from its assignment until its end; its slot is its index */
    rd_kafka_queue_t *queue; /* null before begin() */
    char *topic;             /* null: free */
    int32_t partition;
    bool is_at_end;
    enum broker_commit commit;
};

struct rd_consumer {
    struct consumer port;
    rd_kafka_t *kafka;
    struct part *parts;
    uint32_t part_room;
    struct broker_place *places; /* of the newest event */
    rd_kafka_message_t *taken[TAKE_MAX];
    size_t taken_count;
    rd_kafka_topic_partition_list_t *arriving, *leaving;
    bool is_told, is_lost; /* about `leaving` */
    size_t left;           /* how many of them have ended */
    pthread_t asker;
    bool is_asking;
    atomic_bool is_answered;
    rd_kafka_resp_err_t answer;
    char *cluster;
    bool is_fatal, is_closing;
    bool is_empty; /* an assignment of nothing, not told yet */
    char trouble[200];
};

/* --- rebalancing
 * ---------------------------------------------------------------------------------- */

static void wake(const struct rd_consumer *consumer)
{
    uint64_t one = 1;
    ssize_t ignored = write(consumer->port.wakeup, &one, sizeof one);
    (void)ignored;
}

static void *ask(void *context)
{
    struct rd_consumer *consumer = context;
    consumer->answer = rd_kafka_committed(consumer->kafka, consumer->arriving, ASK_MS);
    if (!consumer->answer && !consumer->cluster)
        consumer->cluster = rd_kafka_clusterid(consumer->kafka, ASK_MS);
    atomic_store(&consumer->is_answered, true);
    wake(consumer);
    return NULL;
}

static void ask_begin(struct rd_consumer *consumer)
{
    sigset_t all, before;
    atomic_store(&consumer->is_answered, false);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    consumer->is_asking = pthread_create(&consumer->asker, NULL, ask, consumer) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static void error_drop(rd_kafka_error_t *error)
{
    if (error)
        rd_kafka_error_destroy(
            error); /* it was lost meanwhile; the group says so in the next event */
}

/* Called within rd_kafka_consumer_poll(); the library waits for the (un)assign that answers it. */
static void rebalance(rd_kafka_t *kafka, rd_kafka_resp_err_t code,
                      rd_kafka_topic_partition_list_t *list, void *context)
{
    struct rd_consumer *consumer = context;
    bool is_assign = code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS;
    if (list->cnt == 0 || consumer->is_closing) {
        error_drop(is_assign ? rd_kafka_incremental_assign(kafka, list)
                             : rd_kafka_incremental_unassign(kafka, list));
        consumer->is_empty = is_assign;
        return;
    }
    rd_kafka_topic_partition_list_t *copy = rd_kafka_topic_partition_list_copy(list);
    if (is_assign) {
        MUST(!consumer->arriving);
        consumer->arriving = copy;
        ask_begin(consumer);
        return;
    }
    MUST(!consumer->leaving);
    consumer->leaving = copy;
    consumer->is_told = false;
    consumer->left = 0;
    consumer->is_lost = rd_kafka_assignment_lost(kafka);
}

static void hear_error(rd_kafka_t *kafka, int code, const char *words, void *context)
{
    struct rd_consumer *consumer = context;
    (void)kafka;
    consumer->is_fatal |= code == RD_KAFKA_RESP_ERR__FATAL;
    snprintf(consumer->trouble, sizeof consumer->trouble, "%s", words);
}

/* --- places and slots
 * ------------------------------------------------------------------------------ */

static struct part *part_of(const struct rd_consumer *consumer, uint32_t slot)
{
    MUST(slot < consumer->part_room && consumer->parts[slot].topic);
    return &consumer->parts[slot];
}

static bool parts_grow(struct rd_consumer *consumer)
{
    uint32_t old = consumer->part_room, room = old ? 2 * old : 16;
    struct part *parts = memory_resize(consumer->parts, old * sizeof *parts, room * sizeof *parts);
    if (!parts)
        return false;
    memset(parts + old, 0, (room - old) * sizeof *parts);
    consumer->parts = parts;
    consumer->part_room = room;
    struct broker_place *places = memory_make(room * sizeof *places);
    if (!places)
        return false;
    memory_free(consumer->places);
    consumer->places = places;
    return true;
}

/* The slot of a partition, made when it is new; UINT32_MAX: no memory. */
static uint32_t slot_of(struct rd_consumer *consumer, const rd_kafka_topic_partition_t *of)
{
    uint32_t free_slot = UINT32_MAX;
    for (uint32_t i = consumer->part_room; i-- > 0;) {
        const struct part *part = &consumer->parts[i];
        if (!part->topic)
            free_slot = i;
        else if (part->partition == of->partition && !strcmp(part->topic, of->topic))
            return i;
    }
    if (free_slot == UINT32_MAX) {
        free_slot = consumer->part_room;
        if (!parts_grow(consumer))
            return UINT32_MAX;
    }
    size_t size = strlen(of->topic) + 1;
    char *topic = memory_make(size);
    if (!topic)
        return UINT32_MAX;
    memcpy(topic, of->topic, size);
    consumer->parts[free_slot] = (struct part){.topic = topic, .partition = of->partition};
    return free_slot;
}

static void part_end(struct part *part)
{
    if (part->queue)
        rd_kafka_queue_destroy(part->queue);
    memory_free(part->topic);
    *part = (struct part){0};
}

static bool tell_places(struct rd_consumer *consumer, const rd_kafka_topic_partition_list_t *list,
                        enum broker_event_kind kind, struct broker_event *ret)
{
    *ret = (struct broker_event){.kind = kind, .cluster = str_from(consumer->cluster)};
    for (int i = 0; i < list->cnt; i++) {
        const rd_kafka_topic_partition_t *at = &list->elems[i];
        uint32_t slot = slot_of(consumer, at);
        if (slot == UINT32_MAX)
            continue; /* nobody reads it: the others go on */
        consumer->places[ret->count++] =
            (struct broker_place){.topic = consumer->parts[slot].topic,
                                  .partition = at->partition,
                                  .offset = at->offset >= 0 ? at->offset : -1,
                                  .metadata = {at->metadata, at->metadata_size},
                                  .slot = slot};
    }
    ret->places = consumer->places;
    return true;
}

/* --- polling
 * -------------------------------------------------------------------------------------- */

static void taken_release(struct rd_consumer *consumer)
{
    for (size_t i = 0; i < consumer->taken_count; i++)
        rd_kafka_message_destroy(consumer->taken[i]);
    consumer->taken_count = 0;
}

static bool trouble_tell(struct rd_consumer *consumer, struct broker_event *ret)
{
    if (!consumer->trouble[0])
        return false;
    *ret = (struct broker_event){.kind = consumer->is_fatal ? BROKER_ENDED : BROKER_TROUBLE};
    snprintf(ret->words, sizeof ret->words, "%s", consumer->trouble);
    consumer->trouble[0] = 0;
    return true;
}

/* The answer about what was assigned; asked again when there was none. */
static bool answer_tell(struct rd_consumer *consumer, struct broker_event *ret)
{
    if (consumer->arriving && !consumer->is_asking)
        ask_begin(consumer); /* there was no thread to be had */
    if (!consumer->is_asking || !atomic_load(&consumer->is_answered))
        return false;
    pthread_join(consumer->asker, NULL);
    consumer->is_asking = false;
    if (!consumer->answer && consumer->cluster)
        return tell_places(consumer, consumer->arriving, BROKER_ASSIGNED, ret);
    snprintf(consumer->trouble, sizeof consumer->trouble, "the group's offsets: %s",
             consumer->answer ? rd_kafka_err2str(consumer->answer) : "the cluster says no id");
    ask_begin(consumer);
    return trouble_tell(consumer, ret);
}

static void queue_serve(struct rd_consumer *consumer)
{
    for (;;) {
        rd_kafka_message_t *message = rd_kafka_consumer_poll(consumer->kafka, 0);
        if (!message)
            return;
        MUST(message->err); /* records have queues of their own */
        if (message->err != RD_KAFKA_RESP_ERR__PARTITION_EOF)
            snprintf(consumer->trouble, sizeof consumer->trouble, "%s",
                     rd_kafka_message_errstr(message));
        rd_kafka_message_destroy(message);
    }
}

static bool consumer_poll(void *self, struct broker_event *ret)
{
    struct rd_consumer *consumer = self;
    uint64_t drained;
    ssize_t ignored = read(consumer->port.wakeup, &drained, sizeof drained);
    (void)ignored;
    taken_release(consumer);
    queue_serve(consumer);
    if (answer_tell(consumer, ret))
        return true;
    if (consumer->is_empty) {
        consumer->is_empty = false;
        *ret = (struct broker_event){.kind = BROKER_ASSIGNED};
        return true;
    }
    if (consumer->leaving && !consumer->is_told) {
        consumer->is_told = true;
        return tell_places(consumer, consumer->leaving,
                           consumer->is_lost ? BROKER_LOST : BROKER_REVOKED, ret);
    }
    return trouble_tell(consumer, ret);
}

static void queue_open(struct rd_consumer *consumer, uint32_t slot)
{
    static const uint64_t one = 1;
    struct part *part = part_of(consumer, slot);
    part->queue = rd_kafka_queue_get_partition(consumer->kafka, part->topic, part->partition);
    rd_kafka_queue_forward(part->queue, NULL);
    rd_kafka_queue_io_event_enable(part->queue, consumer->port.wakeup, &one, sizeof one);
}

static void consumer_begin(void *self, const struct broker_place *places, size_t count)
{
    struct rd_consumer *consumer = self;
    if (!consumer->arriving)
        return; /* an assignment of nothing */
    for (size_t i = 0; i < count; i++) {
        rd_kafka_topic_partition_t *at = rd_kafka_topic_partition_list_find(
            consumer->arriving, places[i].topic, places[i].partition);
        MUST(at != NULL);
        at->offset = places[i].offset >= 0 ? places[i].offset : RD_KAFKA_OFFSET_INVALID;
        queue_open(consumer, places[i].slot);
    }
    error_drop(rd_kafka_incremental_assign(consumer->kafka, consumer->arriving));
    rd_kafka_topic_partition_list_destroy(consumer->arriving);
    consumer->arriving = NULL;
}

static void consumer_end(void *self, const uint32_t *slots, size_t count)
{
    struct rd_consumer *consumer = self;
    taken_release(consumer);
    for (size_t i = 0; i < count; i++)
        part_end(part_of(consumer, slots[i]));
    consumer->left += count;
    if (!consumer->leaving || consumer->left < (size_t)consumer->leaving->cnt)
        return;
    error_drop(rd_kafka_incremental_unassign(consumer->kafka, consumer->leaving));
    rd_kafka_topic_partition_list_destroy(consumer->leaving);
    consumer->leaving = NULL;
}

/* --- records
 * -------------------------------------------------------------------------------------- */

static size_t consumer_take(void *self, uint32_t slot, struct broker_record *ret, size_t most,
                            size_t bytes)
{
    struct rd_consumer *consumer = self;
    struct part *part = part_of(consumer, slot);
    size_t count = 0, taken = 0;
    taken_release(consumer);
    while (part->queue && count < most && count < TAKE_MAX && taken < bytes) {
        rd_kafka_message_t *message = rd_kafka_consume_queue(part->queue, 0);
        if (!message)
            break;
        if (message->err) {
            part->is_at_end |= message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF;
            rd_kafka_message_destroy(message);
            continue;
        }
        part->is_at_end = false;
        taken += message->len;
        consumer->taken[consumer->taken_count++] = message;
        ret[count++] = (struct broker_record){.key = {message->key, message->key_len},
                                              .value = {message->payload, message->len},
                                              .offset = message->offset,
                                              .time_ms = rd_kafka_message_timestamp(message, NULL),
                                              .port = message};
    }
    return count;
}

static bool consumer_has(void *self, uint32_t slot)
{
    const struct part *part = part_of(self, slot);
    return part->queue && rd_kafka_queue_length(part->queue) > 0;
}

static bool consumer_at_end(void *self, uint32_t slot)
{
    return part_of(self, slot)->is_at_end;
}

static struct str consumer_header(const struct broker_record *record, const char *name)
{
    rd_kafka_headers_t *headers;
    const void *value;
    size_t size;
    if (rd_kafka_message_headers(record->port, &headers) ||
        rd_kafka_header_get_last(headers, name, &value, &size))
        return (struct str){0};
    return (struct str){value, size};
}

static void hear_commit(rd_kafka_t *kafka, rd_kafka_resp_err_t code,
                        rd_kafka_topic_partition_list_t *list, void *context)
{
    struct rd_consumer *consumer = context;
    (void)kafka;
    for (int i = 0; list && i < list->cnt; i++) {
        const rd_kafka_topic_partition_t *at = &list->elems[i];
        for (uint32_t slot = 0; slot < consumer->part_room; slot++) {
            struct part *part = &consumer->parts[slot];
            if (part->topic && part->partition == at->partition && !strcmp(part->topic, at->topic))
                part->commit = code || at->err ? BROKER_COMMIT_FAILED : BROKER_COMMIT_DONE;
        }
    }
}

static enum broker_commit consumer_committed(void *self, uint32_t slot)
{
    return part_of(self, slot)->commit;
}

/* --- commits, the end
 * ------------------------------------------------------------------------------ */

static void consumer_commit(void *self, uint32_t slot, int64_t offset, struct str metadata)
{
    struct rd_consumer *consumer = self;
    struct part *part = part_of(consumer, slot);
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_t *at =
        rd_kafka_topic_partition_list_add(list, part->topic, part->partition);
    at->offset = offset;
    at->metadata = metadata.len ? rd_kafka_mem_malloc(NULL, metadata.len) : NULL;
    at->metadata_size = at->metadata ? metadata.len : 0;
    if (at->metadata)
        memcpy(at->metadata, metadata.at, metadata.len);
    rd_kafka_resp_err_t code = rd_kafka_commit(consumer->kafka, list, 1);
    part->commit = code ? BROKER_COMMIT_FAILED : BROKER_COMMIT_UNDER_WAY;
    rd_kafka_topic_partition_list_destroy(list);
}

/* The group is told, if somebody is there to be told. */
static void group_leave(struct rd_consumer *consumer)
{
    rd_kafka_queue_t *queue = rd_kafka_queue_new(consumer->kafka);
    error_drop(rd_kafka_consumer_close_queue(consumer->kafka, queue));
    for (int waited = 0; waited < LEAVE_MS && !rd_kafka_consumer_closed(consumer->kafka);
         waited += 50) {
        rd_kafka_message_t *message = rd_kafka_consume_queue(queue, 50);
        if (message)
            rd_kafka_message_destroy(message);
    }
    rd_kafka_queue_destroy(queue);
}

/* The library does not let go before each of its questions was answered. */
static void pending_answer(struct rd_consumer *consumer)
{
    if (consumer->arriving) {
        error_drop(rd_kafka_incremental_assign(consumer->kafka, consumer->arriving));
        rd_kafka_topic_partition_list_destroy(consumer->arriving);
    }
    if (consumer->leaving) {
        error_drop(rd_kafka_incremental_unassign(consumer->kafka, consumer->leaving));
        rd_kafka_topic_partition_list_destroy(consumer->leaving);
    }
}

static bool is_committing(const struct rd_consumer *consumer)
{
    for (uint32_t i = 0; i < consumer->part_room; i++)
        if (consumer->parts[i].topic && consumer->parts[i].commit == BROKER_COMMIT_UNDER_WAY)
            return true;
    return false;
}

/* What was committed just before the end gets its answer. */
static void commits_wait(struct rd_consumer *consumer)
{
    for (int waited = 0; waited < LEAVE_MS && is_committing(consumer); waited += 50) {
        rd_kafka_message_t *message = rd_kafka_consumer_poll(consumer->kafka, 50);
        if (message)
            rd_kafka_message_destroy(message);
    }
}

static void consumer_close(void *self)
{
    struct rd_consumer *consumer = self;
    consumer->is_closing = true;
    commits_wait(consumer);
    if (consumer->is_asking)
        pthread_join(consumer->asker, NULL);
    taken_release(consumer);
    for (uint32_t i = 0; i < consumer->part_room; i++)
        if (consumer->parts[i].topic)
            part_end(&consumer->parts[i]);
    pending_answer(consumer);
    group_leave(consumer);
    if (consumer->cluster)
        rd_kafka_mem_free(consumer->kafka, consumer->cluster);
    rd_kafka_destroy_flags(consumer->kafka, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
    close(consumer->port.wakeup);
    memory_free(consumer->parts);
    memory_free(consumer->places);
    memory_free(consumer);
}

static bool subscribe(struct rd_consumer *consumer, const struct broker_plan *plan, struct why *why)
{
    char topic[TARGET_BYTES_MAX + 1];
    rd_kafka_topic_partition_list_t *list =
        rd_kafka_topic_partition_list_new((int)plan->topic_count);
    for (size_t i = 0; i < plan->topic_count; i++)
        rd_kafka_topic_partition_list_add(list, str_z(plan->topics[i], topic, sizeof topic),
                                          RD_KAFKA_PARTITION_UA);
    rd_kafka_resp_err_t code = rd_kafka_subscribe(consumer->kafka, list);
    rd_kafka_topic_partition_list_destroy(list);
    if (code)
        (void)fail(why, BAD_CONFIG, "cannot subscribe: %s", rd_kafka_err2str(code));
    return code == RD_KAFKA_RESP_ERR_NO_ERROR;
}

static bool consumer_open(struct rd_consumer *consumer, const struct broker_plan *plan,
                          struct why *why)
{
    static const uint64_t one = 1;
    rd_kafka_conf_t *conf = rdkafka_conf(plan, true, why);
    if (!conf)
        return false;
    rd_kafka_conf_set_opaque(conf, consumer);
    rd_kafka_conf_set_rebalance_cb(conf, rebalance);
    rd_kafka_conf_set_error_cb(conf, hear_error);
    rd_kafka_conf_set_offset_commit_cb(conf, hear_commit);
    consumer->kafka = rdkafka_client(RD_KAFKA_CONSUMER, conf, why);
    if (!consumer->kafka)
        return false;
    rd_kafka_poll_set_consumer(consumer->kafka);
    rd_kafka_queue_t *queue = rd_kafka_queue_get_consumer(consumer->kafka);
    rd_kafka_queue_io_event_enable(queue, consumer->port.wakeup, &one, sizeof one);
    rd_kafka_queue_destroy(queue);
    if (subscribe(consumer, plan, why))
        return true;
    rd_kafka_destroy_flags(consumer->kafka, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
    return false;
}

const struct consumer *rdkafka_consume(void *self, const struct broker_plan *plan, struct why *why)
{
    (void)self;
    struct rd_consumer *consumer = memory_make(sizeof *consumer);
    if (!consumer) {
        (void)fail(why, OVER_LIMIT, "no memory for a consumer");
        return NULL;
    }
    *consumer = (struct rd_consumer){.port = {.self = consumer,
                                              .wakeup = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK),
                                              .poll = consumer_poll,
                                              .begin = consumer_begin,
                                              .end = consumer_end,
                                              .take = consumer_take,
                                              .has = consumer_has,
                                              .at_end = consumer_at_end,
                                              .header = consumer_header,
                                              .commit = consumer_commit,
                                              .committed = consumer_committed,
                                              .close = consumer_close}};
    if (consumer_open(consumer, plan, why))
        return &consumer->port;
    close(consumer->port.wakeup);
    memory_free(consumer);
    return NULL;
}
