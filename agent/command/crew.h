/* agent/command/crew.h - the threads of a running agent: the lane is the caller's own, these are the other two.
 * SPDX-License-Identifier: Apache-2.0
 *
 * Threads only step machines: delivery_step() on one, writer_step() on the other. The lane is woken through
 * its waker whenever one of them has put something into its mailbox.
 */
#ifndef WEIR_CREW_H
#define WEIR_CREW_H

#include <pthread.h>
#include <stdatomic.h>

#include "agent/command/agent.h"
#include "agent/ports/waker.h"

struct crew {
    struct agent *agent;
    struct waker lane;   /* wakes the lane */
    struct waker writer; /* wakes the disk writer */
    pthread_t delivery_thread, writer_thread;
    bool has_delivery, has_writer;
    atomic_bool delivery_has_ended, writer_has_ended;
};

enum code crew_start(struct crew *crew, struct agent *agent, struct why *why) CHECK_RESULT;
/* The delivery gives back what has no answer and ends, as the lane takes it. */
void crew_ask_delivery_to_end(struct crew *crew);
bool crew_delivery_has_ended(const struct crew *crew);
void crew_end_delivery(struct crew *crew); /* asks and waits */
/* Ends both threads: the delivery gives back what is unfinished, the writer finishes what it was given, both by
 * the deadline (mono). Returns false when the writer could not (a full disk): then its work stays undone. */
bool crew_stop(struct crew *crew, int64_t deadline_ns);

#endif
