/* agent/command/connect.h - what `agent check --connect` asks of the destinations.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef WEIR_CONNECT_H
#define WEIR_CONNECT_H

#include "agent/config/config.h"

struct clock;
struct exchanges;

struct connect {
    /* in: borrowed */
    const struct config *config; /* without mistakes */
    struct arena *run;
    struct names *names;
    const struct files *files;
    const struct clock *clock;
    const struct exchanges *(*exchanges)(struct why *why); /* asked only when an output has questions */
    bool json; /* one object per finding instead of one line */
    /* out */
    struct buffer report; /* the caller's own, init to its maximum */
    unsigned outputs, faults; /* outputs asked, findings that stop delivery */
};

/* Opens outputs and filters as a run would (nothing is read, nothing is kept), and sends each output's far end its
 * errand, at every address, one request at a time. Fails only where nothing could be asked. */
enum code connect_ask(struct connect *connect, struct why *why) CHECK_RESULT;

#endif
