/* agent/pipeline/host.h - the engine as one plugin instance sees it (the bodies of weir.h's host_ functions).
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef WEIR_HOST_H
#define WEIR_HOST_H

#include "agent/ports/clock.h"
#include "agent/sight/log.h"
#include "agent/weir.h"

struct state;

struct counter { /* weir_<kind>_<name>_total{<kind>="<label>"} */
    const char *kind, *name, *help;
    struct str label;
    uint64_t value; /* written by one thread at a time; read by the lane */
    struct counter *next;
};

struct engine { /* what all hosts share; the lane's own */
    struct arena *run;
    struct names *names;
    const struct files *files;
    const struct clock *clock;
    const struct brokers *brokers; /* null where the agent was built without */
    struct state *state;
    struct alarms alarms;
    struct counter *counters; /* newest first */
    int64_t now_ns;           /* wall, read once per pass */
    int64_t mono_ns;          /* the same */
    uint64_t held_budget;     /* of each holding filter */
    uint64_t config_hash;
    struct str directory; /* of the state; empty: it outlives nothing */
};

struct yard;

struct host {
    struct engine *engine;
    const char *kind; /* "input", "filter", "output" */
    struct str plugin, label;
    struct str path;  /* branch path, plugin and label: identity of what is remembered */
    const char *where;
    uint16_t input;   /* index of the input, for sources */
    struct yard *yard; /* of a filter that holds; null: nothing can be parked */
    const struct files *files; /* an input's own port, with its notices; null: the engine's */
};

/* One line of operator's log about what was done, as often as it is said. */
void host_news(const struct host *host, const char *text);
/* tail "gateway", for messages. */
const char *host_title(const struct host *host, char *to, size_t room);

#endif
