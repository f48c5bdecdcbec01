/* agent/command/connect.h - what `agent check --connect` asks of the destinations.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef WEIR_CONNECT_H
#define WEIR_CONNECT_H

#include "agent/config/config.h"

struct exchanges;
struct pipeline;

struct connect {
    /* in: borrowed */
    struct pipeline *pipeline; /* its outputs are open */
    const struct exchanges *(*exchanges)(struct why *why); /* asked only when an output has questions */
    bool json; /* one object per finding instead of one line */
    /* out */
    struct buffer report; /* the caller's own, init to its maximum */
    unsigned inputs, outputs, faults; /* looked at, asked; findings that stop reading or delivery */
};

/* Looks at what inputs would read, then sends each output's far end its errand, at every address, one request at a time. Fails only where nothing could be
 * asked. */
enum code connect_ask(struct connect *connect, struct why *why) CHECK_RESULT;

#endif
