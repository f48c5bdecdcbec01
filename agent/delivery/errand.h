/* agent/delivery/errand.h - the engine's side of an output's errand: one request after another, until it is done.
 * SPDX-License-Identifier: Apache-2.0
 *
 *     errand_begin -> { errand_ask -> submit the exchange ... it is done -> errand_hear -> release } -> errand_end
 *
 * What plugins see of it stands in weir.h.
 */
#ifndef WEIR_ERRAND_H
#define WEIR_ERRAND_H

#include "agent/delivery/reach.h"
#include "agent/weir.h"

enum { ERRAND_TEXT_BYTES = 480 };

struct errand_run {
    struct errand errand; /* first: errand_tell() gets from it to here */
    const struct output *output;
    const void *self;
    struct arena arena;
    struct exchange exchange;
    void *context;
    void (*tell)(void *context, enum finding finding, const char *text);
    unsigned asked; /* requests so far */
};

enum errand_state {
    ERRAND_ASKING, /* run->exchange is ready to be submitted */
    ERRAND_DONE,
    ERRAND_NO_ROOM, /* of memory; or it asks more than any sane errand does */
};
enum errand_answer {
    ERRAND_HEARD,     /* the output has read it: ask on */
    ERRAND_AGAIN,     /* heals with time: ask the same again, or give up */
    ERRAND_NOT_THERE, /* no whole answer: exchange.error says why */
    ERRAND_ELSEWHERE, /* a redirect */
};

/* context and tell: where findings go. False: no memory. */
bool errand_begin(struct errand_run *run, enum errand_kind kind, const struct output *output, const void *self);
enum errand_state errand_ask(struct errand_run *run, const struct reach *reach, const struct route *route);
enum errand_answer errand_hear(struct errand_run *run);
void errand_end(struct errand_run *run); /* zeroed is allowed */

#endif
