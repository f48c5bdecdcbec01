/* agent/weir.h - all that a plugin may include: the manual for plugin authors.
 * SPDX-License-Identifier: Apache-2.0
 *
 * A plugin is one file in inputs/, filters/ or outputs/, one settings table and one line in
 * agent/builtin.def. Its state is a struct that the engine zeroes, fills from the settings and hands to
 * every callback as `self`. Plugins never call malloc, sleep, retry, log or count delivery: they say what is so,
 * and the engine does the rest. Callbacks run on the lane, except where it says otherwise.
 */
#ifndef WEIR_WEIR_H
#define WEIR_WEIR_H

#include "agent/config/expr.h"
#include "agent/config/setting.h"
#include "agent/config/template.h"
#include "agent/data/batch.h"
#include "agent/data/encode.h"
#include "agent/data/flatten.h"
#include "agent/data/lines.h"
#include "agent/data/otlp.h"
#include "agent/data/record.h"
#include "agent/data/scan.h"
#include "agent/delivery/answer.h"
#include "agent/delivery/cluster.h"
#include "agent/delivery/endpoint.h"
#include "agent/limits.h"
#include "agent/must.h"
#include "agent/ports/files.h"
#include "agent/ports/terminal.h"
#include "agent/state/handover.h"
#include "agent/sampling/parking.h"
#include "agent/state/resume.h"

/* --- what the engine offers ------------------------------------------------------------------------ */

struct host; /* the engine, as one plugin instance sees it */
struct errand;

struct arena *host_arena(struct host *host);        /* run lifetime; for open() only */
const struct names *host_names(struct host *host);
struct str host_label(struct host *host);           /* the block's label */
const char *host_where(struct host *host);          /* "file:line:column" of the block, for why texts */
const struct brokers *host_brokers(struct host *host); /* the broker port */
const struct files *host_files(struct host *host);  /* the files port; an input's is its own, with its notices */
int64_t host_now(struct host *host);                /* wall clock, ns; read once per pass */
/* A counter weir_<kind>_<name>_total{label} in /metrics; made in open(), added to from the lane. */
uint64_t *host_counter(struct host *host, const char *name, const char *help);
/* One line of operator's log, at most once per `key` until host_recovered(host, key, ...) is told. */
void host_alarm(struct host *host, const char *key, const char *format, ...) __attribute__((format(printf, 3, 4)));
void host_recovered(struct host *host, const char *key, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* --- inputs: nouns of the far end ------------------------------------------------------------------- */

/* key names it across restarts within this input ("f12": the birth's serial); id_prefix goes in front of
 * the offset in document ids. Where the engine remembers the key, the source resumes. Null: too many.
 * What can be asked of it then stands in state/resume.h. */
struct source *source_open(struct host *host, struct str key, struct str id_prefix, void *mine);
/* The same where others name the events alike (a topic's records): the prefix is all that stands in front. */
struct source *source_open_shared(struct host *host, struct str key, struct str id_prefix, void *mine);
uint64_t host_agent_id(struct host *host); /* of this agent, for what it hands over */
/* What the engine remembers for this input; each() may open sources. resume is the rewind. */
void host_each_known(struct host *host,
                     void (*each)(void *context, struct str key, struct str note, uint64_t resume),
                     void *context);
/* Some input's source has this key, in this run or an earlier one. */
bool host_remembers(struct host *host, struct str key);
/* The state directory; empty where nothing outlives the process. What a plugin keeps there begins with its own name. */
struct str host_directory(struct host *host);
uint64_t host_new_serial(struct host *host); /* never given before, across restarts; journaled */

enum read_result {
    READ_SOME,  /* the batch has bytes; there may be more */
    READ_AT_END, /* nothing more now (the batch may have bytes all the same): not ready until source_ready() */
    READ_ENDED,  /* nothing more, ever: as good as source_finish() */
};

struct input {
    const char *name, *summary; /* the summary is one sentence */
    const struct setting *settings;
    size_t size;
    bool ends;        /* ends at its end even without --once (stdin) */
    bool not_kept;    /* cannot be read again: held back instead of kept (stdin) */
    /* What the rows cannot know, without a look at the world: `agent check` asks it too. May be null. */
    enum code (*check)(void *self, struct host *host, struct why *why);
    /* `agent check --connect`: what is there to be read now, by errand_tell(). Opens nothing. May be null. */
    void (*look)(const void *self, struct host *host, struct errand *errand);
    enum code (*open)(void *self, struct host *host, struct why *why);
    /* Look for new, changed and gone sources. Called often; must be cheap when nothing changed.
     * `once` is true under --once. Returns when it wants to be called again at the latest (mono ns). */
    int64_t (*watch)(void *self, struct host *host, int64_t mono_ns, bool once);
    /* A descriptor that becomes readable when watch() should be called, or -1. */
    int (*wakeup)(void *self);
    /* Null: never. Under --once: more may come, though no source is ready. */
    bool (*is_waiting)(const void *self);
    /* Fill the batch (events with bytes, origin.offset, origin.length) with what comes next; batch->offset and
     * batch->bytes say which part of the source that was, blank and cut lines included. READ_SOME with an empty
     * batch is no error: a very long line is read in steps. `final`: an unterminated last line is an event too
     * (--once); a source that ends by itself needs no telling. */
    enum read_result (*read)(void *self, struct source *source, struct batch *batch, bool final);
    void (*close)(void *self);
};

/* --- filters: verbs ---------------------------------------------------------------------------------- */

struct filter {
    const char *name, *summary;
    const struct setting *settings;
    size_t size;
    bool label_wanted; /* two of these on one path must be labelled */
    bool when_required; /* without a `when` the block is a mistake */
    bool sets_time;    /* reads time_ns from the event: the engine then gives one to those without */
    /* Looks at nothing of the world: `agent check` opens filters and outputs too. A why that names a `setting` is shown
     * where that stands. */
    enum code (*open)(void *self, struct host *host, struct why *why);
    /* Every event of the view is live and satisfies `when`. Edit it, or set its fate. */
    void (*apply)(void *self, struct view *view);
    void (*close)(void *self);

    /* For filters that hold events or remember across them (all null otherwise): */

    /* What time it is in the streams for what apply() gets next; it may go back when a backlog turns up. */
    void (*keep_time)(void *self, int64_t stream_ns);
    /* The largest stream time at which nothing would happen; INT64_MAX: no timer runs. */
    int64_t (*due)(void *self);
    /* Puts what is to go on into `out` (at most room events and little more than RELEASE_BYTES_MAX, made in its
     * arena), decided by now on stream time (INT64_MAX: the streams have ended, decide everything). Called until it returns false.
     * Events whose fate is FATE_SAMPLED_OUT go along, so that the ledger sees them. */
    bool (*release)(void *self, int64_t stream_ns, struct view *out, uint32_t room);
    /* Smallest offset of this source that a restart must read again for this filter's state. */
    uint64_t (*oldest)(void *self, const struct source *source); /* UINT64_MAX: none */
    /* Verdicts: what must be known after a crash. load() gets each blob that host_remember() was given and
     * that is still in the journal; save() repeats all that is still worth keeping. */
    void (*load)(void *self, struct str blob);
    void (*save)(void *self, struct host *host);
    uint64_t (*held)(void *self); /* events held now */
    uint64_t (*held_bytes)(void *self);
};

/* Writes a blob (<= 4 KiB) into the journal under this plugin's path and label; returns a ticket. */
uint64_t host_remember(struct host *host, struct str blob);
/* True once everything up to the ticket is on disk. Nothing of a trace leaves before its verdict is. */
bool host_is_synced(struct host *host, uint64_t ticket);
/* The filter's share of agent.memory, for what it holds. */
uint64_t host_held_budget(struct host *host);
/* Of all files of the configuration: an edited one has another. */
uint64_t host_config_hash(struct host *host);
/* Puts bytes aside on disk, for this run of the process. Forget every place that was given, once its bytes are back or not
 * wanted any more. */
enum parked host_park(struct host *host, struct str bytes, uint64_t *ret_place);
enum parked host_unpark(struct host *host, uint64_t place, struct arena *arena, struct str *ret);
void host_forget_parked(struct host *host, uint64_t place);
/* Position in the list of filters of this event's path: two samplers in series have different ones. */
struct str host_path(struct host *host); /* branch path and label: identity of remembered state */

/* Headers of a broker's records by which a second agent knows an event again. */
#define HEADER_EVENT_ID "weir-event-id"
#define HEADER_WEIGHT   "weir-weight" /* how many events it stands for */
#define HEADER_HOPS     "weir-hops"   /* samplers it passed: the next one's dice must differ */

/* --- outputs: nouns of the far end -------------------------------------------------------------------- */

enum verdict {
    DELIVERED = 0,
    DELIVERED_TWIN, /* it was there already: delivered if we may have sent it before, else an identity collision */
    RETRY,          /* heals with time */
    REFUSED,        /* poison: dead letter with the destination's own words */
    TOO_LARGE,      /* split and send the halves */
    HOLD,           /* an operator must act: pause the target, alarm, probe slowly, lose nothing */
    NO_ANSWER,      /* fate unknown: the engine's own, never said by a plugin */
    SUSPECT,        /* refused together with others; the engine's own: it goes again in halves, then alone */
};

/* What a status that is no success says of a whole request, unless the far end says more in words. (answer.c) */
enum verdict verdict_of_status(int status);

struct request { /* made by the output, sent by the engine. Slices live until judge() returned. */
    const char *method; /* "POST" */
    struct str path;    /* with leading slash and query; appended to one of the output's URLs */
    struct str content_type, accept;
    bool expects_json;
    struct str body; /* of an errand; a payload's is what encode() wrote */
};

struct frame { /* what a body holds beside its events; slices live as long as the output or the arena */
    struct str open, between, close;
};

struct reply {
    int status;            /* HTTP */
    struct str body;       /* decompressed, bounded */
    int64_t retry_after_ns; /* -1: not said */
    struct str content_type;
};

struct judgement {
    enum verdict whole;        /* of the request; when DELIVERED, `items` says it per event */
    uint8_t *items;            /* enum verdict per event, in request order; engine's memory, count entries */
    struct str *words;         /* the destination's own words per event, empty by default; engine's memory */
    size_t count;
    struct str whole_words;    /* when DELIVERED: a warning, told once in a while */
    bool hold_output;          /* a HOLD that concerns the output, not one target (401, 403 on the whole) */
    struct arena *arena;       /* until the payload is settled */
};

/* An errand is a short talk with an HTTP output's far end beside delivery: ask() makes the next request, hear() reads
 * its answer and says what was found, until ask() has nothing left to ask. */
enum errand_kind {
    ERRAND_LOOK,    /* `agent check --connect`: can what the data flow will ask be had? Changes nothing there */
    ERRAND_PREPARE, /* before the first payload leaves: whatever goes wrong, delivery goes on after it */
};
enum finding {
    FINDING_GOOD,  /* as it should be */
    FINDING_DOUBT, /* delivery works, something else may not */
    FINDING_FAULT, /* delivery will not work */
};

struct errand {
    enum errand_kind kind;
    unsigned step;       /* the plugin's own, 0 at first: hear() moves it on, ask() may be called again for the same */
    void *mine;          /* the plugin's own: output->errand_size bytes, zeroed at first */
    struct arena *arena; /* lives until the errand ends */
};
/* One line, no secret: what is so; for what is not well ": " and the command, privilege or setting that mends it. */
void errand_tell(struct errand *errand, enum finding finding, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

struct output {
    const char *name, *summary;
    const struct setting *settings;
    size_t size;
    enum code (*open)(void *self, struct host *host, struct why *why); /* as a filter's */
    void (*close)(void *self);
    struct encoding (*encoding)(const void *self);

    /* One event in wire form, appended to a body (`file`, `stdout`, `elasticsearch`...). Delivery thread for HTTP
     * outputs, lane for byte streams. `target` is what target() said. */
    void (*encode)(const void *self, const struct event *event, struct str target, struct buffer *body,
                   struct arena *scratch);

    /* HTTP outputs: where an event is bound (index, data stream, dataset). Null: one target. */
    void (*target)(const void *self, const struct event *event, struct buffer *to, struct arena *scratch);
    bool (*has_one_target)(const void *self); /* of every event the same: asked once. Null: no */
    const struct endpoint *(*endpoint)(const void *self);
    void (*request)(const void *self, struct str target, struct request *ret, struct arena *arena);
    void (*frame)(const void *self, struct str target, struct frame *ret, struct arena *arena); /* null: events alone */
    void (*judge)(const void *self, const struct reply *reply, struct judgement *ret);
    /* Both or neither. ask() fills ret (with a body, where there is one) for the errand's step; false: it is done.
     * hear() gets whole answers only. Missing ones, redirects and what heals with time (408, 429, 5xx but 501) are the
     * engine's: it says so, or asks again. */
    bool (*ask)(const void *self, struct errand *errand, struct request *ret);
    void (*hear)(const void *self, struct errand *errand, const struct reply *reply);
    size_t errand_size;
    /* What it remembers across restarts: load() gets what host_remember() was given, oldest first; save() is called
     * once at the start, behind the loads, and whenever all that is still worth keeping is to be said again. */
    void (*load)(void *self, struct str blob);
    void (*save)(void *self, struct host *host);

    /* Broker outputs (instead of request and judge): what the producer is made from, and each record's key and
     * headers; target() is the topic. endpoint() gives the sizes alone, without URLs. */
    const struct broker_plan *(*broker)(const void *self);
    void (*address)(const void *self, const struct event *event, struct broker_message *ret, struct arena *arena);
    bool keyed_by_trace; /* unless its setting `key` says otherwise: it wants a sampler above, which makes traces whole */

    /* What its library takes beside payloads, bytes: set aside from agent.memory. Null: next to nothing. */
    uint64_t (*library_bytes)(const void *self);

    /* Byte streams (no request): the file to append to; empty: standard output. */
    const struct byte_stream *(*stream)(const void *self);
    bool discards; /* takes events and does nothing with them (`discard`) */
};

#endif
