/* agent/ports/broker.h - the port to message brokers: submit -> report; poll -> records, rebalance; commit.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The production port is librdkafka (port_broker_rdkafka.c, the only file that includes it). A record that was taken is
 * reported exactly once; until then the broker may or may not have it. Nothing here waits for the network, but opening,
 * closing and checking.
 */
#ifndef WEIR_BROKER_H
#define WEIR_BROKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/data/str.h"

struct why;

struct broker_setting { /* by the library's own names */
    struct str name, value;
    bool is_secret; /* its value stands in no message */
};

struct broker_plan { /* what a producer or a consumer is made from; borrowed during the call */
    const struct broker_setting *settings; /* brokers among them */
    size_t count;
    struct str group;            /* of a consumer */
    const struct str *topics;    /* of a consumer */
    size_t topic_count;
};

/* --- sending ---------------------------------------------------------------------------------------- */

struct broker_header {
    const char *name;
    struct str value;
};

struct broker_message {
    const char *topic;
    struct str key;   /* a null at: none, any partition may take it */
    struct str value; /* borrowed until it is reported; all else is copied */
    const struct broker_header *headers;
    size_t header_count;
    int64_t time_ms; /* 0: now */
    void *mine;
};

enum broker_fault {
    BROKER_FINE = 0,  /* it is stored */
    BROKER_LATER,     /* heals with time: no broker, no leader, timed out, given up */
    BROKER_TOO_LARGE, /* it, or the batch it travelled in */
    BROKER_INVALID,   /* it, or the batch it travelled in, will never be taken */
    BROKER_DENIED,    /* no right to write there */
    BROKER_NO_TOPIC,
};

struct broker_report {
    void *mine;
    enum broker_fault fault;
    bool is_own;           /* the fault lies in this record alone, not perhaps in its batch */
    bool is_maybe_stored;  /* no answer came: it may be stored all the same */
    const char *words;     /* the broker's own, until the next call */
};

enum broker_taking { BROKER_TAKEN, BROKER_FULL, BROKER_REFUSED };

enum broker_news_kind {
    BROKER_DOWN,       /* not one broker can be reached */
    BROKER_LOCKED_OUT, /* the credentials are refused */
    BROKER_FATAL,      /* of no use any more: give it up, close it, open another */
    BROKER_SENT,       /* `bytes` more went over the wire */
};

struct broker_news {
    enum broker_news_kind kind;
    uint64_t bytes;
    char words[200]; /* one line, no secret */
};

struct producer {
    void *self;
    /* FULL: again after some reports. REFUSED: *ret says why, and no other report will come. */
    enum broker_taking (*submit)(void *self, const struct broker_message *message,
                                 struct broker_report *ret);
    bool (*take_report)(void *self, struct broker_report *ret);
    bool (*take_news)(void *self, struct broker_news *ret);
    void (*give_up)(void *self); /* all that is under way is reported soon, as LATER */
    void (*close)(void *self);   /* what was not reported never will be */
};

/* --- reading ---------------------------------------------------------------------------------------- */

struct broker_place { /* a partition of a topic */
    const char *topic;
    int32_t partition;
    int64_t offset;      /* committed by the group, -1: never; begin() reads it: where to start */
    struct str metadata; /* that came with the commit */
    uint32_t slot;       /* names it from ASSIGNED until end() */
};

enum broker_event_kind {
    BROKER_ASSIGNED, /* answer with begin() */
    BROKER_REVOKED,  /* answer with commit() and end(), soon */
    BROKER_LOST,     /* somebody else has it already; answer with end() */
    BROKER_TROUBLE,  /* words; it goes on trying */
    BROKER_ENDED,    /* of no use any more: close it, open another */
};

struct broker_event { /* lives until the next poll */
    enum broker_event_kind kind;
    struct broker_place *places;
    size_t count;
    struct str cluster; /* the cluster's id */
    char words[200];
};

struct broker_record { /* lives until the next take or poll */
    struct str key, value; /* a null at: none */
    int64_t offset, time_ms;
    const void *port;
};

enum broker_commit { BROKER_COMMIT_DONE = 0, BROKER_COMMIT_UNDER_WAY, BROKER_COMMIT_FAILED };

struct consumer {
    void *self;
    int wakeup; /* a descriptor that becomes readable when there is something to poll or take */
    /* To be called often, also while nothing is taken: who is silent loses its partitions. */
    bool (*poll)(void *self, struct broker_event *ret);
    void (*begin)(void *self, const struct broker_place *places, size_t count);
    void (*end)(void *self, const uint32_t *slots, size_t count);
    /* At most so many records, and no more once their values have so many bytes. */
    size_t (*take)(void *self, uint32_t slot, struct broker_record *ret, size_t most, size_t bytes);
    bool (*has)(void *self, uint32_t slot);    /* records to take */
    bool (*at_end)(void *self, uint32_t slot); /* nothing stands behind what was taken */
    struct str (*header)(const struct broker_record *record, const char *name); /* a null at: none */
    /* The next reader begins at offset. Sent without waiting; not while the one before is under way. */
    void (*commit)(void *self, uint32_t slot, int64_t offset, struct str metadata);
    enum broker_commit (*committed)(void *self, uint32_t slot); /* what became of the newest */
    void (*close)(void *self); /* leaves the group; waits some seconds for it at most */
};

/* --- the port --------------------------------------------------------------------------------------- */

struct brokers {
    void *self;
    /* Null: why. wake is called from any thread when there are reports or news. */
    const struct producer *(*produce)(void *self, const struct broker_plan *plan,
                                      void (*wake)(void *context), void *context, struct why *why);
    const struct consumer *(*consume)(void *self, const struct broker_plan *plan, struct why *why);
    /* Waits some seconds for the cluster's answer: is the topic there, and may it be seen? words: one line, no secret. */
    enum broker_fault (*look)(void *self, const struct broker_plan *plan, const char *topic, char words[200]);
    /* False: one of the settings is none of the library's or cannot be; why names it. Touches no network. */
    bool (*check)(void *self, const struct broker_plan *plan, struct why *why);
};

/* Null where the agent was built without librdkafka. */
const struct brokers *brokers_real(void);

#endif
