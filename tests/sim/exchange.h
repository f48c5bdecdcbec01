/* tests/sim/exchange.h - the seeded twin of the exchange port, with a strict bulk server behind it.
 * SPDX-License-Identifier: Apache-2.0
 *
 * The server keeps documents by target and id, answers 409 for an id it has, and refuses what a
 * real one would. Between it and the agent things go wrong as often as the habits say.
 */
#ifndef WEIR_SIM_EXCHANGE_H
#define WEIR_SIM_EXCHANGE_H

#include "agent/ports/exchange.h"
#include "tests/sim/clock.h"

struct sim_habits {
    /* The way, in percent of requests. */
    unsigned not_sent;    /* no connection */
    unsigned reset;       /* the request never arrived whole */
    unsigned lost_answer; /* stored, then reset */
    unsigned silent;      /* stored or not, and no answer until the timeout */
    const char *dead_url; /* no connection to URLs that hold this */
    /* The server as a whole, in percent of requests. */
    unsigned busy;                            /* 429, sometimes with Retry-After */
    unsigned broken;                          /* 500, 502, 503 */
    unsigned not_json, cut_json, wrong_count; /* stored, and a lying answer */
    /* In percent of items. */
    unsigned busy_items, broken_items;
    size_t body_max;       /* 413 above; 0: none */
    const char *poison;    /* documents that hold this are refused: item 400 */
    const char *malformed; /* a body that holds this is refused whole: 400 */
    const char *deadly; /* a body that holds this kills the connection before anything is stored */
    bool errands_fail;  /* 503 to everything but bulk requests */
    bool refuses_all;   /* item 400 for each */
    bool locks_out;     /* 401 */
    bool blocks_items;  /* item 403 for each */
    int64_t latency_ns; /* most */
};

enum { SIM_WEATHERS = 12 };
extern const struct sim_habits sim_weathers[SIM_WEATHERS]; /* the first is fair; outputs are "whole" and "one" */

struct sim_document;
struct sim_honeycomb;
struct buffer;

enum { SIM_PAPERS = 16 };

struct sim_paper { /* an index template that was put */
    char *path, *body;
};

struct sim_far {
    struct exchanges port; /* hand this to the code under test */
    struct sim_habits habits;
    const struct sim_clock *clock;
    uint64_t seed;
    struct sim_journey *journeys; /* requests under way */
    struct sim_document *documents;
    size_t document_count, document_room;
    struct sim_paper papers[SIM_PAPERS];
    struct sim_honeycomb *honeycomb; /* answers whatever goes to /1/...; null: nobody does */
    /* Called with every document that is stored; null: not. */
    void (*stored)(void *context, struct str target, struct str document);
    void *context;
    uint64_t requests, bulks, twins, violations;
    char violation[200]; /* the first */
};

void sim_far_init(struct sim_far *far, const struct sim_clock *clock, uint64_t seed);
void sim_far_clear(struct sim_far *far);
/* When the next answer is due; INT64_MAX: nothing is under way. */
int64_t sim_far_due(const struct sim_far *far);
bool sim_far_has(const struct sim_far *far, struct str target, struct str id);
/* Puts a document there that this agent did not send. */
void sim_far_store(struct sim_far *far, struct str target, struct str id);

/* --- what the servers behind it share --- */

bool sim_far_violate(struct sim_far *far, const char *what, struct str where); /* false */
bool sim_far_happens(struct sim_far *far, unsigned percent);
bool sim_far_holds(struct str text, const char *what); /* a null holds nothing */
bool sim_far_has_header(const struct exchange *exchange, struct str line);
/* As plain bytes. False: that is no body of this type. */
bool sim_far_read_body(struct sim_far *far, const struct exchange *exchange, struct str type, struct buffer *to);
/* What a server says to a whole request by its habits; 0: it looks at what is in it. */
int sim_far_whole_status(struct sim_far *far, struct str body);

#endif
