/* agent/ports/waker.h - the port to sleeping: one thread waits, others and descriptors wake it.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef WEIR_WAKER_H
#define WEIR_WAKER_H

#include <stdint.h>

#include "agent/why.h"

enum { WAKER_FDS_MAX = 64 };

struct waker {
    int fd; /* an eventfd; -1: not open */
};

enum code waker_open(struct waker *waker, struct why *why) CHECK_RESULT;
void waker_close(struct waker *waker);
/* Ends the wait that is under way, or the next one. Any thread, also from a signal handler. */
void waker_wake(void *waker);
/* Until woken, until one of the descriptors is readable, or for wait_ns. Negative fds are passed over. */
void waker_wait(struct waker *waker, const int *fds, unsigned fd_count, int64_t wait_ns);

#endif
